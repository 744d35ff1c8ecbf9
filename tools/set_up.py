"""Make an environment and install a lock file into it, then airl itself, editable: python3 tools/set_up.py base|dev
[.venv]

`same` instead of a lock's name only says whether the environment is of the Python that runs this.
"""
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT/(sys.argv[2] if len(sys.argv) > 2 else '.venv')
PYTHON = VENV/('Scripts/python.exe' if os.name == 'nt' else 'bin/python')
LOCKS = {'base': 'requirements.lock', 'dev': 'requirements-dev.lock'}


def run(*command): subprocess.run([str(part) for part in command], cwd=ROOT, check=True)


def other_python() -> str:
    "The version of the environment's Python, where it is another one than this; else nothing."
    if not PYTHON.exists(): return ''
    told = subprocess.run([str(PYTHON), '-c', 'import platform; print(platform.python_version())'],
                          text=True, capture_output=True).stdout.strip()
    return '' if told.split('.')[:2] == [*platform.python_version_tuple()[:2]] else told or 'one that does not start'


def make_environment():
    "An empty virtual environment with uv in it, where there is none yet."
    if not PYTHON.exists(): run(sys.executable, '-m', 'venv', VENV)
    if subprocess.run([str(PYTHON), '-c', 'import uv'], capture_output=True).returncode:
        run(PYTHON, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'uv>=0.5')


def install(kind: str):
    "The packages of lock `kind` (others stay), then airl. A stamp file tells make that it is done."
    uv = [PYTHON, '-m', 'uv', 'pip', 'install', '--quiet', '--python', PYTHON]
    print(f'Installing {LOCKS[kind]} into {VENV.name}; the first time takes some minutes.', flush=True)
    run(*uv, '-r', LOCKS[kind])
    run(*uv, '--no-deps', '--no-build-isolation', '-e', '.')
    for stamp in ['base'] if kind == 'base' else ['base', 'dev']: (VENV/f'.{stamp}').touch()


if __name__ == '__main__':
    if sys.version_info < (3, 11):
        sys.exit(f'airl needs Python 3.11 or newer and {sys.executable} is {platform.python_version()}: '
                 'name another one, as in `make demo PYTHON=python3.12`.')
    if other := other_python():
        mine = '.'.join(platform.python_version_tuple()[:2])
        sys.exit(f'{VENV.name} is an environment of Python {other} and {sys.executable} is '
                 f'{platform.python_version()}: '
                 f'`make … PYTHON={mine}` uses .venv-{mine}; or name another folder, as in `make … VENV=.venv-new`.')
    if sys.argv[1] == 'same': sys.exit()
    try:
        make_environment()
        install(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit(f'Setting up {VENV.name} stopped at: {" ".join(error.cmd)}\nThe lines above say why; `make` again '
                 'goes on from there.')
