"""Does a second worker pay, and does Ray cost?

    python benchmarks/batch_speed.py [--photos 200] [--rounds 3] [--no-ray]

The photos of $AIRL_DATA/coco (without it: scikit-image's, in several sizes), asked for three things by the embedded
engines:
one worker process with one thread, two of them, and two Ray actors with one thread each; in turn, round after round,
on the
same two cores. Starting the processes that hold the models is part of the time everywhere. Ray and Ray Data are
started before,
as on a cluster that is there, and the seconds that takes are told by themselves: they count for a handful of photos,
not for
many. Rows are compared, times aside. Ends with a table and JSON lines.
"""
import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from airl.batch import segment_folder
from airl.manifest import read_manifest
from airl.photos import resize_longest, sample_photo, save_image

PROMPTS = ['a person', 'a dog', 'a car']


def photos(folder, n):
    "A folder with `n` photos: links to labelled ones, or samples in several sizes."
    labelled = sorted(Path(os.environ['AIRL_DATA']).glob('coco/*/images/*.jpg')) if 'AIRL_DATA' in os.environ else []
    folder.mkdir()
    for k in range(n):
        if labelled: (folder/f'{k:05d}.jpg').symlink_to(labelled[k % len(labelled)].resolve())
        else:
            save_image(folder/f'{k:05d}.jpg',
                       resize_longest(sample_photo(('cat', 'coffee', 'astronaut', 'motorcycle')[k % 4]), 400 + k % 100))
    return folder


def start_ray():
    "Start Ray, and the helpers that its data pipelines share; seconds."
    start = time.perf_counter()
    import ray, ray.data
    ray.init(num_cpus=3, object_store_memory=1 << 30, include_dashboard=False, log_to_driver=False,
             logging_level='ERROR')
    ray.data.DataContext.get_current().enable_progress_bars = False
    ray.data.range(8).map_batches(lambda batch: batch).materialize()
    return time.perf_counter() - start


def rows(out):
    "What must be equal, whoever computed it."
    table = read_manifest(out).drop(['seconds']).to_pylist()
    return sorted(table, key=lambda r: (r['image'], r['prompt'], -1 if r['instance'] is None else r['instance']))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--photos', type=int, default=200)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--no-ray', action='store_true')
    args = parser.parse_args()
    ways = dict(one=dict(workers=1), two=dict(workers=2), ray=dict(workers=2, engine='ray'))
    if args.no_ray: del ways['ray']
    else:
        print(f'Ray and Ray Data started in {start_ray():.1f} s', flush=True)
    seconds, answers = {way: [] for way in ways}, {}
    with tempfile.TemporaryDirectory() as tmp:
        source = photos(Path(tmp)/'photos', args.photos)
        for turn in range(args.rounds):
            for way, how in ways.items():
                out = Path(tmp)/f'{way}-{turn}'
                summary = segment_folder(source, PROMPTS, out, models='lite', threads=1,
                                         device='cpu', progress=False, **how)
                assert summary.images == args.photos and not summary.failed, summary
                seconds[way].append(summary.seconds)
                answers[way] = rows(out)
                print(f'round {turn + 1}, {way}: {summary.seconds:.1f} s, waited for photos {summary.waited:.1f} s',
                      flush=True)
    print(f'\n{"way":<6} {"seconds":>8} {"photos/s":>9}  against one worker')
    median = {way: statistics.median(s) for way, s in seconds.items()}
    for way, s in median.items(): print(f'{way:<6} {s:>8.1f} {args.photos/s:>9.2f}  {median["one"]/s:.2f}x')
    gain = statistics.median(a/b for a, b in zip(seconds['one'], seconds['two']))
    shared = dict(photos=args.photos, rounds=args.rounds, cores=os.cpu_count())
    print(json.dumps(dict(name='batch_speed.two_workers', value=round(gain, 3), target=1.7,
                          rows_equal=answers['one'] == answers['two'], **shared,
                          ok=gain >= 1.7 and answers['one'] == answers['two'])))
    if 'ray' in ways:
        cost = statistics.median(a/b for a, b in zip(seconds['ray'], seconds['two']))
        print(json.dumps(dict(name='batch_speed.ray_over_local', value=round(cost, 3),
                              target=1.25, rows_equal=answers['ray'] == answers['two'], **shared,
                              ok=cost <= 1.25 and answers['ray'] == answers['two'])))


if __name__ == '__main__': main()
