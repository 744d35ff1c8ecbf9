"""Does a coverage-guided fuzzer find bytes that a reader does not survive?

    python benchmarks/fuzz.py photo|video|labels|checkpoint|recipe|archive [--seconds 3600] [--corpus FOLDER]

Atheris (`pip install atheris`, no dependency of airl) grows inputs along the lines of Python that they reach, from the
whole files of `tests/bad_inputs.py`. A reader may answer or raise
a `UserError` of one line; anything else is a crash, which is kept as crash-… and printed. At the end: the share of
each reader's lines that were reached.
"""
import argparse
import random
import sys
import tempfile
import time
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]/'tests'))
READERS = dict(photo=['photos'], video=['frames'], labels=['coco_labels', 'labels'],
               checkpoint=['weights'], recipe=['recipe'], archive=['sources'])
SUFFIX = dict(photo='jpg', video='mp4', labels='json', checkpoint='safetensors', recipe='yaml', archive='zip')


def seeds(kind: str) -> list[bytes]:
    import json

    import bad_inputs as b
    if kind == 'photo': return list(b.picture_files().values())
    if kind == 'video': return [b.clip_file(suffix) for suffix in ('mp4', 'webm', 'avi')]
    if kind == 'labels': return [json.dumps(b.coco()).encode()]
    if kind == 'checkpoint': return [b.tensors('safetensors'), b.tensors('pth')]
    if kind == 'archive': return [b.zipped({'a.png': b.picture_files()['png']})]
    from airl.recipe import Recipe, recipe_to_yaml
    return [recipe_to_yaml(Recipe.preset('smoke')).encode()]


def door_of(kind: str):
    "The reader, as a function of bytes."
    import bad_inputs as b
    from airl.files import UserError
    home = Path(tempfile.mkdtemp())
    path = home/f'x.{SUFFIX[kind]}'
    if kind == 'labels':
        (home/'images').mkdir()
        (home/'images/a.png').write_bytes(b.picture_files()['png'])
        path = home/'instances.json'
    from airl.photos import load_photo
    from airl.recipe import recipe_from_yaml
    from airl.weights import load_checkpoint
    read = dict(photo=load_photo, video=b.watch, labels=lambda p: b.read('coco')(p.parent),
                checkpoint=load_checkpoint, recipe=recipe_from_yaml, archive=b.collect)[kind]
    def once(data):
        path.write_bytes(data)
        try: read(path)
        except UserError as error: b.told(error)
    return once


class Reached:
    "Lines of the readers that were run, by `sys.monitoring` or a trace function."
    def __init__(self, modules):
        self.lines = {}
        for name in modules:
            module = __import__(f'airl.{name}', fromlist=['x'])
            for code in codes(compile(Path(module.__file__).read_text(encoding='utf-8'), module.__file__, 'exec')):
                if code.co_name != '<module>':
                    self.lines.setdefault(module.__file__, set()).update(n for _, _, n in code.co_lines()
                                                                         if n and n != code.co_firstlineno)
        self.seen = {file: set() for file in self.lines}

    def __call__(self, frame, event, arg):
        if frame.f_code.co_filename not in self.seen: return None
        if event == 'line': self.seen[frame.f_code.co_filename].add(frame.f_lineno)
        return self

    def share(self) -> float:
        return sum(len(self.seen[f] & self.lines[f]) for f in self.lines)/sum(map(len, self.lines.values()))


def codes(code):
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType): yield from codes(inner)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('kind', nargs='?', default='photo', choices=READERS)
    parser.add_argument('--seconds', type=int, default=3600)
    parser.add_argument('--corpus', type=Path)
    args = parser.parse_args()
    from _figures import figure
    corpus, began, tried = args.corpus or Path(tempfile.mkdtemp()), time.monotonic(), 0
    corpus.mkdir(parents=True, exist_ok=True)
    for k, data in enumerate(seeds(args.kind)): (corpus/f'seed-{k}').write_bytes(data)
    reached, once = Reached(READERS[args.kind]), door_of(args.kind)
    for path in sorted(corpus.iterdir()):      # what is known already counts as reached; every tenth input is traced
        sys.settrace(reached)
        try: once(path.read_bytes())
        finally: sys.settrace(None)
    def one(data):
        nonlocal tried
        tried += 1
        if tried % 10 == 0: sys.settrace(reached)
        try: once(data)
        finally: sys.settrace(None)
    try: import atheris
    except ImportError: raise SystemExit('Atheris is not installed: pip install atheris.') from None
    import airl
    instrumented = [__import__(f'airl.{name}', fromlist=['x']) for name in READERS[args.kind]]
    for module in instrumented:
        for value in vars(module).values():
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                atheris.instrument_func(value)
    def ended(crashes):
        figure(f'fuzz.{args.kind}_crashes', crashes, 0, at_most=True, inputs=tried,
               seconds=round(time.monotonic() - began))
        figure(f'fuzz.{args.kind}_lines_reached', reached.share(), .7, airl=airl.__version__)
    atheris.Setup([sys.argv[0], str(corpus), f'-max_total_time={args.seconds}', '-max_len=8192',
                   '-rss_limit_mb=4096', f'-seed={random.Random(0).randrange(10**6)}'], one)
    import atexit
    atexit.register(lambda: ended(0))
    atheris.Fuzz()


if __name__ == '__main__': main()
