"""How well are words segmented that lite is taught from a few photos? CamVid from one drive to the other, DAVIS from
its first frame.

Beside each row: the nearest prototype (each place goes to the more alike of two mean places, of the thing and of the
rest, by the cosine of
the same numbers brought to one scale) and the whole photo. CamVid trains no network of airl. IoU is summed over the
pixels of all frames
that were read, void aside; its interval draws frames. Needs $AIRL_DATA with more/camvid and davis.

Run: python benchmarks/taught_words.py [camvid davis] [--shots 1 3 10] [--draws 3] [--every 1]. Ends with a table and
JSON lines.
"""
import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from airl import lite_net
from airl.examples import Examples
from airl.labels import class_image
from airl.lite_cutter import LiteSegmenter
from airl.lite_places import places_of
from airl.lite_teach import marked_photos, training_rows
from airl.measures import interval, presence_auc
from airl.photos import load_photo
from airl.sam2_pipeline import TextDrivenSegmentationPipeline
from airl.truth import read_davis
from airl.word_packs import Pack, taught, write_pack

WORDS = ('road', 'sky', 'tree', 'pavement', 'building')
DRIVES = ('0016E5', '0006R0')


def camvid(drive):
    "Name, photo, class numbers and class names of each frame of a drive."
    folder = Path(os.environ['AIRL_DATA'])/'more'/'camvid'
    names = (folder/'class_names.txt').read_text().split()
    for path in sorted((folder/'images').glob(f'{drive}*')):
        yield path.stem, np.asarray(load_photo(path)), class_image(folder/'masks'/f'{path.stem}.png'), names


class Prototype:
    "Two mean places, of what is meant and of the rest."
    def __init__(self, examples):
        rows = [training_rows(m, k) for k, m in enumerate(marked_photos(examples, LiteSegmenter())) if m.positive]
        x, y, w = map(torch.cat, zip(*rows))
        self.mean, self.scale = x.mean(0), x.std(0) + .05
        x = F.normalize((x - self.mean)/self.scale, dim=1)
        self.difference = F.normalize((w*y)@x, dim=0) - F.normalize((w*(1 - y))@x, dim=0)

    def mask(self, image):  # bool [H, W]
        places = places_of(image)
        x = F.normalize((places.rows(np.arange(np.prod(places.grid))) - self.mean)/self.scale, dim=1)
        return cv2.resize((x@self.difference).reshape(places.grid).numpy(), image.shape[1::-1]) > 0


def summed(pairs):  # [n, 2] intersection and union of each frame → IoU, its 95 % interval
    "IoU of all pixels together; frames are drawn for the interval."
    pairs = np.asarray(pairs, float)
    drawn = pairs[np.random.default_rng(0).integers(len(pairs), size=(1000, len(pairs)))].sum(1)
    low, high = np.quantile(drawn[:, 0]/np.maximum(drawn[:, 1], 1), [.025, .975])
    return float(pairs[:, 0].sum()/max(pairs[:, 1].sum(), 1)), float(low), float(high)


def overlap(mask, truth, counts):
    return [(mask & truth & counts).sum(), ((mask | truth) & counts).sum()]


def teach_draw(frames, word, number, shots, draw):
    "A pack and its prototype from some frames with the word, and the seconds that it took."
    having = [(photo, labels == number) for _, photo, labels, _ in frames if (labels == number).mean() > .002]
    examples = Examples()
    for i in np.random.default_rng(draw).permutation(len(having))[:shots]:
        examples = examples.like(having[i][0], mask=having[i][1])
    start = time.perf_counter()
    return taught(word, examples), Prototype(examples), time.perf_counter() - start


