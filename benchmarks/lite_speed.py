"""How long do the embedded engines take from a file of 1,024 pixels to the result, and how much memory?

Warm, the median of eight photos, nothing remembered from one to the next; beside it the ratio to one forward of
ViT-B/16 (timm's,
one photo of 224 pixels), and the process's peak of resident memory before that network is loaded. Nothing else should
run.
Run: python benchmarks/lite_speed.py. Ends with JSON lines.
"""
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from _figures import figure


def main():
    import cv2
    import torch
    from airl.benchmark import yardstick
    from airl.photos import sample_photo, save_image
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    photo, times = cv2.resize(sample_photo('coffee'), (1024, 683)), []
    pipeline = TextDrivenSegmentationPipeline('lite')
    with tempfile.TemporaryDirectory() as folder:
        for k in range(9):
            photo[0, k] = k                      # another photo each time
            save_image(path := Path(folder)/f'{k}.jpg', photo)
            start = time.perf_counter()
            pipeline.segment_image(path, 'a cup')
            times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/(1e6 if sys.platform == 'darwin' else 1e3)
    seconds = statistics.median(times[1:])
    figure('lite_speed.seconds_a_photo', seconds, .5, at_most=True, fastest=round(min(times), 3),
           slowest=round(max(times[1:]), 3), threads=torch.get_num_threads())
    figure('lite_speed.vit_b16_forwards', seconds/yardstick())
    figure('lite_speed.peak_mb', peak, 1000, at_most=True)


if __name__ == '__main__': main()
