"What has to hold in this repository. Each check takes the root of a tree and returns its complaints, one line each."
import ast
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

FLAGS = {'slow', 'gpu', 'network'}
DRAWS = re.compile(r'(plt\.(show|subplots|figure|imshow|plot)|imshow|show_\w+|plot_\w+)$')
# A path of one machine: from its root, also behind `=`, `:`, `(` or a repr's line break; from here up to its root; of
# a Windows
# drive, also with the two strokes of a repr. Web addresses and paths inside the repository are none.
ABSOLUTE = re.compile(r"""
    (?: (?<![\w./]) | (?<=\\[nrt]) | file:// | (?:\.\./)*\.\. )
    / (?:home|root|tmp|work|usr|opt|mnt|private|content|Users|Volumes|var/(?:folders|tmp)) / \.?\w
    | (?<!\w) [A-Za-z]:\\{1,2} (?:[Uu]sers|[Ww]indows|[Tt]e?mp|Program|ProgramData|a) \b
""", re.VERBOSE)


def run(root: Path, *command, **environment) -> subprocess.CompletedProcess:
    "A command in `root`, its output kept."
    return subprocess.run([str(part) for part in command], cwd=root, text=True, capture_output=True,
                          env=os.environ | environment)


def complaints_of(result: subprocess.CompletedProcess) -> list[str]:
    "Nothing where a command succeeded, else what it printed."
    return [] if result.returncode == 0 else (result.stdout + result.stderr).splitlines() or ['failed without a word']


def copy_tree(root: Path, destination: Path) -> Path:
    "The tree without its environment and what is built, to export, build or break."
    ignored = shutil.ignore_patterns('.venv*', '.git', '_proc', '_docs', 'build',
                                     '*.egg-info', '__pycache__', 'out', 'runs', '.*_cache')
    return shutil.copytree(root, destination, ignore=ignored)


def notebooks(root: Path) -> list[Path]:
    return sorted(path for path in (root/'nbs').rglob('*.ipynb') if not path.name.startswith(('_', '.')))


def export_drift(root: Path) -> list[str]:
    "Exported files of `root` (a copy: they are written anew) that the notebooks do not give."
    made = [path for path in (root/'airl').glob('*.py') if path.name not in ('__init__.py', '__main__.py')]
    before = {path.name: path.read_text(encoding='utf-8')
              for path in [*made, root/'airl/__init__.py', root/'pyproject.toml']}
    for path in made: path.unlink()
    environment = {key: value for key, value in os.environ.items() if key != 'IN_TEST'}
    done = subprocess.run([sys.executable, '-c', 'from nbdev.doclinks import nbdev_export; nbdev_export()'],
                          cwd=root, env=environment,
                          text=True, capture_output=True)
    if done.returncode: return complaints_of(done)
    after = {path.name: path.read_text(encoding='utf-8')
             for path in [*(root/'airl').glob('*.py'), root/'pyproject.toml']}
    after.pop('__main__.py', None)
    return [f'{name}: run `make export`' for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)]


def draws(source: str) -> bool:
    "Whether a cell draws when it runs: calls something like `plt.subplots` or `show_images` outside a definition."
    def calls(node):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda): return
        if isinstance(node, ast.Call): yield ast.unparse(node.func)
        for child in ast.iter_child_nodes(node): yield from calls(child)
    called = list(calls(ast.parse(source)))
    return any(DRAWS.search(name) for name in called) and 'plt.close' not in called


def cell_complaints(cell: dict) -> list[str]:
    "What is wrong with one code cell as it is kept."
    source = ''.join(cell['source'])
    marks = {line[2:].strip().split(':')[0].split()[0] for line in source.splitlines() if line.startswith('#|')}
    found = []
    if cell['execution_count'] is not None: found.append('has an execution count')
    if cell['metadata']: found.append(f'has metadata {sorted(cell["metadata"])}')
    for output in cell['outputs']:
        text = ''.join(output.get('text', [])) + ''.join(output.get('data', {}).get('text/plain', []))
        if output['output_type'] == 'error': found.append(f'keeps an error: {output.get("evalue")}')
        if output.get('name') == 'stderr': found.append(f'keeps standard error: {text[:80]!r}')
        if ABSOLUTE.search(text): found.append(f'keeps an absolute path: {ABSOLUTE.search(text)[0]!r}')
    code = '\n'.join('' if line.lstrip().startswith(('%', '!')) else line for line in source.splitlines())
    pictures = [kind for output in cell['outputs'] for kind in output.get('data', {})
                if kind.startswith(('image/', 'text/html'))]
    if not pictures and not marks & {*FLAGS, 'export', 'exporti', 'eval', 'hide'} and draws(code):
        found.append('draws but keeps no figure')
    return found


