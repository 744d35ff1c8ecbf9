"""Do page and API stay fair, whole and of one size while 32 clients ask?

    python benchmarks/load.py [--seconds 600] [--clients 32] [--doors api page]

`airl app` in a process of its own; each client asks for one of eight photos, again and again, one in ten goes away
before its answer. Figures: errors (a 503 that says "ask again later"
is none), the 95th percentile of an answer over the median of one client alone, the memory after the first minute and
at the end, and how evenly clients were served (least over most).
The bounds: no error, 40 ×, 1.1 ×, 0.5.
"""
import argparse
import random
import signal
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import psutil
from _figures import figure
from doors import photos, post, served

QUICK = '--seconds 40 --doors api'


def memory(process) -> float:   # MB
    whole = psutil.Process(process.pid)
    return sum(p.memory_info().rss for p in [whole, *whole.children(recursive=True)])/1e6


def go_away(address, path):
    "A client that asks and does not wait."
    import socket
    host, port = address.removeprefix('http://').split(':')
    data = Path(path).read_bytes()
    body = (b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
            + data + b'\r\n--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na cat\r\n--x--\r\n')
    with socket.create_connection((host, int(port))) as s:
        s.sendall(f'POST /api/segment HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: multipart/form-data; '
                  f'boundary=x\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body)
        time.sleep(.05)


def asker(door, address):
    "How a client of a door asks."
    if door == 'api': return lambda path: post(address, path)['present']
    from gradio_client import Client, handle_file
    client = Client(address, verbose=False)
    return lambda path: 'Models: lite' in client.predict(handle_file(path), 'a cat',
                                                         False, 'lite', .5, 0, 'fixed', api_name='/look')[0]


def client(door, address, paths, stop, took, ends, k):
    rng, ask = random.Random(k), asker(door, address)
    while not stop.is_set():
        path = rng.choice(paths)
        if door == 'api' and rng.random() < .1:
            go_away(address, path)
            ends['went away'] += 1
            continue
        start = time.monotonic()
        try: ends['answered' if ask(path) else 'wrong'] += 1
        except urllib.error.HTTPError as error:
            ends['told to come back' if error.code == 503 and error.headers['Retry-After']
                 else f'status {error.code}'] += 1
            time.sleep(.2)
            continue
        except Exception as error:   # noqa: BLE001, whatever it is, it is counted
            ends[f'{type(error).__name__}: {str(error)[:80]}'] += 1
            continue
        took[k].append(time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=600.)
    parser.add_argument('--clients', type=int, default=32)
    parser.add_argument('--doors', nargs='+', default=['api', 'page'])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        paths = photos(Path(home), 8)
        for door in args.doors:
            process, address = served(home)
            try:
                alone = []
                ask = asker(door, address)
                for path in (*paths, *paths):
                    start = time.monotonic()
                    ask(path)
                    alone.append(time.monotonic() - start)
                one = sorted(alone[len(paths)//2:])[len(alone)//2 - len(paths)//4]
                stop, took, ends = threading.Event(), [[] for _ in range(args.clients)], Counter()
                threads = [threading.Thread(target=client, args=(door, address, paths, stop, took, ends, k))
                           for k in range(args.clients)]
                for thread in threads: thread.start()
                time.sleep(min(60, args.seconds/10))
                early = memory(process)
                time.sleep(args.seconds - min(60, args.seconds/10))
                late = memory(process)
                stop.set()
                for thread in threads: thread.join()
                assert post(address, paths[0])['present'], 'the server does not answer afterwards'
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)
            every = sorted(t for each in took for t in each)
            print(door, dict(ends))
            errors = sum(n for what, n in ends.items() if what not in ('answered', 'went away', 'told to come back'))
            figure(f'load.{door}_errors', errors, 0, at_most=True, answered=ends['answered'],
                   told_to_come_back=ends['told to come back'], went_away=ends['went away'],
                   clients=args.clients, seconds=args.seconds)
            figure(f'load.{door}_p95_ratio_to_one_client', every[int(.95*len(every))]/one,
                   40, at_most=True, one_client=one)
            figure(f'load.{door}_memory_ratio', late/early, 1.1, at_most=True, mb=round(late))
            figure(f'load.{door}_least_over_most_served', min(map(len, took))/max(map(len, took)), .5)


if __name__ == '__main__': main()
