"""What happens by itself, whoever starts it: a job, the command line, the demo shop's button.

Every step is a batch in a transaction of its own, repeated until nothing is left: stopped anywhere, it goes on there.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from functools import partial
from typing import NamedTuple, TypeVar

from psycopg import errors as postgres
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine.campaigns import Version
from engine.db import faults
from engine.db.again import again_when
from engine.db.session import transaction
from engine.flows import accrual, claims, enrolments, expiry, milestones, notices, restocks
from engine.kit import Kit

BATCHES_MAX = 100_000

Value = TypeVar("Value")
# A batch: told whether to wait for rows that others are at, it returns how many it found.
Step = Callable[[AsyncSession, bool], Awaitable[int]]


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
    pages = await _once(engine, lambda session: accrual.pages_due(session, kit.versions, through=through, now=now))
    written = entries = 0
    for number, page in enumerate(pages, start=1):
        count = await _once(engine, partial(_write, kit, page))
        if count is not None:
            written, entries = written + 1, entries + count
        progress(number, len(pages))
    for version in await _versions_waited_for(engine, kit):
        await _until_done(engine, _reaching(kit, version, through, now))
        await _until_done(engine, _ending(kit, version, now))
    # Told first: a night that was missed must not take points from someone who was never told.
    await _until_done(engine, lambda session, wait: claims.tell_expiring(session, kit, now=now, wait=wait))
    await _until_done(engine, lambda session, wait: claims.expire_points(session, kit.versions, now=now, wait=wait))
    return Night(written, entries)


async def end_what_is_over(engine: AsyncEngine, kit: Kit, *, now: datetime) -> None:
    """Lapse offers, reservations and holds, expire awards, and offer units that are free to those next in line."""
    await _until_done(engine, lambda session, _wait: expiry.lapse_offers(session, kit.versions, now=now))
    await _until_done(engine, lambda session, _wait: expiry.lapse_reservations(session, now=now))
    await _until_done(engine, lambda session, _wait: expiry.expire_awards(session, now=now))

    async def holds(session: AsyncSession, wait: bool) -> int:
        return len(await restocks.lapse_holds(session, kit, now=now, wait=wait))

    await _until_done(engine, holds)
    await _until_done(engine, lambda session, _wait: notices.forget_old(session, now=now))
    for sku in await _once(engine, restocks.out_of_step):
        await restock(engine, kit, sku, now=now)


async def restock(engine: AsyncEngine, kit: Kit, sku: str, *, now: datetime) -> None:
    """Pay a product's slip and hold its units, batch by batch."""

    async def batch(session: AsyncSession, _wait: bool) -> int:
        return int(await restocks.react(session, kit, sku, now=now))

    await _until_done(engine, batch)


async def _write(kit: Kit, page: accrual.Page, session: AsyncSession) -> int | None:
    return await accrual.write(session, kit.versions, page)


def _reaching(kit: Kit, version: Version, through: date | None, now: datetime) -> Step:
    over = accrual.yesterday(version, now)
    until = over if through is None else min(over, through)
    return lambda session, wait: milestones.reach_batch(session, kit, version, through=until, now=now, wait=wait)


def _ending(kit: Kit, version: Version, now: datetime) -> Step:
    return lambda session, wait: enrolments.end_overdue(session, kit, version, now=now, wait=wait)


async def _versions_waited_for(engine: AsyncEngine, kit: Kit) -> list[Version]:
    async with transaction(engine) as session:
        digests = sorted({digest for digest, _started_on in await accrual.cohorts(session)})
        return [await kit.versions.get(session, digest) for digest in digests]


async def _until_done(engine: AsyncEngine, step: Step) -> None:
    """Repeat a step until it finds nothing: first what nobody else is at, then what others left when they died."""
    for wait in (False, True):
        for _ in range(BATCHES_MAX):
            if await _once(engine, partial(_step, step, wait)) == 0:
                break


async def _step(step: Step, wait: bool, session: AsyncSession) -> int:
    return await step(session, wait)


async def _once(engine: AsyncEngine, work: Callable[[AsyncSession], Awaitable[Value]]) -> Value:
    """Do one transaction's work; where it collides with another's, it starts over, a few times at most."""

    async def attempt() -> Value:
        async with transaction(engine) as session:
            return await work(session)

    return await again_when(_in_the_way, attempt)


def _in_the_way(error: BaseException) -> bool:
    # Cancelled: it waited too long for several rows, one after the other.
    return faults.collided(error) or isinstance(faults.cause(error), postgres.QueryCanceled)
