"""Is anything lost, or anything half-written believed, when the machine fails?

    python benchmarks/faults.py [--points 300] [--seed 0] [--commands segment batch …] [--faults kill full …]
    [--standins] [--plant direct]

Each command runs once while an audit hook writes down every change of a file that it makes; those are the points.
Then, in a folder that holds an earlier answer, it runs again and the
machine fails at one of them: `kill -9`, SIGTERM, Ctrl-C, a disk that takes no more (from a change on; and really, on a
small tmpfs, where that can be mounted), a folder that has become
read-only, a clock ten years back, the same command twice at once. `download` talks to a hub on this machine that is
gone, cuts, stalls, or sends a wrong length, hash, status or page.
After each: what was reported as done is whole, no partial file has a final name, no traceback, the same command once
more gives the right answer (all of it by `tests/folders_machine.py`).
`--standins`: engines that answer at once. `--plant`: a fault in airl itself, which has to be found.
"""
import argparse
import copy
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent/'tests'))
import folders_machine
from folders_machine import Call
from folders_machine import Fault as Found

LIMIT = 600.    # seconds for one process
QUICK = '--points 12 --commands segment download'
AT_CHANGES = ['kill', 'term', 'interrupt', 'full', 'readonly']
OTHERS = ['tmpfs', 'clock', 'two']
CAT = ('@photos', 'a cat')
PAIRS = dict(    # an answer that is there, and the call that the machine fails in
    segment=(Call('segment', ('@photos/cat.jpg', 'a cat')),
             Call('segment', ('@photos/cat.jpg', 'a dog', '--overwrite'))),
    video=(Call('video', ('@clips/plain.mp4', 'a cat')), Call('video', ('@clips/plain.mp4', 'a dog', '--overwrite'))),
    batch=(Call('batch', CAT), Call('batch', ('@photos', 'a dog'))),
    export=(Call('batch', (*CAT, '--export', 'coco')),
            Call('batch', ('@photos', 'a dog', '--export', 'coco', '--gallery'))),
    train=tuple(Call('train', ('--preset', 'smoke', '--data', 'folder:@birds', '--set', *w))
                for w in (('epochs=1',), ('epochs=2', '--overwrite'))),
    model=tuple(Call('export', w, 'model.pt2') for w in (('@run-a',), ('@run-b', '--overwrite'))))


@dataclass
class Failing:
    "A fault, and whether it has come."
    how: str
    at: int = 0
    fired: bool = False
    def __repr__(self): return f'{self.how} at {self.at}'


class Asker:
    "Runs commands as processes; what `folders_machine.invoke` gives."
    def __init__(self, standins=False, plant=''):
        self.environment = os.environ | dict(HF_HUB_OFFLINE='1', OMP_NUM_THREADS='1')
        if standins: self.environment['FAULTS_STANDINS'] = '1'
        self.plant, self.changes = plant, []

    def start(self, how, at, watched, note, argv, plant):
        return subprocess.Popen([sys.executable, str(HERE/'_faulty.py'), how, str(at), str(watched),
                                 str(note), '--', *argv], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=self.environment | ({'FAULTS_PLANT': self.plant} if plant and self.plant else {}))

    def __call__(self, argv, watched=None, failing: Failing | None = None):
        with tempfile.TemporaryDirectory() as home:
            note, how = Path(home)/'note', failing.how if failing else 'none'
            small = how == 'tmpfs' and mounted(watched, failing.at)
            try:
                both = [self.start('none' if how in ('two', 'tmpfs') else how, failing.at if failing else 0,
                                   watched or home, note, argv, bool(failing)) for _ in range(1 + (how == 'two'))]
                ends = [ended(process) for process in both]
            finally:
                if small: unmounted(watched)
            noted = note.read_text().splitlines() if note.exists() else []
        if how == 'trace': self.changes = noted
        elif failing: failing.fired = bool(noted) or how in ('tmpfs',) and not ends[0][1]
        if how == 'two': failing.fired = not all(end[1] for end in ends)
        return next((end for end in ends if end[3]), None) or next((end for end in ends if end[1]), ends[0])


def ended(process):   # exit code, what --json says or None, what was printed, the exception
    try: out, said = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, said = process.communicate()
        return -9, None, out + said, RuntimeError('it hangs')
    try: told = json.loads(out)
    except ValueError: told = None
    return process.returncode, told, out + said, RuntimeError(said[-1500:]) if 'Traceback' in said else None


