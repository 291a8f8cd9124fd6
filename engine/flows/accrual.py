"""The night's points: each active enrolment earns each day exactly once, whoever runs this, however often.

The work is cut into pages, a cohort's day each: all enrolments of one campaign version that started on one day. A
page's marker and its entries are one transaction, so a page is written once or not at all, and a second process waits
for the first one's marker and moves on. `rewards.patience.days_earned` is the rule; the SQL is tested against it.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from psycopg.errors import UniqueViolation
from sqlalchemy import Date, Select, Text, func, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.tables import AccrualPage, Enrolment, PointEntry
from engine.flows.points import BY_DAY
from engine.versions import Versions
from rewards.patience import days_earned, last_day

PAGE_SECONDS_MAX = 600
# An enrolment made in a day's last second may still be committing.
MIDNIGHT_GRACE = timedelta(minutes=1)


class Page(NamedTuple):
    """One cohort's day."""

    version: str
    started_on: date
    day: date


def yesterday(version: Version, now: datetime) -> date:
    """Return the last local day that is over."""
    return version.local_day(now - MIDNIGHT_GRACE) - timedelta(days=1)


async def pages_due(session: AsyncSession, versions: Versions, *, through: date | None, now: datetime) -> list[Page]:
    """Return every page not yet written up to `through`, or up to each campaign's own yesterday, oldest day first."""
    due: list[Page] = []
    for digest, started_on in await cohorts(session):
        version = await versions.get(session, digest)
        until = yesterday(version, now) if through is None else min(through, yesterday(version, now))
        done = set((await session.execute(_done(digest, started_on))).scalars())
        due += [page for page in _cohort_pages(version, started_on, until) if page.day not in done]
    return sorted(due, key=lambda page: (page.day, page.version, page.started_on))


async def cohorts(session: AsyncSession) -> list[tuple[str, date]]:
    """Return every version and first day of active enrolments, by stepping through the index from one to the next.

    Grouping would read every enrolment; this reads as many entries as there are cohorts.
    """
    active = (
        select(Enrolment.version, Enrolment.started_on)
        .where(Enrolment.status == "active")
        .order_by(Enrolment.version, Enrolment.started_on)
        .limit(1)
    )
    found = select(active.subquery()).cte("found", recursive=True)
    here = tuple_(Enrolment.version, Enrolment.started_on) > tuple_(found.c.version, found.c.started_on)
    following = active.where(here).correlate(found).lateral()
    found = found.union_all(select(following).select_from(found.join(following, true())))
    return [(row.version, row.started_on) for row in (await session.execute(select(found))).all()]


async def write(session: AsyncSession, versions: Versions, page: Page) -> int | None:
    """Write one page; None where somebody else has. Returns the number of entries."""
    await _bound(session)
    marker = insert(AccrualPage).values(page._asdict()).on_conflict_do_nothing().returning(AccrualPage.day)
    if (await session.execute(marker)).first() is None:
        return None
    version = await versions.get(session, page.version)
    rows = select(
        Enrolment.subject,
        Enrolment.id,
        literal(page.day, Date),
        literal("accrual", Text),
        literal(BY_DAY),
        literal(version.patience.points_per_day),
        literal(version.day_over(page.day)),
    ).where(
        Enrolment.version == page.version,
        Enrolment.started_on == page.started_on,
        Enrolment.last_on >= page.day,
        Enrolment.status == "active",
    )
    columns = ["subject", "enrolment_id", "day", "kind", "ref", "points", "at"]
    entries = insert(PointEntry).from_select(columns, rows)
    try:
        async with session.begin_nested():
            return await _count(session, entries)
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
    # Some of these days were settled before. Passing over them is asked for only now: it takes twice as long.
    return await _count(session, entries.on_conflict_do_nothing())


async def _bound(session: AsyncSession) -> None:
    """Give a page, which is one statement over a whole cohort, bounds of its own, and spare it the wait for the disk.

    A page that a power cut takes is gone with its marker and written again; whatever is committed later flushes it too.
    """
    bounds = {
        "statement_timeout": f"{PAGE_SECONDS_MAX}s",
        "lock_timeout": f"{PAGE_SECONDS_MAX}s",
        "synchronous_commit": "off",
    }
    here = true()  # for this transaction alone
    await session.execute(select(*(func.set_config(name, value, here) for name, value in bounds.items())))


async def _count(session: AsyncSession, entries: Insert) -> int:
    # SQLAlchemy asks the cursor for an INSERT's rows only when told to.
    written = await session.execute(entries, execution_options={"preserve_rowcount": True})
    return int(written.rowcount)  # type: ignore[attr-defined]  # an INSERT's result has one


async def settle(session: AsyncSession, version: Version, enrolment: Enrolment, *, now: datetime) -> None:
    """Write every day one enrolment has earned so far and no page has: before it ends, or its balance is asked."""
    through = yesterday(version, now)
    count = days_earned(enrolment.started_on, enrolment.last_on, through)
    if count == 0:
        return
    rows = [
        {
            "subject": enrolment.subject,
            "enrolment_id": enrolment.id,
            "day": day,
            "kind": "accrual",
            "ref": BY_DAY,
            "points": version.patience.points_per_day,
            "at": version.day_over(day),
        }
        for day in (enrolment.started_on + timedelta(days=number) for number in range(count))
    ]
    await session.execute(insert(PointEntry).on_conflict_do_nothing(), rows)


def _cohort_pages(version: Version, started_on: date, until: date) -> Iterator[Page]:
    final = last_day(started_on, version.patience.days_max)
    for number in range(days_earned(started_on, final, until)):
        yield Page(version.digest, started_on, started_on + timedelta(days=number))


def _done(digest: str, started_on: date) -> Select[date]:
    return select(AccrualPage.day).where(AccrualPage.version == digest, AccrualPage.started_on == started_on)
