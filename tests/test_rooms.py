"The package is made of small rooms: no long module, no circle, no exception, no method that stands outside its class."
import shutil

import pytest
import rooms
from test_house import none


def test_no_module_is_long(root): none(rooms.too_long(root))


def test_no_module_is_short(root): none(rooms.too_short(root))


def test_no_method_is_attached_from_outside(root): none(rooms.attached(root))


def test_no_circle_of_imports(root): none(rooms.circles(root))


def test_no_exception_in_the_contract(root): none(rooms.exceptions(root))


@pytest.mark.parametrize('line', ['Photo.read = lambda self: 1', 'Photo.read, Photo.write = 1, 2',
                                  'setattr(Photo, "read", 1)',
                                  'for name in "ab": setattr(Photo, name, 1)', '@patch\ndef read(self: Photo): pass',
                                  '@basics.patch\ndef read(self: Photo): pass',
                                  'for c in (Photo,): setattr(c, "read", 1)', 'c = Photo\nc.read = 1',
                                  'type(Photo()).read = 1', 'def f(self): self.__class__.read = 1'])
def test_an_attached_method_is_seen(tmp_path, line):
    (tmp_path/'airl').mkdir()
    (tmp_path/'airl/one.py').write_text(f'class Photo: pass\n{line}\n')
    assert len(rooms.attached(tmp_path)) >= 1
    (tmp_path/'airl/one.py').write_text('class Photo:\n    def read(self): self.size = 1\n')
    assert rooms.attached(tmp_path) == []


def test_a_circle_inside_functions_is_seen(tmp_path):
    (tmp_path/'airl').mkdir()
    (tmp_path/'airl/one.py').write_text('from .two import a\n')
    (tmp_path/'airl/two.py').write_text('def a():\n    from airl.one import b\n')
    assert rooms.circles(tmp_path)
    (tmp_path/'airl/two.py').write_text('from importlib import import_module\ndef a(): import_module("airl.one")\n')
    assert rooms.circles(tmp_path)
    (tmp_path/'airl/two.py').write_text('import numpy\n')
    assert rooms.circles(tmp_path) == []


@pytest.mark.parametrize('line', ['ignore_imports = ["airl.a -> airl.b"]', 'layers = ["(cli) : (app)"]',
                                  'layers = ["cli : app"]',
                                  'exhaustive_ignores = ["scene"]', 'exhaustive = false'])
def test_an_exception_is_seen(tmp_path, line):
    plain = dict(layers='layers = ["cli", "app | api"]', exhaustive='exhaustive = true',
                 exhaustive_ignores='exhaustive_ignores = ["__main__", "_modidx"]')
    def found(lines):
        (tmp_path/'pyproject.toml').write_text('[[tool.importlinter.contracts]]\n' + '\n'.join(lines))
        return rooms.exceptions(tmp_path)
    assert found(plain.values()) == []
    assert len(found((plain | {line.split()[0]: line}).values())) == 1


def test_a_long_and_a_short_module_are_seen(tmp_path, root):
    shutil.copytree(root/'airl', tmp_path/'airl', ignore=shutil.ignore_patterns('shipped', '__pycache__'))
    with open(tmp_path/'airl/photos.py', 'a') as file: file.write('#\n'*rooms.LONGEST)
    (tmp_path/'airl/tiny.py').write_text('import numpy\n')
    assert any('photos' in line for line in rooms.too_long(tmp_path))
    assert any('tiny' in line for line in rooms.too_short(tmp_path))
