"""Inputs that somebody could hand in and nobody should: made from a seed, each with the public function that reads it.

    python tests/bad_inputs.py [--seeds 10] [--only photo]     # every case of so many seeds, a table of what became of
    them

A case is fine where the door answers or raises a `UserError` of one line. Everything else is a fault: another
exception, a sentence that is none,
a file that is left behind, more than twenty seconds of the processor.
"""
import argparse
import io
import json
import random
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SLOW = 20.   # seconds of the processor; a hundred times as many of the clock


@dataclass
class Case:
    "One input: `write` puts it into an empty folder and returns what `door` is asked with."
    kind: str
    name: str
    write: Callable      # folder → path or value
    door: Callable       # path or value → anything

    def __str__(self): return f'{self.kind}: {self.name}'


def file(name: str, data: bytes) -> Callable:
    "How a file is put into a folder."
    def write(folder: Path):
        path = folder/name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path
    return write


def value(what) -> Callable: return lambda folder: what


# How bytes go bad.
def spoiled(data: bytes, rng: random.Random, n: int) -> Iterator[tuple[str, bytes]]:
    "Cut, flipped, doubled, shuffled, stuffed: `n` of them."
    def flipped(k):
        out = bytearray(data)
        for _ in range(k): out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        return bytes(out)
    def zeros():
        at = rng.randrange(len(data))
        return data[:at] + bytes(min(64, len(data) - at)) + data[at + 64:]
    def lies():
        "A number in the head becomes the largest, or the smallest."
        at = rng.randrange(min(len(data), 96))
        return (data[:at] + rng.choice([b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'\0\0\0\0', b'\x80\0\0\0'])
                + data[at + 4:])
    def swapped():
        a, b = sorted(rng.sample(range(len(data)), 2))
        return data[:a] + data[b:] + data[a:b]
    ways = dict(cut=lambda: data[:rng.randrange(len(data))], flip=lambda: flipped(1),
                flips=lambda: flipped(20), zeros=zeros, lie=lies, swap=swapped,
                noise=lambda: data[:16] + rng.randbytes(len(data)),
                twice=lambda: data + data[rng.randrange(len(data)):])
    for k in range(n):
        way = list(ways)[k % len(ways)]
        yield f'{way}-{k}', ways[way]()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width: int, height: int, depth=8, colour=2, data=b'') -> bytes:
    "A PNG that says of itself what one likes."
    head = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(data or bytes(64)))
            + chunk(b'IEND', b''))


# Photos.
def picture_files() -> dict[str, bytes]:
    "A small picture in every format that is written here."
    from PIL import Image
    pixels = (np.indices((24, 32)).sum(0)[..., None]*np.array([3, 5, 7])).astype(np.uint8)
    made = {}
    for suffix, kind, mode, how in (('png', 'PNG', 'RGB', {}), ('jpg', 'JPEG', 'RGB', {}), ('jpeg', 'JPEG', 'CMYK', {}),
                                    ('webp', 'WEBP', 'RGB', {}), ('gif', 'GIF', 'P', {}), ('tif', 'TIFF', 'RGB', {}),
                                    ('tiff', 'TIFF', 'L', dict(compression='tiff_deflate')),
                                    ('bmp', 'BMP', 'RGB', {}), ('avif', 'AVIF', 'RGB', {})):
        out = io.BytesIO()
        try: Image.fromarray(pixels).convert(mode).save(out, kind, **how)
        except (KeyError, OSError): continue
        made[suffix] = out.getvalue()
    return made


