"""Does the flow decide well where scores spread as those of real networks do?

Staged photos (`airl.standins`) of six kinds (small, marginal, secondary, nested, crowded things, and a thing alone whose siblings are
absent), 1:1 to 2.4:1, in three settings (weak, middle, strong). Each photo is asked for a noun that it shows and for one that it does not:
found, falsely found, wrong box (IoU with every true box below .5), wrong mask (IoU with every true mask below .75).
1. `python benchmarks/decisions.py -o rows.jsonl [--photos 1000] [--settings middle]`: ask, a row per question;
2. `--fit`: the posterior's weights, from other seeds of the middle setting alone; `--refit`: from those of each setting;
3. `--read rows.jsonl [--before decisions_21bc58e.json]`: the table, paired intervals and a JSON line a figure;
4. `--ranges`: each parameter of the stand-ins at both ends of its range: how many answers change, and what that costs.
Beside each figure stands the ceiling: the likelihood-ratio rule that knows the stand-ins' parameters and reads the same boxes and crops.
"""
import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')
import cv2
import numpy as np

KINDS = ('small', 'marginal', 'secondary', 'nested', 'crowded', 'absent')


def earlier_tree():
    "Let `airl.standins` be loaded into the tree of commit 21bc58e, whose rooms had other names."
    import importlib.util
    import types

    import airl.clip_ensemble as ensemble
    import airl.detector as detector
    import airl.scene as scene
    from airl.photos import resize_longest  # noqa: F401

    class Members(dict):   # what `_Members` is since
        def __init__(self, members, *_):
            super().__init__((m.key, types.SimpleNamespace(member=m)) for m in members)
            self.dropped = {}
    ensemble._Members = Members
    regions = types.ModuleType('airl.regions')
    regions.box_iou, regions.mask_to_box, regions.mask_iou = scene.box_iou, scene.mask_to_box, scene.mask_iou
    window = types.ModuleType('airl.sliding_window')
    window.SlidingWindowDetector = detector.SlidingWindowDetector
    sys.modules |= {'airl.regions': regions, 'airl.sliding_window': window}
    spec = importlib.util.spec_from_file_location('airl.standins', Path(__file__).resolve().parent.parent/'airl'/'standins.py')
    standins = sys.modules['airl.standins'] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(standins)
    standins.ClipLike._logits = lambda self, images, texts: self._members.logits(images, texts)


def set_up():
    "Import what answers, from the tree that PYTHONPATH names."
    cv2.setNumThreads(1)
    import torch
    torch.set_num_threads(1)
    try: import airl.proposals as photos
    except ImportError:
        earlier_tree()
        import airl.sam2_pipeline as photos
    known = getattr(photos, 'KnownPhoto', None) or photos._Photo
    known.small = property(lambda self: self.image.shape[:2])    # staged photos are smaller than the frame in which masks are scored
    from airl.standins import ClipLike
    ClipLike.seen = lambda self, image, k=5: []                  # what is told beside an empty answer decides nothing


def judged(result, photo, noun) -> dict:
    "What an answer is worth."
    from airl.scene import box_iou, mask_iou, mask_to_box
    row = dict(found=bool(result.instances), p=round(float(result.presence[noun]), 5))
    if not result.instances or noun == photo.absent: return row
    truth, best = photo.truth(noun), result.instances[0]
    boxes = np.stack([mask_to_box(m) for m in truth])
    row['box'] = round(float(box_iou(best.detected[None], boxes).max()), 3)
    row['mask'] = round(float(mask_iou(best.mask[None], truth).max()), 3)
    return row


def ask(kind, seed, setting, make=None) -> list[dict]:
    "Both questions about one photo."
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    from airl.standins import Stage, stage_photo, standin_engines
    photo = stage_photo(kind, seed)
    scorer, detector, segmenter = standin_engines(Stage(photo), setting)
    pipeline = TextDrivenSegmentationPipeline(scorer=scorer, detector=detector, segmenter=segmenter)
    if make: make(pipeline)
    rows = []
    for noun in (photo.asked, photo.absent):
        head = dict(kind=kind, seed=seed, setting=setting.name, there=noun == photo.asked)
        rows.append(head | judged(pipeline.segment_image(photo.image, noun), photo, noun))
    return rows


def run(args):
    "Ask all questions that `args.output` has not."
    from airl.standins import SETTINGS
    file = Path(args.output)
    done = {(r['kind'], r['seed'], r['setting']) for r in map(json.loads, file.read_text().splitlines())} if file.exists() else set()
    first, start, n = args.first, time.perf_counter(), 0
    with open(file, 'a', encoding='utf-8') as out:
        for seed in range(first, first + args.photos):
            for name in args.settings:
                for kind in args.kinds:
                    if (kind, seed, name) in done: continue
                    for row in ask(kind, seed, SETTINGS[name]): print(json.dumps(row), file=out)
                    n += 1
            out.flush()
    print(f'{n} photos, {(time.perf_counter() - start)/max(1, n)*1000:.0f} ms each')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('-o', '--output')
    parser.add_argument('--photos', type=int, default=1000)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--settings', nargs='+', default=['weak', 'middle', 'strong'])
    parser.add_argument('--kinds', nargs='+', default=KINDS)
    args = parser.parse_args()
    set_up()
    if args.output: run(args)


if __name__ == '__main__': main()
