"""One folder, many calls: what was reported as done is whole, what is the user's is untouched, a failed call changes
nothing."""
import csv
import functools
import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from folders_stops import HOW, Killed, Stop, stopping
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

LOCKS = {'.lock', '.airl.lock'}                             # an empty file that says who writes; it may stay
SIDE = (12, 16)                                             # height and width of every picture


class Fault(AssertionError):
    "What must not be: `kind` in a word, then what happened."
    def __init__(self, kind, story):
        super().__init__(f'{kind}: {story}')
        self.kind = kind


def hashed(path: Path) -> str: return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()


def tree(folder: Path) -> dict:   # name below `folder` → hash; '' for a folder, the target for a link
    found = {}
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(at)/name
            key = path.relative_to(folder).as_posix()
            if path.is_symlink(): found[key] = f'-> {os.readlink(path)}'
            elif path.is_dir(): found[f'{key}/'] = ''
            else: found[key] = hashed(path)
    return {k: v for k, v in found.items() if k.rpartition('/')[2] not in LOCKS}


def flat(shade: int) -> np.ndarray:
    "A picture of a few pixels, for engines that look at its brightness."
    image = np.full((*SIDE, 3), shade, np.uint8)
    image[0, 0] = 0
    return image


def cat(shade: int) -> np.ndarray:
    "A small photo of a cat, as bright as `shade` says, for engines that look."
    import cv2
    from airl.photos import sample_photo
    return (cv2.resize(sample_photo('cat'), (96, 64), interpolation=cv2.INTER_AREA)*(.5 + shade/400)).astype(np.uint8)


class Inputs:
    """What there is to ask about, in one folder for all sequences; some of it changes in place, from version 0 to 1 and
    back."""
    def __init__(self, root: Path,
                 look=flat,   # brightness → picture
                 ):
        self.root, self.look, self.version = root, look, dict(clip=0, photo=0, labels=0, seen=0, birds=0)
        for name in self.version: self.write(name, 0)
        for name, shade in {'photos/cat.png': 60, 'photos/dog.png': 181, 'probe.png': 90,
                            'others/cat.jpg': 201}.items():
            self.picture(name, shade)
        self.clip('others/plain.mp4', 160), self.sorted_photos('fish', 20), self.clip('broken.webm', 101, 'libvpx')
        # all but the frames
        with open(root/'broken.webm', 'r+b') as file: file.truncate(file.read().index(b'\x1f\x43\xb6\x75') + 12)
        (root/'broken').mkdir()
        (root/'broken/bad.jpg').write_bytes(b'\xff\xd8\xff nothing follows')
        self.paths = dict(clip='clips/plain.mp4', photo='photos', labels='labels', seen='labels', birds='birds')

    def write(self, name: str, version: int):
        "Put the content of a version where the other one was."
        self.version[name] = version
        if name == 'clip': self.clip('clips/plain.mp4', (101, 140)[version])
        if name == 'photo': self.picture('photos/cat.jpg', (101, 140)[version])
        if name == 'labels': self.labels(version)
        if name == 'seen': self.picture('labels/a.png', (101, 111)[version])
        if name == 'birds': self.sorted_photos('birds', (100, 103)[version])

    def picture(self, name: str, shade: int):
        from PIL import Image
        (self.root/name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(self.look(shade)).save(self.root/name, quality=95)

    def clip(self, name: str, shade: int, codec='libx264', frames=7):
        import av
        (self.root/name).parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(self.root/name), 'w') as out:
            stream = out.add_stream(codec, rate=10, options=dict(crf='4'))
            stream.height, stream.width, stream.pix_fmt = *self.look(shade).shape[:2], 'yuv420p'
            for k in range(frames):
                for packet in stream.encode(av.VideoFrame.from_ndarray(self.look(shade + 2*k), format='rgb24')):
                    out.mux(packet)
            for packet in stream.encode(None): out.mux(packet)

    def labels(self, version: int):
        from PIL import Image
        self.picture('labels/b.png', 140)
        (self.root/'labels/prompts.csv').write_text('image,mask,prompt\na.png,ma.png,a cat\nb.png,mb.png,a cat\n')
        for k, name in enumerate('ab'):
            mask = np.zeros(self.look(0).shape[:2], bool)
            mask[1:9 - k, 1:7] = True
            Image.fromarray(((mask ^ bool(version))*255).astype(np.uint8)).save(self.root/f'labels/m{name}.png')

    def sorted_photos(self, folder: str, shade: int):
        for c in 'ab':
            for k in range(10): self.picture(f'{folder}/{c}/{k}.png', shade + 60*(c == 'b') + 3*k)

    def used(self, words) -> tuple:   # (name, version) of those that change
        return tuple((n, v) for n, v in self.version.items() if any(self.paths[n] in w for w in words))


