"""What J&F do trackers reach on DAVIS 2016 sequences, from the first frame's true mask and from text alone?

Rows: the first mask standing still, plain optical flow without a second look, FlowTracker, and text alone (lite
engines).
As DAVIS does, the first and last frame are left out where the first was given; from text alone every frame counts.
Needs $AIRL_DATA/davis. Run: python benchmarks/video_davis.py [dev|test ...] [--no-text]. Ends with a table and JSON
lines.
"""
import argparse
import os
from pathlib import Path

import numpy as np
from _figures import figure

from airl.flow_tracker import FlowTracker, flow_back, pull, small_grey
from airl.measures import score_clip
from airl.truth import read_davis


def still(frames, first): return [first]*len(frames)


def plain_flow(frames, first):
    "The mask pulled along the flow from frame to frame and nothing else."
    masks, grey = [first.astype(np.float32)], small_grey(frames[0])
    for frame in frames[1:]:
        before, grey = grey, small_grey(frame)
        masks.append(pull(masks[-1], flow_back(before, grey, frame.shape[:2])[0]))
    return [m > .5 for m in masks]


def flow_tracker(frames, first):
    "FlowTracker from the true mask."
    tracker = FlowTracker()
    tracker.start(frames[0])
    (i,) = tracker.add(first[None])
    return [first, *(tracker.step(frame)[i] for frame in frames[1:])]


def from_text(frames, text):
    "All that the lite engines find for the text."
    from airl.video import segment_stream
    return [np.any([*r.masks.values(), np.zeros(r.image.shape[:2], bool)], axis=0)
            for r in segment_stream(frames, text, models='lite')]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('splits', nargs='*', default=['dev', 'test'])
    parser.add_argument('--no-text', action='store_true')
    args = parser.parse_args()
    if 'AIRL_DATA' not in os.environ:
        raise SystemExit('This needs labelled videos: export AIRL_DATA=FOLDER with davis in it.')
    rows = []
    for split in args.splits or ['dev', 'test']:
        for clip in read_davis(Path(os.environ['AIRL_DATA'])/'davis', split):
            frames, truths = [f.image() for f in clip.frames], [f.labels().mask(clip.phrase) for f in clip.frames]
            row = dict(split=split, clip=clip.name, frames=len(frames))
            for follow in (still, plain_flow, flow_tracker):
                score = score_clip(follow(frames, truths[0])[1:-1], truths[1:-1])
                row[follow.__name__] = round(score.jf, 4)
            if not args.no_text:
                row |= dict(phrase=clip.phrase,
                            from_text=round(score_clip(from_text(frames, clip.phrase), truths).jf, 4))
            rows.append(row)
            print(row, flush=True)
    kinds = [k for k in ('still', 'plain_flow', 'flow_tracker', 'from_text') if k in rows[0]]
    print(f'\n{"":26}' + ''.join(f'{k:>14}' for k in kinds))
    for row in rows: print(f'{row["split"]:5}{row["clip"]:21}' + ''.join(f'{row[k]:14.3f}' for k in kinds))
    for split in dict.fromkeys(r['split'] for r in rows):
        print(f'{split:26}' + ''.join(f'{np.mean([r[k] for r in rows if r["split"] == split]):14.3f}' for k in kinds))
    for split in dict.fromkeys(r['split'] for r in rows):
        of = [r for r in rows if r['split'] == split]
        for k in kinds:
            figure(f'video_davis.{split}.{k}', np.mean([r[k] for r in of]),
                   .7 if (split, k) == ('dev', 'flow_tracker') else None, clips=len(of))
        for r in of:
            figure(f'video_davis.{split}.{r["clip"]}.lead_over_trivial',
                   r['flow_tracker'] - max(r['still'], r['plain_flow']), 0., **r)


if __name__ == '__main__': main()
