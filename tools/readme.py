"README.md from nbs/index.ipynb, its pictures into assets/: python tools/readme.py"
import base64
import json
import posixpath
import re
from pathlib import Path

WARNING = '<!-- Made from nbs/index.ipynb by `make readme`: edit the notebook. -->'
TARGETS = re.compile(r'(\]\(|src="|href=")([^)"\s]+)([)"])')  # of links and pictures, in Markdown and HTML


def is_elsewhere(target: str) -> bool:
    "Whether a link leads to the web or into its own page."
    return bool(re.match(r'[a-z]+:|#', target))


def from_root(markdown: str) -> str:
    "Links and pictures that are relative to nbs/, as seen from the root of the repository."
    def moved(found):
        before, target, after = found.groups()
        return found[0] if is_elsewhere(target) else before + posixpath.normpath(f'nbs/{target}') + after
    return TARGETS.sub(moved, markdown)


def directives(source: str) -> set[str]:
    "nbdev's and Quarto's directives of a cell, such as `hide` or `echo: false`."
    return {line[2:].strip() for line in source.splitlines() if line.startswith('#|')}


def alternative(marks: set[str]) -> str:
    "What a cell's `fig-alt` says its picture shows."
    return next((mark.partition(':')[2].strip().strip('"') for mark in marks if mark.startswith('fig-alt:')), '')


def render_output(output: dict, name: str, pictures: dict, shows: str) -> str:
    """One output of a code cell as Markdown; its picture, if it has one, goes into `pictures` under `name`, and its
    alternative is what it `shows`."""
    data = output.get('data', {})
    if 'image/png' in data:
        pictures[f'assets/{name}.png'] = base64.b64decode(''.join(data['image/png']))
        return f'![{shows}](assets/{name}.png)'
    if 'text/markdown' in data: return from_root(''.join(data['text/markdown']))
    text = ''.join(output.get('text') or data.get('text/plain') or [])
    return f'```\n{text.rstrip()}\n```' if text.strip() else ''


def render(notebook: Path) -> tuple[str, dict[str, bytes]]:
    "The Markdown of `notebook`, and its pictures by path."
    parts, pictures = [], {}
    for cell in json.loads(notebook.read_text(encoding='utf-8'))['cells']:
        source = ''.join(cell['source'])
        marks = directives(source)
        if cell['cell_type'] == 'markdown': parts.append(from_root(source))
        if cell['cell_type'] != 'code' or 'hide' in marks: continue
        code = '\n'.join(line for line in source.splitlines() if not line.startswith('#|')).strip()
        if code and 'echo: false' not in marks: parts.append(f'```python\n{code}\n```')
        if 'output: false' not in marks:
            parts += [render_output(output, f'index_{len(pictures)}', pictures, alternative(marks))
                      for output in cell['outputs']]
    title, *rest = [part for part in parts if part]
    return '\n\n'.join([WARNING, title, *rest]) + '\n', pictures


if __name__ == '__main__':
    text, pictures = render(Path('nbs/index.ipynb'))
    Path('README.md').write_text(text, encoding='utf-8', newline='\n')
    for old in Path('assets').glob('index_*.png'): old.unlink()
    for path, png in pictures.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(png)
