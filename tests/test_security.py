"Nothing from a stranger runs, and nothing is written where nobody asked for it: files, names, requests."
import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import checks
import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

KNOWN = {   # what reads more than numbers, and how it is kept from running any of it
    # CIFAR-10's own format: `find_class` lets through what an array is made of
    ('data.py', 'a class of pickle.Unpickler'),
    ('eval_tta.py', 'torch.export.load')}         # of a file that `_harmless` has made anew


def readers(folder: Path):
    return {(path.name, line.partition(': ')[2]) for path in sorted(folder.glob('*.py'))
            for line in checks.unsafe_readers(path.read_text(encoding='utf-8'))}


def test_no_reader_of_the_package_runs_what_it_reads(root): assert readers(root/'airl') == KNOWN


def test_nor_does_a_tool_or_a_test(root):
    # a cell of this repository; the canary
    allowed = {('_notebook.py', 'exec of a text'), ('test_security.py', 'pickle.loads')}
    assert not {r for folder in ('tools', 'tests', 'benchmarks') for r in readers(root/folder)} - allowed


def test_no_code_of_a_model_s_repository_is_trusted(root):
    assert not [path.name for path in (root/'airl').glob('*.py')
                if 'trust_remote_code' in path.read_text(encoding='utf-8')]


@pytest.mark.parametrize('source', [
    'import torch; torch.load(p)', 'import torch; torch.load(p, weights_only=False)',
    'import torch; torch.load(p, weights_only=w)', 'from torch import load; load(p)', 'import torch as t; t.load(p)',
    'import pickle; pickle.loads(b)', 'from pickle import load as l; l(f)',
    'import pickle\nclass U(pickle.Unpickler): pass', 'import numpy as np; np.load(p, allow_pickle=True)',
    'import numpy; numpy.load(p, allow_pickle=a)', 'import yaml; yaml.load(t, Loader=yaml.Loader)',
    'import yaml; yaml.unsafe_load(t)', 'import joblib; joblib.load(p)',
    'AutoModel.from_pretrained(p, trust_remote_code=True)', 'AutoModel.from_pretrained(p, trust_remote_code=t)',
    'tar.extractall(d)', "tar.extractall(d, filter='tar')",
    'eval(t)', 'exec(t)', 'import torch; torch.jit.load(p)', 'import torch; torch.export.load(p)',
    'import torch; torch.hub.load(r, n)', 'import shutil; shutil.unpack_archive(p)', 'import dill; dill.load(f)'])
def test_an_unsafe_reader_is_noticed(source): assert len(checks.unsafe_readers(source)) == 1


@pytest.mark.parametrize('source', [
    'import torch; torch.load(p, weights_only=True)', 'import numpy as np; np.load(p)',
    'import yaml; yaml.safe_load(t)', 'import yaml; yaml.load(t, Loader=yaml.SafeLoader)', 'model.eval()',
    'import pickle; pickle.dumps(o)', "tar.extractall(d, filter='data')", 'import json; json.load(f)',
    'AutoModel.from_pretrained(p, trust_remote_code=False)'])
def test_other_readers_pass(source): assert not checks.unsafe_readers(source)


class Runs:
    "What leaves a file behind where it is unpickled."
    def __init__(self, canary): self.canary = canary
    def __reduce__(self): return os.mkdir, (str(self.canary),)


def zipped(data: bytes) -> bytes:
    "A pickle in the wrapping of torch's files."
    import torch
    torch.save({}, file := io.BytesIO())
    with zipfile.ZipFile(file) as there, zipfile.ZipFile(made := io.BytesIO(), 'w') as out:
        for name in there.namelist(): out.writestr(name, data if name.endswith('data.pkl') else there.read(name))
    return made.getvalue()


def doors(folder: Path) -> dict:   # name → call that reads `folder/file`, each a public function
    from airl.backup import unpack_slot
    from airl.data import read_batches
    from airl.eval_tta import load_classifier
    from airl.recipe import read_yaml
    from airl.runs import Run
    from airl.vit_model import load_nano
    from airl.weights import load_checkpoint
    run = lambda: Run(folder)
    return {'weights.pth': lambda p: load_checkpoint(p), 'weights.pt': lambda p: load_checkpoint(p),
            'weights.safetensors': lambda p: load_checkpoint(p),
            'best_model.pth': lambda p: run().best(), 'model.pt2': lambda p: load_classifier(p),
            'model.onnx': lambda p: load_classifier(p),
            'data_batch_1': lambda p: read_batches(folder, 'train', official=False),
            'recipe.yaml': lambda p: run().recipe, 'words.yaml': lambda p: read_yaml(p.read_text('latin1')),
            'nano.safetensors': lambda p: load_nano(p), 'slot': lambda p: unpack_slot(p, folder/'unpacked')}


