"""Whatever somebody hands in ends in an answer or in one sentence, through the functions and through the command line.
The long form: python tests/bad_inputs.py --seeds 10"""
from collections import Counter

import bad_inputs
import pytest
from airl.files import UserError

LEAST = 500


@pytest.mark.parametrize('kind', bad_inputs.KINDS)
def test_bad_inputs_end_in_a_sentence(kind):
    faults, ends = [], Counter()
    for case in bad_inputs.cases(0, kind):
        end, wrong = bad_inputs.fault_of(case)
        ends[end] += 1
        if wrong: faults.append(f'{case}: {wrong}')
    assert not faults, '\n'.join(['', *faults])
    assert ends['refused'] > ends.total()/4, ends


def test_there_are_enough(): assert sum(1 for _ in bad_inputs.cases()) >= LEAST


class Chatty(UserError):
    def __str__(self): return 'One.\nTwo.'


def fails(kind):   # a door that does what a door must not
    def door(path):
        if kind == 'traceback': return {}['a']
        if kind == 'two lines': raise Chatty
        if kind == 'nothing said': raise UserError('')
        if kind == 'an address': raise UserError(f'{object()} is no photo.')
        path.with_name('half.png').write_bytes(b'')
        raise UserError('Half of it is written.')
    return door


@pytest.mark.parametrize('kind', ['traceback', 'two lines', 'nothing said', 'an address', 'left'])
def test_a_bad_door_is_noticed(kind):
    case = bad_inputs.Case('photo', kind, bad_inputs.file('x.png', b'no'), fails(kind))
    assert bad_inputs.fault_of(case)[0] == 'fault'


def test_a_slow_door_is_noticed(monkeypatch):
    monkeypatch.setattr(bad_inputs, 'SLOW', -1.)
    assert 'took' in bad_inputs.fault_of(bad_inputs.Case('photo', 'slow', bad_inputs.value(0), lambda _: None))[1]


def invoked(*words):
    from airl.cli import app
    from typer.testing import CliRunner
    return CliRunner().invoke(app, [*map(str, words), '-q'])


def words_of(case, given, out):
    "How the command line is asked the same; None where it has no such question."
    if case.kind == 'photo': return ['segment', given, 'a cat', '--models', 'lite', '-o', out]
    if case.kind == 'video': return ['video', given, 'a cat', '--models', 'lite', '-o', out]
    if case.kind == 'labels':
        return ['bench', '--data',
                f'{case.name.partition("-")[0].replace("table", "folder").replace("mask", "folder")}:{given}',
                '-o', out, '--models', 'lite']
    if case.kind == 'archive': return ['batch', given, 'a cat', '--models', 'lite', '-o', out]
    if case.kind == 'checkpoint': return ['predict', 'nowhere.png', '--model', given]
    if case.kind == 'recipe' and case.name.startswith('set-'):
        return ['train', '--preset', 'smoke', '--data', 'digits', '--set', given, '--run', out]
    return None


@pytest.fixture(scope='module')
def quick_engines():
    import folders_engines
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('IN_TEST', '1')
        folders_engines.put(patch, lambda: None)
        yield
    folders_engines.forget_engines()


def test_the_command_line_says_the_same(tmp_path, quick_engines):
    "Of every kind each thirtieth case: exit code 0, 1 or 2, no traceback, and where it is 2, one line."
    faults, codes = [], Counter()
    for k, case in enumerate(bad_inputs.cases()):
        folder = tmp_path/str(k)
        if k % 30 or case.kind == 'recipe' and not case.name.startswith('set-'): continue
        folder.mkdir()
        given = case.write(folder)
        if (not (words := words_of(case, given, folder/'out')) or not isinstance(given, (str, type(folder)))
            or '\0' in str(given) or '\udcff' in str(given)):
            continue
        done = invoked(*words)
        codes[done.exit_code] += 1
        if done.exception and not isinstance(done.exception, SystemExit):
            faults.append(f'{case}: {type(done.exception).__name__}: {done.exception}')
        elif done.exit_code not in (0, 1, 2): faults.append(f'{case}: exit code {done.exit_code}')
        elif done.exit_code == 2 and len(done.stderr.strip().splitlines()) != 1:
            faults.append(f'{case}: {done.stderr!r}')
        if done.exit_code == 2 and (folder/'out').exists(): faults.append(f'{case}: leaves a folder')
    assert not faults, '\n'.join(['', *faults])
    assert codes[2] >= 8, codes


