"The runner of the benchmarks keeps what they say, and tells what became slower."
import json

import bench
import pytest

LINE = ('import json\nQUICK = "--n 1"\nprint("a table")\nprint(json.dumps(dict(name="x.seconds", value=2.5, target=2, '
        'ok=False, better="low", low=2, high=3)))\n')


@pytest.fixture
def made(tmp_path, monkeypatch):
    "A tree with two benchmarks, one of which has a short form."
    (tmp_path/'benchmarks').mkdir()
    (tmp_path/'benchmarks/x.py').write_text(f'"Is it quick?"\n{LINE}')
    (tmp_path/'benchmarks/long.py').write_text('"How long?"\nprint("nothing")')
    monkeypatch.setattr(bench, 'ROOT', tmp_path)
    monkeypatch.setattr(bench, 'HISTORY', tmp_path/'benchmarks/history.jsonl')
    monkeypatch.setattr(bench, 'versions', dict)
    return tmp_path


def test_every_benchmark_asks_a_question(root):
    assert [path.name for path in bench.questions() if '?' not in bench.question_of(path)] == []


def test_figures_are_kept_with_machine_and_commit(made, capsys):
    missed = bench.all_of(bench.questions(['x']), quick=True)
    (row,) = bench.history()
    assert row['value'] == 2.5 and row['machine']['cores'] and row['file'] == 'x' and row['quick']
    assert missed[0]['name'] == 'x.seconds'
    assert '| `x.seconds` | 2.5 | 2 to 3 | ≤ 2 | **no** |' in capsys.readouterr().out


def test_a_file_without_figures_or_short_form_is_told(made, capsys):
    assert bench.all_of(bench.questions(['long']), quick=False) == ['long prints no figure']
    assert bench.all_of(bench.questions(), quick=True) and 'No short form: long' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='no benchmark y'): bench.questions(['y'])


@pytest.mark.parametrize('value, better, told', [(1.3, 'low', True), (1.1, 'low', False),
                                                 (.5, 'low', False), (.8, 'high', True),
                                                 (.9, 'high', False), (9., 'high', False), (9., None, False)])
def test_a_slowdown_is_told(value, better, told):
    here, figure = dict(cores=2), dict(name='x', value=value, better=better)
    before = ([dict(name='x', value=v, machine=here) for v in (1., 1., 1.1)]
              + [dict(name='x', value=99., machine=dict(cores=64))])
    assert bool(bench.slower(figure, before, here)) == told


def test_history_is_whole(root):
    for line in (root/'benchmarks/history.jsonl').read_text(encoding='utf-8').splitlines():
        row = json.loads(line)
        assert {'name', 'value', 'file', 'commit', 'machine', 'versions', 'at', 'busy'} <= row.keys()


def test_a_file_that_hangs_is_stopped(made):
    (made/'benchmarks/hangs.py').write_text('"Does it hang?"\nimport time\ntime.sleep(60)')
    assert bench.run(made/'benchmarks/hangs.py', [], made, limit=1.)[1] == 'stopped after 1 s'