def photos(rng) -> Iterator[Case]:
    from airl.photos import load_photo
    for suffix, data in picture_files().items():
        for how, bad in spoiled(data, rng, 16):
            yield Case('photo', f'{suffix}-{how}', file(f'x.{suffix}', bad), load_photo)
    odd = {'empty.jpg': b'', 'text.png': b'Dear all,', 'page.jpg': b'<!doctype html><title>404</title>',
           'svg.png': b'<svg xmlns="http://www.w3.org/2000/svg"/>', 'pdf.jpg': b'%PDF-1.7\n',
           'zip.png': b'PK\3\4' + bytes(40),
           'heic.jpg': b'\0\0\0\x18ftypheic' + bytes(40), 'ftyp.avif': b'\0\0\0\x18ftypavif' + bytes(40),
           'bomb.png': png(20_000, 20_000), 'wide.png': png(2**31 - 1, 1), 'none.png': png(0, 0),
           'no-width.png': png(0, 8),
           'deep.png': png(8, 8, depth=64), 'colour.png': png(8, 8, colour=9), 'gif.gif': b'GIF89a' + b'\xff'*20,
           'bmp.bmp': b'BM' + b'\xff'*60, 'tiff.tif': b'II*\0' + b'\xff'*60, 'big.tif': b'II+\0' + b'\xff'*60,
           'loop.tif': b'II*\0\x08\0\0\0\0\0\x08\0\0\0' + bytes(20), 'webp.webp': b'RIFF\xff\xff\xff\xffWEBPVP8 '
           + bytes(20), 'icc.png': png(4, 4, data=bytes(52)).replace(b'IDAT', b'iCCP'), 'qoi.png': b'qoif' + bytes(20),
           'jp2.jpg': b'\0\0\0\x0cjP  \r\n\x87\n' + bytes(30),
           'ps.jpg': b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n', 'ico.png': b'\0\0\1\0\xff\xff' + bytes(30),
           'soi.jpg': b'\xff\xd8', 'marker.jpg': b'\xff\xd8\xff\xe1\xff\xff'}
    for name, data in odd.items(): yield Case('photo', name, file(name, data), load_photo)
    arrays = {'no-axis': np.zeros(()), 'line': np.zeros(9, np.uint8), 'empty': np.zeros((0, 4, 3), np.uint8),
              'five': np.zeros((4, 4, 5), np.uint8), 'nan': np.full((4, 4), np.nan),
              'inf': np.full((4, 4), np.inf), 'text': np.array([['a']]),
              'object': np.array([[None]]), 'negative': np.full((4, 4), -1), 'big': np.full((4, 4), 1e9),
              'complex': np.ones((4, 4), complex), 'time': np.zeros((4, 4), 'M8[s]'),
              'four-axes': np.zeros((1, 4, 4, 3))}
    for name, array in arrays.items(): yield Case('photo', f'array-{name}', value(array), load_photo)
    for name, what in dict(none=None, number=7, list=[1], empty_path='', nul='a\0b',
                           folder='.', address='http://127.0.0.1/x.png', surrogate='\udcff.png', long='x'*5000,
                           bytes=b'', view=memoryview(b'abc'), device='/dev/null', home='~nobody/x').items():
        yield Case('photo', f'value-{name}', value(what), load_photo)


# Videos.
def clip_file(suffix: str) -> bytes:
    import av
    path = Path(tempfile.mkdtemp())/f'c.{suffix}'
    with av.open(str(path), 'w') as out:
        stream = out.add_stream(dict(mp4='libx264', webm='libvpx', avi='mjpeg')[suffix], rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 16, 'yuvj420p' if suffix == 'avi' else 'yuv420p'
        for k in range(5):
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.full((16, 32, 3), 40*k, np.uint8),
                                                                   format='rgb24')):
                out.mux(packet)
        for packet in stream.encode(None): out.mux(packet)
    return path.read_bytes()


def watch(path):
    from airl.frames import Video
    return sum(1 for _ in Video(path))


