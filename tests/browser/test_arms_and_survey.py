"""What the arms of an experiment show, and the two questions: after the moment, never before."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, SCREENSHOTS, SECONDS_MAX
from tests.conftest import Postgres
from tests.desk.support import arms_text
from tests.support import Served, ask, bearer, campaign, config_copy, serving, slice_, stockout

pytestmark = pytest.mark.xdist_group("arms")

ARMS = (("wheel", 25), ("sure", 25), ("apology", 25), ("holdout", 25))


@pytest.fixture(scope="module")
def engine(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    text = campaign(slice_("discount-5", 3), slice_("free-shipping", 1), arms_text(ARMS))
    database_url = postgres.create(template)
    config = config_copy(tmp_path_factory.mktemp("arms"), one=text)
    with serving(database_url, MAKEGOOD_CONFIG=str(config)) as served:
        yield served, database_url


@pytest.fixture
def page(browser: Browser, engine: tuple[Served, str]) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")  # type: ignore[arg-type]  # Playwright's own type of the same shape
    context.set_default_timeout(SECONDS_MAX * 1000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{engine[0].url}/verify")
    yield page
    context.close()
    assert not faults, faults


def report(served: Served, arm: str) -> str:
    """Report stockouts of fresh shoppers until one is in the arm, and return the token."""
    for _ in range(100):
        answer = httpx.post(f"{served.url}/v1/stockouts", headers=bearer(served.key), json=stockout())
        token: str = answer.json()["shopper_token"]
        if httpx.get(f"{served.url}/v1/offer", headers=bearer(token)).json()["arm"] == arm:
            return token
    raise AssertionError(f"nobody of 100 is in {arm}")


FOCUSED = "() => document.activeElement.shadowRoot.activeElement.textContent"
_SHOW = """async ([token, survey]) => {
  await import("/widget.js");
  const element = document.createElement("makegood-stockout");
  element.setAttribute("token", token);
  element.setAttribute("locale", "en");
  element.setAttribute("apply-url", "/pay?code={code}");
  if (survey) element.setAttribute("survey", "");
  element.append("Our own words.");
  const shown = new Promise((done) => element.addEventListener("makegood:offer", done, { once: true }));
  document.querySelector("main").replaceChildren(element);
  await shown;
}"""


def show(page: Page, token: str, *, survey: bool = False) -> Any:
    page.evaluate(_SHOW, [token, survey])
    return page.locator("makegood-stockout")


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_the_holdout_sees_the_shops_own_words_and_nothing_else(page: Page, engine: tuple[Served, str]) -> None:
    widget = show(page, report(engine[0], "holdout"), survey=True)
    assert widget.get_by_text("Our own words.").is_visible()
    assert widget.locator("[part=card]").count() == 0
    assert widget.locator(".survey").count() == 0


def test_an_apology_is_an_apology(page: Page, engine: tuple[Served, str]) -> None:
    widget = show(page, report(engine[0], "apology"))
    apology = widget.locator("[part=sorry]").inner_text()
    assert apology.startswith("Ada, we are sorry.")
    assert "that is our mistake, not yours" in apology
    assert widget.get_by_role("button").count() == 0
    shoot(page, "arm-apology")


def test_a_sure_reward_is_taken_in_one_press_and_shown_again(page: Page, engine: tuple[Served, str]) -> None:
    token = report(engine[0], "sure")
    widget = show(page, token, survey=True)
    assert "€7.72 off" in widget.locator("[part=sure]").inner_text()
    parts = widget.evaluate(
        "node => Array.from(node.shadowRoot.querySelector('.card').children, (one) => one.part.value)"
    )
    assert parts[:4] == ["truth", "sorry", "alternatives", "sure"]
    assert widget.locator(".survey").count() == 0, "never before"
    widget.get_by_role("button", name="Take it").click()
    code = widget.locator("[part=code]").inner_text()
    assert widget.get_by_role("heading", name="Yours: €7.72 off").is_visible(), "nothing was drawn, and nobody has won"
    assert widget.locator("[part=apply]").get_attribute("href") == f"/pay?code={code}"
    widget.locator(".survey").wait_for()
    shoot(page, "arm-sure")
    again = show(page, token, survey=True)
    assert again.locator("[part=code]").inner_text() == code
    assert again.locator(".survey").count() == 0, "it was asked before"


def test_two_questions_follow_a_spin_and_reach_the_engine(page: Page, engine: tuple[Served, str]) -> None:
    served, database_url = engine
    widget = show(page, report(served, "wheel"), survey=True)
    assert widget.locator(".survey").count() == 0
    widget.get_by_role("button", name="Spin the wheel").click()
    widget.get_by_role("group", name="How well did we handle this?").get_by_label("4").check()
    widget.get_by_role("group", name="How likely are you").get_by_label("10").check()
    shoot(page, "survey")
    widget.get_by_role("button", name="Send").press("Enter")
    widget.get_by_text("It helps us do better").wait_for()
    assert page.evaluate(FOCUSED) == "Thank you. It helps us do better.", "the focus is not lost with the form"
    told = ask(
        database_url,
        "SELECT string_agg(kind || ' ' || score, ', ' ORDER BY kind) FROM outcomes WHERE kind IN ('csat', 'nps')",
    )
    assert told == "csat 4, nps 10"


def test_no_answer_is_told_to_be_none(page: Page, engine: tuple[Served, str]) -> None:
    widget = show(page, report(engine[0], "wheel"), survey=True)
    widget.get_by_role("button", name="No thanks").click()
    widget.get_by_role("button", name="Send").click()
    expect(widget.locator(".survey [role=alert]")).to_have_text("Choose a number first, or leave it: both are fine.")


def test_the_survey_is_as_wide_as_the_card(page: Page, engine: tuple[Served, str]) -> None:
    widget = show(page, report(engine[0], "wheel"), survey=True)
    widget.get_by_role("button", name="Spin the wheel").click()
    boxes = [widget.locator(which).bounding_box() for which in (".survey", ".rows")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["width"] == boxes[1]["width"]


def test_a_chosen_answer_is_seen_in_forced_colours(page: Page, engine: tuple[Served, str]) -> None:
    page.emulate_media(forced_colors="active")
    widget = show(page, report(engine[0], "wheel"), survey=True)
    widget.get_by_role("button", name="No thanks").click()
    widget.get_by_label("3", exact=True).first.check()
    colours = widget.locator("[name=csat] + span").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).backgroundColor)"
    )
    assert colours[2] not in {*colours[:2], *colours[3:]}


@pytest.mark.parametrize(
    ("status", "said"), [(410, "This can no longer be taken."), (503, "The connection was lost, and nothing else")]
)
def test_a_sure_reward_that_cannot_be_had_is_not_called_a_lost_line(
    page: Page, engine: tuple[Served, str], status: int, said: str
) -> None:
    widget = show(page, report(engine[0], "sure"))
    refused = {"code": "offer_expired", "detail": "over", "status": status}
    page.route("**/v1/offer/accept?*", lambda route: route.fulfill(status=status, json=refused))
    widget.get_by_role("button", name="Take it").click()
    expect(widget.locator("[part=sure] [role=alert]")).to_contain_text(said)


def test_who_declines_is_asked_too(page: Page, engine: tuple[Served, str]) -> None:
    widget = show(page, report(engine[0], "wheel"), survey=True)
    widget.get_by_role("button", name="No thanks").click()
    widget.get_by_role("group", name="How well did we handle this?").get_by_label("1", exact=True).check()
    widget.get_by_role("button", name="Send").click()
    widget.get_by_text("It helps us do better").wait_for()


def test_who_declines_and_then_spins_after_all_did_not_decline(page: Page, engine: tuple[Served, str]) -> None:
    widget = show(page, report(engine[0], "wheel"), survey=True)
    widget.get_by_role("button", name="No thanks").click()
    widget.get_by_role("group", name="How well did we handle this?").get_by_label("2", exact=True).check()
    widget.locator("[part=reopen]").click()
    assert widget.locator(".survey").count() == 0, "the moment is not over yet"
    widget.get_by_role("button", name="Spin the wheel").click()
    survey = widget.locator(".survey")
    survey.wait_for()
    assert survey.get_by_label("2", exact=True).first.is_checked(), "what was ticked is not lost"
    with page.expect_request("**/v1/offer/survey*") as sent:
        widget.get_by_role("button", name="Send").click()
    assert sent.value.post_data_json == {"csat": 2, "declined": False}
    widget.get_by_text("It helps us do better").wait_for()
