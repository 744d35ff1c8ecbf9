"""Does calling the models well pay, and what does everything around them cost?

The true architectures (Grounding DINO tiny, SAM 2.1 tiny) at random weights, one photo of 768 x 1,024, the same 16 boxes:
1. sixteen boxes to masks: SAM 2's own predictor in one call and box by box, against SAM2Segmenter;
2. text to masks: the way lang-segment-anything calls these models, against TextDrivenSegmentationPipeline;
3. the time outside the models' forward passes; 4. a further box, click and threshold on the same photo.
Run: python benchmarks/segment_overhead.py [--quick]. Ends with a table and JSON lines.
"""
import argparse
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
from skimage.data import astronaut

from airl.detector import GroundingDINODetector
from airl.sam2_pipeline import SAM2Segmenter, TextDrivenSegmentationPipeline, encoder_dtype
from airl.scene import Detections, Prompts, mask_iou

PHRASE = 'a person'


def photo_and_boxes(seed=0):
    "A photo of 768 x 1,024 and 16 boxes of all sizes in it."
    import cv2
    rng, image = np.random.default_rng(seed), cv2.resize(astronaut(), (1024, 768), interpolation=cv2.INTER_CUBIC)
    size, corner = rng.uniform(60, 500, (16, 2)), rng.uniform(0, 1, (16, 2))
    low = corner*(np.array([1024, 768]) - size)
    return image, np.concatenate([low, low + size], 1).astype(np.float32)


def random_dino(folder):
    "Grounding DINO tiny at random weights, in transformers' format."
    vocab = ['[PAD]', *(f'[unused{i}]' for i in range(1, 100)), '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'person']
    vocab += [f'[unused{i}]' for i in range(len(vocab), 1012)] + ['.'] + [f'[unused{i}]' for i in range(1013, 1029)] + ['?']
    (folder/'vocab.txt').write_text('\n'.join(vocab))
    torch.manual_seed(0)
    transformers.GroundingDinoForObjectDetection(transformers.GroundingDinoConfig(disable_custom_kernels=True)).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab=str(folder/'vocab.txt')).save_pretrained(folder)
    transformers.GroundingDinoImageProcessor().save_pretrained(folder)
    return folder


class Fixed:
    "A detector that does all its work and then answers with the given boxes."
    name = 'fixed'

    def __init__(self, detector, boxes): self.detector, self.boxes, self.device = detector, boxes, detector.device

    def detect(self, image, phrases):
        self.detector.detect(image, phrases)
        scores = np.linspace(.9, .5, len(self.boxes))
        return Detections(self.boxes, scores, [phrases[0]]*len(scores), {p: 1. for p in phrases})


class Forwards:
    "Seconds spent inside forward passes of some networks."

    def __init__(self, *modules):
        self.seconds, self.depth = 0., 0
        for module in modules:
            module.register_forward_pre_hook(self.enter)
            module.register_forward_hook(self.leave)
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
            before(); start = time.perf_counter(); job()
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
        kept['masks'] = [c.mask(i, c.predicted_iou[i].argmax()) for i in range(len(c))]
    one, each, own = best_of(n, one_call, loop, chunks)
    chosen = [m[j] > 0 for m, j in zip(kept['one'][0], kept['one'][1].argmax(1))]
    same = float(np.mean([mask_iou(a[None], b[None])[0, 0] for a, b in zip(chosen, kept['masks'])]))
    logits = float(np.abs(kept['one'][2].clip(-32, 32) - kept['ours'].logits.clip(-32, 32)).max())
    yield dict(what='16 boxes to masks', one_call_s=one, loop_s=each, airl_s=own, against_one_call=one/own, against_loop=each/own,
               mask_iou=same, largest_logit_difference=logits)


