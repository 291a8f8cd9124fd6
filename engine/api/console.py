"""`/console`: the marketer's page. Every answer is rendered here; scripts only move sliders."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

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
from engine.desk import drafts
from engine.desk.difference import differences
from engine.desk.drafts import RefusedError, Tried, whole_number
from engine.desk.findings import Report
from engine.desk.lint import lint
from engine.desk.sentences import Sentence, all_told, kept, sentence, told
from engine.desk.why import compared
from engine.desk.words import words
from engine.errors import (
    InvalidBodyError,
    MakegoodError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    TooManyRequestsError,
)
from engine.flows import explanations, glance, publishing, sessions
from engine.flows.awards import status_at
from engine.flows.explanations import flat
from engine.flows.publishing import Draft
from engine.flows.sessions import Visitor
from engine.limiter import Rate
from engine.messages import Messages
from engine.services import Services
from engine.settings import ROOT
from engine.toml_files import ConfigError
from rewards import shares
from rewards.odds import odds_text

# What few pages need and takes long to load (numpy, matplotlib, templates) is imported where a page needs it: a server
# starts without it.
if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = ROOT / "ui" / "console"
COOKIE = "makegood_console"
SIGN_INS_PER_MINUTE = 10
RUNS = 40
RUNS_MIN = 5
SIMULATED_MAX = 20_000_000
SHOWN_MAX = 64
ASKED = ("campaign", "slice", "percent", "before", "id")  # what an address says of a page
VERSIONS_SHOWN = 50  # on one page; older ones are a link away
_NAMEABLE = re.compile(r"[\w./:@-]{1,120}")  # a slice, a campaign or a place in a file, and no sentence
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


class FetchRefusedError(MakegoodError):
    """A script of the page asked for what cannot be forecast; the reader is told why in their language."""

    status, code, title = 422, "invalid_field", "This cannot be forecast"


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

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
            reports_ = [await _report(desk, session, version) for version in services.config.versions]
        names = _names(services)
        return desk.page("today.html", "today", seen=seen, names=names, reports=reports_, currency=shop.currency)

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
        figures = await asyncio.to_thread(_forecast, tried.version, desk.say, _traffic({}))
        label = services.messages(desk.say.locale).label
        slices = [
            {
                "slice": piece.slice,
                "reward": piece.reward,
                "label": label(piece.reward, version.reward(piece.reward), version.currency),
                "weight": piece.weight,
                "odds": desk.say.percent(piece.weight / version.table.total_weight),
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
            try:
                asked = await desk.own_json()
                traffic = _traffic(asked)
                tried = await _tried(session, desk.asked_campaign(asked.get("campaign")), asked.get("weights", {}))
            except (ConfigError, RefusedError) as error:
                raise FetchRefusedError(told(_why(error), desk.say)) from None
        figures = await asyncio.to_thread(_forecast, tried.version, desk.say, traffic)
        changes = all_told(differences(services.config, tried.config), desk.say)
        return Response(
            {**figures, "changes": changes or [desk.say.text("console-wheel-same")], "toml": tried.text},
            headers={"Cache-Control": "no-store"},
        )

    @post("/wheel/publish", status_code=303)
    async def publish(self, request: Call, services: Engine) -> Response[str]:
        try:
            async with services.transaction() as session:
                desk = await _desk(request, services, session, now=clock.now())
                form = await desk.own_form(change=True)
                weights = {
                    name.removeprefix("weight:"): value for name, value in form.items() if name.startswith("weight:")
                }
                tried = await _tried(session, desk.asked_campaign(form.get("campaign")), weights)
                _refuse_unlawful(tried)
                made = await publishing.publish(
                    session,
                    services.versions,
                    Draft(tried.config, tried.files),
                    by=desk.visitor.name,
                    note=str(form.get("note", "")).replace("\x00", "")[:300],
                    now=clock.now(),
                )
        except (ConfigError, RefusedError, MakegoodError) as error:
            return _refused(_why(error))
        await services.live.catch_up()
        return _to(f"/console/versions?{urlencode({'done': made.number})}")

    @get("/report")
    async def report(self, request: Call, services: Engine) -> Response[str]:
        from engine.desk.shown import band_text, cells_of

        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            version = desk.campaign()
            try:
                wanted = _what_if(request.query_params)
                found, flaw = await _report(desk, session, version, wanted), ""
            except InvalidBodyError:
                wanted, flaw = None, desk.say.text("console-report-flaw")
                found = await _report(desk, session, version)
        rows = [(figure, cells_of(figure, version.currency, desk.say)) for figure in found.figures]
        bands = {}
        if view := found.what_if:
            estimates = {
                "was": view.as_it_was,
                "ips": view.inverse_propensity,
                "dr": view.doubly_robust,
                "change": view.change,
            }
            bands = {name: band_text(band, version.currency, desk.say) for name, band in estimates.items() if band}
        return desk.page(
            "report.html",
            "report",
            version=version,
            report=found,
            rows=rows,
            bands=bands,
            flaw=flaw,
            wanted=wanted or {},
        )

    @get("/report.svg")
    async def report_chart(self, request: Call, services: Engine) -> Response[bytes]:
        from engine.desk.shown import charts_of

        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            found = await _report(desk, session, desk.campaign())
        return await _picture(charts_of(found, desk.say))

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
        return await _picture([Columns(title, [desk.say.day(day, "d MMM") for day in days], numbers, unit)])

    @get("/versions")
    async def versions(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            before = whole_number(request.query_params.get("before", ""))
            rows = await publishing.history(session, before=before, limit=VERSIONS_SHOWN + 1)
            live = await publishing.current_number(session, now=clock.now())
        rows, older = rows[:VERSIONS_SHOWN], rows[VERSIONS_SHOWN:]
        shown = [(row, publishing.state_of(row, live).replace(" ", "-"), kept(row.changes, desk.say)) for row in rows]
        earlier = rows[-1].number if older else None
        query = request.query_params
        done, refusal = whole_number(query.get("done", "")), _refusal_of(query)
        refused = told(refusal, desk.say) if refusal else ""
        return desk.page("versions.html", "versions", rows=shown, earlier=earlier, done=done, refused=refused)

    @get("/versions/{number:int}")
    async def version(self, request: Call, services: Engine, number: FromPath[int]) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            try:
                row = await publishing.of_number(session, number)
            except NotFoundError:
                return desk.page("not-found.html", "versions", status=404)
        return desk.page("version.html", "versions", row=row)

    @post("/versions/{number:int}/restore", status_code=303)
    async def restore(self, request: Call, services: Engine, number: FromPath[int]) -> Response[str]:
        desk = None
        try:
            async with services.transaction() as session:
                desk = await _desk(request, services, session, now=clock.now())
                await desk.own_form(change=True)
                made = await publishing.rollback(
                    session, services.versions, number, by=desk.visitor.name, now=clock.now()
                )
        except (ConfigError, MakegoodError) as error:
            if isinstance(error, NotFoundError) and desk is not None:
                return desk.page("not-found.html", "versions", status=404)
            return _refused(_why(error))
        await services.live.catch_up()
        return _to(f"/console/versions?{urlencode({'done': made.number})}")

    @get("/fairness")
    async def fairness(self, request: Call, services: Engine) -> Response[str]:
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
        wheels = await services.realised()
        judged = []
        for wheel in wheels:
            counts, weights = zip(*((piece.spins, piece.weight) for piece in wheel.slices), strict=True)
            judged.append((wheel, shares.watch(counts, weights)))
        return desk.page("fairness.html", "fairness", wheels=judged, names=_names(services))

    @get("/explain")
    async def explain(self, request: Call, services: Engine) -> Response[str]:
        wanted = request.query_params.get("id", "").strip()[:100].replace("\x00", "")
        async with services.transaction() as session:
            desk = await _desk(request, services, session, now=clock.now())
            offers = await explanations.find(session, wanted) if wanted else []
            decided = await explanations.of_offer(session, offers[0].id) if offers else None
        facts = list(flat(decided.offer.facts, desk.say)) if decided else []
        messages = services.messages(desk.say.locale)
        basket = (decided.offer.facts.get("cart") or {}) if decided else {}
        reasons = [
            (
                messages.text(f"reason-{one['code'].replace('_', '-')}"),
                one["code"],
                compared(one["detail"], basket.get("currency", ""), desk.say),
            )
            for one in (decided.offer.reasons if decided else ())
        ]
        spent = status_at(decided.award, clock.now()) if decided and decided.award else ""
        return desk.page(
            "explain.html",
            "explain",
            wanted=wanted,
            told=decided,
            others=offers[1:],
            facts=facts,
            reasons=reasons,
            spent=spent,
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

    def asked_campaign(self, slug: object) -> Version:
        """Return the campaign a form or script names; weights meant for one must never reach another."""
        if not slug:
            return self.services.config.versions[0]
        by_slug = {version.slug: version for version in self.services.config.versions}
        if not isinstance(slug, str) or slug not in by_slug:
            raise RefusedError("campaign-unknown", about=str(slug)[:SHOWN_MAX])
        return by_slug[slug]

    def page(self, template: str, here: str, *, status: int = 200, **values: Any) -> Response[str]:
        zone = ZoneInfo(self.services.config.shop.time_zone)
        return _page(
            template,
            self.say,
            status=status,
            here=here,
            visitor=self.visitor,
            stay=_asked(self.request),
            campaigns=self.services.config.versions,
            local=lambda at: self.say.instant(at.astimezone(zone)),
            **values,
        )

    async def own_form(self, *, change: bool = False) -> Mapping[str, Any]:
        """Return the form; one of another session or site goes nowhere, and an auditor's changes nothing."""
        _refuse_other_sites(self.request)
        form = await self.request.form()
        if not sessions.is_own_form(self.visitor, str(form.get("csrf", ""))):
            raise AwayError("/console/versions?refused=form-stale")
        if change and not self.visitor.may_publish:
            raise AwayError("/console/versions?refused=not-allowed")
        return form

    async def own_json(self) -> Mapping[str, Any]:
        """Return what a script of this session's page asks; a script cannot be sent elsewhere, so it is refused."""
        stale = NotAllowedError(self.say.text("console-refused-form-stale"), code="form_stale")
        if not sessions.is_own_form(self.visitor, self.request.headers.get("x-csrf-token", "")):
            raise stale
        try:
            _refuse_other_sites(self.request)
        except AwayError:
            raise stale from None
        body = await self.request.json()
        if not isinstance(body, dict):
            raise RefusedError("weights")
        return body


