"""Notebooks at the lowest versions that settings.ini allows: python tools/lowest.py [NB …], without names 00 to 04 and their workings.

An environment of its own, .venv-lowest, with the oldest Python and of every direct dependency the oldest release that is allowed.
"""
import os
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT/'.venv-lowest'
PYTHON = VENV/('Scripts/python.exe' if os.name == 'nt' else 'bin/python')
TOOLS = ['nbdev', 'execnb', 'fastcore', 'ghapi', 'ipykernel', 'torchmetrics']   # what a notebook's tests need; their versions as in the lock
RUN = '''
import sys
from pathlib import Path
from nbdev.test import test_nb
passed, seconds = test_nb(Path(sys.argv[1]), skip_flags=['slow', 'gpu', 'network'], basepath=sys.argv[2])
sys.exit(not passed)
'''


def settings():
    parser = ConfigParser(delimiters=['='])
    parser.read(ROOT/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']


def uv(*command, **how): return subprocess.run([sys.executable, '-m', 'uv', *map(str, command)], cwd=ROOT, check=True, text=True, **how)


def lowest_versions() -> str:
    "A requirements file with the lowest release of each direct dependency."
    s = settings()
    compiled = uv('pip', 'compile', '--quiet', '--resolution', 'lowest-direct', '--python-version', s['min_python'], '--no-header', '--no-annotate', '-',
                  input=s['requirements'], capture_output=True)
    return compiled.stdout


def install():
    "The environment, with airl in it, editable."
    pins = lowest_versions()
    locked = [line for line in (ROOT/'requirements-dev.lock').read_text().splitlines() if line.partition('==')[0] in TOOLS]
    if not PYTHON.exists(): uv('venv', '--python', settings()['min_python'], VENV)
    (VENV/'lowest.txt').write_text(pins)
    uv('pip', 'install', '--quiet', '--python', PYTHON, '-r', VENV/'lowest.txt', *locked, 'setuptools', 'wheel')
    uv('pip', 'install', '--quiet', '--python', PYTHON, '--no-deps', '--no-build-isolation', '-e', '.')


def test(names) -> list[str]:
    "Run notebooks; those that fail."
    failed = []
    for path in sorted((ROOT/'nbs').glob('0[0-4]*.ipynb')):
        if names and not any(path.name.startswith(name) for name in names): continue
        done = subprocess.run([str(PYTHON), '-c', RUN, str(path), str(ROOT)], cwd=ROOT/'nbs', text=True, capture_output=True,
                              env=os.environ | dict(HF_HUB_OFFLINE='1', MPLBACKEND='agg', OMP_WAIT_POLICY='PASSIVE'))
        print(f'{path.name}: {"passed" if not done.returncode else "failed"}', flush=True)
        if done.returncode: failed.append(path.name); print(done.stdout[-2000:] + done.stderr[-3000:], flush=True)
    return failed


if __name__ == '__main__':
    install()
    sys.exit(bool(test(sys.argv[1:])))
