"""What came of a stockout, as the shop or the shopper tells it: each event once, in any order, late ones too."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.api.schemas import OutcomeBody, SurveyBody
from engine.db.tables import Enrolment, Offer, Outcome, Shopper, Stockout
from engine.errors import (
    ConflictError,
    FieldError,
    IdempotencyMismatchError,
    InvalidBodyError,
    NotFoundError,
    StockoutNotYoursError,
)
from engine.flows import enrolments, stockouts
from engine.flows.stockouts import refuse_strange_time
from engine.kit import Kit
from engine.vault import ShopperToken

ORDERS = ("purchased", "order_placed", "alternative_bought")  # kinds that may say what an order came to
_SCORES = {"csat": (1, 5), "nps": (0, 10)}
CLOCKS_APART_MAX = timedelta(minutes=5)  # between those of a shop's servers
OWN_EVENTS = "survey:"  # the shop's own event ids cannot begin so


class Noted(NamedTuple):
    outcome: Outcome
    replayed: bool


class About(NamedTuple):
    """Whom and what an outcome is about."""

    subject: UUID
    sku: str
    stockout_id: UUID | None
    met_at: datetime | None  # when the stockout was met


class Answered(NamedTuple):
    csat: int | None
    nps: int | None
    replayed: bool


async def note(session: AsyncSession, kit: Kit, body: OutcomeBody, *, currency: str, now: datetime) -> Noted:
    """Record an outcome; a purchase ends the waiting of that shopper for that product."""
    _refuse_unfit(body, currency, now=now)
    raw = msgspec.json.encode(body, order="sorted")
    digest = kit.vault.digest("outcome body", raw)
    if seen := await session.get(Outcome, body.event_id):
        return _replay(kit, seen, raw)
    about = await _about(session, body)
    await _refuse_contradiction(session, body, about)
    at = _not_before(about, body.occurred_at or now)
    told = {"order_id": body.order_id, "value_minor": body.value_minor, "margin_minor": body.margin_minor}
    first = await _write(
        session,
        body.event_id,
        body.kind,
        about,
        digest,
        **told,
        score=body.score,
        occurred_at=at,
        now=now,
    )
    outcome = await session.get_one(Outcome, body.event_id, populate_existing=True)
    if not first:
        return _replay(kit, outcome, raw)

    if body.kind == "purchased":
        await _end_waiting(session, kit, outcome, about, now=now)
    return Noted(outcome, replayed=False)


async def survey(session: AsyncSession, kit: Kit, token: ShopperToken, body: SurveyBody, *, now: datetime) -> Answered:
    """Keep a shopper's two answers, once the moment is over; the first answer to each question stays."""
    owned = await stockouts.of_token(session, token.shopper_id, token.stockout_id)
    if owned is None:
        raise StockoutNotYoursError
    _shopper, stockout = owned
    if body.csat is None and body.nps is None:
        message = "give `csat`, `nps` or both"
        raise InvalidBodyError(message, errors=[FieldError("csat", message)])
    await _refuse_before(session, stockout, body, now=now)
    about = About(stockout.subject, stockout.sku, stockout.id, stockout.occurred_at)
    fresh = False
    for kind, score in (("csat", body.csat), ("nps", body.nps)):
        if score is not None:
            event_id = f"{OWN_EVENTS}{stockout.id}:{kind}"
            digest = kit.vault.digest("survey answer", str(score))
            fresh |= await _write(session, event_id, kind, about, digest, score=score, occurred_at=now, now=now)
    mine = select(Outcome.kind, Outcome.score).where(
        Outcome.event_id.in_([f"{OWN_EVENTS}{stockout.id}:{kind}" for kind in _SCORES])
    )
    kept = {row.kind: row.score for row in await session.execute(mine)}
    return Answered(kept.get("csat"), kept.get("nps"), replayed=not fresh)


async def _refuse_before(session: AsyncSession, stockout: Stockout, body: SurveyBody, *, now: datetime) -> None:
    """Refuse an answer while something is still on offer: asked before, it would be about the asking."""
    found = select(Offer).where(Offer.subject == stockout.subject, Offer.stockout_id == stockout.id)
    offer = (await session.execute(found)).scalar_one_or_none()
    if offer is None:
        raise ConflictError("ask after the moment: no offer was made yet", code="survey_too_early")
    if offer.status != "open" or offer.expires_at <= now or body.declined or offer.arm in {"apology", "nothing"}:
        return
    waiting = select(Enrolment.id).where(Enrolment.subject == offer.subject, Enrolment.offer_id == offer.id)
    if (await session.execute(waiting)).first() is None:
        raise ConflictError("ask after the moment: the offer is still open", code="survey_too_early")


def _refuse_unfit(body: OutcomeBody, currency: str, *, now: datetime) -> None:
    """Refuse what fits no outcome of its kind, naming the field."""
    if body.occurred_at is not None:
        refuse_strange_time("occurred_at", body.occurred_at, now=now)
    flaw = ("event_id", f"begins with {OWN_EVENTS}, which is the engine's own") if _is_own(body.event_id) else None
    if body.kind in _SCORES:
        low, high = _SCORES[body.kind]
        if body.score is None or not low <= body.score <= high:
            flaw = ("score", f"is a whole number from {low} to {high} for {body.kind}")
    elif body.score is not None:
        flaw = ("score", f"does not go with {body.kind}")
    if body.kind not in ORDERS and (body.value_minor is not None or body.margin_minor is not None):
        flaw = ("value_minor" if body.value_minor is not None else "margin_minor", f"does not go with {body.kind}")
    if body.kind == "order_placed":
        needed = [name for name in ("order_id", "value_minor") if getattr(body, name) is None]
        flaw = (needed[0], "is missing: an order has one") if needed else flaw
    if body.currency not in {None, currency}:
        flaw = ("currency", f"is {body.currency}; this shop's amounts are in {currency}")
    if flaw:
        field, message = flaw
        raise InvalidBodyError(f"`{field}` {message}", errors=[FieldError(field, message)])


