"""How good are the embedded engines on photos of the fifth fold, on which nothing of them is trained?

    python benchmarks/lite_folds.py [DATA] [--tasks box click text presence] [--sets more/coco_full …] [--every k]
    [--out rows.jsonl]
    python benchmarks/lite_folds.py --compare before.jsonl after.jsonl
    python benchmarks/lite_folds.py [DATA] --draw 60        prints the photos and words of the contact sheet
    python benchmarks/lite_folds.py [DATA] --sheet DIR      looks at them: writes their masks, and a sheet beside an
    earlier DIR

DATA ($AIRL_DATA if it is not given) holds coco/dev, voc/dev and more/. Asked are the photos of the fifth fold
(`airl.truth.folds`):
every object of at least 2 % by its true box and by a click in its middle, every class that is there by its word, and
every class
of the set for presence. The files that ship up to version 0.4 have seen coco/dev and voc/dev, so they are to be read
on more/ alone.
A run goes on where it was stopped. Ends with one JSON line a figure.
"""
import argparse
import json
import os
import time
from pathlib import Path

import cv2
import numpy as np
from _figures import figure

from airl.benchmark import middle
from airl.lite import look_up, phrase_presence
from airl.lite_net import read
from airl.measures import interval, iou, presence_auc
from airl.regions import decode_rle, encode_rle, mask_to_box
from airl.scene import Prompts
from airl.truth import VOC_CLASSES, folds, read_coco, read_voc

SETS = ('coco/dev', 'more/coco_full', 'more/coco_person', 'more/voc_sbd', 'voc/dev')
SHEET = Path(__file__).with_name('lite_sixty.txt')


def sbd(folder):
    "The photos of voc_sbd with official masks, as `read_voc` gives them."
    from airl.lite_photos import read_voc_sbd
    official = set((folder/'official_ids.txt').read_text().split())
    return [t for t in read_voc_sbd(folder) if t.name in official]


def photos_of(data, name, objects):
    "The photos of a set that are in the fifth fold."
    folder = Path(data)/name
    found = (read_voc(folder) if name == 'voc/dev' else sbd(folder) if name == 'more/voc_sbd' and not objects
             else read_coco(folder))
    return [t for t, f in zip(found, folds([t.name for t in found])) if f == 4]


def band(mask, share=.04):
    "The pixels within `share` of the square root of a mask's area of its outline."
    width = max(1, round(share*mask.sum()**.5))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2*width + 1, 2*width + 1))
    m = mask.astype(np.uint8)
    return cv2.dilate(m, disc) != cv2.erode(m, disc, borderValue=1)


def ask_objects(truth, task, segmenter):
    "A row for each object of at least 2 %."
    image, labels = truth.image(), truth.labels()
    chosen = [i for i, m in enumerate(labels.masks) if not labels.crowd[i] and m.mean() >= .02]
    if not chosen or not labels.by_object: return []
    masks = labels.masks[chosen]
    prompts = (Prompts(boxes=np.stack([mask_to_box(m) for m in masks])) if task == 'box'
               else Prompts(points=np.stack([middle(m) for m in masks])[:, None]))
    found, rows = segmenter.segment(segmenter.encode(image), prompts), []
    for k, i in enumerate(chosen):
        answer, ignore = found.mask(k, int(found.predicted_iou[k].argmax())), labels.ignore(labels.phrases[i])
        best = max(iou(found.mask(k, j), masks[k], ignore) for j in range(found.predicted_iou.shape[1]))
        rows.append(dict(phrase=labels.phrases[i], index=i, area=float(masks[k].mean()),
                         iou=iou(answer, masks[k], ignore),
                         band=iou(answer, masks[k], ignore | ~band(masks[k])), best=best,
                         guess=float(found.predicted_iou[k].max())))
    return rows


def ask_words(truth, pipeline):
    "A row for each class that is there; and how much of the photo each class of the set has for its best map."
    image, labels, rows = truth.image(), truth.labels(), []
    for phrase in labels.present:
        if phrase not in truth.classes: continue
        found, there, ignore = pipeline.segment_image(image, phrase).mask, labels.mask(phrase), labels.ignore(phrase)
        rows.append(dict(phrase=phrase, iou=iou(found, there, ignore), rle=encode_rle(found)))
    return rows