async def _desk(request: Call, services: Services, session: AsyncSession, *, now: datetime, page: bool = True) -> _Desk:
    cookie = request.cookies.get(COOKIE, "")
    visitor = await sessions.of_cookie(session, services.vault, cookie, now=now) if cookie else None
    if visitor is None:
        if not page:
            raise NotSignedInError(words(_wished_locale(request)).text("console-session-over"))
        error = "?error=session-over" if cookie else ""
        raise AwayError(f"/console/sign-in{error}")
    if page and (lang := request.query_params.get("lang")):
        visitor.session.locale = words(lang).locale
    return _Desk(request, services, visitor)


async def _report(
    desk: _Desk, session: AsyncSession, version: Version, wanted: Mapping[str, float] | None = None
) -> Report:
    from engine.flows import reports

    services = desk.services
    return await reports.of_campaign(
        session, services.versions, version, services.config.shop.targets, desk.say, wanted=wanted, now=clock.now()
    )


async def _tried(session: AsyncSession, version: Version, told: object) -> Tried:
    if not isinstance(told, dict):
        raise RefusedError("weights")
    weights = drafts.weights_of(version, told)
    live = await publishing.current(session, now=clock.now())
    if live is None:
        raise RefusedError("nothing-published")
    return await asyncio.to_thread(drafts.with_weights, live.files, version.slug, weights)


