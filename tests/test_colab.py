"""The notebooks that Colab opens: badges and first cells in step, run whole on a laptop and with a stand-in for
`google.colab`."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import colab
import colab_check
import pytest
from conftest import ROOT

from airl.backup import SLOTS, read_header, take

SMOKE = sorted((ROOT/'nbs/colab').glob('*.ipynb'))
NUMBERED = sorted((ROOT/'nbs').glob('[0-9]*.ipynb'))
COURSES = sorted((ROOT/'nbs/course').glob('*.ipynb'))
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
    for output in shell.run(source):
        if output.get('name') == 'stdout': print(''.join(output['text']))
    if shell.exc: sys.exit(f'{source}\\n\\n{type(shell.exc).__name__}: {shell.exc}')
print(json.dumps(asked))
'''   # noqa: E501


def command(notebook, kind, *only): return [sys.executable, '-c', RUN, str(notebook), kind, *only]


def told(folder, **more):
    "The environment of a headless run: smoke switch on, results and the pretended Drive in `folder`."
    return os.environ | dict(IN_TEST='1', AIRL_RESULTS=str(folder/'results'), AIRL_DRIVE=str(folder/'drive'),
                             AIRL_MACHINE=str(folder/'machine'), AIRL_HOME=str(folder/'home'), MPLBACKEND='agg') | more


def output(notebook, kind, folder, *only) -> str:
    "What was printed, after the cells ran in order; its last line is what pip was told."
    done = subprocess.run(command(notebook, kind, *only), cwd=folder, env=told(folder),
                          text=True, capture_output=True, timeout=900)
    if done.returncode: pytest.fail(done.stdout[-2000:] + done.stderr[-4000:], pytrace=False)
    return done.stdout


def run(*args) -> list[str]: return json.loads(output(*args).splitlines()[-1])


def test_badges_and_first_cells_are_in_step(root): assert colab.out_of_step(root) == []


def test_another_owner_is_noticed(copy):
    settings = (copy/'settings.ini').read_text()
    (copy/'settings.ini').write_text(settings.replace('user = airl-vision', 'user = somebody'))
    complaints = colab.out_of_step(copy)
    assert len(complaints) == len(SMOKE) + len(NUMBERED) + len(COURSES)
    assert 'somebody/airl/blob/main/nbs/05_photos.ipynb' in colab.stamped(copy, copy/'nbs/05_photos.ipynb')


def test_bounds_hold_what_colab_brings(root): assert colab_check.out_of_bounds(root) == []


@pytest.mark.parametrize('bound, too_high', [('ipywidgets>=7.7', 'ipywidgets>=8'),
                                             ('transformers>=5.4', 'transformers>=5.16')])
def test_bound_above_colabs_is_noticed(copy, bound, too_high):
    text = (copy/'settings.ini').read_text()
    assert bound in text
    (copy/'settings.ini').write_text(text.replace(bound, too_high))
    assert [line.split(':')[0] for line in colab_check.out_of_bounds(copy)] == [too_high]


def test_what_colab_brings_has_a_date_and_one_version_of_each(root):
    text = (root/colab_check.FILE).read_text()
    assert colab_check.PYTHON.search(text) and len(colab_check.brought(root)) == text.count('==')
    assert {'torch', 'torchvision', 'numpy', 'gradio', 'ipywidgets',
            'opencv-python-headless'} <= colab_check.brought(root).keys()


def test_a_package_that_would_change_is_noticed(root, monkeypatch):
    "As the resolver answers it: another torch, and an OpenCV more."
    found = colab_check.brought(root) | {'torch': '2.15.0', 'opencv-contrib-python-headless': '5.0.0.93',
                                         'av': '18.1.0'}
    monkeypatch.setattr(colab_check, 'resolve', lambda *_: (found, []))
    new, wrong = colab_check.changes(root, [''])
    assert new == ['av', 'opencv-contrib-python-headless'] and len(wrong) == 2
    assert 'torch 2.11.0 would become 2.15.0' in wrong


@pytest.mark.parametrize('kind', ['plain', 'colab'])
@pytest.mark.parametrize('notebook', SMOKE, ids=lambda path: path.stem)
def test_notebook_runs_whole(notebook, kind, tmp_path):
    said = output(notebook, kind, tmp_path)
    asked = json.loads(said.splitlines()[-1])
    made = tmp_path/('drive/MyDrive/airl_results/smoke' if kind == 'colab' else 'results/smoke')
    assert any(path.is_file() for path in made.rglob('*')), 'results lie where the notebook says'
    assert (bool(asked) == (kind == 'colab')
            and all('torch' not in line for line in asked)), 'pip is asked in Colab alone, and never for torch'
    if (notebook.stem, kind) == ('vit_cifar10', 'colab'): says_hours_and_megabytes(said)


def says_hours_and_megabytes(said: str):
    "How long it takes, what will lie on Drive, what a disconnect costs."
    assert re.search(r'Time: about \d+ (minutes|hours) for all 3 epochs, at [\d,]+ images a second \(measured just '
                     r'now\)', said), said[-1500:]
    assert re.search(r'two files of about \d+ MB each.*disconnect costs at most [\d.]+ minutes', said), said[-1500:]


@pytest.mark.parametrize('notebook', COURSES, ids=lambda path: path.stem)
def test_course_runs_whole_in_colab(notebook, tmp_path):
    "As a class opens it, every answer included."
    assert run(notebook, 'colab', tmp_path) == [colab.install_line(ROOT).strip("'")]
    assert not [path for path in tmp_path.rglob('*') if path.is_file()], 'a course leaves no files behind'


@pytest.mark.parametrize('kind', ['plain', 'colab'])
def test_first_cells_of_the_numbered_notebooks(kind, tmp_path):
    "One process for all: each installs in Colab and does nothing elsewhere."
    for notebook in [*NUMBERED, *COURSES]:
        cells = [''.join(cell['source']) for cell in json.loads(notebook.read_text(encoding='utf-8'))['cells']
                 if cell['cell_type'] == 'code']
        assert cells[0] == colab.first_cell(ROOT), f'{notebook.name}: run `python tools/colab.py`'
    asked = run(NUMBERED[0], kind, tmp_path, "'google.colab' in sys.modules")
    assert asked == ([colab.install_line(ROOT).strip("'")] if kind == 'colab' else [])


@pytest.mark.skipif(os.name == 'nt', reason='kills with a POSIX signal')
def test_interrupted_training_goes_on_from_drive(tmp_path):
    notebook, place = ROOT/'nbs/colab/vit_cifar10.ipynb', tmp_path/'drive/MyDrive/airl_results/smoke/runs/smoke-digits'
    process = subprocess.Popen(command(notebook, 'colab'), cwd=tmp_path, env=told(tmp_path),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not any(read_header(place/name) for name in SLOTS) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(.02)
    process.send_signal(signal.SIGKILL)   # as Colab does: no goodbye
    process.wait()
    assert take(place, tmp_path/'copy'), 'a whole copy lies on Drive'
    before = rows(tmp_path/'copy')
    shutil.rmtree(tmp_path/'machine')     # the machine is gone
    run(notebook, 'colab', tmp_path)
    after = rows(place)
    assert len(after) == 1 + 3 and after[:len(before)] == before, 'the epochs that were copied are not done again'
    assert ([(place/name).stat().st_size for name in SLOTS] == [0, 0]
            and (place/'report.json').exists()), 'the run itself lies where the copies were'


def rows(folder): return (folder/'metrics.csv').read_text().splitlines() if (folder/'metrics.csv').exists() else []


def test_the_form_asks_for_hours():
    "Before anything is trained; what it says then is read where the notebook runs whole."
    cells = [''.join(c['source'])
             for c in json.loads((ROOT/'nbs/colab/vit_cifar10.ipynb').read_text(encoding='utf-8'))['cells']]
    form, training = (next(i for i, cell in enumerate(cells) if text in cell)
                      for text in ('#@title What to train', 'run = fit('))
    assert 'hours = 1.0' in cells[form] and 'epochs = ' not in cells[form] and form < training
