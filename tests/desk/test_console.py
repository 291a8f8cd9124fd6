"""Who may do what at /console: sessions that end, forms of this session alone, auditors who only look."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest

from engine.desk.charts import Columns, draw
from engine.desk.words import words
from engine.shared_redis import SharedRedis
from tests.support import (
    Json,
    OpenShop,
    Shop,
    admit,
    ask,
    bearer,
    campaign,
    config_copy,
    do,
    nothing_changes,
    problem,
    rows,
    slice_,
)

PAGES = ("", "/wheel", "/report", "/versions", "/versions/1", "/fairness", "/explain", "/report.svg", "/today.svg")


@asynccontextmanager
async def browser(shop: Shop, role: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with cookies of its own, signed in with a key of a role."""
    transport = shop.http._transport
    async with httpx.AsyncClient(transport=transport, base_url=shop.http.base_url) as http:
        if role:
            answer = await http.post("/console/sign-in", data={"key": admit(shop.database_url, role=role)})
            assert (answer.status_code, answer.headers["location"]) == (303, "/console")
        yield http


async def csrf(http: httpx.AsyncClient) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', (await http.get("/console/versions")).text)
    assert found
    return found[1]


async def test_every_page_wants_a_session(shop: Shop) -> None:
    async with browser(shop, None) as http:
        for path in PAGES:
            answer = await http.get(f"/console{path}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in"), path


@pytest.mark.parametrize("role", ["marketer", "auditor"])
async def test_a_marketer_and_an_auditor_see_every_page(shop: Shop, role: str) -> None:
    async with browser(shop, role) as http:
        for path in PAGES:
            answer = await http.get(f"/console{path}")
            assert answer.status_code == 200, path
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src" in answer.headers["content-security-policy"]
            assert "unsafe-inline" not in answer.headers["content-security-policy"] or path.endswith(".svg")


@pytest.mark.parametrize("key", ["", "mk_nonsense", "merchant"])
async def test_another_key_begins_no_session(shop: Shop, key: str) -> None:
    given = admit(shop.database_url) if key == "merchant" else key
    async with browser(shop, None) as http:
        answer = await http.post("/console/sign-in", data={"key": given})
        assert answer.headers["location"].startswith("/console/sign-in?error=key-wrong")
        assert not http.cookies


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(shop: Shop) -> None:
    async with browser(shop, None) as http:
        answer = await http.post("/console/sign-in", data={"key": admit(shop.database_url, role="auditor")})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/console" in cookie


async def test_a_session_ends_when_signed_out_when_over_and_with_its_key(shop: Shop) -> None:
    async with browser(shop, "auditor") as http:
        kept = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        await http.post("/console/sign-out", data={"csrf": await csrf(http)})
        http.cookies.clear()
        answer = await http.get("/console", headers={"Cookie": kept})
        assert answer.status_code == 303, "the cookie alone opens nothing any more"
    for end in (
        "UPDATE console_sessions SET expires_at = now()",
        "UPDATE api_keys SET revoked_at = now() WHERE role = 'auditor'",
    ):
        async with browser(shop, "auditor") as http:
            assert (await http.get("/console")).status_code == 200
            do(shop.database_url, end)
            assert (await http.get("/console")).headers["location"] == "/console/sign-in?error=session-over"


async def test_too_many_tries_are_slowed_down(shop: Shop) -> None:
    async with browser(shop, None) as http:
        seen = [
            (await http.post("/console/sign-in", data={"key": f"mk_{number}"})).headers["location"]
            for number in range(25)
        ]
    assert "too-many" in seen[-1]


CHANGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/console/wheel/publish", {"weight:discount-5": "41"}),
    ("/console/versions/1/restore", {}),
)


@pytest.fixture(autouse=True)
def _fresh_minute(shop: Shop) -> None:
    """Sign-ins of one test are not those of another."""
    shop.inside.limiter.__init__(SharedRedis(None))  # type: ignore[misc]  # the same limiter, with nothing counted


@pytest.mark.parametrize(("path", "form"), CHANGES)
@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"csrf": "0" * 64}, {}),
        ({"csrf": ""}, {}),
        ({}, {"Origin": "https://evil.example"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Origin": "null"}),
        ({}, {"Origin": "http://[::1"}),
    ],
)
async def test_a_form_of_another_session_or_site_changes_nothing(
    shop: Shop, path: str, form: dict[str, str], change: dict[str, str], headers: dict[str, str]
) -> None:
    async with browser(shop, "marketer") as http:
        token = await csrf(http)
        with nothing_changes(shop.database_url):
            answer = await http.post(path, data={"csrf": token, **form, **change}, headers=headers)
        assert answer.status_code == 303


