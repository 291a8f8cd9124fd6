"""The browser of every test, bench and picture: Debian's Chromium, without the window that nobody would see."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# The first is the same Chromium for half the work: it keeps no tabs, profiles and extensions beside the page.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open one, and close it. One that is missing fails: what needs a browser is never skipped in silence."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, "Chromium is missing; `make browser` gets it or says how"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
