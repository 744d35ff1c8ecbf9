"The page, driven in a headless Chromium as a person would, and judged by axe-core. Skips where no browser is."
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

gradio = pytest.importorskip('gradio', reason='the extra `app` is not installed')
playwright = pytest.importorskip('playwright.sync_api', reason='Playwright is not installed')
WAIT = 120_000  # ms, for a loaded machine
HERE = {key: value for key, value in os.environ.items() if key != 'IN_TEST'}


def browser_of(p):
    "Chromium as the system has it, or as Playwright brought it; a skip where neither is."
    system = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
    if not system and not Path(p.chromium.executable_path).exists():
        pytest.skip('no Chromium here: `apt install chromium` or `playwright install chromium`')
    return p.chromium.launch(executable_path=system, args=['--no-sandbox', '--disable-dev-shm-usage'])


@pytest.fixture(scope='module')
def browser():
    with playwright.sync_playwright() as p:
        found = browser_of(p)
        yield found
        found.close()


@pytest.fixture(scope='module')
def address(browser, tmp_path_factory):
    "A server of its own on a free port, as `airl app` starts it; it stops when the tests are through."
    process = subprocess.Popen([sys.executable, '-m', 'airl', 'app', '--port', '0', '--models', 'lite'],
                               stdout=subprocess.PIPE, text=True,
                               env=HERE | {'PYTHONUNBUFFERED': '1'}, cwd=tmp_path_factory.mktemp('served'))
    yield process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    from skimage import data, io
    folder = tmp_path_factory.mktemp('photos')
    io.imsave(folder/'coffee.png', data.coffee(), check_contrast=False)
    (folder/'bad.png').write_bytes(b'not a photo')
    return folder


def opened(browser, address, **options):
    "The page in a fresh window that reaches this machine alone."
    page = browser.new_page(**options)
    page.set_default_timeout(WAIT)
    page.route('**/*', lambda route: route.continue_() if route.request.url.startswith((address, 'data:', 'blob:'))
               else route.abort())
    page.goto(address)
    page.locator('#find').wait_for()
    return page


def find(page, text, answer):
    "Type a text, press the button, wait for the sentence."
    page.locator('#text').locator('textarea, input').fill(text)
    page.locator('#find').click()
    page.locator('#said').get_by_text(answer).wait_for()


def upload(page, path):
    if (clear := page.locator('#photo').get_by_label('Remove Image')).count(): clear.first.click()
    with page.expect_response(lambda response: '/upload?' in response.url):
        page.locator('#photo input[type=file]').set_input_files(path)
    page.locator('#photo').get_by_label('Remove Image').first.wait_for()


def downloaded(page, name) -> Path:
    with page.expect_download() as event: page.get_by_text(name).click()
    return Path(event.value.path())


def violations(page) -> list[str]:
    "What axe-core finds serious or critical."
    from axe_playwright_python.sync_playwright import Axe
    found = [v for v in Axe().run(page).response['violations'] if v['impact'] in ('serious', 'critical')]
    return [f'{v["id"]}: {node["html"][:160]}' for v in found for node in v['nodes']]


def test_a_photo_becomes_a_mask_that_a_click_mends(browser, address, photos):
    import numpy as np
    from PIL import Image
    page = opened(browser, address, viewport=dict(width=1280, height=1000))
    upload(page, photos/'coffee.png')
    find(page, 'a cup', 'Models: lite')
    before = np.asarray(Image.open(downloaded(page, 'Mask (PNG)'))) > 0
    assert before.shape == (400, 600) and before[200, 265]
    y, x = np.argwhere(before[:, 120:180])[-1] + [0, 120]  # at the rim of what was found
    page.get_by_label('remove', exact=True).check()
    picture = page.locator('#result img').first
    box, shown = picture.bounding_box(), picture.evaluate('image => image.src')
    picture.click(position=dict(x=(x + .5)*box['width']/600, y=(y + .5)*box['height']/400))
    page.wait_for_function('shown => document.querySelector("#result img")?.src != shown', arg=shown)
    after = np.asarray(Image.open(downloaded(page, 'Mask (PNG)'))) > 0
    assert not after[y - 2:y + 3, x - 2:x + 3].all() and (after != before).any() and after[200, 265]
    found = json.loads(downloaded(page, 'Everything (JSON)').read_text())
    assert found['present'] and found['instances'][0]['label'] == 'a cup'
    assert np.asarray(Image.open(downloaded(page, 'Cut-out (PNG)'))).shape == (400, 600, 4)
    page.locator('#place').locator('textarea, input').fill('nine')
    page.locator('#place').locator('textarea, input').press('Enter')
    page.locator('#said').get_by_text('no place in the photo').wait_for()
    page.close()