def ask_presence(truth):
    "A row for each class of the set."
    labels, reading = truth.labels(), read(truth.image())
    return [dict(phrase=p, present=p in labels.present, probability=phrase_presence(reading, look_up(p)))
            for p in truth.classes if p not in labels.unsure]


def argmax_counts(truth):
    """Pixels that are of a class and said to be of it: [3, classes + 1] intersection, said, there; by the argmax of the
    dense map."""
    reading, labels, n = read(truth.image()), truth.labels(), len(truth.classes)
    channels = [0, *(look_up(p).channels[0] + 1 for p in truth.classes)]
    p = np.exp(reading.maps)
    p[0] += sum(p[k] for k in range(1, len(p)) if k not in channels)
    said = np.stack([cv2.resize(m, labels.void.shape[::-1], interpolation=cv2.INTER_LINEAR)
                     for m in p[channels]]).argmax(0)
    there = np.zeros(said.shape, int)
    for mask, phrase in zip(labels.masks, labels.phrases): there[mask] = truth.classes.index(phrase) + 1
    keep = ~labels.void
    counts = lambda x: np.bincount(x, minlength=n + 1).tolist()
    return [counts(there[keep & (said == there)]), counts(said[keep]), counts(there[keep])]


def measure(data, tasks, sets, every, out):
    "Rows of every task and set, from the file where they are there already."
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    pipeline = TextDrivenSegmentationPipeline('lite', instances='all')
    done = [json.loads(line) for line in out.read_text().splitlines()] if out and out.exists() else []
    known = {(r['task'], r['set'], r['photo']) for r in done}
    for task in tasks:
        for name in sets:
            objects = task in ('box', 'click')
            if objects and name == 'voc/dev' or not objects and name == 'more/coco_person': continue
            for truth in photos_of(data, name, objects)[::every]:
                if (task, name, truth.name) in known: continue
                start, record = time.perf_counter(), dict(task=task, set=name, photo=truth.name)
                if objects: record['rows'] = ask_objects(truth, task, pipeline.segmenter)
                elif task == 'text': record['rows'] = ask_words(truth, pipeline)
                else:
                    record |= dict(rows=ask_presence(truth), counts=argmax_counts(truth)
                                   if truth.classes == VOC_CLASSES else None)
                record['seconds'] = round(time.perf_counter() - start, 3)
                done.append(record)
                if out:
                    with open(out, 'a') as file: print(json.dumps(record), file=file, flush=True)
    return done


def groups(records):
    "Rows by task and part: each set, all that the shipped files of 0.4 have not seen, and all."
    out = {}
    for r in records:
        for part in (r['set'], *(['more'] if r['set'].startswith('more') else []), 'all'):
            out.setdefault((r['task'], part), []).append(r)
    return out


def summary(records):
    "Print a line a figure."
    for (task, part), some in sorted(groups(records).items()):
        rows = [(r['photo'], row) for r in some for row in r['rows']]
        if task == 'presence':
            auc = presence_auc([x['probability'] for _, x in rows], [x['present'] for _, x in rows])
            figure(f'lite_folds.{task}.{part}', auc, n=len(rows), photos=len(some))
            counts = [r['counts'] for r in some if r['counts']]
            if counts:
                hit, said, there = np.sum(counts, 0)
                figure(f'lite_folds.dataset_miou.{part}', np.mean((hit/np.maximum(said + there - hit, 1))[there > 0]),
                       photos=len(counts))
            continue
        for measure in ('iou', 'band', 'best') if task != 'text' else ('iou',):
            v = interval([x[measure] for _, x in rows], [p for p, _ in rows])
            figure(f'lite_folds.{task}.{measure}.{part}', v.mean, interval=[round(v.low, 4), round(v.high, 4)], n=v.n)


def compare(before, after):
    "Print how much better the second file is, paired, over photos."
    a, b = (groups([json.loads(line) for line in Path(f).read_text().splitlines()]) for f in (before, after))
    for task, part in sorted(set(a) & set(b)):
        if task == 'presence': continue
        keyed = [{(r['photo'], x['phrase'], x.get('index')): x for r in some[task, part] for x in r['rows']}
                 for some in (a, b)]
        shared = [k for k in keyed[0] if k in keyed[1]]
        for measure in ('iou', 'band') if task != 'text' else ('iou',):
            v = interval([keyed[1][k][measure] - keyed[0][k][measure] for k in shared], [k[0] for k in shared])
            old, new = (np.mean([kk[k][measure] for k in shared]) for kk in keyed)
            print(f'{task:6} {measure:5} {part:18} {old:.3f} → {new:.3f}  {v.mean:+.3f} [{v.low:+.3f}, {v.high:+.3f}] '
                  f'n={v.n}')