def videos(rng) -> Iterator[Case]:
    for suffix in ('mp4', 'webm', 'avi'):
        for how, bad in spoiled(clip_file(suffix), rng, 16):
            yield Case('video', f'{suffix}-{how}', file(f'c.{suffix}', bad), watch)
    for name, data in {'empty.mp4': b'', 'text.mp4': b'hello', 'photo.mp4': picture_files()['png'],
                       'gif.mp4': picture_files()['gif'], 'ftyp.mp4': b'\0\0\0\x18ftypisom' + bytes(40),
                       'list.m3u8': b'#EXTM3U\n/etc/passwd\n',
                       'concat.txt': b'ffconcat version 1.0\nfile /etc/passwd\n',
                       'wav.mp4': b'RIFF$\0\0\0WAVEfmt ' + bytes(28), 'cut.gif': picture_files()['gif'][:40],
                       'subtitle.srt': b'1\n00:00:00,000 --> 00:00:01,000\nhi\n'}.items():
        yield Case('video', name, file(name, data), watch)
    for name, what in dict(camera='camera:99', word='camera:x', none=None, negative=-1,
                           empty=[], mixed=[np.zeros((4, 4, 3), np.uint8), 'x'], nul='a\0.mp4').items():
        yield Case('video', f'value-{name}', value(what), watch)


# Labels.
def coco() -> dict:
    return dict(images=[dict(id=1, file_name='a.png', height=24, width=32)], categories=[dict(id=1, name='cat')],
                annotations=[dict(id=1, image_id=1, category_id=1, iscrowd=0, area=16,
                                  bbox=[2, 2, 4, 4], segmentation=[[2, 2, 6, 2, 6, 6, 2, 6]])])


ODD = [None, True, -1, 0, 10**30, 1e308, float('nan'), 'x', '', '../../x', '\0',
       [], [[]], {}, [None], dict(size=[24, 32], counts='x'), dict(size=[24, 32], counts=[10**12]),
       dict(size=[2**31, 2**31], counts=[1]), [[1e9]*6], 'a'*5000]


def changed(data, rng: random.Random):
    "One value somewhere in it becomes another, or is gone; where it was."
    at, path = data, []
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at))) if isinstance(at, list) else []
        key = rng.choice(keys)
        path.append(str(key))
        if isinstance(at[key], (dict, list)) and at[key] and rng.random() < .7: at = at[key]
        else: break
    if rng.random() < .2:
        del at[key]
        return '.'.join(path) + '-gone'
    k = rng.randrange(len(ODD))
    at[key] = ODD[k]
    return f'{".".join(path)}-{k}'


def read(kind):
    def door(path):
        from airl.truth import read_truth
        for truth in read_truth(f'{kind}:{path}'): truth.labels(), truth.image()
    return door


def folder_of(files: dict[str, bytes]) -> Callable:
    def write(folder):
        for name, data in files.items(): file(name, data)(folder)
        return folder
    return write