def camvid_rows(args, pipeline):
    "A row per direction, number of frames and word."
    for source, target in (DRIVES, DRIVES[::-1]):
        frames, read = list(camvid(source)), list(camvid(target))[::args.every]
        names = frames[0][3]
        for shots in args.shots:
            heads = {(word, draw): teach_draw(frames, word, names.index(word), shots, draw)
                     for word in WORDS for draw in range(args.draws)}
            pairs = {key: dict(taught=[], prototype=[], photo=[]) for key in heads}
            for _, photo, labels, _ in read:
                counts = labels != 255
                for (word, draw), (pack, prototype, _) in heads.items():
                    write_pack(Pack(f'{word} draw{draw}', pack.head, pack.version, pack.data, pack.examples))
                    truth = labels == names.index(word)
                    mask = pipeline.segment_image(photo, f'{word} draw{draw}').mask
                    for name, m in (('taught', mask), ('prototype', prototype.mask(photo)),
                                    ('photo', np.ones_like(truth))):
                        pairs[word, draw][name].append(overlap(m, truth, counts))
            for word in WORDS:
                each = {name: [summed(pairs[word, d][name])[0] for d in range(args.draws)]
                        for name in ('taught', 'prototype', 'photo')}
                _, low, high = summed(pairs[word, 0]['taught'])
                yield dict(part='camvid', taught_on=source, read_on=target, frames=len(read),
                           shots=shots, draws=args.draws, word=word,
                           **{name: round(float(np.mean(v)), 3) for name, v in each.items()},
                           low=round(low, 3), high=round(high, 3),
                           left_out=heads[word, 0][0].head.iou,
                           seconds=round(float(np.mean([heads[word, d][2] for d in range(args.draws)])), 2))


def davis_rows(args, pipeline):
    "A row per clip: its thing from its first frame, and presence beside the first frames of the other clips."
    clips = [clip for split in ('dev', 'test') for clip in read_davis(Path(os.environ['AIRL_DATA'])/'davis', split)]
    others = {clip.name: clip.frames[len(clip.frames)//2].image() for clip in clips}
    for clip in clips:
        first = clip.frames[0]
        examples = Examples().like(first.image(), mask=first.labels().mask(clip.phrase))
        pack, prototype = taught('taught thing', examples), Prototype(examples)
        write_pack(pack)
        scores, there = dict(taught=[], text=[], prototype=[], photo=[]), []
        for frame in clip.frames[10::10*args.every]:
            photo, truth = frame.image(), frame.labels().mask(clip.phrase)
            result = pipeline.segment_image(photo, 'taught thing')
            there.append(result.presence['taught thing'])
            for name, mask in (('taught', result.mask), ('text', pipeline.segment_image(photo, clip.phrase).mask),
                               ('prototype', prototype.mask(photo)), ('photo', np.ones_like(truth))):
                scores[name].append((mask & truth).sum()/max((mask | truth).sum(), 1))
        absent = [pipeline.segment_image(photo, 'taught thing').presence['taught thing']
                  for name, photo in others.items() if name != clip.name]
        gain = interval(np.subtract(scores['taught'], scores['prototype']))
        yield dict(part='davis', word=clip.name, phrase=clip.phrase, frames=len(there),
                   **{name: round(float(np.mean(v)), 3) for name, v in scores.items()},
                   over_prototype=str(gain), presence=round(float(np.mean(there)), 3),
                   absent=round(float(np.mean(absent)), 3),
                   auc=round(presence_auc(there + absent, [True]*len(there) + [False]*len(absent)), 3))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('parts', nargs='*', default=['camvid', 'davis'])
    parser.add_argument('--shots', type=int, nargs='+', default=[1, 3, 10])
    parser.add_argument('--draws', type=int, default=3)
    parser.add_argument('--every', type=int, default=1, help='read every Nth of the frames')
    args = parser.parse_args()
    if 'AIRL_DATA' not in os.environ:
        raise SystemExit('This needs labelled photos: export AIRL_DATA=FOLDER with more/camvid and davis in it.')
    lite_net.READINGS.keep = 100                      # each frame is read once
    rows = []
    with tempfile.TemporaryDirectory() as words:
        os.environ['AIRL_WORDS'] = words
        pipeline = TextDrivenSegmentationPipeline('lite', instances='all')
        for part in args.parts:
            for row in dict(camvid=camvid_rows, davis=davis_rows)[part](args, pipeline):
                print(json.dumps(row), flush=True)
                rows.append(row)
    if gains := [row['taught'] - row['prototype'] for row in rows]:
        print(f'over the prototype, {len(rows)} rows: {interval(gains)}')


if __name__ == '__main__': main()
