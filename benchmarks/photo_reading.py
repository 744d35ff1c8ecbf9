"""What does reading a photo of 12 megapixels cost over Pillow alone?

    python benchmarks/photo_reading.py [--rounds 11]

`load_photo` against Pillow's own opening and decoding to RGB, and OpenCV's `imread`, on the same JPEG, PNG and a JPEG
that lies on its side (EXIF), in turn.
The bound: 1.15 × Pillow, orientation and colour profile included.
"""
import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from _figures import in_turn, spread
from airl.photos import load_photo
from PIL import Image, ImageOps

QUICK = '--rounds 3'


def photos(folder: Path) -> dict[str, Path]:
    "3,000 by 4,000 pixels: a blurred noise, which compresses as a photo does."
    rng = np.random.default_rng(0)
    image = Image.fromarray(cv2.resize(rng.integers(0, 256, (375, 500, 3), np.uint8),
                                       (4000, 3000), interpolation=cv2.INTER_CUBIC))
    paths = {name: folder/f'{name}.{"png" if name == "png" else "jpg"}' for name in ('jpeg', 'turned', 'png')}
    exif = image.getexif()
    image.save(paths['jpeg'], quality=90), image.save(paths['png'], compress_level=1)
    exif[0x0112] = 6
    image.save(paths['turned'], quality=90, exif=exif)
    return paths


def by_pillow(path):
    with Image.open(path) as image: return np.asarray(ImageOps.exif_transpose(image).convert('RGB'))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=11)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        for name, path in photos(Path(home)).items():
            assert np.array_equal(load_photo(path), by_pillow(path)), name
            took = in_turn(args.rounds, airl=lambda path=path: load_photo(path),
                           pillow=lambda path=path: by_pillow(path), opencv=lambda path=path: cv2.imread(str(path)))
            spread(f'photo_reading.{name}_ratio_to_pillow', [a/b for a, b in zip(took['airl'], took['pillow'])], 1.15)
            spread(f'photo_reading.{name}_ratio_to_opencv', [a/b for a, b in zip(took['airl'], took['opencv'])])
            spread(f'photo_reading.{name}_seconds', took['airl'])


if __name__ == '__main__': main()
