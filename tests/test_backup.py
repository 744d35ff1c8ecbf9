"""A training that plays Colab: its Drive is a folder with a quota of 2 GB and a bin that counts what is replaced or
deleted."""
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import ROOT

DRIVE = '''
import errno, os, sys
from pathlib import Path

class Drive:
    "Watches a folder: what is deleted, or replaced by another file, goes to the bin; a full one takes nothing more."
    def __init__(self, root, quota=2e9):
        self.root, self.quota, self.bin, self.most, self.hushed = str(root), quota, 0, 0, False
        sys.addaudithook(self.hear)
    def size(self, path): return os.path.getsize(path) if os.path.isfile(path) else 0
    def live(self): return sum(self.size(os.path.join(d, f)) for d, _, files in os.walk(self.root) for f in files)
    def inside(self, path): return isinstance(path, (str, os.PathLike)) and os.path.abspath(os.fspath(path)).startswith(self.root)
    def hear(self, event, args):
        if self.hushed or event not in ('open', 'os.remove', 'os.rename', 'shutil.rmtree'): return
        path = args[1] if event == 'os.rename' else args[0]
        if not self.inside(path) or event == 'open' and not self.writes(args): return
        self.hushed = True
        try:
            if event in ('os.remove', 'os.rename'): self.bin += self.size(path)
            if event == 'shutil.rmtree': self.bin += sum(self.size(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files)
            self.most = max(self.most, used := self.live() + self.bin)
            if used > self.quota: raise OSError(errno.ENOSPC, 'Drive is full', os.fspath(path))
        finally: self.hushed = False
    def writes(self, args): return bool(args[1] and set(args[1]) & set('wax+')) or bool((args[2] or 0) & (os.O_WRONLY | os.O_RDWR))
'''   # noqa: E501
TRAINING = DRIVE + '''
import json, torch
how, place, local, epochs = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(1)
from airl.data import load_data
from airl.recipe import Recipe
from airl.train import fit
digits = load_data('digits')
few, held = digits.subset(torch.arange(16)), digits.subset(torch.arange(16, 32))   # the size of what is written is the model's
recipe = Recipe.preset('smoke', epochs=epochs, precision='fp32')
place.mkdir(parents=True, exist_ok=True)
drive = Drive(place)
def say(t): print(json.dumps(dict(epoch=t.epoch, bin=drive.bin, live=drive.live(), most=drive.most)), flush=True)
where = dict(run_dir=place/'run', save_epochs=1) if how == 'direct' else dict(run_dir=local/'run', copy_to=place/'run', copy_minutes=float(how))
fit(recipe, few, held, progress=False, device='cpu', after_epoch=[say], **where)
print(json.dumps(dict(epoch=epochs, bin=drive.bin, live=drive.live(), most=drive.most)), flush=True)
'''   # noqa: E501


def train(how, folder, epochs, local='machine', until=None):
    "What the training said at the end of its epochs; killed once `until` says so of a line."
    process = subprocess.Popen([sys.executable, '-c', TRAINING, how, str(folder/'drive'),
                                str(folder/local), str(epochs)], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=os.environ | dict(PYTHONPATH=os.environ.get('AIRL_TREE', str(ROOT))))
    said = []
    for line in process.stdout:
        said.append(json.loads(line))
        if until and until(said[-1]):
            process.send_signal(signal.SIGKILL)
            break   # as Colab does: no goodbye
    error = process.stderr.read()
    process.wait()
    assert until or process.returncode == 0, f'after epoch {said and said[-1]}: {error[-1500:]}'
    return said


def rows(folder): return (folder/'metrics.csv').read_text().splitlines()


def without_clock(row): return row.split(',')[:9]


@pytest.mark.skipif(os.name == 'nt', reason='kills with a POSIX signal')
def test_three_hundred_epochs_fit_on_drive_and_survive_a_kill(tmp_path):
    copied = lambda told: told['epoch'] >= 120 and any((tmp_path/'drive/run').glob('copy_*.airl'))
    before = train('0.05', tmp_path, 300, until=copied)
    done = rows(tmp_path/'machine/run')
    shutil.rmtree(tmp_path/'machine')                       # the machine is gone, Drive is there
    after = train('0.05', tmp_path, 300, local='another')
    first, last = after[0]['epoch'], after[-1]
    print(f'killed after epoch {before[-1]["epoch"]}, went on with epoch {first}; at most '
          f'{max(s["most"] for s in before + after)/1e6:.0f} MB on Drive, '
          f'{last["bin"]/1e6:.0f} MB of it in the bin, {last["live"]/1e6:.0f} MB at the end')
    assert 1 < first <= before[-1]['epoch'] + 1 and before[-1]['bin'] == last['bin'] == 0 and last['live'] < 60e6
    whole = rows(tmp_path/'drive/run')
    assert len(whole) == 301 and [*map(without_clock, whole[1:first])] == [*map(without_clock, done[1:first])]
    assert {'best_model.pth', 'last_checkpoint.pth', 'recipe.yaml',
            '.airl.json'} <= {p.name for p in (tmp_path/'drive/run').iterdir()}
