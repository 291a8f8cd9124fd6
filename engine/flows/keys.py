"""Keys of the shop's side: shown once when made, kept as a digest."""

from datetime import datetime
from typing import Literal

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
