"""Does calling the models well pay, and what does everything around them cost?

The true architectures (Grounding DINO tiny, SAM 2.1 tiny) at random weights, one photo of 768 x 1,024, the same 16
boxes:
1. sixteen boxes to masks: SAM 2's own predictor in one call and box by box, against SAM2Segmenter;
2. text to masks: the way lang-segment-anything calls these models, against TextDrivenSegmentationPipeline;
3. the time outside the models' forward passes; 4. a further box, click and threshold on the same photo;
5. the same with the embedded engines, which answer a further text as well;
6. with --memory alone: what the preset `paper` with low_memory holds at once, its true architectures at random weights
in bfloat16
   (6 GB of checkpoints in a temporary folder, some minutes).
Run: python benchmarks/segment_overhead.py [--quick] [--memory]. Ends with a table and a JSON line a figure: name,
value, target, ok.
"""
import argparse
import itertools
import json
import os
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault('HF_HUB_OFFLINE', '1')
warnings.simplefilter('ignore')
import numpy as np
import torch
import transformers
from sam2.build_sam import build_sam2
from sam2.sam2_image_predictor import SAM2ImagePredictor
from skimage.data import astronaut, coffee

from airl import sam2_segmenter
from airl.detector import GroundingDINODetector
from airl.devices import encoder_dtype
from airl.presets import build_engines
from airl.regions import mask_iou
from airl.sam2_pipeline import TextDrivenSegmentationPipeline
from airl.sam2_segmenter import SAM2Segmenter
from airl.scene import Detections, Prompts

PHRASE = 'a person'


def photo_and_boxes(seed=0):
    "A photo of 768 x 1,024 and 16 boxes of all sizes in it."
    import cv2
    rng, image = np.random.default_rng(seed), cv2.resize(astronaut(), (1024, 768), interpolation=cv2.INTER_CUBIC)
    size, corner = rng.uniform(60, 500, (16, 2)), rng.uniform(0, 1, (16, 2))
    low = corner*(np.array([1024, 768]) - size)
    return image, np.concatenate([low, low + size], 1).astype(np.float32)


def random_dino(folder, config=None):
    "Grounding DINO at random weights, tiny if there is no other config, in transformers' format."
    vocab = ['[PAD]', *(f'[unused{i}]' for i in range(1, 100)), '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'person']
    vocab += ([f'[unused{i}]' for i in range(len(vocab), 1012)] + ['.'] + [f'[unused{i}]' for i in range(1013, 1029)]
              + ['?'])
    (folder/'vocab.txt').write_text('\n'.join(vocab))
    torch.manual_seed(0)
    transformers.GroundingDinoForObjectDetection(config
                                                 or transformers.GroundingDinoConfig(
        disable_custom_kernels=True)).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab=str(folder/'vocab.txt')).save_pretrained(folder)
    transformers.GroundingDinoImageProcessor().save_pretrained(folder)
    return folder


class Fixed:
    "A detector that does all its work and then answers with the given boxes."
    name = 'fixed'

    def __init__(self, detector, boxes): self.detector, self.boxes, self.device = detector, boxes, detector.device

    def detect(self, image, phrases, threshold=None):
        self.detector.detect(image, phrases, threshold)
        scores = np.linspace(.9, .5, len(self.boxes))
        found = Detections(self.boxes, scores, [phrases[0]]*len(scores), {p: 1. for p in phrases})
        return found.above(threshold)


class Forwards:
    """Seconds spent inside forward passes of some networks, and inside `_shared_decode`, which calls SAM 2's decoder
    part by part."""

    def __init__(self, *modules):
        self.seconds, self.depth = 0., 0
        for module in modules:
            module.register_forward_pre_hook(self.enter)
            module.register_forward_hook(self.leave)
        decode = sam2_segmenter._shared_decode
        def timed(*args):
            self.enter()
            try: return decode(*args)
            finally: self.leave()
        sam2_segmenter._shared_decode = timed
    def enter(self, *_):
        if not self.depth: self.start = time.perf_counter()
        self.depth += 1
    def leave(self, *_):
        self.depth -= 1
        if not self.depth: self.seconds += time.perf_counter() - self.start


