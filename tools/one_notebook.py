"""One notebook's tests in this process, as `make test` runs them: python tools/one_notebook.py nbs/05_photos.ipynb
[slow gpu network]

Prints, one cell a line, what each cost in processor seconds, children included, and how it begins.
"""
import os
import sys
from pathlib import Path

import nbdev.test
from execnb.shell import CaptureShell

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ['slow', 'gpu', 'network']


def begins(source: str) -> str:
    "The first line of a cell that does something, shortened."
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith(('#', 'import ', 'from '))]
    return (lines or source.splitlines() or [''])[0][:90]


class Timed(CaptureShell):
    "A shell that tells what each cell cost; figures as they are kept, not of twice the size."
    def __init__(self, path): super().__init__(path, mpl_format='png')

    def cell(self, cell, **more):
        before = sum(os.times()[:4])
        super().cell(cell, **more)
        print(f'{sum(os.times()[:4]) - before:.2f}\t{cell.idx_}\t{begins(cell.source)}',
              file=sys.__stdout__, flush=True)


if __name__ == '__main__':
    nbdev.test.CaptureShell = Timed
    passed, _ = nbdev.test.test_nb(Path(sys.argv[1]).resolve(), skip_flags=FLAGS,
                                   force_flags=sys.argv[2:], basepath=ROOT)
    sys.exit(not passed)
