"""Do two trees of this library give the same answers through every public door?

    python benchmarks/same_answers.py BEFORE [AFTER] [--doors cli_segment page]

BEFORE and AFTER are commits (checked out for the while) or folders; AFTER is this tree if it is not given. Both get
the same questions on the same inputs, each in processes of its own, one of each at a time: one thread, float32, no GPU,
no network, no weights but those that ship and miniatures of the large networks with random weights. Names are imported
from where BEFORE has them, so this also says whether old import paths hold. Masks, boxes, labels, identities, texts and
file names have to be equal, other numbers to within 1e-5; `ALLOWED` has what may differ, and why. Where $AIRL_DATA
holds voc/dev and coco/dev, they are asked as well. Ends with one JSON line per door; the exit code is 1 where an answer
differs or could not be had.
"""
import argparse
import base64
import csv
import dataclasses
import importlib.util
import io
import itertools
import json
import os
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

import numpy as np
from _figures import figure

ROOT = Path(__file__).resolve().parent.parent
CLOSE = 1e-5                                                              # numbers that are no boxes
EXACT = set('xyxy box boxes bbox bboxes detected area areas'.split())     # floats that have to be equal to the last bit


# ---------------------------------------------------------------- what may differ

def anything(before, after): return True


def nearly(before, after):
    "Pictures that touch the same pixels of their photo, but for a few that a colour leaves as they were by chance."
    return before.shape == after.shape and (before != after).sum() <= .002*before.sum()


def about_as_large(before, after): return abs(before - after) < .1


def same_size(before, after): return before.shape == after.shape


def same_writing(before, after):
    "Figures of one size whose grey parts, which are text and axes, are the same."
    if before.shape != after.shape: return False
    grey = [np.ptp(picture[..., :3].astype(int), axis=-1) < 3 for picture in (before, after)]
    return np.abs(before.astype(int) - after)[grey[0] & grey[1]].mean() < 1


def same_ground(before, after):
    "Films whose pictures are the same where no mask lies; the codec tells of its neighbours' colours."
    (a, near), (b, _) = (before[k] for k in ('frames', 'near')), (after[k] for k in ('frames', 'near'))
    return a.shape == b.shape and np.abs(a.astype(int) - b)[~near].mean() < 2


def fits_the_mask(before, after):
    "Polygons that give a mask back: what rings and several pieces did not do before."
    return not after['simple'] and after['iou'] >= .98


ALLOWED = [     # where in the answers, as a regular expression; what is enough; why
    (r'/(timings/\w+|seconds|waited|training_seconds|images_per_second)$', anything, 'a time'),
    (r'/(seconds_per_image|seconds_per_photo|vit_b16_forwards|vit_forwards)$', anything, 'a time'),
    (r'/environment\.json/git_\w+$', anything, 'the commit that was run'),
    (r'/tinted$', nearly, 'the colours of overlays come from one palette now'),
    (r'/(thumbnail|contact)$', same_size, 'the colours of overlays come from one palette now (a small JPEG of one)'),
    (r'/drawn$', same_writing, 'the colours of overlays come from one palette now (a figure with one)'),
    (r'/film$', same_ground, 'the colours of overlays come from one palette now (a video of them)'),
    (r'/megabytes$', about_as_large, 'a model in ONNX says in which files of which folder its parts stand'),
    (r'/palette$', anything, 'indexed PNGs have one palette now; their values have to be equal'),
    (r'/(to_yolo|to_labelme)/[^/]+$', fits_the_mask, 'polygons of rings and of several pieces now give the mask back'),
]


# ---------------------------------------------------------------- answers as plain values

def plain(value):
    "`value` in dicts, lists, numbers, texts and arrays; what photo it belongs to is left out."
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {k: plain(v) for k, v in parts.items() if k != 'image' or isinstance(v, str)}
    if isinstance(value, dict): return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | Iterator): return [plain(v) for v in value]
    if isinstance(value, set | frozenset): return sorted(map(plain, value))
    if isinstance(value, str | Path): return without_paths(str(value))
    if hasattr(value, 'detach'): return value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind not in 'biuf': return plain(value.tolist())
    return value.item() if isinstance(value, np.generic) else value


def without_paths(text):
    "`text` with . … ~ for the working folder, the inputs and the tree."
    import airl
    here, given, tree = Path.cwd(), os.environ['SAME_ANSWERS_INPUTS'], Path(airl.__file__).parent.parent
    for path, sign in ((here, '.'), (given, '…'), (tree, '~')): text = text.replace(str(path), sign)
    return text


def answer(question, *words, **options):
    "What `question(*words)` gives, or what it raises."
    from airl.photos import UserError
    try: return plain(question(*words, **options))
    except Exception as error:  # noqa: BLE001, whatever it is, the other tree has to raise the same
        said = without_paths(str(error))
        return dict(raised=type(error).__name__, sentence=said, mistake=isinstance(error, UserError))


def packed(value):
    "Arrays as texts, for `json.dumps`."
    if not isinstance(value, np.ndarray): raise TypeError(f'{type(value).__name__} is no plain value')
    data = base64.b64encode(zlib.compress(np.ascontiguousarray(value).tobytes(), 1)).decode()
    return dict(array=data, dtype=value.dtype.str, shape=value.shape)


def unpacked(value):
    "The reverse, for `json.loads`."
    if value.keys() != {'array', 'dtype', 'shape'}: return value
    return np.frombuffer(zlib.decompress(base64.b64decode(value['array'])), value['dtype']).reshape(value['shape'])


# ---------------------------------------------------------------- files as plain values

def picture_of(path):
    "The pixels of an image file; of an indexed one its values and its palette."
    from PIL import Image
    with Image.open(path) as image:
        if image.mode == 'P': return dict(values=np.asarray(image), palette=image.getpalette())
        pixels = np.asarray(image)
    if path.name.endswith('_overlay.png'):
        return tinted(pixels, np.asarray(Image.open(path.with_name(path.name.replace('_overlay', '_original')))))
    if path.name.endswith('_figure.png') or path.name == 'gallery.png': return dict(drawn=pixels)
    if path.name == 'contact.jpg': return dict(contact=pixels)
    return dict(thumbnail=pixels) if path.parent.name == 'gallery' else pixels


def tinted(picture, photo):
    "Which pixels of `photo` an overlay has changed."
    return dict(tinted=(np.asarray(picture) != np.asarray(photo)).any(-1))


def film_of(path):
    "Times and pictures of a video, and the places in or near its masks."
    import av
    import cv2
    with av.open(str(path)) as container:
        shown = [(float(f.pts*f.time_base), f.to_ndarray(format='rgb24')) for f in container.decode(video=0)]
    frames = np.stack([picture for _, picture in shown])
    near, how = np.zeros(frames.shape[:3], bool), path.stem.rpartition('_')[2]
    if how in ('overlay', 'side'):
        w = frames.shape[2]//(1 + (how == 'side'))
        for k, masks in enumerate(masks_of(path.parent/'masks.json')):
            near[k, :, -w:] = cv2.dilate(masks.astype(np.uint8), np.ones((33, 33), np.uint8))[:frames.shape[1], :w] > 0
    return dict(times=[seconds for seconds, _ in shown], film=dict(frames=frames, near=near))


def masks_of(path):
    "All masks of each frame, together, from a video's JSON."
    from pycocotools import mask as coco
    found = json.loads(path.read_text(encoding='utf-8'))
    size, n = [found['videos'][0][side] for side in ('height', 'width')], found['videos'][0]['length']
    for k in range(n):
        here = [coco.decode(a['segmentations'][k]) for a in found['annotations'] if a['segmentations'][k]]
        yield np.any([np.zeros(size, bool), *here], axis=0)


def table_of(path):
    "The rows of a CSV file, its numbers as numbers."
    def number(text):
        try: return float(text)
        except ValueError: return without_paths(text)
    with open(path, newline='', encoding='utf-8') as file: rows = list(csv.DictReader(file))
    return [{k: number(v) for k, v in row.items()} for row in rows]


def rows_of(path):
    import pyarrow.parquet as pq
    return pq.read_table(path).to_pylist()


def state_of(path):
    "A checkpoint without the optimiser's moments, which the weights of the next step tell."
    import torch
    return {k: v for k, v in torch.load(path, map_location='cpu', weights_only=True).items() if k != 'optimizer'}


def json_of(path):
    "What a JSON file says; the polygons of LabelMe as masks."
    content = json.loads(path.read_text(encoding='utf-8'))
    if isinstance(content, dict) and 'shapes' in content: content['shapes'] = by_labelme(content)
    return content


def text_of(path):
    "A text; a YOLO label file as the masks that its readers draw; tables without the row of a time."
    text = path.read_text(encoding='utf-8')
    if 'labels' in path.parts and (path.parents[2]/'images').is_dir(): return by_yolo(text, size_beside(path))
    return [line for line in text.splitlines() if not line.startswith(('| time', '| method', '| lite'))]


def size_beside(label):
    from PIL import Image
    photo = next((label.parents[2]/'images'/label.parent.name).glob(f'{label.stem}.*'))
    with Image.open(photo) as image: return image.size[::-1]


def by_yolo(text, size):
    "The mask of each class as the readers of YOLO files fill polygons."
    import cv2
    masks = {}
    for line in text.splitlines():
        number, *xy = line.split()
        points = (np.array(xy, float).reshape(-1, 2)*size[::-1]).astype(np.int32)
        cv2.fillPoly(masks.setdefault(f'class {number}', np.zeros(size, np.uint8)), [points], 1)
    return {name: mask > 0 for name, mask in masks.items()}


def by_labelme(content):
    "The mask of each group as LabelMe fills polygons."
    from PIL import Image, ImageDraw
    canvases = {}
    for shape in content['shapes']:
        blank = Image.new('1', (content['imageWidth'], content['imageHeight']))
        canvas = canvases.setdefault(f'{shape["label"]} {shape["group_id"]}', blank)
        ImageDraw.Draw(canvas).polygon([tuple(point) for point in shape['points']], outline=1, fill=1)
    return {name: np.asarray(canvas) for name, canvas in canvases.items()}


