"""A browser, and shoppers in it whose every request, console line and policy violation is watched."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from engine.settings import ROOT
from tests.chromium import chromium
from tests.conftest import Postgres
from tests.support import Served, bearer, serving

SCREENSHOTS = ROOT / "tests" / "screenshots"
# For a machine that has much else to do; whatever is right is there far sooner.
SECONDS_MAX = 30
expect.set_options(timeout=SECONDS_MAX * 1000)
PHONE = {"width": 360, "height": 760}
DESKTOP = {"width": 1280, "height": 900}
# A demo's days pass at a click; `makegood run` gives its tokens as long.
PATIENT_TOKEN_SECONDS = str(400 * 24 * 3600)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, no longer than a module: while it is open, no test here can run an event loop of its own."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def movable(postgres: Postgres, template: str, ground: Path) -> Iterator[Served]:
    """A demo shop with shelves to fill and a clock to move."""
    clock = str(ground / f"demo-clock-{uuid4().hex}")
    database_url = postgres.create(template)
    with serving(
        database_url, demo=True, MAKEGOOD_DEMO_CLOCK=clock, MAKEGOOD_TOKEN_SECONDS=PATIENT_TOKEN_SECONDS
    ) as served:
        yield served


@pytest.fixture
def demo(movable: Served) -> Served:
    """The same at the start of the story: the lamp has just sold out, and nobody waits for it."""
    answer = httpx.post(f"{movable.url}/demo/api/stock/LAMP-38/sell-out", json={})
    assert answer.is_success, answer.text
    return movable


@dataclass
class Visitor:
    """One shopper's browser window, and the steps a shopper takes in the demo shop."""

    page: Page
    base: str
    key: str  # the shop's
    name: str  # of the screenshots
    language: str = "en"
    hosts: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    shots: int = 0

    def __post_init__(self) -> None:
        self.first = self.page  # a test may go on in another tab

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def shoot(self, step: str) -> None:
        """Save what is seen now, to look at."""
        self.shots += 1
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.locator("main > *").first.wait_for()
        self.page.wait_for_function("() => Array.from(document.images).every((image) => image.complete)")
        size = self.page.viewport_size
        assert size is not None
        # As high as the page: what sticks to the window's edge then stands where the page ends.
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
        self.page.screenshot(path=SCREENSHOTS / f"{self.name}-{self.shots:02d}-{step}.png")
        self.page.set_viewport_size(size)

    @property
    def offer(self) -> Locator:
        """The sold-out moment in the basket."""
        return self.page.locator("makegood-stockout")

    @property
    def spin(self) -> Locator:
        return self.offer.locator("[part=spin]")

    @property
    def result(self) -> Locator:
        return self.offer.locator("[part=result]")

    @property
    def code(self) -> str:
        return self.result.locator("[part=code]").inner_text()

    def meet_the_stockout(self, sku: str = "LAMP-38") -> None:
        """Put the lamp in the basket, and find it gone there."""
        self.go(f"/product/{sku}?lang={self.language}")
        self.page.locator(".buy .button").click()
        self.page.locator(".told a").click()
        self.offer.locator("[part=card]").wait_for()

    def unfold(self, row: str) -> Locator:
        """Open one of the other things a shopper may do, and return what is in it."""
        self.offer.locator(f"[part='row {row}'] > summary").click()
        inside = self.offer.locator(f"[part='row {row}'] .inside > *")
        inside.wait_for()
        return inside

    def watch(self) -> None:
        """Note every host that is spoken to, every script error and every violation of the page's policy."""

        def seen(request: Request) -> None:
            address = urlsplit(request.url)
            if address.scheme not in {"data", "blob"}:
                self.hosts.add(address.netloc)

        def said(message: ConsoleMessage) -> None:
            if "Content Security Policy" in message.text:
                self.faults.append(message.text)

        self.page.context.on("request", seen)
        self.page.context.on("console", said)
        self.page.context.on("weberror", lambda error: self.faults.append(str(error.error)))

    def forget(self) -> None:
        """Leave nothing behind: no later test finds this shopper in a queue."""
        shopper_id = self.first.evaluate("JSON.parse(sessionStorage.getItem('demo') ?? '{}').shopper_id")
        httpx.delete(f"{self.base}/v1/shoppers/{shopper_id}", headers=bearer(self.key))

    def check(self) -> None:
        assert self.hosts <= {urlsplit(self.base).netloc}, f"somebody else was asked: {self.hosts}"
        assert not self.faults, self.faults


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """What opens a shopper's window; when the test is over, nothing may have gone elsewhere or been refused."""
    visitors: list[Visitor] = []

    def visit(
        served: Served, language: str = "en", *, size: dict[str, int] = DESKTOP, motion: str = "reduce", **more: Any
    ) -> Visitor:
        context = browser.new_context(
            locale={"fr": "fr-FR", "en": "en-GB"}[language],
            viewport=size,  # type: ignore[arg-type]  # Playwright's own type of the same shape
            reduced_motion=motion,  # type: ignore[arg-type]  # one of its words
            permissions=["clipboard-read", "clipboard-write"],
            timezone_id="Europe/Paris",
            **more,
        )
        context.set_default_timeout(SECONDS_MAX * 1000)
        name = request.node.name.removeprefix("test_").replace("[", "-").removesuffix("]")
        visitor = Visitor(context.new_page(), served.url, served.key, name, language)
        visitor.watch()
        visitors.append(visitor)
        return visitor

    yield visit
    for visitor in visitors:
        visitor.forget()
        # What a page asks for as it goes is nobody's concern any more, and may not fail the next test.
        for page in visitor.page.context.pages:
            page.unroute_all(behavior="ignoreErrors")
        visitor.page.context.close()
    for visitor in visitors:
        visitor.check()
