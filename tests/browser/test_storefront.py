"""Every state a shopper can meet, in two languages, light and dark, on a phone and a desk: accessible, in place."""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from engine.settings import ROOT
from tests.browser.conftest import DESKTOP, PHONE, SCREENSHOTS, Visit, Visitor
from tests.browser.test_wheel_journey import ANGLE, first_spin, hear_spins, press_until
from tests.docs.markdown import blocks
from tests.support import Served, bearer, stockout

pytestmark = pytest.mark.xdist_group("browser")

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """async ([where, rules]) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const more = rules
    ? { runOnly: { type: "rule", values: rules } }
    : { runOnly: tags, rules: { "target-size": { enabled: true } } };
  const { violations } = await axe.run(where, { ...more, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`)}`);
}"""
# The demo's page, with one element in the place of its content: the same policy, the same styles.
SHOW = """([name, attributes]) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = "…";
  const title = document.createElement("h1");
  title.textContent = "Maison Lueur";
  document.querySelector("main").replaceChildren(title, element);
  document.querySelector(".demo-bar")?.remove();
}"""
WIDE = 320


@dataclass
class Engine:
    """The engine as the shop's server and a shopper's browser call it, to bring about a state without a click."""

    served: Served

    def report(self, language: str, **changes: Any) -> "Met":
        sku = f"SKU-{uuid4().hex[:8]}"
        # Another test may have moved the demo's clock by days.
        now = httpx.get(f"{self.served.url}/demo/clock").json()["now"]
        body = stockout(**{"sku": sku, "title": "Lune 38", "occurred_at": now, **changes})
        body["shopper"]["locale"] = language
        answer = httpx.post(f"{self.served.url}/v1/stockouts", headers=bearer(self.served.key), json=body)
        assert answer.status_code == 201, answer.text
        return Met(self.served, answer.json()["shopper_token"], body["sku"])

    def stock(self, sku: str, **body: Any) -> None:
        answer = httpx.put(f"{self.served.url}/v1/stock/{sku}", headers=bearer(self.served.key), json=body)
        assert answer.is_success, answer.text


@dataclass
class Met:
    """One shopper who met one stockout."""

    served: Served
    token: str
    sku: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(method, f"{self.served.url}/v1/{path}", headers=bearer(self.token), json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def offered(self) -> "Met":
        self.call("GET", "offer")
        return self

    def waits(self) -> "Met":
        self.offered().call("POST", "enrolments", {"client_seed": "hello 42"})
        return self

    def spun(self) -> "Met":
        self.offered().call("POST", "offer/spin", {"client_seed": "hello 42"})
        return self


def plenty(engine: Engine, language: str) -> Met:
    met = engine.report(language).waits()
    engine.stock(met.sku, available=5)
    return met


def in_line(engine: Engine, language: str) -> Met:
    met = engine.report(language)
    engine.report(language, sku=met.sku).waits()
    met.waits()
    engine.stock(met.sku, available=1)
    return met


def arrived(engine: Engine, language: str) -> Met:
    met = engine.report(language).offered()
    engine.stock(met.sku, available=5)
    return met


def cancelled(engine: Engine, language: str) -> Met:
    met = engine.report(language, stage="ordered")
    met.call("PUT", "offer/order", {"choice": "cancel"})
    return met


def told(engine: Engine, language: str) -> Met:
    met = engine.report(language, stage="viewed", restock=None, alternatives=[])
    met.call("POST", "notices")
    return met


def unfold(page: Page, row: str) -> None:
    page.locator(f"[part='row {row}'] > summary").click()
    page.locator(f"[part='row {row}'] .inside > *").wait_for()


def decline(page: Page) -> None:
    page.locator("[part=decline]").click()


def explain(page: Page) -> None:
    page.locator("[part=odds] > summary").click()
    page.locator("[part=odds] input").wait_for()
    unfold(page, "wait")
    unfold(page, "notice")


def spin(page: Page) -> None:
    page.locator("[part=spin]").click()
    page.locator("[part=result]").wait_for()


def sure(page: Page) -> None:
    page.locator("[part=cancel]").click()


def nothing(_page: Page) -> None:
    """Seen as it comes."""


def fresh(engine: Engine, language: str) -> Met:
    return engine.report(language)


def viewed(engine: Engine, language: str) -> Met:
    return engine.report(language, stage="viewed", variant="bleu, 38 cm")


def ordered(engine: Engine, language: str) -> Met:
    return engine.report(language, stage="ordered")


State = tuple[str, Callable[[Engine, str], Met], Callable[[Page], None]]
STATES: dict[str, State] = {
    "refused": ("makegood-stockout", viewed, nothing),
    "told": ("makegood-stockout", told, lambda page: unfold(page, "notice")),
    "offer": ("makegood-stockout", fresh, nothing),
    "all-open": ("makegood-stockout", fresh, explain),
    "declined": ("makegood-stockout", fresh, decline),
    "won": ("makegood-stockout", fresh, spin),
    "won-before": ("makegood-stockout", lambda engine, language: engine.report(language).spun(), nothing),
    "waiting": ("makegood-stockout", lambda engine, language: engine.report(language).waits(), nothing),
    "held": ("makegood-stockout", plenty, nothing),
    "back": ("makegood-stockout", arrived, nothing),
    "order": ("makegood-stockout", ordered, nothing),
    "cancel-sure": ("makegood-stockout", ordered, sure),
    "cancelled": ("makegood-stockout", cancelled, nothing),
    "account": ("makegood-patience", lambda engine, language: engine.report(language).waits(), nothing),
    "account-held": ("makegood-patience", plenty, nothing),
    "account-in-line": ("makegood-patience", in_line, nothing),
}


@pytest.fixture
def engine(demo: Served) -> Engine:
    return Engine(demo)


def show(visitor: Visitor, name: str, **attributes: str) -> Locator:
    visitor.page.evaluate(SHOW, [name, attributes])
    element = visitor.page.locator(name)
    element.locator("[part~=card], [part~=programme], [part~=empty]").first.wait_for()
    return element


def shop_page(visitor: Visitor) -> None:
    visitor.go(f"/?lang={visitor.language}")
    visitor.page.locator("main > *").first.wait_for()


# All that can differ between a light page and the same one in the dark.
OF_COLOURS = ["color-contrast", "link-in-text-block"]


def violations(page: Page, where: str = "html", rules: list[str] | None = None) -> list[str]:
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN_AXE, [where, rules])
    return found


