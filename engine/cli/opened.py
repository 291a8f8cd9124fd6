"""The database, open for a command that reads it; one that is not there or not migrated is a sentence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.db import schema
from engine.db.session import create_engine
from engine.installation import database
from engine.settings import Settings, SettingsError, read


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Settings, AsyncConnection]]:
    """Yield the installation's settings and one connection; nothing done with it is kept."""
    with database():
        settings = read()
        engine = create_engine(settings.database_url, pool_size=1)
        try:
            async with engine.connect() as connection:
                if not await connection.run_sync(schema.is_current):
                    raise SettingsError("the database lacks migrations: run `makegood migrate`")
                await connection.rollback()
                yield settings, connection
        finally:
            await engine.dispose()
