"`make` and Pythons: an environment for each, and never another one in its place. Nothing is fetched here."
import os
import platform
import subprocess
import sys
import sysconfig

import pytest

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='the environments are pretended by shell scripts')
MINE = '.'.join(platform.python_version_tuple()[:2])


def pretend(folder, version: str):
    "An environment whose Python says that it is `version`, with everything installed."
    (folder/'bin').mkdir(parents=True)
    (folder/'bin/python').write_text(f'#!/bin/sh\necho {version}\n')
    (folder/'bin/python').chmod(0o755)
    for stamp in ('.base', '.dev'): (folder/stamp).touch()


def make(root, *arguments): return subprocess.run(['make', *arguments], cwd=root, text=True, capture_output=True)


def test_an_environment_of_another_python_is_refused(copy):
    pretend(copy/'.venv', '3.10.4')
    done = make(copy, 'demo', f'PYTHON={sys.executable}')
    assert done.returncode and '.venv is an environment of Python 3.10.4' in done.stderr, done.stdout + done.stderr
    assert f'`make … PYTHON={MINE}` uses .venv-{MINE}' in done.stderr


def test_an_environment_of_the_same_python_is_used(copy):
    pretend(copy/'.venv', platform.python_version())
    for python in ([f'PYTHON={sys.executable}'], []): assert not make(copy, 'demo', *python).returncode


def test_a_version_has_an_environment_of_its_own(copy):
    told = make(copy, '--dry-run', 'test', 'PYTHON=3.13').stdout
    assert 'python3.13 tools/set_up.py dev .venv-3.13' in told and '.venv-3.13/bin/python -m pytest' in told, told
    assert 'tools/set_up.py dev .venv\n' in make(copy, '--dry-run', 'test').stdout


def test_the_first_line_says_which_python(root):
    told = subprocess.run([sys.executable, '-m', 'pytest', '--collect-only', '-p', 'no:cacheprovider', __file__],
                          cwd=root, text=True, capture_output=True).stdout
    assert f'Python {sys.version.splitlines()[0]}' in told


def test_airl_is_imported_from_the_folder_above(copy, tmp_path):
    "A clone is called airl as the package is: seen from above, it must not be taken for the package."
    clone, venv = copy.rename(tmp_path/'airl'), tmp_path/'venv'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', venv], check=True)
    python, = venv.glob('bin/python')
    site, = venv.glob('lib/python*/site-packages')
    uv = [sys.executable, '-m', 'uv', 'pip', 'install', '--quiet', '--offline', '--no-deps',
          '--no-build-isolation', '--python', python]
    (site/'builder.pth').write_text(sysconfig.get_path('purelib'))   # setuptools, of the environment that runs this
    subprocess.run([*uv, '-e', '.'], cwd=clone, check=True)
    told = subprocess.run([python, '-c', 'import airl; print(airl.__file__, airl.__version__)'],
                          cwd=tmp_path, text=True, capture_output=True,
                          env={name: value for name, value in os.environ.items() if name != 'PYTHONPATH'})
    assert told.stdout.startswith(f'{clone/"airl"/"__init__.py"} '), told.stdout + told.stderr
