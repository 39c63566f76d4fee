"""Draw the README's pictures anew: `make screenshots`.

Fills the demo into a temporary folder, opens the pages in Chromium and stores them as small PNG
files. The site's own database and files are not touched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "only-for-pictures"  # noqa: S105
PORT = 8765
COLOURS = 128  # of a palette, which makes a picture a third of its size


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "SECRET_KEY": "",
            "DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3",
            "MEDIA_ROOT": f"{folder}/media",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        }
        command = [sys.executable, ROOT / "manage.py", "start", "--demo", "--port", str(PORT)]
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as site:  # noqa: S603
            try:
                wait_for(f"http://127.0.0.1:{PORT}/", site)
                take_all(f"http://127.0.0.1:{PORT}")
            finally:
                site.terminate()


def wait_for(url: str, site: subprocess.Popen) -> None:
    """Wait until `url` answers; give up when the site has ended."""
    while site.poll() is None:
        try:
            urlopen(url, timeout=5).close()  # noqa: S310
            return
        except OSError:
            time.sleep(0.3)
    sys.exit("The site did not start.")


def take_all(url: str) -> None:
    """Sign in, work a little so that there is something to see, and store the pictures."""
    with sync_playwright() as player:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(base_url=url, viewport={"width": 1280, "height": 840})
        page.goto("/admin/")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_load_state("networkidle")

        open_first(page, "/admin/documents/post/?q=spring")
        delete(page)
        page.click("form:has([name=post]) [type=submit]")
        page.wait_for_load_state("networkidle")

        page.goto("/admin/")
        take(page, "dashboard")
        page.goto("/admin/staff/user/")
        take(page, "people")
        open_first(page, "/admin/staff/user/?q=head+gardener")
        page.locator("#tabs-items a", has_text="Papers").click()
        take(page, "person")
        open_first(page, "/admin/staff/user/?q=head+gardener")
        delete(page)
        take(page, "deletion")
        browser.close()


def open_first(page, path: str) -> None:
    """Open the first row of a list."""
    page.goto(path)
    page.locator("#result_list a[href*='/change/']").first.click()
    page.wait_for_load_state("networkidle")


def delete(page) -> None:
    """Go from a row's page to the one that asks whether to delete it."""
    page.locator("a[href*='/delete/'].submit-delete").click()
    page.wait_for_load_state("networkidle")


def take(page, name: str) -> None:
    """Store the page as docs/images/<name>.png."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    file = ROOT / "docs" / "images" / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
