"""Signed in at /console: a random cookie, kept as a digest, that ends with its key or after twelve hours."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import ApiKey, ConsoleSession
from engine.vault import Vault, api_key_digest

HOURS = 12
ROLES = ("marketer", "auditor")


class Visitor(NamedTuple):
    """Who is signed in, in which language, and what their forms must bring along."""

    session: ConsoleSession
    role: str
    label: str
    csrf: str

    @property
    def may_publish(self) -> bool:
        return self.role == "marketer"

    @property
    def name(self) -> str:
        return self.label or self.role


async def begin(session: AsyncSession, key: str, locale: str, *, now: datetime) -> str | None:
    """Return a fresh cookie for a key of a marketer or auditor; None for any other."""
    found = select(ApiKey).where(ApiKey.key_digest == api_key_digest(key.strip()), ApiKey.revoked_at.is_(None))
    row = (await session.execute(found)).scalar_one_or_none()
    if row is None or row.role not in ROLES:
        return None
    cookie = secrets.token_urlsafe(32)
    await session.execute(delete(ConsoleSession).where(ConsoleSession.expires_at <= now))
    session.add(
        ConsoleSession(
            token_digest=_digest(cookie),
            key_id=row.id,
            locale=locale,
            created_at=now,
            expires_at=now + timedelta(hours=HOURS),
        )
    )
    return cookie


async def of_cookie(session: AsyncSession, vault: Vault, cookie: str, *, now: datetime) -> Visitor | None:
    """Return who a cookie stands for, while its session and its key last."""
    found = (
        select(ConsoleSession, ApiKey)
        .join(ApiKey, ApiKey.id == ConsoleSession.key_id)
        .where(
            ConsoleSession.token_digest == _digest(cookie),
            ConsoleSession.expires_at > now,
            ApiKey.revoked_at.is_(None),
            ApiKey.role.in_(ROLES),
        )
    )
    row = (await session.execute(found)).one_or_none()
    if row is None:
        return None
    signed_in, key = row
    return Visitor(signed_in, key.role, key.label, vault.digest("console form", signed_in.token_digest).hex())


async def end(session: AsyncSession, visitor: Visitor) -> None:
    await session.delete(visitor.session)


def is_own_form(visitor: Visitor, told: str) -> bool:
    """Whether a form was made for this very session."""
    return hmac.compare_digest(visitor.csrf.encode(), told.encode())


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
