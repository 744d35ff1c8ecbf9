"Pages of the docs can be read, in light and in dark: axe-core judges them as HTML. Skips where no browser is."
import json

import contrast
import pytest

pytest.importorskip('playwright', reason='Playwright is not installed')
pytest.importorskip('axe_playwright_python', reason='axe-core comes with the package axe-playwright-python')
pytestmark = pytest.mark.skipif(not contrast.chromium(), reason='no Chromium here: `apt install chromium`')


@pytest.mark.parametrize('name', contrast.PAGES)
def test_page_can_be_read(root, name):
    found = contrast.complaints([root/f'nbs/{name}.ipynb'])
    assert not found, '\n'.join(['', *found])


def test_faint_text_silent_links_and_cut_tables_are_noticed(root, tmp_path, monkeypatch):
    monkeypatch.setattr(contrast, 'STYLES', '')            # without them no table scrolls
    page = json.loads((root/'nbs/howto/offline.ipynb').read_text(encoding='utf-8'))
    page['cells'][0]['source'] = ['# Faint\n', '\n', '<p style="color: #888">too faint for a light page, and for a '
                                                     'dark one: <span style="color: #333">this</span></p>\n',
                                  '<a href="offline.html"><span></span></a>\n', '\n',
                                  '| a | b |\n| --- | --- |\n| ', 'w'*30, ' | ', 'w'*30, ' |']
    (tmp_path/'faint.ipynb').write_text(json.dumps(page))
    found = contrast.complaints([tmp_path/'faint.ipynb'])
    assert {line.split(': ')[0] + ': ' + line.split(': ')[1]
            for line in found} == {f'faint, {theme}: {rule}' for theme in ('light', 'dark')
                                   for rule in ('color-contrast', 'link-name', 'table wider than a phone')}
