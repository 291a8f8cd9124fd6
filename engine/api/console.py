"""`/console`: the marketer's page. Every answer is rendered here; scripts only move sliders."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from functools import cache
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Controller, MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from engine import clock
from engine.api.desk import campaign_of, read_what_if
from engine.api.security import Call, Engine, address_of
from engine.campaigns import Version
from engine.cli.publish import state_of
from engine.cli.report import band_text, cells_of, charts_of
from engine.cli.simulate import as_json
from engine.desk import drafts
from engine.desk.difference import differences
from engine.desk.drafts import Tried
from engine.desk.lint import lint
from engine.desk.plans import plan_of
from engine.desk.report import Report
from engine.desk.words import words
from engine.errors import MakegoodError, NotFoundError, TooManyRequestsError
from engine.flows import explanations, fairness, glance, publishing, reports, sessions
from engine.flows.explanations import flat
from engine.flows.publishing import Draft
from engine.flows.sessions import Visitor
from engine.limiter import Rate
from engine.messages import Messages
from engine.services import Services
from engine.settings import ROOT
from engine.toml_files import ConfigError
from rewards import shares
from rewards.forecast import exact, simulate
from rewards.odds import odds_text

FOLDER = ROOT / "ui" / "console"
COOKIE = "makegood_console"
SIGN_INS_PER_MINUTE = 10
RUNS = 40
SIMULATED_MAX = 3_000_000
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DRAWING = Lock()  # matplotlib's settings are the process's own


class AwayError(Exception):
    """The visitor has to go elsewhere first: to sign in, or back to a page that says why."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "pages"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def away(_request: Call, error: AwayError) -> Response[str]:
    return _to(error.to)


def routes() -> list[ControllerRouterHandler]:
    assets = create_static_files_router(
        path="/console/assets", directories=[FOLDER / "assets"], name="console-assets", include_in_schema=False
    )
    return [ConsoleController, assets]