def lang_sam(dino, processor, predictor, image, boxes):
    "How lang-segment-anything 0.2 calls the models, written down from its source; the boxes replaced by ours after the forward pass."
    from PIL import Image
    picture = Image.fromarray(image)
    inputs = processor(images=[picture], text=[PHRASE + '.'], padding=True, return_tensors='pt')
    with torch.no_grad(): out = dino(**inputs)
    processor.post_process_grounded_object_detection(out, inputs.input_ids, .3, text_threshold=.25, target_sizes=[picture.size[::-1]])
    predictor.set_image_batch([np.asarray(picture)])
    masks, _, _ = predictor.predict_batch(box_batch=[boxes], multimask_output=False)
    return masks[0]


def whole(model, folder, image, boxes, n):
    "Questions 2, 3 and 4."
    detector = GroundingDINODetector(str(folder), device='cpu').load()
    dino = transformers.AutoModelForZeroShotObjectDetection.from_pretrained(folder).eval()
    processor, predictor = transformers.AutoProcessor.from_pretrained(folder), SAM2ImagePredictor(model)
    pipeline = TextDrivenSegmentationPipeline(detector=Fixed(detector, boxes), segmenter=SAM2Segmenter(model), instances='all', post='none')
    def forget(): pipeline._photos.made.clear(); detector._answers.clear()
    def theirs(): lang_sam(dino, processor, predictor, image, boxes)
    kept = {}
    class Remembering(SAM2Segmenter):
        def segment(self, embedding, prompts):
            kept['candidates'] = super().segment(embedding, prompts)
            return kept['candidates']
    pipeline.segmenter = segmenter = Remembering(model)
    def ours():
        found = len(pipeline.segment_image(image, PHRASE))
        for i in range(found, len(boxes)): kept['candidates'].mask(i, 0)     # random masks look alike and are merged: the others too at full size
    a, b = best_of(n, theirs, ours, before=forget)
    full, half = SAM2Segmenter(model, dtype=torch.float32), segmenter
    c32, c16 = (s.segment(s.encode(image), Prompts(boxes=boxes)) for s in (full, half))
    iou = float(np.mean([mask_iou(c32.mask(i, 0)[None], c16.mask(i, 0)[None])[0, 0] for i in range(len(boxes))]))
    yield dict(what='text to 16 masks', lang_sam_way_s=a, airl_s=b, against_lang_sam=a/b, encoder=str(encoder_dtype('cpu')).split('.')[-1], mask_iou=iou)

    clock = Forwards(detector._net, model.image_encoder, model.sam_prompt_encoder, model.sam_mask_decoder)
    forget(); start = time.perf_counter(); pipeline.segment_image(image, PHRASE)
    total = time.perf_counter() - start
    yield dict(what='outside the forward passes', total_s=total, forwards_s=clock.seconds, share=1 - clock.seconds/total)

    def threshold():
        pipeline.box_threshold = .6 if pipeline.box_threshold != .6 else .7
        pipeline.segment_image(image, PHRASE)
    box, click, third = best_of(n, lambda: pipeline.segment_at(image, Prompts(boxes=boxes[:1])),
                                lambda: pipeline.segment_at(image, Prompts(points=[[[500, 300]]])), threshold)
    yield dict(what='a further question', first_s=b, box_s=box, click_s=click, threshold_s=third, box=b/box, click=b/click, threshold=b/third)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='one repeat of everything instead of five')
    n = 1 if parser.parse_args().quick else 5
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    torch.manual_seed(0)
    model = build_sam2('configs/sam2.1/sam2.1_hiera_t.yaml', None, 'cpu')
    image, boxes = photo_and_boxes()
    with tempfile.TemporaryDirectory() as tmp:
        rows = [*decoding(model, image, boxes, n), *whole(model, random_dino(Path(tmp)), image, boxes, min(n, 3))]
    for row in rows:
        print(f'\n{row["what"]} (least of {n})')
        for key, value in list(row.items())[1:]: print(f'  {key:28} {value:.3f}' if isinstance(value, float) else f'  {key:28} {value}')
    print()
    for row in rows: print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} | dict(threads=torch.get_num_threads())))


if __name__ == '__main__': main()
