"""How near does a training come to what the card can do, and what else is in a step?

    python benchmarks/gpu_training.py [--seconds 20] [--timm DIR] [--compile on|off|both]

On a GPU, for reference_p16, reference_p32 and nano, in bf16 and fp16: images a second of `fit`'s steps, draws,
augmentation, mixing, clipping
and averaging included, over at least one epoch's beginning; beside them forward and backward alone, of the same model
on a batch that
lies there; the share of a step in which no kernel runs (torch.profiler); and one step with
`set_sync_debug_mode('error')`, under
which whatever waits for the card is an error. With --timm, a checkout of pytorch-image-models, its own train.py on the
same card
at the same model, batch, precision and recipe, fed from files by its loader.
Without a GPU: the processor's seconds that a step of each spends on anything but forward, backward and optimizer, on
one
thread, and what a step sends to a device, counted on the `meta` device. Ends with one JSON line a figure.
"""
import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import torch
from _figures import figure

from airl.data import ImageSet, load_cifar10
from airl.devices import host_copies
from airl.recipe import Recipe, loss_of
from airl.steps import Alone, Training, epoch_batches, soft_targets, train_step

PRESETS = ('reference_p16', 'reference_p32', 'nano')


def training(preset, device, precision, copies=23, **changes):
    """A training about to begin on as many images as CIFAR-10's training part has, which are those of the sample,
    repeated."""
    sample = load_cifar10('sample')
    data = ImageSet(sample.images.repeat(copies*2, 1, 1, 1), sample.labels.repeat(copies*2),
                    sample.class_names, 'the sample, repeated')
    t = Training(replace(Recipe.preset(preset, **changes), small_size=0, small_share=0.),
                 data, Alone(device), precision, resumed=True)
    t.model.train()
    return t


def endless(t):
    "Batches of one epoch after the other."
    while True:
        yield from epoch_batches(t)
        t.rows.append(None)          # the next epoch


def all_in(t, seconds):
    "Images a second of whole steps, and of a card that was waited for at the end."
    batches = endless(t)
    for _ in range(8): train_step(t, next(batches)).item()
    start, steps = time.perf_counter(), 0
    while steps < t.steps_per_epoch or time.perf_counter() - start < seconds:
        loss = train_step(t, next(batches))
        steps += 1
    loss.item()
    return steps*t.batch_size/(time.perf_counter() - start)


def bare(t, seconds):
    "Images a second of forward and backward, in the training's pieces."
    r, size = t.recipe, t.batch_size//t.pieces
    x, y = (torch.randn(size, 3, r.img_size, r.img_size, device=t.device),
            soft_targets(t.labels[:size], t.n_classes, r.smoothing))
    if r.channels_last: x = x.contiguous(memory_format=torch.channels_last)
    def step():
        with torch.autocast(t.device.type, dict(bf16=torch.bfloat16, fp16=torch.float16)[t.precision]):
            logits = t.model(x)
        loss = loss_of(logits, y)
        t.scaler.scale(loss).backward()
        return loss
    for _ in range(8): step().item()
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        for _ in range(20): loss = step()
        loss.item()
        steps += 20
        t.optimizer.zero_grad()
    return steps*size/(time.perf_counter() - start)


def idle_share(t, steps=20):
    "Share of the time in which the card runs no kernel."
    from torch.profiler import ProfilerActivity, profile
    batches = endless(t)
    for _ in range(3): train_step(t, next(batches)).item()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as told:
        start = time.perf_counter()
        for _ in range(steps): train_step(t, next(batches))
        torch.cuda.synchronize()
        wall = time.perf_counter() - start
    kernels = sorted((e.time_range.start, e.time_range.end) for e in told.events()
                     if e.device_type == torch.autograd.DeviceType.CUDA)
    busy, end = 0., 0.
    for a, b in kernels: busy, end = busy + max(0., b - max(a, end)), max(end, b)
    return 1 - busy/1e6/wall


def never_waits(t):
    "One step in which whatever waits for the card is an error."
    batches = endless(t)
    train_step(t, next(batches)).item()
    batch = next(batches)
    torch.cuda.set_sync_debug_mode('error')
    try: train_step(t, batch)
    except RuntimeError as e:
        print(f'a step waits for the card: {str(e).splitlines()[0]}')
        return False
    finally: torch.cuda.set_sync_debug_mode('default')
    return True


