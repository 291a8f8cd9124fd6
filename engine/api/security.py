"""Who is calling, and how often: merchants by key, shoppers by token."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import clock
from engine.db.tables import ApiKey
from engine.errors import KeyRefusedError, NotAllowedError, NotSignedInError
from engine.limiter import Rate
from engine.services import Services
from engine.vault import ShopperToken, api_key_digest

HEADER_LENGTH_MAX = 4096
ROLES = "roles"  # what a handler is marked with, where only some keys may call it

Call = Request[None, None, State]
AnyConnection = ASGIConnection[Any, Any, Any, Any]
Engine = NamedDependency[Services]  # Litestar 3 injects only what is marked


class Merchant(NamedTuple):
    """The shop's server, by the key it holds."""

    key_id: UUID
    role: str


async def signed_in(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Refuse who shows nothing at all before their body is read: a stranger learns nothing of what a body must be."""
    _bearer(connection)


async def merchant_of(
    call: Call, services: Services, session: AsyncSession, *, roles: Collection[str] = ("merchant",)
) -> Merchant:
    """Return who is behind the key; raise 401 for an unknown one, 403 for another role, 429 for too many."""
    key = _bearer(call)
    # The digest of a 256-bit random key is looked up whole, so its timing tells nothing useful.
    found = select(ApiKey.id, ApiKey.role).where(ApiKey.key_digest == api_key_digest(key), ApiKey.revoked_at.is_(None))
    row = (await session.execute(found)).one_or_none()
    if row is None:
        await refuse_too_many(call, services)  # as for a forged token
        raise KeyRefusedError
    await services.limiter.hit(Rate("key", str(row.id), services.config.shop.limits.key_per_minute))
    if row.role not in roles:
        raise NotAllowedError(f"this key's role is {row.role}; needed is {' or '.join(roles)}")
    return Merchant(row.id, row.role)


async def shopper_of(call: Call, services: Services) -> ShopperToken:
    """Return what the shopper's token says; raise 401 when it is forged or over, 429 for too many calls."""
    return await shopper_by(call.headers.get("authorization", ""), address_of(call), services)


async def shopper_by(authorization: str, address: str, services: Services) -> ShopperToken:
    """Do the same for a call that the router has not seen. One question counts for address, shopper and token."""
    limits = services.config.shop.limits
    from_address = Rate("address", address, limits.address_per_minute)
    try:
        token = services.vault.read_token(credential_of(authorization), now=clock.now())
    except NotSignedInError:
        await services.limiter.hit(from_address)
        raise
    await services.limiter.hit(
        from_address,
        Rate("shopper", token.shopper_id, limits.shopper_per_minute),
        # A token is bound to its stockout: one that is signed anew is the same one.
        Rate("token", str(token.stockout_id), limits.token_per_minute),
    )
    return token


async def refuse_too_many(call: Call, services: Services) -> None:
    """Count a call from this network address; raise 429 for too many."""
    await services.limiter.hit(Rate("address", address_of(call), services.config.shop.limits.address_per_minute))


def _bearer(call: AnyConnection) -> str:
    return credential_of(call.headers.get("authorization", ""))


def credential_of(header: str) -> str:
    scheme, _, credential = header.partition(" ")
    if len(header) > HEADER_LENGTH_MAX or scheme.lower() != "bearer" or not credential.strip():
        raise NotSignedInError
    return credential.strip()


def address_of(call: Call) -> str:
    return call.client.host if call.client else "unknown"
