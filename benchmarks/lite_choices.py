"""What is each choice in the embedded engines worth? Mean IoU with it less mean IoU without it, on the labelled photos
that chose.

    python benchmarks/lite_choices.py [DATA] [--every k]

DATA ($AIRL_DATA if it is not given) holds more/. Asked is the fifth fold (`airl.truth.folds`), which the shipped
networks have not
seen: every class of the set of every photo of coco_full and of those of voc_sbd with official masks (IoU where the
class is there; AUC
of presence over all), and for each COCO object that is no crowd and covers at least 2 % of its photo its true box and
one click in its
middle. Each difference comes with its paired 95 % interval over photos. Presence is calibrated for the engines as they
are.
--every 5 asks a fifth of the photos. Ends with one JSON line a choice.
"""
import argparse
import os
from contextlib import contextmanager

import numpy as np
from _figures import figure

from lite_folds import photos_of

from airl import lite, lite_cutter, lite_net
from airl.benchmark import bench, compare


def best_look(ways, logits, iou, size):
    "What the surest of several looks at a click says, instead of the mean of all."
    best = iou[:, 0].argmax()
    return logits[best], iou[best], ways[best]['frame']


as_it_is = lite_net.read_with       # also while something else stands in its place


def by(part=None, views=lite_net.VIEWS):
    "A reading by one of the two heads, or in other views."
    return lambda heads, image: as_it_is(heads if part is None else OneHead(getattr(heads, part)), image, views)


class OneHead(lite_net.nn.Module):
    "One head in the place of both, its answers in the same form."
    def __init__(self, head):
        super().__init__()
        self.head = head
    def forward(self, *features): return self.head(*features)


CHOICES = [('both_heads_not_the_plain', 'text', lite_net, dict(read_with=by('plain'))),
           ('both_heads_not_the_other', 'text', lite_net, dict(read_with=by('trained_along'))),
           ('three_views_not_640_mirrored', 'text', lite_net, dict(read_with=by(views=((640, False), (640, True))))),
           ('three_views_not_one', 'text', lite_net, dict(read_with=by(views=((640, False),)))),
           ('named_as_a_whole', 'text', lite, dict(evened=lambda reading: np.exp(reading.maps))),
           ('pieces_end_at_a_quarter', 'text', lite, dict(THRESHOLD=.35)),
           ('rough_mask_in_the_answer', 'text', lite_cutter, dict(PRIOR_WEIGHT=0)),
           ('rough_mask_counts_less', 'text', lite_cutter, dict(PRIOR_WEIGHT=1.3)),
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
    fifth = {name: photos_of(args.data, f'more/{name}', objects=False)[::args.every]
             for name in ('voc_sbd', 'coco_full')}
    now, found = {}, []
    for choice, task, module, without in CHOICES:
        for name in ('voc_sbd', 'coco_full') if task == 'text' else ('coco_full',):
            if (name, task) not in now: now[name, task] = bench(fifth[name], task, 'lite')
            with instead(module, **without): other = bench(fifth[name], task, 'lite')
            gain, a, b = compare(other, now[name, task]), other.figures(), now[name, task].figures()
            rest = dict(interval=[round(gain.low, 4), round(gain.high, 4)], n=gain.n,
                        without=round(a['miou'], 4), with_it=round(b['miou'], 4))
            if task == 'text': rest |= dict(auc_without=a['presence_auc'], auc_with_it=b['presence_auc'])
            found.append((f'lite_choices.{choice}.{name}_{task}', gain.mean, rest))
            print(f'{choice:32} {name:9} {task:5} {a["miou"]:.4f} → {b["miou"]:.4f} ({gain.mean:+.4f} '
                  f'[{gain.low:+.4f}, {gain.high:+.4f}], n={gain.n})', flush=True)
    for name, value, rest in found: figure(name, value, **rest)


if __name__ == '__main__': main()