def best_of(n, *jobs, before=lambda: None):
    "Least seconds of each job, taking turns so that all see the same machine."
    seconds = [[] for _ in jobs]
    for _ in range(n):
        for times, job in zip(seconds, jobs):
            before()
            start = time.perf_counter()
            job()
            times.append(time.perf_counter() - start)
    return [min(t) for t in seconds]


def decoding(model, image, boxes, n):
    "Question 1."
    predictor, ours = SAM2ImagePredictor(model), SAM2Segmenter(model, dtype=torch.float32)
    predictor.set_image(image)
    embedding, kept = ours.encode(image), {}
    def one_call(): kept['one'] = predictor.predict(box=boxes, multimask_output=True)
    def loop(): kept['loop'] = [predictor.predict(box=box, multimask_output=True) for box in boxes]
    def chunks():
        kept['ours'] = c = ours.segment(embedding, Prompts(boxes=boxes))
        # the fourth is the single answer
        kept['masks'] = [c.mask(i, c.predicted_iou[i, :3].argmax()) for i in range(len(c))]
    one, each, own = best_of(n, one_call, loop, chunks)
    chosen = [m[j] > 0 for m, j in zip(kept['one'][0], kept['one'][1].argmax(1))]
    same = float(np.mean([mask_iou(a[None], b[None])[0, 0] for a, b in zip(chosen, kept['masks'])]))
    logits = float(np.abs(kept['one'][2].clip(-32, 32) - kept['ours'].logits[:, :3].clip(-32, 32)).max())
    yield dict(what='16 boxes to masks', one_call_s=one, loop_s=each, airl_s=own,
               against_one_call=one/own, against_loop=each/own,
               mask_iou=same, largest_logit_difference=logits)


def lang_sam(dino, processor, predictor, image, boxes):
    """How lang-segment-anything 0.2 calls the models, written down from its source; the boxes replaced by ours after
    the forward pass."""
    from PIL import Image
    picture = Image.fromarray(image)
    inputs = processor(images=[picture], text=[PHRASE + '.'], padding=True, return_tensors='pt')
    with torch.no_grad(): out = dino(**inputs)
    processor.post_process_grounded_object_detection(out, inputs.input_ids, .3, text_threshold=.25,
                                                     target_sizes=[picture.size[::-1]])
    predictor.set_image_batch([np.asarray(picture)])
    masks, _, _ = predictor.predict_batch(box_batch=[boxes], multimask_output=False)
    return masks[0]


def whole(model, folder, image, boxes, n):
    "Questions 2, 3 and 4."
    detector = GroundingDINODetector(str(folder), device='cpu').load()
    dino = transformers.AutoModelForZeroShotObjectDetection.from_pretrained(folder).eval()
    processor, predictor = transformers.AutoProcessor.from_pretrained(folder), SAM2ImagePredictor(model)
    pipeline = TextDrivenSegmentationPipeline(detector=Fixed(detector, boxes), segmenter=SAM2Segmenter(model),
                                              instances='all', post='none')
    def forget():
        pipeline._photos.made.clear()
        detector._answers.clear()
    def theirs(): lang_sam(dino, processor, predictor, image, boxes)
    kept = {}
    class Remembering(SAM2Segmenter):
        def segment(self, embedding, prompts):
            kept['candidates'] = super().segment(embedding, prompts)
            return kept['candidates']
    pipeline.segmenter = segmenter = Remembering(model)
    def ours():
        found = len(pipeline.segment_image(image, PHRASE))
        # random masks look alike and are merged: the others too at full size
        for i in range(found, len(boxes)): kept['candidates'].mask(i, 0)
    a, b = best_of(n, theirs, ours, before=forget)
    full, half = SAM2Segmenter(model, dtype=torch.float32), segmenter
    c32, c16 = (s.segment(s.encode(image), Prompts(boxes=boxes)) for s in (full, half))
    iou = float(np.mean([mask_iou(c32.mask(i, 0)[None], c16.mask(i, 0)[None])[0, 0] for i in range(len(boxes))]))
    yield dict(what='text to 16 masks', lang_sam_way_s=a, airl_s=b, against_lang_sam=a/b,
               encoder=str(encoder_dtype('cpu')).split('.')[-1], mask_iou=iou)

    clock, shares = Forwards(detector._net, model.image_encoder, model.sam_prompt_encoder, model.sam_mask_decoder), []
    for _ in range(n):
        forget()
        clock.seconds, start = 0., time.perf_counter()
        result = pipeline.segment_image(image, PHRASE)
        total = time.perf_counter() - start
        shares.append((1 - clock.seconds/total, total, clock.seconds, result.timings))
    share, total, inside, stages = min(shares, key=lambda s: s[0])
    yield dict(what='outside the forward passes', total_s=total, forwards_s=inside,
               share=share) | {f'stage_{k}_s': v for k, v in stages.items()}

    thresholds = itertools.cycle((.6, .7))
    def threshold(): pipeline.segment_image(image, PHRASE, box_threshold=next(thresholds))
    box, click, third = best_of(n, lambda: pipeline.segment_at(image, Prompts(boxes=boxes[:1])),
                                lambda: pipeline.segment_at(image, Prompts(points=[[[500, 300]]])), threshold)
    yield dict(what='a further question', first_s=b, box_s=box, click_s=click, threshold_s=third,
               box=b/box, click=b/click, threshold=b/third)


