"""Waiting in a real browser: join, see the days pass and the surprise appear, spend, leave, and buy what was kept."""

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, Visit, Visitor
from tests.support import Served, bearer

pytestmark = pytest.mark.xdist_group("browser")

WEEK = 7
IN_STRIP = """day => {
  const [one, all] = [day.getBoundingClientRect(), day.parentElement.getBoundingClientRect()];
  return one.left >= all.left - 1 && one.right <= all.right + 1;
}"""


def join(shopper: Visitor) -> None:
    shopper.meet_the_stockout()
    shopper.unfold("wait").locator("[part=enrol]").click()
    shopper.offer.locator(".joined").wait_for()
    expect(shopper.offer.locator("[part=joined]")).to_be_focused()


def account(shopper: Visitor) -> Locator:
    """Open the account page and return the one programme on it."""
    shopper.go("/account")
    programme = shopper.page.locator("makegood-patience [part=programme]")
    programme.wait_for()
    return programme


def press(shopper: Visitor, move: str) -> None:
    """Press a button of the demo's time machine, and wait until it is done."""
    with shopper.page.expect_response(lambda answer: "/v1/enrolments" in answer.url):
        shopper.page.locator(f"[data-move={move}]").click()
    expect(shopper.page.locator(f"[data-move={move}]")).not_to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("en", DESKTOP, "light"), ("fr", PHONE, "dark")],
    ids=["en-desktop", "fr-phone-dark"],
)
def test_a_week_of_patience_ends_in_a_surprise_and_a_kept_lamp(
    demo: Served, visit: Visit, language: str, size: dict[str, int], scheme: str
) -> None:
    shopper = visit(demo, language, size=size, color_scheme=scheme)
    shopper.meet_the_stockout()
    shopper.unfold("wait")
    terms = shopper.offer.locator("[part=wait]")
    # Everything is said before anyone agrees: rate, odds of the surprise, hold, end, expiry.
    for said in ("7", "21", "40", "75", "25", "24", "60", "90"):
        expect(terms).to_contain_text(said)
    shopper.shoot("terms")
    with shopper.page.expect_request("**/v1/enrolments*") as asked:
        terms.locator("[part=enrol]").click()
    assert asked.value.method == "POST"
    assert set(asked.value.post_data_json or {}) == {"client_seed"}
    expect(terms.locator(".ring b")).to_have_text("2")
    shopper.shoot("joined")
    # The wheel is still there: this campaign lets a shopper do both.
    expect(shopper.spin).to_be_visible()
    terms.locator("a").click()

    programme = shopper.page.locator("makegood-patience [part=programme]")
    expect(programme.locator(".ring b")).to_have_text("2")
    expect(programme.locator(".day.today")).to_have_count(1)
    shopper.shoot("first-day")
    for day in range(1, WEEK + 1):
        press(shopper, "next-day")
        expect(programme.locator(".ring b")).to_have_text(str(2 + day))
        expect(programme.locator(".day.earned")).to_have_count(day)
    surprise = programme.locator("[data-points='7']")
    expect(surprise).to_have_class("reached")
    code = surprise.locator("[part=code]").inner_text()
    expect(surprise.locator(".proof")).to_contain_text("✓")
    shopper.shoot("surprise")

    press(shopper, "restock")
    hold = programme.locator("[part=hold]")
    expect(hold).to_be_visible()
    shopper.shoot("hold")
    hold.locator("[part=buy]").click()
    expect(shopper.page.locator(".summary .badge")).to_be_visible()
    shopper.page.locator("#code").fill(code)
    shopper.page.locator(".code-entry form .button").click()
    expect(shopper.page.locator(".held [role=status]")).to_contain_text("✓")
    shopper.shoot("checkout")
    shopper.page.locator(".summary .button").click()
    shopper.page.locator(".thanks").wait_for()
    bought = {"en": "It is yours", "fr": "Il est à vous"}[language]
    expect(account(shopper).locator("[part=status]")).to_contain_text(bought)
    shopper.shoot("bought")


