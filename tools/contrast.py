"""Pages of the docs as HTML, light and dark, judged by axe-core in a headless Chromium, and their tables at a phone's
width: python tools/contrast.py [NAME ...]"""
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# prose and tables, pictures, wide tables, code with figures
PAGES = 'index howto/five_minutes howto/upgrade 07b_drawing'.split()
# colours of Jupyter's own: the site has Quarto's there
JUPYTERS = [['.highlight'], ['.jp-InputPrompt'], ['.jp-OutputPrompt']]
STYLES = (ROOT/'nbs/styles.css').read_text(encoding='utf-8')
PHONE = dict(width=390, height=844)
CUT = ("() => [...document.querySelectorAll('table')].filter(t => t.getBoundingClientRect().right > innerWidth).map(t "
       "=> t.innerText.trim().slice(0, 60))")
RULES = ['color-contrast', 'link-name', 'heading-order', 'scrollable-region-focusable']


def chromium() -> str | None:
    "A Chromium of the system's; None where there is none."
    return next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)


def as_html(notebook: Path, theme: str) -> str:
    "A notebook as Jupyter exports it, in the theme 'light' or 'dark', with the site's own styles."
    from nbconvert import HTMLExporter
    html, _ = HTMLExporter(theme=theme).from_filename(str(notebook))
    return html.replace('</head>', f'<style>{STYLES}</style></head>')


def complaints(notebooks: list[Path], themes=('light', 'dark')) -> list[str]:
    "What axe-core finds in the pages, a line per element, and the tables that a phone's window cuts off."
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright
    found = []
    with sync_playwright() as p, tempfile.TemporaryDirectory() as folder:
        browser = p.chromium.launch(executable_path=chromium(), args=['--no-sandbox', '--disable-dev-shm-usage'])
        for notebook in notebooks:
            for theme in themes:
                (page_file := Path(folder)/'page.html').write_text(as_html(notebook, theme), encoding='utf-8')
                page = browser.new_page(color_scheme=theme)
                page.route('http*://**/*', lambda route: route.abort())      # badges and formulas: nothing is fetched
                page.goto(page_file.as_uri(), wait_until='domcontentloaded')
                judged = Axe().run(page, context=dict(exclude=JUPYTERS),
                                   options=dict(runOnly=dict(type='rule', values=RULES))).response['violations']
                found += [f'{notebook.stem}, {theme}: {v["id"]}: {node["html"][:120]}'
                          for v in judged for node in v['nodes']]
                page.set_viewport_size(PHONE)
                found += [f'{notebook.stem}, {theme}: table wider than a phone: {text!r}'
                          for text in page.evaluate(CUT)]
                page.close()
        browser.close()
    return found


if __name__ == '__main__':
    lines = complaints([ROOT/f'nbs/{name}.ipynb' for name in sys.argv[1:] or PAGES])
    print(*lines, sep='\n')
    sys.exit(bool(lines))