def lines_of(path): return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]


def asked_by_itself(path): return 'is there'


READERS = {'.json': json_of, '.jsonl': lines_of, '.csv': table_of, '.parquet': rows_of, '.pth': state_of,
           '.npy': np.load, '.png': picture_of, '.jpg': picture_of, '.mp4': film_of, '.mov': film_of,
           '.onnx': asked_by_itself, '.pt2': asked_by_itself}


def files_of(folder):
    "Every file below `folder` by its name there; hidden ones aside."
    paths = [path for path in sorted(Path(folder).rglob('*')) if path.is_file() and not path.name.startswith('.')]
    return {path.relative_to(folder).as_posix(): READERS.get(path.suffix, text_of)(path) for path in paths}


# ---------------------------------------------------------------- inputs, made once for both trees

def make_inputs(folder: Path):
    "Photos, a clip and miniature networks, without this library."
    import cv2
    from PIL import Image
    from skimage import data
    photos = folder/'photos'
    photos.mkdir(parents=True)
    named = dict(cat=data.chelsea(), coffee=data.coffee(), astronaut=data.astronaut(), rocket=data.rocket())
    for name, image in named.items(): Image.fromarray(image).save(folder/f'{name}.png')
    small = {name: cv2.resize(image, None, fx=.5, fy=.5, interpolation=cv2.INTER_AREA) for name, image in named.items()}
    for name in ('cat', 'coffee'): Image.fromarray(small[name]).save(photos/f'{name}.jpg', quality=92)
    Image.fromarray(small['astronaut']).save(photos/'astronaut.png')
    turned = Image.Exif()
    turned[0x0112] = 6                                       # lies on its side
    Image.fromarray(np.rot90(small['rocket'])).save(photos/'turned.jpg', quality=92, exif=turned)
    (photos/'broken.jpg').write_bytes((photos/'cat.jpg').read_bytes()[:4000])
    make_clip(folder, named['cat'])
    for make in (make_grounding, make_sam2, make_clips, make_sam3):
        try: make(folder/'networks')
        except ImportError as error: print(f'{make.__name__}: {error}', file=sys.stderr)


def make_clip(folder, photo, n=14, size=(192, 256)):
    "Frames in which a camera slides over `photo` and comes closer, as pictures and as a video."
    import cv2
    from PIL import Image
    (folder/'clip').mkdir()
    frames = []
    for k in range(n):
        move = np.float32([[.62 + .012*k, 0, -3*k], [0, .62 + .012*k, -2*k]])
        frames.append(cv2.warpAffine(photo, move, size[::-1], flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT))
        Image.fromarray(frames[-1]).save(folder/'clip'/f'{k:03}.png')
    if importlib.util.find_spec('av') is None: return
    import av
    with av.open(str(folder/'clip.mp4'), 'w') as out:
        stream = out.add_stream('libx264', rate=12, options={'crf': '12'})
        stream.height, stream.width, stream.pix_fmt = *size, 'yuv420p'
        for frame in frames: out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='rgb24')))
        out.mux(stream.encode(None))


SMALL = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2)


def make_grounding(networks):
    "A GroundingDINO and an OWLv2 of a few hundred thousand weights, as 11_detector has them."
    import torch
    import transformers as t
    folder, letters = networks/'grounding-dino-tiny', [chr(c) for c in range(97, 123)]
    folder.mkdir(parents=True)
    words = 'a an the red blue green yellow purple car carpet taxi van dog cat cup spoon person striped disc with hat'
    vocabulary = ['[PAD]', *(f'[unused{i}]' for i in range(1, 100)), '[UNK]', '[CLS]', '[SEP]', '[MASK]', *letters]
    vocabulary += [*('##' + letter for letter in letters), *words.split()]
    vocabulary += [f'[unused{i}]' for i in range(len(vocabulary), 1012)]
    vocabulary += ['.', *(f'[unused{i}]' for i in range(1013, 1029)), '?']
    (folder/'vocab.txt').write_text('\n'.join(vocabulary))
    (folder/'special_tokens_map.json').write_text('{}')
    tokenizer = t.BertTokenizerFast(vocab=str(folder/'vocab.txt'))
    torch.manual_seed(0)
    swin = t.SwinConfig(image_size=64, embed_dim=16, depths=[1]*4, num_heads=[1, 2, 2, 4], window_size=4,
                        out_indices=[2, 3, 4])
    bert = t.BertConfig(vocab_size=len(tokenizer), **SMALL)
    layers = dict(encoder_layers=2, decoder_layers=2, encoder_ffn_dim=64, decoder_ffn_dim=64)
    parts = dict(backbone_config=swin.to_dict(), text_config=bert.to_dict(), **layers)
    config = t.GroundingDinoConfig(num_queries=40, d_model=32, encoder_attention_heads=2, decoder_attention_heads=2,
                                   disable_custom_kernels=True, **parts)
    t.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    t.GroundingDinoImageProcessor(size=dict(shortest_edge=128, longest_edge=192)).save_pretrained(folder)
    make_owl(networks/'owl', letters)


def make_owl(folder, letters):
    import torch
    import transformers as t
    torch.manual_seed(0)
    tokens = [*letters, *(letter + '</w>' for letter in letters), '<|startoftext|>', '<|endoftext|>']
    vocabulary = {token: i for i, token in enumerate(tokens)}
    tokenizer = t.CLIPTokenizerFast(vocab=vocabulary, merges=[], pad_token='<|endoftext|>')
    tokenizer.model_max_length = 16
    text = dict(vocab_size=len(tokens), max_position_embeddings=16, bos_token_id=len(tokens) - 2,
                eos_token_id=len(tokens) - 1, pad_token_id=len(tokens) - 1)
    seen = dict(image_size=64, patch_size=16)
    config = t.Owlv2Config(text_config=text | SMALL, vision_config=seen | SMALL, projection_dim=32)
    t.Owlv2ForObjectDetection(config).save_pretrained(folder)
    t.Owlv2Processor(t.Owlv2ImageProcessor(size=dict(height=64, width=64)), tokenizer).save_pretrained(folder)


SLIM = [f'++model.image_encoder.{k}' for k in (
    'trunk.embed_dim=16', 'trunk.stages=[1,1,2,1]', 'trunk.global_att_blocks=[3]',
    'neck.backbone_channel_list=[128,64,32,16]')]
SAM2_PLAN = 'configs/sam2.1/sam2.1_hiera_t.yaml'


def make_sam2(networks):
    "A slim SAM 2, as 13_sam2_pipeline has it."
    import torch
    from sam2.build_sam import build_sam2
    networks.mkdir(exist_ok=True)
    torch.manual_seed(0)
    net = build_sam2(SAM2_PLAN, None, 'cpu', hydra_overrides_extra=[*SLIM, '++model.image_size=256'])
    torch.save({'model': net.state_dict()}, networks/'sam2.1_hiera_tiny.pt')


BPE = dict(context_length=77, vocab_size=49408, width=32, heads=2, layers=1)
CLIPS = {'ViT-L-14/openai': dict(embed_dim=32, text_cfg=BPE, vision_cfg=dict(
             image_size=32, layers=2, width=64, head_width=32, patch_size=8)),
         'EVA02-L-14/merged2b_s4b_b131k': dict(embed_dim=16, custom_text=True, text_cfg=BPE, vision_cfg=dict(
             image_size=32, timm_model_name='test_vit', timm_pool='token', timm_proj='linear'))}


def small_clips(networks):
    "Let open_clip know the small ones under the names of the large."
    import open_clip
    for key in CLIPS: open_clip.add_model_config(networks/f'{key.split("/")[0]}.json')
    return open_clip


def make_clips(networks):
    "Two CLIP models, as 10_clip_ensemble has them, not trained."
    import torch
    from safetensors.torch import save_file
    networks.mkdir(exist_ok=True)
    for key, config in CLIPS.items(): (networks/f'{key.split("/")[0]}.json').write_text(json.dumps(config))
    open_clip = small_clips(networks)
    for key in CLIPS:
        torch.manual_seed(0)
        name, tag = key.split('/')
        tagged = open_clip.get_pretrained_cfg(name, tag)
        model = open_clip.create_model(name, force_quick_gelu=tagged.get('quick_gelu', False))
        state = {k: v.detach().clone().contiguous() for k, v in model.state_dict().items()}
        (networks/key).mkdir(parents=True)
        save_file(state, networks/key/'open_clip_model.safetensors')


def make_sam3(networks):
    "A SAM 3 of a few hundred thousand weights, as 13_sam2_pipeline has it."
    import torch
    import transformers as t
    from tokenizers import pre_tokenizers
    (folder := networks/'sam3').mkdir(parents=True)
    torch.manual_seed(0)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(c + '</w>' for c in letters), '<|startoftext|>', '<|endoftext|>']
    (folder/'vocab.json').write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder/'merges.txt').write_text('#version: 0.2\n')
    (folder/'special_tokens_map.json').write_text('{}')
    small = dict(hidden_size=32, num_attention_heads=2, intermediate_size=64)
    vit = dict(model_type='sam3_vit_model', **small, num_hidden_layers=2, image_size=112, window_size=4,
               global_attn_indexes=[1], pretrain_image_size=56)
    text = dict(**small, vocab_size=len(tokens), projection_dim=32, num_hidden_layers=1, max_position_embeddings=32,
                bos_token_id=len(tokens) - 2, eos_token_id=len(tokens) - 1)
    seen = dict(backbone_config=vit, fpn_hidden_size=32, backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]])
    config = t.Sam3Config(vision_config=seen, text_config=text, geometry_encoder_config=dict(**small, num_layers=1),
                          detr_encoder_config=dict(**small, num_layers=1),
                          detr_decoder_config=dict(**small, num_layers=2, num_queries=12),
                          mask_decoder_config=dict(hidden_size=32, num_attention_heads=2))
    t.Sam3Model(config).save_pretrained(folder)
    tokenizer = t.CLIPTokenizer(str(folder/'vocab.json'), str(folder/'merges.txt'))
    t.Sam3Processor(t.Sam3ImageProcessor(size=dict(height=112, width=112)), tokenizer).save_pretrained(folder)


