"""The wheel in a real browser: from a sold-out product to a code that was used, and what may go wrong on the way."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, Visit, Visitor
from tests.support import Served, bearer

pytestmark = pytest.mark.xdist_group("browser")

ANGLE = """disc => {
  const { a, b } = new DOMMatrix(getComputedStyle(disc).transform);
  return ((Math.atan2(b, a) / Math.PI) * 180 + 360) % 360;
}"""
KEYS_MAX = 60


def status_of(served: Served, code: str) -> str:
    answer = httpx.get(f"{served.url}/v1/codes/{code}", headers=bearer(served.key))
    return str(answer.json()["status"])


def hear_spins(page: Page) -> list[dict[str, Any]]:
    """Collect what the engine answers to every spin."""
    heard: list[dict[str, Any]] = []

    def note(response: Any) -> None:
        if urlpath(response.url) == "/v1/offer/spin":
            heard.append(response.json())

    page.on("response", note)
    return heard


def first_spin(page: Page, spins: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first answer heard; the page may show it a moment before its body is read here."""
    for _ in range(100):
        if spins:
            return spins[0]
        page.wait_for_timeout(20)
    raise AssertionError("no spin was answered")


def urlpath(url: str) -> str:
    return httpx.URL(url).path


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("fr", PHONE, "light"), ("en", DESKTOP, "light"), ("fr", DESKTOP, "dark")],
    ids=["fr-phone", "en-desktop", "fr-dark"],
)
def test_a_basket_becomes_a_redeemed_code(
    demo: Served, visit: Visit, language: str, size: dict[str, int], scheme: str
) -> None:
    shopper = visit(demo, language, size=size, color_scheme=scheme)
    page = shopper.page
    shopper.go(f"/?lang={language}")
    shopper.shoot("shop")
    page.locator(".tour .button").click()
    shopper.shoot("product")
    page.locator(".buy .button").click()
    page.locator(".told a").click()
    expect(shopper.spin).to_be_enabled()
    expect(page.locator("html")).to_have_attribute("lang", language)
    shopper.shoot("offer")

    page.locator("makegood-stockout [part=odds] summary").click()
    shopper.shoot("odds")
    shopper.spin.click()
    expect(shopper.result).to_contain_text("✓")
    shopper.shoot("result")
    shopper.result.locator("[part=copy]").click()
    expect(shopper.result.locator("[part=copy]")).to_contain_text("✓")
    code = shopper.code
    assert page.evaluate("navigator.clipboard.readText()") == code
    assert status_of(demo, code) == "issued"

    # The basket holds nothing to pay for: another lamp takes the missing one's place.
    page.locator(".line.gone .tools button").first.click()
    page.locator(".summary a[href='/checkout']").click()
    page.locator("#code").fill(code.lower())
    shopper.shoot("checkout")
    page.locator(".code-entry form .button").click()
    expect(page.locator(".held [role=status]")).to_contain_text("✓")
    assert status_of(demo, code) == "reserved"
    shopper.shoot("reserved")
    page.locator(".summary .button").click()
    expect(page.locator(".thanks")).to_be_visible()
    shopper.shoot("thanks")
    assert status_of(demo, code) == "redeemed"


def test_the_wheel_turns_and_rests_where_the_proof_says(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "en", motion="no-preference")
    spins = hear_spins(shopper.page)
    shopper.meet_the_stockout()
    disc = shopper.offer.locator(".disc")
    shopper.spin.click()
    shopper.page.wait_for_function("disc => disc.getAnimations().length", arg=disc.element_handle())
    moving = {round(disc.evaluate(ANGLE), 3) for _ in range(5)}
    assert len(moving) > 1
    assert not shopper.result.is_visible()
    shopper.result.wait_for()
    stop = float(first_spin(shopper.page, spins)["stop"])
    assert disc.evaluate(ANGLE) == pytest.approx(-360 * stop % 360, abs=1e-3)


def test_reduced_motion_shows_the_result_without_a_turn(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "fr", motion="reduce")
    spins = hear_spins(shopper.page)
    shopper.meet_the_stockout()
    shopper.page.evaluate("() => { Element.prototype.animate = () => { throw new Error('something moves') } }")
    shopper.spin.click()
    expect(shopper.result).to_be_visible()
    disc = shopper.offer.locator(".disc")
    stop = float(first_spin(shopper.page, spins)["stop"])
    assert disc.evaluate(ANGLE) == pytest.approx(-360 * stop % 360, abs=1e-3)