def point(page, x, y, size=(600, 400)):
    "A click on a place of the photo in the result, waited for."
    picture = page.locator('#result img').first
    picture.wait_for()
    picture.scroll_into_view_if_needed()
    box, shown = picture.bounding_box(), picture.evaluate('image => image.src')
    zoom = min(box['width']/size[0], box['height']/size[1])     # it is shown whole, with room beside or above it
    left, top = (box['width'] - zoom*size[0])/2, (box['height'] - zoom*size[1])/2
    picture.click(position=dict(x=left + (x + .5)*zoom, y=top + (y + .5)*zoom))
    page.wait_for_function('shown => document.querySelector("#result img")?.src != shown', arg=shown)


def inside(page, selector) -> bool:
    "Whether all of it lies in the window."
    box, size = page.locator(selector).bounding_box(), page.viewport_size
    return (0 <= box['y'] and box['y'] + box['height'] <= size['height'] and 0 <= box['x']
            and box['x'] + box['width'] <= size['width'])


CUT = """() => [...document.querySelectorAll('.caption-label')].filter(e => {
  const own = e.getBoundingClientRect(), around = e.closest('.grid-wrap').getBoundingClientRect();
  return e.scrollWidth > e.clientWidth + 1 || own.bottom > around.bottom + 1 || own.left < around.left; }).map(e => e.textContent)"""   # noqa: E501


@pytest.mark.parametrize('width', [390, 1280])
def test_result_and_its_tools_are_in_sight(browser, address, photos, width):
    """After Find the sentence and the picture are there without scrolling, what a click means stands below it, and no
    caption is cut."""
    page = opened(browser, address, viewport=dict(width=width, height=844))
    upload(page, photos/'coffee.png')
    find(page, 'a cup . a spoon', 'Models: lite')
    page.locator('#result img').first.wait_for()
    assert inside(page, '#said') and inside(page, '#result')
    below = page.locator('#tool').bounding_box()['y'] - page.locator('#result').bounding_box()['y'] - page.locator(
        '#result').bounding_box()['height']
    assert 0 <= below < 60
    page.get_by_text('Why: detections and candidates').click()
    page.locator('.caption-label').first.wait_for()
    assert page.evaluate(CUT) == []
    page.close()


@pytest.fixture(scope='module')
def others(photos):
    "The coffee mirrored, smaller and cut close, and two photos without a cup."
    import numpy as np
    from skimage import data, io
    coffee = data.coffee()
    views = dict(mirrored=coffee[:, ::-1], cut=coffee[20:340, 80:520], cat=data.chelsea())
    for name, view in views.items(): io.imsave(photos/f'{name}.png', np.ascontiguousarray(view), check_contrast=False)
    return [photos/f'{name}.png' for name in views]


