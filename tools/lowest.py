"""Notebooks at the lowest versions that settings.ini allows: python tools/lowest.py [NB …], without names those of
`KINDS`.

Two environments of their own, with the oldest Python and of every direct dependency the oldest release that is
allowed: .venv-lowest has
the base alone, .venv-lowest-extras the extras that a user asks for most too, which leave no room for the base's very
lowest.
"""
import os
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = {'.venv-lowest': ([''], ['00', '01', '02', '03', '04', '20a']),
         # environment → its requirements, its notebooks
         '.venv-lowest-extras': (['', 'models_', 'app_', 'video_'], ['10', '13b', '14', '21'])}
# what a notebook's tests need; their versions as in the lock
TOOLS = ['nbdev', 'execnb', 'fastcore', 'ghapi', 'ipykernel', 'torchmetrics']
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


def uv(*command, **how):
    return subprocess.run([sys.executable, '-m', 'uv', *map(str, command)], cwd=ROOT, check=True, text=True, **how)


def python_of(venv: Path) -> Path: return venv/('Scripts/python.exe' if os.name == 'nt' else 'bin/python')


def lowest_versions(extras: list[str]) -> str:
    "A requirements file with the lowest release of each direct dependency."
    s = settings()
    named = ''.join(s[f'{extra}requirements'] for extra in extras)
    compiled = uv('pip', 'compile', '--quiet', '--resolution', 'lowest-direct', '--python-version',
                  s['min_python'], '--no-header', '--no-annotate', '-',
                  input=named, capture_output=True)
    return compiled.stdout


def install(venv: Path, extras: list[str]):
    "An environment, with airl in it, editable."
    python, pins = python_of(venv), lowest_versions(extras)
    locked = [line for line in (ROOT/'requirements-dev.lock').read_text().splitlines()
              if line.partition('==')[0] in TOOLS]
    if not python.exists(): uv('venv', '--python', settings()['min_python'], venv)
    (venv/'lowest.txt').write_text(pins)
    uv('pip', 'install', '--quiet', '--python', python, '-r', venv/'lowest.txt', *locked, 'setuptools', 'wheel')
    uv('pip', 'install', '--quiet', '--python', python, '--no-deps', '--no-build-isolation', '-e', '.')


def test(venv: Path, notebooks: list[Path]) -> list[str]:
    "Run notebooks; those that fail."
    failed = []
    for path in notebooks:
        done = subprocess.run([str(python_of(venv)), '-c', RUN, str(path), str(ROOT)],
                              cwd=ROOT/'nbs', text=True, capture_output=True,
                              env=os.environ | dict(HF_HUB_OFFLINE='1', MPLBACKEND='agg', OMP_WAIT_POLICY='PASSIVE'))
        print(f'{path.name}: {"passed" if not done.returncode else "failed"}', flush=True)
        if done.returncode:
            failed.append(path.name)
            print(done.stdout[-2000:] + done.stderr[-3000:], flush=True)
    return failed


def chosen(kinds: list[str], names: list[str]) -> list[Path]:
    "The notebooks of an environment, of them those that `names` begin."
    found = [path for path in sorted((ROOT/'nbs').glob('[0-9]*.ipynb')) if path.name.startswith(tuple(kinds))]
    return [path for path in found if not names or path.name.startswith(tuple(names))]


if __name__ == '__main__':
    failed = []
    for folder, (extras, kinds) in KINDS.items():
        if not (notebooks := chosen(kinds, sys.argv[1:])): continue
        install(ROOT/folder, extras)
        failed += test(ROOT/folder, notebooks)
    sys.exit(', '.join(failed) and f'Failed at the lowest versions: {", ".join(failed)}')
