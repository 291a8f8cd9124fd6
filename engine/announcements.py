"""What the world is told: a job enqueued in the transaction of the fact, or nothing where nobody listens."""

from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.session import raw_connection
from engine.ids import new_id


class Announcer(Protocol):
    """Called with a kind such as `award.issued` and facts without personal data, one or several at once."""

    async def __call__(self, session: AsyncSession, kind: str, *facts: dict[str, str], now: datetime) -> None: ...


def announcer(webhook_url: str | None) -> Announcer:
    """Return who tells the shop's server; what it needs is loaded now, not in the middle of a first spin."""
    if webhook_url is None:
        return to_nobody
    import_module("engine.jobs")
    return by_job


async def to_nobody(session: AsyncSession, kind: str, *facts: dict[str, str], now: datetime) -> None:
    """The null twin: no connector is configured."""


async def by_job(session: AsyncSession, kind: str, *facts: dict[str, str], now: datetime) -> None:
    """Enqueue the deliveries inside the caller's transaction: if that is undone, nobody hears of it."""
    from engine.jobs import deliver

    if not facts:
        return
    await session.flush()
    task = deliver.configure(connection=await raw_connection(session))
    told: list[dict[str, Any]] = [
        {
            "message_id": str(new_id(now)),
            "event": {"type": kind, "timestamp": now.isoformat(), "data": {**data}},
        }
        for data in facts
    ]
    await task.batch_defer_async(*told)
