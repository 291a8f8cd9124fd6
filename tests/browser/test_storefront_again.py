"""What befalls the storefront away from the straight way: hostile pages, held keys, news at the wrong moment."""

import re
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, Visit, Visitor
from tests.browser.test_storefront import (
    ARABIC,
    Engine,
    Met,
    arrived,
    engine,
    fresh,
    plenty,
    shop_page,
    show,
    speak,
    unfold,
    violations,
)
from tests.support import Served

__all__ = ["engine"]  # a fixture

pytestmark = pytest.mark.xdist_group("browser")

FOCUSED = """() => {
  let one = document.activeElement;
  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  return one.textContent;
}"""


def account(visitor: Visitor, met: Met) -> Locator:
    shop_page(visitor)
    return show(visitor, "makegood-patience", token=met.token, locale="en")


def test_what_is_kept_for_somebody_is_not_called_missing(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = plenty(engine, "en")
    address = "/buy?sku={sku}&hold={hold_id}"
    element = show(visitor, "makegood-stockout", token=met.token, locale="en", **{"buy-url": address})
    expect(element.locator("[part=truth]")).to_contain_text("is back")
    expect(element.locator("[part=buy]")).to_have_attribute(
        "href", re.compile(rf"/buy\?sku={met.sku}&hold=[0-9a-f-]+$")
    )
    for part in ("sorry", "alternatives", "row notice"):
        assert element.locator(f"[part='{part}']").count() == 0, part


def test_what_is_back_needs_nothing_in_its_place(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=arrived(engine, "en").token, locale="en")
    expect(element.locator("[part=truth]")).to_contain_text("is back")
    assert element.locator("[part=alternatives]").count() == 0


def test_a_wheel_whose_time_is_over_is_not_shown(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)

    def over(route: Route) -> None:
        came = route.fetch()
        reason = {"code": "offer_expired", "message": "This offer’s time is over."}
        none = {"eligible": False, "wheel": None, "patience": None, "reasons": [reason]}
        route.fulfill(response=came, json={**came.json(), "offer": came.json()["offer"] | none})

    visitor.page.route("**/v1/moment?*", over)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    expect(element.locator("[part=refusal]")).to_contain_text("This offer’s time is over.")
    assert element.locator("[part=spin]").count() == 0


HOSTILE = """() => Object.assign(document.body.style, {
  whiteSpace: "nowrap", textIndent: "3em", letterSpacing: ".5em", textAlign: "center", color: "red",
})"""


@pytest.mark.parametrize("name", ["makegood-stockout", "makegood-patience"])
def test_what_a_page_hands_down_spoils_no_card(engine: Engine, visit: Visit, name: str) -> None:
    visitor = visit(engine.served, "en", size=PHONE)
    shop_page(visitor)
    token = fresh(engine, "en").waits().token
    element = show(visitor, name, token=token, locale="en")
    looks = "node => JSON.stringify([node.scrollWidth, node.offsetHeight, getComputedStyle(node).color])"
    before = element.locator("h2").first.evaluate(looks)
    visitor.page.evaluate(HOSTILE)
    assert element.locator("h2").first.evaluate(looks) == before


def test_two_moments_on_one_page_are_told_apart(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    visitor.page.evaluate(
        """token => {
          const first = document.querySelector("makegood-stockout");
          const second = first.cloneNode(true);
          second.setAttribute("product", "Another lamp");
          second.setAttribute("token", token);
          first.after(second);
        }""",
        fresh(engine, "en").token,
    )
    visitor.page.locator("[part=spin]").nth(1).wait_for()
    assert violations(visitor.page) == []
    expect(visitor.page.get_by_role("region", name="“Another lamp” is sold out.")).to_be_visible()


@pytest.mark.parametrize(
    ("label", "weight", "lines"),
    [("Free shipping", 25, 2), ("A morning with our lamp maker", 90, 4), ("Donaudampfschifffahrtsgesellschaft", 90, 0)],
)
def test_a_long_label_stands_in_as_many_lines_as_its_slice_has_room_for(
    engine: Engine, visit: Visit, label: str, weight: int, lines: int
) -> None:
    visitor = visit(engine.served, "en", size=PHONE)
    shop_page(visitor)

    def other(route: Route) -> None:
        came = route.fetch()
        told = came.json()
        slices = [{"slice": "a", "reward": "a", "label": label, "weight": weight}]
        rest = {"slice": "b", "reward": "b", "label": "Tea", "weight": 100 - weight}
        told["offer"]["wheel"] |= {"slices": [*slices, rest], "total_weight": 100}
        route.fulfill(response=came, json=told)

    visitor.page.route("**/v1/moment?*", other)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    written = element.locator(".disc g").first.locator("tspan")
    assert written.count() == lines
    assert " ".join(written.all_text_contents()) == (label if lines else "")
    disc = element.locator(".disc").bounding_box()
    assert disc is not None
    for line in written.all():
        box = line.bounding_box()
        assert box is not None
        assert disc["x"] <= box["x"]
        assert box["x"] + box["width"] <= disc["x"] + disc["width"]


HEARD = """() => {
  window.sounding = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...all) {
    window.sounding += 1;
    this.context.addEventListener("statechange", () => { if (this.context.state === "closed") window.sounding = 0; });
    return start.apply(this, all);
  };
}"""


def test_sound_that_is_switched_off_is_off_at_once(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", motion="no-preference")
    shop_page(visitor)
    visitor.page.evaluate(HEARD)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    element.locator("[part=sound]").click()
    visitor.page.wait_for_function("() => window.sounding === 4")
    element.locator("[part=spin]").click()
    visitor.page.wait_for_function("() => window.sounding > 4")
    element.locator("[part=sound]").click()
    visitor.page.wait_for_function("() => window.sounding === 0")
    element.locator(".disc").evaluate("disc => disc.getAnimations().forEach((one) => one.finish())")
    element.locator("[part=result]").wait_for()
    assert visitor.page.evaluate("() => window.sounding") == 0


def test_the_sound_switch_covers_no_slice(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", size={"width": 320, "height": 800})
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    switch, wheel = (element.locator(which).bounding_box() for which in ("[part=sound]", ".disc"))
    assert switch is not None
    assert wheel is not None
    assert min(switch["width"], switch["height"]) >= 40
    middle = (wheel["x"] + wheel["width"] / 2, wheel["y"] + wheel["height"] / 2)
    apart = (
        (switch["x"] + switch["width"] / 2 - middle[0]) ** 2 + (switch["y"] + switch["height"] / 2 - middle[1]) ** 2
    ) ** 0.5
    assert apart >= 0.97 * wheel["width"] / 2 + switch["width"] / 2 - 1


def test_who_has_joined_hears_of_points_and_of_the_hold_on_the_same_page(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = engine.report("en")
    engine.stock(met.sku, available=0, expected_on="2097-06-01")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    unfold(visitor.page, "wait")
    element.locator("[part=enrol]").click()
    expect(element.locator("[part=joined]")).to_be_focused()
    expect(element.locator("[part=ring]")).to_contain_text("2")
    engine.stock(met.sku, available=0, expected_on="2097-06-20")
    expect(element.locator("[part=ring]")).to_contain_text("5")
    expect(element.locator(".wait > .live")).to_contain_text("5 points You are waiting, and it counts 2 points to go")
    expect(element.locator("[part=joined]")).to_be_focused()
    visitor.page.evaluate("() => document.activeElement.blur()")
    engine.stock(met.sku, available=1)
    expect(element.locator("[part=joined]")).to_have_text("It is back, and kept for you")
    expect(element.locator("[part='row notice']")).to_have_count(0)
    expect(element.locator(".live").first).to_contain_text("“Lune 38” is back 5 points It is back, and kept for you")


def test_a_hold_that_is_over_is_not_kept_on_the_page(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = engine.report("en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    unfold(visitor.page, "wait")
    element.locator("[part=enrol]").click()
    expect(element.locator("[part=joined]")).to_be_focused()
    engine.stock(met.sku, available=1)
    expect(element.locator("[part=joined]")).to_have_text("It is back, and kept for you")
    element.locator("[part=joined]").focus()
    waiting = met.call("GET", "enrolments")["enrolments"][0]["enrolment_id"]
    met.call("DELETE", f"enrolments/{waiting}")
    expect(element.locator("[part=joined]")).to_have_count(0)
    visitor.page.wait_for_function(f"() => ({FOCUSED})() === '“Lune 38” is back'")


def test_good_news_that_is_over_is_not_told(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    sku = f"SKU-{uuid4().hex[:8]}"
    engine.stock(sku, available=9)
    met = engine.report("en", sku=sku).offered()
    engine.stock(sku, available=0)
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    expect(element.locator("[part=truth]")).to_contain_text("is sold out")
    expect(element.locator("[part=sorry]")).to_be_visible()


def test_a_double_click_does_not_leave_the_line(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", size={"width": 1024, "height": 900})
    programme = account(visitor, fresh(engine, "en").waits())
    programme.locator("[part=leave]").dblclick()
    expect(programme.locator("[part=confirm]")).to_be_visible()
    visitor.page.wait_for_timeout(300)
    assert programme.locator("[part=status]").count() == 0


def test_the_focus_stays_on_an_alternative_while_another_sells_out(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    skus = [f"A-{uuid4().hex[:8]}" for _ in range(2)]
    given = [{"sku": sku, "title": f"Lune {index}", "url": f"/p/{sku}"} for index, sku in enumerate(skus)]
    met = engine.report("en", alternatives=given)
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    element.locator("[part=alternative]").first.focus()
    for sku, left, focus in ((skus[1], 1, "Lune 0"), (skus[0], 0, "“Lune 38” is sold out.")):
        engine.stock(sku, available=0)
        engine.stock(met.sku, available=0, expected_on=f"2097-06-0{left + 1}")
        expect(element.locator("[part=alternative]")).to_have_count(left)
        visitor.page.wait_for_function(f"text => ({FOCUSED})() === text", arg=focus)


def test_a_held_key_answers_no_question(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    programme = account(visitor, fresh(engine, "en").waits())
    programme.locator("[part=leave]").focus()
    for _ in range(6):
        visitor.page.keyboard.down("Enter")
    visitor.page.keyboard.up("Enter")
    expect(programme.locator(".asking")).to_be_focused()
    expect(programme.locator("[part=confirm]")).to_be_visible()
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    expect(programme.locator("[part=status]")).to_be_visible()


@pytest.mark.parametrize(("stage", "first", "kept"), [("in_cart", "decline", "spin"), ("ordered", "cancel", "cancel")])
def test_a_held_key_neither_spins_nor_goes_round(
    engine: Engine, visit: Visit, stage: str, first: str, kept: str
) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = engine.report("en", stage=stage)
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    element.locator(f"[part={first}]").focus()
    for _ in range(6):
        visitor.page.keyboard.down("Enter")
    visitor.page.keyboard.up("Enter")
    expect(element.locator(f"[part={kept}]")).to_have_count(0)
    assert element.locator("[part=result]").count() == 0


def test_news_keeps_the_focus_on_a_copied_code(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    met = fresh(engine, "en").waits()

    def won(route: Route) -> None:
        came = route.fetch()
        told = came.json()
        if "milestones" in told:
            award = {"award_id": "1", "reward": "x", "label": "Tea", "code": "AAAA-BBBBB-CCCCC", "status": "issued"}
            told["milestones"][1] |= {"status": "reached", "award": award | {"expires_at": "2097-01-01T00:00:00Z"}}
        route.fulfill(response=came, json=told)

    visitor.page.route("**/v1/enrolments*/**", won)
    visitor.page.route("**/v1/enrolments/*", won)
    programme = account(visitor, met)
    programme.locator("[part=copy]").focus()
    engine.stock(met.sku, available=0, expected_on="2097-06-20")
    expect(programme.locator("[part=restock]")).to_contain_text("2097")
    expect(programme.locator("[part=copy]")).to_be_focused()


def test_a_code_that_could_not_be_sent_is_said_to_be(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").spun().token, locale="en")
    said = element.locator("[part=result] [role=alert]")
    for status, code, told in ((503, "unavailable", "connection was lost"), (409, "conflict", "open any more")):
        answer = {"code": code, "detail": code, "status": status}
        visitor.page.route("**/v1/awards/*/send?*", partial(_refuse, answer))
        element.locator("[part=send]").click()
        expect(said).to_contain_text(re.compile(told))
    assert said.count() == 1


def _refuse(answer: dict[str, Any], route: Route) -> None:
    route.fulfill(status=answer["status"], json=answer)


def test_a_spin_that_failed_is_no_longer_said_to_turn(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    visitor.page.route("**/v1/offer/spin?*", lambda route: route.fulfill(status=503, json={}))
    element.locator("[part=spin]").click()
    expect(element.locator(".panel .note")).to_contain_text("lost")
    expect(element.locator("[part=card] > .live")).to_be_empty()


def test_a_shelf_does_not_keep_the_word_of_another_product(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    gone = f"SKU-{uuid4().hex[:8]}"
    engine.stock(gone, available=0)
    visitor.page.evaluate(
        """sku => {
          const shelf = Object.assign(document.createElement("makegood-stock"), { id: "s" });
          shelf.setAttribute("sku", sku);
          document.querySelector("main").append(shelf);
        }""",
        gone,
    )
    shelf = visitor.page.locator("#s")
    expect(shelf).to_have_attribute("state", "out")
    visitor.page.route("**/v1/availability*", lambda route: route.abort())
    shelf.evaluate("node => document.querySelector('main').prepend(node)")
    expect(shelf).to_have_attribute("state", "out")
    shelf.evaluate("node => node.setAttribute('sku', 'ANOTHER')")
    expect(shelf).not_to_have_attribute("state", "out")


def test_a_spin_is_checked_in_the_language_it_was_made_in(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", size={"width": 320, "height": 700})
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "fr").spun().token, locale="fr")
    page = visitor.page
    page.goto(str(element.locator("[part=result] a[target]").get_attribute("href")))
    expect(page.locator("h1")).to_have_text("Vérifier un tirage")
    page.locator("#entry summary").click()
    page.locator("#receipt").fill(page.url)
    page.locator("#entry button").click()
    expect(page.locator("#verdict")).to_be_focused()


BROKEN = [
    '{"wheel":{"slices":[null]},"spin":{"proof":{"offer_id":"a"}}}',
    '{"wheel":{"slices":[{}]},"spin":{"proof":{"offer_id":5}}}',
]


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_receipt_is_called_none(engine: Engine, visit: Visit, text: str) -> None:
    visitor = visit(engine.served, "en")
    visitor.go("/verify?lang=en")
    visitor.page.locator("#receipt").fill(text)
    visitor.page.locator("#entry button").click()
    expect(visitor.page.locator("#verdict")).to_contain_text("receipt")


def test_who_is_faster_than_the_words_is_answered_all_the_same(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/verify/messages/*", hold)
    visitor.go("/verify?lang=en")
    visitor.page.locator("#receipt").fill("{}")
    visitor.page.locator("#entry button").click()
    held[0].continue_()
    expect(visitor.page.locator("#verdict")).to_contain_text("receipt")


def test_a_long_label_does_not_push_the_proof_off_a_small_phone(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", size={"width": 320, "height": 700})
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").spun().token, locale="en")
    page = visitor.page
    page.goto(str(element.locator("[part=result] a[target]").get_attribute("href")))
    page.locator("#steps table").wait_for()
    page.locator("#steps tbody th").evaluate_all(
        "all => all.forEach((one) => (one.firstChild.data = 'Kaminzimmer'.repeat(4)))"
    )
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320


def test_a_language_from_right_to_left_turns_the_shop_too(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    visitor.page.route("**/demo/messages/*", _from_the_right)
    speak(visitor.page, ARABIC)
    shop_page(visitor)
    assert visitor.page.evaluate("() => document.documentElement.dir") == "rtl"
    programme = show(visitor, "makegood-patience", token=fresh(engine, "ar").waits().token, locale="ar")
    assert programme.locator(".mark bdi").first.get_attribute("dir") == "ltr"
    longest = programme.locator(".cell small").evaluate_all(
        "all => Math.max(...all.map((one) => one.textContent.length))"
    )
    assert longest <= 4


def _from_the_right(route: Route) -> None:
    came = route.fetch()
    route.fulfill(response=came, json=came.json() | {"dir": "rtl"})


def test_the_order_in_trouble_has_a_wheel_of_its_own(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "en", size=DESKTOP)
    shopper.go("/order?lang=en")
    expect(shopper.spin).to_be_visible()


def test_use_it_now_uses_it(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "en")
    shopper.meet_the_stockout()
    shopper.spin.click()
    shopper.result.wait_for()
    shopper.go("/product/MIRROR-60?lang=en")
    shopper.page.locator(".buy .button").click()
    shopper.go("/basket")
    shopper.page.locator("[part=apply]").click()
    shopper.page.locator(".held, .notice:not(:empty)").first.wait_for()
    assert shopper.page.locator(".code-entry .held").count() == 1, shopper.page.locator(".notice").all_inner_texts()
    assert shopper.page.url.endswith("/checkout"), "a reload does not take it twice"
