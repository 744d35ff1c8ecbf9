"What makes the code pleasant to read: true types, lines that fit, short cells, names with one meaning each."
import re

import checks
import pytest
from conftest import ROOT

TYPE_ERRORS = 451       # at most
OVERLONG = 40           # lines that say `noqa: E501`, at most
MEDIAN_CELL = 18        # lines of an exported cell
LARGE_CELLS = 205       # exported cells of more than 25 lines
TWICE = 39              # names that two modules define, each for itself


@pytest.fixture(scope='module')
def errors(): return checks.type_errors(ROOT)


def test_types_hold(errors):
    print(f'{len(errors)} errors of basedpyright')
    assert len(errors) <= TYPE_ERRORS, '\n'.join(['', *(f'{e["file"].name}:{e["line"]}: {e["message"]} ({e["rule"]})'
                                                        for e in errors)])


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


def test_name_has_one_meaning(root):
    twice = checks.defined_twice(root)
    print(f'{len(twice)} names are defined by two modules')
    assert len(twice) <= TWICE, '\n'.join(['', *(f'{name}: {", ".join(modules)}' for name, modules in twice.items())])


def test_second_meaning_is_noticed(tmp_path):
    (tmp_path/'airl').mkdir()
    (tmp_path/'airl/one.py').write_text('from json import loads\nLEAST, most = 1, 2\ndef ask(): pass\n_own = 3\n')
    (tmp_path/'airl/two.py').write_text('from json import loads\nLEAST: int = 2\nclass ask: pass\n_own = 4\n')
    assert checks.defined_twice(tmp_path) == dict(LEAST=['one', 'two'], ask=['one', 'two'])
