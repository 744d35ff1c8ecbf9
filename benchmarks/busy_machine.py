"""What does a busy neighbour cost? A photo of 1,024 pixels by the embedded engines, beside one process that never
rests.

Three ways: torch's threads spin while they wait for each other (the default), they sleep (OMP_WAIT_POLICY=PASSIVE, as
the command
line sets it), or there is one thread. Each in a process of its own, warm, the median of five photos.
Run: python benchmarks/busy_machine.py. Ends with a table and JSON lines; how much there is to win depends on the
machine.
"""
import json
import os
import statistics
import subprocess
import sys
import time

from _figures import figure

WAYS = dict(spinning={}, sleeping=dict(OMP_WAIT_POLICY='PASSIVE'), one_thread=dict(OMP_NUM_THREADS='1'))


def photos():
    "Seconds a photo, in this process."
    import cv2
    from airl.photos import sample_photo
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    pipeline, photo, times = TextDrivenSegmentationPipeline('lite'), cv2.resize(sample_photo('coffee'), (1024, 683)), []
    for k in range(6):
        photo = photo.copy()
        photo[k] = 0      # another photo each time: nothing is remembered
        start = time.perf_counter()
        pipeline.segment_image(photo, 'a cup')
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main():
    if sys.argv[1:] == ['--here']: return print(json.dumps(photos()))
    plain = {k: v for k, v in os.environ.items() if k not in ('OMP_WAIT_POLICY', 'OMP_NUM_THREADS')}
    busy, found = subprocess.Popen([sys.executable, '-c', 'while True: pass']), {}
    try:
        for way, more in WAYS.items():
            done = subprocess.run([sys.executable, __file__, '--here'], env=plain | more,
                                  capture_output=True, text=True, check=True)
            found[way] = json.loads(done.stdout.splitlines()[-1])
            print(f'{way:12} {found[way]:6.2f} s a photo', flush=True)
    finally: busy.kill()
    figure('busy_machine.spinning_over_sleeping', found['spinning']/found['sleeping'],
           **{k: round(v, 2) for k, v in found.items()})


if __name__ == '__main__': main()