def labels(rng) -> Iterator[Case]:
    photo = picture_files()['png']
    for k in range(70):
        how = changed(data := coco(), rng)
        yield Case('labels', f'coco-{how}-{k}',
                   folder_of({'instances.json': json.dumps(data).encode(), 'images/a.png': photo}), read('coco'))
    whole = json.dumps(coco()).encode()
    for how, bad in spoiled(whole, rng, 16):
        yield Case('labels', f'coco-{how}', folder_of({'instances.json': bad, 'images/a.png': photo}), read('coco'))
    for name, text in dict(deep='['*100_000, empty='', null='null', list='[]', number='7',
                           bom='\ufeff{}', utf16='{}'.encode('utf-16').decode('latin1')).items():
        yield Case('labels', f'coco-{name}',
                   folder_of({'instances.json': text.encode('latin1', 'replace'), 'images/a.png': photo}), read('coco'))
    table = b'image,mask,prompt\na.png,m.png,a cat\n'
    for how, bad in spoiled(table, rng, 16):
        yield Case('labels', f'table-{how}', folder_of({'prompts.csv': bad, 'a.png': photo, 'm.png': photo}),
                   read('folder'))
    for name, text in {'no-mask': b'image,prompt\na.png,a cat\n',
                       'up': b'image,mask,prompt\n../../../etc/passwd,m.png,a cat\n',
                       'absolute': b'image,mask,prompt\n/etc/passwd,/etc/passwd,a cat\n',
                       'nul': b'image,mask,prompt\na\0.png,m.png,a cat\n',
                       'rows': b'image,mask,prompt\n' + b'a.png\n'*9, 'quote': b'image,mask,prompt\n"a.png',
                       'field': b'image,mask,prompt\n' + b'x'*200_000 + b',m.png,a cat\n',
                       'head': b'\xff\xfe\0', 'empty': b''}.items():
        yield Case('labels', f'table-{name}', folder_of({'prompts.csv': text, 'a.png': photo, 'm.png': photo}),
                   read('folder'))
    for how, bad in spoiled(photo, rng, 16):
        yield Case('labels', f'mask-{how}', folder_of({'prompts.csv': table, 'a.png': photo, 'm.png': bad}),
                   read('folder'))
    for kind in ('voc', 'davis', 'pet', 'ade20k', 'camvid', 'pennfudan', 'refcoco',
                 'coco', 'folder', 'nothing', '', '../x', 'coco/'):
        yield Case('labels', f'empty-{kind}', lambda folder: folder, read(kind))


# Checkpoints and runs.
def tensors(kind: str) -> bytes:
    import torch
    from safetensors.torch import save
    state = {'a.weight': torch.arange(6.).view(2, 3), 'b': torch.ones(2)}
    if kind == 'safetensors': return save(state)
    torch.save(state, out := io.BytesIO())
    return out.getvalue()


def as_run(folder):
    from airl.eval_tta import load_classifier
    return load_classifier(folder)


def checkpoints(rng) -> Iterator[Case]:
    from airl.weights import load_checkpoint
    for suffix in ('safetensors', 'pth'):
        for how, bad in spoiled(tensors(suffix), rng, 24):
            yield Case('checkpoint', f'{suffix}-{how}', file(f'w.{suffix}', bad), load_checkpoint)
    head = lambda told: struct.pack('<Q', len(told)) + told
    for name, data in {'long': struct.pack('<Q', 2**63) + b'{}', 'none': head(b'{}'),
                       'list': head(b'[]'), 'over': head(b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}'),
                       'back': head(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}') + bytes(4),
                       'huge': head(b'{"a":{"dtype":"F32","shape":[4294967295,4294967295],"data_offsets":[0,4]}}')
                       + bytes(4), 'kind': head(b'{"a":{"dtype":"X","shape":[1],"data_offsets":[0,4]}}') + bytes(4),
                       'text': b'hello', 'empty': b''}.items():
        yield Case('checkpoint', f'safetensors-{name}', file('w.safetensors', data), load_checkpoint)
        yield Case('checkpoint', f'pth-{name}', file('w.pth', data), load_checkpoint)
        for suffix in ('pt2', 'onnx'): yield Case('checkpoint', f'{suffix}-{name}', file(f'w.{suffix}', data), as_run)
        yield Case('checkpoint', f'run-{name}', folder_of({'best_model.pth': data, 'recipe.yaml': b'{}'}), as_run)
    for name, state in dict(number=7, list=[1], names={1: 2}, text='x').items():
        import torch
        torch.save(state, out := io.BytesIO())
        yield Case('checkpoint', f'pth-{name}', file('w.pth', out.getvalue()), load_checkpoint)
        yield Case('checkpoint', f'run-of-{name}', folder_of({'best_model.pth': out.getvalue(), 'recipe.yaml': b'{}'}),
                   as_run)


