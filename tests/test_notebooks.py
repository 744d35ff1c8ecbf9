"Every notebook's tests, one item a notebook, each in a process of its own."
import subprocess
import sys

import checks
import pytest
from conftest import ROOT

LIMIT = 600  # seconds, for a loaded machine; a notebook is written for 60 on two idle cores
LIMIT_FLAGGED = 3 * 3600
RUN = '''
import sys
from pathlib import Path
from nbdev.test import test_nb
passed, seconds = test_nb(Path(sys.argv[1]), skip_flags=['slow', 'gpu', 'network'], force_flags=sys.argv[3:], basepath=sys.argv[2])
sys.exit(not passed)
'''


@pytest.mark.parametrize('notebook', checks.notebooks(ROOT),
                         ids=lambda path: path.relative_to(ROOT/'nbs').with_suffix('').as_posix())
def test_notebook(notebook, request):
    flags = request.config.getoption('--flags').split()
    limit = LIMIT_FLAGGED if flags else LIMIT
    try:
        done = subprocess.run([sys.executable, '-c', RUN, str(notebook), str(ROOT), *flags],
                              cwd=ROOT/'nbs', text=True, capture_output=True,
                              timeout=limit)
    except subprocess.TimeoutExpired: pytest.fail(f'{notebook.name} was stopped after {limit} s', pytrace=False)
    if done.returncode: pytest.fail(done.stdout + done.stderr, pytrace=False)