# ---------------------------------------------------------------- doors: each yields (name, question, *words)

DOORS = {}   # name → (function of the inputs' folder, packages it needs)


def door(*needs):
    def register(function):
        DOORS[function.__name__] = function, needs
        return function
    return register


def guarded(part, given):
    "The questions of a part; where it cannot go on, one that tells why, so that the others are asked all the same."
    try: yield from part(given)
    except Exception as error:  # noqa: BLE001, such as an import that is not there any more
        traceback.print_exc()
        yield f'{part.__name__} broke off', again, error


def again(error): raise error


def airl(given, line):
    "What `python -m airl LINE` prints (@ stands for the inputs), how it ends and, where not with 0, its complaint."
    said, complaint, typed = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ['airl', *words_of(given, line)]
    try:
        with redirect_stdout(said), redirect_stderr(complaint): runpy.run_module('airl', run_name='__main__')
        code = 0
    except SystemExit as end: code = end.code or 0
    finally: sys.argv = typed
    return ended(code, said.getvalue(), complaint.getvalue())


def words_of(given, line): return [word.replace('@', f'{given}/') for word in shlex.split(line)]


def program(given, line):
    "The same in a process of its own."
    done = subprocess.run([sys.executable, '-m', 'airl', *words_of(given, line)], capture_output=True, text=True)
    return ended(done.returncode, done.stdout, done.stderr)


def ended(code, said, complaint):
    try: said = json.loads(said)
    except ValueError: said = said.splitlines()
    if isinstance(said, dict) and 'sentence' in said: said['sentence'] = without_rate(said['sentence'])
    return dict(code=code, said=said) | (dict(complaint=without_rate(complaint).splitlines()) if code else {})


def without_rate(sentence): return re.sub(r', [\d.]+ a second', '', sentence)


def each(given, lines):
    "A question for each command line."
    for line in lines.strip().splitlines(): yield line.strip(), airl, given, line


@door()
def cli_segment(given):
    yield 'as a program', program, given, 'segment @cat.png "a cat" -o out --json'
    yield from each(given, '''
        segment @coffee.png "a cup" -o out --json
        segment @coffee.png "a cup . a spoon" "a table" --instances all -o out --json
        segment @coffee.png "a cup" "not a spoon" -o out --json
        segment @coffee.png "an elephant" -o out --json
        segment @coffee.png "a cup" "a dog" -o out --json
        segment @coffee.png "an elephant" --presence-threshold 0 -o out --json
        segment @cat.png "a grey cat" --models lite -o out
        segment @coffee.png "a flurble" -o out --json
        segment @coffee.png " " -o out --json
        segment nowhere.png "a cat" -o out --json
        segment @coffee.png "a cup" --models fast -o out --json
        segment @coffee.png "a cup" --models best -o out --json
        segment @coffee.png "a cup" --instances some -o out --json
        segment @coffee.png "a cup" --nonsense''')
    yield 'files', files_of, 'out'


COMMANDS = 'segment video batch predict eval export train study bench doctor download weights verify app demo'.split()


@door()
def cli_help(given):
    for command in ('', *COMMANDS): yield f'{command} --help', airl, given, f'{command} --help'
    yield from each(given, '''
        --version
        doctor --json
        doctor
        weights list --json
        weights list
        weights where lite
        weights check lite --json
        weights check sam2.1_hiera_tiny
        weights remove lite
        weights where nothing
        weights move
        download fast --json
        download
        verify fast --json
        verify
        export nano nano.txt
        study nothing
        app --auth nobody''')


@door('av')
def cli_video(given):
    yield from each(given, '''
        video @clip.mp4 "a cat" --show side --every 6 -o side --json
        video @clip.mp4 "a cat" --start .3 --end 1 --stride 2 -o part --json
        video @clip "a cat" "a bus" --show green -o green --json
        video @clip "a cat" "a bus" --show green -o green --resume --json
        video nowhere.mp4 "a cat"
        video @photos/broken.jpg "a cat"
        video @clip.mp4 "a flurble"''')
    for folder in ('side', 'part', 'green'): yield f'files of {folder}', files_of, folder


@door()
def cli_batch(given):
    formats = '--export coco --export yolo --export labelme --export voc --export masks'
    asked = 'batch @photos "a cat" "a cup" "a person" -o out --workers 0 --json'
    yield 'folder', airl, given, f'{asked} {formats} --val .4 --gallery'
    yield 'again', airl, given, asked
    yield 'files', files_of, 'out'
    yield 'with classes', airl, given, f'{asked} --export coco --class "a cat=animal" --class "a person=animal"'
    yield 'files with classes', files_of, 'out/coco'
    yield from each(given, f'''
        batch @photos/cat.jpg "a cat" --instances best -o best --json
        {asked} --export pascal
        {asked} --class "a cat"
        {asked} --engine cloud
        batch @photos -o none
        batch @networks "a cat" -o none''')


@door()
def cli_bench(given):
    yield from each(given, '''
        bench --limit 20 -o text --json
        bench --limit 20 -o text --compare text --json
        bench --task box --limit 20 -o box --json
        bench --task click --limit 20 -o click --json
        bench --data nothing:here''')
    data = Path(os.environ.get('AIRL_DATA') or 'nowhere')
    for name, task, n in (('voc', 'text', 20), ('coco', 'text', 20), ('coco', 'box', 20), ('coco', 'click', 5)):
        line = f'bench --data {name}:{data/name/"dev"} --task {task} --limit {n} -o {name}-{task} --json'
        if (data/name/'dev').is_dir(): yield f'{name} {task}', airl, given, line
    yield 'files', files_of, '.'


@door()
def cli_train(given):
    thirty = 'train --set epochs=3 --set batch_size=128 --set precision=fp32 --set hflip=0.5 --run run --json'
    yield 'train', airl, given, thirty
    yield 'files of the run', files_of, 'run'
    yield 'train again', airl, given, thirty
    yield from each(given, '''
        predict @cat.png @coffee.png --model run --json
        eval --model run --data digits --tta shift -o report --json
        export run run.pt2 --json
        predict @cat.png --model run.pt2 --json
        study patches --data sample --epochs 1 --seeds 1 --images 100 -o study --json
        train --set epochs
        train --set epoch=3
        train --preset none
        train --data nothing''')
    for folder in ('report', 'study'): yield f'files of the {folder}', files_of, folder


@door()
def cli_nano(given):
    yield from each(given, '''
        predict @cat.png @coffee.png @astronaut.png @rocket.png -k 4 --json
        predict @cat.png @coffee.png
        eval -o report --json
        predict @cat.png --model nowhere
        predict nowhere.png
        eval --data digits''')
    yield 'report', files_of, 'report'
    if any(importlib.util.find_spec(package) is None for package in ('onnxscript', 'onnxruntime')): return
    yield 'export', airl, given, 'export nano nano.onnx --json'
    yield 'the file itself', onnx_answers, 'nano.onnx'
    yield 'predict by the file', airl, given, 'predict @cat.png @coffee.png --model nano.onnx --json'


def onnx_answers(path):
    import onnxruntime
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    images = np.random.default_rng(0).random((3, 3, 32, 32), np.float32)
    return session.run(None, {'images': images})[0], session.get_modelmeta().custom_metadata_map


def photo(given, name, scale=1.):
    "A photo of the inputs: uint8 [H, W, 3]."
    import cv2
    from PIL import Image
    image = np.asarray(Image.open(given/f'{name}.png').convert('RGB'))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=kind)


def told(result):
    "A `SegmentationResult` with what it says of itself."
    own = dict(sentence=result.sentence(), xyxy=result.xyxy, labels=result.labels, scores=result.scores)
    return own | dict(result=result, present=result.present)


EVERY = dict(instances='all')
SETTINGS = [{}, EVERY, EVERY | dict(box_threshold=.3), EVERY | dict(box_threshold=0., presence_threshold=0.),
            EVERY | dict(post='adaptive'), EVERY | dict(refine=True), dict(box_threshold=.9), dict(post='none'),
            dict(presence_threshold=.05), dict(presence_threshold=1.), dict(instances='some'), dict(post='nice')]
BOX, CLICKS = [[110., 20., 420., 345.]], [[[250., 150.], [20., 20.]]]       # a cup, a place in it and one beside it


@door()
def pipeline(given):
    from airl import TextDrivenSegmentationPipeline as Pipeline
    coffee, large, lite = photo(given, 'coffee'), photo(given, 'coffee', 2.5), Pipeline('lite', instances='all')
    asked = ['a cup', 'a spoon . an elephant', 'not a table']
    for some in SETTINGS: yield f'{some}', lambda some=some: told(Pipeline('lite', **some).segment_image(coffee, asked))
    for text in ('', 'not a cat', 'a flurble', [3]): yield f'asked {text!r}', lite.segment_image, coffee, text
    yield 'people', lambda: told(lite.segment_image(photo(given, 'astronaut'), 'a person . a rocket'))
    yield 'large', lambda: told(lite.segment_image(large, 'a cup'))
    yield 'large, refined', lambda: told(Pipeline('lite', refine=True).segment_image(large, 'a spoon'))
    yield 'engines', lambda: [lite.preset, lite.why, lite.scorer.name, lite.detector.name, lite.segmenter.name]
    yield 'not here', Pipeline, 'fast'
    yield from pointed_at(lite, coffee, large)
    yield from from_files(given, lite, coffee)


