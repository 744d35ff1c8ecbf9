"The checks can fail: each is shown a copy of the tree with the mistake that it is there for."
import json

import checks
import pytest


def change_cell(notebook, is_wanted, change):
    "Apply `change` to the source of the first code cell that `is_wanted`."
    content = json.loads(notebook.read_text(encoding='utf-8'))
    cell = next(c for c in content['cells'] if c['cell_type'] == 'code' and is_wanted(c))
    change(cell)
    notebook.write_text(json.dumps(content), encoding='utf-8')


def test_changed_cell_without_export_is_noticed(copy):
    change_cell(copy/'nbs/05_photos.ipynb', lambda c: ''.join(c['source']).startswith('#| export'),
                lambda c: c['source'].append('\nunexported = True'))
    assert 'photos.py: run `make export`' in checks.export_drift(copy)


def test_edited_module_is_noticed(copy):
    with (copy/'airl/photos.py').open('a') as module: module.write('\nby_hand = True\n')
    assert 'photos.py: run `make export`' in checks.export_drift(copy)


def test_import_from_a_higher_layer_is_noticed(copy):
    assert checks.broken_layers(copy) == []
    with (copy/'airl/photos.py').open('a') as module:
        module.write('\ndef climb():\n    from airl.scene import Detections\n')
    assert any('airl.photos' in line and 'airl.scene' in line for line in checks.broken_layers(copy))


def test_import_across_the_columns_is_noticed(copy):
    for importer, imported in (('eval_tta', 'scene'), ('sam2_pipeline', 'data')):
        module = copy/f'airl/{importer}.py'
        whole = module.read_text()
        module.write_text(f'{whole}\nfrom airl import {imported}\n')
        assert any(f'airl.{importer}' in line and f'airl.{imported}' in line for line in checks.broken_layers(copy))
        module.write_text(whole)


def test_module_outside_the_layers_is_noticed(copy):
    (copy/'airl/helpers.py').write_text('')
    assert any('helpers' in line for line in checks.broken_layers(copy))


@pytest.mark.parametrize('source', [
    'os.fork()', 'pty.fork()', "get_context('fork')", "multiprocessing.get_context()",
    "set_start_method('forkserver')", 'ProcessPoolExecutor(2)',
    'DataLoader(data, num_workers=2)', 'mp.Process(target=f)', 'Popen(command, preexec_fn=f)',
    "RUN = 'import os\\nos.fork()'"])
def test_fork_is_noticed(source): assert len(checks.fork_calls(source)) == 1


@pytest.mark.parametrize('source', ["get_context('spawn')", 'ProcessPoolExecutor(2, mp_context=spawn)',
                                    'DataLoader(data)', 'torch.random.fork_rng()', 'Popen(command)'])
def test_other_processes_pass(source): assert not checks.fork_calls(source)


def test_kept_error_and_missing_figure_are_noticed(copy):
    notebook = copy/'nbs/07b_drawing.ipynb'
    assert checks.unclean(notebook) == []
    change_cell(notebook, lambda c: any('image/png' in o.get('data', {})
                                        for o in c['outputs']), lambda c: c.update(outputs=[]))
    assert [line.split(', ')[-1] for line in checks.unclean(notebook)] == ['draws but keeps no figure']
    change_cell(notebook, lambda c: True, lambda c: c.update(
        execution_count=7, outputs=[{'output_type': 'error', 'ename': 'ValueError', 'evalue': 'oh', 'traceback': []}]))
    assert len(checks.unclean(notebook)) == 3


@pytest.mark.parametrize('text', [
    '/tmp/tmpab12/out', "'/tmp/x'", "PosixPath('/tmp/x')", 'folder=/tmp/x', 'folder:/tmp/x',
    '(/tmp/x)', r"'done\n/tmp/x'",
    'file:///tmp/x', 'Results: ../../../../tmp/results', '/var/folders/zz/T/tmp1',
    "'/private/var/folders/zz'", '/root/.cache/hub',
    '/home/ada/airl', '/Users/ada', '/content/drive', r'C:\Users\ada', r"'C:\\Users\\ada'", r'(D:\a\airl',
    r'TEMP=C:\Users\ada\AppData', 'C:/Users/ada'])