class ConsoleController(Controller):
    """Today, wheel, report, versions, fairness, why."""

    path = "/console"
    include_in_schema = False

    @get()
    async def today(self, request: Call, services: Engine) -> Response[str]:
        now = clock.now()
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=now)
            shop = services.config.shop
            seen = await glance.today(session, services.versions, services.config.versions, shop.time_zone, now=now)
            told = [await _report(desk, session, version) for version in services.config.versions]
        return desk.page("today.html", "today", seen=seen, reports=told, currency=shop.currency)

    @get("/sign-in")
    async def sign_in_page(self, request: Call) -> Response[str]:
        say = words(_wished_locale(request))
        return _page("sign-in.html", say, error=_known_code(request.query_params.get("error", "")), here="")

    @post("/sign-in", status_code=303)
    async def sign_in(self, request: Call, services: Engine) -> Response[str]:
        _refuse_other_sites(request)
        form = await request.form()
        locale = words(str(form.get("locale", ""))).locale
        try:
            await services.limiter.hit(Rate("sign in", address_of(request), SIGN_INS_PER_MINUTE))
        except TooManyRequestsError:
            return _to(f"/console/sign-in?{urlencode({'error': 'too-many', 'lang': locale})}")
        async with services.transaction() as session:
            cookie = await sessions.begin(session, str(form.get("key", "")), locale, now=clock.now())
        if cookie is None:
            return _to(f"/console/sign-in?{urlencode({'error': 'key-wrong', 'lang': locale})}")
        answer = _to("/console")
        answer.set_cookie(_cookie(services, cookie, sessions.HOURS * 3600))
        return answer

    @post("/sign-out", status_code=303)
    async def sign_out(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            await desk.own_form()
            await sessions.end(session, desk.visitor)
        answer = _to("/console/sign-in")
        answer.set_cookie(_cookie(services, "", 0))
        return answer

    @get("/wheel")
    async def wheel(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            version = desk.campaign()
            tried = await _tried(session, version, {})
        figures = await asyncio.to_thread(_forecast, tried.version, desk.say, {})
        label = services.messages(desk.say.locale).label
        slices = [
            {
                "slice": piece.slice,
                "reward": piece.reward,
                "label": label(piece.reward, version.reward(piece.reward), version.currency),
                "weight": piece.weight,
                "odds": odds_text(piece.weight, version.table.total_weight),
            }
            for piece in version.table.slices
        ]
        most = max(100, *(2 * piece.weight for piece in version.table.slices))
        return desk.page(
            "wheel.html", "wheel", version=version, slices=slices, most=most, figures=figures, text=tried.text
        )

    @post("/wheel/simulate", status_code=200)
    async def simulate(self, request: Call, services: Engine) -> Response[Any]:
        """Forecast the sliders as they stand: figures, sentences and the file."""
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now(), page=False)
            asked = await desk.own_json()
            version = desk.campaign(str(asked.get("campaign", "")) or None)
            try:
                tried = await _tried(session, version, asked)
            except (ConfigError, ValueError) as error:
                return Response({"flaw": str(error)}, status_code=422)
        figures = await asyncio.to_thread(_forecast, tried.version, desk.say, asked)
        changes = differences(services.config, tried.config)
        return Response(
            {**figures, "changes": changes or [desk.say.text("console-wheel-same")], "toml": tried.text},
            headers={"Cache-Control": "no-store"},
        )

    @post("/wheel/publish", status_code=303)
    async def publish(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            form = await desk.own_form(change=True)
            version = desk.campaign(str(form.get("campaign", "")) or None)
            told = {name.removeprefix("weight:"): value for name, value in form.items() if name.startswith("weight:")}
            try:
                tried = await _tried(session, version, {"weights": told})
                _refuse_unlawful(tried)
                made = await publishing.publish(
                    session,
                    services.versions,
                    Draft(tried.config, tried.files),
                    by=desk.visitor.name,
                    note=str(form.get("note", ""))[:300],
                    now=clock.now(),
                )
            except (ConfigError, ValueError, MakegoodError) as error:
                return _to(f"/console/versions?{urlencode({'refused': str(error)[:300]})}")
        await services.live.catch_up()
        return _to(f"/console/versions?{urlencode({'done': made.number})}")

    @get("/report")
    async def report(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            version = desk.campaign()
            wanted, flaw = _what_if(request.query_params)
            try:
                told = await _report(desk, session, version, wanted)
            except MakegoodError as error:
                told, flaw = await _report(desk, session, version), error.detail
        rows = [(figure, cells_of(figure, version.currency, desk.say)) for figure in told.figures]
        bands = {}
        if view := told.what_if:
            found = {
                "was": view.as_it_was,
                "ips": view.inverse_propensity,
                "dr": view.doubly_robust,
                "change": view.change,
            }
            bands = {name: band_text(band, version.currency, desk.say) for name, band in found.items() if band}
        return desk.page(
            "report.html",
            "report",
            version=version,
            report=told,
            rows=rows,
            bands=bands,
            flaw=flaw,
            wanted=wanted or {},
        )

    @get("/report.svg")
    async def report_chart(self, request: Call, services: Engine) -> Response[bytes]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            told = await _report(desk, session, desk.campaign())
        return await _picture(charts_of(told, desk.say))

    @get("/today.svg")
    async def today_chart(self, request: Call, services: Engine) -> Response[bytes]:
        from engine.desk.charts import Columns

        now = clock.now()
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=now)
            seen = await glance.today(session, services.versions, [], services.config.shop.time_zone, now=now)
        title = desk.say.text("console-today-chart")
        days, numbers = zip(*seen.days, strict=True)
        unit = desk.say.text("console-today-stockouts")
        return await _picture([Columns(title, [f"{day:%d.%m.}" for day in days], numbers, unit)])

    @get("/versions")
    async def versions(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            rows = await publishing.history(session)
            live = await publishing.current_number(session, now=clock.now())
        shown = [(row, state_of(row, live).replace(" ", "-")) for row in rows]
        query = request.query_params
        return desk.page(
            "versions.html", "versions", rows=shown, done=query.get("done", ""), refused=query.get("refused", "")
        )

    @get("/versions/{number:int}")
    async def version(self, request: Call, services: Engine, number: FromPath[int]) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            try:
                row = await publishing.of_number(session, number)
            except NotFoundError:
                return _to("/console/versions")
        return desk.page("version.html", "versions", row=row)

    @post("/versions/{number:int}/restore", status_code=303)
    async def restore(self, request: Call, services: Engine, number: FromPath[int]) -> Response[str]:
        try:
            async with services.transaction() as session:
                desk = await _desk(request, services, session, now=clock.now())
                await desk.own_form(change=True)
                made = await publishing.rollback(
                    session, services.versions, number, by=desk.visitor.name, now=clock.now()
                )
        except (ConfigError, MakegoodError) as error:
            return _to(f"/console/versions?{urlencode({'refused': str(error)[:300]})}")
        await services.live.catch_up()
        return _to(f"/console/versions?{urlencode({'done': made.number})}")

    @get("/fairness")
    async def fairness(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            wheels = await services.realised.get(lambda: fairness.realised(session, services.versions))
        judged = []
        for wheel in wheels:
            counts, weights = zip(*((piece.spins, piece.weight) for piece in wheel.slices), strict=True)
            judged.append((wheel, shares.watch(counts, weights)))
        return desk.page("fairness.html", "fairness", wheels=judged)

    @get("/explain")
    async def explain(self, request: Call, services: Engine) -> Response[str]:
        wanted = request.query_params.get("id", "").strip()[:100].replace("\x00", "")
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            offers = await explanations.find(session, wanted) if wanted else []
            told = await explanations.of_offer(session, offers[0].id) if offers else None
        facts = list(flat(told.offer.facts)) if told else []
        reasons = []
        if told:
            messages = services.messages(desk.say.locale)
            reasons = [
                (messages.text(f"reason-{one['code'].replace('_', '-')}"), one["detail"]) for one in told.offer.reasons
            ]
        return desk.page(
            "explain.html", "explain", wanted=wanted, told=told, others=offers[1:], facts=facts, reasons=reasons
        )


class _Desk:
    """One visitor's call: who, in which language, and what their page needs."""

    def __init__(self, request: Call, services: Services, visitor: Visitor) -> None:
        self.request, self.services, self.visitor = request, services, visitor
        self.say = words(visitor.session.locale)

    def campaign(self, slug: str | None = None) -> Version:
        """Return the campaign that is asked for; the first one where there is none of that name."""
        wanted = slug or self.request.query_params.get("campaign") or None
        try:
            return campaign_of(self.services.config, wanted)
        except NotFoundError:
            return self.services.config.versions[0]

    def page(self, template: str, here: str, **values: Any) -> Response[str]:
        zone = ZoneInfo(self.services.config.shop.time_zone)
        return _page(
            template,
            self.say,
            here=here,
            visitor=self.visitor,
            campaigns=self.services.config.versions,
            money=lambda minor, currency: self.say.money(round(minor), currency),
            local=lambda at: f"{at.astimezone(zone):%Y-%m-%d %H:%M}",
            **values,
        )

    async def own_form(self, *, change: bool = False) -> Mapping[str, Any]:
        """Return the form; one of another session or site goes nowhere, and an auditor's changes nothing."""
        _refuse_other_sites(self.request)
        form = await self.request.form()
        if not sessions.is_own_form(self.visitor, str(form.get("csrf", ""))):
            raise AwayError(f"/console/versions?{urlencode({'refused': self.say.text('console-form-stale')})}")
        if change and not self.visitor.may_publish:
            raise AwayError(f"/console/versions?{urlencode({'refused': self.say.text('console-not-allowed')})}")
        return form

    async def own_json(self) -> Mapping[str, Any]:
        _refuse_other_sites(self.request)
        if not sessions.is_own_form(self.visitor, self.request.headers.get("x-csrf-token", "")):
            raise AwayError("/console")
        body = await self.request.json()
        return body if isinstance(body, dict) else {}


async def _desk(request: Call, services: Services, session: AsyncSession, *, now: datetime, page: bool = True) -> _Desk:
    cookie = request.cookies.get(COOKIE, "")
    visitor = await sessions.of_cookie(session, services.vault, cookie, now=now) if cookie else None
    if visitor is None:
        error = "?error=session-over" if cookie else ""
        raise AwayError(f"/console/sign-in{error}")
    if page and (lang := request.query_params.get("lang")):
        visitor.session.locale = words(lang).locale
    return _Desk(request, services, visitor)


async def _report(
    desk: _Desk, session: AsyncSession, version: Version, wanted: Mapping[str, float] | None = None
) -> Report:
    services = desk.services
    return await reports.of_campaign(
        session, services.versions, version, services.config.shop.targets, desk.say, wanted=wanted, now=clock.now()
    )


async def _tried(session: AsyncSession, version: Version, asked: Mapping[str, Any]) -> Tried:
    told = asked.get("weights", {})
    weights = drafts.weights_of(version, told if isinstance(told, dict) else {})
    live = await publishing.current(session, now=clock.now())
    if live is None:
        raise ValueError("nothing is published yet")
    return await asyncio.to_thread(drafts.with_weights, live.files, version.slug, weights)


def _refuse_unlawful(tried: Tried) -> None:
    """What the linter calls an error is not published from a page."""
    found = lint(tried.config, FOLDER, today=clock.now().date())
    if errors := [finding for finding in found if finding.level == "error"]:
        raise ValueError(errors[0].message)


def _forecast(version: Version, say: Messages, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures beside the sliders, as text in the reader's language."""
    per_day = _within(asked.get("stockouts"), 1, 1_000_000, 1000)
    days = _within(asked.get("days"), 1, 365, 30)
    used = Fraction(_within(asked.get("used"), 0, 100, 100), 100)
    stockouts = min(per_day * days, SIMULATED_MAX)
    plan = plan_of(version, stockouts=stockouts, days=days, today=clock.now().date(), used_of_all=used)
    told = exact(plan)
    runs = max(5, min(RUNS, 20_000_000 // max(1, stockouts)))
    numbers = as_json(version, plan, told, simulate(plan, np.random.default_rng(1), runs))

    def money(minor: float) -> str:
        return say.money(round(minor), version.currency)

    day, budget = numbers["day"], numbers["budget"]
    lasts = budget["first_out_day"] is None
    return {
        "odds": {piece.slice: odds_text(piece.weight, version.table.total_weight) for piece in version.table.slices},
        "spin": money(numbers["spin"]["expected_minor"]),
        "day": money(day["simulated_minor"]),
        "band": say.text(
            "console-wheel-band", low=money(day["simulated_low_minor"]), high=money(day["simulated_high_minor"])
        ),
        "worst": money(numbers["spin"]["worst_minor"]),
        "budget": say.text("console-wheel-budget-lasts")
        if lasts
        else say.text("console-wheel-budget-out", day=f"{budget['first_out_day']:.1f}"),
        "budget_lasts": lasts,
    }


def _within(value: object, low: int, high: int, default: int) -> int:
    try:
        number = int(float(str(value)))
    except (ValueError, OverflowError):
        return default
    return max(low, min(high, number))


def _what_if(query: Mapping[str, str]) -> tuple[dict[str, float] | None, str]:
    name, percent = query.get("slice", ""), query.get("percent", "").replace(",", ".")
    if not name or not percent:
        return None, ""
    try:
        return read_what_if(f"{name}:{percent}"), ""
    except MakegoodError as error:
        return None, error.detail


async def _picture(charts: list[Any]) -> Response[bytes]:
    def drawn() -> bytes:
        from engine.desk.charts import draw

        with _DRAWING:
            return draw(charts) if charts else b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

    # The picture is its own document: its styles are inside it, and nothing else may be.
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(await asyncio.to_thread(drawn), media_type="image/svg+xml", headers={**HEADERS, **policy})


def _page(template: str, say: Messages, **values: Any) -> Response[str]:
    def text(message_id: str, **named: object) -> str:
        return say.text(f"console-{message_id}", **named)

    known: dict[str, Any] = {"visitor": None, "campaigns": (), "version": None}
    html = (
        _templates()
        .get_template(template)
        .render(
            t=text,
            locale=say.locale,
            other="en" if say.locale == "fr" else "fr",
            nothing=Markup("–"),
            **{**known, **values},
        )
    )
    return Response(html, media_type=MediaType.HTML, headers=HEADERS)


def _to(path: str) -> Response[str]:
    return Response("", status_code=303, media_type=MediaType.HTML, headers={**HEADERS, "Location": path})


def _cookie(services: Services, value: str, seconds: int) -> Cookie:
    secure = services.settings.public_url.startswith("https:")
    return Cookie(
        COOKIE, path="/console", value=value, max_age=seconds, secure=secure, httponly=True, samesite="strict"
    )


def _refuse_other_sites(request: Call) -> None:
    """Browsers say where a form comes from; one that does and comes from elsewhere is not ours."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    foreign = origin not in {None, "null"} and urlsplit(str(origin)).netloc != request.headers.get("host", "")
    if site not in {"same-origin", "none"} or foreign or origin == "null":
        raise AwayError("/console/sign-in")


def _wished_locale(request: Call) -> str:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "en").split(",")[0]
    return words(asked.strip()).locale


def _known_code(code: str) -> str:
    return code if code in {"key-wrong", "too-many", "session-over"} else ""