def overflow(page: Page) -> int:
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def picture(visitor: Visitor, state: str) -> None:
    """Save what the element looks like, to look at; as JPEG, which takes half the time of a long page."""
    SCREENSHOTS.mkdir(exist_ok=True)
    path = SCREENSHOTS / f"{visitor.name}-{state}.jpg"
    visitor.page.locator("main").screenshot(path=path, type="jpeg", quality=80, animations="disabled")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_state_is_accessible_and_fits(engine: Engine, visit: Visit, language: str, size: dict[str, int]) -> None:
    visitor = visit(engine.served, language, size=size)
    shop_page(visitor)
    wrong = {}
    for state, (name, arrange, act) in STATES.items():
        met = arrange(engine, language)
        show(visitor, name, token=met.token, locale=language)
        act(visitor.page)
        # What stands around is the same in every state, and looked at in the test of the shop's own pages.
        for scheme, rules in (("light", None), ("dark", OF_COLOURS)):
            visitor.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
            picture(visitor, f"{state}-{scheme}")
            if found := violations(visitor.page, "main", rules):
                wrong[f"{state} {scheme}"] = found
        if (by := overflow(visitor.page)) > 0:
            wrong[f"{state} wider than the page"] = [f"{by} px"]
    assert not wrong, json.dumps(wrong, indent=1)


def test_the_shops_own_pages_are_accessible(engine: Engine, visit: Visit) -> None:
    for size in (DESKTOP, PHONE):
        visitor = visit(engine.served, "en", size=size)
        for path in ("/", "/product/LAMP-38", "/product/MUG-03-NOON", "/account", "/order", "/basket"):
            visitor.go(f"{path}?lang=en")
            visitor.page.locator("main h1").wait_for()
            visitor.page.wait_for_load_state("networkidle" if path == "/basket" else "load")
            assert violations(visitor.page) == [], path
            assert overflow(visitor.page) == 0, path


# Ways of seeing


@pytest.mark.parametrize("state", ["offer", "won", "all-open", "account"])
def test_forced_colours_leave_every_state_readable(engine: Engine, visit: Visit, state: str) -> None:
    visitor = visit(engine.served, "en", forced_colors="active")
    shop_page(visitor)
    name, arrange, act = STATES[state]
    element = show(visitor, name, token=arrange(engine, "en").token, locale="en")
    act(visitor.page)
    assert violations(visitor.page) == []
    picture(visitor, state)
    border = element.locator("[part~=card], [part~=programme]").first.evaluate(
        "node => getComputedStyle(node).borderTopColor"
    )
    assert border == visitor.page.evaluate(
        "() => { const own = document.body.style; own.borderColor = 'CanvasText';"
        " return getComputedStyle(document.body).borderTopColor }"
    )


Language = tuple[dict[str, Any], dict[str, str]]
ARABIC: Language = {"locale": "ar", "dir": "rtl"}, {"spin": "أدر العجلة", "decline": "لا شكرا"}
# Its own digits and calendar are others than those of the engine's sentences.
PERSIAN: Language = {"locale": "fa", "dir": "rtl", "decimal": None}, {}


def speak(page: Page, language: Language) -> None:
    """Answer as an engine that has a file for one more language."""
    more, messages = language

    def answer(route: Route) -> None:
        came = route.fetch()
        body = came.json()
        words = body.get("words", body)  # the moment brings them, and those of a part come alone
        words |= {**more, "messages": words["messages"] | messages}
        route.fulfill(response=came, json=body)

    page.route("**/widget/messages/*", answer)
    page.route("**/v1/moment?*", answer)


@pytest.mark.parametrize(("tag", "language"), [("ar-EG", ARABIC), ("fa", PERSIAN)])
def test_a_sentence_has_one_kind_of_digits(engine: Engine, visit: Visit, tag: str, language: Language) -> None:
    visitor = visit(engine.served, "en")
    page = visitor.page
    page.add_init_script(f"Object.defineProperty(navigator, 'languages', {{ value: ['{tag}'] }})")
    speak(page, language)
    shop_page(visitor)
    for name, met in (("makegood-stockout", fresh(engine, "ar").spun()), ("makegood-patience", plenty(engine, "ar"))):
        element = show(visitor, name, token=met.token, locale=tag)
        expect(element.locator(".place")).to_have_attribute("lang", tag)
        said = element.locator(".place").inner_text()
        assert not re.findall("[٠-٩۰-۹]", said), said
        assert re.search(r"\b20\d\d\b", said), "years are counted as the engine counts them"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_right_to_left_everything_stands_the_other_way_round(
    engine: Engine, visit: Visit, size: dict[str, int]
) -> None:
    visitor = visit(engine.served, "en", size=size)
    speak(visitor.page, ARABIC)
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "ar").token, locale="ar")
    place = element.locator(".place")
    expect(place).to_have_attribute("dir", "rtl")
    explain(visitor.page)
    spin_box, decline_box = (element.locator(f"[part={part}]").bounding_box() for part in ("spin", "decline"))
    assert spin_box is not None
    assert decline_box is not None
    if size == DESKTOP:
        assert spin_box["x"] > decline_box["x"]
    assert overflow(visitor.page) == 0
    assert violations(visitor.page) == []
    picture(visitor, "offer")
    show(visitor, "makegood-patience", token=engine.report("ar").waits().token, locale="ar")
    today = visitor.page.locator(".day.today")
    assert today.evaluate(
        "day => { const [a, b] = [day.getBoundingClientRect(), day.parentElement.getBoundingClientRect()];"
        " return a.left >= b.left - 1 && a.right <= b.right + 1 }"
    )
    picture(visitor, "account")


