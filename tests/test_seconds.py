"What tests cost is told, and what costs most starts first."
import json
import subprocess
import sys

import seconds

TESTS = '''
import subprocess, sys, time
BUSY = 'import time\\nwhile time.process_time() < 1.5: pass'
def test_idle(): time.sleep(.5)
def test_busy(): subprocess.run([sys.executable, '-c', BUSY])
'''


def test_files_stay_together_and_notebooks_do_not():
    names = ['tests/test_a.py::one', 'tests/test_notebooks.py::n[x]', 'tests/test_notebooks.py::n[y]',
             'tests/test_b.py::one', 'tests/test_b.py::two']
    assert [names[i][-3:] for i in seconds.order(names, {})] == ['one', 'one', 'two', '[x]', '[y]']
    known = {names[2]: 50., names[3]: 1., names[4]: 30., names[1]: 2.}
    assert [names[i] for i in seconds.order(names, known)] == [names[2], names[3], names[4], names[1], names[0]]


def test_children_count_and_waiting_does_not(tmp_path, root):
    (tmp_path/'test_two.py').write_text(TESTS)
    (tmp_path/'conftest.py').write_text('from seconds import *')
    command = [sys.executable, '-m', 'pytest', '-c', '/dev/null', '--rootdir', str(tmp_path),
               '-o', f'pythonpath={root/"tools"}', str(tmp_path)]
    told = [subprocess.run([*command, '-n', n], cwd=tmp_path, text=True, capture_output=True).stdout
            for n in ('0', '2')]
    for text in told:
        name, tests, cpu, wall = next(line.split() for line in text.splitlines() if line.startswith('two '))
        assert tests == '2' and 1.4 < float(cpu) < 3 and float(wall) > 1.9, text
        assert [line.split('::')[1] for line in text.splitlines() if '::test' in line
                and line[0] == ' '] == ['test_busy', 'test_idle'], text
    known = json.loads((tmp_path/'.pytest_cache/v/airl/seconds').read_text())
    assert known['test_two.py::test_busy'] > 1 > known['test_two.py::test_idle']
