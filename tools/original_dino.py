"""The authors' package against transformers, on equal weights: python tools/original_dino.py

groundingdino-py reads nothing newer than transformers 4, so it runs in an environment of its own, .venv-groundingdino,
as it is
published, built without isolation (its build imports torch). Torch, NumPy and the like are this environment's: they
are only read.
One small network at random weights is written in both formats; each library is asked about the same pixels and
captions, and all
boxes and all logits have to be the same.
"""
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT/'.venv-groundingdino'
PYTHON = VENV/('Scripts/python.exe' if os.name == 'nt' else 'bin/python')
PACKAGE, NEEDS = 'groundingdino-py==0.4.0', ['transformers>=4.40,<5', 'setuptools<81',
                                             'wheel', 'addict', 'yapf', 'colorama']
# the package's text positions are 256 wide
CAPTIONS, SMALL = ['a red car.', 'a person. a cat on a carpet. a cup.'], dict(d_model=256)
FURTHEST = 1e-5   # of corners, as shares of the picture, and of logits, as shares of the largest
THEIRS = '''
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
import numpy as np, torch, transformers
from groundingdino.config import GroundingDINO_SwinT_OGC as plan
from groundingdino.models.GroundingDINO import groundingdino as dino
from groundingdino.models.GroundingDINO.backbone import backbone
from groundingdino.models.GroundingDINO.backbone.swin_transformer import SwinTransformer
from groundingdino.util.misc import NestedTensor
assert transformers.__version__.startswith("4."), transformers.__version__
folder = Path(sys.argv[1])
shrunk = dict(enc_layers=2, dec_layers=2, dim_feedforward=64, nheads=2, num_queries=40, use_checkpoint=False, use_transformer_ckpt=False)
swin = dict(embed_dim=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 4], window_size=4, pretrain_img_size=64)
with patch.multiple(plan, **shrunk), patch.object(backbone, "build_swin_transformer", lambda name, **kw: SwinTransformer(**{**kw, **swin})):
    net = dino.build_groundingdino(SimpleNamespace(**vars(plan) | dict(text_encoder_type=str(folder/"bert"))))
kept = net.load_state_dict(torch.load(folder/"small_swint.pth", weights_only=True)["model"], strict=False)
missing = [k for k in kept.missing_keys if "relative_position_index" not in k and "pooler" not in k]
assert not missing, missing
given = np.load(folder/"asked.npz")
with torch.no_grad(): out = net.eval()(NestedTensor(torch.from_numpy(given["pixels"]), torch.from_numpy(given["padding"])), captions=list(given["captions"]))
np.savez(folder/"theirs.npz", logits=out["pred_logits"].numpy(), boxes=out["pred_boxes"].numpy(), versions=[transformers.__version__, torch.__version__])
'''   # noqa: E501


def uv(*command): subprocess.run([sys.executable, '-m', 'uv', *map(str, command)], cwd=ROOT, check=True)


