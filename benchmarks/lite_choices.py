"""What is each choice in the embedded engines worth? Mean IoU with it less mean IoU without it, on the labelled photos that chose.

    python benchmarks/lite_choices.py [DATA] [--every k]

DATA ($AIRL_DATA if it is not given) holds coco/dev and voc/dev; their fifth fold (`airl.truth.folds`) is asked: every class of the
set of every photo (IoU where the class is there; AUC of presence over all), and for each COCO object that is no crowd and covers at
least 2 % of its photo its true box and one click in its middle. The heads have seen these photos, so the means flatter and only
differences count; each comes with its paired 95 % interval over photos. Presence is calibrated for the engines as they are.
--every 5 asks a fifth of the photos. Ends with one JSON line a choice.
"""
import argparse
import os
from contextlib import contextmanager

import numpy as np
from _figures import figure

from airl import lite_cutter, lite_net
from airl.benchmark import bench, compare
from airl.truth import folds, read_coco, read_voc


def best_look(ways, logits, iou, size):
    "What the surest of several looks at a click says, instead of the mean of all."
    best = iou[:, 0].argmax()
    return logits[best], iou[best], ways[best]['frame']


as_it_is = lite_net.read_with       # also while something else stands in its place


def two_sizes(head, image, _):
    "The mean of a reading at 512 and one at 640 pixels."
    import torch
    small, large = (as_it_is(head, image, side) for side in (512, 640))
    same = torch.nn.functional.interpolate(torch.from_numpy(large.maps).exp()[None], small.maps.shape[1:], mode='bilinear', antialias=True)[0].numpy()
    small.maps, small.here = np.log((np.exp(small.maps) + same)/2 + 1e-9), (small.here + large.here)/2
    return small


CHOICES = [('one_size_instead_of_two', 'text', lite_net, dict(read_with=two_sizes)),
           ('rough_mask_in_the_answer', 'text', lite_cutter, dict(PRIOR_WEIGHT=0)),
           ('kept_to_the_box', 'box', lite_cutter, dict(_fill=lambda logits, box, frame: logits)),
           ('handicap_of_tight_and_loose', 'box', lite_cutter, dict(HANDICAP=0)),
           ('mean_of_looks_at_a_click', 'click', lite_cutter, dict(_average=best_look))]


@contextmanager
def instead(module, **changes):
    "The engines with other parts for a while."
    before = {name: getattr(module, name) for name in changes}
    for name, value in changes.items(): setattr(module, name, value)
    lite_net.READINGS.made.clear()
    try: yield
    finally:
        for name, value in before.items(): setattr(module, name, value)
        lite_net.READINGS.made.clear()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', nargs='?', default=os.environ.get('AIRL_DATA'))
    parser.add_argument('--every', type=int, default=1)
    args = parser.parse_args()
    if not args.data: return print('skipped: neither DATA nor $AIRL_DATA is given')
    fifth = {name: [t for t, fold in zip(photos, folds([t.name for t in photos])) if fold == 4][::args.every]
             for name, photos in (('voc', read_voc(f'{args.data}/voc/dev')), ('coco', read_coco(f'{args.data}/coco/dev')))}
    now, found = {}, []
    for choice, task, module, without in CHOICES:
        for name in ('voc', 'coco') if task == 'text' else ('coco',):
            if (name, task) not in now: now[name, task] = bench(fifth[name], task, 'lite')
            with instead(module, **without): other = bench(fifth[name], task, 'lite')
            gain, a, b = compare(other, now[name, task]), other.figures(), now[name, task].figures()
            rest = dict(interval=[round(gain.low, 4), round(gain.high, 4)], n=gain.n, without=round(a['miou'], 4), with_it=round(b['miou'], 4))
            if task == 'text': rest |= dict(auc_without=a['presence_auc'], auc_with_it=b['presence_auc'])
            found.append((f'lite_choices.{choice}.{name}_{task}', gain.mean, rest))
            print(f'{choice:32} {name:4} {task:5} {a["miou"]:.4f} → {b["miou"]:.4f} ({gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}], n={gain.n})', flush=True)
    for name, value, rest in found: figure(name, value, **rest)


if __name__ == '__main__': main()
