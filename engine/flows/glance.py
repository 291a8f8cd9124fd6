"""Today at a glance: what came in, what was offered and spun, what is owed, and who waits."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.campaigns import Version
from engine.db.tables import Offer, Spin, Stockout
from engine.flows import demand
from engine.flows.demand import Demand
from engine.ledger import BudgetKey
from engine.versions import Versions

DAYS_SHOWN = 30


class Purse(NamedTuple):
    """One campaign's budget in its present period."""

    campaign: str
    currency: str
    amount_minor: int
    remaining_minor: int
    per: str

    @property
    def used(self) -> float:
        return 1 - self.remaining_minor / self.amount_minor if self.amount_minor else 0.0


class Glance(NamedTuple):
    stockouts: int
    offers: int
    spins: int
    by_arm: list[tuple[str, int]]
    purses: list[Purse]
    waiting: Demand
    days: list[tuple[date, int]]  # stockouts of the last days, today included


async def today(
    session: AsyncSession, versions: Versions, live: Sequence[Version], time_zone: str, *, now: datetime
) -> Glance:
    zone = ZoneInfo(time_zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    return Glance(
        stockouts=await _count(session, Stockout.created_at >= midnight),
        offers=await _count(session, Offer.created_at >= midnight, Offer.status != "refused"),
        spins=await _count(session, Spin.created_at >= midnight),
        by_arm=await _by_arm(session, midnight),
        purses=[await _purse(session, version, now=now) for version in live],
        waiting=await demand.of(session, versions, None, now=now),
        days=await _days(session, midnight, time_zone),
    )


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    return (await session.execute(select(func.count()).where(*conditions))).scalar_one()


async def _by_arm(session: AsyncSession, midnight: datetime) -> list[tuple[str, int]]:
    found = (
        select(Offer.arm, func.count())
        .where(Offer.created_at >= midnight, Offer.arm.is_not(None))
        .group_by(Offer.arm)
        .order_by(func.count().desc())
    )
    return [(arm or "", number) for arm, number in await session.execute(found)]


async def _purse(session: AsyncSession, version: Version, *, now: datetime) -> Purse:
    amount = int(version.campaign.budget.amount)
    left = await ledger.remaining_minor(session, BudgetKey(version.slug, version.budget_period(now)))
    remaining = amount if left is None else left
    return Purse(version.slug, version.currency, amount, remaining, version.campaign.budget.per)


async def _days(session: AsyncSession, midnight: datetime, time_zone: str) -> list[tuple[date, int]]:
    day = cast(func.timezone(time_zone, Stockout.created_at), Date)
    first = midnight - timedelta(days=DAYS_SHOWN - 1)
    found = select(day, func.count()).where(Stockout.created_at >= first).group_by(day)
    counted = {row[0]: row[1] for row in await session.execute(found)}
    days = [first.date() + timedelta(days=ahead) for ahead in range(DAYS_SHOWN)]
    return [(one, counted.get(one, 0)) for one in days]