def pointed_at(lite, coffee, large):
    from airl.scene import Prompts
    rough = np.zeros((1, 50, 75), np.float32)
    rough[:, 6:42, 15:50] = .9
    clicks = dict(points=CLICKS, point_labels=[[1, 0]])
    prompts = dict(box=dict(boxes=BOX), click=dict(points=[[[250., 150.]]]), clicks=clicks, mask=dict(masks=rough))
    prompts |= dict(several=dict(boxes=BOX*2), all=dict(boxes=BOX, masks=rough) | clicks)
    for name, parts in prompts.items():
        yield f'at {name}', lambda parts=parts: told(lite.segment_at(coffee, Prompts(**parts), 'a thing'))
    yield 'at a box, large', lambda: told(lite.segment_at(large, Prompts(boxes=np.array(BOX)*2.5)))


def from_files(given, lite, coffee):
    from airl import quick_segment, segment_image_from_path
    from airl.sam2_pipeline import choose_preset, file_prefix, parse_prompt
    yield 'from path', lambda: told(segment_image_from_path(given/'cat.png', 'a cat', 'auto', 'out', 'all'))
    yield 'saved', lambda: told(lite.segment_image(coffee, 'a cup', True, 'cup', 'saved'))
    for folder in ('out', 'saved'): yield f'files of {folder}', files_of, folder
    yield 'quickly', lambda: told(quick_segment(given/'cat.png', 'a cat'))
    for text in ('a dog, not the shadow', [' a dog .  a frisbee. ', 'a knot and a 2.5 m rope']):
        yield f'understood {text!r}', lambda text=text: [parse_prompt(text), file_prefix('photos/street.jpg', text)]
    for name in ('auto', 'lite', 'paper', 'best'): yield f'preset {name}', choose_preset, name


def shapes(size=(200, 300)):
    "Masks by name: simple ones, with holes, in pieces."
    yy, xx = np.mgrid[:size[0], :size[1]]
    disc = lambda x, y, r: (xx - x)**2 + (yy - y)**2 <= r*r
    ring, other = disc(70, 100, 60) & ~disc(75, 95, 30), disc(220, 100, 50) & ~disc(230, 90, 20)
    pieces = disc(70, 70, 45) | disc(200, 120, 60)
    return dict(disc=disc(80, 100, 60), ring=ring, pieces=pieces, rings=ring | other, edge=(xx > 40) & (yy < 150))


def outlines(result):
    "The polygons that `result` writes, filled as their readers do, beside its masks."
    size, yolo_masks, labelme_masks = result.image.shape[:2], {}, {}
    yolo, labelme = by_yolo(result.to_yolo(), size), by_labelme(result.to_labelme('photo.jpg'))
    for k, instance in enumerate(result.instances, 1):
        number = f'class {result.prompts.index(instance.label)}'
        of_class = np.any([i.mask for i in result.instances if i.label == instance.label], axis=0)
        yolo_masks[number] = beside(yolo[number], of_class)
        labelme_masks[f'{k} {instance.label}'] = beside(labelme[f'{instance.label} {k}'], instance.mask)
    return dict(to_yolo=yolo_masks, to_labelme=labelme_masks)


def beside(filled, mask):
    from skimage.measure import euler_number, label
    simple = label(mask, connectivity=2).max() == euler_number(mask, 2) == 1
    return dict(filled=filled, iou=float((filled & mask).sum()/(filled | mask).sum()), simple=bool(simple))


@door('supervision')
def results(given):
    from airl import SegmentationResult, TextDrivenSegmentationPipeline
    from airl.scene import Instance, MaskScore, load_result
    coffee, masks = photo(given, 'coffee'), shapes()
    found = TextDrivenSegmentationPipeline('lite', instances='all').segment_image(coffee, 'a cup . a spoon . a table')
    instances = [Instance(mask, name, MaskScore(.9, .8, .7, .6, .5), .9, .8) for name, mask in masks.items()]
    made = SegmentationResult(coffee[:200, :300], [*masks, 'nothing'], instances, presence=dict.fromkeys(masks, .9))
    for name, result in dict(found=found, made=made, none=dataclasses.replace(made, instances=[])).items():
        for about, question, *words in of_result(name, result): yield f'{name}: {about}', question, *words
    yield 'files', files_of, 'out'
    yield 'load', lambda: told(SegmentationResult.load('out/made_result.json'))
    yield 'no result', load_result, 'out/nothing_result.json'
    yield 'bad prefix', made.save, 'out', 'a/b'


def of_result(name, result):
    from airl.scene import cutout, draw_instances, from_dict, load_result, overlay, result_figure, to_dict
    image, masks = result.image, result.masks
    yield 'itself', told, result
    yield 'coco', result.to_coco, 7, 'photo.jpg', [*result.prompts, 'another']
    yield 'outlines', outlines, result
    yield 'labelme', lambda: result.to_labelme('photo.jpg') | dict(shapes=[])
    yield 'supervision', lambda: vars(result.to_supervision())
    yield 'saved', lambda: [path.name for path in result.save('out', name)]
    yield 'loaded', lambda: told(load_result(f'out/{name}_result.json'))
    yield 'there and back', lambda: told(from_dict(json.loads(json.dumps(to_dict(result))), image))
    yield 'cut out', cutout, result
    yield 'overlay', lambda: tinted(overlay(image, masks), image)
    yield 'instances', lambda: tinted(draw_instances(image, masks, result.xyxy, result.labels), image)
    yield 'figure', lambda: dict(drawn=png(result_figure(result)))
    yield 'in a notebook', lambda: dict(drawn=pixels(result._repr_png_()))


def png(drawing):
    drawing.savefig(out := io.BytesIO(), format='png')
    return pixels(out.getvalue())


def pixels(data):
    from PIL import Image
    return np.asarray(Image.open(io.BytesIO(data)))


@door()
def classify(given):
    from airl import predict
    from airl.eval_tta import load_classifier, one_of_ten
    photos = [photo(given, name) for name in ('cat', 'coffee', 'astronaut')] + [given/'rocket.png']
    yield 'nano', lambda: {k: v for k, v in vars(load_classifier('nano')).items() if k != 'model'}
    yield 'predict', predict, photos
    for tta in ('none', 'shift', 'hflip+shift', 'twice'): yield f'predict, {tta}', predict, photos[0], 'nano', 3, tta
    yield 'one of ten', lambda: [one_of_ten(p) for p in photos[:3]]
    yield from judged()
    yield from trained()


def judged():
    import torch
    from airl import evaluate, eval_tta, load_data
    train, test = (load_data('sample', split).subset(torch.arange(0, 1000, 5)) for split in ('train', 'test'))
    reports = [evaluate('nano', test, tta) for tta in ('none', 'hflip')]
    for report in reports:
        yield f'report, {report.tta}', lambda r=report: [r.logits, r.probabilities, r.confusion, r.summary()]
        for table in (eval_tta.per_class, eval_tta.classification_report, eval_tta.most_confused):
            yield f'{table.__name__}, {report.tta}', table, report
    yield 'compared', lambda: str(eval_tta.compare(*reports))
    yield 'calibrated', lambda: evaluate('nano', test, 'none', train).summary()
    yield 'temperature', eval_tta.fit_temperature, reports[0].logits, test.labels.numpy()
    yield 'interval', eval_tta.bootstrap_interval, reports[0].correct


def trained():
    import torch
    from airl import Recipe, create_vit, fit, load_data, load_nano
    torch.manual_seed(0)
    make = partial(create_vit, num_classes=10, img_size=32, patch_size=8)
    nets = [make(name) for name in ('airl_vit_tiny_patch16_224', 'vit_tiny_patch16_224')]
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    yield 'untrained', lambda: [net.eval()(images) for net in [*nets, load_nano()[0]]]
    train, test = (load_data('sample', split).subset(torch.arange(0, 1000, 4)) for split in ('train', 'test'))
    short = dict(precision='fp32', epochs=2, warmup_epochs=.5)
    rich = dict(mixup=.8, cutmix=1., mix_prob=.7, scale=(.7, 1.), jitter=(.2, .2, .2), cutout=6, hflip=.5)
    plan = dict(schedule='epochs', max_minutes=0., batch_size=80, lr_batch=80, accumulate=2)
    smoke, nano = Recipe.preset('smoke', **rich, **short), Recipe.preset('nano', **plan, **short)
    for name, recipe, start in (('smoke', smoke, None), ('nano', nano, None), ('second', smoke, 'runs/smoke')):
        run = partial(fit, recipe, train, test, f'runs/{name}', start=start, progress=False)
        yield f'trained {name}', lambda run=run: run().metrics
        yield f'files of {name}', files_of, f'runs/{name}'


def film(given): return [pixels(path.read_bytes()) for path in sorted((given/'clip').iterdir())]


@door('av')
def video(given):
    from airl.video import Video, VideoSegmenter, load_video_result, segment_stream, segment_video
    frames, clip = film(given), given/'clip.mp4'
    track = partial(segment_video, models='lite', progress=False)
    yield 'stream', segment_stream, clip, 'a cat', 'lite'
    yield 'stream, often', lambda: [(f, f.masks) for f in segment_stream(frames, ['a cat', 'a couch'], 'lite', every=5)]
    yield from rendered(next(segment_stream(frames, 'a cat', 'lite')))
    made = track(frames, 'a cat', 'out', how='alpha', every=6, piece=5)
    yield 'video', lambda: [made, made.sentence(), made.masks()]
    yield 'files', files_of, 'out'
    yield 'read back', lambda: [load_video_result('out'), load_video_result('out').masks()]
    yield 'no pictures', lambda: [track(frames[:3], 'a bus', 'none', pngs=False).sentence(), files_of('none')]
    yield 'in two', in_two, VideoSegmenter, frames
    yield 'frames', lambda: [(f.index, f.time, f.image) for f in Video(clip, .2, 1., 3)]
    for wrong in (dict(stride=0), dict(start=3, end=2), dict(start=9)):
        yield f'wrong {wrong}', lambda wrong=wrong: list(Video(clip, **wrong))
    yield 'wrong size', track, [frames[0], frames[1][:-2]], 'a cat', 'size'
    yield 'wrong rendering', lambda: track(frames, 'a cat', 'x', how='gif')


