"""Does a batch survive bad files and `kill -9`?

    python benchmarks/batch_survival.py [--files 500] [--kills 5] [--seed 0] [--workers 1]

A folder of photos, one in twenty of them bad: noise in the middle, cut off, empty, a text or a PDF called .jpg, a
decompression bomb.
Labelled twice with `airl batch`: at one go, and killed at random moments (while it starts, between photos, while a
part is being
written) and started again each time. Every file must be in the manifest exactly once, the good ones with answers, the
bad ones
with their reasons, and both manifests must be equal, times aside. Ends with one JSON line.
"""
import argparse
import json
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from batch_speed import photos, rows

from airl.manifest import read_manifest

PROMPTS = ['a person', 'a cat']


def bomb():
    "A PNG of 400 megapixels in a few bytes of header: 20,000 by 20,000."
    chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    pixels = zlib.compressobj(9)
    line = b'\0'*20_001
    data = b''.join(pixels.compress(line) for _ in range(200)) + pixels.flush()
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 20_000, 20_000, 8, 0, 0, 0, 0))
            + chunk(b'IDAT', data) + chunk(b'IEND', b''))


def spoil(path, kind, rng):
    "Make one file bad."
    data = path.read_bytes()
    path.unlink()                                    # a link: the photo behind it stays as it is
    path.write_bytes(dict(
        corrupt=data[:200] + rng.randbytes(len(data) - 200), truncated=data[:len(data)//3],
        empty=b'', text=b'Dear all,\nplease find attached',
        pdf=b'%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj', bomb=bomb())[kind])


def command(source, out, workers):
    return [sys.executable, '-m', 'airl', 'batch', str(source), *PROMPTS, '-o', str(out),
            '--models', 'lite', '--workers', str(workers), '--json']


def run(source, out, workers, kill_after=None):
    "Exit code, or None for a run that was killed."
    process = subprocess.Popen(command(source, out, workers), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try: text, _ = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None, {}
    return process.returncode, json.loads(text)


def finished_rows(out):
    try: return len(set(read_manifest(out, ['image'])['image'].to_pylist()))
    except ValueError: return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--files', type=int, default=500)
    parser.add_argument('--kills', type=int, default=5)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=1)
    args, rng = parser.parse_args(), random.Random()
    rng.seed(args.seed)
    with tempfile.TemporaryDirectory() as tmp:
        source, whole, killed = photos(Path(tmp)/'photos', args.files), Path(tmp)/'whole', Path(tmp)/'killed'
        kinds = 'corrupt truncated empty text pdf bomb'.split()
        bad = {path.name: kinds[k % len(kinds)]
               for k, path in enumerate(rng.sample(sorted(source.iterdir()), args.files//20))}
        for name, kind in bad.items(): spoil(source/name, kind, rng)
        start = time.monotonic()
        at_one_go, summary = run(source, whole, args.workers)
        took = time.monotonic() - start
        print(f'at one go: {took:.0f} s, exit code {at_one_go}; {summary["sentence"]}', flush=True)
        kills = 0
        while kills < args.kills:
            code = run(source, killed, args.workers, rng.uniform(.5, 1.5*took/args.kills))[0]
            if code == 2:
                time.sleep(1)
                continue                  # an orphan of the last kill still holds the folder
            if code is not None: break
            kills += 1
            print(f'kill {kills}: {finished_rows(killed)} of {args.files} are in the manifest', flush=True)
        last, _ = run(source, killed, args.workers)
        while last == 2:
            time.sleep(1)
            last, _ = run(source, killed, args.workers)      # an orphan may hold the folder for a moment
        a, b = rows(whole), rows(killed)
        errors = {r['image']: r['error'] for r in b if r['error']}
        left = [str(p) for p in killed.rglob('*') if p.name.startswith('.') and p.name != '.airl.json'
                or p.parent.name == 'parts']
        for kind in kinds:
            print(
                f'{kind}: {next((errors.get(n, "NO ROW") for n, k in bad.items() if k == kind), "none of the files")}')
        once = (len(b) == len({(r['image'], r['prompt'], r['instance']) for r in b})
                and {r['image'] for r in b} == {p.name for p in source.iterdir()})
        checks = dict(every_file_once=once, bad_ones_told=set(errors) == set(bad),
                      equal_to_uninterrupted=a == b, exit_code=at_one_go == last == 1,
                      nothing_left_over=not left, kills=kills == args.kills)
    print(json.dumps(dict(name='batch_survival.failed_checks', value=sum(not ok for ok in checks.values()),
                          target=0, files=args.files, bad=len(bad), **checks, ok=all(checks.values()))))


if __name__ == '__main__': main()
