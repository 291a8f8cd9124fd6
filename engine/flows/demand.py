"""What a product that is missing costs the shop: who waits, for how many, and what one more week will owe."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.tables import Enrolment, EnrolmentMilestone, Hold
from engine.flows.accrual import yesterday
from engine.versions import Versions

WEEK = timedelta(days=7)


class Demand(NamedTuple):
    """Liability is what milestones reached in the next seven days cost: their mean, and the most."""

    waiting: int
    units_wanted: int
    holds: int
    expected_minor: int
    worst_minor: int


async def of(session: AsyncSession, versions: Versions, sku: str | None, *, now: datetime) -> Demand:
    """Return who waits for a product; for all of them where none is named."""
    active = [Enrolment.status == "active"]
    holding = [Hold.status == "offered"]
    if sku is not None:
        active.append(Enrolment.sku == sku)
        holding.append(Hold.sku == sku)
    counted = select(func.count(), func.coalesce(func.sum(Enrolment.quantity), 0)).where(*active)
    waiting, units = (await session.execute(counted)).one()
    held = select(func.count()).select_from(Hold).where(*holding)
    expected, worst = Fraction(0), 0
    for digest in (await session.execute(select(Enrolment.version).where(*active).distinct())).scalars().all():
        version = await versions.get(session, digest)
        due = (
            select(EnrolmentMilestone.points, func.count())
            .join(
                Enrolment,
                (Enrolment.subject == EnrolmentMilestone.subject) & (Enrolment.id == EnrolmentMilestone.enrolment_id),
            )
            .where(*active, Enrolment.version == digest)
            .where(EnrolmentMilestone.status == "ahead")
            .where(EnrolmentMilestone.due_on <= yesterday(version, now) + WEEK)
            .group_by(EnrolmentMilestone.points)
        )
        for needed, number in (await session.execute(due)).all():
            mean, most = _cost(version, needed)
            expected += number * mean
            worst += number * most
    return Demand(waiting, int(units), (await session.execute(held)).scalar_one(), round(expected), worst)


def _cost(version: Version, needed: int) -> tuple[Fraction, int]:
    """Return the mean of one such milestone while nothing is gone, and the most it costs with what may replace it."""
    milestone = next(one for one in version.patience.milestone if one.points == needed)
    granted = {name for reward in milestone.rewards for name in version.chain(reward)}
    most = max(version.liability_minor(name) for name in granted)
    if milestone.reward is not None:
        return Fraction(version.liability_minor(milestone.reward)), most
    total = sum(line.weight for line in milestone.surprise)
    mean = Fraction(sum(line.weight * version.liability_minor(line.reward) for line in milestone.surprise), total)
    return mean, most
