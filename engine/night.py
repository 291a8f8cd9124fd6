"""What happens by itself, whoever starts it: a job, the command line, the demo shop's button.

Every step is a batch in a transaction of its own, repeated until nothing is left: stopped anywhere, it goes on there.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine.campaigns import Version
from engine.db.session import transaction
from engine.db.tables import Enrolment
from engine.flows import accrual, claims, enrolments, expiry, milestones, restocks
from engine.kit import Kit

BATCHES_MAX = 100_000


class Night(NamedTuple):
    """What one run wrote."""

    pages: int
    entries: int


async def run(
    engine: AsyncEngine,
    kit: Kit,
    *,
    now: datetime,
    through: date | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Night:
    """Write every earned day, grant the milestones it reaches, end what is over. Again, it finds nothing to do."""
    async with transaction(engine) as session:
        pages = await accrual.pages_due(session, kit.versions, through=through, now=now)
    written = entries = 0
    for number, page in enumerate(pages, start=1):
        async with transaction(engine) as session:
            count = await accrual.write(session, kit.versions, page)
        if count is not None:
            written, entries = written + 1, entries + count
        progress(number, len(pages))
    for version in await _versions_waited_for(engine, kit):
        await _reach(engine, kit, version, through=through, now=now)
        await _until_done(engine, _ending(kit, version, now))
    await _until_done(engine, lambda session: claims.expire_points(session, kit.versions, now=now))
    await _until_done(engine, lambda session: claims.tell_expiring(session, kit, now=now))
    return Night(written, entries)


async def end_what_is_over(engine: AsyncEngine, kit: Kit, *, now: datetime) -> None:
    """Lapse offers, reservations and holds, and expire awards, until nothing is left to end."""
    await _until_done(engine, lambda session: expiry.lapse_offers(session, kit.versions, now=now))
    await _until_done(engine, lambda session: expiry.lapse_reservations(session, now=now))
    await _until_done(engine, lambda session: expiry.expire_awards(session, now=now))
    freed: set[str] = set()

    async def holds(session: AsyncSession) -> int:
        skus = await restocks.lapse_holds(session, kit, now=now)
        freed.update(skus)
        return len(skus)

    await _until_done(engine, holds)
    for sku in sorted(freed):
        await restock(engine, kit, sku, now=now)


async def restock(engine: AsyncEngine, kit: Kit, sku: str, *, now: datetime) -> None:
    """Pay a product's slip and hold its units, batch by batch."""

    async def batch(session: AsyncSession) -> int:
        return int(await restocks.react(session, kit, sku, now=now))

    await _until_done(engine, batch)


async def _reach(engine: AsyncEngine, kit: Kit, version: Version, *, through: date | None, now: datetime) -> None:
    until = accrual.yesterday(version, now)
    until = until if through is None else min(until, through)
    await _until_done(engine, lambda session: milestones.reach_batch(session, kit, version, through=until, now=now))


def _ending(kit: Kit, version: Version, now: datetime) -> Callable[[AsyncSession], Awaitable[int]]:
    return lambda session: enrolments.end_overdue(session, kit, version, now=now)


async def _versions_waited_for(engine: AsyncEngine, kit: Kit) -> list[Version]:
    async with transaction(engine) as session:
        digests = select(Enrolment.version).where(Enrolment.status == "active").distinct().order_by(Enrolment.version)
        return [await kit.versions.get(session, digest) for digest in (await session.execute(digests)).scalars().all()]


async def _until_done(engine: AsyncEngine, step: Callable[[AsyncSession], Awaitable[int]]) -> None:
    for _ in range(BATCHES_MAX):
        async with transaction(engine) as session:
            if await step(session) == 0:
                return
