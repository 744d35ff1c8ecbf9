"""How many frames a second does FlowTracker follow at 480p?

A disc of a fifth of the picture's height over a grainy ground at 854 x 480 (or the first DAVIS sequence of dev with
--davis), one and four objects.
A step is timed against one call of LiteSegmenter and one DIS flow of the same frame, all taking turns, so that the
ratios
hold on a busy machine too; then all of segment_video, files written. The bound is 8 frames/s on two idle cores.
Run: python benchmarks/video_speed.py [--davis] [--frames 40]. Ends with a table and JSON lines.
"""
import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from _figures import figure

from airl.flow_tracker import FlowTracker, flow_back, small_grey
from airl.lite_cutter import LiteSegmenter
from airl.regions import mask_to_box
from airl.scene import Prompts
from airl.video import segment_video


def painted(n, size=(480, 854), r=50):
    "Frames and masks of a disc that moves over a ground."
    rng = np.random.default_rng(0)
    ground = cv2.GaussianBlur(rng.integers(0, 255, (*size, 3)).astype(np.uint8), (0, 0), 3)
    disc = cv2.GaussianBlur(rng.integers(0, 255, (*size, 3)).astype(np.uint8), (0, 0), 3)//2 + np.uint8([110, 20, 20])
    yy, xx = np.mgrid[:size[0], :size[1]]
    masks = [(xx - 120 - 8*k)**2 + (yy - 200 - 2*k)**2 <= r*r for k in range(n)]
    return [np.where(m[..., None], np.roll(disc, (2*k, 8*k), (0, 1)), ground) for k, m in enumerate(masks)], masks


def recorded(n):
    "Frames and masks of a DAVIS sequence."
    from airl.truth import read_davis
    clip = read_davis(Path(os.environ['AIRL_DATA'])/'davis')[0]
    return [f.image() for f in clip.frames[:n]], [f.labels().mask(clip.phrase) for f in clip.frames[:n]]


def seconds(job, *given):
    start = time.perf_counter()
    job(*given)
    return time.perf_counter() - start


class Given:
    "A pipeline that gives the first true mask."
    preset, why = 'given', ''

    def __init__(self, mask): self.mask, self.asked = mask, 0

    def segment_image(self, image, text):
        from airl.scene import Instance, MaskScore, SegmentationResult
        self.asked += 1
        return SegmentationResult(image, [text],
                                  [Instance(self.mask, text, MaskScore(1, 1, 1, 1, 1), 1., 1.)][:self.asked == 1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--davis', action='store_true')
    parser.add_argument('--frames', type=int, default=40)
    args = parser.parse_args()
    frames, masks = recorded(args.frames) if args.davis else painted(args.frames)
    one, four, segmenter = FlowTracker(), FlowTracker(), LiteSegmenter()
    for tracker, n in ((one, 1), (four, 4)):
        tracker.start(frames[0])
        tracker.add(np.stack([masks[0]]*n))
    cut_out = lambda frame, mask: segmenter.segment(segmenter.encode(frame), Prompts(boxes=mask_to_box(mask)[None]))
    times = {k: [] for k in ('step', 'step_of_four', 'segmenter', 'flow')}
    for before, frame, mask in zip(frames, frames[1:], masks[1:]):
        greys = small_grey(before), small_grey(frame)
        times['step'].append(seconds(one.step, frame))
        times['step_of_four'].append(seconds(four.step, frame))
        times['segmenter'].append(seconds(cut_out, frame, mask))
        times['flow'].append(seconds(flow_back, *greys, frame.shape[:2]))
    median = {k: float(np.median(v)) for k, v in times.items()}
    with tempfile.TemporaryDirectory() as tmp:
        whole = seconds(lambda: segment_video(frames, 'it', tmp, pipeline=Given(masks[0]),
                                              every=10**6, progress=False))/len(frames)
    row = dict(what='480p', source='davis' if args.davis else 'painted', frames=len(frames),
               threads=torch.get_num_threads(),
               load=round(os.getloadavg()[0], 2), step_fps=1/median['step'], four_objects_fps=1/median['step_of_four'],
               with_files_fps=1/whole,
               best_step_fps=1/min(times['step']), step_over_segmenter=median['step']/median['segmenter'],
               step_over_flow=median['step']/median['flow'], four_over_one=median['step_of_four']/median['step'])
    for k, v in row.items(): print(f'{k:24}{v:.2f}' if isinstance(v, float) else f'{k:24}{v}')
    about = {k: v for k, v in row.items() if not isinstance(v, float) or k == 'load'}
    for k, v in row.items():
        if k not in about: figure(f'video_speed.{k}', v, 8. if k == 'step_fps' else None, **about)


if __name__ == '__main__': main()
