"""The points ledger: every line written once, a balance is the sum of its lines."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import Enrolment, PointEntry

Kind = Literal["accrual", "welcome", "delay_bonus", "milestone", "claim", "expiry", "reversal"]
# Where the day alone says what an entry is for.
BY_DAY = UUID(int=0)


async def post(
    session: AsyncSession,
    enrolment: Enrolment,
    kind: Kind,
    points: int,
    *,
    day: date,
    at: datetime,
    ref: UUID = BY_DAY,
) -> bool:
    """Write one entry; False where this very thing was written before, which then changes nothing."""
    row = insert(PointEntry).values(
        subject=enrolment.subject, enrolment_id=enrolment.id, day=day, kind=kind, ref=ref, points=points, at=at
    )
    return (await session.execute(row.on_conflict_do_nothing().returning(PointEntry.points))).first() is not None


async def balance(session: AsyncSession, enrolment: Enrolment) -> int:
    """Return what the enrolment has: the sum of its entries."""
    total = select(func.coalesce(func.sum(PointEntry.points), 0)).where(*_of(enrolment))
    return int((await session.execute(total)).scalar_one())


async def entries(session: AsyncSession, enrolment: Enrolment) -> list[PointEntry]:
    """Return the enrolment's lines in the order they were earned."""
    found = select(PointEntry).where(*_of(enrolment)).order_by(PointEntry.at, PointEntry.kind, PointEntry.ref)
    return list((await session.execute(found)).scalars())


def number_ref(number: int) -> UUID:
    """Return a ref for a thing known by a number: a milestone's points, a promised day's ordinal."""
    return UUID(int=number)


def _of(enrolment: Enrolment) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PointEntry.subject == enrolment.subject, PointEntry.enrolment_id == enrolment.id
