"""Reporting a stockout: once per event id, however often the shop's server retries."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.api.schemas import Alternative, StockoutReport
from engine.db.faults import OvertakenError
from engine.db.session import raw_connection
from engine.db.tables import Award, Offer, Shopper, Stockout
from engine.errors import FieldError, IdempotencyMismatchError, InvalidBodyError
from engine.ids import new_id
from engine.vault import Vault
from rules.addresses import fold

_DEARER = 3  # the rank of what costs more than what is missing
CLOCK_SKEW_MAX = timedelta(minutes=5)
SHOPS_BEGAN = datetime(1990, 1, 1, tzinfo=UTC)  # the first on the Web; dates of the year 1 cannot even be read back
_SEEN = "SELECT body_digest, stockout_id FROM events WHERE event_id = %(event_id)s"
_SUBJECT = "SELECT subject FROM shoppers WHERE shopper_id = %(shopper_id)s"
# Remembered as the shop last described them; an address that is left out is not forgotten, nor the rules that count by
# it.
_KNOW = """
INSERT INTO shoppers (shopper_id, subject, email, address_digest, first_name, locale, segments, created_at,
    updated_at)
VALUES (%(shopper_id)s, %(subject)s, %(email)s, %(address_digest)s, %(first_name)s, %(locale)s, %(segments)s, %(now)s,
    %(now)s)
ON CONFLICT (shopper_id) DO UPDATE SET email = coalesce(excluded.email, shoppers.email),
    address_digest = coalesce(excluded.address_digest, shoppers.address_digest),
    first_name = coalesce(excluded.first_name, shoppers.first_name), locale = excluded.locale,
    segments = excluded.segments, updated_at = excluded.updated_at
RETURNING subject
"""
_NOTE = """
INSERT INTO events (event_id, body_digest, subject, stockout_id, created_at)
VALUES (%(event_id)s, %(body_digest)s, %(subject)s, %(id)s, %(now)s)
ON CONFLICT DO NOTHING RETURNING subject
"""
_MEET = """
INSERT INTO stockouts (subject, id, occurred_at, sku, title, variant, price_minor, categories, quantity, stage,
    cart_total_minor, cart_currency, market, expected_on, reason, alternatives, created_at)
VALUES (%(subject)s, %(id)s, %(occurred_at)s, %(sku)s, %(title)s, %(variant)s, %(price_minor)s, %(categories)s,
    %(quantity)s, %(stage)s, %(cart_total_minor)s, %(cart_currency)s, %(market)s, %(expected_on)s, %(reason)s,
    %(alternatives)s, %(now)s)
"""


class Reported(NamedTuple):
    stockout_id: UUID
    replayed: bool


async def report(session: AsyncSession, vault: Vault, body: StockoutReport, *, now: datetime) -> Reported:
    """Record a stockout; the same event again is the same stockout, with another body it is refused.

    Two trips: one looks, one writes. Whoever is overtaken in between is undone with `OvertakenError` and tried again.
    """
    refuse_strange_time("occurred_at", body.occurred_at, now=now)
    told = msgspec.json.encode(body, order="sorted")
    facts = _facts(vault, body, told, now=now)
    connection = await raw_connection(session)
    async with connection.pipeline():
        event = await connection.execute(_SEEN, facts)
        shopper = await connection.execute(_SUBJECT, facts)
        seen, known = await event.fetchone(), await shopper.fetchone()
    if seen is not None:
        return _replay(vault, told, *seen)
    if known is not None:
        [facts["subject"]] = known
    async with connection.pipeline():
        shopper = await connection.execute(_KNOW, facts)
        event = await connection.execute(_NOTE, facts)
        await connection.execute(_MEET, facts)
        known, noted = await shopper.fetchone(), await event.fetchone()
    if noted is None or known != noted:
        raise OvertakenError
    return Reported(facts["id"], replayed=False)


def _replay(vault: Vault, told: bytes, body_digest: bytes, stockout_id: UUID) -> Reported:
    if not vault.is_digest(body_digest, "event body", told):
        raise IdempotencyMismatchError("this event_id was already reported with another body")
    return Reported(stockout_id, replayed=True)


def refuse_strange_time(name: str, at: datetime, *, now: datetime) -> None:
    """Refuse an instant no shop's clock gives: ahead of ours, which would shut out later news, or before any shop."""
    strange = "is in the future" if at > now + CLOCK_SKEW_MAX else "is too long ago" if at < SHOPS_BEGAN else ""
    if strange:
        raise InvalidBodyError(f"`{name}` {strange}", errors=[FieldError(name, strange)])


