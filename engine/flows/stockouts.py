"""Reporting a stockout: once per event id, however often the shop's server retries."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.api.schemas import Alternative, StockoutReport
from engine.db.tables import Award, Event, Offer, Shopper, Stockout
from engine.errors import FieldError, IdempotencyMismatchError, InvalidBodyError
from engine.ids import new_id
from engine.vault import Vault
from rules.addresses import fold

_DEARER = 3  # the rank of what costs more than what is missing
CLOCK_SKEW_MAX = timedelta(minutes=5)
SHOPS_BEGAN = datetime(1990, 1, 1, tzinfo=UTC)  # the first on the Web; dates of the year 1 cannot even be read back
_KEPT = {"email": Shopper.email, "address_digest": Shopper.address_digest, "first_name": Shopper.first_name}


class Reported(NamedTuple):
    stockout_id: UUID
    replayed: bool


async def report(session: AsyncSession, vault: Vault, body: StockoutReport, *, now: datetime) -> Reported:
    """Record a stockout; the same event again is the same stockout, with another body it is refused."""
    refuse_strange_time("occurred_at", body.occurred_at, now=now)
    told = msgspec.json.encode(body, order="sorted")
    if seen := await session.get(Event, body.event_id):
        return _replay(vault, seen, told)

    subject = await _know_shopper(session, vault, body, now=now)
    stockout_id = new_id(now)
    event = insert(Event).values(
        event_id=body.event_id,
        body_digest=vault.digest("event body", told),
        subject=subject,
        stockout_id=stockout_id,
        created_at=now,
    )
    if (await session.execute(event.on_conflict_do_nothing().returning(Event.event_id))).first() is None:
        # A retry overtook us between the look and the insert; its row is committed by now.
        return _replay(vault, await session.get_one(Event, body.event_id), told)

    session.add(_stockout(body, subject, stockout_id, now=now))
    return Reported(stockout_id, replayed=False)


def refuse_strange_time(name: str, at: datetime, *, now: datetime) -> None:
    """Refuse an instant no shop's clock gives: ahead of ours, which would shut out later news, or before any shop."""
    strange = "is in the future" if at > now + CLOCK_SKEW_MAX else "is too long ago" if at < SHOPS_BEGAN else ""
    if strange:
        raise InvalidBodyError(f"`{name}` {strange}", errors=[FieldError(name, strange)])


def _replay(vault: Vault, seen: Event, told: bytes) -> Reported:
    if not vault.is_digest(seen.body_digest, "event body", told):
        raise IdempotencyMismatchError("this event_id was already reported with another body")
    return Reported(seen.stockout_id, replayed=True)


async def _know_shopper(session: AsyncSession, vault: Vault, body: StockoutReport, *, now: datetime) -> UUID:
    """Remember the shopper as the shop last described them, and return their subject."""
    shopper = body.shopper
    told = {
        "email": shopper.email,
        "address_digest": vault.digest("address", fold(shopper.email)) if shopper.email else None,
        "first_name": shopper.first_name,
        "locale": shopper.locale,
        "segments": list(shopper.segments),
        "updated_at": now,
    }
    row = insert(Shopper).values(shopper_id=shopper.id, subject=new_id(now), created_at=now, **told)
    # Leaving the address out does not make the shop forget it, nor the rules that count by it.
    kept = {name: func.coalesce(row.excluded[name], column) for name, column in _KEPT.items()}
    known = row.on_conflict_do_update(index_elements=[Shopper.shopper_id], set_=told | kept)
    return (await session.execute(known.returning(Shopper.subject))).scalar_one()


def _stockout(body: StockoutReport, subject: UUID, stockout_id: UUID, *, now: datetime) -> Stockout:
    return Stockout(
        subject=subject,
        id=stockout_id,
        occurred_at=body.occurred_at,
        sku=body.sku,
        title=body.title,
        variant=body.variant,
        price_minor=body.price_minor,
        categories=list(body.categories),
        quantity=body.quantity,
        stage=body.stage,
        cart_total_minor=body.cart.total_minor if body.cart else None,
        cart_currency=body.cart.currency if body.cart else None,
        market=body.market,
        expected_on=body.restock.expected_on if body.restock else None,
        reason=body.restock.reason if body.restock else None,
        alternatives=msgspec.to_builtins(_alternatives(body)),
        created_at=now,
    )


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