def lite(n):
    "Question 5."
    image = np.array(coffee())
    pipeline = TextDrivenSegmentationPipeline('lite')
    def first():
        image[0, 0, 0] = (int(image[0, 0, 0]) + 1) % 256  # the same photo with another pixel is a new photo
        pipeline.segment_image(image, 'a cup')
    texts = iter(['a spoon', 'a plate', 'a table', 'a mug', 'a saucer', 'a bowl'])
    box = pipeline.segment_image(image, 'a cup').xyxy[:1]
    a, b, c, d = best_of(n, first, lambda: pipeline.segment_at(image,
                                                               Prompts(boxes=box)), lambda: pipeline.segment_at(
        image, Prompts(points=[[[300, 200]]])),
                         lambda: pipeline.segment_image(image, next(texts)))
    yield dict(what='lite: a further question', first_s=a, box_s=b, click_s=c, text_s=d, box=a/b, click=a/c, text=a/d)


def random_paper(folder):
    """The models of the preset `paper` at random weights, bfloat16 where the library computes in it, where airl.weights
    looks for them; bytes of each."""
    import open_clip
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers
    from airl.weights import MODELS, PRESETS
    sizes = {}
    for name in PRESETS['paper'].models:
        spec, home = MODELS[name], folder/name
        home.mkdir(parents=True)
        if spec.kind == 'open_clip':
            net = open_clip.create_model(name.split('/')[0], precision='bf16', pretrained_text=False)
            save_file({k: v.detach().clone().contiguous() for k, v in net.state_dict().items()},
                      home/'open_clip_model.safetensors')
            if spec.tokenizer:
                words = Tokenizer(models.WordLevel({'<unk>': 0, '<pad>': 1, '</s>': 2}, unk_token='<unk>'))
                words.pre_tokenizer = pre_tokenizers.Whitespace()
                transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token='<unk>',
                                                     pad_token='<pad>', eos_token='</s>').save_pretrained(home)
        elif spec.kind == 'transformers':
            swin = transformers.SwinConfig(image_size=384, embed_dim=128, depths=[2, 2, 18, 2],
                                           num_heads=[4, 8, 16, 32], window_size=12, out_indices=[2, 3, 4])
            random_dino(home, transformers.GroundingDinoConfig(backbone_config=swin.to_dict(),
                                                               disable_custom_kernels=True))
            net = transformers.AutoModelForZeroShotObjectDetection.from_pretrained(home)
        else:
            net = build_sam2('configs/sam2/sam2_hiera_b+.yaml', None, 'cpu')
            torch.save({'model': net.state_dict()}, folder/f'{name}.pt')
        sizes[name] = 2*sum(p.numel() for p in net.parameters())
        del net
    return sizes


class Resident:
    """The most memory that this process had beyond its start, while loading a network and otherwise; on a GPU, what
    torch had allocated there."""

    def __init__(self):
        import threading
        self.loading, self.peak, self.done = 0, {False: 0, True: 0}, False
        self.start = self.now()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
    def now(self): return int(Path('/proc/self/statm').read_text().split()[1])*os.sysconf('SC_PAGESIZE')
    def watch(self):
        while not self.done:
            busy, used = self.loading > 0, self.now() - self.start
            if busy == (self.loading > 0): self.peak[busy] = max(self.peak[busy], used)
            time.sleep(.002)
    def around(self, load):
        def watched(*args, **kw):
            import gc
            self.loading += 1
            try: return load(*args, **kw)
            finally:
                gc.collect()
                self.loading -= 1
        return watched


