"""One person's data: all of it on request, none of it after erasure, and the books stay balanced."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.db.tables import (
    Award,
    Base,
    Claim,
    Enrolment,
    Event,
    Hold,
    Notice,
    Offer,
    OrderChoice,
    Outcome,
    PointEntry,
    Redemption,
    Shopper,
    Spin,
    Stockout,
)
from engine.errors import NotFoundError
from engine.flows import awards, claims, enrolments
from engine.kit import Kit
from engine.ledger import BudgetKey
from engine.vault import Vault
from rules import facts

# Digests and sealed values mean nothing to the person; the code itself is given instead.
_LEFT_OUT = frozenset({"subject", "address_digest", "body_digest", "code_digest", "code_sealed", "address_sealed"})

_TABLES = {
    "stockouts": Stockout,
    "offers": Offer,
    "spins": Spin,
    "redemptions": Redemption,
    "enrolments": Enrolment,
    "points": PointEntry,
    "claims": Claim,
    "holds": Hold,
    "order_choices": OrderChoice,
    "outcomes": Outcome,
}


async def export(session: AsyncSession, vault: Vault, shopper_id: str) -> dict[str, Any]:
    """Return everything kept about one shopper, as plain values."""
    shopper = await _find(session, shopper_id)
    export: dict[str, Any] = {"shopper": _plain(shopper)}
    for name, table in _TABLES.items():
        export[name] = [_plain(row) for row in await _rows(session, table, shopper)]
    export["awards"] = [
        {**_plain(award), "code": vault.open(award.code_sealed).decode()}
        for award in await _rows(session, Award, shopper)
    ]
    export["notices"] = [
        {**_plain(notice), "email": vault.open(notice.address_sealed).decode() if notice.address_sealed else None}
        for notice in await _rows(session, Notice, shopper)
    ]
    return export


async def erase(session: AsyncSession, kit: Kit, shopper_id: str, *, now: datetime) -> None:
    """Forget one shopper: open offers lapse, unused codes are withdrawn, and what remains names nobody."""
    shopper = await _find(session, shopper_id, lock=True)

    offers: Sequence[Offer] = await _rows(session, Offer, shopper, lock=True)
    waiting: Sequence[Enrolment] = await _rows(session, Enrolment, shopper, lock=True)
    held: Sequence[Award] = await _rows(session, Award, shopper, lock=True)
    keys = {
        offer.id: BudgetKey((await kit.versions.get(session, offer.version)).slug, awards.period_of(offer))
        for offer in offers
        if offer.status == "open"
    }
    waited = [BudgetKey(enrolment.campaign, enrolment.budget_period) for enrolment in waiting]
    await ledger.lock_all(
        session, [*keys.values(), *waited, *(awards.budget_of(award) for award in held if award.status == "issued")]
    )

    for offer in offers:
        if offer.id in keys:
            offer.status = "lapsed"
            await awards.settle_offer(session, offer, keys[offer.id], now=now)
    for enrolment in waiting:
        await _stop_waiting(session, kit, enrolment, now=now)
    for award in await _rows(session, Award, shopper, lock=True):
        if award.status == "issued":
            await awards.end(session, award, "void", now=now)
    for offer in offers:
        offer.facts = {**offer.facts, "shopper": msgspec.to_builtins(facts.Shopper())}
        # A detail names what was compared, such as a segment; the code alone still says why.
        offer.reasons = [{**reason, "detail": ""} for reason in offer.reasons]
    await session.execute(delete(Notice).where(Notice.subject == shopper.subject))
    # Order numbers lead back to a person in the shop's own books.
    await session.execute(update(Outcome).where(Outcome.subject == shopper.subject).values(order_id=None))
    await session.execute(delete(Event).where(Event.subject == shopper.subject))
    await session.delete(shopper)


async def _stop_waiting(session: AsyncSession, kit: Kit, enrolment: Enrolment, *, now: datetime) -> None:
    """Settle an enrolment and take its points off the books: nobody is left to spend them."""
    if enrolment.status == "active":
        version = await kit.versions.get(session, enrolment.version)
        await enrolments.end(session, kit, version, enrolment, "left", now=now)
    enrolment.points_expire_at = now
    await claims.drop_points(session, kit.versions, enrolment, now=now)


async def _find(session: AsyncSession, shopper_id: str, *, lock: bool = False) -> Shopper:
    shopper = await session.get(Shopper, shopper_id, with_for_update=lock or None)
    if shopper is None:
        raise NotFoundError("this shopper is not known", code="shopper_unknown")
    return shopper


async def _rows(session: AsyncSession, table: Any, shopper: Shopper, *, lock: bool = False) -> Sequence[Any]:
    when = table.at if table is PointEntry else table.created_at
    found = select(table).where(table.subject == shopper.subject).order_by(when)
    return (await session.execute(found.with_for_update() if lock else found)).scalars().all()


def _plain(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key not in _LEFT_OUT}
