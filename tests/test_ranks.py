"""Several processes that finish in any order leave what one leaves: the same losses, the same files, and no report on
weights that were still being written."""
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

RANKS = '''
import json, os, random, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from airl import runs, train
from airl.data import load_data
from airl.recipe import Recipe
from airl.reports import REPORT_FILES, write_report
from airl.eval_tta import evaluate
rank, folder, times, seed = int(os.environ['RANK']), Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(f'{seed} {rank}')
def late(function):
    def wait(*args, **kwargs):
        time.sleep(chance.choice([0, 0, .05, .3]))
        return function(*args, **kwargs)
    return wait
train._finish, train.save_checkpoint, train.end_epoch = late(train._finish), late(train.save_checkpoint), late(train.end_epoch)
runs.OpenRun.keep, runs.OpenRun.finish = late(runs.OpenRun.keep), late(runs.OpenRun.finish)
digits = load_data('digits')
few, held = digits.subset(torch.arange(48)), digits.subset(torch.arange(64, 112))
shape = dict(patch_size=16, embed_dim=32, depth=1, num_heads=2)
for k in range(times):
    recipe = Recipe.preset('smoke', model_args=shape, epochs=2, batch_size=24, mixup=.8, cutmix=1., precision='fp32', optimizer='adamw', seed=k)
    losses = []
    def note(t, loss): losses.append(t.accelerator.reduce(loss.detach(), 'mean').item())
    def judge(run):
        time.sleep(chance.choice([0, .3]))
        write_report(evaluate(run, held, device='cpu'), run.path, held, run.metrics)
    run = train.fit(recipe, few, held, folder/str(k), device='cpu', progress=False, after_step=[note], at_end=[judge], writes=REPORT_FILES)
    # what a process finds as soon as `fit` returns, for each of them
    told = json.loads((run.dir/'report.json').read_text()) if (run.dir/'report.json').exists() else None
    seen = dict(rank=rank, run=k, files=sorted(p.name for p in run.dir.iterdir()), report=told and told['nll'],
                best=float(sum(x.double().abs().sum() for x in run.best()['model'].values())), temperature=run.best().get('temperature'), losses=losses)
    (folder/f'seen-{k}-{rank}.json').write_text(json.dumps(seen))
if torch.distributed.is_initialized(): torch.distributed.destroy_process_group()
'''   # noqa: E501


TIMES = int(os.environ.get('AIRL_RUNS', 3))


def in_ranks(n, folder, times=TIMES, seed=0):
    "What each process found when `fit` had returned, run by run; one process has no launcher."
    script = folder/'ranks.py'
    script.write_text(RANKS)
    launcher = ['-m', 'torch.distributed.run', f'--nproc_per_node={n}',
                f'--master_port={29_000 + random.randrange(900)}'] if n > 1 else []
    command = [sys.executable, *launcher, str(script), str(folder), str(times), str(seed)]
    alone = {} if n > 1 else dict(RANK='0')
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, env=os.environ
                          | dict(OMP_NUM_THREADS='1', PYTHONPATH=os.environ.get('AIRL_TREE', str(ROOT))) | alone)
    assert done.returncode == 0, done.stderr[-3000:]
    return [[json.loads((folder/f'seen-{k}-{rank}.json').read_text()) for rank in range(n)] for k in range(times)]


@pytest.fixture(scope='module')
def one(tmp_path_factory):
    "The losses of each run in one process."
    return np.array([found[0]['losses'] for found in in_ranks(1, tmp_path_factory.mktemp('one'))])


@pytest.mark.skipif(sys.platform != 'linux', reason='gloo under torchrun is tested on Linux')
@pytest.mark.parametrize('n', [2, 4])
def test_ranks_may_finish_in_any_order(n, one, tmp_path):
    "AIRL_RUNS=50 for as many runs."
    stale, losses = 0, []
    for found in in_ranks(n, tmp_path, seed=int(os.environ.get('AIRL_SEED', 0))):
        first = {k: v for k, v in found[0].items() if k != 'rank'}
        assert 'report.json' in first['files']
        stale += sum({k: v for k, v in seen.items() if k != 'rank'} != first for seen in found[1:])
        losses.append(first['losses'])
    assert stale == 0, f'{stale} processes saw another state than the first'
    assert one.shape == (TIMES, 4) and len(np.unique(one[:, 0])) == TIMES     # each seed has losses of its own
    assert np.abs(np.array(losses)/one - 1).max() < 1e-5, f'{n} processes do not train as one does'