def install():
    "The environment: transformers 4 and the package in it, everything else borrowed."
    if not PYTHON.exists(): uv('venv', '--quiet', '--python', sys.executable, VENV)
    site = subprocess.run([PYTHON, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'],
                          capture_output=True, text=True, check=True).stdout.strip()
    (Path(site)/'borrowed.pth').write_text(sysconfig.get_path('purelib') + '\n')
    uv('pip', 'install', '--quiet', '--python', PYTHON, *NEEDS)
    uv('pip', 'install', '--quiet', '--python', PYTHON, '--no-deps', '--no-build-isolation', PACKAGE)


def ours(folder: Path):
    """Writes the network in both formats and what is asked; logits and boxes of transformers' network, and the
    detector's corners."""
    sys.path[:0] = [str(ROOT), str(ROOT/'benchmarks')]
    import re
    from unittest.mock import patch

    import torch
    import transformers
    from _notebook import from_notebook

    from airl.detector import GroundingDINODetector
    from airl.photos import sample_photo
    transformers.utils.logging.disable_progress_bar()
    given = {name: getattr(transformers, name) for name in ('BertConfig', 'BertTokenizerFast',
                                                            'GroundingDinoConfig', 'GroundingDinoForObjectDetection',
                                                            'GroundingDinoImageProcessor',
                                                            'SwinConfig')} | dict(torch=torch, re=re, shutil=shutil,
                                                                                  Path=Path, patch=patch, work=folder)
    vocabulary, = from_notebook('11_detector', 'small_vocabulary', given=given)
    tokenizer = vocabulary()
    small, write, names = from_notebook('11_detector', 'small', 'small_dino', 'original_names',
                                        'SWIN', 'NAMES', given=given | dict(tokenizer=tokenizer))[:3]
    small.update(SMALL)
    write(folder/'dino')
    net = transformers.GroundingDinoForObjectDetection.from_pretrained(folder/'dino')
    with torch.no_grad():
        # fresh heads are all zero
        for p in net.parameters(): p.add_(.05*torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))
    net.save_pretrained(folder/'dino')
    torch.save({'model': names(net.state_dict())}, folder/'small_swint.pth')
    net.model.text_backbone.save_pretrained(folder/'bert')
    tokenizer.save_pretrained(folder/'bert')
    shutil.copy(folder/'vocab.txt', folder/'bert')
    detector, photo = (GroundingDINODetector(folder/'dino', precision='fp32', device='cpu').load(),
                       np.array(sample_photo('coffee')))
    inputs = detector._processor(images=[photo]*len(CAPTIONS), text=CAPTIONS, return_tensors='pt', padding=True)
    np.savez(folder/'asked.npz', pixels=inputs['pixel_values'].numpy(), padding=inputs['pixel_mask'].numpy() == 0,
             captions=CAPTIONS)
    with torch.no_grad(): out = detector._net(**inputs)
    (_, corners, _), = detector._answer(photo, [CAPTIONS[0].rstrip('.')])
    return out.logits.numpy(), out.pred_boxes.numpy(), corners


def corners_of(boxes): return np.concatenate([boxes[..., :2] - boxes[..., 2:]/2, boxes[..., :2] + boxes[..., 2:]/2], -1)


def compare(folder: Path) -> dict:
    "How far the two are apart."
    logits, boxes, corners = ours(folder)
    env = os.environ | dict(HF_HUB_OFFLINE='1', TRANSFORMERS_OFFLINE='1', USE_TF='0', TOKENIZERS_PARALLELISM='false')
    subprocess.run([PYTHON, '-W', 'ignore', '-c', THEIRS, folder], check=True, cwd=folder, env=env)
    theirs = np.load(folder/'theirs.npz')
    # beyond the text both say minus infinity
    told, held = (np.where(np.isfinite(x), x, -1e4) for x in (theirs['logits'], logits))
    width = min(told.shape[-1], held.shape[-1])
    scale = float(np.abs(theirs['logits'][np.isfinite(theirs['logits'])]).max())
    return dict(boxes=int(boxes.shape[0]*boxes.shape[1]), captions=len(CAPTIONS),
                corners=float(np.abs(corners_of(theirs['boxes']) - corners_of(boxes)).max()),
                logits=float(np.abs(told[..., :width] - held[..., :width]).max())/scale,
                largest_logit=scale, detector=float(np.abs(corners_of(theirs['boxes'])[0] - corners).max()),
                spread=float(theirs['boxes'].std()), versions=theirs['versions'].tolist())


def main():
    install()
    with tempfile.TemporaryDirectory() as tmp: found = compare(Path(tmp))
    print(json.dumps(found))
    apart = max(found['corners'], found['logits'], found['detector'])
    print(f'{found["boxes"]} boxes for {found["captions"]} captions by {PACKAGE} (transformers {found["versions"][0]}) '
          'and by transformers here: '
          f'corners {found["corners"]:.1e}, logits {found["logits"]:.1e} apart; the detector\'s corners '
          f'{found["detector"]:.1e}')
    sys.exit(not (apart < FURTHEST and found['spread'] > .01))


if __name__ == '__main__': main()