def _refuse_unlawful(tried: Tried) -> None:
    """What the linter calls an error is not published from a page."""
    found = lint(tried.config, FOLDER, today=clock.now().date())
    if errors := [finding for finding in found if finding.level == "error"]:
        raise RefusedError(errors[0].code)


def _why(error: Exception) -> Sentence:
    """Return why nothing changed, as a sentence of the page's own."""
    match error:
        case RefusedError():
            return error.sentence
        case ConfigError(problems=[first, *_]):
            return sentence("console-refused-unsound", about=f"{first.file}:{first.line}")
        case MakegoodError():
            return _refusal_of({"refused": error.code.replace("_", "-")}) or sentence("console-refused-other")
        case _:
            return sentence("console-refused-other")


def _refused(why: Sentence) -> Response[str]:
    """Go to the versions and say there why nothing changed: the sentence's name travels, not its words."""
    query = {"refused": why.id.removeprefix("console-refused-"), **{name: str(it) for name, it in why.values.items()}}
    return _to(f"/console/versions?{urlencode(query)}")


def _refusal_of(query: Mapping[str, str]) -> Sentence | None:
    """Return the refusal an address names, and nothing else that may stand in it."""
    message_id = f"console-refused-{query.get('refused', '')}"
    if not words("en").has(message_id):
        return None
    about = query.get("about", "")
    return sentence(message_id, about=about if _NAMEABLE.fullmatch(about) else "–")