def unclean(notebook: Path) -> list[str]:
    "What is wrong with a notebook as it is kept: counts, errors, warnings, absolute paths, figures that are missing."
    cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    return [f'{notebook.name}, cell {cell["id"]}, {what}' for cell in cells if cell['cell_type'] == 'code'
            for what in cell_complaints(cell)]


def broken_layers(root: Path) -> list[str]:
    "Imports against the layers that pyproject.toml draws."
    script = Path(sys.executable).with_name('lint-imports')
    return complaints_of(run(root, script, '--no-cache', PYTHONPATH=str(root), COLUMNS='200'))


# What reads ahead for a training of lite is given how to make its batches as a closure, which only a fork carries.
FORKS = {'airl/lite_fitting.py', 'nbs/19c_lite_fitting.ipynb'}
# they fork where nobody says otherwise
POOLS = {'ProcessPoolExecutor': 'mp_context', 'DataLoader': 'multiprocessing_context'}


def fork_calls(source: str) -> list[str]:
    """Calls that fork the process, or start one in the way of the platform, which may be a fork; scripts in strings
    included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.Constant) and isinstance(node.value, str) and 'import ' in node.value
            and '\n' in node.value):
            try: found += fork_calls(node.value)
            except SyntaxError: continue
        if not isinstance(node, ast.Call): continue
        name, _, last = ast.unparse(node.func).rpartition('.')
        given, keywords = [a.value for a in node.args if isinstance(a, ast.Constant)], {k.arg for k in node.keywords}
        if last in ('fork', 'forkpty') or 'preexec_fn' in keywords: found.append(ast.unparse(node))
        elif last in ('get_context', 'set_start_method') and given != ['spawn']: found.append(ast.unparse(node))
        elif name in ('multiprocessing', 'mp') and last in ('Process', 'Pool', 'Manager'):
            found.append(ast.unparse(node))
        elif last in POOLS and POOLS[last] not in keywords and (last != 'DataLoader' or 'num_workers' in keywords):
            found.append(ast.unparse(node))
    return found


def forks(root: Path) -> list[str]:
    "Where the tree forks a process that may have threads: the child hangs where it waits for one of them."
    sources = [(path, path.read_text(encoding='utf-8')) for folder in ('airl', 'benchmarks', 'tests', 'tools')
               for path in sorted((root/folder).glob('*.py'))]
    for path in notebooks(root):
        cells = [''.join(c['source']) for c in json.loads(path.read_text(encoding='utf-8'))['cells']
                 if c['cell_type'] == 'code']
        sources += [(path, '\n'.join(line for line in cell.splitlines() if not line.lstrip().startswith(('%', '!'))))
                    for cell in cells]
    named = [(path.relative_to(root).as_posix(), source) for path, source in sources]
    return [f'{path}: {call[:100]} forks; run a script of its own instead' for path, source in named
            if path not in FORKS for call in fork_calls(source)]


def prose_of(notebook: Path) -> str:
    "The markdown of a notebook without its examples of code."
    cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    return re.sub(r'```.*?```', '', '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown'),
                  flags=re.DOTALL)


def anchors(prose: str) -> set[str]:
    "What a heading is called in an address: lower case, hyphens, neither stops nor marks."
    return {re.sub(r'[^\w\- ]', '', title.lower()).strip().replace(' ', '-')
            for title in re.findall(r'^#+ (.*)$', prose, flags=re.MULTILINE)}


def hard_to_follow(notebook: Path) -> list[str]:
    "Where the order of a page cannot be heard, a picture says nothing, or a link's `#place` is none."
    prose, found = prose_of(notebook), []
    levels = [len(marks) for marks in re.findall(r'^(#+) ', prose, flags=re.MULTILINE)]
    if levels[:1] != [1] or levels.count(1) != 1:
        found.append(f'{notebook.name}: has {levels.count(1)} titles instead of one, first')
    if any(below > above + 1 for above, below in zip(levels, levels[1:])):
        found.append(f'{notebook.name}: a heading skips a level')
    found += [f'{notebook.name}: {target} says nothing to whoever cannot see it'
              for alt, target in re.findall(r'!\[([^\]]*)\]\(([^)\s]+)', prose) if not alt.strip()]
    for page, place in re.findall(r'\]\(([^)\s#:]*)#([^)\s]+)\)', prose):
        there = (notebook.parent/page) if page else notebook
        if there.suffix == '.ipynb' and there.exists() and place not in anchors(prose_of(there)):
            found.append(f'{notebook.name}: {page}#{place} leads to no heading')
    return found


HIDES = re.compile(r'#\|\s*(hide\s*$|(output|include):\s*false)', re.MULTILINE)  # the page has no figure of such a cell
ALT = re.compile(r'^#\|\s*fig-alt:\s*"[^"]*\w[^"]*"\s*$', re.MULTILINE)


def unheard_figures(notebook: Path) -> list[str]:
    "Cells whose figure is on the page while no `#| fig-alt` says what it shows."
    cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    drawn = [c for c in cells if c['cell_type'] == 'code'
             and any(kind.startswith('image/') for o in c['outputs'] for kind in o.get('data', {}))]
    sources = [(c['id'], ''.join(c['source'])) for c in drawn]
    return [f'{notebook.name}, cell {name}: give its figure a `#| fig-alt: "…"`'
            for name, source in sources if not HIDES.search(source) and not ALT.search(source)]


def broken_links(root: Path, site: str) -> list[str]:
    "Links and pictures of the processed notebooks in _proc that lead nowhere, those that start with `site` included."
    pages = {path.relative_to(root/'_proc').as_posix() for path in (root/'_proc').rglob('*') if path.is_file()}
    pages |= {re.sub(r'(^|/)\d+[a-z]*_', r'\1', page.removesuffix('.ipynb')) + '.html'
              for page in pages if page.endswith('.ipynb')}
    found = []
    for notebook in sorted((root/'_proc').rglob('*.ipynb')):
        folder = notebook.parent.relative_to(root/'_proc')
        cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
        if any(output['output_type'] == 'error' for cell in cells for output in cell.get('outputs', [])):
            found.append(f'{notebook.name}: a cell fails while the page is made')
        prose = '\n'.join(''.join(cell['source']) for cell in cells if cell['cell_type'] == 'markdown')
        prose = re.sub(r'```.*?```|`[^`\n]*`(?!\])', '', prose, flags=re.DOTALL)
        for target in re.findall(r'\]\(([^)\s]+)(?: "[^"]*")?\)|(?:src|href)="([^"]+)"', prose):
            target = (target[0] or target[1]).split('#')[0]
            if target.startswith(site): target = '/' + target.removeprefix(site)
            if not target or re.match(r'[a-z]+:', target): continue
            page = target[1:] if target.startswith('/') else os.path.normpath(folder/target).replace(os.sep, '/')
            if page not in pages: found.append(f'{notebook.name}: {target} leads nowhere')
    return found


UNSAFE = {  # what runs code from the file it reads, and why it is not called
    'pickle': {'load', 'loads', 'Unpickler'}, 'dill': {'load', 'loads'}, 'cloudpickle': {'load', 'loads'},
    'joblib': {'load'}, 'marshal': {'load', 'loads'},
    'shelve': {'open'}, 'jsonpickle': {'decode'}, 'pandas': {'read_pickle'},
    'yaml': {'load', 'load_all', 'unsafe_load', 'unsafe_load_all', 'full_load', 'full_load_all'},
    'torch': {'load'}, 'np': {'load'}, 'numpy': {'load'}, 'torch.jit': {'load'},
    'torch.hub': {'load'}, 'torch.export': {'load'}, 'keras.models': {'load_model'}}


def _named(node: ast.AST) -> str:
    "`a.b.c` of an expression; '' where it is none."
    parts = []
    while isinstance(node, ast.Attribute): parts, node = [node.attr, *parts], node.value
    return '.'.join([node.id, *parts]) if isinstance(node, ast.Name) else ''


def _constant(call: ast.Call, name: str):
    "What a keyword is given, if it is written out."
    return next((k.value.value for k in call.keywords if k.arg == name and isinstance(k.value, ast.Constant)), None)


def _why_unsafe(node: ast.AST, renamed: dict[str, str]) -> str:
    "What is wrong with a call or a class; '' where nothing is."
    if isinstance(node, ast.ClassDef):
        return next((f'a class of {b}' for b in map(_named, node.bases)
                     if renamed.get(b, b).endswith('pickle.Unpickler')), '')
    if not isinstance(node, ast.Call): return ''
    if any(k.arg == 'trust_remote_code' and not (isinstance(k.value, ast.Constant) and k.value.value is False)
           for k in node.keywords):
        return 'trust_remote_code'
    name = _named(node.func)
    first, _, rest = name.partition('.')
    name = f'{renamed.get(first, first)}{"." if rest else ""}{rest}'
    if name in ('eval', 'exec', 'builtins.eval', 'builtins.exec'): return f'{name} of a text'
    if (name.endswith(('.extractall', '.unpack_archive')) and _constant(node, 'filter') != 'data'
        or name == 'unpack_archive'):
        return "an archive unpacked without filter='data'"
    module, _, function = name.rpartition('.')
    if function not in UNSAFE.get(module, ()): return ''
    if name == 'torch.load' and _constant(node, 'weights_only') is True: return ''
    if (module in ('np', 'numpy') and _constant(node, 'allow_pickle') in (None, False)
        and not any(k.arg == 'allow_pickle' and not isinstance(k.value, ast.Constant) for k in node.keywords)):
        return ''
    if name == 'yaml.load' and any(k.arg == 'Loader' and _named(k.value).endswith(('SafeLoader', 'Loader'))
                                   and _named(k.value) not in ('yaml.Loader', 'yaml.FullLoader', 'yaml.UnsafeLoader')
                                   for k in node.keywords):
        return ''
    return name


def unsafe_readers(source: str) -> list[str]:
    "Calls that could run code from a file, as 'line: what', wherever they stand in a module."
    tree, renamed = ast.parse(source), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            renamed |= {a.asname or a.name.partition('.')[0]: a.name if a.asname else a.name.partition('.')[0]
                        for a in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            renamed |= {a.asname or a.name: f'{node.module}.{a.name}' for a in node.names}
    renamed |= {k: 'np' for k, v in renamed.items() if v == 'numpy'}
    return [f'{node.lineno}: {why}' for node in ast.walk(tree) if (why := _why_unsafe(node, renamed))]


EXPORTS = re.compile(r'^#\|\s*export[is]?\b', re.MULTILINE)


def exported_cells(root: Path) -> dict[str, int]:
    "Lines of each exported cell, blank ones and directives aside, by `notebook, cell`."
    found = {}
    for path in notebooks(root):
        for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
            source = ''.join(cell['source'])
            if cell['cell_type'] != 'code' or not EXPORTS.search(source): continue
            found[f'{path.stem}, cell {cell["id"]}'] = sum(bool(line.strip()) and not line.startswith('#|')
                                                           for line in source.splitlines())
    return found


def large_and_several(root: Path) -> list[str]:
    "Exported cells of more than 25 lines that hold more than one function or class."
    found = []
    for path in notebooks(root):
        for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
            source = ''.join(cell['source'])
            if cell['cell_type'] != 'code' or not EXPORTS.search(source): continue
            lines = sum(bool(line.strip()) and not line.startswith('#|') for line in source.splitlines())
            held = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
            if lines > 25 and len(held) > 1: found.append(f'{path.stem}, cell {cell["id"]}')
    return found


def median_cell(root: Path) -> float:
    "Lines of the exported cell in the middle."
    return statistics.median(exported_cells(root).values())


def type_errors(root: Path, *files) -> list[dict]:
    "What basedpyright says of `airl/`, or of some files, as it is configured in pyproject.toml."
    done = run(root, sys.executable, '-m', 'basedpyright', '--outputjson', '--pythonpath', sys.executable, *files)
    if '{' not in done.stdout: raise RuntimeError(f'basedpyright says nothing: {done.stdout}{done.stderr}')
    told = json.loads(done.stdout[done.stdout.index('{'):])['generalDiagnostics']
    return [dict(file=Path(d['file']), line=d['range']['start']['line'] + 1, rule=d.get('rule', ''),
                 message=d['message'].splitlines()[0]) for d in told if d['severity'] == 'error']


def signature_lines(source: str) -> set[int]:
    "The lines on which the signatures of public functions, methods and fields stand."
    found = set()
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.FunctionDef) and not node.name.startswith('_')
            or getattr(node, 'name', '') == '__init__'):
            found |= set(range(node.lineno, max(node.lineno + 1, node.body[0].lineno)))
        if isinstance(node, ast.ClassDef):
            found |= {field.lineno for field in node.body if isinstance(field, ast.AnnAssign)}
    return found
