"""Whoever imports a public name from where it first stood can go on doing so: `old_paths.txt` has them, one path per
line."""
import json
import sys
from pathlib import Path

import checks

MISSING = '''
import importlib, json, sys
from pathlib import Path

def is_there(path):
    module, _, name = path.rpartition('.')
    try: return hasattr(importlib.import_module(module), name)
    except ModuleNotFoundError: return False

print(json.dumps([path for path in Path(sys.argv[1]).read_text().split() if not is_there(path)]))
'''


def missing(root: Path, listed: Path) -> list[str]:
    "Those of the listed paths, such as `airl.photos.load_photo`, that the tree does not offer."
    done = checks.run(root, sys.executable, '-c', MISSING, listed)
    assert not checks.complaints_of(done), done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_old_paths_are_there(root):
    listed = root/'tests/old_paths.txt'
    assert len(listed.read_text().split()) > 600
    gone = missing(root, listed)
    assert not gone, '\n'.join(['', *gone])


def test_path_that_is_gone_is_noticed(root, tmp_path):
    nowhere = ['airl.photos.no_such_name', 'airl.no_such_module.load_photo']
    (tmp_path/'paths.txt').write_text('\n'.join([*nowhere, 'airl.photos.load_photo']))
    assert missing(root, tmp_path/'paths.txt') == nowhere