# Calls.
@dataclass(frozen=True)
class Call:
    command: str
    words: tuple       # all but where to write; paths begin with @, the folder of inputs
    where: str = ''    # below the folder: another folder, or the file of an export

    @property
    def question(self) -> tuple:
        return self.command, tuple(w for w in self.words if w not in ('--resume', '--overwrite')), self.where

    @property
    def folder(self) -> str: return os.path.dirname(self.where) if self.command == 'export' else self.where

    def argv(self, inputs: Path, out: Path) -> list[str]:
        words = [w.replace('@', f'{inputs}/') for w in self.words]
        place = str(out/self.where) if self.where else str(out)
        lite = ['--models', 'lite']*(self.command in ('segment', 'video', 'batch', 'bench') and '--models' not in words)
        target = dict(train=['--run', place], export=[place]).get(self.command, ['-o', place])
        return [self.command, *words, *target, *lite, '--json', '-q']


def invoke(argv):   # exit code, what --json says or None, what was printed, the exception
    from airl.cli import app
    from typer.testing import CliRunner
    done = CliRunner().invoke(app, argv)
    try: told = json.loads(done.stdout)
    except ValueError: told = None
    return done.exit_code, told, done.output, done.exception


def files_of(call: Call, told: dict, out: Path) -> list[str]:
    "What an answer is made of, by its own words."
    at = out/call.where
    if call.command == 'segment': paths = told['files']
    elif call.command == 'video':
        paths = [told['video'], told['masks'], *(at/n for n in ('objects.csv', 'contact.jpg', 'result.json')),
                 *(at/'masks'/f'{k:05}.png' for k in range(told['frames']))]
    elif call.command == 'batch':
        made = [p.parent if p.name == 'index.html' else p for p in map(Path, told['made'])]
        paths = [at/'manifest.parquet', *(p for folder in made for p in folder.rglob('*') if p.is_file())]
    elif call.command == 'bench':
        paths = [at/n for n in ('rows.jsonl', 'table.md', 'table.csv', 'per_image.csv', 'gallery.png')]
    elif call.command == 'export': paths = [at]
    elif call.command == 'study': paths = [at/call.words[0]/n for n in ('report.md', 'report.json', 'trials.png')]
    else:
        paths = [at/n for n in ('report.json', 'test_logits.npy', 'test_preds.npy',
                                'test_targets.npy', 'confusion_matrix.csv', 'reliability.png')]
        if call.command == 'train':
            paths += [at/n for n in ('recipe.yaml', 'metrics.csv', 'best_model.pth', 'last_checkpoint.pth')]
    return [Path(p).relative_to(out).as_posix() for p in paths]


def _rows(path) -> list: return list(csv.DictReader(Path(path).read_text(encoding='utf-8').splitlines()))


def _report(folder: Path):
    about = json.loads((folder/'report.json').read_text())
    logits = np.load(folder/'test_logits.npy')
    return (about['n'], round(about['top1'], 6), round(about['nll'], 4), logits.round(3).tolist(),
            _rows(folder/'confusion_matrix.csv'))


