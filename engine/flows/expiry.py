"""What time ends: offers nobody spun, reservations nobody paid, codes nobody used. Each gives back what it held."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.db.tables import Award, Offer, Redemption
from engine.flows import awards, redemptions
from engine.ledger import BudgetKey
from engine.versions import Versions

BATCH = 200


async def lapse_offers(session: AsyncSession, versions: Versions, *, now: datetime) -> int:
    """Close a batch of open offers whose time is over, and return how many."""
    found = select(Offer).where(Offer.status == "open", Offer.expires_at <= now).order_by(Offer.expires_at)
    offers = (await session.execute(found.limit(BATCH).with_for_update(skip_locked=True))).scalars().all()
    keys = {
        offer.id: BudgetKey((await versions.get(session, offer.version)).slug, awards.period_of(offer))
        for offer in offers
    }
    # Budgets are touched in one order, so two batches cannot wait for each other.
    for offer in sorted(offers, key=lambda offer: keys[offer.id]):
        offer.status = "lapsed"
        await awards.settle_offer(session, offer, keys[offer.id], now=now)
    return len(offers)


async def lapse_reservations(session: AsyncSession, *, now: datetime) -> int:
    """Release a batch of reservations whose time is over, and return how many."""
    found = (
        select(Redemption, Award)
        .join(Award, (Award.subject == Redemption.subject) & (Award.id == Redemption.award_id))
        .where(Redemption.status == "reserved", Redemption.reserved_until <= now)
        .order_by(Redemption.reserved_until)
        .limit(BATCH)
        # Both rows: with the award's lock alone, a confirmation that just committed would still read as reserved.
        .with_for_update(of=(Award, Redemption), skip_locked=True)
    )
    rows = (await session.execute(found)).all()
    await ledger.lock_all(session, (awards.budget_of(award) for _, award in rows))
    for redemption, award in rows:
        await redemptions.let_go(session, redemption, award, now=now)
    return len(rows)


async def expire_awards(session: AsyncSession, *, now: datetime) -> int:
    """Expire a batch of unused awards whose time is over, and return how many."""
    found = select(Award).where(Award.status == "issued", Award.expires_at <= now).order_by(Award.expires_at)
    rows = (await session.execute(found.limit(BATCH).with_for_update(skip_locked=True))).scalars().all()
    await ledger.lock_all(session, map(awards.budget_of, rows))
    for award in rows:
        await awards.end(session, award, "expired", now=now)
    return len(rows)
