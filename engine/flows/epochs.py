"""Epochs: each UTC day has a secret, committed before the day begins and shown once every offer of it is over."""

import hashlib
import secrets
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import Enrolment, EnrolmentMilestone, Epoch, Offer
from engine.vault import Vault

# An offer made in the day's last second may still be committing; nothing of ours takes an hour to commit.
REVEAL_GRACE = timedelta(hours=1)

Purpose = Literal["wheel", "patience"]
PURPOSES: tuple[Purpose, ...] = ("wheel", "patience")


async def open_ahead(session: AsyncSession, vault: Vault, *, now: datetime) -> None:
    """Commit to today's and tomorrow's secrets; what is there stays as it is."""
    for day in (now.date(), now.date() + timedelta(days=1)):
        for purpose in PURPOSES:
            await _open(session, vault, day, purpose, now=now)


async def secret_of(
    session: AsyncSession, vault: Vault, day: date, *, now: datetime, purpose: Purpose = "wheel"
) -> bytes:
    """Return the day's secret, opening the epoch if no job has done so yet."""
    if (kept := vault.epoch_secrets.get((day, purpose))) is not None:
        return kept
    epoch = await session.get(Epoch, (day, purpose))
    if epoch is None:
        # Not kept: this transaction may yet be undone, and the epoch with it.
        await _open(session, vault, day, purpose, now=now)
        epoch = await session.get_one(Epoch, (day, purpose))
        return vault.open(epoch.secret_sealed)
    return vault.epoch_secrets.setdefault((day, purpose), vault.open(epoch.secret_sealed))


async def reveal_over(session: AsyncSession, *, now: datetime) -> list[date]:
    """Mark every past epoch whose draws are all over as public, and return the days of those of the wheel."""
    last_day = (now - REVEAL_GRACE).date() - timedelta(days=1)
    unspun = exists().where(Offer.epoch_day == Epoch.day, Offer.status == "open", Offer.expires_at > now)
    # Waiting can start while an offer lasts, and its surprises are drawn until it ends.
    joinable = exists().where(Offer.epoch_day == Epoch.day, Offer.expires_at > now)
    undrawn = exists().where(
        Offer.epoch_day == Epoch.day,
        Enrolment.subject == Offer.subject,
        Enrolment.offer_id == Offer.id,
        EnrolmentMilestone.subject == Enrolment.subject,
        EnrolmentMilestone.enrolment_id == Enrolment.id,
        EnrolmentMilestone.status == "ahead",
        EnrolmentMilestone.draw_id.is_not(None),
    )
    past = update(Epoch).where(Epoch.day <= last_day, Epoch.revealed_at.is_(None)).values(revealed_at=now)
    await session.execute(past.where(Epoch.purpose == "patience", ~joinable, ~undrawn))
    wheel = past.where(Epoch.purpose == "wheel", ~unspun).returning(Epoch.day)
    return sorted((await session.execute(wheel)).scalars())


async def recent(session: AsyncSession, purpose: Purpose, *, days: int, now: datetime) -> list[Epoch]:
    """Return the newest epochs, tomorrow's included: its digest is a promise too; older ones until long since shown."""
    since = now - timedelta(days=days)
    shown = or_(Epoch.day >= since.date(), Epoch.revealed_at.is_(None), Epoch.revealed_at >= since)
    found = select(Epoch).where(shown, Epoch.purpose == purpose).order_by(Epoch.day.desc())
    return list((await session.execute(found)).scalars())


async def _open(session: AsyncSession, vault: Vault, day: date, purpose: Purpose, *, now: datetime) -> None:
    secret = secrets.token_bytes(32)
    row = insert(Epoch).values(
        day=day,
        purpose=purpose,
        secret_sealed=vault.seal(secret),
        secret_digest=hashlib.sha256(secret).hexdigest(),
        opened_at=now,
    )
    await session.execute(row.on_conflict_do_nothing())