def test_a_double_click_is_one_spin(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    asked: list[str] = []
    shopper.page.on("request", lambda request: asked.append(urlpath(request.url)))
    shopper.meet_the_stockout()
    shopper.spin.dblclick()
    shopper.result.wait_for()
    assert asked.count("/v1/offer/spin") == 1


def test_a_reload_shows_the_same_result(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    shopper.meet_the_stockout()
    shopper.spin.click()
    shopper.result.wait_for()
    code, prize = shopper.code, shopper.result.locator("h3").inner_text()
    shopper.page.reload()
    shopper.result.wait_for()
    assert (shopper.code, shopper.result.locator("h3").inner_text()) == (code, prize)
    expect(shopper.result).to_contain_text("already")
    shopper.shoot("again")


def press_until(visitor: Visitor, selector: str) -> None:
    """Press Tab until the focus is on what `selector` names, inside shadow trees too."""
    focused = """selector => {
      let node = document.activeElement;
      while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
      return Boolean(node?.matches(selector));
    }"""
    for _ in range(KEYS_MAX):
        if visitor.page.evaluate(focused, selector):
            return
        visitor.page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {selector}")


def test_the_keyboard_alone_is_enough(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "en")
    keys = shopper.page.keyboard
    shopper.go("/?lang=en")
    press_until(shopper, ".tour .button")
    keys.press("Enter")
    shopper.page.wait_for_url("**/product/**")
    press_until(shopper, ".buy .button")
    keys.press("Space")
    press_until(shopper, ".told a")
    keys.press("Enter")
    shopper.spin.wait_for()
    press_until(shopper, "[part=spin]")
    keys.press("Enter")
    shopper.result.wait_for()
    expect(shopper.offer.locator("[part=card] > .live")).to_have_text(re.compile("You won"))
    expect(shopper.result.locator("h3")).to_be_focused()
    press_until(shopper, "[part=copy]")
    keys.press("Enter")
    expect(shopper.result.locator("[part=copy]")).to_contain_text("✓")
    assert shopper.page.evaluate("navigator.clipboard.readText()") == shopper.code


def tampered(route: Route) -> None:
    """Answer a spin as a dishonest shop would: another seed than the one it was committed to."""
    answer = route.fetch()
    body = answer.json()
    body["proof"]["server_seed"] = "00" * 32
    route.fulfill(response=answer, body=json.dumps(body))


def test_a_tampered_proof_is_told(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "fr")
    shopper.page.route("**/v1/offer/spin*", tampered)
    shopper.meet_the_stockout()
    shopper.spin.click()
    expect(shopper.result.locator("[role=alert]")).to_contain_text("n’a pas pu confirmer")
    assert shopper.code
    shopper.shoot("warning")
    with shopper.page.context.expect_page() as opened:
        shopper.result.locator("a", has_text="Vérifier").click()
    expect(opened.value.locator("#verdict")).to_have_class("bad")
    expect(opened.value.locator(".check.bad")).not_to_have_count(0)


def test_anybody_can_check_a_spin_without_its_code(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "fr")
    shopper.meet_the_stockout()
    shopper.spin.click()
    shopper.result.wait_for()
    code = shopper.code
    with shopper.page.context.expect_page() as opened:
        shopper.result.locator("a", has_text="Vérifier").click()
    expect(opened.value.locator("#verdict")).to_have_class("good")
    expect(opened.value.locator("[data-step=secret]")).to_be_visible()
    assert code not in opened.value.content()
    shopper.page = opened.value
    shopper.shoot("verify")


def test_without_the_engine_the_shop_keeps_its_own_words(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    shopper.page.route("**/v1/**", lambda route: route.abort())
    shopper.go("/product/LAMP-38?lang=en")
    shopper.page.locator(".buy .button").click()
    shopper.page.locator(".told a").click()
    expect(shopper.offer.locator(".notice")).to_be_visible()
    expect(shopper.offer.locator("[part=card]")).to_have_count(0)
    shopper.shoot("no-engine")


def test_a_lost_answer_costs_no_spin(demo: Served, visit: Visit) -> None:
    """The engine drew, the answer was lost on the way: another press shows the very same draw."""
    shopper = visit(demo)
    lost: list[dict[str, Any]] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().json())
        route.abort()

    # A page that hears of a change asks again, and would find the draw by itself.
    shopper.page.route("**/v1/live?*", lambda route: route.abort())
    shopper.meet_the_stockout()
    shopper.page.route("**/v1/offer/spin*", lose, times=1)
    shopper.spin.click()
    expect(shopper.spin).to_have_text("Try again")
    shopper.shoot("lost")
    with shopper.page.expect_response("**/v1/offer/spin*") as answered:
        shopper.spin.click()
    shopper.result.wait_for()
    assert [answered.value.json()] == lost


def test_whoever_declines_can_change_their_mind(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    shopper.meet_the_stockout()
    shopper.offer.locator("[part=decline]").click()
    expect(shopper.offer.locator(".disc")).to_have_count(0)
    shopper.shoot("declined")
    shopper.offer.get_by_role("button", name="Show the wheel").click()
    expect(shopper.spin).to_be_focused()


def test_who_is_not_eligible_is_told_why(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    shopper.go("/product/VASE-21?lang=en")
    expect(shopper.offer).to_contain_text("already in a basket")
    expect(shopper.spin).to_have_count(0)
    shopper.shoot("refused")
