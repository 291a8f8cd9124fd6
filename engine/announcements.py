"""What the world is told: a job enqueued in the transaction of the fact, or nothing where nobody listens."""

from datetime import datetime
from typing import Protocol

from procrastinate.types import JSONValue
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.session import raw_connection
from engine.ids import new_id


class Announcer(Protocol):
    """Called with a kind such as `award.issued` and facts without personal data."""

    async def __call__(self, session: AsyncSession, kind: str, data: dict[str, str], *, now: datetime) -> None: ...


async def to_nobody(session: AsyncSession, kind: str, data: dict[str, str], *, now: datetime) -> None:
    """The null twin: no connector is configured."""


async def by_job(session: AsyncSession, kind: str, data: dict[str, str], *, now: datetime) -> None:
    """Enqueue the delivery inside the caller's transaction: if that is undone, nobody hears of it."""
    from engine.jobs import deliver

    event: dict[str, JSONValue] = {"type": kind, "timestamp": now.isoformat(), "data": {**data}}
    await session.flush()
    task = deliver.configure(connection=await raw_connection(session))
    await task.defer_async(message_id=str(new_id(now)), event=event)
