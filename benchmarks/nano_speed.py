"""How much faster is ViT-nano at 32 px than ViT-Ti/16 at 224 px, on all cores?

One image at a time and a thousand, both warm, in turn, the best of some rounds each. Nothing else should run.
Run: python benchmarks/nano_speed.py. Ends with one JSON line a figure; exit code 1 where a target is missed.
"""
import sys
import time

import timm
import torch
from _figures import figure

from airl.vit_model import load_nano


def seconds(model, images):
    "For all of `images`, in one batch."
    start = time.perf_counter()
    with torch.inference_mode(): model(images)
    return time.perf_counter() - start


def main():
    ours, theirs, met = load_nano()[0].eval(), timm.create_model('vit_tiny_patch16_224').eval(), []
    for n, rounds, target, limit in ((1, 40, 6, .003), (1000, 2, 8, 2.)):
        sets, best = ((ours, torch.rand(n, 3, 32, 32)), (theirs, torch.rand(n, 3, 224, 224))), [float('inf')]*2
        for _ in range(rounds):
            for i, (model, images) in enumerate(sets): best[i] = min(best[i], seconds(model, images))
        met.append(figure(f'nano_speed.times_vit_tiny_batch_{n}', best[1]/best[0], target, seconds=round(best[0], 4), seconds_asked=limit, threads=torch.get_num_threads()))
    sys.exit(not all(met))


if __name__ == '__main__': main()
