"The repository holds together: notebooks and what is made from them, style, layers, site, workflows, wheel, locks."
import json
import os
import re
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import checks
import docs
import pytest
import readme
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SCRIPTS = Path(sys.executable).parent
NOTEBOOKS = checks.notebooks(ROOT)
HEAVY = ['torch', 'tensorflow', 'transformers', 'sam2', 'gradio', 'ray', 'matplotlib', 'cv2']


def settings():
    parser = ConfigParser(delimiters=['='])
    parser.read(ROOT/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']


def none(complaints: list[str]): assert not complaints, '\n'.join(['', *complaints])


def test_export_is_in_step(copy): none(checks.export_drift(copy))


@pytest.mark.parametrize('notebook', NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_clean(notebook): none(checks.unclean(notebook))


def test_notebooks_are_small(root):
    size = sum(path.stat().st_size for path in (root/'nbs').rglob('*') if path.is_file()
               and 'airl_results' not in path.parts)   # what running them leaves, not kept
    assert size < 15_000_000, f'nbs/ has {size/1e6:.1f} MB of at most 15: make figures smaller'


def test_readme_is_in_step(root):
    text, pictures = readme.render(root/'nbs/index.ipynb')
    assert text == (root/'README.md').read_text(encoding='utf-8'), 'run `make readme`'
    for path, png in pictures.items(): assert (root/path).read_bytes() == png, f'{path}: run `make readme`'


def test_readme_pictures_and_links_exist(root):
    targets = {t for pair in readme.TARGETS.findall((root/'README.md').read_text(encoding='utf-8')) for t in pair[1:2]}
    local = [t.split('#')[0] for t in targets if not readme.is_elsewhere(t)]
    none([f'README.md: {t} does not exist' for t in local if not (root/t).exists()])


def test_readme_pictures_say_what_they_show(root):
    assert '![](' not in (root/'README.md').read_text(encoding='utf-8'), 'give the cell a `#| fig-alt: "…"`'


def test_style(root):
    none(checks.complaints_of(checks.run(root, SCRIPTS/'ruff', 'check', '--no-cache', '--output-format=concise', '.')))


def test_nothing_forks(root): none(checks.forks(root))


def test_layers(root): none(checks.broken_layers(root))


def test_site_is_processed_and_its_links_lead_somewhere(copy):
    none(checks.complaints_of(checks.run(copy, sys.executable, 'tools/docs.py', 'process', PYTHONPATH=str(copy))))
    assert len(list((copy/'_proc').rglob('*.ipynb'))) == len(NOTEBOOKS)
    cfg = settings()
    none(checks.broken_links(copy, cfg['doc_host'] + cfg['doc_baseurl'] + '/'))


def test_site_settings_are_in_step(root):
    assert (root/'nbs/_quarto.yml').read_text() == (
        root/'_quarto.yml').read_text(), 'run `python tools/docs.py sidebar`'
    assert (root/'nbs/sidebar.yml').read_text() == docs.sidebar(root), 'run `python tools/docs.py sidebar`'
    assert (root/'nbs/llms.txt').read_text(encoding='utf-8') == docs.llms(root), 'run `python tools/docs.py sidebar`'
    assert (root/'CONTRIBUTING.md').read_text(encoding='utf-8') == docs.contributing(
        root), 'run `python tools/docs.py sidebar`'


def test_every_notebook_has_a_place_and_a_promise(root):
    for chapter in docs.chapters(root).values():
        none([f'{path.name} has no title or no line in a `>` quote' for path in chapter if not all(docs.promise(path))])


@pytest.mark.parametrize('schema, pattern', [('github-workflows', 'workflows/*.yml'), ('dependabot', 'dependabot.yml'),
                                             ('github-issue-forms', 'ISSUE_TEMPLATE/[!c]*.yml'),
                                             ('github-issue-config', 'ISSUE_TEMPLATE/config.yml')])
def test_workflows_are_valid(root, schema, pattern):
    files = sorted((root/'.github').glob(pattern))
    assert files
    none(checks.complaints_of(checks.run(root, SCRIPTS/'check-jsonschema', '--builtin-schema',
                                         f'vendor.{schema}', *files)))


def test_workflows_are_safe(root):
    none(checks.complaints_of(checks.run(root, SCRIPTS/'zizmor', '--offline', '--quiet', '.github')))


def test_import_is_quick_and_light(tmp_path):
    code = ('import sys, time; start = time.perf_counter(); import airl; seconds = time.perf_counter() - start; '
            f'import json; print(json.dumps([seconds, [m for m in {HEAVY} if m in sys.modules]]))')
    seconds, loaded = json.loads(checks.run(tmp_path, sys.executable, '-c', code).stdout)
    assert seconds < 1 and loaded == []


def test_public_names_load(tmp_path):
    code = 'import airl; print(sum(getattr(airl, name) is not None for name in airl.__all__), len(airl.__all__))'
    result = checks.run(tmp_path, sys.executable, '-c', code)
    none(checks.complaints_of(result))
    loaded, promised = result.stdout.split()
    assert loaded == promised


def test_editors_know_every_public_name(root):
    """The names that load on first use stand once more as imports, for editors and type checkers, which do not run the
    package."""
    import ast

    import airl
    tree = ast.parse((root/'airl/__init__.py').read_text(encoding='utf-8'))
    told = {name.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level
            for name in node.names}
    assert told == airl._home_of
    assert (root/'airl/py.typed').exists() and {'PhotoError', 'MissingWeights'} <= set(airl.__all__)


def test_editors_complete_and_explain(tmp_path):
    "What an editor offers after a dot, and what `?` and `help` say of the parameters of every public function."
    jedi = pytest.importorskip('jedi', reason='jedi comes with IPython')
    made = "import airl\npipeline = airl.TextDrivenSegmentationPipeline('lite')\n"
    for text, expected in (('import airl\nairl.Text', {'TextDrivenSegmentationPipeline'}),
                           (made + 'pipeline.seg', {'segment_image', 'segment_at', 'segmenter'}),
                           (made + "pipeline.segment_image('a.jpg', 'a cat').",
                            {'masks', 'sentence', 'show', 'cutout', 'save'})):
        assert expected <= {c.name for c in jedi.Script(text).complete()}, text
    code = """import airl, inspect
for name in ('segment_folder', 'segment_video', 'fit', 'quick_segment', 'TextDrivenSegmentationPipeline', 'Settings'): getattr(airl, name)
told = [airl.segment_folder, airl.segment_video, airl.fit, airl.TextDrivenSegmentationPipeline.segment_image, airl.TextDrivenSegmentationPipeline.__init__, airl.Settings]
print(*[inspect.getdoc(f).count('\\n    ') for f in told])"""   # noqa: E501
    told = checks.run(tmp_path, sys.executable, '-c', code)
    none(checks.complaints_of(told))
    assert min(map(int, told.stdout.split())) >= 4, told.stdout


def test_prose_can_be_heard_and_followed(root):
    none([line for path in NOTEBOOKS for line in checks.hard_to_follow(path)])


def test_figures_say_what_they_show(root): none([line for path in NOTEBOOKS for line in checks.unheard_figures(path)])


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> Path:
    "The wheel of a copy of the tree, made from its source distribution, which lies beside it."
    folder = tmp_path_factory.mktemp('wheel')
    source = checks.copy_tree(ROOT, folder/'source')
    none(checks.complaints_of(checks.run(source, sys.executable, '-m', 'build', '--no-isolation', '-o', folder)))
    return next(folder.glob('*.whl'))


def test_wheel_is_small_and_complete(wheel, root):
    assert wheel.stat().st_size <= 40_000_000, f'{wheel.stat().st_size/1e6:.1f} MB of at most 40'
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f'airl/shipped/{path.name}' for path in (root/'airl/shipped').iterdir()}
    modules = {f'airl/{path.name}' for path in (root/'airl').glob('*.py')}
    none(sorted((shipped | modules | {'airl/py.typed'}) - names))
    assert not [name for name in names if name.split('/')[0] in ('nbs', 'tests', 'tools')]


def test_licences_and_citation_travel_along(wheel, root):
    """The wheel has the licences, the source distribution all that the wheel is made from, and no tests that lack their
    notebooks."""
    import tarfile
    with tarfile.open(next(wheel.parent.glob('*.tar.gz'))) as packed:
        source = {name.partition('/')[2] for name in packed.getnames()}
    named = {'LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'CITATION.cff', 'settings.ini',
             'setup.py', 'pyproject.toml', 'airl/py.typed'}
    none(sorted((named | {f'airl/shipped/{path.name}' for path in (root/'airl/shipped').iterdir()}) - source))
    none([name for name in source if name.split('/')[0] in ('nbs', 'tests', 'tools')])
    assert {'LICENSE', 'NOTICE'} <= {Path(name).name for name in zipfile.ZipFile(wheel).namelist()
                                     if '.dist-info/' in name}


def test_weights_have_cards(root):
    """Each weight that ships stands in one card, which says what it learned from, how, how good it is, what it is not
    for, and its terms."""
    cards = {path: path.read_text(encoding='utf-8') for path in (root/'airl/shipped').glob('*.md')}
    for weights in (root/'airl/shipped').glob('*.safetensors'):
        (card,) = (path for path, text in cards.items() if weights.name in text or weights.stem == path.stem)
        none([f'{card.name} says nothing of {part!r}'
              for part in ('**Data', '**Recipe', '**Figures', '**Not for', 'Apache 2.0') if part not in cards[card]])


def test_citation_names_this_version(root):
    import yaml
    none(checks.complaints_of(checks.run(root, SCRIPTS/'check-jsonschema', '--builtin-schema',
                                         'vendor.citation-file-format', root/'CITATION.cff')))
    cited = yaml.safe_load((root/'CITATION.cff').read_text(encoding='utf-8'))
    assert (cited['version'], cited['repository-code']) == (settings()['version'],
                                                            settings()[
        'git_url']), 'CITATION.cff and settings.ini differ'
    top = next(line for line in (root/'CHANGELOG.md').read_text(encoding='utf-8').splitlines()
               if line.startswith('## '))
    assert top.split()[1] == settings()['version'], (f'CHANGELOG.md begins with {top.strip("# ")}, settings.ini has '
                                                     f'{settings()["version"]}')


def test_wheel_segments_outside_the_checkout(wheel, tmp_path):
    "From the wheel alone, in an empty folder: a photo and a word in, a mask out, or one sentence."
    zipfile.ZipFile(wheel).extractall(tmp_path/'installed')
    from skimage import data, io
    io.imsave(tmp_path/'cat.png', data.chelsea(), check_contrast=False)
    here = {'PYTHONPATH': str(tmp_path/'installed')}
    told = {'PYTHONPROFILEIMPORTTIME': '1'}   # standard error names what is imported
    where = checks.run(tmp_path, sys.executable, '-c', 'import airl; print(airl.__file__)', **here).stdout
    assert Path(where.strip()).is_relative_to(tmp_path)
    done = checks.run(tmp_path, sys.executable, '-m', 'airl', 'segment', 'cat.png',
                      'a cat', '--models', 'lite', '-o', 'out', '--json', **here, **told)
    none(checks.complaints_of(done))
    loaded = {line.split('|')[-1].strip() for line in done.stderr.splitlines()}
    assert 'torch' in loaded and not loaded & {'torchvision', 'timm', 'sympy',
                                               'transformers'}, ('seconds of waiting for what a segmentation does not '
                                                                 'need')
    found = json.loads(done.stdout.splitlines()[-1])
    assert found['present'] and list((tmp_path/'out').glob('*mask*.png'))


def pins(lock: Path) -> dict[str, set[str]]:
    "Versions a lock file pins, by name (several where they depend on the Python)."
    found = {}
    for line in lock.read_text().splitlines():
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


def test_locks_are_in_step(root):
    base, dev, cfg = pins(root/'requirements.lock'), pins(root/'requirements-dev.lock'), settings()
    assert all(dev.get(name) == versions for name, versions in base.items()), 'run `make lock`'
    for lock, extras in ((base, ['']), (dev, ['', *(f'{name}_' for name in cfg['all'].split()), 'dev_'])):
        for requirement in (Requirement(r) for extra in extras for r in cfg[f'{extra}requirements'].split()):
            versions = lock.get(canonicalize_name(requirement.name), set())
            assert versions and all(requirement.specifier.contains(v.removeprefix('=='))
                                    for v in versions), f'{requirement}: run `make lock`'


def test_bounds_hold_what_is_called():
    """open_clip reads transformers 5's tokenizers from 3.3 on, transformers has Sam 3's image processor under its name
    from 5.4 on,
    timm's Muon `fallback_lr_scale` from 1.0.27 on, SciPy's bootstrap `rng` from 1.15 on, PyAV a frame's `duration`
    from 15 on; typer
    shows an argument's help as our commands declare it from 0.26 on; the others were built for NumPy 2 from then on.
    `make lowest` tests at the bounds."""
    named = [r for extra in ('', 'models_', 'app_', 'video_') for r in settings()[f'{extra}requirements'].split()]
    bounds = {r.name: r.specifier for r in map(Requirement, named)}
    for name, too_old in (('open_clip_torch', '3.2.0'), ('av', '14.4.0'), ('typer', '0.25.1'),
                          ('transformers', '5.3.0'), ('timm', '1.0.26'), ('scipy', '1.14.1'), ('matplotlib', '3.8.3'),
                          ('scikit-learn', '1.4.1'), ('pyarrow', '15.0.2'), ('opencv-python-headless', '4.9.0.80'),
                          ('pycocotools', '2.0.7')):
        assert not bounds[name].contains(too_old), name


def test_locks_name_no_index(root):
    for lock in ('requirements.lock', 'requirements-dev.lock'):
        assert '://' not in (root/lock).read_text() and '--' not in (root/lock).read_text()


@pytest.mark.skipif(os.name == 'nt', reason='make prints its help through awk')
def test_make_help_names_every_target(root):
    shown = checks.run(root, 'make', 'help').stdout
    none([t for t in 'setup demo test lowest colab-check export notebooks readme docs bench weights clean'.split()
          if f'make {t} ' not in shown])


def test_no_text_installs_airl_by_its_bare_name(root):
    """No package index has airl: whoever took that name there would be installed. From a folder of wheels
    (`--no-index`) it is airl."""
    from airl.telling import HOME, install_line
    assert HOME == settings()['git_url'] and f'git+{HOME}"' in install_line('app')
    bare = re.compile(
        r"""pip3? (?:install|download|wheel)\b(?![^\n]*--no-index)[^\n`#;&]*?[\s'"\\]airl(?:\[[^\]\n]*\])?(?=['"\\`.;,)]|\s+(?!@)|$)""", re.M)   # noqa: E501
    for text in ('pip install airl', "`pip install 'airl[app]'`", 'pip install -q "airl[a,b]"\\n'):
        assert bare.search(text), text
    for text in (install_line('app'), "pip install --no-index 'airl[app]'"): assert not bare.search(text), text
    here = Path(__file__).resolve()
    for path in (p for kind in ('*.md', '*.ipynb', '*.py', '*.ini', '*.yml', '*.toml') for p in root.rglob(kind)):
        if (path.resolve() == here or {'.venv', '.git', '_docs', '_proc'} & {*path.relative_to(root).parts}
            or path.relative_to(root).parts[0].startswith('.venv')):
            continue
        found = bare.search(path.read_text(encoding='utf-8'))
        assert not found, f'{path.relative_to(root)}: {found[0]}'


def test_the_first_page_leads_to_every_how_to(root):
    text = (root/'README.md').read_text(encoding='utf-8')
    none([f'README.md does not lead to {path.name}' for path in sorted((root/'nbs/howto').glob('*.ipynb'))
          if f'(nbs/howto/{path.name})' not in text])
    assert 'airl video ' in text
