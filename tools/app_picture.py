"The page of `airl app` as a picture, nbs/images/app.png, from a headless Chromium: python tools/app_picture.py"
import io
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from contrast import chromium

ROOT = Path(__file__).resolve().parent.parent
WAIT = 300_000   # ms, for a loaded machine
SIZE = dict(width=1000, height=980)


def asked(page, photo: Path, text: str):
    "Upload a photo, say what to look for, wait for the answer."
    page.locator('#find').wait_for()
    page.locator('#photo input[type=file]').set_input_files(photo)
    page.locator('#photo').get_by_label('Remove Image').first.wait_for()
    page.locator('#text').locator('textarea, input').fill(text)
    page.locator('#find').click()
    page.locator('#said').get_by_text('Models: ').wait_for()
    page.locator('#result img').first.wait_for()
    page.evaluate('scrollTo(0, 0)')


def picture(address: str, photo: Path, text: str) -> bytes:
    "The page after an answer, as a PNG."
    from playwright.sync_api import sync_playwright
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=['--no-sandbox', '--disable-dev-shm-usage'])
        page = browser.new_page(viewport=SIZE, color_scheme='light')
        page.set_default_timeout(WAIT)
        page.route('**/*', lambda route: route.continue_() if route.request.url.startswith((address, 'data:', 'blob:'))
                   else route.abort())
        page.goto(address)
        asked(page, photo, text)
        page.wait_for_timeout(2000)          # what moves has come to rest
        png = page.screenshot()
        browser.close()
    return png


def main():
    from PIL import Image
    from skimage import data
    server = subprocess.Popen([sys.executable, '-m', 'airl', 'app', '--port', '0', '--models', 'lite'],
                              stdout=subprocess.PIPE, text=True,
                              env=os.environ | {'PYTHONUNBUFFERED': '1'})
    try:
        with tempfile.TemporaryDirectory() as folder:
            Image.fromarray(data.chelsea()).save(photo := Path(folder)/'cat.png')
            png = picture(server.stdout.readline().strip(), photo, 'a cat . a cup')
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    Image.open(io.BytesIO(png)).convert('RGB').quantize(128).save(ROOT/'nbs/images/app.png', optimize=True)


if __name__ == '__main__': main()
