"""Keys of the shop's side: shown once when made, kept as a digest."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import ApiKey
from engine.ids import new_id
from engine.vault import api_key_digest

Role = Literal["merchant", "marketer", "auditor"]
ROLES: tuple[Role, ...] = ("merchant", "marketer", "auditor")


async def admit(session: AsyncSession, key: str, role: str, label: str, *, now: datetime) -> None:
    """Let a key in; one that is in already stays as it is."""
    row = insert(ApiKey).values(id=new_id(now), role=role, key_digest=api_key_digest(key), label=label, created_at=now)
    await session.execute(row.on_conflict_do_nothing(index_elements=[ApiKey.key_digest]))


async def every(session: AsyncSession) -> list[ApiKey]:
    return list((await session.execute(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))).scalars())


async def revoke(session: AsyncSession, key_id: UUID, *, now: datetime) -> bool:
    """End a key at once; again changes nothing. Return whether there is one."""
    ended = update(ApiKey).where(ApiKey.id == key_id).values(revoked_at=func.coalesce(ApiKey.revoked_at, now))
    return (await session.execute(ended.returning(ApiKey.id))).first() is not None
