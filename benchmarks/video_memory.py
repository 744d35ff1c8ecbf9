"""Does memory grow with the length of a video?

The resident memory of a child process after 100 and after 1,000 frames of 240 x 320, for every tracker: FlowTracker
within
segment_video, every file written, and the real architectures, slimmed, at random weights: SAM2Tracker, and for EdgeTAM
and SAM 3
(which looks for two phrases in every frame, and meets new objects) the peak until then. The bound is a ratio of 1.1.
For
comparison SAM 2's own predictor and the library's own session of SAM 3, which keep everything.
Run: python benchmarks/video_memory.py [--frames 1000] [--only TEXT]. Ends with a table and JSON lines.
"""
import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
from _figures import figure
from _notebook import from_notebook

BOUND = 1.1
SLIM = [f'++model.image_encoder.{k}' for k in ('trunk.embed_dim=16', 'trunk.stages=[1,1,2,1]',
                                               'trunk.global_att_blocks=[3]',
                                               'neck.backbone_channel_list=[128,64,32,16]')] + [
    '++model.image_size=128']


def frames(n, size=(240, 320), r=30):
    "A red disc that goes to and fro over a grainy ground, made one frame at a time."
    rng = np.random.default_rng(0)
    ground = rng.integers(60, 200, (*size, 3)).astype(np.uint8)
    yy, xx = np.mgrid[:size[0], :size[1]]
    for k in range(n):
        x, y = size[1]/2 + 90*np.sin(k/25), size[0]/2 + 50*np.cos(k/40)
        inside = (xx - x)**2 + (yy - y)**2 <= r*r
        yield np.where(inside[..., None], np.uint8([200, 40, 40]), ground), inside


class ByColour:
    "A pipeline that finds what is red."
    preset, why = 'ink', ''

    def segment_image(self, image, text):
        from airl.scene import Instance, MaskScore, SegmentationResult
        mask = np.abs(image.astype(int) - [200, 40, 40]).sum(-1) < 30
        return SegmentationResult(image, [text], [Instance(mask, text, MaskScore(1, 1, 1, 1, 1), 1., 1.)])


def resident():
    gc.collect()
    return psutil.Process().memory_info().rss/2**20


def flow(n, early):
    "All of segment_video."
    from airl.video import segment_video
    measured = {}

    def watched():
        for k, (image, _) in enumerate(frames(n)):
            if k in (early, n - 1): measured[k] = resident()
            yield image
    with tempfile.TemporaryDirectory() as tmp:
        result = segment_video(watched(), 'a red disc', tmp, pipeline=ByColour(), progress=False)
        assert result.frames == n and result.objects[0].frames > .9*n
        return measured[early], measured[n - 1], resident()


def slim_sam2():
    import torch
    from sam2.build_sam import build_sam2_video_predictor
    torch.manual_seed(0)
    model = build_sam2_video_predictor('configs/sam2.1/sam2.1_hiera_t.yaml', None, 'cpu', hydra_overrides_extra=SLIM)
    model.fill_hole_area = 0
    return model


def sam2(n, early, trim=True):
    "SAM2Tracker alone, prompted once; without `trim` what the package keeps."
    from airl.sam2_tracker import SAM2Tracker
    tracker, measured = SAM2Tracker(slim_sam2()), {}
    if not trim: tracker._trim = lambda: None
    for k, (image, mask) in enumerate(frames(n)):
        if not k:
            tracker.start(image)
            tracker.add(mask[None])
        else: tracker.step(image)
        if k in (early, n - 1): measured[k] = resident()
    return measured[early], measured[n - 1], resident()


def peak():
    "MiB at most so far."
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/(2**20 if sys.platform == 'darwin' else 2**10)


def weights_of(name, make, **how):
    "The folder of a small network's weights, found as the real ones would be."
    import transformers
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    home = tempfile.mkdtemp()
    os.environ.update(AIRL_WEIGHTS=home, AIRL_OFFLINE='1')
    make(Path(home)/name, **how)


def peaks(n, early, first, following):
    measured = {}
    for k, (image, mask) in enumerate(frames(n)):
        following(image) if k else first(image, mask)
        if k in (early, n - 1): measured[k] = peak()
    return measured[early], measured[n - 1], resident()