# What earlier commands have left.
def reports(rng) -> Iterator[Case]:
    from airl.reports import load_report
    from airl.runs import Run
    from airl.scene import load_result
    from airl.video_files import load_video_result
    def numbers(*shape):
        np.save(out := io.BytesIO(), np.zeros(shape, np.float32))
        return out.getvalue()
    whole = {'report.json': b'{"tta": "none", "temperature": 1.0, "seconds": 1.0, "model": "nano", "data": "sample"}',
             'confusion_matrix.csv': b',a,b\r\na,1,0\r\nb,0,1\r\n', 'test_logits.npy': numbers(2, 2),
             'test_targets.npy': numbers(2)}
    for name, data in whole.items():
        for how, bad in spoiled(data, rng, 8):
            yield Case('report', f'{name}-{how}', folder_of(whole | {name: bad}), load_report)
    metrics = b'epoch,train_loss,val_loss\r\n1,0.5,nan\r\n'
    for how, bad in spoiled(metrics, rng, 8):
        yield Case('report', f'metrics-{how}', folder_of({'metrics.csv': bad}), lambda folder: Run(folder).metrics)
    for text in ('', '[]', '7', '{"costs"', '\0'):
        yield Case('report', f'costs-{text!r}',
                   file('environment.json', text.encode()), lambda path: Run(path.parent).costs)
        yield Case('report', f'video-{text!r}',
                   file('result.json', text.encode()), lambda path: load_video_result(path.parent))
        yield Case('report', f'result-{text!r}', file('a_result.json', text.encode()), load_result)
        yield Case('report', f'record-{text!r}',
                   file('.airl.json', text.encode()), lambda path: load_report(path.parent))
        yield Case('report', f'journal-{text!r}',
                   file('.airl-journal.json', text.encode()), lambda path: load_report(path.parent))


# Recipes.
def recipes(rng) -> Iterator[Case]:
    from airl.recipe import Recipe, recipe_from_yaml, recipe_to_yaml
    whole = recipe_to_yaml(Recipe.preset('smoke'))
    as_text = lambda path: recipe_from_yaml(path)
    for how, bad in spoiled(whole.encode(), rng, 24): yield Case('recipe', how, file('recipe.yaml', bad), as_text)
    lines = whole.splitlines()
    for k in range(50):
        at, what = (rng.randrange(len(lines)),
                    rng.choice(['.nan', '-1', '1e999', 'null', '[]', '{}', '"x"',
                                '0', '!!python/name:os.system', '&a [*a]', "'", '2020-01-01',
                                '0x7fffffffffffffff', 'yes', '~', '1_000', '[1, 2, 3, 4]', '-.inf']))
        name = lines[at].partition(':')[0]
        yield Case('recipe', f'{name}-{what}-{k}',
                   file('recipe.yaml', '\n'.join([*lines[:at], f'{name}: {what}', *lines[at + 1:]]).encode()), as_text)
    for name, data in {'empty': b'', 'list': b'- a\n', 'text': b'hello', 'unknown': b'epoch: 3\n',
                       'tabs': b'\tepochs: 3\n', 'nul': b'epochs: \0\n', 'latin': 'modèle: é'.encode('latin1'),
                       'deep': b'['*5000, 'laughs': b'a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n',
                       'two': b'---\na: 1\n---\nb: 2\n'}.items():
        yield Case('recipe', name, file('recipe.yaml', data), as_text)
    for pair in ('epochs=0', 'epochs=-3', 'epochs=x', 'epochs=1e9999', 'lr=nan',
                 'model=../../x', 'model=', 'batch_size=0', 'img_size=-1', 'warmup=[1]',
                 '=3', 'nothing=1', 'seed=1.5', 'mixup=2', 'jitter=1', 'optimizer=os.system'):
        def door(text):
            from airl.shell import overrides
            return Recipe.preset('smoke', **overrides([text]))
        yield Case('recipe', f'set-{pair}', value(pair), door)