def timms(checkout, recipe, precision):
    "Images a second that timm's train.py reports for the same model, batch and recipe; None where it fails."
    from PIL import Image
    sample = load_cifar10('sample')
    with tempfile.TemporaryDirectory() as folder:
        for split in ('train', 'validation'):
            for i, (image, label) in enumerate(zip(sample.images.numpy(), sample.labels.tolist())):
                place = Path(folder)/split/sample.class_names[label]
                place.mkdir(parents=True, exist_ok=True)
                for copy in range(10 if split == 'train' else 1): Image.fromarray(image).save(place/f'{i}_{copy}.png')
        options = ['--data-dir', folder, '--model', recipe.model, '--num-classes',
                   '10', '-b', str(recipe.batch_size), '--epochs', '1', '--opt', 'adamw', '--lr', '7.5e-5',
                   '--weight-decay', '.05', '--clip-grad', '1', '--mixup', '.8',
                   '--cutmix', '1', '--smoothing', '.1', '--color-jitter', '.2', '--scale', '.8', '1',
                   '--model-ema', '--amp', '--amp-dtype', dict(bf16='bfloat16', fp16='float16')[precision],
                   '-j', '8', '--pin-mem', '--log-interval', '20', '--output', folder]
        done = subprocess.run([sys.executable, str(Path(checkout)/'train.py'), *options,
                               *(['--torchcompile'] if recipe.compile else [])], capture_output=True, text=True)
        rates = re.findall(r'\(\s*[\d.]+s,\s*([\d.]+)/s\)', done.stdout + done.stderr)
        if not rates: print(f"timm's train.py gave no rate: {done.stderr[-500:]}")
        return float(rates[-1]) if rates else None


def on_gpu(args):
    "All figures of the card at hand."
    name, met = torch.cuda.get_device_name(), []
    for preset in PRESETS:
        for precision in ('bf16', 'fp16'):
            for compiled in dict(on=[True], off=[False], both=[True, False])[args.compile]:
                how = f'{preset}_{precision}{"" if compiled else "_eager"}'
                torch.cuda.reset_peak_memory_stats()
                t = training(preset, 'cuda', precision, compile=compiled)
                rate, alone = all_in(t, args.seconds), bare(t, args.seconds/2)
                about = dict(card=name, torch=torch.__version__, pieces=t.pieces, compiled=t.model is not t.plain)
                met += [figure(f'gpu_training.images_per_second_{how}', rate,
                               peak_memory_gb=round(torch.cuda.max_memory_allocated()/1e9, 2), **about),
                        figure(f'gpu_training.share_of_forward_and_backward_{how}',
                               rate/alone, .9, alone=round(alone), **about),
                        figure(f'gpu_training.no_kernel_{how}', idle_share(t), **about)]
                if precision == 'bf16' or t.recipe.optimizer == 'adamw':
                    met.append(figure(f'gpu_training.never_waits_{how}', never_waits(t), 1))
                if args.timm and preset != 'nano' and (theirs := timms(args.timm, t.recipe, precision)):
                    met.append(figure(f'gpu_training.times_timm_{how}', rate/theirs, 1, theirs=round(theirs), **about))
                del t
    return met


class Spent:
    "Seconds of this thread in what is called through it."
    def __init__(self): self.seconds = 0.
    def of(self, function):
        def timed(*args, **kwargs):
            start = time.process_time()
            try: return function(*args, **kwargs)
            finally: self.seconds += time.process_time() - start
        return timed


def rest_of_a_step(preset, batch_size, steps=3, **changes):
    "Share of the processor's time in steps that is neither forward, backward nor optimizer; the least of some."
    t, shares = training(preset, 'cpu', 'fp32', batch_size=batch_size, lr_batch=batch_size, accumulate=1, **changes), []
    model, start = t.model, time.process_time()
    batches = list(batch for _, batch in zip(range(steps + 1), epoch_batches(t)))
    drawing = (time.process_time() - start)/t.steps_per_epoch      # it is for the whole epoch
    train_step(t, batches[0])
    for batch in batches[1:]:
        spent = Spent()
        t.model = t.plain = spent.of(model)
        with patch.object(torch.Tensor, 'backward', spent.of(torch.Tensor.backward)), patch.object(
            t.optimizer, 'step', spent.of(t.optimizer.step)):
            start = time.process_time()
            train_step(t, batch)
            whole = time.process_time() - start + drawing
        shares.append(1 - spent.seconds/whole)
    return min(shares)


def sent_in_a_step(preset):
    "How many tensors a step sends to its device, after the first."
    with patch.object(torch, 'Generator', lambda device='cpu', cpu=torch.Generator: cpu()):
        t = training(preset, 'meta', 'fp32', copies=1)
    batches = epoch_batches(t)
    train_step(t, next(batches))
    batch = next(batches)
    with host_copies('meta') as sent: train_step(t, batch)
    return len(sent)


def on_cpu():
    "What can be said without a card."
    torch.set_num_threads(1)
    met = []
    for preset, batch in (('reference_p16', 8), ('reference_p32', 16), ('nano', 128)):
        met += [figure(f'gpu_training.sent_in_a_step_{preset}', sent_in_a_step(preset), 0, at_most=True),
                figure(f'gpu_training.rest_of_a_step_{preset}_cpu', rest_of_a_step(preset, batch),
                       .05, at_most=True, batch_size=batch)]
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=20.)
    parser.add_argument('--timm', help='a checkout of pytorch-image-models')
    parser.add_argument('--compile', choices=('on', 'off', 'both'), default='on')
    args = parser.parse_args()
    met = on_gpu(args) if torch.cuda.is_available() else on_cpu()
    sys.exit(False in met)


if __name__ == '__main__': main()
