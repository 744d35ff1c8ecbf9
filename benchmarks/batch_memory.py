"""Does a long run need more memory than a short one?

    python benchmarks/batch_memory.py [--photos 2000] [--workers 1]

Labels links to the photos of $AIRL_DATA/coco (without it: scikit-image's), repeated as often as need be, and reads the
resident
memory of the process and its workers twice a second. Compares the peak of the second quarter of the run with that of
the last.
Ends with a table and one JSON line.
"""
import argparse
import json
import tempfile
import threading
import time
from pathlib import Path

import psutil
from batch_speed import PROMPTS, photos

from airl.batch import segment_folder


def resident():
    "Bytes of this process and of those below it."
    mine, total = psutil.Process(), 0
    for process in (mine, *mine.children(recursive=True)):
        try: total += process.memory_info().rss
        except psutil.NoSuchProcess: pass
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--photos', type=int, default=2000)
    parser.add_argument('--workers', type=int, default=1)
    args, samples, over = parser.parse_args(), [], threading.Event()
    def sample():
        while not over.wait(.5): samples.append((time.monotonic(), resident()))
    with tempfile.TemporaryDirectory() as tmp:
        source = photos(Path(tmp)/'photos', args.photos)
        sampler = threading.Thread(target=sample, daemon=True)
        sampler.start()
        start = time.monotonic()
        summary = segment_folder(source, PROMPTS, Path(tmp)/'out', models='lite',
                                 workers=args.workers, device='cpu', progress=False)
        end = time.monotonic()
        over.set()
        sampler.join()
    quarter = [max((rss for at, rss in samples if start + k*(end - start)/4 <= at < start + (k + 1)*(end - start)/4),
                   default=0) for k in range(4)]
    print(summary.sentence())
    for k, rss in enumerate(quarter, 1): print(f'quarter {k}: peak {rss/1e6:,.0f} MB')
    growth = quarter[3]/quarter[1] - 1
    print(json.dumps(dict(name='batch_memory.growth', value=round(growth, 4), target=.03,
                          photos=summary.images, workers=args.workers,
                          peaks_mb=[round(q/1e6) for q in quarter], ok=growth <= .03
                          and summary.images == args.photos and not summary.failed)))


if __name__ == '__main__': main()
