"""How well are words segmented that lite is taught from a few photos? CamVid, DAVIS, ten instances, and what it costs.

camvid     taught on 1, 3 and 10 frames of one drive, read on the other; IoU summed over the pixels of all frames, void
           aside, mean of three draws of teaching frames; its interval draws frames. CamVid trains no network of airl,
           but the usual threshold of what fills a part of a photo was found on these two drives.
davis      each clip's thing from its first frame, read on every tenth; J beside that of its text. dev is for choosing,
           test is read once.
instances  ten things of taught_instances.json, each with another of its kind: is the right one first, with what IoU?
cost       seconds to teach from ten photos, milliseconds that a taught word takes more than a built-in one. All times
           are the processor's, so that they hold on a busy machine; with OMP_NUM_THREADS=1 they are those of one core.

Beside each row: the nearest prototype (each place goes to the more alike of two mean places, of the thing and of the
rest, by the cosine of the same numbers brought to one scale) and the whole photo. Needs $AIRL_DATA with more/camvid,
davis, sam2_demo and coco/dev.

Run: python benchmarks/taught_words.py [camvid davis davis/test instances cost] [--out rows.jsonl] [--shots 3 1 10]
[--draws 3] [--every 1]. Rows that --out has already for the same networks are not measured again. Ends with a summary.
"""
import argparse
import json
import os
import tempfile
import time
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from airl import lite_net
from airl.examples import Examples
from airl.labels import class_image
from airl.lite_cutter import LiteSegmenter
from airl.lite_places import network_version, places_of
from airl.lite_teach import marked_photos, training_rows
from airl.measures import interval, presence_auc
from airl.photos import load_photo
from airl.sam2_pipeline import TextDrivenSegmentationPipeline
from airl.truth import read_davis, read_truth
from airl.word_packs import taught, write_pack

WORDS = ('road', 'sky', 'tree', 'pavement', 'building')
DRIVES = ('0016E5', '0006R0')
LISTED = Path(__file__).with_name('taught_instances.json')
WAYS = ('taught', 'prototype', 'photo')
PARTS = ('camvid', 'davis', 'davis/test', 'instances', 'cost')


def data(*parts):
    return Path(os.environ['AIRL_DATA']).joinpath(*parts)


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


def overlap(mask, truth, counts=True):
    return [(mask & truth & counts).sum(), ((mask | truth) & counts).sum()]


def iou(mask, truth):
    both, either = overlap(mask, truth)
    return float(both/max(either, 1))


def mean(values):
    return round(float(np.mean(values)), 3) if len(values) else None


# CamVid

@cache
def camvid(drive):
    "Name, photo, class numbers of each frame of a drive."
    folder = data('more', 'camvid')
    return [(p.stem, np.asarray(load_photo(p)), class_image(folder/'masks'/f'{p.stem}.png'))
            for p in sorted((folder/'images').glob(f'{drive}*'))]


def summed(pairs):  # [n, 2] intersection and union of each frame → IoU, its 95 % interval
    "IoU of all pixels together; frames are drawn for the interval."
    pairs = np.asarray(pairs, float)
    drawn = pairs[np.random.default_rng(0).integers(len(pairs), size=(1000, len(pairs)))].sum(1)
    low, high = np.quantile(drawn[:, 0]/np.maximum(drawn[:, 1], 1), [.025, .975])
    return float(pairs[:, 0].sum()/max(pairs[:, 1].sum(), 1)), float(low), float(high)


def teaching_frames(frames, number, shots, draw):
    "Some frames with the word, as examples."
    having = [(photo, labels == number) for _, photo, labels in frames if (labels == number).mean() > .002]
    examples = Examples()
    for i in np.random.default_rng(draw).permutation(len(having))[:shots]:
        examples = examples.like(having[i][0], mask=having[i][1])
    return examples


def timed_lesson(word, examples):
    "A pack, and the seconds of the processor that it took."
    start = time.process_time()
    return taught(word, examples), time.process_time() - start


def camvid_masks(photo, name, prototype, pipeline):
    return dict(taught=pipeline.segment_image(photo, name).mask, prototype=prototype.mask(photo),
                photo=np.ones(photo.shape[:2], bool))