def _exports(folder: Path, rows: list):
    "That every data set and gallery of ours in the folder holds what the manifest does."
    objects = sum(r['instance'] is not None for r in rows)
    if (folder/'class_names.txt').exists() and folder.name == 'coco':
        parts = [json.loads(p.read_text()) for p in folder.glob('*.json')]
        assert sum(len(p['annotations']) for p in parts) == objects, 'coco holds other objects than the manifest'
        for name in (i['file_name'] for p in parts for i in p['images'] if (folder/'images').exists()):
            assert list(folder.rglob(Path(name).name)), 'coco lacks a photo'
    if (folder/'class_names.txt').exists() and folder.name == 'yolo':
        assert sum(len(p.read_text().splitlines())
                   for p in (folder/'labels').rglob('*.txt')) == objects, 'yolo holds other objects than the manifest'
    if folder.name == 'gallery':
        page = (folder/'index.html').read_text()
        assert page.count('<figure>') == len(list(folder.glob('0*.jpg'))), 'the gallery lacks a photo'


def _plain(value):   # JSON without what differs from run to run
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in ('timings', 'why', 'original', 'info')}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def meaning(call: Call, files: list[str], out: Path):
    "What an answer says, read from its files; raises what a reader would where they are broken."
    at = out/call.where
    for name in files: assert (out/name).stat().st_size or name.endswith('.txt'), f'{name} is empty'
    if call.command == 'segment':
        return {n.rpartition('_')[2]: _plain(json.loads((out/n).read_text())) if n.endswith('.json') else hashed(out/n)
                for n in files}
    if call.command == 'video':
        import av
        said = json.loads((at/'masks.json').read_text())
        with av.open(str(out/files[0])) as video:
            frames, width = sum(1 for _ in video.decode(video=0)), video.streams.video[0].width
        result = json.loads((at/'result.json').read_text())
        assert frames == len(said['videos'][0]['times']) == len(
            list((at/'masks').glob('[0-9]*.png'))), 'the parts have other numbers of frames'
        return (_plain(said), frames, width, _rows(at/'objects.csv'),
                [hashed(at/'masks'/f'{k:05}.png') for k in range(frames)], result['prompts'], result['frames'])
    if call.command == 'batch':
        import pyarrow.parquet as pq
        rows = pq.read_table(at/'manifest.parquet').to_pylist()
        for folder in dict.fromkeys(at/Path(n).relative_to(call.where or '.').parts[0] for n in files[1:]):
            _exports(folder, rows)
        return Counter((r['image'], 'failed') if r['error'] else (r['image'], r['content'], r['prompt'], r['rle'])
                       for r in rows)
    if call.command == 'bench':
        done = [json.loads(line)['photo'] for line in (at/'rows.jsonl').read_text().splitlines()
                if 'photo' in json.loads(line)]
        table = [{k: v for k, v in r.items() if k not in ('seconds_per_photo', 'vit_forwards')}
                 for r in _rows(at/'table.csv')]
        return sorted(done), table, [{k: v for k, v in r.items() if k != 'seconds'} for r in _rows(at/'per_image.csv')]
    if call.command == 'export': return hashed(at)
    if call.command == 'study':
        return [(t['arm'], t['seed'], t['n'], t['top1'])
                for t in json.loads((at/call.words[0]/'report.json').read_text())['trials']]
    if call.command == 'eval': return _report(at)
    import torch
    best, last = (torch.load(at/n, map_location='cpu', weights_only=True)
                  for n in ('best_model.pth', 'last_checkpoint.pth'))
    return (_report(at), (at/'recipe.yaml').read_text(), len(_rows(at/'metrics.csv')),
            best['class_names'], last['steps'], last['data'])


def agrees(call: Call, found, wanted,
           later=False,   # other photos may have been added to a measurement
           ) -> bool:
    "Of a batch that others were added to, its own rows count."
    if call.command == 'batch': return wanted <= found
    if call.command == 'bench' and later:
        return set(wanted[0]) <= set(found[0]) and all(row in found[2] for row in wanted[2])
    return found == wanted


@dataclass
class Answer:
    "What a call reported as done."
    call: Call
    versions: tuple
    files: dict = field(default_factory=dict)   # name → hash, when it was reported