def test_path_of_a_machine_is_noticed(text): assert checks.ABSOLUTE.search(text)


@pytest.mark.parametrize('text', [
    'https://example.org/tmp/x', 'http://127.0.0.1/home/ada', 's3://bucket/tmp/x',
    './tmp/x', 'out/tmp/x', 'docs/usr/x', 'tmp/x',
    '../nbs/images', '/api/segment', 'hub:owner/home/x', r"'ratio:\n'", 'x: a', 'and/or'])
def test_other_paths_and_addresses_pass(text): assert not checks.ABSOLUTE.search(text)


def test_kept_path_of_a_temporary_folder_is_noticed(copy):
    notebook = copy/'nbs/07b_drawing.ipynb'
    for text in ('Results: ../../../../tmp/results/smoke\n', 'folder:/tmp/results'):
        kept = {'output_type': 'stream', 'name': 'stdout', 'text': [text]}
        change_cell(notebook, lambda c: True, lambda c, kept=kept: c.update(outputs=[kept]))
        assert ['keeps an absolute path' in line for line in checks.unclean(notebook)] == [True]


def test_dead_link_is_noticed(copy):
    page = copy/'_proc/index.ipynb'
    page.parent.mkdir()
    prose = {'cell_type': 'markdown',
             'source': ['[here](index.ipynb) and [there](nowhere.ipynb), ![](no.png), [web](https://airl.example)']}
    page.write_text(json.dumps({'cells': [prose]}))
    assert [line.split()[1] for line in checks.broken_links(copy,
                                                            'https://site.example/')] == ['nowhere.ipynb', 'no.png']


@pytest.mark.parametrize('prose, told', [
    ('# One\n### Three', 'skips a level'), ('## Two', 'has 0 titles'), ('# One\n# Another', 'has 2 titles'),
    ('# One\n![](cat.png)', 'says nothing'),
    ('# One\n## A `part`, here\n[there](#a-part-elsewhere)', 'leads to no heading')])
def test_page_that_is_hard_to_follow_is_noticed(tmp_path, prose, told):
    page = tmp_path/'page.ipynb'
    def write(text): page.write_text(json.dumps({'cells': [{'cell_type': 'markdown', 'source': [text]}]}))
    write(prose)
    assert [told in line for line in checks.hard_to_follow(page)] == [True]
    write('# One\n## A `part`, here\n![a cat](cat.png), [there](#a-part-here)')
    assert checks.hard_to_follow(page) == []


@pytest.mark.parametrize('first', ['', '#| fig-alt: ""\n', '#| fig-alt: " "\n', '#| echo: false\n',
                                   '# fig-alt: "a cat"\n'])
def test_figure_that_says_nothing_is_noticed(tmp_path, first):
    page, figure = tmp_path/'page.ipynb', {'output_type': 'display_data', 'data': {'image/png': '', 'text/plain': ''}}
    def write(source, outputs):
        page.write_text(
            json.dumps({'cells': [{'cell_type': 'code', 'id': 'c1', 'source': [source], 'outputs': outputs}]}))
    write(f'{first}imshow(cat)', [figure])
    assert ['c1' in line for line in checks.unheard_figures(page)] == [True]
    for heard in ('#| fig-alt: "a cat"\n', '#| echo: false\n#| fig-alt: "a cat: asleep"\n',
                  '#| hide\n', '#| output: false\n'):
        write(f'{heard}imshow(cat)', [figure])
        assert checks.unheard_figures(page) == []
    write(f'{first}imshow(cat)', [])
    assert checks.unheard_figures(page) == []
