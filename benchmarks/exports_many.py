"""How long do exports of 10,000 objects take?

    python benchmarks/exports_many.py [--photos 500] [--objects 20]

A manifest that is written without engines, discs in pictures of noise, then each format and the page of a batch once.
The bound: 60 seconds a format
at 10,000 objects, on one core.
"""
import argparse
import sys
import tempfile
from pathlib import Path

from _figures import figure, seconds
from airl.exports import FORMATS, export_dataset, gallery

sys.path.insert(0, str(Path(__file__).parents[1]/'tools'))
from planted import plant

QUICK = '--photos 100'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--photos', type=int, default=500)
    parser.add_argument('--objects', type=int, default=20)
    args = parser.parse_args()
    n = args.photos*args.objects
    with tempfile.TemporaryDirectory() as home:
        out = plant(Path(home)/'out', [f'{k:05}.png' for k in range(args.photos)],
                    objects=args.objects, side=(240, 320))
        for name in FORMATS:
            figure(f'exports_many.{name}_ms_per_object', 1000*seconds(export_dataset, out, name)/n,
                   6., at_most=True, objects=n)
        figure('exports_many.gallery_seconds', seconds(gallery, out), at_most=True, objects=n)
        assert len(list((out/'masks').rglob('*.png'))) == n


if __name__ == '__main__': main()