# Prompts.
def prompts(rng) -> Iterator[Case]:
    from airl.prompts import parse_prompt
    odd = ['', ' ', '.', ' . . ', 'not', 'not not', 'not a cat', '-', '--', '- cat',
           "'", '"', '"a cat', '“a cat', '(', ')', '((((', 'a cat (not', '\0', 'a\0cat',
           '\udcff', '\u202ea cat', '\ufeffa cat', '🐈', 'a'*100_000, ' '.join(['a cat']*5000), 'a cat . '*3000,
           'a cat, '*999, '\n'*99, 'a\tcat', '<script>', '%s %d {0} {}', '../../x',
           '$(reboot)', '`id`', 'a cat; rm -rf', 'not a cat . not a dog', 'and', 'or',
           'a cat and', 'and a cat', 'the', 'a', 'a a a', '1', '1e9', 'nan', 'None', '[]', '{"a": 1}', 'a cat but not',
           'everything but', 'no', 'without', 'à', 'e\u0301'*300, '\u200b', '中文',
           'кошка', 'قطة', '!!!', '?', 'a cat?', 'a cat...', '. a cat', ',', ',,,',
           ';', 'a cat & a dog', 'a cat / a dog', 'a cat | a dog', '"' * 50, '(' * 5000, "not '"*200]
    for k, text in enumerate(odd): yield Case('prompt', f'text-{k}', value(text), parse_prompt)
    for k, what in enumerate([None, 7, [], [''], [None], [7], [[]], ['a cat', ''],
                              {'a': 1}, b'a cat', ['not a cat'], ['a cat']*9999, (), [' ', 'not']]):
        yield Case('prompt', f'value-{k}', value(what), parse_prompt)
    words = 'a the cat dog not and or but without , . ( ) " \' - & no only red in on of with except'.split()
    for k in range(60):
        yield Case('prompt', f'random-{k}', value(' '.join(rng.choices(words, k=rng.randrange(1, 14)))), parse_prompt)


# Archives and tables of photos.
def collect(path):
    from airl.photos import PhotoError, load_photo
    from airl.sources import jobs_of
    for job in jobs_of(path, ['a cat']):
        try: load_photo(job.read())
        except PhotoError as error: told(error)


def zipped(files: dict[str, bytes], **how) -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), 'w', **how) as archive:
        for name, data in files.items(): archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    import tarfile
    with tarfile.open(fileobj=(out := io.BytesIO()), mode='w') as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def parquet(**columns) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq
    pq.write_table(pa.table(columns), out := io.BytesIO())
    return out.getvalue()


def archives(rng) -> Iterator[Case]:
    photo = picture_files()['png']
    wholes = {'zip': zipped({'a.png': photo, 'b/c.png': photo}),
              'tar': tarred({'a.png': photo, 'a.txt': b'a cat', 'b.png': photo}),
              'parquet': parquet(image=[photo, photo], prompt=['a cat', 'a dog']),
              'csv': b'image,prompt\na.png,a cat\n', 'txt': b'a.png\nb.png\n'}
    for suffix, data in wholes.items():
        for how, bad in spoiled(data, rng, 16):
            yield Case('archive', f'{suffix}-{how}', file(f's.{suffix}', bad), collect)
    for name, data in {'up.zip': zipped({'../../x.png': photo, '/x.png': photo, 'C:\\x.png': photo}),
                       'bomb.zip': zipped({'b.png': bytes(50_000_000)}, compression=zipfile.ZIP_DEFLATED),
                       'same.zip': zipped({'a.png': photo}) + zipped({'a.png': b''}),
                       'text.zip': b'hello', 'empty.zip': b'', 'none.zip': zipped({}),
                       'bad.zip': zipped({'a.png': b'no'}), 'empty.tar': b'', 'text.tar': b'hello'*200,
                       'text.parquet': b'PAR1hello', 'empty.parquet': b'',
                       'rows.parquet': parquet(image=[None, b'', b'no', photo]),
                       'numbers.parquet': parquet(image=[1, 2]), 'column.parquet': parquet(other=[1]),
                       'none.parquet': parquet(image=[]),
                       'struct.parquet': parquet(image=[dict(bytes=photo, path='../../x.png'),
                                                        dict(bytes=None, path=None)]),
                       'prompts.parquet': parquet(image=[photo], prompt=[7]), 'column.csv': b'other\n1\n',
                       'empty.csv': b'', 'binary.csv': rng.randbytes(500), 'missing.csv': b'image\nnowhere.png\n',
                       'device.csv': b'image\n/dev/zero\n', 'folder.csv': b'image\n/\n',
                       'nul.csv': b'image\n\0\n', 'wide.csv': b'image,prompt\n' + b'x,'*9000,
                       'empty.txt': b'', 'binary.txt': b'\xff\xfe\0\0', 'x.tar.gz': b'\x1f\x8b'}.items():
        yield Case('archive', name, file(name, data), collect)
    for name, what in dict(none=None, number=7, missing='nowhere', hub='hub:', hubs='hub:a',
                           up='hub:../../x/y', pattern='[', stars='/nowhere/**/*', dash='-', list=[None]).items():
        yield Case('archive', f'value-{name}', value(what), collect)