def camvid_word(args, pipeline, source, target, shots, word):
    "The row of a word, for one direction and number of frames."
    number = data('more', 'camvid', 'class_names.txt').read_text().split().index(word)
    heads, read = [], camvid(target)[::args.every]
    for draw in range(args.draws):
        examples = teaching_frames(camvid(source), number, shots, draw)
        pack, seconds = timed_lesson(f'{word} draw{draw}', examples)
        write_pack(pack)
        heads.append((pack, Prototype(examples), seconds))
    pairs = {way: [[] for _ in heads] for way in WAYS}
    for _, photo, labels in read:
        for draw, (pack, prototype, _) in enumerate(heads):
            for way, mask in camvid_masks(photo, pack.name, prototype, pipeline).items():
                pairs[way][draw].append(overlap(mask, labels == number, labels != 255))
    each = {way: [summed(p)[0] for p in by_draw] for way, by_draw in pairs.items()}
    _, low, high = summed(pairs['taught'][0])
    about = dict(part='camvid', taught_on=source, read_on=target, frames=len(read), shots=shots, draws=args.draws)
    return dict(about, word=word, **{way: mean(v) for way, v in each.items()}, low=round(low, 3), high=round(high, 3),
                spread=round(float(np.ptp(each['taught'])), 3),
                left_out=mean([p.head.iou for p, *_ in heads if p.head.iou is not None]),
                cpu_seconds=mean([seconds for *_, seconds in heads]))


def camvid_rows(args, pipeline, known):
    for shots in args.shots:
        for source, target in (DRIVES, DRIVES[::-1]):
            for word in WORDS:
                if not known(part='camvid', taught_on=source, shots=shots, draws=args.draws, word=word):
                    yield camvid_word(args, pipeline, source, target, shots, word)


# DAVIS

def davis_clip(clip, others, pipeline, every):
    "The row of one clip: its thing from its first frame, and presence in photos of the other clips."
    first, name = clip.frames[0], 'taught thing'
    examples = Examples().like(first.image(), mask=first.labels().mask(clip.phrase))
    (pack, seconds), prototype = timed_lesson(name, examples), Prototype(examples)
    write_pack(pack)
    scores, there = {way: [] for way in (*WAYS, 'text')}, []
    for frame in clip.frames[10::10*every]:
        photo, truth = frame.image(), frame.labels().mask(clip.phrase)
        result = pipeline.segment_image(photo, name)
        there.append(result.presence[name])
        masks = dict(taught=result.mask, text=pipeline.segment_image(photo, clip.phrase).mask,
                     prototype=prototype.mask(photo), photo=np.ones_like(truth))
        for way, mask in masks.items():
            scores[way].append(iou(mask, truth))
    absent = [pipeline.segment_image(photo, name).presence[name] for photo in others]
    auc = presence_auc(there + absent, [True]*len(there) + [False]*len(absent))
    gain = interval(np.subtract(scores['taught'], scores['prototype']))
    return dict(part='davis', word=clip.name, phrase=clip.phrase, frames=len(there),
                **{way: mean(v) for way, v in scores.items()}, over_prototype=str(gain), presence=mean(there),
                absent=mean(absent), n_absent=len(absent), auc=round(float(auc), 3), cpu_seconds=round(seconds, 2))