def _not_before(about: About, at: datetime) -> datetime:
    """Return when an outcome happened, never before its stockout: what came first did not come of it.

    Outcomes may be told late and in any order; clocks that differ by minutes are forgiven.
    """
    if about.met_at is None or at >= about.met_at:
        return at
    if about.met_at - at > CLOCKS_APART_MAX:
        message = f"is before the stockout it is about, which was met at {about.met_at:%Y-%m-%dT%H:%M:%SZ}"
        raise InvalidBodyError(f"`occurred_at` {message}", errors=[FieldError("occurred_at", message)])
    return about.met_at


def _is_own(event_id: str) -> bool:
    return event_id.startswith(OWN_EVENTS)


async def _write(
    session: AsyncSession,
    event_id: str,
    kind: str,
    about: About,
    digest: bytes,
    *,
    now: datetime,
    **told: object,
) -> bool:
    """Write an outcome where its event is new, and return whether it was."""
    row = insert(Outcome).values(
        event_id=event_id,
        body_digest=digest,
        subject=about.subject,
        kind=kind,
        stockout_id=about.stockout_id,
        sku=about.sku,
        created_at=now,
        **told,
    )
    written = await session.execute(row.on_conflict_do_nothing().returning(Outcome.event_id))
    return written.first() is not None


async def _end_waiting(session: AsyncSession, kit: Kit, outcome: Outcome, about: About, *, now: datetime) -> None:
    waiting = await enrolments.lock_active(session, about.subject, about.sku)
    if waiting is not None:
        version = await kit.versions.get(session, waiting.version)
        outcome.enrolment_id = waiting.id
        await enrolments.end(session, kit, version, waiting, "bought", now=now)


def _replay(kit: Kit, seen: Outcome, raw: bytes) -> Noted:
    if not kit.vault.is_digest(seen.body_digest, "outcome body", raw):
        raise IdempotencyMismatchError("this event_id was already reported with another body")
    return Noted(seen, replayed=True)


async def _refuse_contradiction(session: AsyncSession, body: OutcomeBody, about: About) -> None:
    """Raise where the names the shop gave mean two people, two products or two stockouts."""
    flaws = []
    if body.shopper_id is not None:
        shopper = await session.get(Shopper, body.shopper_id)
        if shopper is None or shopper.subject != about.subject:
            flaws.append("shopper_id")
    if body.sku not in {None, about.sku}:
        flaws.append("sku")
    if body.stockout_id not in {None, about.stockout_id}:
        flaws.append("stockout_id")
    if flaws:
        message = "is another's than the rest of the outcome is about"
        raise InvalidBodyError(f"{flaws[0]} {message}", errors=[FieldError(field, message) for field in flaws])


async def _about(session: AsyncSession, body: OutcomeBody) -> About:
    """Return whom and which product the outcome is about, by whichever of its names the shop knows."""
    if body.enrolment_id is not None:
        by_enrolment = (
            select(Enrolment.subject, Enrolment.sku, Offer.stockout_id, Stockout.occurred_at)
            .join(Offer, (Offer.subject == Enrolment.subject) & (Offer.id == Enrolment.offer_id))
            .join(Stockout, (Stockout.subject == Offer.subject) & (Stockout.id == Offer.stockout_id))
            .where(Enrolment.id == body.enrolment_id)
        )
        row = (await session.execute(by_enrolment)).one_or_none()
        if row is None:
            raise NotFoundError("this enrolment is not known", code="enrolment_unknown")
        return About(row.subject, row.sku, row.stockout_id, row.occurred_at)
    if body.stockout_id is not None:
        by_stockout = select(Stockout.subject, Stockout.sku, Stockout.occurred_at).where(
            Stockout.id == body.stockout_id
        )
        met = (await session.execute(by_stockout)).one_or_none()
        if met is None:
            raise NotFoundError("this stockout is not known", code="stockout_unknown")
        return About(met.subject, met.sku, body.stockout_id, met.occurred_at)
    if body.shopper_id is None or body.sku is None:
        message = "give `stockout_id`, `enrolment_id`, or `shopper_id` with `sku`"
        raise InvalidBodyError(message, errors=[FieldError("stockout_id", message)])
    shopper = await session.get(Shopper, body.shopper_id)
    if shopper is None:
        raise NotFoundError("this shopper is not known", code="shopper_unknown")
    # The last time this shopper had met this product missing by then, as far as it has been told; else the first time.
    mine = select(Stockout.id, Stockout.occurred_at).where(
        Stockout.subject == shopper.subject, Stockout.sku == body.sku
    )
    by_then = mine if body.occurred_at is None else mine.where(Stockout.occurred_at <= body.occurred_at)
    for found in (by_then.order_by(Stockout.occurred_at.desc()), mine.order_by(Stockout.occurred_at)):
        if last := (await session.execute(found.limit(1))).one_or_none():
            return About(shopper.subject, body.sku, last.id, last.occurred_at)
    return About(shopper.subject, body.sku, None, None)