class World:
    "One process's inputs, and what each question's answer is in a fresh folder."
    def __init__(self, root: Path, look=flat,
                 ask=invoke,   # words of a command → what `invoke` gives
                 ):
        self.root, self.inputs, self.known, self.count, self.ask = root, Inputs(root/'inputs', look), {}, 0, ask
        for room, data in (('run-a', 'birds'), ('run-b', 'fish')):
            code, _, said, _ = ask(Call('train', ('--preset', 'smoke', '--data', f'folder:@{data}',
                                                  '--set', 'epochs=1')).argv(self.inputs.root, self.inputs.root/room))
            assert code == 0, said

    def fresh(self) -> Path:
        self.count += 1
        return self.root/f'out-{self.count}'

    def truth(self, call: Call):   # exit code, meaning; None where it is refused everywhere
        key = call.question, self.inputs.used(call.words)
        if key not in self.known:
            call = Call(*call.question)
            out = self.fresh()
            code, told, said, error = self.ask(call.argv(self.inputs.root, out))
            assert error is None or isinstance(error, SystemExit), said
            self.known[key] = (code, meaning(call, files_of(call, told, out), out)) if told else None
            if not told and out.exists():
                raise Fault('left', f'{call} is refused, and leaves {sorted(tree(out)) or "an empty folder"}')
            shutil.rmtree(out, ignore_errors=True)
        return self.known[key]


@functools.cache
def options_of(command: str) -> set:
    "The options that this tree's command has."
    import typer
    from airl.cli import app
    return {o for p in typer.main.get_command(app).commands[command].params for o in p.opts}


FOREIGN = ['notes.txt', 'gallery/index.html', 'gallery/mine.jpg', 'yolo/data.yaml',
           'yolo/mine.txt', 'coco/train.json', 'coco/images/mine.png', 'masks.json',
           'masks/00000.png', 'masks/mine.png', 'result.json', 'contact.jpg', 'objects.csv',
           'plain_overlay.mp4', 'cat_a-cat_mask.png', 'cat_a-cat_result.json',
           'manifest.parquet', 'summary.json', 'rows.jsonl', 'table.md', 'bad.txt',
           'gallery.png', 'report.json', 'mistakes.png', 'patches/report.md',
           'metrics.csv', 'run/best_model.pth', 'model.pt2', '.hidden', 'parts/mine.txt', '.a.b.c', '.mine.parquet']
LINKED = ['gallery', 'yolo', 'masks', 'coco', 'patches']

_text = st.sampled_from([('a cat',), ('a cat',), ('a cat',), ('a dog',), ('a cat', 'a dog'), ('a unicornfish',)])
_stop = st.one_of(st.none(), st.none(), st.builds(Stop, st.sampled_from(HOW), st.integers(0, 70)))
_disturbance = st.one_of(st.none(), st.none(), st.tuples(st.just('put'), st.sampled_from(FOREIGN)),
                         st.tuples(st.just('link'), st.sampled_from(LINKED)),
                         st.tuples(st.just('edit'), st.integers(0, 30)), st.tuples(st.just('lose'), st.integers(0, 30)),
                         st.tuples(st.just('change'), st.sampled_from(['clip', 'photo', 'labels', 'seen', 'birds'])))


