"Lock files from settings.ini, for every platform and Python from 3.11: python tools/lock.py [--upgrade]"
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def compile_lock(requirements: list[str], lock: str, *options: str):
    "Resolve `requirements` into file `lock`; pins that are there already stay unless `--upgrade` is among the options."
    subprocess.run([sys.executable, '-m', 'uv', 'pip', 'compile', '--quiet', '--universal',
                    '--python-version', '3.11', '--no-emit-index-url',
                    '--no-header', '--no-annotate', '-o', lock, *options, '-'],
                   input='\n'.join(requirements), text=True, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


if __name__ == '__main__':
    parser = ConfigParser(delimiters=['='])
    parser.read(ROOT/'settings.ini', encoding='utf-8')
    settings = parser['DEFAULT']
    # airl is installed without build isolation, so the lock carries what builds it
    base = [*settings['requirements'].split(), 'setuptools', 'wheel']
    extras = [r for name in [*settings['all'].split(), 'dev'] for r in settings[f'{name}_requirements'].split()]
    compile_lock(base + extras, 'requirements-dev.lock', *sys.argv[1:])
    compile_lock(base, 'requirements.lock', '--constraint', 'requirements-dev.lock', *sys.argv[1:])