def test_a_kept_lamp_can_be_bought_without_any_code(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    join(shopper)
    programme = account(shopper)
    press(shopper, "restock")
    programme.locator("[part=buy]").click()
    shopper.page.locator(".summary .button").click()
    shopper.page.locator(".thanks").wait_for()
    expect(account(shopper).locator("[part=status]")).to_contain_text("It is yours")
    shopper.go("/")
    expect(shopper.page.locator("[data-sku=LAMP-38]")).not_to_have_class("missing")


def test_a_drawn_surprise_can_be_checked_by_anybody(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    join(shopper)
    programme = account(shopper)
    for _ in range(WEEK):
        press(shopper, "next-day")
    with shopper.page.context.expect_page() as opened:
        programme.locator(".proof a").click()
    expect(opened.value.locator("#verdict")).to_have_class("good")
    # The secret of that day is sealed while anybody may still wait; that it is announced is seen already.
    expect(opened.value.locator("[data-step=secret]")).to_contain_text("Not published yet")
    shopper.page = opened.value
    shopper.shoot("verify")


def test_a_date_that_slips_is_told_and_paid_for(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, "fr")
    join(shopper)
    programme = account(shopper)
    promise = programme.locator("[part=restock]")
    before = promise.inner_text()
    press(shopper, "slip")
    expect(promise).to_contain_text("Il était promis pour le")
    expect(promise).not_to_have_text(before)
    expect(programme.locator(".ring b")).to_have_text("5")
    shopper.shoot("slipped")


def test_news_leaves_the_days_where_the_shopper_moved_them(demo: Served, visit: Visit) -> None:
    shopper = visit(demo, size=PHONE)
    join(shopper)
    programme = account(shopper)
    strip = programme.locator("[part=days]")
    today = programme.locator(".day.today")
    for _ in range(4):
        press(shopper, "next-day")
    expect(programme.locator(".day.earned")).to_have_count(4)
    assert today.evaluate(IN_STRIP), "who has moved nothing sees the new day"
    stood = strip.evaluate("node => node.scrollLeft")
    assert stood > 0
    for size in (DESKTOP, PHONE):
        shopper.page.set_viewport_size(size)  # type: ignore[arg-type]  # Playwright's own type of the same shape
        shopper.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert strip.evaluate("node => node.scrollLeft") == stood, "a window that was wider for a while moved nothing"
    strip.evaluate("node => { node.scrollLeft = node.scrollWidth }")
    stood = strip.evaluate("node => node.scrollLeft")
    assert stood > 0
    press(shopper, "slip")
    expect(programme.locator(".ring b")).to_have_text("9")
    assert strip.evaluate("node => node.scrollLeft") == stood
    assert not today.evaluate(IN_STRIP)


def test_points_are_spent_once_however_often_one_says_yes(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    join(shopper)
    programme = account(shopper)
    for move in ["slip", "slip", "next-day", "next-day"]:
        press(shopper, move)
    expect(programme.locator(".ring b")).to_have_text("10")
    programme.locator("[part=claim-open]").click()
    shopper.shoot("sure")
    # The first answer is lost on its way: the same question, asked again, is the same claim.
    shopper.page.route("**/claims*", lambda route: (route.fetch(), route.abort()), times=1)
    programme.locator("[part=confirm]").click()
    expect(programme.locator(".asking [role=alert]")).to_contain_text("nothing is done twice")
    programme.locator("[part=confirm]").dblclick()
    expect(programme.locator("[part=claim] [part=code]")).to_have_count(1)
    expect(programme.locator("h2")).to_be_focused()
    expect(programme.locator(".ring b")).to_have_text("0")
    expect(programme.locator("[part=claim-open]")).to_be_disabled()
    shopper.shoot("claimed")


def test_leaving_is_as_easy_as_joining(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    join(shopper)
    programme = account(shopper)
    programme.locator("[part=leave]").click()
    shopper.shoot("sure")
    programme.locator("[part=cancel]").click()
    expect(programme.locator("[part=leave]")).to_be_focused()
    programme.locator("[part=leave]").click()
    programme.locator("[part=confirm]").click()
    expect(programme.locator("[part=status]")).to_contain_text("You stopped waiting")
    expect(programme.locator("h2")).to_be_focused()
    expect(programme).to_contain_text("2 points can be spent until")
    shopper.shoot("left")


def test_who_waits_already_sees_it_on_every_page(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    join(shopper)
    shopper.page.reload()
    expect(shopper.offer.locator(".joined .ring b")).to_have_text("2")
    expect(shopper.offer.locator("[part=enrol]")).to_have_count(0)
    shopper.spin.click()
    shopper.result.wait_for()
    shopper.shoot("both")


def either(route: Route) -> None:
    """Answer as a campaign does whose wheel and waiting exclude each other."""
    answer = route.fetch()
    body = answer.json()
    body["offer"]["patience"]["with_wheel"] = "either"
    route.fulfill(response=answer, json=body)


@pytest.mark.parametrize("choice", ["enrol", "spin"])
def test_where_it_is_the_one_or_the_other_choosing_says_so(demo: Served, visit: Visit, choice: str) -> None:
    shopper = visit(demo)
    shopper.page.route("**/v1/moment?*", either)
    shopper.meet_the_stockout()
    expect(shopper.offer).to_contain_text("taking one gives up the other")
    if choice == "enrol":
        shopper.unfold("wait")
    shopper.offer.locator(f"[part={choice}]").click()
    gone, stays = {"enrol": (".disc", ".joined"), "spin": ("[part='row wait']", "[part=result]")}[choice]
    expect(shopper.offer.locator(stays)).to_be_visible()
    expect(shopper.offer.locator(gone)).to_have_count(0)
    shopper.page.reload()
    expect(shopper.offer.locator(stays)).to_be_visible()
    expect(shopper.offer.locator(gone)).to_have_count(0)
    shopper.shoot("chosen")


def test_others_in_line_are_counted_in_words(demo: Served, visit: Visit) -> None:
    first, second = visit(demo), visit(demo)
    join(first)
    join(second)
    expect(account(first).locator("[part=queue]")).to_have_text("You are first in line.")
    expect(account(second).locator("[part=queue]")).to_have_text("One person is served before you.")
    # One lamp for two: the second is told the truth.
    body = {"available": 1}
    answer = httpx.put(f"{demo.url}/v1/stock/LAMP-38", headers=bearer(demo.key), json=body)
    assert answer.is_success
    programme = account(second)
    expect(programme.locator("[part=hold]")).to_have_count(0)
    expect(programme.locator("[part=restock]")).to_contain_text("kept for those before you")
    second.shoot("not-yet")


def test_an_account_of_somebody_who_waits_for_nothing(demo: Served, visit: Visit) -> None:
    shopper = visit(demo)
    shopper.go("/account?lang=en")
    expect(shopper.page.locator("makegood-patience .nothing")).to_be_visible()
    shopper.shoot("nothing-met")
    shopper.meet_the_stockout()
    shopper.go("/account")
    expect(shopper.page.locator("makegood-patience [part=empty]")).to_be_visible()
    shopper.shoot("nothing-waited-for")