@pytest.mark.parametrize('width', [390, 1280])
def test_what_is_pointed_at_in_one_photo_is_found_in_others(browser, address, photos, others, width):
    "No text: two corners on one photo, a name, three other photos; then a click on what a text has found."
    page = opened(browser, address, viewport=dict(width=width, height=844))
    page.locator('#there').click()
    page.locator('#there-said').get_by_text('There is nothing to look for yet').wait_for()
    upload(page, photos/'coffee.png')
    page.locator('#point').click()
    page.locator('#said').get_by_text('Click on the thing').wait_for()
    page.get_by_label('box (click two corners)', exact=True).check()
    point(page, 160, 60)
    page.locator('#said').get_by_text('click on the opposite one').wait_for()
    point(page, 390, 230)
    page.locator('#said').get_by_text('Models: lite').wait_for()
    page.locator('#name').locator('textarea, input').fill('my cup')
    page.locator('#there').click()
    page.locator('#there-said').get_by_text('There are no other photos yet').wait_for()
    page.locator('#others input[type=file]').set_input_files(others)
    page.locator('#others').get_by_text('cut').first.wait_for()
    page.locator('#there').click()
    page.locator('#there-said').get_by_text('Found in 2 of 3 photos').wait_for()
    told = page.locator('#there-pictures .caption-label')
    told.nth(2).wait_for()
    assert ['my cup' in text and 'Not found' not in text for text in told.all_text_contents()] == [True, True, False]
    assert page.evaluate('document.documentElement.scrollWidth') <= width and page.evaluate(CUT) == []
    page.locator('#there-pictures').scroll_into_view_if_needed()
    if folder := os.environ.get('AIRL_SCREENSHOTS'):
        page.screenshot(path=f'{folder}/elsewhere-{width}.png', full_page=True)
    page.close()


def test_mistakes_are_told_in_the_page(browser, address, photos):
    page = opened(browser, address)
    find(page, 'a cup', 'There is no photo yet')
    upload(page, photos/'coffee.png')
    find(page, ' ', 'names nothing to look for')
    find(page, 'a qwertyuiop', 'qwertyuiop')
    find(page, 'a bicycle', 'Not found: a bicycle')
    upload(page, photos/'bad.png')
    find(page, 'a cup', 'is not an image of a kind that Pillow can read')
    page.close()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [390, 1280])
def test_page_fits_and_is_accessible(browser, address, scheme, width):
    pytest.importorskip('axe_playwright_python', reason='axe-core comes with the package axe-playwright-python')
    page = opened(browser, address, viewport=dict(width=width, height=900), color_scheme=scheme)
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    for tab in ('Photo', 'Video', 'Classify', 'Compare', 'About'):
        entry = page.get_by_role('tab', name=tab).first
        if not entry.is_visible(): continue  # in the menu of a narrow window
        entry.click()
        page.wait_for_timeout(400)           # the tab fades in
        assert violations(page) == [], f'{tab}, {scheme}, {width} px'
    page.close()


def test_example_and_enter_are_enough(browser, address):
    page = opened(browser, address)
    page.get_by_text('a cup . a spoon').first.click()
    page.locator('#photo').get_by_label('Remove Image').first.wait_for()
    page.locator('#text').locator('textarea, input').focus()
    page.keyboard.press('Enter')
    page.locator('#said').get_by_text('Models: lite').wait_for()
    page.close()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_gallery_is_accessible_in_both_themes(browser, tmp_path, photos, scheme):
    "The page of a batch follows the browser's theme, and says of its numbers what they are."
    pytest.importorskip('axe_playwright_python', reason='axe-core comes with the package axe-playwright-python')
    from airl.batch import gallery, segment_folder
    segment_folder(photos/'coffee.png', ['a cup', 'a bicycle'], tmp_path, models='lite', workers=0, progress=False)
    page = browser.new_page(viewport=dict(width=390, height=800), color_scheme=scheme)
    page.goto(gallery(tmp_path).as_uri())
    light = page.evaluate('getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) '
                          '=> +a + +b)')/3
    assert (light > 200) if scheme == 'light' else (light < 60)
    assert violations(page) == [] and page.evaluate('document.documentElement.scrollWidth') <= 390
    assert 'uncertainty' in page.locator('figcaption').inner_text()
    assert 'coffee.png' in page.locator('img').get_attribute('alt')
    page.close()
