"""Every notebook's tests, one item a notebook, each in a process of its own; those that Colab opens from a link run
whole in test_colab.py."""
import subprocess
import sys

import checks
import pytest
import seconds
from conftest import ROOT

LIMIT = 600  # seconds, for a loaded machine; a notebook is written for 60 on two idle cores
LIMIT_FLAGGED = 3 * 3600
NOTEBOOKS = [path for path in checks.notebooks(ROOT) if path.parent.name not in ('colab', 'course')]
RUN = ROOT/'tools/one_notebook.py'


@pytest.mark.parametrize('notebook', NOTEBOOKS,
                         ids=lambda path: path.relative_to(ROOT/'nbs').with_suffix('').as_posix())
def test_notebook(notebook, request):
    flags = request.config.getoption('--flags').split()
    limit = LIMIT_FLAGGED if flags else LIMIT
    try:
        done = subprocess.run([sys.executable, str(RUN), str(notebook), *flags],
                              cwd=ROOT/'nbs', text=True, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired: pytest.fail(f'{notebook.name} was stopped after {limit} s', pytrace=False)
    request.node.user_properties.append((seconds.CELLS, seconds.cells_of(done.stdout)))
    if done.returncode: pytest.fail(done.stdout + done.stderr, pytrace=False)