@pytest.mark.parametrize(("path", "form"), CHANGES)
async def test_an_auditor_changes_nothing(shop: Shop, path: str, form: dict[str, str]) -> None:
    async with browser(shop, "auditor") as http:
        token = await csrf(http)
        with nothing_changes(shop.database_url):
            answer = await http.post(path, data={"csrf": token, **form})
        assert "refused" in answer.headers["location"]


async def test_sliders_forecast_and_hand_back_the_file(shop: Shop) -> None:
    async with browser(shop, "auditor") as http:
        headers = {"X-CSRF-Token": await csrf(http)}
        asked = {
            "campaign": "always-on",
            "weights": {"discount-20": 8, "discount-5": 36},
            "stockouts": "100",
            "days": 3,
        }
        answer = await http.post("/console/wheel/simulate", json=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["odds"]["discount-20"] == "0.08"
        assert 'reward = "discount-20"\nweight = 8' in told["toml"]
        assert any("discount-20" in sentence for sentence in told["changes"])
        for wrong in ({"discount-20": 0}, {"discount-20": "x"}, {"discount-20": 10**9}, {"discount-20": 8.5}):
            answer = await http.post("/console/wheel/simulate", json={**asked, "weights": wrong}, headers=headers)
            assert "discount-20" in problem(answer, 422, "invalid_field")["detail"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"weights": []}, "slice by slice"),
        ({"weights": "all"}, "slice by slice"),
        ({"weights": {"discount-99": 3}}, "discount-99"),
        ({"days": 0}, "Days"),
        ({"days": "many"}, "Days"),
        ({"days": "9" * 5000}, "Days"),
        ({"stockouts": -1}, "Stockouts a day"),
        ({"stockouts": 1e9}, "Stockouts a day"),
        ({"used": 101}, "Share of codes used"),
        ({"campaign": "allways-on"}, "allways-on"),
        ([], "slice by slice"),
    ],
)
async def test_nonsense_beside_the_sliders_is_told_and_not_guessed(shop: Shop, wrong: Json, said: str) -> None:
    async with browser(shop, "auditor") as http:
        headers = {"X-CSRF-Token": await csrf(http)}
        answer = await http.post("/console/wheel/simulate", json=wrong, headers=headers)
        assert re.search(said, problem(answer, 422, "invalid_field")["detail"])
        await http.get("/console?lang=fr")
        french = problem(await http.post("/console/wheel/simulate", json=wrong, headers=headers), 422, "invalid_field")
        assert french["detail"] != problem(answer, 422, "invalid_field")["detail"]


async def test_a_script_without_its_session_is_refused_and_not_sent_elsewhere(shop: Shop) -> None:
    async with browser(shop, "auditor") as http:
        token = await csrf(http)
        for headers in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site"}):
            problem(await http.post("/console/wheel/simulate", json={}, headers=headers), 403, "form_stale")
        http.cookies.clear()
        problem(await http.post("/console/wheel/simulate", json={}), 401, "not_signed_in")


@pytest.mark.parametrize("number", [0, 77, 2**31, 2**63, 99999999999999999999, 10**40])
async def test_a_publication_that_is_not_there_is_not_found_however_large(shop: Shop, number: int) -> None:
    async with browser(shop, "marketer") as http:
        token = await csrf(http)
        assert (await http.get(f"/console/versions/{number}")).status_code == 404
        with nothing_changes(shop.database_url):
            answer = await http.post(f"/console/versions/{number}/restore", data={"csrf": token})
        assert answer.status_code == 404