@pytest.mark.parametrize('wrapped', [False, True], ids=['pickle', 'zip'])
def test_a_pickle_runs_through_no_door(tmp_path, wrapped):
    canary = tmp_path/'canary'
    data = pickle.dumps(Runs(canary))
    if wrapped: data = zipped(data)
    elif os.name == 'posix':
        with pytest.raises(FileExistsError): pickle.loads(data) or pickle.loads(data)   # noqa: S301, the canary sings
        canary.rmdir()
    for k, (name, read) in enumerate(doors(tmp_path/'0').items()):
        folder = tmp_path/str(k)
        folder.mkdir()
        (folder/'recipe.yaml').write_text('preset: smoke\n')
        (folder/name).write_bytes(data)
        read = doors(folder)[name]
        try: read(folder/name)
        except Exception as error: assert 'canary' not in str(error) or not canary.exists(), error   # noqa: BLE001, each door has its own
        assert not canary.exists(), name


def test_yaml_makes_no_objects(tmp_path):
    from airl.recipe import RecipeError, read_yaml
    for text in ('!!python/object/apply:os.mkdir [x]', '!!python/name:os.system',
                 'a: !!python/object/new:os.system [x]'):
        with pytest.raises(RecipeError): read_yaml(text)


EVIL = ['../../evil.png', '/evil.png', '..\\..\\evil.png', 'C:\\evil.png', 'a/../../../evil.png',
        './../evil.png', '....//....//evil.png', 'con.png', 'nul.png', '.hidden.png',
        'a\nb.png', '<script>alert(1)</script>.png', '"onerror="alert(1).png', 'x'*240 + '.png',
        'é.png', 'É.png', '%2e%2e%2fevil.png', '~/evil.png', '$HOME.png', '-rf.png', ' .png', 'a'*1 + '/b'*60 + '.png']


def around(folder: Path, inside: Path): return {p for p in folder.rglob('*') if not p.is_relative_to(inside)}


def test_no_name_leads_out_of_the_folder(tmp_path):
    "Names and texts as an archive or a table might give them, in every export and on the page of a batch."
    from airl.exports import FORMATS, export_dataset, gallery
    out = planted.plant(tmp_path/'deep'/'er'/'out', EVIL, ('../../a cat', '/abs', '<b>&"\'', 'a: [yaml', 'x'*300))
    before = around(tmp_path, out)
    made = [export_dataset(out, name) for name in FORMATS] + [gallery(out).parent]
    assert around(tmp_path, out) == before
    for folder in made:
        files = [p for p in folder.rglob('*') if p.is_file()]
        assert len(files) >= len(EVIL) and all(p.resolve().is_relative_to(out.resolve()) for p in files), folder
        assert not [p for p in files if p.name.startswith('.') or len(p.name.encode()) > 255
                    or set(p.name) & set('\\:\n"<>|?*')]
    page = (out/'gallery/index.html').read_text(encoding='utf-8')
    assert '<script' not in page and '"onerror' not in page and '<b>&"' not in page and '&lt;script' in page


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.text(max_size=300),
                 st.lists(st.sampled_from(['..', '.', '/', '\\', 'con', 'a', ' ', ':', '\0', 'é', 'x'*120, '.'])).map(
    ''.join)))
def test_a_safe_name_is_one_name(text):
    from airl.files import safe_name
    name = safe_name(text)
    assert name and not set(name) & set('/\\:\0<>"|?*') and name.isprintable()
    assert name[0] not in '. ' and name[-1] not in '. '
    assert len(name.encode()) <= 201 and Path('out', name).resolve().parent == Path('out').resolve()
    assert name.partition('.')[0].lower() not in ('con', 'nul', 'com1')
    assert safe_name(name) == name


def packed(header: bytes, **member) -> bytes:
    "A backup's slot whose archive has one more member."
    import hashlib
    import json

    from airl.backup import _HEADER
    with tarfile.open(fileobj=(body := io.BytesIO()), mode='w') as tar:
        info = tarfile.TarInfo('x')
        for key, value in member.items(): setattr(info, key, value)
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    data = body.getvalue()
    told = dict(number=1, size=len(data), hash=hashlib.blake2b(data, digest_size=16).hexdigest())
    return json.dumps(told).encode().ljust(_HEADER) + data


