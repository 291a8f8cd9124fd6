"""Seals and digests made anew with the first keys, batch by batch beside running processes, so that old keys can go.

Each batch is a transaction of its own; stopped anywhere, the next run goes on. What is current already is left alone.
"""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine.db.session import transaction
from engine.db.tables import Award, Code, Epoch, Shopper
from engine.vault import Vault
from rules.addresses import fold

BATCH = 500
_FIRST = UUID(int=0)


async def rekey(engine: AsyncEngine, vault: Vault) -> AsyncIterator[tuple[str, int]]:
    """Renew daily secrets, codes and addresses; yield the table and how many rows of each batch were renewed."""
    async with transaction(engine) as session:
        yield "epochs", await _epochs(session, vault)
    after_award: tuple[UUID, UUID] | None = (_FIRST, _FIRST)
    while after_award is not None:
        async with transaction(engine) as session:
            after_award, renewed = await _awards(session, vault, after_award)
        yield "awards", renewed
    after: str | None = ""
    while after is not None:
        async with transaction(engine) as session:
            after, renewed = await _shoppers(session, vault, after)
        yield "shoppers", renewed


async def _epochs(session: AsyncSession, vault: Vault) -> int:
    """Renew the daily secrets: two rows a day, so one batch holds them all."""
    renewed = 0
    for epoch in (await session.execute(select(Epoch).with_for_update())).scalars():
        sealed = vault.sealed_anew(epoch.secret_sealed)
        renewed += sealed != epoch.secret_sealed
        epoch.secret_sealed = sealed
    return renewed


async def _awards(
    session: AsyncSession, vault: Vault, after: tuple[UUID, UUID]
) -> tuple[tuple[UUID, UUID] | None, int]:
    """Renew the codes of a batch and the digests they are found by; return where to go on, and how many there were."""
    place = tuple_(Award.subject, Award.id)
    found = select(Award).where(place > after).order_by(Award.subject, Award.id).limit(BATCH).with_for_update()
    awards = (await session.execute(found)).scalars().all()
    renewed = 0
    for award in awards:
        digest = vault.digest("code", vault.open(award.code_sealed))
        sealed = vault.sealed_anew(award.code_sealed)
        renewed += (digest, sealed) != (award.code_digest, award.code_sealed)
        if digest != award.code_digest:
            moved = update(Code).where(Code.code_digest == award.code_digest).values(code_digest=digest)
            await session.execute(moved)
        award.code_digest, award.code_sealed = digest, sealed
    return ((awards[-1].subject, awards[-1].id) if awards else None), renewed


async def _shoppers(session: AsyncSession, vault: Vault, after: str) -> tuple[str | None, int]:
    """Renew the digests by which accounts with one address know of each other."""
    found = select(Shopper).where(Shopper.shopper_id > after).order_by(Shopper.shopper_id).limit(BATCH)
    shoppers = (await session.execute(found.with_for_update())).scalars().all()
    renewed = 0
    for shopper in shoppers:
        digest = vault.digest("address", fold(shopper.email)) if shopper.email else None
        renewed += digest != shopper.address_digest
        shopper.address_digest = digest
    return (shoppers[-1].shopper_id if shoppers else None), renewed