def edgetam(n, early):
    "EdgeTAM, one object prompted once."
    import torch
    import transformers

    from airl.session_tracker import SessionTracker
    weights_of('edgetam', *from_notebook('14g_session_tracker', 'tiny_edgetam',
                                         given=dict(torch=torch, transformers=transformers)))
    tracker = SessionTracker('edgetam', 'cpu')

    def first(image, mask):
        tracker.start(image)
        tracker.add(mask[None])
    return peaks(n, early, first, tracker.step)


def slim_sam3():
    "SAM 3's weights, at thresholds at which random ones find something; and what makes their queries differ."
    import torch
    import transformers
    from tokenizers import pre_tokenizers
    given = dict(torch=torch, transformers=transformers, json=json, pre_tokenizers=pre_tokenizers)
    *_, make = from_notebook('14h_sam3_tracker', 'tiny_tokenizer', 'tiny_detector', 'tiny_sam3', given=given)
    weights_of('sam3', make, score_threshold_detection=.25, new_det_thresh=.2505,
               high_conf_thresh=.25, high_iou_thresh=.2, recondition_every_nth_frame=16, max_num_objects=4)

    def stir(net):
        with torch.no_grad():
            net.detector_model.detr_decoder.query_embed.weight.mul_(50)
            for part in ('mask_embedder', 'instance_projection'):
                for p in getattr(net.detector_model.mask_decoder, part).parameters(): p.mul_(6)
            net.tracker_model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(5.)
    return stir


def sam3(n, early):
    "SAM 3, which finds by itself."
    stir = slim_sam3()
    from airl.sam3_tracker import Sam3Tracker
    tracker = Sam3Tracker(['a disc', 'a shadow'], 'cpu', patience=20)
    stir(tracker.model)
    done = peaks(n, early, lambda image, mask: tracker.start(image), tracker.step)
    assert len(tracker.found()) > 1
    return done


def sam3_library(n, early):
    "The library's own session of SAM 3, a frame at a time."
    import torch
    import transformers
    stir, home = slim_sam3(), os.environ['AIRL_WEIGHTS']
    net = transformers.Sam3VideoModel.from_pretrained(f'{home}/sam3').eval()
    processor = transformers.Sam3VideoProcessor.from_pretrained(f'{home}/sam3')
    stir(net)
    session = processor.init_video_session(dtype=torch.float32)
    processor.add_text_prompt(session, ['a disc', 'a shadow'])

    def look(image, mask=None): net(session, frame=processor(images=image, return_tensors='pt').pixel_values[0])
    return peaks(n, early, look, look)


JOBS = {'FlowTracker, all files written': flow, 'SAM2Tracker': sam2,
        'SAM 2 untrimmed': lambda n, early: sam2(n, early, False),
        'EdgeTAM, peak': edgetam, 'Sam3VideoModel, peak': sam3, 'Sam3VideoModel untrimmed, peak': sam3_library}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--frames', type=int, default=1000)
    parser.add_argument('--only', default='', help='only the jobs whose name has this in it')
    parser.add_argument('--job', choices=list(JOBS), help='run one job in this process')
    args = parser.parse_args()
    early = 100 if args.frames > 200 else args.frames//2
    if args.job: return print(json.dumps(JOBS[args.job](args.frames, early)))
    rows = []
    for job in (j for j in JOBS if args.only in j):
        done = subprocess.run([sys.executable, str(Path(__file__)), '--frames', str(args.frames), '--job', job],
                              capture_output=True, text=True, check=True)
        first, last, end = json.loads(done.stdout.splitlines()[-1])
        rows.append(dict(what=job, frames=args.frames, early_mib=round(first, 1),
                         late_mib=round(last, 1), at_end_mib=round(end, 1), ratio=round(last/first, 3)))
        print(rows[-1], flush=True)
    print(f'\n{"":34}{"after "+str(early):>12}{"after "+str(args.frames):>12}{"ratio":>9}')
    for r in rows: print(f'{r["what"]:34}{r["early_mib"]:8.0f} MiB{r["late_mib"]:8.0f} MiB{r["ratio"]:9.3f}')
    met = [figure(f'video_memory.{r["what"]}', r['ratio'], None if 'untrimmed' in r['what'] else BOUND,
                  at_most=True, **r) for r in rows]
    if False in met: sys.exit(1)


if __name__ == '__main__': main()
