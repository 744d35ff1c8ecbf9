"The notebooks that Colab opens: badges and first cells in step, run whole on a laptop and with a stand-in for `google.colab`."
import json
import os
import signal
import subprocess
import sys
import time

import colab
import pytest
from conftest import ROOT

SMOKE = sorted((ROOT/'nbs/colab').glob('*.ipynb'))
NUMBERED = sorted((ROOT/'nbs').glob('[0-9]*.ipynb'))
RUN = '''
import json, os, sys, types
from importlib.machinery import ModuleSpec
from pathlib import Path
notebook, stand_in, only = sys.argv[1], sys.argv[2] == 'colab', sys.argv[3:]
if stand_in:
    module, drive = types.ModuleType('google.colab'), types.ModuleType('google.colab.drive')
    drive.mount = lambda where, **options: Path(where, 'MyDrive').mkdir(parents=True, exist_ok=True)
    module.drive = drive
    for each in (module, drive): each.__spec__ = ModuleSpec(each.__name__, None)   # what `find_spec` asks for, as of the real one
    sys.modules |= {'google.colab': module, 'google.colab.drive': drive}
from execnb.shell import CaptureShell
shell = CaptureShell(mpl_format=None)
asked = []
shell.register_magic_function(lambda line: asked.append(line), magic_name='pip')
for cell in json.loads(Path(notebook).read_text(encoding='utf-8'))['cells']:
    source = ''.join(cell['source'])
    if cell['cell_type'] != 'code' or only and not all(word in source for word in only): continue
    shell.run(source)
    if shell.exc: sys.exit(f'{source}\\n\\n{type(shell.exc).__name__}: {shell.exc}')
print(json.dumps(asked))
'''


def command(notebook, kind, *only): return [sys.executable, '-c', RUN, str(notebook), kind, *only]


def told(folder, **more):
    "The environment of a headless run: smoke switch on, results and the pretended Drive in `folder`."
    return os.environ | dict(IN_TEST='1', AIRL_RESULTS=str(folder/'results'), AIRL_DRIVE=str(folder/'drive'), AIRL_HOME=str(folder/'home'), MPLBACKEND='agg') | more


def run(notebook, kind, folder, *only) -> list[str]:
    "What pip was told, after the cells ran in order."
    done = subprocess.run(command(notebook, kind, *only), cwd=folder, env=told(folder), text=True, capture_output=True, timeout=900)
    if done.returncode: pytest.fail(done.stdout[-2000:] + done.stderr[-4000:], pytrace=False)
    return json.loads(done.stdout.splitlines()[-1])


def test_badges_and_first_cells_are_in_step(root): assert colab.out_of_step(root) == []


def test_another_owner_is_noticed(copy):
    settings = (copy/'settings.ini').read_text()
    (copy/'settings.ini').write_text(settings.replace('user = airl-vision', 'user = somebody'))
    complaints = colab.out_of_step(copy)
    assert len(complaints) == len(SMOKE) + len(NUMBERED)
    assert 'somebody/airl/blob/main/nbs/05_photos.ipynb' in colab.stamped(copy, copy/'nbs/05_photos.ipynb')


@pytest.mark.parametrize('kind', ['plain', 'colab'])
@pytest.mark.parametrize('notebook', SMOKE, ids=lambda path: path.stem)
def test_notebook_runs_whole(notebook, kind, tmp_path):
    asked = run(notebook, kind, tmp_path)
    made = tmp_path/('drive/MyDrive/airl_results/smoke' if kind == 'colab' else 'results/smoke')
    assert any(path.is_file() for path in made.rglob('*')), 'results lie where the notebook says'
    assert bool(asked) == (kind == 'colab') and all('torch' not in line for line in asked), 'pip is asked in Colab alone, and never for torch'


@pytest.mark.parametrize('kind', ['plain', 'colab'])
def test_first_cells_of_the_numbered_notebooks(kind, tmp_path):
    "One process for all: each installs in Colab and does nothing elsewhere."
    for notebook in NUMBERED:
        cells = [''.join(cell['source']) for cell in json.loads(notebook.read_text(encoding='utf-8'))['cells'] if cell['cell_type'] == 'code']
        assert cells[0] == colab.first_cell(ROOT), f'{notebook.name}: run `python tools/colab.py`'
    asked = run(NUMBERED[0], kind, tmp_path, "'google.colab' in sys.modules")
    assert asked == ([colab.install_line(ROOT).strip("'")] if kind == 'colab' else [])


@pytest.mark.skipif(os.name == 'nt', reason='kills with a POSIX signal')
def test_interrupted_training_goes_on_from_drive(tmp_path):
    notebook = ROOT/'nbs/colab/vit_cifar10.ipynb'
    metrics = tmp_path/'drive/MyDrive/airl_results/smoke/runs/smoke-digits/metrics.csv'
    checkpoint = metrics.with_name('last_checkpoint.pth')
    process = subprocess.Popen(command(notebook, 'colab'), cwd=tmp_path, env=told(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline: time.sleep(.02)
    process.send_signal(signal.SIGKILL)   # as Colab does: no goodbye
    process.wait()
    assert checkpoint.exists()
    before = metrics.read_text().splitlines()
    run(notebook, 'colab', tmp_path)
    after = metrics.read_text().splitlines()
    assert len(before) < len(after) == 1 + 3 and after[1:len(before)] == before[1:], 'the epochs that were done are not done again'
