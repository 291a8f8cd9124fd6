"""The marketer's page in a real browser: signed in, read, moved, published and rolled back; every page clean by axe."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from engine import campaigns
from engine.settings import ROOT
from tests.browser.conftest import SCREENSHOTS, SECONDS_MAX
from tests.conftest import Postgres
from tests.desk.support import add_experiment, live_through
from tests.support import Served, admit, ask, config_copy, serving

pytestmark = pytest.mark.xdist_group("console")

TABLET = {"width": 820, "height": 1180}
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
PAGES = ("", "/wheel", "/report", "/versions", "/fairness", "/explain")


@dataclass
class Office:
    """An engine with an experiment of four months behind it, and keys to its console."""

    served: Served
    database_url: str
    marketer: str
    auditor: str


@pytest.fixture(scope="module")
def office(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    database_url = postgres.create(template)
    config = config_copy(tmp_path_factory.mktemp("office"))
    add_experiment(config)
    with serving(database_url, MAKEGOOD_CONFIG=str(config)) as served:
        live_through(database_url, campaigns.load(config).versions[0], 12_000)
        yield Office(served, database_url, admit(database_url, role="marketer"), admit(database_url, role="auditor"))


@pytest.fixture
def page(browser: Browser, office: Office) -> Iterator[Page]:
    """A tablet; whatever its scripts or its policy complain of fails the test."""
    context = browser.new_context(viewport=TABLET, locale="en-GB", permissions=["clipboard-read", "clipboard-write"])  # type: ignore[arg-type]  # Playwright's own type of the same shape
    context.set_default_timeout(SECONDS_MAX * 1000)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{office.served.url}/console")
    yield page
    context.close()
    assert not faults, faults


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Today at a glance").wait_for()


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"console-{name}.png", full_page=True)


def refuse_violations(page: Page) -> None:
    """Run axe inside the page, past its policy, and fail for every violation."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE})
    told = session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run().then(({violations}) => JSON.stringify("
            "violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(' ')}`)))",
            "awaitPromise": True,
        },
    )
    assert told["result"]["value"] == "[]", told["result"]["value"]


def test_a_stranger_is_asked_for_a_key_and_told_when_it_is_none(page: Page) -> None:
    refuse_violations(page)
    shoot(page, "sign-in")
    page.get_by_label("Your key").fill("mk_nonsense")
    page.get_by_role("button", name="Sign in").click()
    assert "not known here" in page.get_by_role("alert").inner_text()
    assert page.url.endswith("error=key-wrong&lang=en")


def test_every_page_is_clean_on_a_tablet_in_both_languages(page: Page, office: Office) -> None:
    sign_in(page, office.marketer)
    for language in ("en", "fr"):
        for path in PAGES:
            page.goto(f"{office.served.url}/console{path}?lang={language}")
            page.wait_for_load_state("networkidle")
            assert page.locator("html").get_attribute("lang") == language
            refuse_violations(page)
            shoot(page, f"{path.strip('/') or 'today'}-{language}")
            text = page.locator("body").inner_text()
            assert "console-" not in text.replace("/console", ""), "a sentence is missing"
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= TABLET["width"], f"{path}: {width} px wide"


def test_sliders_forecast_again_and_hand_back_the_file_to_publish(page: Page, office: Office) -> None:
    sign_in(page, office.marketer)
    page.goto(f"{office.served.url}/console/wheel")
    before = page.locator("[data-figure=spin]").inner_text()
    slider = page.get_by_label("20% off")
    slider.focus()
    for _ in range(16):
        slider.press("ArrowRight")
    page.get_by_text("“discount-20”").or_(page.get_by_text('"discount-20" becomes more likely')).first.wait_for()
    assert page.locator("[data-figure=spin]").inner_text() != before
    toml = page.locator("#toml").inner_text()
    assert 'reward = "discount-20"\nweight = 20' in toml
    assert "# what it becomes when its stock" in toml, "comments stay"
    refuse_violations(page)
    shoot(page, "wheel-moved")

    page.get_by_label("Why (kept with the version)").fill("A louder wheel")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Publish this").click()
    page.get_by_role("status").wait_for()
    assert "A louder wheel" in page.locator(".versions li").first.inner_text()
    live = ask(office.database_url, "SELECT max(number) FROM publications")
    assert ask(office.database_url, "SELECT by FROM publications WHERE number = %s", live) == "a test"
    shoot(page, "versions-published")

    page.get_by_role("button", name="Go back to this 1").click()
    page.get_by_role("status").wait_for()
    assert ask(office.database_url, "SELECT restores FROM publications ORDER BY number DESC LIMIT 1") == 1
    page.get_by_role("link", name="Files").first.click()
    assert 'reward = "discount-20"\nweight = 4' in "\n".join(page.locator("pre").all_inner_texts())


def test_the_report_answers_the_question_and_a_what_if(page: Page, office: Office) -> None:
    sign_in(page, office.marketer)
    page.goto(f"{office.served.url}/console/report")
    assert "Wheel earns more than doing nothing" in page.locator(".answer").inner_text()
    assert "as designed" in page.get_by_role("heading", name="as designed").locator("..").inner_text()
    assert page.locator("img.chart").evaluate("image => image.complete && image.naturalWidth > 100")
    page.get_by_label("Slice").select_option("discount-20")
    page.get_by_label("Its odds, in percent").fill("8")
    page.get_by_role("button", name="Ask").click()
    assert "Doubly robust" in page.locator("dl.pairs").inner_text()
    page.wait_for_load_state("networkidle")
    shoot(page, "what-if")


def test_why_a_shopper_got_that_is_told_by_any_of_its_ids(page: Page, office: Office) -> None:
    sign_in(page, office.marketer)
    offer = ask(office.database_url, "SELECT id::text FROM offers WHERE arm = 'wheel' LIMIT 1")
    page.goto(f"{office.served.url}/console/explain")
    page.get_by_label("Offer, stockout or shopper id").fill(offer)
    page.get_by_role("button", name="Tell").click()
    told = page.locator("dl.pairs").first.inner_text()
    assert "Wheel, 40%" in told
    assert "discount-5" in told
    shoot(page, "explained")


def test_an_auditor_looks_and_changes_nothing(page: Page, office: Office) -> None:
    sign_in(page, office.auditor)
    page.goto(f"{office.served.url}/console/wheel")
    assert page.get_by_role("button", name="Publish this").count() == 0
    page.goto(f"{office.served.url}/console/versions")
    assert page.get_by_role("button", name="Go back").count() == 0
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Your key").wait_for()
    page.goto(f"{office.served.url}/console/wheel")
    page.get_by_label("Your key").wait_for()
