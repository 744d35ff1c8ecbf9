"""How long does each door take to its first answer, and to the next one?

    python benchmarks/doors.py [--rounds 5] [--doors python cli api page]

A photo of 512 pixels and a text, by the embedded engines: in Python, from the command line, from the JSON API and from
the page of `airl app`, both on loopback. The first
answer counts from the start of the process, imports and weights included; the next ones are to other photos, so that
nothing of them is remembered. The bound: what HTTP
adds to an answer of Python's is at most half of it.
"""
import argparse
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from _figures import figure, spread

QUICK = '--rounds 3 --doors python cli api'
IN_PYTHON = """
import sys, time
from airl import TextDrivenSegmentationPipeline
pipeline = TextDrivenSegmentationPipeline('lite')
for path in sys.argv[1:]:
    start = time.perf_counter()
    assert pipeline.segment_image(path, 'a cat').instances, path
    print(time.perf_counter() - start, flush=True)
"""


def photos(folder: Path, n: int) -> list[str]:
    from airl.photos import resize_longest, sample_photo, save_image
    cat = resize_longest(sample_photo('cat'), 512)
    return [str(save_image(folder/f'{k}.png', cat[:, k:])) for k in range(n)]


def by_python(paths):
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, '-c', IN_PYTHON, *paths], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    first = time.perf_counter() - start
    rest = [float(line) for line in process.stdout]
    assert process.wait() == 0
    return first, rest


def by_cli(paths):
    took = []
    for path in paths:
        start = time.perf_counter()
        subprocess.run([sys.executable, '-m', 'airl', 'segment', path, 'a cat', '--models', 'lite',
                        '--json', '-q', '-o', str(Path(path).with_suffix(''))], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - start)
    return took[0], took[1:]


def post(address, path) -> dict:
    "The JSON of an answer."
    edge, body = 'airl-benchmark', io.BytesIO()
    body.write(f'--{edge}\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'.encode()
               + Path(path).read_bytes())
    body.write(f'\r\n--{edge}\r\nContent-Disposition: form-data; name="text"\r\n\r\na '
               f'cat\r\n--{edge}\r\nContent-Disposition: form-data; '
               f'name="preset"\r\n\r\nlite\r\n--{edge}--\r\n'.encode())
    request = urllib.request.Request(f'{address}/api/segment', body.getvalue(),
                                     {'Content-Type': f'multipart/form-data; boundary={edge}'})
    with urllib.request.urlopen(request) as answer: return json.load(answer)


def served(folder):
    "A server of its own, and its address."
    process = subprocess.Popen([sys.executable, '-m', 'airl', 'app', '--port', '0', '--models', 'lite'],
                               stdout=subprocess.PIPE, text=True, cwd=folder,
                               env={k: v for k, v in os.environ.items() if k != 'IN_TEST'} | {'PYTHONUNBUFFERED': '1'})
    return process, process.stdout.readline().strip()


def timed(start, ask, paths):
    took = []
    for path in paths:
        ask(path)
        took.append(time.perf_counter() - start)
        start = time.perf_counter()
    return took[0], took[1:]


def by_http(paths, folder, door):
    start = time.perf_counter()
    process, address = served(folder)
    try:
        if door == 'api':
            def ask(path): assert post(address, path)['present']
            return timed(start, ask, paths)
        from gradio_client import Client, handle_file
        client = Client(address, verbose=False)
        def find(path):
            assert 'Models: lite' in client.predict(handle_file(path), 'a cat', False,
                                                    'lite', .5, 0, 'fixed', api_name='/look')[0]
        return timed(start, find, paths)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--doors', nargs='+', default=['python', 'cli', 'api', 'page'])
    args, usual = parser.parse_args(), None
    with tempfile.TemporaryDirectory() as home:
        paths = photos(Path(home), args.rounds + 1)
        for door in args.doors:
            first, rest = (by_python(paths) if door == 'python' else by_cli(paths) if door == 'cli'
                           else by_http(paths, home, door))
            figure(f'doors.{door}_first_seconds', first, at_most=True)
            spread(f'doors.{door}_next_seconds', rest)
            if door == 'python': usual = statistics.median(rest)
            elif usual and door == 'api':
                figure('doors.api_next_ratio_to_python', statistics.median(rest)/usual, 1.5, at_most=True)


if __name__ == '__main__': main()
