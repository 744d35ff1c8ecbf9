"""How many images a second does the augmentation of the reference recipe make, on one core, at 224 px?

    python benchmarks/data_pipeline.py [--n 512] [--nano]

The same operations four ways: RandomResizedCrop(224, 0.8 to 1), horizontal flip, ColorJitter(0.2, 0.2, 0.2), normalise.
1. torchvision's PIL chain, image by image, as a DataLoader's worker runs it; 2. its v2 chain on tensors, image by image
(a batch given to it at once gets one crop and one jitter for all, which is another augmentation); 3. the same in v2 for
one whole batch, for orientation; 4. `Augment`, a different draw for every image, in fp32 and in bf16.
Everything runs on one thread and is timed in seconds of that core (process time), best of several rounds taken in turn,
so that other work on the machine matters little; beside each ratio the median over the rounds of the ratio within one
round.
The figures: in pieces against PIL and against v2, and whole batches (which is how `fit` takes them) against PIL.
With --nano: which part of a training step of ViT-nano (the preset's, not the shape that ships; bf16 where that is the
fastest
arithmetic) at 32 px is neither forward, backward nor optimizer, on one core; images a second all in on all cores, by
the clock
on the wall (so nothing else should run), at 24 and at 32 px and over a training by the preset `nano`, which spends the
first
45 % of its time at 24 px; and the peak of the resident memory of a process that loads 50,000 images and trains by that
preset
for some steps at 32 px.
Ends with one JSON line a figure.
"""
import argparse, json, os, subprocess, sys, time
from statistics import median

import torch

torch.set_num_threads(1)
from PIL import Image
from torchvision import transforms as v1
from torchvision.transforms import v2

from airl.augment import IMAGENET_MEAN, IMAGENET_STD, Augment, draw_mixes, mix, soft_targets
from airl.data import ImageSet, generator_for, load_cifar10

BATCH = 32  # of one tensor: small enough for the allocator to hand the same memory out again; twice as many in bf16
TOGETHER, PIECE = 512, 8  # images whose draws, jitter and tables are made at once, and images enlarged at once