def rendered(shown):
    from airl.video import indexed, paint, render
    for how in ('green', 'alpha'): yield f'shown {how}', render, shown, how
    yield 'shown side', lambda: tinted(render(shown, 'side'), np.concatenate([shown.image]*2, 1))
    yield 'painted', lambda: tinted(paint(shown), shown.image)
    yield 'indexed', lambda: dict(values=np.asarray(indexed(shown)), palette=indexed(shown).getpalette())


def in_two(segmenter, frames):
    "A video that is put aside in the middle and gone on with."
    one, other = (segmenter('a cat', 'lite', every=4) for _ in range(2))
    first = [one(frame, k/12) for k, frame in enumerate(frames[:7])]
    other.restore(one.state())
    return first, [other(frame, k/12) for k, frame in enumerate(frames[7:], 7)], other.tracks


@door('sam2')
def trackers(given):
    from airl import FlowTracker
    from airl.video import assign, colours_of, flow_back, is_cut, small_grey
    frames, sam2 = film(given), slim_tracker()
    masks = np.zeros((2, *frames[0].shape[:2]), bool)
    masks[0, 60:170, 60:200] = masks[1, 20:60, 30:90] = True
    yield 'flow', followed, FlowTracker(), frames, masks
    yield 'flow, put aside', put_aside, FlowTracker, frames, masks
    yield 'sam2', followed, sam2(), frames, masks
    yield 'sam2, few frames', followed, sam2(conditioning=1, frames=len(frames)), frames, masks
    yield 'sam2, put aside', put_aside, sam2, frames, masks
    for tracker in (FlowTracker(), sam2()): yield f'{tracker.name} too early', tracker.step, frames[0]
    yield 'flow of two', lambda: flow_back(small_grey(frames[0]), small_grey(frames[1]), (192, 256))
    yield 'cuts', lambda: [is_cut(frames[0], other) for other in (frames[1], 255 - frames[0], frames[0][::-1])]
    yield 'colours', colours_of, frames[0], masks[0]
    yield 'assigned', assign, np.array([[.9, .8, .1], [.85, .1, .3]]), .2


def slim_tracker():
    "What makes a `SAM2Tracker` of a slim network with random weights."
    import torch
    from airl import SAM2Tracker
    from sam2.build_sam import build_sam2_video_predictor
    torch.manual_seed(0)
    changes = [*SLIM, '++model.image_size=128', '++model.add_all_frames_to_correct_as_cond=true']
    net = build_sam2_video_predictor(SAM2_PLAN, None, 'cpu', hydra_overrides_extra=changes)
    net.fill_hole_area = 0
    net.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.data.fill_(5.)   # else it might find that nothing is there
    return partial(SAM2Tracker, net, dtype=torch.float32)


def followed(tracker, frames, masks):
    "Masks and confidence on every frame; one object comes later, one goes."
    tracker.start(frames[0])
    shown = [tracker.add(masks[:1])]
    for k, frame in enumerate(frames[1:], 1):
        shown.append([tracker.step(frame), dict(tracker.confidence)])
        if k == 3: shown.append(tracker.add(masks[1:]))
        if k == 6: shown.append(tracker.remove([1]))
    return shown


def put_aside(make, frames, masks):
    "What a tracker that takes over from another sees."
    one, other = make(), make()
    one.start(frames[0])
    one.add(masks)
    for frame in frames[1:6]: one.step(frame)
    other.restore(one.state())
    return [(other.step(frame), dict(other.confidence)) for frame in frames[6:9]]


@door()
def batch(given):
    from airl.batch import BatchRecipe, jobs_of, project, read_manifest, segment_folder
    sources, photos = pack(given/'photos', Path('packed')), given/'photos'
    for name, source in sources.items(): yield f'jobs of {name}', jobs_of, source, ['a dog']
    yield 'jobs that say', lambda: [job.prompts for job in jobs_of(sources['table'])]
    yield 'jobs that do not', lambda: list(jobs_of(photos))
    label, asked = partial(segment_folder, models='lite', progress=False), ['a cat', 'a cup . a person']
    rich = dict(instances='best', box_threshold=.2, presence_threshold=.3, post='adaptive', refine=True)
    runs = dict(folder=(photos, asked, rich), zip=(sources['zip'], asked, dict(workers=1)),
                tar=(sources['tar'], asked, {}), table=(sources['table'], (), {}))
    for name, (source, prompts, options) in runs.items():
        run = partial(label, source, prompts, name, **dict(workers=0) | options)
        for about, question, *words in of_run(name, run): yield f'{name}: {about}', question, *words
    yield 'another recipe', lambda: summed(label(photos/'cat.jpg', 'a cat', 'folder', workers=0))
    yield 'projected', project, .5, 2e5, 900, 10_000, 4, .3
    yield 'key', lambda: BatchRecipe('lite').key('0'*32, ['a cat'])
    yield from exported('tar')
    yield 'together', together, photos
    yield 'unknown word', label, photos, 'a flurble', 'x'
    yield 'no source', label, 'nowhere', 'a cat', 'x'
    yield 'wrong choice', lambda: label(photos, 'a cat', 'x', post='nice')
    yield 'no manifest', read_manifest, 'packed'


def pack(photos, folder):
    "The photos as the other sources of a batch."
    import tarfile
    import zipfile
    folder.mkdir()
    files = sorted(photos.iterdir())
    with zipfile.ZipFile(folder/'photos.zip', 'w') as archive, tarfile.open(folder/'photos.tar', 'w') as tar:
        for path in files:
            archive.write(path, f'deep/{path.name}')
            tar.add(path, path.name)
    (folder/'list.txt').write_text('\n'.join(map(str, files)))
    rows = ('image,prompt', f'{files[0]},a person', f'{files[2]},a cat', f'{files[3]},a cup', f'{files[3]},a spoon')
    (folder/'ask.csv').write_text('\n'.join(rows))
    return dict(folder=photos, some=f'{photos}/c*.jpg', zip=folder/'photos.zip', tar=folder/'photos.tar',
                list=folder/'list.txt', table=folder/'ask.csv')


def of_run(folder, run):
    from airl.batch import by_image, doubt, read_manifest
    place = lambda row: (row['image'], row['prompt'], row['instance'] or 0)
    yield 'run', lambda: summed(run())
    yield 'manifest', lambda: sorted(read_manifest(folder).to_pylist(), key=place)
    yield 'summary', json_of, Path(folder)/'summary.json'
    yield 'again', lambda: summed(run())
    yield 'doubts', lambda: sorted((image, doubt(rows)) for image, rows in by_image(folder))


def summed(summary): return vars(summary) | dict(sentence=without_rate(summary.sentence()))


def exported(folder):
    from airl.batch import class_names, export_dataset, gallery
    yield 'classes', lambda: [class_names(folder), class_names(folder, {'a cat': 'animal', 'a person': 'animal'})]
    for kind in ('coco', 'yolo', 'labelme', 'voc', 'masks', 'pascal'):
        yield f'exported {kind}', lambda kind=kind: files_of(export_dataset(folder, kind, val=.5))
    yield 'gallery', lambda: files_of(gallery(folder).parent)


def together(photos):
    "Rows where a segmenter encodes several photos at once, as on a GPU."
    from airl import TextDrivenSegmentationPipeline as Pipeline
    from airl.batch import BatchRecipe, answers, jobs_of
    from airl.lite import LiteDetector, LiteScorer, LiteSegmenter

    class Several(LiteSegmenter):
        device = 'toy'
        def encode_many(self, images): return [self.encode(image) for image in images]

    mixed = Pipeline(scorer=LiteScorer(), detector=LiteDetector(), segmenter=Several(), instances='all')
    return [rows for rows, _ in answers(jobs_of(photos, ['a cat', 'a person']), BatchRecipe('lite'), mixed)]


@door('gradio', 'fastapi', 'ipywidgets')
def page(given):
    from airl import app
    from starlette.testclient import TestClient
    coffee, several = photo(given, 'coffee'), ['a cup', 'a spoon']
    rich = dict(instances='all', presence_threshold=.2, box_threshold=.1, post='adaptive', refine=True)
    cup, kept = app.ask(coffee, 'a cup', 'lite'), app.keep(coffee, ['a cup', 'a bicycle'], 'lite')
    yield 'asked', told, cup
    yield 'asked with settings', lambda: told(app.ask(coffee, several, 'lite', **rich))
    yield 'asked again', lambda: told(app.ask(coffee, several, 'lite'))
    for levels in ((.5, 0.), (0., 0.), (.5, .9)): yield f'kept {levels}', lambda levels=levels: told(kept.at(*levels))
    yield from mended(app, cup)
    yield from of_page(given, app, coffee, cup)
    locked, whole = TestClient(app.create_api('lite', auth=('ada', 'secret'))), TestClient(app.create_app('lite'))
    yield from api(given, TestClient(app.create_api('lite')), locked)
    yield 'whole page', lambda: [whole.get(path).status_code for path in ('/', '/docs', '/api/about')]


def mended(app, cup):
    none, box = app.Clicks(), app.Clicks().add(160, 60, 'box').add(390, 230, 'box')
    clicks = dict(add=none.add(150, 290, 'add'), less=none.add(170, 250, 'remove'), box=box,
                  both=box.add(300, 200, 'add'))
    for name, some in (clicks | dict(none=none)).items():
        yield f'mended, {name}', lambda some=some: told(app.point_at(cup, some, 'lite'))
    nothing = dataclasses.replace(cup, instances=[], candidates=[])
    yield 'mended, from nothing', lambda: told(app.point_at(nothing, clicks['add'], 'lite'))


def of_page(given, app, coffee, cup):
    Path('files').mkdir()
    yield 'detections', lambda: tinted(app.detections_picture(cup), coffee)
    yield 'candidates', lambda: [tinted(shown, coffee) | dict(says=says) for shown, says in app.candidate_pictures(cup)]
    yield 'rows', lambda: [app.instance_rows(cup), app.answer_line(cup), app.about_text()]
    yield 'downloads', lambda: [app.downloads(cup, 'files'), files_of('files')]
    yield 'widget', lambda: told(app.segment_widget(coffee, 'a cup', 'lite').result)
    yield 'attention', app.attention_picture, coffee
    clip = given/'clip.mp4'
    if clip.exists(): yield 'followed', lambda: list(app.follow(clip, 'a cat', 'clip', 10., 'lite'))[-1]


