"""Does any input that somebody could hand in end in anything but an answer or one sentence?

    python benchmarks/bad_inputs.py [--seeds 10] [--only photo]

Photos, videos, labels, checkpoints, recipes, prompts and archives, spoiled from a seed: `tests/bad_inputs.py` makes
them and says what a fault is.
"""
import runpy
import sys
from pathlib import Path

QUICK = '--seeds 1'

if __name__ == '__main__':
    sys.argv[0] = str(Path(__file__).parents[1]/'tests/bad_inputs.py')
    runpy.run_path(sys.argv[0], run_name='__main__')
