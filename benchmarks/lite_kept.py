"""How good are the embedded engines on what was kept apart, beyond what `airl bench` measures?

    python benchmarks/lite_kept.py [DATA] [--parts outlines band names]

outlines: things of SAM 2's demo photos and of the demo, traced by hand, asked for by their words. band: true boxes of
the objects of
coco/test of at least 2 %; mean IoU of the whole mask and within 4 % of the square root of its area of its outline.
names: whether
the network that names ImageNet's classes is, byte for byte, that of the version before. `benchmarks/video_davis.py
test` has J&F.
DATA ($AIRL_DATA if it is not given) holds sam2_demo and coco/test, which are to be read once. Ends with one JSON line
a figure.
"""
import argparse
import hashlib
import json
import os
from pathlib import Path

import cv2
import numpy as np
from _figures import figure
from lite_folds import ask_objects

# SHA-256 of lite0.safetensors at commit 21bc58e
NETWORK = '985f39fe9da103a16ba04c34ff690c48972d975fad8e217529685119639b43b6'
ASKED = dict(cat=.93, cup=.85, truck=.80, groceries=.50, cars=.88)               # at least, by photo


def filled(rings, size):
    "What some polygons enclose; each outline may be a polygon or a list of them."
    out = np.zeros(size, np.uint8)
    for ring in rings:
        each = ring if isinstance(ring[0][0], list) else [ring]
        for polygon in each: cv2.fillPoly(out, [np.round(polygon).astype(np.int32)], 1)
    return out > 0


def traced_photos(folder):
    "(name, photo, text, mask, what does not count) of everything that was traced by hand."
    from airl.demo import traced
    from airl.photos import load_photo
    for name in ('cat', 'cup'):
        image, text, truth = traced(name)
        yield name, image, text, truth, np.zeros(truth.shape, bool)
    told = json.loads((folder/'outlines.json').read_text())['photos']
    for file, things in told.items():
        image = np.asarray(load_photo(folder/'images'/file))
        for text, thing in things.items():
            yield Path(file).stem, image, text, *(filled(thing.get(kind) or [], image.shape[:2])
                                                  for kind in ('outlines', 'void'))


def outlines(data):
    "IoU of the answer to each text with what was traced."
    from airl.measures import iou
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    pipeline = TextDrivenSegmentationPipeline('lite', instances='all')
    for name, image, text, truth, void in traced_photos(data/'sam2_demo'):
        result = pipeline.segment_image(image, text)
        figure(f'IoU of {text} ({name})', iou(result.mask, truth, void), ASKED.get(name),
               presence=round(float(result.presence[text]), 3))


def band(data):
    "Mean IoU of the masks of true boxes, whole and around the outline."
    from airl.lite import lite_engines
    from airl.measures import interval
    from airl.truth import read_coco
    *_, segmenter = lite_engines()
    rows = [(t.name, row) for t in read_coco(data/'coco'/'test') for row in ask_objects(t, 'box', segmenter)]
    for kind, least in (('iou', .80), ('band', .64)):
        mean = interval([row[kind] for _, row in rows], [photo for photo, _ in rows])
        figure(f'true box, coco/test: {kind}', mean.value, least, low=round(mean.low, 4),
               high=round(mean.high, 4), n=len(rows))


def names(data):
    "1 where the naming network is that of the version before, so that it says the same of every photo."
    from airl.weights import shipped
    figure('the naming network is unchanged',
           hashlib.sha256(shipped('lite0.safetensors').read_bytes()).hexdigest() == NETWORK, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('data', nargs='?', default=os.environ.get('AIRL_DATA'), type=Path)
    parser.add_argument('--parts', nargs='+', choices=('outlines', 'band', 'names'),
                        default=['outlines', 'band', 'names'])
    asked = parser.parse_args()
    if asked.data is None: parser.error('say where the photos are: DATA, or $AIRL_DATA')
    for part in asked.parts: dict(outlines=outlines, band=band, names=names)[part](asked.data)


if __name__ == '__main__': main()