def api(given, client, locked):
    def post(path, photo, **fields):
        reply = client.post(path, files={'photo': photo}, data=fields)
        return reply.status_code, reply.json()
    coffee, several = (given/'coffee.png').read_bytes(), ['a cup', 'a spoon', 'not a table']
    for fields in (dict(text='a cup'), dict(text=several, every='true'), dict(text='an elephant'),
                   dict(text='a flurble'), dict(text='a cup', preset='paper'), {}):
        yield f'api, {fields}', partial(post, '/api/segment', coffee, **fields)
    yield 'api, no photo', partial(post, '/api/segment', b'not a photo', text='a cat')
    yield 'api, broken photo', partial(post, '/api/segment', (given/'photos/broken.jpg').read_bytes(), text='a cat')
    yield 'api, classified', post, '/api/classify', (given/'cat.png').read_bytes()
    for path in ('/api/about', '/openapi.json'): yield f'api, {path}', lambda path=path: client.get(path).json()
    for auth in (None, ('ada', 'wrong'), ('ada', 'secret')):
        yield f'api, locked, {auth}', lambda auth=auth: locked.get('/api/about', auth=auth).status_code


def scores_of(scores):
    return dict(scores=scores, disagreement=scores.disagreement)


def candidates_of(c):
    n, k = c.predicted_iou.shape
    return dict(c=c, masks=[[c.mask(i, j) for j in range(k)] for i in range(n)])


@door('transformers', 'open_clip', 'sam2')
def engines(given):
    from airl.clip_ensemble import HighAccuracyCLIPScorer
    from airl.detector import GroundingDINODetector, HybridDetector, SlidingWindowDetector
    from airl.lite import LiteScorer
    os.environ['AIRL_WEIGHTS'] = str(given/'networks')
    small_clips(given/'networks')
    dino = partial(GroundingDINODetector, precision='fp32', device='cpu')
    low = dict(box_threshold=.2, text_threshold=.2)
    clip = HighAccuracyCLIPScorer(nouns=['a cat', 'a cup', 'a dog'], device='cpu')
    window = SlidingWindowDetector(clip, max_boxes=2, threshold=-.9)
    some, silent, missing = dino(**low, max_boxes=4), dino(box_threshold=1.), dino('grounding-dino-base')
    lite = LiteScorer()
    hybrids = dict(plain=HybridDetector(some, window, lite), silent=HybridDetector(silent, window, lite, .1),
                   broken=HybridDetector(missing, window, lite), none=HybridDetector(None, window))
    yield from detectors(given, dino, low, dict(window=window, missing=missing) | hybrids)
    yield from scored(given, clip, some)
    sam2, sam3 = slim_segmenter(), small_sam3()
    yield from segmenters(given, sam2, sam3)
    yield from engines_together(given, clip, dino(**low, max_boxes=30), hybrids, sam2, sam3)


def slim_segmenter():
    import torch
    from airl.sam2_pipeline import SAM2Segmenter, load_sam2
    return SAM2Segmenter(load_sam2('sam2.1_hiera_tiny', 'cpu', [*SLIM, '++model.image_size=256']), dtype=torch.float32)


def small_sam3():
    import torch
    from airl.sam2_pipeline import Sam3Engine
    return Sam3Engine('cpu', threshold=.25, dtype=torch.float32)


PHRASES = ['a cup', 'a red car', 'a striped cat on a red carpet']


def detectors(given, dino, low, others):
    coffee, small = photo(given, 'coffee'), photo(given, 'coffee', .5)
    for some in ({}, low, low | dict(joint=True), low | dict(tile=300), dict(box_threshold=.95),
                 dict(box_threshold=0., text_threshold=0., max_boxes=3), dict(box_threshold=.4, low_memory=True)):
        yield f'dino {some}', lambda some=some: dino(**some).detect(coffee, PHRASES)
    yield 'dino, empty phrase', lambda: dino().detect(coffee, ['  '])
    owl = dino(given/'networks/owl', box_threshold=.01, text_threshold=.01)
    yield 'owl', owl.detect, coffee, ['a cup', 'a dog']
    for name, detector in others.items(): yield f'boxes by {name}', detector.detect, small, ['a cup', 'a spoon']


def scored(given, clip, dino):
    from airl.clip_ensemble import rerank
    coffee = photo(given, 'coffee')
    yield 'clip', lambda: scores_of(clip.score([coffee, coffee[:150, :300], coffee[100:300, 100:500]], PHRASES))
    for question in (clip.presence, clip.presence_odds): yield f'clip {question.__name__}', question, coffee, PHRASES
    yield 'clip seen', clip.seen, coffee, 2
    yield 'reranked', lambda: rerank(clip, coffee, dino.detect(coffee, PHRASES))


def segmenters(given, sam2, sam3):
    from airl.scene import Prompts
    coffee, small = photo(given, 'coffee'), photo(given, 'coffee', .5)
    rough = dict(masks=(.01 + .98*drawn(2, 64, 64)).astype(np.float32))
    boxes, points = dict(boxes=[*BOX, [30., 30., 200., 200.]]), dict(points=[*CLICKS, [[100., 100.], [200., 30.]]])
    labelled, every = points | dict(point_labels=[[1, 0]]*2), boxes | points | rough
    for name, parts in dict(boxes=boxes, clicks=labelled, masks=rough, all=every).items():
        yield f'sam2, {name}', lambda parts=parts: candidates_of(sam2.segment(sam2.encode(coffee), Prompts(**parts)))
    yield 'sam2, several photos', lambda: [e.features for e in sam2.encode_many([coffee, coffee[::-1].copy()])]
    found, seen = sam3.detect(small, ['a cup', 'a spoon']), sam3.encode(small)
    yield 'sam3', lambda: [found, candidates_of(sam3.segment(seen, Prompts(found.xyxy, masks=found.prior)))]
    yield 'sam3, boxes', lambda: sam3.segment(seen, Prompts(found.xyxy))


def engines_together(given, clip, dino, hybrids, sam2, sam3):
    "The pipeline with other engines, at several thresholds of their boxes."
    from airl import TextDrivenSegmentationPipeline as Pipeline
    from airl.lite import LiteDetector, LiteScorer, LiteSegmenter
    small = photo(given, 'coffee', .5)
    lite = dict(scorer=LiteScorer(), detector=LiteDetector(), segmenter=LiteSegmenter())
    paper = dict(scorer=clip, detector=hybrids['plain'], segmenter=sam2)
    three = dict(paper=paper, dino=paper | dict(detector=dino), lite=lite, mixed=lite | dict(segmenter=sam2),
                 sam3=dict(detector=sam3, segmenter=sam3))
    three |= {name: lite | dict(detector=hybrids[name], segmenter=sam2) for name in ('silent', 'broken', 'none')}
    for (name, some), least in itertools.product(three.items(), (None, .45, .97)):
        refine = name == 'paper' and least == .45
        own = Pipeline(**some, instances='all', presence_threshold=0., box_threshold=least, refine=refine)
        yield f'pipeline {name}, {least}', lambda own=own: told(own.segment_image(small, ['a cup', 'a spoon']))


@door()
def pieces(given):
    "Functions that other rooms rely on."
    segmentation = (of_scenes, of_masks, of_crops, of_photos, of_words, of_lite, of_measures, of_truth)
    for part in (*segmentation, of_data, of_models, of_training): yield from guarded(part, given)


def drawn(*shape): return np.random.default_rng(1).random(shape)


def of_scenes(given):
    from airl import scene
    corner, score = drawn(12, 2)*200, drawn(12).astype(np.float32)
    boxes = np.concatenate([corner, corner + drawn(24).reshape(12, 2)*145 + 5], 1).astype(np.float32)
    yield 'areas', lambda: [scene.box_area(boxes), scene.clip_boxes(boxes, (150, 200))]
    for function in (scene.box_iou, scene.containment): yield function.__name__, function, boxes, boxes[::2]
    yield 'suppressed', scene.suppress, boxes, score, ['a', 'b', 'c']*4, .3
    logits = (drawn(20, 30)*9 - 4).astype(np.float32)
    yield 'pasted', scene.paste_logits, logits, np.array([10.5, -4, 90, 70.25]), (80, 100)
    yield 'painted', lambda: [(s.image, s.masks, s.names) for s in (scene.paint_scene(4, seed=k) for k in range(2))]


def of_masks(given):
    from airl import mask_eval, scene
    from airl.batch import filled, one_polygon, polygons
    from airl.sam2_pipeline import post_process
    masks = np.stack([*shapes().values()])
    yield 'mask_iou', scene.mask_iou, masks, masks[::-1]
    for name, mask in shapes().items():
        yield f'box of {name}', scene.mask_to_box, mask
        yield f'coded {name}', lambda m=mask: [scene.encode_rle(m), scene.decode_rle(scene.encode_rle(m))]
        yield f'polygons of {name}', lambda m=mask: [filled(polygons(m), m.shape), filled([one_polygon(m)], m.shape)]
        rough = mask ^ (drawn(*mask.shape) < .01)
        for mode in ('fixed', 'adaptive', 'none'): yield f'cleaned {name}, {mode}', post_process, rough, mode
    for function in (mask_eval.perimeter, mask_eval.compactness, mask_eval.size_score, mask_eval.smoothness):
        yield function.__name__, function, masks


