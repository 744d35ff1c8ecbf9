"""The docs site: python tools/docs.py sidebar (menu, settings copy, map of the rooms) | process (notebooks ready for
Quarto) | build (all of it)"""
import ast
import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import yaml

HOW_TO = ('five_minutes own_folder label_dataset teach_your_own video bench_own api your_files offline colab '
          'several_gpus cluster add_engine upgrade tried faq alternatives').split()  # in this order, the rest after it
COURSES = 'vit_in_an_hour sentence_to_mask'.split()
SECTIONS = {  # heading: the notebooks by number, in the order in which the story is told
    'Classify: a Vision Transformer': '00 01 02 03 03b 03a 03c 04',
    'Classify, the workings': '00a 02a 02b 02c 02d 02e',
    'Segment: a sentence in, masks out': '13 10 11 12 09 14 15 16',
    'Segment, the workings': '07 07a 07b 07c 08 08a 08b 08c 09a 09b 09c 09e 09d 09h 09i 09j 09k 11a 12a 13a 13b 13c '
                             '13d 13e 13f 13g 13h 13i 13j 13k 14a 14b 14c 14d 14e 14f 14g 14h 15a 15b 15c 15d 15e',
    'Command line and page': '20 20a 20b 20c 20d 20e 21 21a 21b 21c',
    'Foundations': '05 05a 05b 05c 05d 06 06a 17 17a 17b 17c 19 19a 19b 19c 19d 19e 19f 19g',
}
ROOMS = '<!-- rooms: made by tools/docs.py -->'  # around the map in CONTRIBUTING.md


def chapters(root: Path) -> dict[str, list[Path]]:
    "The numbered notebooks that exist, by heading; raises for one that stands under none, or under two."
    notebooks, found = {path.name.partition('_')[0]: path for path in sorted(root.glob('nbs/[0-9]*.ipynb'))}, {}
    listed = [number for numbers in SECTIONS.values() for number in numbers.split()]
    if odd := [path.name for number, path in notebooks.items() if listed.count(number) != 1]:
        raise ValueError(f'SECTIONS has to name once: {", ".join(odd)}')
    for heading, numbers in SECTIONS.items():
        if there := [notebooks[n] for n in numbers.split() if n in notebooks]: found[heading] = there
    return found


def in_order(root: Path, folder: str, order: list[str]) -> list[str]:
    "The pages of one folder of nbs/: those that `order` names first, the rest by name."
    names = sorted((path.stem for path in root.glob(f'nbs/{folder}/*.ipynb')),
                   key=lambda name: (order.index(name) if name in order else len(order), name))
    return [f'{folder}/{name}.ipynb' for name in names]


def sidebar(root: Path) -> str:
    "The site's menu as YAML: the notebooks that exist, in the order of the house."
    contents = ['index.ipynb'] if (root/'nbs/index.ipynb').exists() else []
    contents += [{'section': heading, 'contents': [path.name for path in chapter]}
                 for heading, chapter in chapters(root).items()]
    first = [('How to', 'howto', HOW_TO), ('Courses', 'course', COURSES)]
    contents[1:1] = [{'section': heading, 'contents': pages} for heading, folder, order in first
                     if (pages := in_order(root, folder, order))]
    colab = [f'colab/{path.name}' for path in sorted(root.glob('nbs/colab/*.ipynb'))]
    if colab: contents.append({'section': 'Run on Colab', 'contents': colab})
    return yaml.safe_dump({'website': {'sidebar': {'contents': contents}}}, sort_keys=False)


def promise(notebook: Path) -> tuple[str, str]:
    "Title of a notebook, and the line in its `>` quote."
    prose = '\n'.join(''.join(cell['source']) for cell in json.loads(notebook.read_text(encoding='utf-8'))['cells']
                      if cell['cell_type'] == 'markdown')
    found = [re.search(pattern, prose, re.MULTILINE) for pattern in ('^# (.+)', '^> (.+)')]
    return tuple(match[1].strip() if match else '' for match in found)


def llms(root: Path) -> str:
    "llms.txt: what the site has, a line a page, for programs that read (https://llmstxt.org)."
    settings = ConfigParser(delimiters=['='])
    settings.read(root/'settings.ini', encoding='utf-8')
    site = settings['DEFAULT']['doc_host'] + settings['DEFAULT']['doc_baseurl']
    title, line = promise(root/'nbs/index.ipynb')
    text = (f'# {title}\n\n> {line}\n\nInstall: `pip install "airl @ '
            f'git+https://github.com/{settings["DEFAULT"]["user"]}/{settings["DEFAULT"]["repo"]}"`. Shell: `airl '
            '--help`. Python: `from airl import TextDrivenSegmentationPipeline, predict`.\n')
    for entry in yaml.safe_load(sidebar(root))['website']['sidebar']['contents'][1:]:
        text += f'\n## {entry["section"]}\n\n'
        for page in entry['contents']:
            name, what = promise(root/'nbs'/page)
            address = re.sub(r'(^|/)[0-9]+[a-z]*_', r'\1', page.removesuffix('.ipynb')) + '.html'
            text += f'- [{name}]({site}/{address}): {what}\n'
    return text


def rooms_map(root: Path) -> str:
    "A line per module, from the first lines of the notebook that it is exported from."
    text = ROOMS
    for heading, chapter in chapters(root).items():
        text += f'\n\n**{heading}**\n'
        for path in chapter:
            module = re.search(r'#\| default_exp (\w+)', path.read_text(encoding='utf-8'))
            text += f'\n- [`{module[1]}`](nbs/{path.name}): {promise(path)[1]}'
    return f'{text}\n\n{ROOMS}'


def contributing(root: Path) -> str:
    "CONTRIBUTING.md with the map as it should be."
    before, _, after = (root/'CONTRIBUTING.md').read_text(encoding='utf-8').split(ROOMS)
    return before + rooms_map(root) + after


def write_settings(root: Path):
    "nbs/sidebar.yml, nbs/llms.txt, nbs/_quarto.yml (a copy of the one at the root) and the map in CONTRIBUTING.md."
    (root/'CONTRIBUTING.md').write_text(contributing(root), encoding='utf-8', newline='\n')
    (root/'nbs/llms.txt').write_text(llms(root), encoding='utf-8', newline='\n')
    (root/'nbs/sidebar.yml').write_text(sidebar(root), encoding='utf-8')
    shutil.copy(root/'_quarto.yml', root/'nbs/_quarto.yml')


def is_mixed(cell) -> bool:
    """Whether a cell that is not exported has imports and other code: nbdev would run it alone, without what it builds
    on."""
    kinds = {type(statement) for statement in cell.parsed_() or ()}
    return not {'export', 'exports', 'exporti'} & set(cell.directives_) and bool(kinds - {ast.Import, ast.ImportFrom})


def page_filter():
    """nbdev's processors for a page, running only exported cells and cells of imports to look functions up for
    `show_doc`."""
    from nbdev import processors

    class RunExports(processors.exec_show_docs):
        def __call__(self, cell):
            if cell.source.startswith('show_doc(') or cell.cell_type == 'code' and not is_mixed(cell):
                super().__call__(cell)

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
