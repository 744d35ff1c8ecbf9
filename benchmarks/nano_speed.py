"""How much faster is ViT-nano at 32 px than ViT-Ti/16 at 224 px, on all cores?

ViT-nano as PyTorch runs it and, where the extra `export` is installed, as ONNX Runtime runs the file that `airl export
nano`
writes; the same ViT-Ti/16, timm's in PyTorch, is what both are compared with, and for one image ViT-Ti/16 in ONNX
Runtime too.
One image at a time and a thousand, all warm, in turn, the best of some rounds each: ten single images a turn, and a
pause before
each, for the threads of the runtime before spin on for a while. Nothing else should run.
Run: python benchmarks/nano_speed.py. Ends with one JSON line a figure; exit code 1 where a target is missed.
"""
import importlib.util
import sys
import tempfile
import time
from pathlib import Path

import timm
import torch
from _figures import figure

from airl.eval_tta import export_model, load_classifier
from airl.vit_model import load_nano

THEIRS = 'vit_tiny_patch16_224'


def exported(folder):
    "Both models as ONNX Runtime runs them, by name."
    return {name: load_classifier(export_model(model, Path(folder)/f'{name}.onnx')).model
            for name, model in (('nano', 'nano'), ('vit_tiny', timm.create_model(THEIRS)))}


def seconds(model, images, times):
    "For all of `images`, in one batch, the best of some."
    best = float('inf')
    time.sleep(.2)
    for _ in range(times):
        start = time.perf_counter()
        with torch.inference_mode(): model(images)
        best = min(best, time.perf_counter() - start)
    return best


def main():
    models, threads, met = ({'nano': load_nano()[0].eval(), 'vit_tiny': timm.create_model(THEIRS).eval()},
                            torch.get_num_threads(), [])
    with tempfile.TemporaryDirectory() as folder:
        if all(importlib.util.find_spec(p) for p in ('onnx', 'onnxscript', 'onnxruntime')):
            models |= {f'{name}_onnx': model for name, model in exported(folder).items()}
        for n, times, rounds, target, limit in ((1, 10, 8, 6, .003), (1000, 1, 2, 8, 2.)):
            sets = {name: (model, torch.rand(n, 3, *[32 if 'nano' in name else 224]*2))
                    for name, model in models.items() if n == 1 or name != 'vit_tiny_onnx'}
            best = {name: min(times)
                    for name, times in zip(sets,
                                           zip(*[[seconds(*one, times) for one in sets.values()]
                                                 for _ in range(rounds)]))}
            met += [figure(f'nano_speed.times_vit_tiny_batch_{n}{name.removeprefix("nano")}',
                           best['vit_tiny']/took, target, seconds=round(took, 4), seconds_asked=limit, threads=threads)
                    for name, took in best.items() if name.startswith('nano')]
            if 'vit_tiny_onnx' in best:
                met.append(figure(f'nano_speed.times_vit_tiny_batch_{n}_both_onnx',
                                  best['vit_tiny_onnx']/best['nano_onnx'], target))
            for name, took in best.items():
                if name.startswith('vit_tiny'): print(f'{name}, batch {n}: {took:.4f} s')
    sys.exit(not all(met))


if __name__ == '__main__': main()
