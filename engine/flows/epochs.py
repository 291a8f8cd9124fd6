"""Epochs: each UTC day has a secret, committed before the day begins and shown once every offer of it is over."""

import hashlib
import secrets
from datetime import date, datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import Epoch, Offer
from engine.vault import Vault

# An offer made in the day's last second may still be committing; nothing of ours takes an hour to commit.
REVEAL_GRACE = timedelta(hours=1)


async def open_ahead(session: AsyncSession, vault: Vault, *, now: datetime) -> None:
    """Commit to today's and tomorrow's secrets; what is there stays as it is."""
    for day in (now.date(), now.date() + timedelta(days=1)):
        await _open(session, vault, day, now=now)


async def secret_of(session: AsyncSession, vault: Vault, day: date, *, now: datetime) -> bytes:
    """Return the day's secret, opening the epoch if no job has done so yet."""
    epoch = await session.get(Epoch, day)
    if epoch is None:
        await _open(session, vault, day, now=now)
        epoch = await session.get_one(Epoch, day)
    return vault.open(epoch.secret_sealed)


async def reveal_over(session: AsyncSession, *, now: datetime) -> list[date]:
    """Mark every past epoch whose offers are all over as public, and return their days."""
    last_day = (now - REVEAL_GRACE).date() - timedelta(days=1)
    live = exists().where(Offer.epoch_day == Epoch.day, Offer.status == "open", Offer.expires_at > now)
    over = (
        update(Epoch)
        .where(Epoch.day <= last_day, Epoch.revealed_at.is_(None), ~live)
        .values(revealed_at=now)
        .returning(Epoch.day)
    )
    return sorted((await session.execute(over)).scalars())


async def recent(session: AsyncSession, *, days: int, now: datetime) -> list[Epoch]:
    """Return the newest epochs, tomorrow's included: its digest is a promise too."""
    since = now.date() - timedelta(days=days)
    found = select(Epoch).where(Epoch.day >= since).order_by(Epoch.day.desc())
    return list((await session.execute(found)).scalars())


async def _open(session: AsyncSession, vault: Vault, day: date, *, now: datetime) -> None:
    secret = secrets.token_bytes(32)
    row = insert(Epoch).values(
        day=day,
        secret_sealed=vault.seal(secret),
        secret_digest=hashlib.sha256(secret).hexdigest(),
        opened_at=now,
    )
    await session.execute(row.on_conflict_do_nothing())
