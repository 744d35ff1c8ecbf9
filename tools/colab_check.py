"""Would installing airl in Colab change a package that Colab brings? python tools/colab_check.py

.ci/colab.txt is what Colab brings. `uv pip compile` resolves airl against it: where no choice leaves all of it as it
is, uv says which
package would have to change. Torch's own CUDA libraries are Colab's, from another index, so their versions are taken
as they are.
"""
import re
import subprocess
import sys
from pathlib import Path

from colab import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILE = '.ci/colab.txt'
ASKED = {'airl': [''], 'airl[models,app,video]': ['', 'models_', 'app_', 'video_']}
PYTHON = re.compile(r'runtime of (\d{4}-\d\d-\d\d), Python (3\.\d+)')


def brought(root: Path) -> dict[str, str]:
    "What Colab brings: package → version."
    pins = [line for line in (root/FILE).read_text().splitlines() if line and not line.startswith('#')]
    return {canonicalize_name(name): version for name, version in (pin.split('==') for pin in pins)}


def named(root: Path, extras: list[str]) -> list[Requirement]:
    return [Requirement(line) for extra in extras for line in settings(root)[f'{extra}requirements'].split()]


def out_of_bounds(root: Path) -> list[str]:
    "Requirements of settings.ini that what Colab brings does not meet; known without a network."
    there = brought(root)
    asked = {str(r): r for extras in ASKED.values() for r in named(root, extras)}
    return [f'{r}: Colab brings {there[name]}' for r in asked.values() if (name := canonicalize_name(r.name)) in there
            and not r.specifier.contains(there[name])]


def resolve(root: Path, extras: list[str]) -> tuple[dict[str, str], list[str]]:
    "What would be installed, by name; and why nothing can be."
    date, python = PYTHON.search((root/FILE).read_text()).groups()
    cuda = [f'{name}=={version}' for name, version in brought(root).items() if name.startswith('nvidia-')]
    (root/'.ci/colab-cuda.txt').write_text('\n'.join(cuda))
    done = subprocess.run([sys.executable, '-m', 'uv', 'pip', 'compile', '--quiet',
                           '--constraint', FILE, '--override', '.ci/colab-cuda.txt',
                           '--python-version', python, '--python-platform', 'x86_64-manylinux_2_35',
                           '--no-header', '--no-annotate', '-'],
                          input='\n'.join(map(str, named(root, extras))), cwd=root, text=True, capture_output=True)
    (root/'.ci/colab-cuda.txt').unlink()
    if done.returncode: return {}, done.stderr.splitlines()
    return {canonicalize_name(name): version
            for name, version in (line.split(' ;')[0].split('==') for line in done.stdout.splitlines()
                                  if '==' in line)}, []


def changes(root: Path, extras: list[str]) -> tuple[list[str], list[str]]:
    """Packages that would come anew; what is wrong: a package that would change, or an OpenCV beside those that Colab
    brings."""
    there, (found, why) = brought(root), resolve(root, extras)
    wrong = [f'{name} {there[name]} would become {version}' for name, version in found.items()
             if there.get(name, version) != version]
    second = [f'{name} would come beside the OpenCV that is there' for name in found
              if name.startswith('opencv-') and name not in there]
    # Colab's build of torch brings its own
    of_torch = {name for name in found if name.startswith(('nvidia-', 'cuda-', 'triton'))}
    return sorted(found.keys() - there.keys() - of_torch), [*why, *wrong, *second]


if __name__ == '__main__':
    failed = False
    for what, extras in ASKED.items():
        new, wrong = changes(ROOT, extras)
        failed |= bool(wrong)
        print(f'{what}: ' + ('\n'.join(wrong) if wrong
                             else f'nothing of Colab changes; new there: {", ".join(new) or "nothing"}'))
    sys.exit(failed)