def draw(data, n, seed=24):
    """Photos that no shipped head has seen, and for each a word for something of at least 2 % in it: half of COCO, half
    of VOC at most."""
    rng, chosen = np.random.default_rng(seed), []
    for name, k in (('more/coco_full', n*5//12), ('more/voc_sbd', n - n*5//12)):
        found = photos_of(data, name, False)
        for i in sorted(rng.permutation(len(found))[:k]):
            labels = found[i].labels()
            large = [p for p in labels.present if labels.mask(p).mean() >= .02] or labels.present
            if large: chosen.append(f'{name}\t{found[i].name}\t{rng.choice(large)}')
    print('\n'.join(chosen))


def sheet(data, folder, beside=None):
    "Ask the photos of the contact sheet for their words; where an earlier folder is given, draw both, worst first."
    from airl.drawing import overlay, show_images
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    folder, pipeline, rows = Path(folder), None, []
    folder.mkdir(parents=True, exist_ok=True)
    photos = {name: {t.name: t for t in photos_of(data, name, False)} for name in ('more/coco_full', 'more/voc_sbd')}
    for line in SHEET.read_text().splitlines():
        name, photo, phrase = line.split('\t')
        truth, file = photos[name][photo], folder/f'{photo}.json'
        if not file.exists():
            pipeline = pipeline or TextDrivenSegmentationPipeline('lite', instances='all')
            file.write_text(json.dumps(encode_rle(pipeline.segment_image(truth.image(), phrase).mask)))
        labels, now = truth.labels(), decode_rle(json.loads(file.read_text()))
        old = decode_rle(json.loads((Path(beside)/f'{photo}.json').read_text())) if beside else now
        judged = [iou(m, labels.mask(phrase), labels.ignore(phrase)) for m in (old, now)]
        rows.append((*judged, truth, phrase, old, now))
    rows.sort(key=lambda r: r[1])
    better, worse = (sum(s*(r[1] - r[0]) > .02 for r in rows) for s in (1, -1))
    print(f'{len(rows)} photos: mean {np.mean([r[0] for r in rows]):.3f} → {np.mean([r[1] for r in rows]):.3f}; better '
          f'{better}, worse {worse} (by more than 0.02)')
    for start in range(0, len(rows), 15):
        images, titles = [], []
        for a, b, truth, phrase, old, now in rows[start:start+15]:
            image, there = truth.image(), truth.labels().mask(phrase)
            for mask, value in ((old, a), (now, b)):
                picture = overlay(image, mask)
                outline, _ = cv2.findContours(there.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
                images.append(cv2.resize(cv2.drawContours(picture, outline, -1, (255, 255, 255), 2),
                                         (240, round(240*image.shape[0]/image.shape[1]))))
                titles.append(f'{phrase} {value:.2f}')
        show_images(images, titles, columns=6).savefig(folder/f'sheet{start//15}.png', dpi=80)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', nargs='?', default=os.environ.get('AIRL_DATA'))
    parser.add_argument('--tasks', nargs='+', default=['box', 'click', 'text', 'presence'])
    parser.add_argument('--sets', nargs='+', default=SETS)
    parser.add_argument('--every', type=int, default=1)
    parser.add_argument('--out', type=Path)
    parser.add_argument('--compare', nargs=2)
    parser.add_argument('--draw', type=int)
    parser.add_argument('--sheet')
    parser.add_argument('--beside')
    args = parser.parse_args()
    if args.compare: return compare(*args.compare)
    if not args.data: return print('skipped: neither DATA nor $AIRL_DATA is given')
    if args.draw: return draw(args.data, args.draw)
    if args.sheet: return sheet(args.data, args.sheet, args.beside)
    summary(measure(args.data, args.tasks, args.sets, args.every, args.out))


if __name__ == '__main__': main()