SIZES = """nodes => nodes.map((node) => {
  const { fontSize, paddingTop, paddingLeft, rowGap } = getComputedStyle(node);
  return [node.className, fontSize, paddingTop, paddingLeft, rowGap].join(" ");
})"""


@pytest.mark.parametrize("zoom", [1, 2])
def test_labels_can_be_read_on_the_narrowest_phone_and_twice_as_large(engine: Engine, visit: Visit, zoom: int) -> None:
    visitor = visit(engine.served, "fr", size={"width": WIDE * zoom, "height": 640})
    shop_page(visitor)
    visitor.page.evaluate("zoom => { document.documentElement.style.fontSize = `${100 * zoom}%` }", zoom)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "fr").token, locale="fr")
    assert overflow(visitor.page) == 0
    heights = element.locator(".disc text").evaluate_all(
        "texts => texts.map((text) => parseFloat(getComputedStyle(text).fontSize)"
        " * text.ownerSVGElement.clientWidth / 200)"
    )
    assert min(heights) >= 11, heights
    expect(element.locator("[part=legend] li")).to_have_count(6)
    picture(visitor, f"zoom-{zoom}")
    # A shop that counts in tenths of its root's letters has the same card.
    before = element.locator("[part=card] *").evaluate_all(SIZES)
    visitor.page.evaluate("zoom => { document.body.style.fontSize = `${16 * zoom}px` }", zoom)
    visitor.page.evaluate("() => { document.documentElement.style.fontSize = '62.5%' }")
    assert element.locator("[part=card] *").evaluate_all(SIZES) == before


# The wheel


def test_the_wheel_never_ends_half_a_degree_from_its_proof(engine: Engine, visit: Visit) -> None:
    """Where the animation ends, and where the wheel rests afterwards, are both the stop of the proof."""
    visitor = visit(engine.served, "en", motion="no-preference")
    spins = hear_spins(visitor.page)
    shop_page(visitor)
    for _ in range(3):
        element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
        disc = element.locator(".disc")
        element.locator("[part=spin]").click()
        visitor.page.wait_for_function("disc => disc.getAnimations().length", arg=disc.element_handle())
        # To its last moment, without waiting for it: what stands then is what the shopper sees it end on.
        disc.evaluate("disc => { for (const one of disc.getAnimations()) { one.pause(); one.currentTime = 5499.99 } }")
        wanted = -360 * float(spins[-1]["stop"]) % 360
        assert off(disc.evaluate(ANGLE), wanted) < 0.5
        disc.evaluate("disc => disc.getAnimations().forEach((one) => one.finish())")
        element.locator("[part=result]").wait_for()
        assert off(disc.evaluate(ANGLE), wanted) < 0.001


def off(angle: float, wanted: float) -> float:
    return abs((angle - wanted + 180) % 360 - 180)


