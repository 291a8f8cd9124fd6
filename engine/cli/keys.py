"""`makegood keys …`: merchants' keys made, listed and revoked; secrets renewed."""

import asyncio
from collections import Counter
from uuid import UUID

from engine import clock
from engine.cli.output import console
from engine.cli.tables import plain_table, print_table
from engine.db.session import create_engine, transaction
from engine.db.tables import ApiKey
from engine.errors import NotFoundError
from engine.flows import keys
from engine.installation import database
from engine.rekey import rekey
from engine.settings import Settings, read
from engine.vault import Vault


def list_keys() -> None:
    """Print every key by its id; the keys themselves are nowhere to be had."""
    with database():
        rows = asyncio.run(_all(read()))
    table = plain_table()
    for title in ("id", "role", "label", "made", "revoked"):
        table.add_column(title, no_wrap=title != "label")
    for row in rows:
        revoked = row.revoked_at.isoformat(timespec="seconds") if row.revoked_at else ""
        table.add_row(str(row.id), row.role, row.label, row.created_at.isoformat(timespec="seconds"), revoked)
    print_table(console, table)


def revoke_key(key_id: UUID) -> None:
    with database():
        asyncio.run(_revoke(read(), key_id))
    console.print(f"{key_id} opens nothing any more")


def renew_secrets() -> None:
    """Seal and digest everything with the first keys, beside whatever runs; print how much was renewed."""
    with database():
        renewed = asyncio.run(_renew(read()))
    for table, number in renewed.items():
        console.print(f"{table}: {number} renewed")
    console.print("everything is kept by the first MAKEGOOD_SEAL_KEY and MAKEGOOD_PEPPER; the others can be dropped")


async def _all(settings: Settings) -> list[ApiKey]:
    engine = create_engine(settings.database_url, pool_size=1)
    try:
        async with transaction(engine) as session:
            return await keys.every(session)
    finally:
        await engine.dispose()


async def _revoke(settings: Settings, key_id: UUID) -> None:
    engine = create_engine(settings.database_url, pool_size=1)
    try:
        async with transaction(engine) as session:
            if not await keys.revoke(session, key_id, now=clock.now()):
                raise NotFoundError(f"no key has the id {key_id}; `makegood keys list` shows them")
    finally:
        await engine.dispose()


async def _renew(settings: Settings) -> Counter[str]:
    engine = create_engine(settings.database_url, pool_size=1)
    renewed: Counter[str] = Counter()
    try:
        async for table, number in rekey(engine, Vault(settings)):
            renewed[table] += number
    finally:
        await engine.dispose()
    return renewed