PLAIN = b'a cat'


def bodies():
    "Bodies of requests to the API: name, headers, bytes."
    edge = 'x'
    def part(name, data, more=''):
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        return head.encode() + data + b'\r\n'
    photo, end, form = (part('photo', bad_inputs.picture_files()['png'], '; filename="a.png"'),
                        f'--{edge}--\r\n'.encode(), {'Content-Type': f'multipart/form-data; boundary={edge}'})
    whole = photo + part('text', PLAIN) + part('preset', b'lite') + end
    rng = __import__('random').Random(0)
    for how, bad in bad_inputs.spoiled(whole, rng, 32): yield how, form, bad
    for name, data in {'photo': part('photo', b'no', '; filename="../../a"'), 'no-photo': part('text', PLAIN),
                       'no-text': photo, 'photo-as-text': part('photo', b'no') + part('text', PLAIN),
                       'text-as-file': photo + part('text', PLAIN, '; filename="t"'),
                       'two-photos': photo + photo + part('text', PLAIN),
                       'empty-photo': part('photo', b'', '; filename="a"') + part('text', PLAIN),
                       'nul': photo + part('text', b'\0'), 'latin': photo + part('text', b'\xff\xfe'),
                       'long': photo + part('text', b'a cat. '*50_000),
                       'texts': photo + part('text', PLAIN)*900, 'fields': photo + part('text', PLAIN)*2000,
                       'every': photo + part('text', PLAIN) + part('every', b'perhaps'),
                       'preset': photo + part('text', PLAIN) + part('preset', b'../../x'),
                       'preset-nul': photo + part('text', PLAIN) + part('preset', b'\0'),
                       'unknown': photo + part('text', PLAIN) + part('nothing', b'1'),
                       'name': part('photo"; x="', b'1') + part('text', PLAIN)}.items():
        yield name, form, data + end
    for name, headers, data in [('no-type', {}, whole), ('no-edge', {'Content-Type': 'multipart/form-data'}, whole),
                                ('other-edge', {'Content-Type': 'multipart/form-data; boundary=y'}, whole),
                                ('json', {'Content-Type': 'application/json'}, b'{"photo": 1}'),
                                ('urlencoded', {'Content-Type': 'application/x-www-form-urlencoded'},
                                 b'photo=1&text=a'), ('empty', form, b''),
                                ('xml', {'Content-Type': 'text/xml'}, b'<a/>'),
                                ('charset', {'Content-Type': f'multipart/form-data; boundary={edge}; charset=nothing'},
                                 whole),
                                ('length', form | {'Content-Length': '-1'}, whole),
                                ('encoding', form | {'Content-Encoding': 'gzip'}, whole)]:
        yield name, headers, data


def test_a_long_text_is_refused_at_once():
    "The time to take a text apart grows with the square of its length."
    from airl.prompts import parse_prompt
    case = bad_inputs.Case('prompt', 'long', bad_inputs.value('a cat. '*50_000), parse_prompt)
    assert bad_inputs.fault_of(case) == ('refused', '')


def test_bodies_of_requests(quick_engines, monkeypatch):
    "No body makes the API fail (5xx), and what is wrong is told as JSON with `detail`."
    pytest.importorskip('fastapi', reason='the extra `app` is not installed')
    from airl.api import create_api
    from starlette.testclient import TestClient
    client, seen = TestClient(create_api('lite'), 'http://127.0.0.1', raise_server_exceptions=False), Counter()
    for name, headers, data in bodies():
        for path in ('/api/segment',
                     '/api/classify')[:1 + (name in ('photo', 'empty', 'json', 'no-edge', 'empty-photo'))]:
            answer = client.post(path, content=data, headers=headers)
            seen[answer.status_code] += 1
            assert answer.status_code < 500, (name, path, answer.text[:300])
            assert answer.status_code == 200 or answer.json()['detail'], (name, path, answer.text[:300])
    assert seen[422] >= 10 and seen[200] >= 2, seen