def test_the_pointer_ticks_when_a_peg_passes_and_the_wheel_only_slows(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", motion="no-preference")
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    element.locator("[part=spin]").click()
    disc, pointer = element.locator(".disc"), element.locator(".pointer")
    visitor.page.wait_for_function("disc => disc.getAnimations().length", arg=disc.element_handle())
    frames = pointer.evaluate("node => node.getAnimations()[0].effect.getKeyframes().map((frame) => frame.offset)")
    assert len(frames) > 40
    assert frames == sorted(frames)
    angles = disc.evaluate("""disc => {
      const [turn] = disc.getAnimations();
      turn.pause();
      const { effect } = turn;
      return Array.from({ length: 100 }, (_, index) => {
        turn.currentTime = 55 * index;
        const progress = getComputedStyle(disc).transform;
        const { a, b } = new DOMMatrix(progress);
        return (Math.atan2(b, a) * 180 / Math.PI + 360) % 360;
      });
    }""")
    steps = [(later - earlier) % 360 for earlier, later in itertools.pairwise(angles[12:])]
    assert all(later <= earlier + 0.01 for earlier, later in itertools.pairwise(steps)), "it only slows"
    assert steps[-1] < 0.5
    disc.evaluate("disc => disc.getAnimations().forEach((one) => one.finish())")
    expect(element.locator(".cloud i").first).to_be_attached()


def test_sound_is_off_until_it_is_asked_for_and_then_remembered(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    toggle = element.locator("[part=sound]")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    element.locator("[part=spin]").click()
    element.locator("[part=result]").wait_for()
    assert not [url for url in asked if "sound" in url]
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    visitor.page.reload()
    visitor.page.locator("main > *").first.wait_for()
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    expect(element.locator("[part=sound]")).to_have_attribute("aria-pressed", "true")


def test_who_cannot_see_it_hears_as_much(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    spins = hear_spins(visitor.page)
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    element.locator("[part=spin]").click()
    element.locator("[part=result]").wait_for()
    live = element.locator("[part=card] > .live")
    heard = first_spin(visitor.page, spins)
    award = heard["award"]
    for said in (f"slice {heard['slice_index'] + 1}", award["label"], award["code"]):
        expect(live).to_contain_text(said)


def test_no_empty_place_is_left_where_a_wheel_is_not_wanted(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", size=PHONE)
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    decline(visitor.page)
    element.locator("[part=reopen]").wait_for()
    card, last = element.locator("[part=card]").bounding_box(), element.locator(".rows").bounding_box()
    assert card is not None
    assert last is not None
    assert card["y"] + card["height"] - last["y"] - last["height"] < 60
    whole = element.bounding_box()
    assert whole is not None
    assert whole["height"] == card["height"]


def test_place_above_the_window_is_given_back_where_that_moves_nothing(engine: Engine, visit: Visit) -> None:
    """Some browsers leave it to the page to keep what is in sight where it is."""
    visitor = visit(engine.served, "en", size=PHONE)
    page = visitor.page
    shop_page(visitor)
    page.evaluate("() => { CSS.supports = () => false; document.querySelector('main').style.paddingBottom = '300vh' }")
    element = show(visitor, "makegood-patience", token=engine.report("en").token, locale="en")
    place = element.locator(".place")
    expect(place).to_have_class("place")
    kept = "node => Boolean(node.style.minHeight)"
    scroll = "top => new Promise((done) => { scrollTo(0, top); requestAnimationFrame(() => setTimeout(done, 50)); })"
    page.evaluate(scroll, 1e6)
    assert place.evaluate(kept), "it lies above the window"
    page.evaluate(scroll, 0)
    assert place.evaluate(kept), "it is in sight"
    page.evaluate("() => { document.querySelector('main').style.paddingTop = '300vh' }")
    page.wait_for_function("place => !place.style.minHeight", arg=place.element_handle())


# Lines that fall


def test_off_line_under_way_the_same_result_is_there_on_return(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    visitor.page.context.set_offline(True)
    element.locator("[part=spin]").click()
    expect(element.locator("[part=spin]")).to_have_text("Try again")
    visitor.page.context.set_offline(False)
    # Back on line it goes on by itself, with the same seed.
    element.locator("[part=result]").wait_for()
    assert element.locator("[part=code]").inner_text() == met.call("GET", "awards")["awards"][0]["code"]


def test_a_result_that_was_seen_is_seen_again_without_the_engine(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    spin(visitor.page)
    code = element.locator("[part=code]").inner_text()
    visitor.page.reload()
    visitor.page.locator("main > *").first.wait_for()
    visitor.page.route("**/v1/**", lambda route: route.abort())
    visitor.page.route("**/widget/messages/*", lambda route: route.abort())
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    assert element.locator("[part=code]").inner_text() == code


def test_on_a_slow_line_the_fallback_stays_until_the_answer_comes(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/v1/moment?*", hold)
    visitor.page.evaluate(SHOW, ["makegood-stockout", {"token": fresh(engine, "en").token, "locale": "en"}])
    element = visitor.page.locator("makegood-stockout")
    expect(element.locator("slot")).to_be_attached()
    while not held:
        visitor.page.wait_for_timeout(20)
    before = element.bounding_box()
    assert before is not None
    assert before["height"] > 500, "its place is kept"
    held[0].continue_()
    element.locator("[part=card]").wait_for()


@pytest.mark.parametrize("met_without_words", [False, True])
def test_the_words_come_with_the_moment_or_by_themselves(
    engine: Engine, visit: Visit, *, met_without_words: bool
) -> None:
    visitor = visit(engine.served, "fr")
    page = visitor.page

    def earlier_engine(route: Route) -> None:
        came = route.fetch()
        route.fulfill(response=came, json={name: value for name, value in came.json().items() if name != "words"})

    if met_without_words:
        page.route("**/v1/moment?*", earlier_engine)
    shop_page(visitor)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    element = show(visitor, "makegood-stockout", token=fresh(engine, "fr").token, locale="fr-CH")
    expect(element.locator("[part=decline]")).to_have_text("Non merci")
    assert ("/widget/messages/fr-CH.json" in asked) == met_without_words


@pytest.mark.parametrize("lost", ["**/v1/moment?*", "**/widget/messages/fr.json", "**/widget/parts/patience.js*"])
def test_what_failed_at_first_is_there_once_the_engine_is(engine: Engine, visit: Visit, lost: str) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    page = visitor.page
    page.route(lost, lambda route: route.abort(), times=2)
    page.evaluate("() => { window.errors = 0; addEventListener('makegood:error', () => window.errors++) }")
    page.evaluate("() => document.querySelector('footer').remove()")
    page.evaluate(WATCH_SHIFTS)
    name = "makegood-stockout" if "moment" in lost else "makegood-patience"
    with page.expect_event("requestfailed"):
        page.evaluate(SHOW, [name, {"token": engine.report("fr").waits().token, "locale": "fr"}])
        page.evaluate(BELOW)
    expect(page.get_by_text("…", exact=True)).to_be_visible()
    page.locator(name).locator("[part~=card], [part~=programme]").wait_for()
    assert shifts(page) == []
    assert page.evaluate("() => window.errors") == 1, "told once, not with every try"


HURRY = """() => {
  const { setTimeout } = window;
  window.pauses = [];
  window.setTimeout = (act, pause, ...more) => {
    if (!(pause >= 450)) return setTimeout(act, pause, ...more);
    window.pauses.push(pause);
    if (window.pauses.length < 9) setTimeout(act, 0);
  };
}"""


def test_the_pauses_grow_and_a_sign_that_it_is_back_ends_them(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    page = visitor.page
    shop_page(visitor)
    page.route("**/v1/moment?*", lambda route: route.abort())
    page.evaluate(HURRY)
    page.evaluate(SHOW, ["makegood-stockout", {"token": fresh(engine, "en").token, "locale": "en"}])
    page.wait_for_function("() => window.pauses.length === 9")
    parts = [
        pause / plain
        for pause, plain in zip(
            page.evaluate("() => window.pauses"), [1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 6e4, 6e4, 6e4], strict=True
        )
    ]
    assert all(0.5 <= part < 1.5 for part in parts), parts
    assert len(set(parts)) > 1, "thousands of pages would ask in step"
    page.unroute("**/v1/moment?*")
    page.evaluate("() => dispatchEvent(new Event('online'))")
    page.locator("makegood-stockout [part=spin]").wait_for()


def test_news_of_something_else_does_not_hurry_what_fails(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    page = visitor.page
    shop_page(visitor)
    page.evaluate(SHOW, ["makegood-stock", {"sku": "LUNE-38"}])
    page.locator("makegood-stock[state]").wait_for(state="attached")
    page.wait_for_timeout(500)  # until its line is there
    page.evaluate("""() => {
      window.lines = 0;
      window.EventSource = class extends window.EventSource {
        constructor(...all) { super(...all); window.lines += 1; }
      };
      window.waits = 0;
      const wait = window.setTimeout;
      window.setTimeout = (work, pause, ...more) =>
        pause > 450 ? ((window.waits += 1), 0) : wait(work, pause, ...more);
    }""")
    page.route("**/v1/moment?*", lambda route: route.abort())
    page.evaluate(
        """token => document.querySelector("main").append(
          Object.assign(document.createElement("makegood-stockout"), { lang: "en" }))
          ?? document.querySelector("makegood-stockout").setAttribute("token", token)""",
        fresh(engine, "en").token,
    )
    page.wait_for_function("() => window.waits === 1")
    page.wait_for_timeout(500)
    assert page.evaluate("() => window.lines") == 0, "the page's line was given up for an element that has none"


def test_what_was_refused_for_good_is_not_asked_for_again(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    page = visitor.page
    page.clock.install()
    shop_page(visitor)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/v1/moment?*"):
        page.evaluate(SHOW, ["makegood-stockout", {"token": "nobody's", "locale": "en"}])
    page.evaluate(BELOW)
    expect(page.get_by_text("…", exact=True)).to_be_visible()
    page.clock.run_for(61_000)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    page.wait_for_timeout(100)
    assert len([url for url in asked if "/v1/moment" in url]) == 1
    # Nor is what came and cannot be shown: it would come again.
    page.route("**/v1/moment?*", lambda route: route.fulfill(json={"offer": {}}))
    with page.expect_response("**/v1/moment?*"):
        page.evaluate(SHOW, ["makegood-stockout", {"token": "anybody's", "locale": "en"}])
    expect(page.locator("makegood-stockout .place")).to_have_class("place")
    page.clock.run_for(61_000)
    page.wait_for_timeout(100)
    assert len([url for url in asked if "/v1/moment" in url]) == 2


# Every shift nobody asked for by a tap, with what moved and where to.
WATCH_SHIFTS = """() => {
  window.shifts = [];
  const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  const told = ({ node, previousRect, currentRect }) =>
    `${node?.nodeName} ${node?.className} ${place(previousRect)} > ${place(currentRect)}`;
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries()
    .filter(({ hadRecentInput }) => !hadRecentInput)
    .map(({ value, startTime, sources }) => `${value} at ${startTime}: ${sources.map(told)}`)))
    .observe({ type: "layout-shift", buffered: false });
}"""
BELOW = """() => {
  const below = document.createElement("p");
  below.textContent = "What stands below";
  document.querySelector("main").append(below);
}"""


def shifts(page: Page) -> list[str]:
    """Return what has shifted once all is shown that was to be shown."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )
    found: list[str] = page.evaluate("() => window.shifts")
    return found


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_below_jumps_when_the_answer_comes(
    engine: Engine, visit: Visit, language: str, size: dict[str, int]
) -> None:
    visitor = visit(engine.served, language, size=size)
    shop_page(visitor)
    page = visitor.page
    page.evaluate(SHOW, ["makegood-stockout", {"token": fresh(engine, language).token, "locale": language}])
    page.evaluate(BELOW)
    page.evaluate(WATCH_SHIFTS)
    element = page.locator("makegood-stockout")
    element.locator("[part='row notice']").wait_for()
    assert shifts(page) == []
    # The same element for another product: what was shown keeps its place until the new card is whole.
    element.evaluate(
        """(node, token) => new Promise((done) => {
          node.addEventListener("makegood:offer", done, { once: true });
          node.setAttribute("token", token);
        })""",
        fresh(engine, language).token,
    )
    assert shifts(page) == []


TABLET = {"width": 760, "height": 1024}
TALL = {"width": 1440, "height": 1400}
INSTEAD = [
    {"sku": f"ALT-{n}", "title": f"Lampe Lune {n}, laiton", "url": f"/p/{n}", "price_minor": 4590} for n in "123"
]
# What takes the most place, and the least.
PLACES: dict[str, tuple[str, Callable[[Engine], Met]]] = {
    "ordered": ("makegood-stockout", lambda engine: engine.report("fr", stage="ordered", alternatives=INSTEAD)),
    "ordered and waiting": ("makegood-stockout", lambda engine: engine.report("fr", stage="ordered").waits()),
    "won before": ("makegood-stockout", lambda engine: engine.report("fr").spun()),
    "refused": ("makegood-stockout", lambda engine: engine.report("fr", stage="viewed")),
    "back": ("makegood-stockout", lambda engine: arrived(engine, "fr")),
    "account": ("makegood-patience", lambda engine: engine.report("fr").waits()),
    "account of nothing": ("makegood-patience", lambda engine: engine.report("fr")),
}


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP, TALL], ids=["phone", "tablet", "desktop", "tall"])
def test_whatever_comes_finds_its_place_kept(engine: Engine, visit: Visit, size: dict[str, int]) -> None:
    visitor = visit(engine.served, "fr", size=size)
    shop_page(visitor)
    page = visitor.page
    page.evaluate("() => document.querySelector('footer').remove()")
    page.evaluate(WATCH_SHIFTS)
    moved = {}
    for case, (name, arrange) in PLACES.items():
        token = arrange(engine).token
        shifts(page)
        page.evaluate("() => { window.shifts = [] }")
        page.evaluate(SHOW, [name, {"token": token, "locale": "fr"}])
        page.evaluate(BELOW)
        element = page.locator(name)
        element.locator("[part~=card], [part~=programme], [part~=empty]").first.wait_for()
        expect(element.locator(".place")).to_have_class("place")
        if found := shifts(page):
            moved[case] = found
        # Nobody sees it go, and what was not needed is no hole in the page afterwards.
        page.evaluate("() => { document.querySelector('main').style.paddingTop = '300vh'; scrollTo(0, 0); }")
        page.wait_for_function(
            "name => !document.querySelector(name).shadowRoot.querySelector('.place').style.minHeight", arg=name
        )
        page.evaluate("() => { document.querySelector('main').style.paddingTop = '' }")
    assert not moved, json.dumps(moved, indent=1)


KEPT = blocks("docs/theming.md", "css")[-1].text
SHOP = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<style>{sheet}</style><script type="module" src="/widget.js"></script><h1>A shop</h1>{line}<p>What stands below</p>"""


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP, TALL], ids=["phone", "tablet", "desktop", "tall"])
@pytest.mark.parametrize("way", ["sheet", "line"])
def test_a_page_can_keep_the_place_before_the_script_is_there(
    engine: Engine, visit: Visit, way: str, size: dict[str, int]
) -> None:
    visitor = visit(engine.served, "en", size=size)
    page = visitor.page
    line = (
        blocks("docs/theming.md", "html")[-1].text
        if way == "line"
        else '<makegood-stockout token="{shopper_token}">Sold out.</makegood-stockout>'
    )
    line = line.replace("{shopper_token}", engine.report("en", stage="ordered", alternatives=INSTEAD).token)
    text = SHOP.format(sheet=KEPT if way == "sheet" else "", line=line)
    held: list[Route] = []
    page.route("**/shop", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.route("**/widget.js", lambda route: held.append(route))  # noqa: PLW0108  # Playwright takes no builtin
    page.add_init_script(f"({WATCH_SHIFTS})()")
    page.goto(f"{engine.served.url}/shop", wait_until="commit")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    held[0].continue_()
    page.locator("makegood-stockout [part=spin]").wait_for()
    expect(page.locator("makegood-stockout .place")).to_have_class("place")
    assert shifts(page) == []


def test_a_page_whose_script_never_comes_has_no_hole(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    page = visitor.page
    text = SHOP.format(sheet=KEPT, line="<makegood-stockout token='x'>Sold out.</makegood-stockout>")
    page.route("**/shop", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.route("**/widget.js", lambda route: route.abort())
    page.goto(f"{engine.served.url}/shop")
    element = page.locator("makegood-stockout")
    height = "node => node.getBoundingClientRect().height"
    assert element.evaluate(height) > 900
    page.evaluate("() => document.getAnimations().forEach((one) => one.finish())")
    assert element.evaluate(height) < 100


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_when_a_slow_answer_comes(engine: Engine, visit: Visit, motion: str) -> None:
    """A tap excuses what moves within half a second; the place of the result is kept before that is over."""
    visitor = visit(engine.served, "en", size=PHONE, motion=motion)
    shop_page(visitor)
    page = visitor.page
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    held: list[Route] = []
    page.route("**/v1/offer/spin?*", lambda route: held.append(route))  # noqa: PLW0108  # Playwright takes no builtin
    page.evaluate(WATCH_SHIFTS)
    element.locator("[part=spin]").click()
    page.wait_for_timeout(700)
    held[0].continue_()
    if motion == "no-preference":
        disc = element.locator(".disc")
        page.wait_for_function("disc => disc.getAnimations().length", arg=disc.element_handle())
        disc.evaluate("disc => disc.getAnimations().forEach((one) => one.finish())")
    element.locator("[part=result]").wait_for()
    assert shifts(page) == []


def test_nothing_moves_when_the_wheel_has_stopped(engine: Engine, visit: Visit) -> None:
    """The place of the result is kept as soon as it is known, so that a long turn is no reason to jump."""
    visitor = visit(engine.served, "en", size=PHONE, motion="no-preference")
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    element.locator("[part=spin]").click()
    disc = element.locator(".disc")
    visitor.page.wait_for_function("disc => disc.getAnimations().length", arg=disc.element_handle())
    legend = element.locator("[part=legend]")
    before = legend.bounding_box()
    disc.evaluate("disc => disc.getAnimations().forEach((one) => one.finish())")
    element.locator("[part=result]").wait_for()
    assert legend.bounding_box() == before


def test_a_seed_that_was_drawn_with_is_no_longer_offered_to_be_changed(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    odds = element.locator("[part=odds]")
    odds.locator("summary").click()
    seed = odds.locator("input")
    seed.fill("naïve")
    seed.blur()
    expect(seed).not_to_have_value("naïve")
    seed.fill("my own")
    expect(odds).to_contain_text("Change it if you like")
    spins = hear_spins(visitor.page)
    spin(visitor.page)
    assert first_spin(visitor.page, spins)["proof"]["client_seed"] == "my own"
    expect(odds).not_to_contain_text("Change it if you like")
    expect(seed).to_have_attribute("readonly", "")


# Live


def test_an_open_page_hears_that_it_is_back(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    with visitor.page.expect_response("**/v1/live?*"):
        element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    engine.stock(met.sku, available=5)
    expect(element.locator("[part=truth]")).to_contain_text("is back")


def test_what_changes_before_the_page_listens_is_not_missed(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")

    def late(route: Route) -> None:
        engine.stock(met.sku, available=5)
        route.continue_()

    visitor.page.route("**/v1/live?*", late)
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    expect(element.locator("[part=truth]")).to_contain_text("is back")


def test_news_leaves_alone_what_a_shopper_is_doing(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    with visitor.page.expect_response("**/v1/live?*"):
        element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    truth = element.locator("[part=truth]")
    odds = element.locator("[part=odds]")
    odds.locator("summary").click()
    odds.locator("input").fill("my lucky seed")
    engine.stock(met.sku, available=0, expected_on="2096-05-04")
    expect(truth).to_contain_text("4 May 2096")
    expect(odds.locator("input")).to_have_value("my lucky seed")
    expect(odds.locator("input")).to_be_focused()
    element.locator("[part=decline]").click()
    engine.stock(met.sku, available=0, expected_on="2096-06-05")
    expect(truth).to_contain_text("5 June 2096")
    expect(element.locator("[part=reopen]")).to_be_focused()
    engine.stock(met.sku, available=5)
    expect(truth).to_contain_text("is back")
    expect(element.locator("[part=sorry]")).to_have_count(0)
    engine.stock(met.sku, available=0)
    expect(truth).to_contain_text("sold out")
    order = "nodes => nodes.map((node) => node.getAttribute('part')).slice(0, 2)"
    assert element.locator("[part=card] > *").evaluate_all(order) == ["truth", "sorry"]
    element.locator("[part=reopen]").click()
    spins = hear_spins(visitor.page)
    spin(visitor.page)
    assert first_spin(visitor.page, spins)["proof"]["client_seed"] == "my lucky seed"


def test_news_that_comes_while_the_page_asks_is_asked_for_too(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    with visitor.page.expect_response("**/v1/live?*"):
        element = show(visitor, "makegood-stockout", token=met.token, locale="en")

    def late(route: Route) -> None:
        answer = route.fetch()
        engine.stock(met.sku, available=0, expected_on="2096-06-05")
        visitor.page.wait_for_timeout(1500)
        route.fulfill(response=answer)

    visitor.page.route("**/v1/moment?*", late, times=1)
    engine.stock(met.sku, available=0, expected_on="2096-05-04")
    expect(element.locator("[part=truth]")).to_contain_text("5 June 2096")


def test_news_that_comes_while_the_wheel_turns_is_told_once_it_rests(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", motion="no-preference")
    shop_page(visitor)
    met = fresh(engine, "en")
    with visitor.page.expect_response("**/v1/live?*"):
        element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    element.locator("[part=spin]").click()
    visitor.page.wait_for_function("disc => disc.getAnimations().length", arg=element.locator(".disc").element_handle())
    engine.stock(met.sku, available=5)
    element.locator("[part=result]").wait_for()
    expect(element.locator("[part=truth]")).to_contain_text("is back")
    expect(element.locator("[part=result]")).to_be_visible()


def test_no_thanks_calls_off_a_spin_that_waits_for_the_line(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    element.locator("[part=card]").wait_for()
    visitor.page.context.set_offline(True)
    element.locator("[part=spin]").click()
    expect(element.locator("[part=spin]")).to_have_text("Try again")
    element.locator("[part=decline]").click()
    visitor.page.context.set_offline(False)
    visitor.page.wait_for_function("navigator.onLine")
    visitor.page.wait_for_timeout(500)
    assert not met.call("GET", "awards")["awards"]
    visitor.faults.clear()  # the request that failed is one


def test_a_long_word_stays_inside_the_card_on_a_small_phone(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en", size={"width": WIDE, "height": 760})
    shop_page(visitor)
    word = "Kinderzimmerdeckenleuchtenschirm"
    met = engine.report("en", title=word, alternatives=[{"sku": "ALT-LONG", "title": word * 2}])
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    card = element.locator("[part=card]")
    card.wait_for()
    expect(element.locator("[part=legend]")).to_be_visible()
    box = card.bounding_box()
    assert box is not None
    ends = element.locator("[part=truth] h2, [part=legend] i, [part=alternatives] li, [part=decline]").evaluate_all(
        "nodes => Math.max(...nodes.map((node) => node.getBoundingClientRect().right))"
    )
    assert ends <= box["x"] + box["width"]
    # Nor is it squeezed where a page gives its children no more room than they ask for.
    for display in ("flex", "grid"):
        visitor.page.evaluate(
            "display => { const { style } = document.querySelector('main');"
            " style.display = display; style.flexDirection = 'column';"
            " style.alignItems = style.justifyItems = 'center'; }",
            display,
        )
        squeezed = card.bounding_box()
        assert squeezed is not None
        assert squeezed["width"] > 250, display
        assert overflow(visitor.page) == 0, display


def test_the_same_token_again_starts_nothing_anew_and_another_leaves_no_gap(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    element.locator("[part=decline]").click()
    element.evaluate("(element, token) => element.setAttribute('token', token)", met.token)
    expect(element.locator("[part=reopen]")).to_be_visible()
    element.evaluate("element => element.removeAttribute('token')")
    expect(element.locator("slot")).to_be_attached()
    box = element.bounding_box()
    assert box is not None
    assert box["height"] < 100


def test_what_a_page_sets_later_is_taken(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    change = "(node, [name, value]) => node.setAttribute(name, value)"
    met = engine.report("en").waits().spun()
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    expect(element.locator("[part=send]")).to_be_visible()
    element.evaluate(change, ["apply-url", "/till?{code}"])
    code = element.locator("[part=code]").inner_text()
    expect(element.locator("[part=apply]")).to_have_attribute("href", f"/till?{code}")
    element.evaluate(change, ["account-url", "/mine"])
    expect(element.locator(".joined a")).to_have_attribute("href", "/mine")
    element.evaluate(change, ["locale", "fr"])
    expect(element.locator("[part=truth]")).to_contain_text("rupture de stock")
    element = show(visitor, "makegood-patience", token=plenty(engine, "en").token, locale="en")
    expect(element.locator("[part=buy]")).to_have_count(0)
    element.evaluate(change, ["buy-url", "/till?{sku}"])
    expect(element.locator("[part=buy]")).to_have_attribute("href", re.compile("/till"))


SILENT = """window.EventSource = class extends EventTarget {
  static OPEN = 1;
  readyState = 1;
  close() {}
};"""


def test_a_line_that_something_holds_back_is_not_waited_for(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    visitor.page.add_init_script(SILENT)
    visitor.page.clock.install()
    shop_page(visitor)
    met = fresh(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    element.locator("[part=card]").wait_for()
    engine.stock(met.sku, available=5)
    visitor.page.clock.run_for(61_000)
    expect(element.locator("[part=truth]")).to_contain_text("is back")


def test_one_bad_name_leaves_the_other_shelves_their_words(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    sku = f"SKU-{uuid4().hex[:8]}"
    engine.stock(sku, available=0)
    shop_page(visitor)
    visitor.page.evaluate(SHOW, ["makegood-stock", {"sku": sku, "locale": "en"}])
    visitor.page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<makegood-stock sku=\" \">')"
    )
    expect(visitor.page.locator("makegood-stock").first).to_have_attribute("state", "out")
    expect(visitor.page.locator("makegood-stock").last).to_have_attribute("state", "unknown")


def test_where_no_line_passes_the_page_asks_now_and_then(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    visitor.page.clock.install()
    visitor.page.route("**/v1/live?*", lambda route: route.abort())
    shop_page(visitor)
    met = fresh(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    engine.stock(met.sku, available=5)
    visitor.page.clock.run_for(31_000)
    expect(element.locator("[part=truth]")).to_contain_text("is back")


def test_the_shelf_says_what_is_left_and_changes_with_it(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    sku = f"SKU-{uuid4().hex[:8]}"
    engine.stock(sku, available=3)
    shop_page(visitor)
    with visitor.page.expect_response("**/v1/live?*"):
        visitor.page.evaluate(SHOW, ["makegood-stock", {"sku": sku, "locale": "en"}])
    element = visitor.page.locator("makegood-stock")
    expect(element.locator("[part~=stock]")).to_have_text("Only 3 left")
    expect(element).to_have_attribute("state", "low")
    engine.stock(sku, available=0, expected_on="2027-05-04")
    expect(element.locator("[part~=stock]")).to_have_text("Sold out · back on 4 May")
    engine.stock(sku, available=900)
    expect(element).to_have_attribute("state", "available")
    expect(element.locator("[part~=stock]")).to_have_count(0)
    assert element.evaluate("node => node.offsetHeight") == 0, "nothing is said, and no place is kept for it"


def test_a_missing_variant_is_marked_and_not_hidden(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    visitor.go("/product/MUG-03?lang=en")
    variants = visitor.page.locator(".variants li")
    expect(variants).to_have_count(3)
    expect(variants.nth(1)).to_contain_text("Sold out")
    visitor.shoot("variants")


# Messages and the order


def test_a_message_is_asked_for_with_nothing_else_signed_up_for(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = engine.report("en", shopper={"id": f"c-{uuid4().hex}", "locale": "en"})
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    unfold(visitor.page, "notice")
    row = element.locator("[part='row notice']")
    expect(row.locator("input[type=checkbox]")).to_have_count(0)
    row.locator("[part=notify]").click()
    expect(row.locator("input")).to_be_focused()
    row.locator("input").fill("ada@example.org")
    row.locator("[part=notify]").click()
    expect(row.locator("[part=sent]")).to_be_focused()
    assert met.call("GET", "moment")["told_when_back"]
    visitor.page.route("**/v1/notices*", lambda route: route.abort(), times=1)
    row.locator("[part=notice-off]").click()
    expect(row.get_by_role("alert").last).to_have_text(re.compile("connection was lost"))
    assert met.call("GET", "moment")["told_when_back"]
    row.locator("[part=notice-off]").click()
    expect(row.locator("input")).to_be_focused()
    assert not met.call("GET", "moment")["told_when_back"]


def test_a_code_is_sent_to_who_won_it(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    met = fresh(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en", **{"apply-url": "/checkout?code={code}"})
    spin(visitor.page)
    code = element.locator("[part=code]").inner_text()
    expect(element.locator("[part=apply]")).to_have_attribute("href", f"/checkout?code={code}")
    element.locator("[part=send]").click()
    expect(element.locator("[part=sent]")).to_contain_text("on its way")


def test_an_order_is_kept_or_cancelled_and_the_page_is_told(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    visitor.page.evaluate("""() => {
      window.heard = [];
      document.addEventListener("makegood:order", ({ detail }) => window.heard.push(detail.choice));
    }""")
    met = ordered(engine, "en")
    element = show(visitor, "makegood-stockout", token=met.token, locale="en")
    keep, cancel = (element.locator(f"[part={part}]").bounding_box() for part in ("keep", "cancel"))
    assert keep is not None
    assert cancel is not None
    assert abs(keep["width"] - cancel["width"]) < 2, "the one is as easy to reach as the other"
    element.locator("[part=keep]").click()
    expect(element.locator("[part=order]")).to_contain_text("is kept")
    element.locator("[part=cancel]").click()
    expect(element.locator("[part=back]")).to_be_focused()
    element.locator("[part=confirm]").click()
    expect(element.locator("[part=order]")).to_contain_text("is cancelled")
    assert visitor.page.evaluate("() => window.heard") == ["keep", "cancel"]
    assert met.call("GET", "moment")["order"] == {"choice": "cancel"}


def test_the_keyboard_reaches_every_choice(engine: Engine, visit: Visit) -> None:
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    element = show(visitor, "makegood-stockout", token=fresh(engine, "en").token, locale="en")
    keys = visitor.page.keyboard
    press_until(visitor, "[part='row wait'] > summary")
    keys.press("Enter")
    element.locator("[part=enrol]").wait_for()
    press_until(visitor, "[part=enrol]")
    keys.press("Enter")
    expect(element.locator("[part=joined]")).to_be_focused()


def test_a_violation_of_the_policy_is_noticed(engine: Engine, visit: Visit) -> None:
    """The guard of all tests here: an inline style is refused by the page, and the refusal fails a test."""
    visitor = visit(engine.served, "en")
    shop_page(visitor)
    visitor.page.evaluate("() => document.body.setAttribute('style', 'color: red')")
    visitor.page.wait_for_timeout(100)
    assert any("Content Security Policy" in fault for fault in visitor.faults)
    visitor.faults.clear()