def _shown(html: str) -> str:
    """Return what a reader sees of a page, files and identifiers aside."""
    without = re.sub(r"<(pre|code|script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    spoken = re.sub(r'<[^>]*\b(?:alt|aria-label|data-\w+)="([^"]*)"[^>]*>', r" \1 ", without)
    return unescape(re.sub(r"<[^>]+>", " ", spoken))


def _english() -> list[str]:
    """Return every piece of an English sentence that no French one has."""
    french = " ".join(map(str, words("fr").patterns.values()))
    texts = [
        text
        for pattern in words("en").patterns.values()
        for text in ([pattern] if isinstance(pattern, str) else pattern.values())
    ]
    pieces = {piece.strip(" .:;,()") for text in texts for piece in re.split(r"\{[^}]*\}", text)}
    return [piece for piece in pieces if len(piece.split()) > 1 and piece not in french and piece != "English"]


async def test_no_english_sentence_stands_on_a_french_page(shop: Shop) -> None:
    spun = await (await shop.report()).won()
    refused = await (await shop.report(stage="viewed")).offer()
    assert spun
    async with browser(shop, "marketer") as http:
        form = {"csrf": await csrf(http), "campaign": "always-on", "weight:discount-20": "14", "note": "plus fort"}
        await http.post("/console/wheel/publish", data=form)
        offers = [offer for (offer,) in rows(shop.database_url, "SELECT id::text FROM offers")]
        assert refused.json()["offer_id"] in offers
        pages = [f"/explain?id={offer}" for offer in offers]
        pages += [page for page in PAGES if not page.endswith(".svg")]
        pages += [
            "/versions/77",
            "/versions?refused=nothing-changes",
            "/versions?done=2",
            "/report?slice=x&percent=900",
        ]
        for path in pages:
            page = _shown((await http.get(f"/console{path}{'&' if '?' in path else '?'}lang=fr")).text)
            assert [piece for piece in _english() if re.search(rf"\b{re.escape(piece)}\b", page)] == [], path
            figures = page.split(words("fr").text("console-explain-facts"))[0]  # facts are shown as they are stored
            assert re.findall(r"\d\.\d|\bEUR\b", figures) == [], path
            assert not re.search(r"\b(marketer|auditor|spun|issued|none|yes|no|lapsed|open|True|False|None)\b", page), (
                path
            )


async def test_weights_for_a_campaign_that_is_not_there_reach_no_other(shop: Shop) -> None:
    async with browser(shop, "marketer") as http:
        form = {"csrf": await csrf(http), "campaign": "allways-on", "weight:discount-5": "39"}
        with nothing_changes(shop.database_url):
            answer = await http.post("/console/wheel/publish", data=form)
        assert answer.headers["location"] == "/console/versions?refused=campaign-unknown&about=allways-on"
        page = unescape((await http.get(answer.headers["location"])).text)
        assert 'There is no campaign "allways-on"' in page


async def test_an_address_cannot_put_words_into_the_page(shop: Shop) -> None:
    async with browser(shop, "marketer") as http:
        for query in ("refused=Send+your+key+to+evil.example", "refused=weight&about=call+this+number", "done=a+b"):
            page = (await http.get(f"/console/versions?{query}")).text
            assert not re.search("evil|call this|a b<", page)


async def test_a_marketer_publishes_and_goes_back(shop: Shop) -> None:
    async with browser(shop, "marketer") as http:
        token = await csrf(http)
        form = {"csrf": token, "campaign": "always-on", "weight:discount-5": "39", "note": "less"}
        answer = await http.post("/console/wheel/publish", data=form)
        assert "done=" in answer.headers["location"]
        assert shop.inside.config.versions[0].table.slices[0].weight == 39
        again = await http.post("/console/wheel/publish", data=form)
        assert "refused=nothing-changes" in again.headers["location"]
        await http.post("/console/versions/1/restore", data={"csrf": token})
        assert shop.inside.config.versions[0].table.slices[0].weight == 40
        newest = ask(shop.database_url, "SELECT by || ' ' || kind FROM publications ORDER BY number DESC LIMIT 1")
        assert newest == "a test rollback"


async def test_every_version_is_shown_however_many_there_are(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.api.console.VERSIONS_SHOWN", 1)
    async with browser(shop, "marketer") as http:
        token = await csrf(http)
        for weight in ("38", "37"):
            form = {"csrf": token, "campaign": "always-on", "weight:discount-5": weight}
            assert "done=" in (await http.post("/console/wheel/publish", data=form)).headers["location"]
        found, path = [], "/console/versions"
        while path:
            page = unescape((await http.get(path)).text)
            found += re.findall(r'<li class="card">\s*<p class="headed"><b>No\. (\d+)', page)
            assert f'href="?{path.partition("?")[2]}{"&" * ("?" in path)}lang=fr"' in page, "the same page in French"
            path = next(iter(re.findall(r'href="(/console/versions\?before=\d+)"', page)), "")
    numbers = rows(shop.database_url, "SELECT number::text FROM publications ORDER BY number DESC")
    assert [(one,) for one in found] == numbers


async def test_of_several_campaigns_each_answer_names_its_own(open_shop: OpenShop, tmp_path: Path) -> None:
    first, second = (
        campaign(slice_("discount-5"), name=name, rules=[f'kind = "market_in"\nmarkets = ["{market}"]'])
        for name, market in (("Winter", "FR"), ("Summer", "DE"))
    )
    config = config_copy(tmp_path, first=first, second=second)
    async with open_shop(config=config) as shop, browser(shop, "auditor") as http:
        answers = (await http.get("/console")).text.partition("</section>")[0]
    assert re.findall(r"<h3>(\w+)</h3>", answers) == ["Winter", "Summer"]


async def test_what_a_shop_sends_cannot_run_in_the_page(shop: Shop) -> None:
    shopper = await shop.report(title="<script>alert(1)</script>", sku="<b>X")
    offer = await shopper.offered()
    async with browser(shop, "auditor") as http:
        page = await http.get("/console/explain", params={"id": offer["offer_id"]})
        assert "&lt;script&gt;alert(1)" in page.text
        assert "<script>alert" not in page.text
        strange = await http.get("/console/explain", params={"id": "'\"><script>"})
        assert "<script>" not in strange.text


# Over the API


@pytest.mark.parametrize("role", ["marketer", "auditor"])
async def test_a_desk_key_calls_no_endpoint_of_the_shop(shop: Shop, role: str) -> None:
    headers = bearer(admit(shop.database_url, role=role))
    with nothing_changes(shop.database_url):
        for method, path in (("POST", "/v1/outcomes"), ("PUT", "/v1/stock/X"), ("GET", "/v1/shoppers/c-1")):
            body = {"available": 1} if method == "PUT" else {"event_id": "e", "kind": "complaint", "stockout_id": None}
            answer = await shop.http.request(method, path, headers=headers, json=None if method == "GET" else body)
            problem(answer, 403, "not_allowed")
        for content in (b"", b"{", b'{"event_id": 7}', b"[]"):
            for path in ("/v1/stockouts", "/v1/outcomes", "/v1/codes/X/redemptions"):
                refused = await shop.http.post(
                    path, headers={**headers, "Content-Type": "application/json"}, content=content
                )
                problem(refused, 403, "not_allowed")
            wrong = {"Authorization": "Bearer mk_nonsense", "Content-Type": "application/json"}
            problem(await shop.http.post("/v1/stockouts", headers=wrong, content=content), 401, "key_refused")


@pytest.mark.parametrize(("values", "top"), [([0] * 30, 1), ([0, 1, 0], 1), ([0, 7, 3], 7), ([0.0, 0.4], 0.4)])
def test_columns_stand_on_nought_and_count_whole_things_in_whole_numbers(values: list[float], top: float) -> None:
    columns = Columns("Stockouts", [str(day) for day in range(len(values))], values, "stockouts")
    picture = draw([columns]).decode()
    scale = [
        float(text.replace("\u2212", "-"))
        for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture.partition('id="matplotlib.axis_2"')[2])
        if re.fullmatch(r"[-\u2212]?[0-9.]+", text)
    ]
    assert min(scale) == 0
    assert max(scale) <= top * 1.05
    assert not all(value == int(value) for value in values) or all(step == int(step) for step in scale)


async def test_the_report_answers_every_reader_and_nobody_else(shop: Shop) -> None:
    for role in ("merchant", "marketer", "auditor"):
        answer = await shop.http.get("/v1/report", headers=bearer(admit(shop.database_url, role=role)))
        assert answer.status_code == 200, answer.text
        assert answer.json()["campaign"] == "always-on"
    problem(await shop.http.get("/v1/report"), 401, "not_signed_in")
    problem(await shop.http.get("/v1/report?campaign=allways-on", headers=shop.headers), 404, "campaign_unknown")
    for what_if in (
        *("nonsense", "discount-20:101", "discount-99:8", "discount-20:8,discount-5:99"),
        "discount-20:8,discount-20:9",
    ):
        answer = await shop.http.get("/v1/report", params={"what_if": what_if}, headers=shop.headers)
        problem(answer, 422, "invalid_field", fields=["what_if"])