def chains(data, n):
    "Name → a function that augments `n` images."
    pil, v2_chain = ([t.RandomResizedCrop(224, (.8, 1.), antialias=True), t.RandomHorizontalFlip(),
                      t.ColorJitter(.2, .2, .2)] for t in (v1, v2))
    pil = v1.Compose([*pil, v1.ToTensor(), v1.Normalize(IMAGENET_MEAN, IMAGENET_STD)])
    tensor = v2.Compose([*v2_chain, v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET_MEAN, IMAGENET_STD)])
    photos, planes = ([Image.fromarray(x.numpy()) for x in data.images[:n]],
                      data.images[:n].permute(0, 3, 1, 2).contiguous())
    generator = torch.Generator().manual_seed(0)

    def each(augment, images):
        def work(k):
            for x in images[:k]: augment(x)
        return work

    def ours(dtype):
        augment = Augment(224, dtype=dtype)
        def work(x):
            for piece in augment.pieces(x, augment.draw(len(x), *x.shape[1:3], generator), PIECE*4//dtype.itemsize):
                del piece
        return each(work, data.images[:n].split(TOGETHER)), max(1, n//TOGETHER), min(n, TOGETHER)

    def whole(dtype):
        augment, batch = Augment(224, dtype=dtype), BATCH*4//dtype.itemsize
        return each(lambda x: augment(x, generator), data.images[:n].split(batch)), n//batch, batch
    one, many = n//8, n//BATCH
    return {'torchvision, PIL': (each(pil, photos), one, 1), 'torchvision v2, tensors': (each(tensor, planes), one, 1),
            'torchvision v2, one draw a batch': (each(tensor, planes.split(BATCH)), many, BATCH),
            **{f'airl, {name}{form}': make(dtype) for name, dtype in (('fp32', torch.float32), ('bf16', torch.bfloat16))
               for form, make in (('', ours), (', whole batches', whole))}}


def rates(data, n, rounds):
    "Name → images a second in each of `rounds` taken in turn."
    found = {}
    for _ in range(rounds):
        for name, (work, calls, images) in chains(data, n).items():
            work(2)
            start = time.process_time()
            work(calls)
            found.setdefault(name, []).append(calls*images/(time.process_time() - start))
    return found


def nano_training(preset, copies=8):
    """A training of ViT-nano about to begin, on the sample repeated: at 24 px by the preset `nano`, at 32 px by
    `nano_long`."""
    from airl.devices import training_precision
    from airl.recipe import Recipe
    from airl.steps import Alone, Training
    sample = load_cifar10('sample')
    data = ImageSet(sample.images.repeat(copies, 1, 1, 1), sample.labels.repeat(copies),
                    sample.class_names, f'sample, {copies} times')
    t = Training(Recipe.preset(preset), data, Alone('cpu'), training_precision(torch.device('cpu')))
    t.model.train()
    return t


def bare_step(t, rounds):
    "Seconds of forward, backward and optimizer on a batch that is there."
    from airl.recipe import loss_of
    r, best = t.recipe, 1e9
    layout = torch.channels_last if r.channels_last else torch.contiguous_format
    images = t.augment(t.images[:r.batch_size], generator_for(0)).contiguous(memory_format=layout)
    targets = soft_targets(t.data.labels[:r.batch_size], 10, r.smoothing)
    for _ in range(rounds):
        start = time.process_time()
        with torch.autocast('cpu', torch.bfloat16, enabled=t.precision == 'bf16'): logits = t.model(images)
        loss_of(logits, targets).backward()
        t.optimizer.step()
        t.optimizer.zero_grad()
        best = min(best, time.process_time() - start)
    return best


def images_per_second(t, steps, threads):
    "All in, by the wall clock, the best step of some."
    from airl.steps import epoch_batches, train_step
    torch.set_num_threads(threads)
    batches, best = list(epoch_batches(t)), 1e9
    for i in range(steps):
        start = time.perf_counter()
        train_step(t, batches[i % len(batches)])
        best = min(best, time.perf_counter() - start)
    torch.set_num_threads(1)
    return t.recipe.batch_size/best


def rest_of_a_step(t, rounds):
    "Seconds of everything else: draws, gather, augmentation, targets, mixing, clipping, averaging."
    from airl.steps import epoch_rows
    r, rows, best = t.recipe, epoch_rows(t)[0], 1e9
    for p in t.net.parameters(): p.grad = torch.zeros_like(p)
    for i in range(rounds):
        start = time.process_time()
        generator = generator_for(r.seed, 'step', i)
        draws = t.augment.draw(len(rows), 32, 32, generator)
        mixes = draw_mixes(len(rows), r.mixup, r.cutmix, r.mix_prob, generator=generator)
        x, targets = t.augment.apply(t.images[rows], draws), soft_targets(t.data.labels[rows], 10, r.smoothing)
        if r.mixup or r.cutmix: x, targets = mix(x, targets, mixes)
        if r.channels_last: x = x.contiguous(memory_format=torch.channels_last)
        if r.clip: torch.nn.utils.clip_grad_norm_(t.net.parameters(), r.clip)
        t.ema.update(t.net, step=i + 1)
        best = min(best, time.process_time() - start)
    return best


def peak_memory(copies=50, steps=4):
    "MB, in a process of its own."
    script = f"""
import resource, sys, torch
from airl.data import ImageSet, load_cifar10
from airl.devices import training_precision
from airl.recipe import Recipe
from airl.steps import Alone, Training, epoch_batches, train_step
sample = load_cifar10('sample')
data = ImageSet(sample.images.repeat({copies}, 1, 1, 1), sample.labels.repeat({copies}), sample.class_names, 'sample')
t = Training(Recipe.preset('nano', small_size=0, small_share=0.), data, Alone('cpu'), training_precision(torch.device('cpu')))
t.model.train()
for _, batch in zip(range({steps}), epoch_batches(t)): train_step(t, batch)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""   # noqa: E501
    told = int(subprocess.run([sys.executable, '-c', script], check=True, capture_output=True,
                              text=True).stdout.split()[-1])
    return told/(1e6 if sys.platform == 'darwin' else 1e3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--n', type=int, default=512)
    parser.add_argument('--rounds', type=int, default=11)
    parser.add_argument('--nano', action='store_true')
    args, figures = parser.parse_args(), []
    memory = peak_memory() if args.nano else 0 # before this process grows: a child's peak begins with its parent's size
    found = rates(load_cifar10('sample'), args.n, args.rounds)
    for name, rate in found.items(): print(f'{name:34} {median(rate):9,.0f} images/s, at best {max(rate):,.0f}')
    def compared(figure, ours, theirs, target):
        a, b = found[ours], found[theirs]
        return dict(name=f'data_pipeline.{figure}', value=round(max(a)/max(b), 1),
                    target=target, median_of_rounds=round(median(x/y for x, y in zip(a, b)), 1))
    for dtype in ('fp32', 'bf16'):
        ours = f'airl, {dtype}'
        figures += [compared(f'times_pil_{dtype}', ours, 'torchvision, PIL', 20),
                    compared(f'times_pil_{dtype}_whole_batches', f'{ours}, whole batches', 'torchvision, PIL', 20),
                    compared(f'times_v2_{dtype}', ours, 'torchvision v2, tensors', 10)]
    for f in figures: f['ok'] = f['value'] >= f['target']
    if args.nano:
        threads = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
        t, short = nano_training('nano_long'), nano_training('nano')
        bare, rest = bare_step(t, 6), rest_of_a_step(t, 20)
        print(f'a step of ViT-nano, batch {t.recipe.batch_size}, {t.precision}: {bare*1e3:.0f} ms forward, backward, '
              f'optimizer, {rest*1e3:.1f} ms all else')
        share, small, full = rest/(rest + bare), images_per_second(short, 8, threads), images_per_second(t, 8, threads)
        rate = short.recipe.small_share*small + (1 - short.recipe.small_share)*full
        figures += [dict(name='data_pipeline.step_overhead', value=round(share, 4), target=.05, ok=share < .05),
                    dict(name='data_pipeline.nano_images_per_second', value=round(rate),
                         target=500, at_24_px=round(small), at_32_px=round(full), threads=threads, ok=rate >= 500),
                    dict(name='data_pipeline.nano_peak_mb', value=round(memory), target=1500, ok=memory <= 1500)]
    for f in figures: print(json.dumps(f))


if __name__ == '__main__': main()
