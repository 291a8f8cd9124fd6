"""The pictures of README and docs, taken from the present look: `python -m tests.pictures`, or `make pictures`.

A real engine with its demo shop, a real Chromium, and for the themed one the very sheet that docs/theming.md shows.
"""

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from engine import embedded
from engine.db import migrate
from engine.settings import ROOT
from tests.chromium import chromium
from tests.support import Served, serving

PICTURES = ROOT / "docs" / "img"
THEMING = ROOT / "docs" / "theming.md"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>pictures</title>
<script type="module" src="/widget.js"></script>
<style>:root {{ color-scheme: {scheme} }} body {{ margin: 12px; font-family: sans-serif }} {sheet}</style>
<makegood-stockout token="{token}" locale="en"></makegood-stockout>"""
THEME = {"width": 400, "height": 1000}
BASKET = {"width": 800, "height": 1400}


def main() -> None:
    sheet = re.findall(r"```css\n(.*?)```", THEMING.read_text(encoding="utf-8"), re.DOTALL)[0]
    with tempfile.TemporaryDirectory(prefix="makegood-pictures-") as text:
        folder = Path(text)
        folder.chmod(0o711)
        with embedded.running(folder / "postgres") as url:
            migrate.upgrade(url)
            with serving(url, demo=True) as served, chromium() as browser:
                token = _basket(browser, served)
                for name, scheme, own in (("plain", "light", ""), ("own", "light", sheet), ("dark", "dark", "")):
                    _theme(browser, served, name, PAGE.format(scheme=scheme, sheet=own, token=token))


def _page(browser: Browser, size: dict[str, int]) -> Page:
    context = browser.new_context(viewport=size, locale="en-GB", reduced_motion="reduce")  # type: ignore[arg-type]  # Playwright's own type of the same shape
    return context.new_page()


def _basket(browser: Browser, served: Served) -> str:
    """Picture the wheel and its prize in the demo's basket; return the token of a stockout that was not spun yet."""
    for spins in (True, False):
        page = _page(browser, BASKET)
        page.goto(f"{served.url}/product/LAMP-38?lang=en")
        page.locator(".buy .button").click()
        page.locator(".told a").click()
        element = page.locator("makegood-stockout")
        element.locator("[part='row notice']").wait_for()
        if spins:
            element.locator("[part=spin]").click()
            element.locator("[part=result]").wait_for()
            element.locator("[part=survey]").evaluate("survey => survey.remove()")
            page.locator(".demo-bar").evaluate("bar => bar.remove()")
            _seen(page)
            element.screenshot(path=PICTURES / "wheel.png", animations="disabled")
        token = element.get_attribute("token")
        page.context.close()
    return token or ""


def _theme(browser: Browser, served: Served, name: str, text: str) -> None:
    page = _page(browser, THEME)
    page.route("**/pictures", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(f"{served.url}/pictures")
    page.locator("[part='row notice']").wait_for()
    _seen(page)
    page.screenshot(path=PICTURES / f"theme-{name}.png", animations="disabled")
    page.context.close()


def _seen(page: Page) -> None:
    """Wait until every picture of the element is there."""
    page.wait_for_function(
        "() => [...document.querySelector('makegood-stockout').shadowRoot.querySelectorAll('img')]"
        ".every((image) => image.complete && image.naturalWidth)"
    )


if __name__ == "__main__":
    main()
