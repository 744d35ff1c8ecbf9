"What makes the code pleasant to read: true types, lines that fit, short cells, names with one meaning each."
import json
import re

import checks
import pytest
import rooms
from conftest import ROOT

TYPE_ERRORS = 19       # at most
OVERLONG = 40           # lines that say `noqa: E501`, at most
MEDIAN_CELL = 10        # lines of an exported cell
LARGE_CELLS = 87        # exported cells of more than 25 lines: one class or function each
TWICE = 26              # names that two modules define, each for itself


def told(errors):
    return '\n'.join(['', *(f'{e["file"].name}:{e["line"]}: {e["message"]} ({e["rule"]})' for e in errors)])


@pytest.fixture(scope='module')
def errors(): return checks.type_errors(ROOT)


def test_types_hold(errors):
    print(f'{len(errors)} errors of basedpyright')
    assert len(errors) <= TYPE_ERRORS, told(errors)
    public = [e for e in errors if e['line'] in checks.signature_lines(e['file'].read_text(encoding='utf-8'))]
    assert not public, told(public)


def test_wrong_type_is_noticed(tmp_path):
    wrong = tmp_path/'wrong.py'
    wrong.write_text('def half(n: int) -> str:\n    return n//2\n')
    assert [(e['line'], e['rule']) for e in checks.type_errors(tmp_path, wrong)] == [(2, 'reportReturnType')]


def test_few_lines_are_overlong(root):
    sources = [*(root/'nbs').rglob('*.ipynb'),
               *(path for folder in ('tests', 'tools', 'benchmarks') for path in (root/folder).glob('*.py'))]
    marked = sum(len(re.findall('# noqa: [A-Z0-9, ]*' + 'E501', path.read_text(encoding='utf-8'))) for path in sources)
    print(f'{marked} lines are longer than 120 characters')
    assert marked <= OVERLONG


def test_exported_cells_are_short(root):
    cells = checks.exported_cells(root)
    large = {name: n for name, n in cells.items() if n > 25}
    print(f'{len(cells)} exported cells, half of them of at most {checks.median_cell(root):.0f} lines, {len(large)} of '
          'more than 25')
    assert checks.median_cell(root) <= MEDIAN_CELL
    assert len(large) <= LARGE_CELLS, large
    assert not (several := checks.large_and_several(root)), several


def test_name_has_one_meaning(root):
    "A public name is defined by one module; what begins with an underscore is its module's own affair."
    twice = {name: where for name, where in rooms.defined_twice(root).items() if not name.startswith('_')}
    print(f'{len(twice)} names are defined by two modules')
    assert len(twice) <= TWICE, '\n'.join(['', *(f'{name}: {", ".join(where)}' for name, where in twice.items())])


def test_second_meaning_is_noticed(tmp_path):
    (tmp_path/'airl').mkdir()
    (tmp_path/'airl/one.py').write_text('from json import loads\nLEAST, most = 1, 2\ndef ask(): pass\n')
    (tmp_path/'airl/two.py').write_text('from json import loads\nLEAST: int = 2\nclass ask: pass\n')
    assert rooms.defined_twice(tmp_path) == dict(ask=['one', 'two'])


def asleep(source):
    "Comments of a cell that hold an assertion, which therefore checks nothing."
    sleeping = re.compile(r'(^|\s)#[^\'"]*[;:#] *(assert |test_(eq|close|fail)\()')
    return [line for line in source.splitlines() if sleeping.search(line)]


def test_no_assertion_sleeps_in_a_comment(root):
    cells = [(path.name, ''.join(cell['source'])) for path in (root/'nbs').rglob('*.ipynb')
             for cell in json.loads(path.read_text(encoding='utf-8'))['cells'] if cell['cell_type'] == 'code']
    found = [f'{name}: {line.strip()}' for name, source in cells for line in asleep(source)]
    assert not found, '\n'.join(found)


def test_sleeping_assertion_is_noticed():
    assert asleep("x = 1   # best first; assert x > 0") and asleep('# twice; test_eq(x, 2)')
    assert not asleep("assert x > 0   # never less") and not asleep('test_eq(x, 1); assert y   # both')