def of_crops(given):
    from airl import clip_ensemble, detector, lite, mask_eval
    coffee, logits = photo(given, 'coffee'), (drawn(4, 6)*60 - 30).astype(np.float32)
    yield 'context', lambda: [mask_eval.context_crop(coffee[:200, :300], mask) for mask in shapes().values()]
    for box in ([-9., 3.5, 40.2, 90.], *BOX, [580., 390., 600., 400.]):
        yield f'around {box}', clip_ensemble.crop_around, coffee, box
        yield f'framed {box}', lambda box=box: lite.crop(coffee, lite.frame_around(box))
    yield 'prompt', lite.prompt_picture, np.array([0., 0, 192, 192]), [10., 20, 150, 160], [[30., 40.]], [[80., 80.]]
    yield 'views', clip_ensemble.views, coffee
    yield 'odds', clip_ensemble.log_odds, logits[:, :3], logits[:, 3:]
    yield 'competing', clip_ensemble.compete, drawn(4, 6)
    row = detector.Row('a red car. a dog.', ('a red car', 'a dog'), ((1, 4), (5, 7)))
    yield 'grounded', detector.grounded, drawn(9, 8)*160 - 80, drawn(9, 4), row
    yield 'tiles', detector.tiles, (700, 1100), 400
    yield 'windows', detector.window_levels, (200, 300)
    yield 'caption', detector.caption, 'A Red Car. '


def of_photos(given):
    from airl.photos import list_photos, load_photo, resize_longest, sample_photo
    coffee = photo(given, 'coffee')
    arrays = dict(mask=shapes()['ring'], grey=drawn(5, 6), deep=coffee[..., :1].astype(np.uint16)*257,
                  clear=np.dstack([coffee, coffee[..., :1]]))
    for name, array in arrays.items(): yield f'photo {name}', load_photo, array
    for name in ('turned', 'broken'): yield f'photo {name}', load_photo, given/f'photos/{name}.jpg'
    wrong = dict(bright=drawn(5, 6)*3, channels=np.zeros((2, 3, 5)), nowhere='nowhere.png', web='http://here/x.png',
                 folder=given)
    for name, source in wrong.items(): yield f'no photo, {name}', load_photo, source
    yield 'resized', resize_longest, coffee, 123
    yield 'sample', lambda: [sample_photo('rocket'), list_photos(given/'photos')]


def of_words(given):
    from airl.lite import look_up, vocabulary
    phrases = ('a cat;two black and white dogs;a cup of coffee;people;a red sports car on the street;a glass of wine;'
               'knives;the left of a table;a cat and a dog;a tac;a flurble;;a slice of pizza;a golden retriever;sky')
    for phrase in phrases.split(';'): yield f'looked up {phrase!r}', look_up, phrase
    yield 'vocabulary', vocabulary


def of_lite(given):
    from airl import lite
    from airl.scene import Prompts
    coffee, (scorer, detector, segmenter) = photo(given, 'coffee'), lite.lite_engines()
    yield 'reading', lite.read, coffee
    yield 'seen', lambda: [lite.seen(coffee, 7), lite.share_of_kinds(coffee, ['cup', 'dog'])]
    views, texts = [coffee, coffee[:200], coffee[100:, 300:]], ['a cup', 'a red cup', 'a dog', 'a teapot']
    yield 'scores', lambda: scores_of(scorer.score(views, texts))
    yield 'presence', scorer.presence, coffee, ['a cup', 'a white cup', 'a dog', 'a machine', 'a lemon']
    yield 'detected', detector.detect, coffee, ['a cup', 'a striped spoon', 'a dog', 'a teapot']
    embedding, rough = segmenter.encode(coffee), np.zeros((2, 40, 60), np.float32)
    boxes = dict(boxes=[*BOX, [300., 200., 500., 390.]])
    rough[:, 5:30, 15:40] = .8
    clicks = dict(points=[[[250., 150.], [150., 290.], [30., 30.]]], point_labels=[[1, 1, 0]])
    click, mask = dict(points=[[[250., 150.]], [[20., 20.]]]), dict(masks=rough)
    for name, parts in dict(box=boxes, click=click, clicks=clicks, mask=mask, all=boxes | mask).items():
        yield f'cut out by {name}', lambda parts=parts: candidates_of(segmenter.segment(embedding, Prompts(**parts)))
    yield 'alike', lambda: lite.place_likeness(lite.read(coffee).maps, [[250, 150], [300, 100]], (400, 600))
    yield 'no device', lite.lite_engines, 'tpu'


def of_measures(given):
    from airl import benchmark, truth
    masks, said, there = np.stack([*shapes().values()]), drawn(40), drawn(80)[40:] < .5
    for function in (truth.mean_iou, truth.overall_iou):
        yield function.__name__, lambda f=function: f(zip(masks, masks[1:]))
    yield 'contours', lambda: [[(truth.iou(a, b), truth.boundary_f(a, b)) for a in masks] for b in masks]
    yield 'contour of some', truth.boundary_f, masks[0], masks[1], 3, masks[2]
    yield 'clip', truth.score_clip, masks, masks[::-1]
    yield 'auc', lambda: [truth.presence_auc(said, there), truth.presence_auc(said, there | True)]
    yield 'mcc', truth.presence_mcc, said > .4, there
    yield 'cgf1', truth.cgf1, [drawn(*shape) for shape in ((2, 3), (0, 1), (1, 0), (4, 2), (1, 1))]
    phrases, crowd = ['a disc', 'a ring', 'a disc'], np.array([False, False, True])
    labels = truth.Labels(masks[:3], phrases, masks[4] & ~masks[3], crowd)
    yield 'labels', lambda: [labels.present, labels.unsure, labels.mask('a disc'), labels.ignore('a disc')]
    yield 'ap', lambda: truth.mask_ap([(masks[:4], said[:4], [*phrases, 'a ring'], labels)])
    yield 'interval', truth.interval, said, np.arange(40)//4
    coffee, box = photo(given, 'coffee'), np.array(BOX[0])
    for function in (benchmark.box_mask, benchmark.ellipse_mask, benchmark.grabcut_mask):
        yield function.__name__, function, coffee, box
    yield 'activation', benchmark.activation_mask, coffee, 'a cup'
    yield 'middle', benchmark.middle, masks[1]


def of_truth(given):
    from airl import truth
    shown = lambda photos: [(t.name, t.classes, t.image(), t.labels()) for t in photos]
    yield 'folds', truth.folds, [f'{k:04}.jpg' for k in range(50)]
    yield 'traced', lambda: shown(truth.read_sample())
    yield 'painted set', lambda: shown(truth.paint_coco('painted'))
    data = Path(os.environ.get('AIRL_DATA') or 'nowhere')
    sets = dict(voc='voc/dev', coco='coco/dev', davis='davis', pennfudan='pennfudan', camvid='more/camvid')
    for kind, folder in sets.items():
        spec = f'{kind}:{data/folder}'
        if (data/folder).is_dir(): yield f'read {kind}', lambda spec=spec: shown(truth.read_truth(spec)[:3])


def of_data(given):
    import torch
    from airl import data
    digits, sample = data.load_data('digits'), data.load_data('sample')
    images, labels, seed = sample.images[:6], sample.labels[:6], lambda: torch.Generator().manual_seed(0)
    for images_of in (digits, sample, data.load_data('sample', 'test')):
        yield f'{images_of.source}', lambda s=images_of: [s.images[::50], s.labels, s.class_names]
    yield 'split', data.stratified_split, sample.labels, .1
    for some in (dict(img_size=32, shift=3, cutout=8), dict(img_size=64, hflip=.9),
                 dict(img_size=24, jitter=(.4, .4, .4)), dict(img_size=96, scale=(1, 1), jitter=(0, 0, 0))):
        yield f'augmented {some}', lambda some=some: data.Augment(**some)(images, seed())
    yield 'prepared', data.prepare, images, 48
    mixes = data.draw_mixes(6, generator=seed())
    yield 'mixed', lambda: [list(mixes), data.mix(data.prepare(images, 32), data.soft_targets(labels, 10, .1), mixes)]
    yield 'generator', lambda: torch.rand(3, generator=data.generator_for(3, 'augment', 7))
    yield 'batches', lambda: [labels for _, labels in data.batches(digits.subset(torch.arange(50)), 20)]
    yield 'no data', data.load_data, 'nothing'


def of_models(given):
    from airl import data, train, vit_model
    (nano, card), images = vit_model.load_nano(), data.load_data('sample').images[:4]
    seen = data.prepare(images, 32, card.mean, card.std)
    yield 'nano card', lambda: [card, vit_model.count(nano)]
    for function in (vit_model.attention_maps, vit_model.attention_heat): yield function.__name__, function, nano, seen
    for name in train.PRESETS: yield f'recipe {name}', lambda name=name: train.recipe_to_yaml(train.Recipe.preset(name))
    yield 'rates', lambda: [train.rate_factor(step, 20, train.Recipe.preset('smoke')) for step in range(0, 300, 7)]
    yield 'groups', lambda: [(len(g['params']), g['weight_decay']) for g in train.parameter_groups(nano, .05)]
    yield 'macro', train.macro_scores, (drawn(10, 10)*50).astype(int)
    yield 'wrong recipe', train.recipe_from, dict(epoch=3)


def of_training(given):
    "The embedded engines' heads, for two steps."
    from airl import shipped_weights as made
    from airl.truth import paint_coco
    photos = said_otherwise(paint_coco('scenes', 2))
    yield 'hashes', lambda: [made.recipe_hash(made.nano_recipe(name)) for name in ('vit_nano', 'vit_nano_teacher')]
    yield 'label pictures', lambda: [made.label_picture(t.labels()) for t in photos]
    from airl.lite_finding import lessons
    objects, learned, rng = made.single_objects(photos), lessons(photos), np.random.default_rng(0)
    yield 'lessons', lambda: [(lesson.labels, lesson.things, lesson.known) for lesson in learned]
    yield 'dense head', lambda: made.train_dense(learned, objects, steps=2, batch_size=2, side=128).state_dict()
    yield 'objects', lambda: [(o.rle, o.box, o.label) for o in objects]
    yield 'cutter samples', lambda: [made.cutter_sample(objects[k % len(objects)], rng) for k in range(12)]
    yield 'cutter', lambda: made.train_cutter(objects, steps=2, batch_size=2).state_dict()


