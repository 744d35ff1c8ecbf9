"Engines that answer at once, and small stand-ins for what takes time and has nothing to do with files."
import functools
import importlib
import inspect
import sys

import numpy as np

# where stand-ins are put; others may import from them
ROOMS = 'benchmark eval_tta patch_study runs scene train video'.split()
PNG = b'\x89PNG\r\n\x1a\n a figure'


def _shade(image) -> int: return int(np.asarray(image, float).mean())


class Detector:
    "A cat on the left of every picture, a dog on the right of a bright one; other words must be known ones."
    name = 'at-once'

    def __init__(self, asked): self.asked = asked   # called at each look

    def detect(self, image, phrases, threshold=None):
        from airl.lite import look_up
        from airl.scene import Detections
        self.asked()
        (h, w), shade = image.shape[:2], _shade(image)
        for phrase in phrases: look_up(phrase)
        boxes = dict.fromkeys([p for p in phrases if 'cat' in p], [1, 1, w//2 - shade % 3, h - 1])
        if shade % 2: boxes |= dict.fromkeys([p for p in phrases if 'dog' in p], [w//2, 1 + shade % 3, w - 1, h - 1])
        found = list(boxes)
        return Detections(np.array([boxes[p] for p in found], np.float32), [.9]*len(found),
                          found, {p: .9*(p in boxes) for p in phrases}, None, self.name)


class Scorer:
    name = 'at-once'

    def score(self, images, texts):
        from airl.scene import Scores
        mean = np.full((len(images), len(texts)), .8)
        return Scores(mean, {self.name: mean}, {self.name: 1.})

    def presence(self, image, texts):
        return np.array([Detector(lambda: None).detect(image, [t]).presence[t] for t in texts])
    def seen(self, image, k=5): return [('wall', .9)]


class Segmenter:
    "What is asked for by a box is all of the box."
    name, device = 'at-once', 'cpu'

    def encode(self, image):
        from airl.scene import Embedding
        return Embedding(image.shape[:2], None, self.name)

    def segment(self, embedding, prompts):
        from airl.scene import Candidates
        h, w = embedding.size
        logits = np.full((len(prompts.boxes), 1, h, w), -4, np.float32)
        for k, (x0, y0, x1, y1) in enumerate(np.round(prompts.boxes).astype(int)): logits[k, 0, y0:y1, x0:x1] = 4
        return Candidates(logits, np.full((len(logits), 1), .9, np.float32), (h, w))


class Tracker:
    "Nothing moves."
    name = 'at-once'

    def __init__(self): self.masks, self.confidence = {}, {}
    def start(self, frame): self.masks, self.confidence = {}, {}

    def add(self, masks, ids=None):
        ids = list(range(len(self.masks) + 1, len(self.masks) + 1 + len(masks))) if ids is None else list(ids)
        for i, mask in zip(ids, masks): self.masks[i], self.confidence[i] = np.array(mask, bool), .9
        return ids

    def remove(self, ids):
        for i in ids: self.masks.pop(i, None), self.confidence.pop(i, None)

    def step(self, frame): return {i: m.copy() for i, m in self.masks.items()}

    def state(self):
        import torch
        return dict(masks=[(i, torch.from_numpy(m), self.confidence[i]) for i, m in self.masks.items()])

    def restore(self, state):
        self.masks, self.confidence = {i: m.numpy() for i, m, _ in state['masks']}, {i: c for i, _, c in state['masks']}


def figure(*_, **__):
    from matplotlib.figure import Figure
    return Figure(figsize=(1, 1))


def _savefig(self, target, **_):
    if hasattr(target, 'write'): target.write(PNG)
    else:
        with open(target, 'wb') as file: file.write(PNG)


def _build_model(recipe, num_classes, pretrained):
    from torch import nn
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, num_classes))


class Program:
    "What `torch.export` would make of a model: its weights."
    def __init__(self, model): self.state = [v.detach().cpu().numpy().tobytes() for v in model.state_dict().values()]


def _save_program(program, file, extra_files=None): file.write(b''.join(program.state))


def put(patch,   # pytest's MonkeyPatch
        asked,   # called whenever an engine is asked
        ):
    "Put the stand-ins wherever this tree has what they stand for."
    import matplotlib.figure
    import torch
    import typer.testing
    for room in (*ROOMS, 'cli', 'lite_taught', 'batch', 'sam2_pipeline'): importlib.import_module(f'airl.{room}')
    quick = dict(
        result_figure=figure, plot_confusion=figure, plot_per_class=figure, plot_reliability=figure,
        plot_mistakes=figure, plot_curves=figure,
        plot_trials=figure, FlowTracker=Tracker, yardstick=lambda: 1.,
        activation_mask=lambda image, phrase: np.zeros(image.shape[:2], bool),
        build_model=_build_model, side_by_side=lambda *_: [],
        taught_engines=lambda device=None: (Scorer(), Detector(asked), Segmenter()),
        training_precision=lambda device: 'fp32',
        bootstrap_interval=lambda values, **_: (float(np.mean(values)),)*2, _requirements=lambda: '')
    for name, module in list(sys.modules.items()):
        if not name.startswith('airl.'): continue
        for what, stand_in in quick.items():
            if what in vars(module): patch.setattr(module, what, stand_in)
    from airl import benchmark, patch_study, video
    patch.setitem(benchmark.TRIVIAL, 'text', {'whole photo': benchmark.whole})
    patch.setattr(benchmark, 'gallery', figure)
    patch.setattr(patch_study,
                  'patch_arms', lambda epochs: [patch_study.Arm(f'patch {p}', dict(epochs=epochs, batch_size=p))
                                                for p in (4, 8)])
    patch.setattr(matplotlib.figure.Figure, 'savefig', _savefig)
    patch.setattr(torch.export, 'export', lambda model, *_, **__: Program(model))
    patch.setattr(torch.export, 'save', _save_program)
    # it takes longer than these engines
    patch.setattr(typer.testing, '_get_command', functools.cache(typer.main.get_command))
    forget_engines()
    from airl.presets import build_engines
    assert isinstance(build_engines('lite')[1], Detector), 'the preset asks engines that nothing stands in for'
    patch.setattr(video, 'segment_video', in_pieces(video.segment_video, 3))


def forget_engines():
    "So that the next pipeline asks for its engines again."
    for name, module in list(sys.modules.items()):
        if name.startswith('airl.') and 'build_engines' in vars(module): module.build_engines.cache_clear()


def in_pieces(function, frames: int):
    "`function` that saves its state every so many frames."
    if 'piece' not in inspect.signature(function).parameters: return function
    return functools.wraps(function)(lambda *args, **options: function(*args, **{'piece': frames} | options))