class Folder(RuleBasedStateMachine):
    "Each rule is one call, and what the user did to the folder or the inputs before it."
    world: World = None
    counts = Counter()           # what was tried: sequences, calls, and how they ended

    def __init__(self):
        super().__init__()
        self.out, self.outside = self.world.fresh(), self.world.fresh()
        self.answers, self.foreign, self.unsettled, self.pending, self.touched, self.calls = [], {}, set(), [], False, 0
        for name in self.world.inputs.version:
            if self.world.inputs.version[name]: self.world.inputs.write(name, 0)

    # what the user does
    def disturb(self, what):
        kind, which = what or ('', '')
        if kind == 'change': return self.world.inputs.write(which, 1 - self.world.inputs.version[which])
        path = self.out/which if kind in ('put', 'link') else None
        if path and not (os.path.lexists(path) or any(p.is_symlink() or p.is_file() for p in path.parents)):
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == 'put': path.write_text('mine')
            else:
                (self.outside/which).mkdir(parents=True, exist_ok=True)
                for name in ('mine.txt', '00000.png', 'index.html', 'report.md'):
                    (self.outside/which/name).write_text('mine')
                path.symlink_to(self.outside/which, target_is_directory=True)
            self.foreign[which], self.touched = tree(self.out)[which], True
        ours = sorted({name for a in self.answers for name in a.files} - set(self.foreign))
        if kind in ('edit', 'lose') and ours and not self.unsettled:
            name = ours[which % len(ours)]
            path, self.touched = self.out/name, True
            self.answers = [a for a in self.answers if name not in a.files]
            if kind == 'lose':
                path.unlink()
                return
            with open(path, 'ab') as file: file.write(b'mine')
            self.foreign[name] = hashed(path)

    # what is always so
    def check_foreign(self, call, now):
        for name, what in self.foreign.items():
            if now.get(name) != what:
                self.fault('foreign', f'{call}: {name}, a file of the user, is {"changed" if name in now else "gone"}')
        behind = [p for p in self.outside.rglob('*') if p.is_file()]
        if any(p.read_bytes() != b'mine' for p in behind) or len(behind) != 4*len(list(self.outside.glob('*'))):
            self.fault('foreign', f'{call}: a file behind a link is changed or gone')

    def whole(self, answer: Answer, now: dict) -> bool:
        # those that have been written anew
        names = [name for name, what in answer.files.items() if now.get(name) != what]
        if any(name not in now for name in names): return False
        if answer.call.command == 'batch' and names == list(answer.files)[:1]:
            return self.says(answer.call, names, answer.versions)
        return not names or self.says(answer.call, list(answer.files), answer.versions)

    def says(self, call, files, versions) -> bool:
        "Whether the files give the right answer to a question as it was asked."
        wanted = self.world.known.get((call.question, versions))
        try: return bool(wanted) and agrees(call, meaning(call, files, self.out), wanted[1], later=True)
        except Exception: return False   # noqa: BLE001, whatever a reader of broken files raises

    def fault(self, kind, story): raise Fault(kind, story)

    # a call and its consequences
    def ask(self, argv, stop):
        with stopping(stop, self.out):
            try: return self.world.ask(argv)
            except Killed as e: return 137, None, '', e

    def run(self, call: Call, stop: Stop | None = None, before=None):
        self.disturb(before)
        wanted, old = self.world.truth(call), tree(self.out)
        self.calls += 1
        # named by its name
        if call.command == 'export' and '--overwrite' in call.words: self.foreign.pop(call.where, None)
        existed = self.out.exists()
        code, told, said, error = self.ask(call.argv(self.world.inputs.root, self.out), stop)
        stopped, now = bool(stop and stop.fired), tree(self.out)
        self.counts[f'{call.command}: {"stopped" if stopped else "done" if told else "refused"}'] += 1
        self.check_foreign(call, now)
        if error is not None and not isinstance(error, SystemExit | KeyboardInterrupt | Killed):
            self.fault('traceback', f'{call} {stop or ""} ends in {type(error).__name__}: {error}')
        if told: self.done(call, told, code, wanted, now)
        elif stopped:
            self.unsettled.add(call.folder)
            self.pending.append(Answer(call, self.world.inputs.used(call.words)))
        else: self.refused(call, said, wanted, old, now, existed)

    def done(self, call, told, code, wanted, now):
        versions = self.world.inputs.used(call.words)
        if wanted is None: self.fault('wrong', f'{call} cannot be answered, and is')
        names = files_of(call, told, self.out)
        if code not in (wanted[0], -9):
            self.fault('wrong', f'{call} ends with {code}, in a fresh folder with {wanted[0]}')
        if gone := [n for n in names if n not in now]:
            self.fault('wrong', f'{call} is reported as done without {gone[0]}')
        try: found = meaning(call, names, self.out)
        except Exception as e:   # noqa: BLE001, whatever a reader of a broken file raises
            found = self.fault('wrong', f'{call} is reported as done, and cannot be read: {type(e).__name__}: {e}')
        if not agrees(call, found, wanted[1]):
            self.fault('wrong', f'{call} is answered with something else: {str(found)[:300]} and not '
                                f'{str(wanted[1])[:300]}')
        if call.command != 'export': self.unsettled.discard(call.folder)
        kept, shared = [], set(names)
        for answer in self.answers:
            same = answer.call.question == call.question and (call.command != 'segment' or answer.versions == versions)
            replaced = '--overwrite' in call.words and shared & set(answer.files)
            if answer.call.folder in self.unsettled and not replaced or self.whole(answer, now):
                kept += [answer]*(not same)
            elif same or replaced: pass
            elif self.asked_anew(answer, now):
                kept.append(Answer(answer.call, self.world.inputs.used(answer.call.words),
                                   {n: now[n] for n in answer.files}))
            elif not self.gone_forward(answer):
                self.fault('lost', f'{call}: the answer to {answer.call}, reported as done before, is not whole any '
                                   'more')
        if call.folder not in self.unsettled: self.pending = [p for p in self.pending if p.call.folder != call.folder]
        self.answers = [*kept, Answer(call, versions, {n: now[n] for n in names})]

    def asked_anew(self, answer, now) -> bool:
        "Whether an earlier text of a batch was asked of the photos as they are now, which have changed since."
        versions = self.world.inputs.used(answer.call.words)
        if answer.call.command != 'batch' or versions == answer.versions or any(n not in now for n in answer.files):
            return False
        self.world.truth(answer.call)
        return self.whole(Answer(answer.call, versions, answer.files), now)

    def gone_forward(self, answer) -> bool:
        "Whether a call that was interrupted had been told to replace an answer, and has."
        return any(p.call.command == answer.call.command
                   and ('--overwrite' in p.call.words or p.call.question == answer.call.question)
                   and self.replaced(answer, p) for p in self.pending)

    def replaced(self, answer, other) -> bool:
        names = [n for n in answer.files if (self.out/n).exists()]
        if other.call.command == 'video':
            names = [p.relative_to(self.out).as_posix() for p in (self.out/other.call.where).glob('plain_*.mp4')]
        return self.says(other.call, names, other.versions)

    def refused(self, call, said, wanted, old, now, existed):
        if call.folder not in self.unsettled and call.where not in self.unsettled and not self.unsettled:
            if not existed and self.out.exists():
                self.fault('left', f'{call} is refused, and makes a folder: {sorted(now)}')
            if changed := sorted(n for n in old.keys() | now.keys() if old.get(n) != now.get(n)):
                self.fault('touched', f'{call} is refused, and changes {changed[:5]}: {said[-300:]}')
        if wanted and self.must_be_answered(call, old):
            self.fault('stuck', f'{call} is refused, and must not be: {said[-500:]}')

    def must_be_answered(self, call, old) -> bool:
        if not any(n.startswith(call.folder) and n != f'{call.folder}/' for n in old): return True
        others = [*self.answers, *self.pending]
        if not self.touched and call.command == 'export': return call.where not in old or '--overwrite' in call.words
        if self.touched or any(a.call.command != call.command or a.call.where != call.where for a in others):
            return False
        if '--overwrite' in call.words or call.command == 'segment': return True
        if call.command == 'video' and '--resume' not in call.words: return False
        return all(a.call.question == call.question and a.versions == self.world.inputs.used(call.words)
                   for a in others)

    # the rules
    @rule(photo=st.sampled_from(['photos/cat.jpg', 'photos/cat.png', 'others/cat.jpg',
                                 'photos/dog.png', 'broken/bad.jpg']), text=_text, stop=_stop, before=_disturbance)
    def segment(self, photo, text, stop, before): self.run(Call('segment', (f'@{photo}', *text)), stop, before)

    @rule(clip=st.sampled_from(['clips/plain.mp4', 'clips/plain.mp4', 'clips/plain.mp4',
                                'others/plain.mp4', 'broken.webm']), text=_text,
          how=st.sampled_from([(), (), (), (), ('--end', '0.3'), ('--show', 'side'),
                               ('--stride', '2'), ('--show', 'nothing')]),
          used=st.sampled_from(['', '--resume', '--resume', '--overwrite']), stop=_stop, before=_disturbance)
    def video(self, clip, text, how, used, stop, before):
        self.run(Call('video', (f'@{clip}', *text, *how, *self.flag('video', used))), stop, before)

    @rule(photos=st.sampled_from(['photos', 'photos', 'others', 'broken']), text=_text,
          made=st.sampled_from([(), (), ('--gallery',), ('--export', 'yolo'), ('--export', 'coco'),
                                ('--export', 'coco', '--gallery'), ('--export', 'nothing')]),
          used=st.sampled_from(['', '', '--overwrite']), stop=_stop, before=_disturbance)
    def batch(self, photos, text, made, used, stop, before):
        self.run(Call('batch', (f'@{photos}', *text, *made, *self.flag('batch', used))), stop, before)

    @rule(task=st.sampled_from(['text', 'text', 'text', 'box', 'nothing']),
          how=st.sampled_from([(), (), ('--limit', '1')]),
          used=st.sampled_from(['', '', '--overwrite']), stop=_stop, before=_disturbance)
    def bench(self, task, how, used, stop, before):
        self.run(Call('bench', ('--data', 'folder:@labels', '--task', task, *how, *self.flag('bench', used))),
                 stop, before)

    @rule(data=st.sampled_from(['birds', 'birds', 'fish', 'broken']),
          change=st.sampled_from(['epochs=2', 'epochs=2', 'lr=0.01', 'nothing=1']),
          where=st.sampled_from(['', 'run']), used=st.sampled_from(['', '', '--overwrite']),
          stop=_stop, before=_disturbance)
    def train(self, data, change, where, used, stop, before):
        how = ('--set', change) if change == 'epochs=2' else ('--set', 'epochs=2', '--set', change)
        self.run(Call('train', ('--preset', 'smoke', '--data', f'folder:@{data}', *how, *self.flag('train', used)),
                      where), stop, before)

    @rule(data=st.sampled_from(['birds', 'birds', 'fish', 'broken']), epochs=st.sampled_from(['1', '2']),
          used=st.sampled_from(['', '', '--overwrite']),
          stop=_stop, before=_disturbance)
    def study(self, data, epochs, used, stop, before):
        self.run(Call('study', ('patches', '--data', f'folder:@{data}', '--epochs',
                                epochs, '--seeds', '1', *self.flag('study', used))), stop, before)

    @rule(model=st.sampled_from(['@run-a', '@run-b', '@broken']),
          where=st.sampled_from(['model.pt2', 'model.pt2', 'run/model.pt2', 'model.txt']),
          used=st.sampled_from(['', '--overwrite']), stop=_stop, before=_disturbance)
    def export(self, model, where, used, stop, before):
        self.run(Call('export', (model, *self.flag('export', used)), where), stop, before)

    @rule(model=st.sampled_from(['@run-a', '@run-b', '@broken']), data=st.sampled_from(['birds', 'fish', 'broken']),
          used=st.sampled_from(['', '--overwrite']),
          stop=_stop, before=_disturbance)
    def evaluate(self, model, data, used, stop, before):
        self.run(Call('eval', ('--model', model, '--data', f'folder:@{data}', *self.flag('eval', used))), stop, before)

    @rule(which=st.integers(0, 9), word=st.sampled_from(['', '', 'a unicornfish']),
          used=st.sampled_from(['', '--resume', '--overwrite']),
          stop=_stop, before=_disturbance)
    def again(self, which, word, used, stop, before):
        "What was asked before, or the same with another word."
        asked = [a.call for a in (*self.answers, *self.pending)]
        call = asked[which % len(asked)] if asked else Call('video', ('@clips/plain.mp4', 'a cat'))
        words = [word if word and w in ('a cat', 'a dog') else w for w in call.question[1]]
        self.run(Call(call.command, (*words, *self.flag(call.command, used)), call.where), stop, before)

    def flag(self, command, used): return (used,)*(used in options_of(command))

    def teardown(self):
        for folder in sorted(self.unsettled):
            self.run(Call('segment', ('@probe.png', 'a cat'), folder))   # whoever comes next puts things right
            if folder in self.unsettled and not self.touched:
                self.fault('stuck', f'after {self.pending} nothing can be written into {folder!r} any more')
        self.counts['sequences'] += 1
        self.counts['of three calls and more'] += self.calls >= 3
        for folder in (self.out, self.outside): shutil.rmtree(folder, ignore_errors=True)