class Traffic(NamedTuple):
    """What the forecast beside the sliders assumes."""

    per_day: int
    days: int
    used: Fraction


def _traffic(asked: Mapping[str, Any]) -> Traffic:
    return Traffic(
        _within(asked, "stockouts", 1, 1_000_000, 1000),
        _within(asked, "days", 1, 365, 30),
        Fraction(_within(asked, "used", 0, 100, 100), 100),
    )


def _forecast(version: Version, say: Messages, traffic: Traffic) -> dict[str, Any]:
    """Return the figures beside the sliders, as text in the reader's language."""
    import numpy as np

    from engine.desk.outlook import as_json
    from engine.desk.plans import plan_of
    from rewards.forecast import exact, simulate

    stockouts, days = traffic.per_day * traffic.days, traffic.days
    plan = plan_of(version, stockouts=stockouts, days=days, today=clock.now().date(), used_of_all=traffic.used)
    runs = max(RUNS_MIN, min(RUNS, SIMULATED_MAX // stockouts))
    numbers = as_json(version, plan, exact(plan), simulate(plan, np.random.default_rng(1), runs))

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
        else say.text("console-wheel-budget-out", day=round(budget["first_out_day"], 1)),
        "budget_lasts": lasts,
    }


def _names(services: Services) -> dict[str, str]:
    """Return what campaigns are called; one that is over has its id alone."""
    return {version.slug: version.campaign.name for version in services.config.versions}


def _within(asked: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    """Return a whole number of what was asked; raise `RefusedError` for what is none between its ends."""
    number = whole_number(asked.get(name, default))
    if number is None or not low <= number <= high:
        label = sentence(f"console-wheel-{name}")
        raise RefusedError("number", about=label, low=low, high=high)
    return number


def _what_if(query: Mapping[str, str]) -> dict[str, float] | None:
    name, percent = query.get("slice", ""), query.get("percent", "").strip().replace(",", ".")
    return read_what_if(f"{name}:{percent}") if name or percent else None


async def _picture(charts: list[Any]) -> Response[bytes]:
    def drawn() -> bytes:
        from engine.desk.charts import draw

        with _DRAWING:
            return draw(charts) if charts else b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

    # The picture is its own document: its styles are inside it, and nothing else may be.
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(await asyncio.to_thread(drawn), media_type="image/svg+xml", headers={**HEADERS, **policy})


def _page(template: str, say: Messages, *, status: int = 200, **values: Any) -> Response[str]:
    def text(message_id: str, **named: object) -> str:
        return say.text(f"console-{message_id}", **named)

    known: dict[str, Any] = {"visitor": None, "campaigns": (), "version": None, "stay": ""}
    html = (
        _templates()
        .get_template(template)
        .render(
            t=text,
            locale=say.locale,
            other="en" if say.locale == "fr" else "fr",
            nothing=Markup("–"),
            money=lambda minor, currency: say.money(round(minor), currency),
            number=say.number,
            day=say.day,
            percent=say.percent,
            chance=say.chance,
            **{**known, **values},
        )
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=HEADERS)


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
    foreign = origin not in {None, "null"} and _netloc(str(origin)) != request.headers.get("host", "")
    if site not in {"same-origin", "none"} or foreign or origin == "null":
        raise AwayError("/console/sign-in")


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # brackets that no address has
        return None


def _wished_locale(request: Call) -> str:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "en").split(",")[0]
    return words(asked.strip()).locale


def _asked(request: Call) -> str:
    """Return what a page was asked, for the link to the other language: it changes the words and not the page."""
    return urlencode({name: value for name, value in request.query_params.items() if name in ASKED})


def _known_code(code: str) -> str:
    return code if code in {"key-wrong", "too-many", "session-over"} else ""