def said_otherwise(photos):
    "The same photos, their shapes called by nouns that the heads know."
    nouns, names = ('a sports ball', 'a cup', 'a book', 'a bottle', 'a chair', 'a bench'), {}
    def known(phrase): return names.setdefault(phrase, nouns[len(names) % 6])
    def renamed(truth):
        labels = truth.labels()
        labels.phrases = [known(phrase) for phrase in labels.phrases]
        return dataclasses.replace(truth, classes=tuple(dict.fromkeys(map(known, truth.classes))), read=lambda: labels)
    return [renamed(t) for t in photos]


# ---------------------------------------------------------------- comparing

def differences(a, b, path, used: Counter):
    "Yield what `b` has different from `a`, less what is allowed, which is counted in `used`."
    for where, enough, why in ALLOWED:
        if not re.search(where, path): continue
        if next(unlike(a, b, path, Counter()), None) is None: return
        try: fine = enough(a, b)
        except (TypeError, KeyError, AttributeError): fine = False     # another kind of answer altogether
        if fine: used[why] += 1
        else: yield f'{path}: {brief(a)} → {brief(b)}, beyond what may differ ({why})'
        return
    yield from unlike(a, b, path, used)


def unlike(a, b, path, used):
    if isinstance(a, dict) and isinstance(b, dict):
        if a.get('mistake') is False and 'raised' in a: yield f'{path}: could not be had before ({brief(a)})'
        for key in dict.fromkeys([*a, *b]):
            if key not in b: yield f'{path}/{key}: {brief(a[key])} is missing'
            elif key not in a: yield f'{path}/{key}: {brief(b[key])} is new'
            else: yield from differences(a[key], b[key], f'{path}/{key}', used)
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b): yield f'{path}: {len(a)} → {len(b)} entries, {brief(a)} → {brief(b)}'
        for k, (x, y) in enumerate(zip(a, b)): yield from differences(x, y, f'{path}/{k}', used)
    elif isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if (a.dtype, a.shape) != (b.dtype, b.shape): yield f'{path}: {brief(a)} → {brief(b)}'
        elif a.dtype.kind not in 'biufc':
            if not np.array_equal(a, b): yield f'{path}: {brief(a.tolist())} → {brief(b.tolist())}'
        elif not np.allclose(a, b, rtol=0, atol=least(a, path), equal_nan=True): yield f'{path}: {apart(a, b)}'
    elif isinstance(a, float) or isinstance(b, float):
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (a, b))
        same = numbers and np.isclose(a, b, rtol=0, atol=least(np.float64(a), path), equal_nan=True)
        if not same: yield f'{path}: {a!r} → {b!r}'
    elif type(a) is not type(b) or a != b: yield f'{path}: {brief(a)} → {brief(b)}'


def least(value, path):
    "How far two values may lie apart: not at all where they count, point at pixels or tell true from false."
    return CLOSE if value.dtype.kind == 'f' and not EXACT & set(path.split('/')) else 0


def apart(a, b):
    wrong = (a != b) & ~((a != a) & (b != b))
    most = np.abs(a[wrong].astype(float) - b[wrong].astype(float)).max()
    return f'{wrong.sum()} of {a.size} values differ, by up to {most:.3g}'


def brief(value):
    text = f'{value.dtype}{list(value.shape)}' if isinstance(value, np.ndarray) else ' '.join(str(value).split())
    return text if len(text) < 160 else f'{text[:160]}…'


def count(value):
    "How many single answers there are in `value`."
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if inside is None else sum(map(count, inside))


# ---------------------------------------------------------------- asking

CALM = '''
import torch
torch.cpu._is_avx512_bf16_supported = lambda: False
'''   # what every process reads before anything else: float32 on all processors


def circumstances(tree: Path, work: Path) -> dict:
    "The environment in which a tree is asked."
    ours = ('AIRL_', 'PYTHON', 'HF_', 'OMP_', 'MKL_', 'IN_TEST')
    kept = {k: v for k, v in os.environ.items() if k == 'AIRL_DATA' or not k.startswith(ours)}
    ones = ('OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS OPENCV_FOR_THREADS_NUM TQDM_DISABLE '
            'HF_HUB_OFFLINE HF_DATASETS_OFFLINE TRANSFORMERS_OFFLINE AIRL_OFFLINE').split()
    empty = {name: str(work/'empty') for name in ('AIRL_HOME', 'AIRL_WEIGHTS', 'HF_HOME')}
    return kept | dict.fromkeys(ones, '1') | empty | dict(
        PYTHONPATH=f'{work/"calm"}{os.pathsep}{tree}', PYTHONHASHSEED='0', PYTHONDONTWRITEBYTECODE='1',
        MPLBACKEND='Agg', OMP_WAIT_POLICY='PASSIVE', CUDA_VISIBLE_DEVICES='', TOKENIZERS_PARALLELISM='false',
        COLUMNS='120', SAME_ANSWERS_INPUTS=str(work/'inputs'))


def ask(name: str, given: Path, out: Path):
    "In a process of a tree: ask everything at a door, write the answers."
    import airl as library
    import torch
    assert Path(library.__file__).is_relative_to(os.environ['PYTHONPATH'].split(os.pathsep)[1]), library.__file__
    assert not torch.cpu._is_avx512_bf16_supported()
    torch.set_num_threads(1)
    questions, needs = DOORS[name]
    lacking = [package for package in needs if importlib.util.find_spec(package) is None]
    answers = dict(skipped=f'{", ".join(lacking)} is not installed') if lacking else {}
    for about, question, *words in () if lacking else guarded(questions, given):
        answers[without_paths(about)] = answer(question, *words)
    out.write_text(json.dumps(answers, default=packed), encoding='utf-8')


def asked_both(name: str, trees: list[Path], work: Path) -> tuple[list, float]:
    "The answers of both trees at a door, None for one that broke off, and how long that took."
    began, folders = time.perf_counter(), [work/f'{k}-{name}' for k in range(2)]
    running = [started(name, tree, work, folder) for tree, folder in zip(trees, folders)]
    try: codes = [process.wait() for process in running]
    finally:
        for process in running: process.kill()
    answers = [None if code else written(folder.with_suffix('.json')) for folder, code in zip(folders, codes)]
    for folder in folders: shutil.rmtree(folder)
    return answers, time.perf_counter() - began


def written(path: Path): return json.loads(path.read_text(encoding='utf-8'), object_hook=unpacked)


def started(name: str, tree: Path, work: Path, folder: Path) -> subprocess.Popen:
    "A process that asks a tree, in a folder of its own."
    folder.mkdir()
    out, env = folder.with_suffix('.json'), circumstances(tree, work)
    words = [sys.executable, __file__, 'ask', '--doors', name, '--out', str(out), '--given', str(work/'inputs')]
    with open(folder.with_suffix('.log'), 'w', encoding='utf-8') as log:
        return subprocess.Popen(words, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT)


def compared(name: str, trees: list[Path], work: Path, used: Counter) -> dict:
    "Ask at a door and print what differs; the figure."
    answers, seconds = asked_both(name, trees, work)
    logs = [(work/f'{k}-{name}.log').read_text(encoding='utf-8').strip()[-1500:] for k in range(2)]
    found = [f'{when} broke off: {log}' for when, log, own in zip(('before', 'after'), logs, answers) if own is None]
    n, skipped = 0 if found else count(answers[0]), not found and 'skipped' in answers[0] and answers[0] == answers[1]
    if not found: found = sorted(differences(*answers, '', used), key=lambda line: ' broke off' not in line)
    said = f'skipped: {answers[0]["skipped"]}' if skipped else f'{n:8,} {len(found):12} {seconds:8.0f}'
    print(f'{name:14} {said}', flush=True)
    for line in found[:20]: print(f'    {line}')
    if len(found) > 20: print(f'    … and {len(found) - 20} more')
    return dict(name=f'same_answers.{name}', value=len(found), target=None if skipped else 0, at_most=True, answers=n,
                seconds=round(seconds))


def tree_of(name: str, work: Path, stack: ExitStack) -> Path:
    "The folder of a tree, or of a commit that is checked out until `stack` is closed."
    if (Path(name)/'airl/__init__.py').is_file(): return Path(name).resolve()
    git = partial(subprocess.run, check=True, cwd=ROOT)
    folder = work/f'tree-{re.sub(r"[^0-9A-Za-z.-]", "-", name)}-{len(list(work.glob("tree-*")))}'
    git(['git', 'worktree', 'add', '--quiet', '--detach', str(folder), name])
    stack.callback(git, ['git', 'worktree', 'remove', '--force', str(folder)])
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('before', nargs='?')
    parser.add_argument('after', nargs='?', default=str(ROOT))
    parser.add_argument('--doors', nargs='+', default=list(DOORS), choices=list(DOORS))
    parser.add_argument('--given', type=Path, help=argparse.SUPPRESS)    # of the processes that this starts
    parser.add_argument('--out', type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.before: return print('skipped: no tree to compare with is given')
    if args.before == 'inputs': return make_inputs(args.given)
    if args.before == 'ask': return ask(args.doors[0], args.given, args.out)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))     # so that what was made is removed
    used = Counter()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='same-answers-'))).resolve()
        trees = [tree_of(name, work, stack) for name in (args.before, args.after)]
        for name in ('calm', 'empty'): (work/name).mkdir()
        (work/'calm/sitecustomize.py').write_text(CALM)
        making = [sys.executable, __file__, 'inputs', '--given', str(work/'inputs')]
        subprocess.run(making, check=True, env=circumstances(trees[0], work))
        print(f'{"door":14} {"answers":>8} {"differences":>12} {"seconds":>8}')
        figures = [compared(name, trees, work, used) for name in args.doors]
    for why, n in used.items(): print(f'differs {n} times and may: {why}')
    met = [figure(**each) for each in figures]
    sys.exit(any(ok is False for ok in met))


if __name__ == '__main__': main()