KINDS = dict(photo=photos, video=videos, labels=labels, checkpoint=checkpoints, report=reports,
             recipe=recipes, prompt=prompts, archive=archives)


def cases(seed: int = 0, only: str = '') -> Iterator[Case]:
    for kind, make in KINDS.items():
        if not only or kind == only: yield from make(random.Random(f'{kind}{seed}'))


def told(error: Exception):
    "Raise `AssertionError` for what is no sentence for a user."
    from airl.files import UserError
    text = str(error)
    assert isinstance(error, UserError), f'{type(error).__name__}: {text[:200]}'
    assert text.strip() and len(text.splitlines()) == 1, f'no one sentence: {text[:200]!r}'
    assert len(text) < 2000 and ' object at 0x' not in text and 'Traceback' not in text, f'no sentence: {text[:200]!r}'


def fault_of(case: Case
            ) -> tuple[str, str]:   # what it came to: 'answered' or 'refused', and what is wrong, '' where nothing is
    with tempfile.TemporaryDirectory() as home:
        inside = Path(home)/'a'/'b'
        inside.mkdir(parents=True)
        given = case.write(inside)
        before, start, end = {p for p in Path(home).rglob('*')}, (time.process_time(), time.monotonic()), 'answered'
        try: case.door(given)
        except AssertionError as error: return 'fault', str(error)
        except Exception as error:   # noqa: BLE001, whatever it is, it is judged
            end = 'refused'
            try: told(error)
            except AssertionError as wrong: return 'fault', str(wrong)
        if time.process_time() - start[0] > SLOW or time.monotonic() - start[1] > 100*SLOW:
            return 'fault', f'took {time.monotonic() - start[1]:.0f} s'
        if left := {p for p in Path(home).rglob('*')} - before:
            return 'fault', f'left {sorted(p.name for p in left)[:3]} behind'
    return end, ''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=int, default=10)
    parser.add_argument('--only', default='', choices=['', *KINDS])
    args, ends, faults = parser.parse_args(), Counter(), []
    for seed in range(args.seeds):
        for case in cases(seed, args.only):
            end, wrong = fault_of(case)
            ends[case.kind, end] += 1
            if wrong:
                faults.append(case)
                print(f'{case} (seed {seed}): {wrong}', flush=True)
    for kind in KINDS:
        print(f'{kind}: {ends[kind, "answered"]} answered, {ends[kind, "refused"]} refused, {ends[kind, "fault"]} '
              'faults')
    print(json.dumps(dict(name='bad_inputs.faults', value=len(faults), target=0,
                          better='low', inputs=ends.total(), ok=not faults)))
    return bool(faults)


if __name__ == '__main__': sys.exit(main())
