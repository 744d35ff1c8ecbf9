"""Does a Ray batch survive the death of its actors?

    python benchmarks/ray_survival.py [--photos 6]

One actor labels photos with the embedded engines, and is killed with `kill -9` once it has begun: Ray starts another,
and the
rows must be those of the local engine. Then every actor is killed as soon as it begins, as a photo would that is too
large for
the memory: the run must end all the same, with a row for each photo that says so. Ends with a JSON line each; exit
code 1 where one fails.
"""
import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from _figures import figure
from batch_speed import photos, rows, start_ray

from airl.batch import segment_folder


class Killer(threading.Thread):
    "Kills all actors, `wait` seconds after each note that they leave when they begin with some photos."
    def __init__(self, out, times, wait):
        super().__init__(daemon=True)
        self.out, self.times, self.wait, self.kills, self.over = out, times, wait, 0, False

    def notes(self):
        try: return sum(f.stat().st_size for f in self.out.glob('.airl-new-*/parts/.ray-*/*'))
        except OSError: return 0

    def run(self):
        seen = 0
        while not self.over and self.kills < self.times:
            time.sleep(.05)
            if (now := self.notes()) <= seen: continue
            seen = now
            time.sleep(self.wait)
            for process in psutil.process_iter(['cmdline']):
                if 'ray::MapWorker' in ''.join(process.info['cmdline'] or ()): os.kill(process.pid, signal.SIGKILL)
            self.kills += 1


def killed(source, out, times, wait):
    "Summary of a run whose actors die, and how often that was."
    killer = Killer(out, times, wait)
    killer.start()
    summary = segment_folder(source, ['a person'], out, models='lite', threads=1,
                             device='cpu', progress=False, workers=1, engine='ray')
    killer.over = True
    print(f'{killer.kills} kills: {summary.sentence()}', flush=True)
    return killer.kills


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--photos', type=int, default=6)
    args = parser.parse_args()
    print(f'Ray and Ray Data started in {start_ray():.1f} s', flush=True)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        many, two = photos(tmp/'many', args.photos), photos(tmp/'two', 2)
        segment_folder(many, ['a person'], tmp/'local', models='lite', threads=1,
                       device='cpu', progress=False, workers=0)
        once = killed(many, tmp/'once', 1, .5)
        always = killed(two, tmp/'always', 1000, 0.)
        local, a, b = rows(tmp/'local'), rows(tmp/'once'), rows(tmp/'always')
    met = [figure('ray_survival.rows_lost_or_changed', sum(x != y for x, y in zip(local, a)) + abs(len(local) - len(a)),
                  0, at_most=True, rows=len(a), kills=once),
           figure('ray_survival.photos_without_a_reason', 2 - sum('died of it' in (row['error'] or '') for row in b),
                  0, at_most=True, rows=len(b), kills=always)]
    sys.exit(not (all(met) and once and always > 2))


if __name__ == '__main__': main()