def _facts(vault: Vault, body: StockoutReport, told: bytes, *, now: datetime) -> dict[str, Any]:
    shopper, cart, restock = body.shopper, body.cart, body.restock
    return {
        "event_id": body.event_id,
        "body_digest": vault.digest("event body", told),
        "shopper_id": shopper.id,
        "subject": new_id(now),
        "email": shopper.email,
        "address_digest": vault.digest("address", fold(shopper.email)) if shopper.email else None,
        "first_name": shopper.first_name,
        "locale": shopper.locale,
        "segments": list(shopper.segments),
        "id": new_id(now),
        "occurred_at": body.occurred_at,
        "sku": body.sku,
        "title": body.title,
        "variant": body.variant,
        "price_minor": body.price_minor,
        "categories": list(body.categories),
        "quantity": body.quantity,
        "stage": body.stage,
        "cart_total_minor": cart.total_minor if cart else None,
        "cart_currency": cart.currency if cart else None,
        "market": body.market,
        "expected_on": restock.expected_on if restock else None,
        "reason": restock.reason if restock else None,
        "alternatives": Jsonb(msgspec.to_builtins(_alternatives(body))),
        "now": now,
    }


async def of_token(session: AsyncSession, shopper_id: str, stockout_id: UUID) -> tuple[Shopper, Stockout] | None:
    """Return the stockout a token speaks of, only where it is that shopper's own."""
    found = (
        select(Shopper, Stockout)
        .join(Stockout, Stockout.subject == Shopper.subject)
        .where(Shopper.shopper_id == shopper_id, Stockout.id == stockout_id)
    )
    row = (await session.execute(found)).one_or_none()
    return None if row is None else (row[0], row[1])


async def made_good(session: AsyncSession, subject: UUID, stockout_id: UUID) -> bool:
    """Whether what was offered for it is taken: its wheel spun, or its sure reward accepted."""
    found = (
        select(Award.id)
        .join(Offer, (Offer.subject == Award.subject) & (Offer.id == Award.offer_id))
        .where(Offer.subject == subject, Offer.stockout_id == stockout_id)
    )
    return (await session.execute(found)).first() is not None


def _alternatives(body: StockoutReport) -> list[Alternative]:
    if body.price_minor is not None or body.cart is None:
        return in_order(body.alternatives, body.price_minor)
    # A basket says at most what one unit costs, and in a basket of nothing else exactly that.
    return in_order(body.alternatives, body.cart.total_minor // body.quantity, at_most=True)


def in_order(
    alternatives: Sequence[Alternative], price_minor: int | None, *, at_most: bool = False
) -> list[Alternative]:
    """Same price first, then cheaper ones, then those whose price is not told; dearer ones last, and never first.

    A same-price substitute helps, a dearer one put forward looks like the reason for the stockout (Breugelmans 2006).
    Where all are dearer, none is shown.
    """

    def rank(one: Alternative) -> tuple[int, int]:
        if one.price_minor is None or price_minor is None:
            return (2, 0) if one.price_minor is None else (1, one.price_minor)
        if one.price_minor == price_minor:
            return 0, 0
        if one.price_minor > price_minor:
            return _DEARER, one.price_minor
        return 1, one.price_minor if at_most else -one.price_minor

    ordered = sorted(alternatives, key=rank)
    return ordered if ordered and rank(ordered[0])[0] < _DEARER else []
