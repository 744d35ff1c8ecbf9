"""What is each part of the mask score worth? Mean IoU of the candidate that it chooses, less that of the plain
60/20/10/10 sum.

    python benchmarks/mask_choice.py [DATA] [--photos n] [--every k]

Staged photos with stand-ins first (four candidates a thing: all of it, half, a part, with background; --photos of each
kind in each
setting), then the embedded engines on labelled photos, for a box a little beside the true one: the objects of
DATA/more/coco_full
and the largest piece of each class in DATA/voc_official, a folder in VOC's form (DATA is $AIRL_DATA if it is not
given; what is not
there is skipped), every k-th photo. Each row has the paired 95 % interval over photos. Ends with one JSON line a form
and set.
"""
import argparse
import os
from pathlib import Path

import cv2
import numpy as np
from _figures import figure

from airl.mask_eval import ComprehensiveMaskEvaluator
from airl.regions import clip_boxes, mask_iou, mask_to_box
from airl.scene import Prompts
from airl.standins import STAGED_KINDS, SETTINGS, Stage, stage_photo, standin_engines
from airl.truth import read_coco, read_voc

FORMS = {'reference': (0, 0, 0), 'text_in_log_odds': (1, 0, 0), 'size_capped': (0, 1, 0), 'times_guess': (0, 0, 1),
         # text in log-odds, size capped, times the segmenter's guess
         'log_odds_and_guess': (1, 0, 1), 'as_it_is': (1, 1, 1)}


def scored(scorer, segmenter, image, boxes, texts):
    "For each box the candidates' masks at working size, and their score by each of `FORMS`."
    found = segmenter.segment(segmenter.encode(image), Prompts(boxes=boxes))
    size = tuple(int(max(1, s*256//max(image.shape[:2]))) for s in image.shape[:2])
    for i, text in enumerate(texts):
        masks = np.stack([found.mask(i, j, size) for j in range(found.logits.shape[1])])
        plain, ours = (ComprehensiveMaskEvaluator(scorer, scoring=s) for s in ('reference', 'odds'))
        a, b, scores = plain.parts(image, masks, text), ours.parts(image, masks, text), {}
        for name, (text_too, size_too, guess_too) in FORMS.items():
            parts = np.stack([(b if text_too else a)[:, 0], a[:, 1], (b if size_too else a)[:, 2], a[:, 3]], 1)
            scores[name] = parts@plain.weights*(found.predicted_iou[i] if guess_too else 1)
        yield masks, scores


def chosen(masks, scores, truth):
    "IoU with `truth` of what each form chooses, and of the best there is."
    small = cv2.resize(truth.astype(np.uint8), masks.shape[:0:-1], interpolation=cv2.INTER_AREA) > 0
    iou = mask_iou(masks, small[None])[:, 0]
    return {name: iou[s.argmax()] for name, s in scores.items()} | dict(best=iou.max())


def staged(setting, photos):
    "A row per present thing of staged photos: photo, IoU by form."
    for kind in (k for k in STAGED_KINDS if k != 'absent'):
        for seed in range(photos):
            photo = stage_photo(kind, seed)
            scorer, _, segmenter = standin_engines(Stage(photo), setting)
            for truth in photo.truth(photo.asked)[:1]:
                for found in scored(scorer, segmenter, photo.image, mask_to_box(truth)[None], [photo.asked]):
                    yield f'{kind}{seed}', chosen(*found, truth)


def objects_of(labels, whole_classes):
    "Masks of at least 1 % of the photo and their phrases: five objects, or the largest piece of each class."
    if not whole_classes:
        return [(m, p) for m, p, crowd in zip(labels.masks, labels.phrases, labels.crowd)
                if m.mean() > .01 and not crowd][:5]
    found = []
    for phrase in labels.present:
        _, pieces, stats, _ = cv2.connectedComponentsWithStats(labels.mask(phrase).astype(np.uint8))
        if len(stats) > 1: found.append((pieces == 1 + stats[1:, cv2.CC_STAT_AREA].argmax(), phrase))
    return [(m, p) for m, p in found if m.mean() > .01]


def labelled(photos, whole_classes):
    "The same for the embedded engines on labelled photos."
    from airl.lite import LiteScorer, LiteSegmenter
    scorer, segmenter, rng = LiteScorer(), LiteSegmenter(), np.random.default_rng(0)
    for truth in photos:
        image, objects = truth.image(), objects_of(truth.labels(), whole_classes)
        if not objects: continue
        boxes = np.stack([mask_to_box(m) for m, _ in objects])
        boxes = clip_boxes(boxes + rng.normal(0, .04, boxes.shape)*np.tile(boxes[:, 2:] - boxes[:, :2], 2),
                           image.shape[:2])
        for (mask, _), found in zip(objects, scored(scorer, segmenter, image, boxes, [p for _, p in objects])):
            yield truth.name, chosen(*found, mask)


def table(title, rows, found):
    "Print the forms of one set; their figures go into `found`."
    names, ious = zip(*rows)
    who, rng = np.unique(names, return_inverse=True)[1], np.random.default_rng(0)
    count = np.bincount(who)
    print(f'{title}: {len(ious)} objects of {len(count)} photos, the best candidates have '
          f'{np.mean([i["best"] for i in ious]):.4f}')
    for form in FORMS:
        gain = np.bincount(who, [i[form] - i['reference'] for i in ious])
        draws = [gain[k].sum()/count[k].sum() for k in rng.integers(0, len(count), (1000, len(count)))]
        low, high, mean = *np.percentile(draws, (2.5, 97.5)), np.mean([i[form] for i in ious])
        print(f'  {form:18} {mean:.4f} ({gain.sum()/len(ious):+.4f} [{low:+.4f}, {high:+.4f}])', flush=True)
        found.append((f'mask_choice.{title}.{form}', mean,
                      dict(gain=round(gain.sum()/len(ious), 4), interval=[round(low, 4), round(high, 4)], n=len(ious))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', nargs='?', default=os.environ.get('AIRL_DATA', ''))
    parser.add_argument('--photos', type=int, default=100)
    parser.add_argument('--every', type=int, default=1)
    args, found = parser.parse_args(), []
    for name in SETTINGS: table(name, list(staged(name, args.photos)), found)
    for folder, read in (('more/coco_full', read_coco), ('voc_official', read_voc)):
        if not (Path(args.data)/folder).is_dir(): print(f'{folder}: skipped, DATA has none')
        else:
            table(Path(folder).name, list(labelled(read(Path(args.data)/folder)[::args.every], read is read_voc)),
                  found)
    for name, value, rest in found: figure(name, value, **rest)


if __name__ == '__main__': main()