def mounted(folder: Path, blocks: int) -> bool:
    "A tmpfs in place of the folder, with what it holds and room for so many blocks more."
    used = sum(-(-p.stat().st_size//4096) + 1 for p in folder.rglob('*'))
    kept = folder.with_name(f'.{folder.name}.kept')
    os.rename(folder, kept)
    folder.mkdir()
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={4*(used + 2 + blocks)}k', 'tmpfs', str(folder)],
                          capture_output=True)
    if done.returncode:
        folder.rmdir()
        os.rename(kept, folder)
        return False
    shutil.copytree(kept, folder, dirs_exist_ok=True, symlinks=True)
    shutil.rmtree(kept)
    return True


def unmounted(folder: Path):
    "What the tmpfs holds, in a folder again."
    kept = folder.with_name(f'.{folder.name}.kept')
    shutil.copytree(folder, kept, symlinks=True)
    subprocess.run(['umount', str(folder)], check=True)
    folder.rmdir()
    os.rename(kept, folder)


def kind_of(world, ask):
    class RealFolder(folders_machine.Folder):
        def ask(self, argv, failing): return ask(argv, self.out, failing)
    return type('Folder', (RealFolder,), dict(world=world, counts=Counter()))


def trace(world, ask, call, template) -> list[str]:
    "The changes that a call makes, in their order."
    folder = clone(kind_of(world, ask), template)
    ask(call.argv(world.inputs.root, folder.out), folder.out, Failing('trace'))
    shutil.rmtree(folder.out)
    return ask.changes


def clone(kind, template):
    folder = kind()
    shutil.copytree(template.out, folder.out, symlinks=True)
    folder.answers, folder.calls = copy.deepcopy(template.answers), 1
    return folder


def strike(kind, template, call, failing) -> str:
    "What is wrong after a fault; '' where nothing is."
    folder = clone(kind, template)
    try:
        folder.run(call, failing)
        if failing.fired: folder.run(call)
        folder.teardown()
    except Found as fault: return str(fault)
    return ''


def world_of(root, ask, commands):
    "The inputs; runs to export only where one is exported."
    if 'model' in commands: return folders_machine.World(root, folders_machine.cat, ask)
    world = folders_machine.World.__new__(folders_machine.World)
    world.root, world.inputs, world.known, world.count, world.ask = (root,
                                                                     folders_machine.Inputs(
        root/'inputs', folders_machine.cat), {}, 0, ask)
    return world


def machine_points(ask, commands, faults, n, seed, root):
    """Strike at so many points, spread over commands, faults and changes; yields (command, failing, what was changed
    there, what is wrong)."""
    world, rng, points, templates = world_of(root, ask, commands), random.Random(seed), [], {}
    kind = kind_of(world, ask)
    for name in commands:
        first, second = PAIRS[name]
        templates[name] = kind()
        templates[name].run(first)
        world.truth(second)
        changes = trace(world, ask, second, templates[name])
        print(f'{name}: {len(changes)} changes of files', flush=True)
        points += [(name, how, at, what) for how in AT_CHANGES if how in faults for at, what in enumerate(changes)]
        points += ([(name, 'tmpfs', at, 'a small disk') for at in range(0, 40, 4) if 'tmpfs' in faults]
                   + [(name, how, 0, '') for how in ('clock', 'two') if how in faults])
    for name, how, at, what in sorted(rng.sample(points, min(n, len(points)))):
        failing = Failing(how, at)
        yield name, failing, what, strike(kind, templates[name], PAIRS[name][1], failing)


# The network.
MODEL, FILE, COMMIT = 'sam2.1_hiera_small', 'sam2.1_hiera_small.pt', ('c0ffee'*7)[:40]
CONTENT = bytes(range(256))*8_000
LIES = ['gone', 'cut', 'stall', 'short', 'long', 'content', 'status-500', 'status-404',
        'status-403', 'page', 'redirect', 'empty', 'garbage']


def hub(lie: str, stage: str):
    "A hub that lies at a stage: 'about' (what there is), 'head' (of the file) or 'file'."
    class Hub(BaseHTTPRequestHandler):
        def log_message(self, *args): pass
        def do_HEAD(self): self.do_GET()
        def do_GET(self):
            now = 'about' if self.path.startswith('/api/') else 'head' if self.command == 'HEAD' else 'file'
            body, headers = CONTENT, {'ETag': f'"{hashlib.sha256(CONTENT).hexdigest()}"',
                                      'X-Repo-Commit': COMMIT, 'Accept-Ranges': 'bytes'}
            if now == 'about':
                body = json.dumps([dict(type='file', path=FILE, size=len(CONTENT), oid='0'*40)]
                                  if '/tree/' in self.path else dict(id='facebook/sam2.1-hiera-small', sha=COMMIT,
                                                                     siblings=[dict(rfilename=FILE)])).encode()
                headers = {'Content-Type': 'application/json'}
            start = int((self.headers.get('Range') or 'bytes=0-').split('=')[1].split('-')[0])
            self.tell(lie if now == stage else '', 206 if start else 200, body[start:], headers)

        def tell(self, lie, status, body, headers):
            length = len(body)
            if lie.startswith('status'): status, body, length = int(lie[-3:]), b'no', 2
            if lie == 'page':
                body, headers = b'<!doctype html><title>Sign in to the Wi-Fi</title>', {'Content-Type': 'text/html'}
                length = len(body)
            if lie == 'empty': body, length = b'', 0
            if lie == 'garbage': body = os.urandom(len(body))
            if lie == 'content': body = body[:-1] + bytes([body[-1] ^ 1])
            if lie == 'short': body, length = body[:len(body)//2], len(body)//2
            if lie == 'long': body, length = body + b'x'*1000, len(body) + 1000
            if lie == 'redirect': status, headers = 302, {'Location': self.path}
            self.send_response(status)
            for k, v in {**headers, 'Content-Length': str(length)}.items(): self.send_header(k, v)
            self.end_headers()
            if self.command == 'HEAD': return
            self.wfile.write(body[:len(body)//2] if lie in ('cut', 'stall') else body)
            if lie == 'stall':
                self.wfile.flush()
                time.sleep(6)
    return Hub


def fetch(home: Path, address: str, plant='', note=None, how='none', at=0):
    environment = {k: v for k, v in os.environ.items() if not k.endswith('OFFLINE')} | dict(
        HF_HOME=str(home/'hub'), AIRL_HOME=str(home/'airl'), HF_ENDPOINT=address,
        HF_HUB_DISABLE_XET='1', HF_HUB_DISABLE_PROGRESS_BARS='1', HF_HUB_DOWNLOAD_TIMEOUT='2', HF_HUB_ETAG_TIMEOUT='2')
    process = subprocess.Popen([sys.executable, str(HERE/'_faulty.py'), how, str(at), str(home/'hub'),
                                str(note or home/'note'), '--', 'download', MODEL, '--json', '-q'], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment | ({'FAULTS_PLANT': plant} if plant else {}))
    return ended(process)


class Serving:
    "A hub, while it stands."
    def __init__(self, lie='', stage=''): self.lie, self.stage = lie, stage
    def __enter__(self):
        if self.lie == 'gone': return 'http://127.0.0.1:9'
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), hub(self.lie, self.stage))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f'http://127.0.0.1:{self.server.server_port}'
    def __exit__(self, *_):
        if self.lie != 'gone':
            self.server.shutdown()
            self.server.server_close()


def whole_file(home: Path) -> str:
    "What is wrong with the file under its final name; '' also where there is none."
    found = [p for p in (home/'hub').rglob(FILE) if p.exists()]
    return ('' if all(p.read_bytes() == CONTENT for p in found)
            else f'{FILE} has its name, and is not what the hub published')


def lied_to(lie: str, stage: str, plant='', again=True) -> str:
    "What is wrong after a download from a hub that lies; '' where nothing is."
    with tempfile.TemporaryDirectory() as base:
        home = Path(base)
        with Serving(lie, stage) as address: code, told, said, error = fetch(home, address, plant)
        if error: return f'traceback: {error}'
        if told and code == 0:
            if wrong := whole_file(home): return f'reported as done, but {wrong}'
        elif not (lines := said.strip().splitlines()) or not lines[-1].endswith('.'):
            return f'no sentence at the end: {lines[-3:]}'   # before it the hub's client tells of its tries
        if not again: return ''
        with Serving() as address: code, told, said, error = fetch(home, address)
        return '' if code == 0 and not whole_file(home) else f'the next download does not work: {said[-300:]}'


def interrupted_download(how, at, plant='') -> str:
    with tempfile.TemporaryDirectory() as base:
        home = Path(base)
        with Serving() as address:
            code, told, said, error = fetch(home, address, plant, how=how, at=at)
            if error: return f'traceback: {error}'
            code, told, said, error = fetch(home, address)
        return '' if code == 0 and not whole_file(home) else f'the next download does not work: {said[-300:]}'


def network_points(n, seed, plant):
    points = [(lie, stage) for lie in LIES for stage in ('about', 'head', 'file') if lie != 'gone' or stage == 'about']
    points += [(how, at) for how in ('kill', 'term', 'full', 'readonly') for at in range(0, 24, 2)]
    for point in random.Random(seed).sample(points, min(n, len(points))):
        yield 'download', point, '', (interrupted_download if isinstance(point[1], int) else lied_to)(*point, plant)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--points', type=int, default=300)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--commands', nargs='+', default=[*PAIRS, 'download'], choices=[*PAIRS, 'download'])
    parser.add_argument('--faults', nargs='+', default=[*AT_CHANGES, *OTHERS], choices=[*AT_CHANGES, *OTHERS])
    parser.add_argument('--standins', action='store_true')
    parser.add_argument('--plant', default='', choices=['', 'direct', 'remove-first', 'unchecked'])
    args, wrong, tried = parser.parse_args(), [], Counter()
    machine = [c for c in args.commands if c != 'download']
    network = args.points if not machine else args.points//7*('download' in args.commands)
    with tempfile.TemporaryDirectory() as root:
        asked = network_points(network, args.seed, args.plant)
        if machine:
            asked = (p for points in (machine_points(Asker(args.standins, args.plant), machine, args.faults, args.points
                                                     - network, args.seed, Path(root)), asked) for p in points)
        for command, failing, what, fault in asked:
            tried[command] += 1
            if fault: wrong.append(fault)
            print(f'{command}, {failing}{f", {what}" if what else ""}: {fault or "nothing lost"}', flush=True)
    print(dict(tried))
    print(json.dumps(dict(name='faults.lost', value=len(wrong), target=0, ok=not wrong,
                          better='low', points=tried.total(), **{f'points_{k}': v for k, v in tried.items()})))
    return bool(wrong)


if __name__ == '__main__': sys.exit(main())