def davis_rows(args, pipeline, known, split='dev'):
    clips = {name: read_davis(data('davis'), name) for name in ('dev', 'test')}
    middles = {clip.name: clip.frames[len(clip.frames)//2].image() for both in clips.values() for clip in both}
    for clip in clips[split]:
        if not known(part='davis', word=clip.name):
            others = [photo for name, photo in middles.items() if name != clip.name] + [p for _, p in strangers()]
            yield davis_clip(clip, others, pipeline, args.every)


# Ten instances

@cache
def strangers(n=12):
    "The first photos of coco/dev."
    return [(set(t.labels().phrases), t.image()) for t in read_truth(f'coco:{data("coco", "dev")}')[:n]]


def outline(points, size):  # bool [H, W]
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [np.round(points).astype(int)], 1)
    return canvas > 0


def in_box(mask, box):
    x, y, w, h = box
    inside = np.zeros_like(mask)
    inside[y:y + h, x:x + w] = mask[y:y + h, x:x + w]
    return inside


def stereo():
    "The motorcycle from the left, and from the right by the disparity: photo, mask."
    from skimage.data import stereo_motorcycle
    left, right, disparity = stereo_motorcycle()
    near = np.isfinite(disparity) & (disparity > 30)          # the motorcycle stands in front of all else
    _, labels, stats, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8))
    own = labels == 1 + stats[1:, 4].argmax()
    y, x = np.nonzero(own)
    moved = np.zeros_like(own)
    moved[y, np.clip(np.round(x - disparity[y, x]).astype(int), 0, own.shape[1] - 1)] = True
    closed = cv2.morphologyEx(moved.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return (left, own), (right, closed > 0)


def photos_of(item, outlines):
    "What an instance is taught on, and what it is asked of: photo, mask."
    if 'clip' in item:
        clips = {c.name: c for split in ('dev', 'test') for c in read_davis(data('davis'), split)}
        clip = clips[Path(item['clip']).name]
        get = lambda k: (clip.frames[k].image(), clip.frames[k].labels().mask(clip.phrase))
        return get(item['teach']), [get(k) for k in item['ask']]
    if 'outlines' in item:
        def get(k):
            photo = np.asarray(load_photo(data(item['frames'], f'{k:05d}.jpg')))
            return photo, outline(outlines[item['outlines']][str(k)], photo.shape[:2])
        return get(item['teach']), [get(k) for k in item['ask']]
    if 'camvid' in item:
        drive = {name: (photo, labels == 9) for name, photo, labels in camvid('0016E5')}
        get = lambda name, box: (drive[name][0], in_box(drive[name][1], box))
        return get(*item['camvid']['teach']), [get(*pair) for pair in item['camvid']['ask']]
    first, second = stereo()
    return first, [second]


def rival_photo(item):
    "The photo with another of its kind; None where it is in the same photos."
    if isinstance(item['rival'], str): return None
    phrase, found = item['rival']['phrase'], []
    for truth in read_truth(f'coco:{data("coco", "dev")}'):
        shares = [m.mean() for m in truth.labels().instances(phrase)] if phrase in truth.classes else []
        if shares: found.append((abs(max(shares) - .2), truth.name, truth))
    return min(found, key=lambda f: f[:2])[2].image()


def first_is_right(result, name, truth, rival):
    "Is the surest object of this word the thing: most of it on it, and surer than the best of the rival's photo?"
    if not result.instances: return False
    if (result.instances[0].mask & truth).sum() < .5*result.instances[0].mask.sum(): return False
    return rival is None or not rival.instances or result.presence[name] > rival.presence[name]


def instance_row(item, outlines, absent, pipeline):
    name = 'certain ' + item['word'].removeprefix('the ')
    (photo, mask), asked = photos_of(item, outlines)
    examples = Examples().like(photo, mask=mask)
    (pack, seconds), prototype = timed_lesson(name, examples), Prototype(examples)
    write_pack(pack)
    other = rival_photo(item)
    rival = None if other is None else pipeline.segment_image(other, name)
    right, there, scores = [], [], {way: [] for way in WAYS}
    for view, truth in asked:
        result = pipeline.segment_image(view, name)
        right.append(bool(first_is_right(result, name, truth, rival)))
        there.append(result.presence[name])
        best = result.instances[0].mask if result.instances else np.zeros_like(truth)
        masks = dict(taught=best, prototype=prototype.mask(view), photo=np.ones_like(truth))
        for way, m in masks.items():
            scores[way].append(iou(m, truth))
    away = [pipeline.segment_image(p, name).presence[name] for p in absent]
    auc = presence_auc(there + away, [True]*len(there) + [False]*len(away))
    found = dict(part='instances', word=item['word'], photos=len(asked), right=bool(np.mean(right) > .5))
    where_right = mean(np.array(scores['taught'])[right])
    return dict(found, right_in=sum(right), **{way: mean(v) for way, v in scores.items()}, where_right=where_right,
                presence=mean(there), rival='in the photos' if rival is None else round(rival.presence[name], 3),
                absent=mean(away), n_absent=len(away), auc=round(float(auc), 3), cpu_seconds=round(seconds, 2))


def instance_rows(args, pipeline, known):
    listed = json.loads(LISTED.read_text())
    views = {item['word']: photos_of(item, listed['outlines'])[1][0][0] for item in listed['instances']}
    place = {item['word']: item.get('frames', item['word']) for item in listed['instances']}   # the bedroom has three
    for item in listed['instances']:
        if known(part='instances', word=item['word']): continue
        elsewhere = [view for word, view in views.items() if place[word] != place[item['word']]]
        absent = elsewhere + [photo for _, photo in strangers()]
        yield instance_row(item, listed['outlines'], absent, pipeline)


# What it costs

def seconds_of(pipeline, photos, text):
    "The median over photos that are read anew."
    took = []
    for photo in photos:
        lite_net.READINGS.made.clear()
        pipeline._photos.made.clear()
        start = time.process_time()
        pipeline.segment_image(photo, text)
        took.append(time.process_time() - start)
    return float(np.median(took))


def cost_rows(args, pipeline, known):
    names = data('more', 'camvid', 'class_names.txt').read_text().split()
    for word, built_in in (('road', 'a car'), ('car', 'a car')):
        if known(part='cost', word=word): continue
        lite_net.READINGS.made.clear()
        pack, seconds = timed_lesson(f'taught {word}', teaching_frames(camvid('0016E5'), names.index(word), 10, 0))
        path = write_pack(pack)
        photos = [photo for _, photo, _ in camvid('0006R0')]
        seconds_of(pipeline, photos[:2], built_in)
        own, other = (seconds_of(pipeline, photos, text) for text in (pack.name, built_in))
        yield dict(part='cost', word=word, teach_ten_photos_cpu_s=round(seconds, 2), ask_cpu_ms=round(1e3*own, 1),
                   built_in_cpu_ms=round(1e3*other, 1), more_cpu_ms=round(1e3*(own - other), 1),
                   pack_bytes=path.stat().st_size)


def summary(rows):
    "What the acceptance asks for, in lines."
    part = lambda name: [r for r in rows if r['part'] == name]
    for row in part('camvid'):
        gain, three = row['taught'] - row['prototype'], row['shots'] == 3
        wanted = (row['taught'] >= .85 if row['word'] in ('road', 'sky') else gain >= .1) if three else None
        print(f'{row["taught_on"]} to {row["read_on"]}, {row["shots"]:2} frames: {row["word"]:9} {row["taught"]:.3f} '
              f'[{row["low"]:.3f}, {row["high"]:.3f}], over the prototype {gain:+.3f} '
              f'{"" if wanted is None else "met" if wanted else "MISSED"}')
    for row in part('davis'):
        print(f'{row["word"]:15} taught {row["taught"]:.3f}, text {row["text"]:.3f}, prototype {row["prototype"]:.3f}, '
              f'AUC {row["auc"]:.3f}')
    if found := part('instances'):
        good = [r['where_right'] for r in found if r['right']]
        print(f'{sum(r["right"] for r in found)} of {len(found)} instances right first, '
              f'mean IoU where right {mean(good)}, mean AUC {mean([r["auc"] for r in found])}')
    if gains := [row['taught'] - row['prototype'] for row in rows if 'prototype' in row]:
        print(f'over the prototype, {len(gains)} rows: {interval(gains)}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('parts', nargs='*', default=PARTS, metavar='part')
    parser.add_argument('--out', type=Path, default=Path(__file__).with_suffix('.jsonl'))
    parser.add_argument('--shots', type=int, nargs='+', default=[3, 1, 10])
    parser.add_argument('--draws', type=int, default=3)
    parser.add_argument('--every', type=int, default=1, help='read every Nth of the frames')
    args = parser.parse_args()
    if 'AIRL_DATA' not in os.environ:
        raise SystemExit('This needs labelled photos: export AIRL_DATA=FOLDER with camvid, davis, sam2_demo, coco.')
    lines = args.out.read_text().splitlines() if args.out.exists() else []
    rows = [row for row in map(json.loads, lines) if row['network'] == network_version()]
    def known(**about): return any(all(row.get(k) == v for k, v in about.items()) for row in rows)
    makers = {'camvid': camvid_rows, 'davis': davis_rows, 'instances': instance_rows, 'cost': cost_rows,
              'davis/test': lambda *a: davis_rows(*a, split='test')}
    lite_net.READINGS.keep = 100
    with tempfile.TemporaryDirectory() as words, args.out.open('a') as out:
        os.environ['AIRL_WORDS'] = words
        pipeline = TextDrivenSegmentationPipeline('lite', instances='all')
        for part in args.parts:
            for row in makers[part](args, pipeline, known):
                rows.append(row | dict(network=network_version()))
                print(json.dumps(row), flush=True)
                out.write(json.dumps(rows[-1]) + '\n')
                out.flush()
    summary(rows)


if __name__ == '__main__': main()