@pytest.mark.parametrize('member', [dict(name='../evil', size=3), dict(name='/evil', size=3),
                                    dict(name='link', type=tarfile.SYMTYPE, linkname='../../evil'),
                                    dict(name='dev', type=tarfile.CHRTYPE)],
                         ids=['up', 'absolute', 'link', 'device'])
def test_a_backup_unpacks_into_its_folder_alone(tmp_path, member):
    from airl.backup import unpack_slot
    slot = tmp_path/'place'/'slot'
    slot.parent.mkdir()
    slot.write_bytes(packed(b'', **member))
    before = around(tmp_path, tmp_path/'runs')
    try: unpack_slot(slot, tmp_path/'runs'/'run')
    except tarfile.FilterError: pass
    assert around(tmp_path, tmp_path/'runs') - {tmp_path/'runs'} == before
    assert not [p for p in (tmp_path/'runs').rglob('*') if p.is_symlink() or not (p.is_file() or p.is_dir())]


def test_page_and_api_answer_their_own_page_alone():
    "Gradio's own routes, mounted below the same gates."
    pytest.importorskip('gradio', reason='the extra `app` is not installed')
    from airl.app import create_app
    from starlette.testclient import TestClient
    client = TestClient(create_app('lite'), 'http://127.0.0.1:7860')
    ask = lambda path, **headers: client.post(path, files=dict(files=b'x'),
                                              headers={k.replace('_', '-'): v for k, v in headers.items()}).status_code
    for path in ('/gradio_api/upload', '/gradio_api/queue/join', '/api/segment', '/login'):
        assert ask(path, Origin='http://evil.example') == ask(path, Sec_Fetch_Site='cross-site') == 403
        assert ask(path, Host='evil.example') == 400
    assert ask('/gradio_api/upload', Origin='http://127.0.0.1:7860') == ask('/gradio_api/upload',
                                                                            Sec_Fetch_Site='same-origin') == 200
    assert client.get('/', headers={'Host': 'evil.example'}).status_code == 400 and client.get('/').status_code == 200


def test_the_page_reads_no_file_of_the_server(tmp_path):
    "Who asks the page's own API for a path gets nothing of it, not even whether it is a photo."
    pytest.importorskip('gradio', reason='the extra `app` is not installed')
    from airl.app import create_app
    from starlette.testclient import TestClient
    (tmp_path/'secret.png').write_bytes(planted.picture())
    with TestClient(create_app('lite'), 'http://127.0.0.1:7860') as client:
        for path in (tmp_path/'secret.png', tmp_path/'nowhere.png'):
            given = dict(path=str(path), meta={'_type': 'gradio.FileData'})
            event = client.post('/gradio_api/call/look',
                                json=dict(data=[given, 'a qwertyuiop', False, 'lite', .5, 0, 'fixed']))
            said = (client.get(f'/gradio_api/call/look/{event.json()["event_id"]}').text if event.status_code == 200
                    else event.text)
            assert 'qwertyuiop' not in said and 'secret' not in said.replace(str(path), ''), said
            assert client.get(f'/gradio_api/file={path}').status_code in (403, 404)
        (sent,) = client.post('/gradio_api/upload', files=dict(files=('a.png', planted.picture()))).json()
        event = client.post('/gradio_api/call/look',
                            json=dict(data=[given | dict(path=sent), 'a qwertyuiop', False, 'lite', .5, 0, 'fixed']))
        # what was sent is read
        assert 'qwertyuiop' in client.get(f'/gradio_api/call/look/{event.json()["event_id"]}').text


def test_limits_are_as_told(root):
    "SECURITY.md names each limit as the code has it."
    from airl import api, app, photos, prompts, sources
    told = (root/'SECURITY.md').read_text(encoding='utf-8')
    from PIL import Image
    for figure in (f'{2*Image.MAX_IMAGE_PIXELS/1e6:.0f} megapixels', f'{api.LIMIT/1e6:.0f} MB',
                   f'{app.CLIP_LIMIT/1e6:.0f} MB', f'{api.QUEUE} requests', f'{api.PATIENCE/60:.0f} minutes',
                   f'{photos._LARGEST >> 20} MiB', f'{sources.LARGEST_FILE >> 20} MiB',
                   f'{prompts.LONGEST:,} letters', '120 seconds'):
        assert figure in told, figure
