"The docs site: python tools/docs.py sidebar (menu and settings copy) | process (notebooks ready for Quarto) | build (all of it)"
import ast
import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import yaml

HOW_TO = 'own_folder label_dataset offline colab several_gpus cluster add_engine faq alternatives'.split()  # in this order, the rest after it
SECTIONS = {  # heading: first and last notebook number
    'Classify: a Vision Transformer': (0, 4),
    'Segment: a sentence in, masks out': (5, 16),
    'The house': (17, 99),
}


def sidebar(root: Path) -> str:
    "The site's menu as YAML: the notebooks that exist, in the order of the house."
    notebooks = sorted(root.glob('nbs/[0-9]*.ipynb'))
    contents = ['index.ipynb'] if (root/'nbs/index.ipynb').exists() else []
    for heading, (first, last) in SECTIONS.items():
        chapter = [path.name for path in notebooks if first <= int(path.name[:2]) <= last]
        if chapter: contents.append({'section': heading, 'contents': chapter})
    how_to = sorted((path.stem for path in root.glob('nbs/howto/*.ipynb')), key=lambda name: (HOW_TO.index(name) if name in HOW_TO else len(HOW_TO), name))
    if how_to: contents.insert(1, {'section': 'How to', 'contents': [f'howto/{name}.ipynb' for name in how_to]})
    colab = [f'colab/{path.name}' for path in sorted(root.glob('nbs/colab/*.ipynb'))]
    if colab: contents.append({'section': 'Run on Colab', 'contents': colab})
    return yaml.safe_dump({'website': {'sidebar': {'contents': contents}}}, sort_keys=False)


def promise(notebook: Path) -> tuple[str, str]:
    "Title of a notebook, and the line in its `>` quote."
    prose = '\n'.join(''.join(cell['source']) for cell in json.loads(notebook.read_text(encoding='utf-8'))['cells'] if cell['cell_type'] == 'markdown')
    found = [re.search(pattern, prose, re.MULTILINE) for pattern in ('^# (.+)', '^> (.+)')]
    return tuple(match[1].strip() if match else '' for match in found)


def llms(root: Path) -> str:
    "llms.txt: what the site has, a line a page, for programs that read (https://llmstxt.org)."
    settings = ConfigParser(delimiters=['='])
    settings.read(root/'settings.ini', encoding='utf-8')
    site = settings['DEFAULT']['doc_host'] + settings['DEFAULT']['doc_baseurl']
    title, line = promise(root/'nbs/index.ipynb')
    text = f'# {title}\n\n> {line}\n\nInstall: `pip install airl`. Shell: `airl --help`. Python: `from airl import TextDrivenSegmentationPipeline, predict`.\n'
    for entry in yaml.safe_load(sidebar(root))['website']['sidebar']['contents'][1:]:
        text += f'\n## {entry["section"]}\n\n'
        for page in entry['contents']:
            name, what = promise(root/'nbs'/page)
            address = re.sub(r'(^|/)[0-9]+[a-z]*_', r'\1', page.removesuffix('.ipynb')) + '.html'
            text += f'- [{name}]({site}/{address}): {what}\n'
    return text


def write_settings(root: Path):
    "nbs/sidebar.yml, nbs/llms.txt and nbs/_quarto.yml, a copy of the one at the root."
    (root/'nbs/llms.txt').write_text(llms(root), encoding='utf-8', newline='\n')
    (root/'nbs/sidebar.yml').write_text(sidebar(root), encoding='utf-8')
    shutil.copy(root/'_quarto.yml', root/'nbs/_quarto.yml')


def is_mixed(cell) -> bool:
    "Whether a cell that is not exported has imports and other code: nbdev would run it alone, without what it builds on."
    kinds = {type(statement) for statement in cell.parsed_() or ()}
    return not {'export', 'exports', 'exporti'} & set(cell.directives_) and bool(kinds - {ast.Import, ast.ImportFrom})


def page_filter():
    "nbdev's processors for a page, running only exported cells and cells of imports to look functions up for `show_doc`."
    from nbdev import processors

    class RunExports(processors.exec_show_docs):
        def __call__(self, cell):
            if cell.source.startswith('show_doc(') or cell.cell_type == 'code' and not is_mixed(cell): super().__call__(cell)

    class PageFilter(processors.FilterDefaults):
        def base_procs(self): return [RunExports if p is processors.exec_show_docs else p for p in super().base_procs()]
    return PageFilter


def process(root: Path) -> Path:
    "Run nbdev's processors over the notebooks into _proc, which is what Quarto renders."
    import nbdev.serve
    from nbdev.quarto import refresh_quarto_yml
    write_settings(root)
    refresh_quarto_yml()
    nbdev.serve.FilterDefaults = page_filter()
    return nbdev.serve.proc_nbs(root/'nbs', n_workers=0, force=True)


def build(root: Path):
    "Render the site into _docs."
    if not shutil.which('quarto'):
        print('The site needs Quarto, which is not installed here: https://quarto.org/docs/get-started/')
        return
    processed = process(root)
    subprocess.run(['quarto', 'render', '--no-execute'], cwd=processed, check=True)
    shutil.rmtree(root/'_docs', ignore_errors=True)
    shutil.move(processed/'_docs', root/'_docs')


if __name__ == '__main__':
    {'sidebar': write_settings, 'process': process, 'build': build}[sys.argv[1]](Path.cwd())
