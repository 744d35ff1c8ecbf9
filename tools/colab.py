"What Colab needs of the notebooks, made from settings.ini: python tools/colab.py [--check]"
import json
import re
import sys
from configparser import ConfigParser
from pathlib import Path

PICTURE = 'https://colab.research.google.com/assets/colab-badge.svg'
BADGE = re.compile(r'\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)')
FIRST = re.compile(r"^#\| hide\nimport sys\nif 'google\.colab' in sys\.modules:\s")
INSTALL_LINE = re.compile(r"'install -q [^']*git\+https://[^']*'")


def settings(root: Path) -> dict:
    parser = ConfigParser(delimiters=['='])
    parser.read(root/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']


def badge(root: Path, notebook: Path) -> str:
    "The link that opens a notebook of this repository in Colab."
    s, path = settings(root), notebook.relative_to(root).as_posix()
    return ('[![Open in '
            f'Colab]({PICTURE})](https://colab.research.google.com/github/{s["user"]}/{s["repo"]}/blob/{s["branch"]}/{path})')


def install_line(root: Path) -> str:
    "What pip is told: the package from its repository. Its lower bounds leave Colab's own torch alone."
    s = settings(root)
    return f"'install -q git+https://github.com/{s['user']}/{s['repo']}@{s['branch']}'"


def first_cell(root: Path) -> str:
    "The hidden cell that installs the package where a notebook runs in Colab."
    return ("#| hide\nimport sys\nif 'google.colab' in sys.modules:\n    get_ipython().run_line_magic('pip', "
            f"{install_line(root)})")


def stamped(root: Path, notebook: Path) -> str:
    "The text of a notebook with its badge and, if it is numbered or a course, its first cell as settings.ini says."
    content = json.loads(notebook.read_text(encoding='utf-8'))
    cells, numbered = content['cells'], notebook.name[:2].isdecimal() or notebook.parent.name == 'course'
    for cell in cells:
        source = BADGE.sub(lambda _: badge(root, notebook), ''.join(cell['source']))
        if cell['cell_type'] == 'code': source = INSTALL_LINE.sub(lambda _: install_line(root), source)
        cell['source'] = source.splitlines(keepends=True)
    if numbered and not any(FIRST.match(''.join(cell['source'])) for cell in cells):
        new = dict(cell_type='code', execution_count=None, id='c01ab001', metadata={},
                   outputs=[], source=first_cell(root).splitlines(keepends=True))
        cells.insert(1, new)
    return json.dumps(content, indent=1, ensure_ascii=False) + '\n'


def notebooks(root: Path) -> list[Path]:
    return [path for pages in ('[0-9]*', 'course/*', 'colab/*') for path in sorted(root.glob(f'nbs/{pages}.ipynb'))]


def out_of_step(root: Path) -> list[str]:
    "Notebooks whose badge or first cell is not what settings.ini gives."
    found = []
    for notebook in notebooks(root):
        text = notebook.read_text(encoding='utf-8')
        if json.loads(text) != json.loads(stamped(root, notebook)):
            found.append(f'{notebook.name}: run `python tools/colab.py`')
        if not BADGE.search(text): found.append(f'{notebook.name}: has no badge')
    return found


if __name__ == '__main__':
    here = Path.cwd()
    if '--check' in sys.argv: sys.exit('\n'.join(out_of_step(here)))
    for path in notebooks(here): path.write_text(stamped(here, path), encoding='utf-8', newline='\n')