def memory():
    "Question 6."
    from unittest.mock import patch
    from airl import clip_ensemble, detector
    with tempfile.TemporaryDirectory() as tmp, patch.dict(os.environ, AIRL_WEIGHTS=tmp, AIRL_OFFLINE='1'):
        sizes, gpu = random_paper(Path(tmp)), torch.cuda.is_available()
        scorer, hybrid, segmenter = build_engines('paper', low_memory=True)
        if not gpu: hybrid.primary.precision = 'bf16'
        for member in scorer._members.values(): member.precision = 'bf16'
        scorer.nouns = scorer.nouns[:20]
        hybrid.primary.box_threshold = hybrid.primary.text_threshold = 0.
        pipeline = TextDrivenSegmentationPipeline(scorer=scorer, detector=hybrid,
                                                  segmenter=segmenter, presence_threshold=0.)
        used = Resident()
        with patch.object(clip_ensemble, 'load_member', used.around(clip_ensemble.load_member)), patch.object(
            detector, 'load_grounding', used.around(detector.load_grounding)), \
             patch.object(sam2_segmenter, 'load_sam2', used.around(sam2_segmenter.load_sam2)):
            pipeline.segment_image(photo_and_boxes()[0], PHRASE)
        used.done = True
        used.thread.join()
        peak = torch.cuda.max_memory_allocated() if gpu else used.peak[False]
        limit = max(sizes.values()) + .15*sum(sizes.values())
        yield dict(what='memory of paper, low_memory', device='cuda' if gpu else 'cpu',
                   largest_gb=max(sizes.values())/1e9, sum_gb=sum(sizes.values())/1e9, limit_gb=limit/1e9,
                   peak_gb=peak/1e9, while_loading_gb=used.peak[True]/1e9,
                   **{f'{k}_gb': v/1e9 for k, v in sizes.items()})


TARGETS = (  # row, key, at least or at most, bound
    ('16 boxes to masks', 'against_one_call', '>=', 1.8), ('16 boxes to masks', 'against_loop', '>=', 1.25),
    ('16 boxes to masks', 'mask_iou', '>=', .98),
    ('text to 16 masks', 'against_lang_sam', '>=', 1.5), ('text to 16 masks', 'mask_iou', '>=', .99),
    ('outside the forward passes', 'share', '<=', .05),
    ('a further question', 'box', '>=', 10), ('a further question', 'click', '>=', 10),
    ('a further question', 'threshold', '>=', 10),
    ('lite: a further question', 'box', '>=', 10), ('lite: a further question', 'click', '>=', 10),
    ('lite: a further question', 'text', '>=', 10),
    ('memory of paper, low_memory', 'peak_gb', '<=', 'limit_gb'))


def verdicts(rows):
    "A line a target: name, value, target, ok."
    rows = {row['what']: row for row in rows}
    for what, key, sign, bound in TARGETS:
        if what not in rows: continue
        value, bound = rows[what][key], rows[what].get(bound, bound)
        yield dict(name=f'{what}: {key}', value=round(value, 4), target=f'{sign} {round(bound, 4)}',
                   ok=bool(value >= bound if sign == '>=' else value <= bound))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='one repeat of everything instead of five')
    parser.add_argument('--memory', action='store_true', help='question 6 and no other')
    options = parser.parse_args()
    n = 1 if options.quick else 5
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    torch.manual_seed(0)
    if options.memory: rows = list(memory())
    else:
        model = build_sam2('configs/sam2.1/sam2.1_hiera_t.yaml', None, 'cpu')
        image, boxes = photo_and_boxes()
        with tempfile.TemporaryDirectory() as tmp:
            rows = [*decoding(model, image, boxes, n), *whole(model, random_dino(Path(tmp)), image, boxes, min(n, 3)),
                    *lite(n)]
    for row in rows:
        print(f'\n{row["what"]} (least of {n})')
        for key, value in list(row.items())[1:]:
            print(f'  {key:28} {value:.3f}' if isinstance(value, float) else f'  {key:28} {value}')
    print(f'\n{torch.get_num_threads()} threads')
    for line in verdicts(rows): print(json.dumps(line))


if __name__ == '__main__': main()
