"""Does a run that is killed with `kill -9` at random moments end with the same weights as one that is not?

    python benchmarks/resume_kill.py [--kills 10] [--seed 0]

Trains a small ViT on digits twice in processes of their own: at one go, and killed at random moments (while it starts,
in
a step, in validation, while a checkpoint is being written) and started again each time. Checkpoints are written every
0.002 minutes, so that many kills fall into the writing. Compares weights, averaged weights, the optimizer's moments
and metrics.csv (times aside). Ends with one JSON line.
"""
import argparse, json, os, random, signal, subprocess, sys, tempfile, time
from pathlib import Path

import torch

from airl.runs import Run

SCRIPT = """
import sys
from airl.data import load_data
from airl.train import Recipe, fit
recipe = Recipe.preset('smoke', epochs=4, mixup=.8, cutmix=1., mix_prob=.5, cutout=4, jitter=(.2, .2, .2))
fit(recipe, load_data('digits'), run_dir=sys.argv[1], save_minutes=.002, progress=False, after_step=[lambda t, loss: print(t.steps, flush=True)])
"""   # noqa: E501


def start(folder, steps=True):
    "A training process that has just taken a step, or one that has just been started."
    process = subprocess.Popen([sys.executable, '-c', SCRIPT, str(folder)], stdout=subprocess.PIPE,
                               text=True, env=os.environ | {'OMP_NUM_THREADS': '1'})
    if steps: process.stdout.readline()
    return process, time.monotonic()


def kill_after(process, seconds):
    "Did the process live to be killed?"
    try: process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    assert process.returncode == 0
    return False


def tensors(state):
    "All tensors in a checkpoint, in order."
    if isinstance(state, torch.Tensor): return [state]
    values = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return [t for value in values for t in tensors(value)]


def outcome(folder):
    "What must be equal: weights, averages and moments; the metrics without their times."
    run = Run(folder)
    state = torch.load(run.checkpoint, weights_only=True)
    rows = [{k: v for k, v in vars(row).items() if k not in ('seconds', 'images_per_second')} for row in run.metrics]
    return (tensors([state['model'], state['ema'], state['optimizer']]) + tensors(run.best()['model']),
            rows, state['steps'])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--seed', type=int, default=0)
    args, rng = parser.parse_args(), random.Random()
    rng.seed(args.seed)
    with tempfile.TemporaryDirectory() as tmp:
        whole, killed = Path(tmp)/'whole', Path(tmp)/'killed'
        launched = time.monotonic()
        process, began = start(whole)
        process.communicate()
        assert process.returncode == 0
        starting, training = began - launched, time.monotonic() - began
        kills = past_first = 0
        while kills < args.kills:
            early = kills in (0, args.kills//2)  # these fall into imports and the making of the run folder
            process, _ = start(killed, steps=not early)
            if not kill_after(process, rng.uniform(0, 1.2*starting if early else 1.6*training/args.kills)): break
            kills += 1
            checkpoint = Run(killed).checkpoint
            at = torch.load(checkpoint, weights_only=True)['steps'] if checkpoint.exists() else 0
            past_first += at > 0
            print(f'kill {kills}: resumes from step {at}', flush=True)
        process, _ = start(killed, steps=False)
        process.communicate()
        assert process.returncode == 0
        (a, rows_a, steps), (b, rows_b, _) = outcome(whole), outcome(killed)
        different = sum(not torch.equal(x, y) for x, y in zip(a, b, strict=True))
        left = len(list(killed.glob('.*')))
    print(f'{len(a)} tensors after {steps} steps and {kills} kills, {different} differ; metrics '
          f'{"equal" if rows_a == rows_b else "differ"}; {left} files left over')
    print(json.dumps(dict(name='resume_kill.tensors_that_differ', value=different,
                          target=0, kills=kills, kills_past_first_checkpoint=past_first, tensors=len(a),
                          ok=different == 0 and rows_a == rows_b and left == 0 and kills >= args.kills)))


if __name__ == '__main__': main()
