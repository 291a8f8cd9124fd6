"""Connections to PostgreSQL: one pool a process, one transaction a request or job, committed at the edge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

STATEMENT_TIMEOUT_SECONDS = 15
LOCK_TIMEOUT_SECONDS = 10
POOL_TIMEOUT_SECONDS = 30  # a thousand shoppers at once wait for their turn rather than be sent away


def sqlalchemy_url(database_url: str) -> URL:
    """Return the same database for SQLAlchemy's psycopg 3 dialect; any libpq URL will do."""
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg")


def create_engine(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    return create_async_engine(
        sqlalchemy_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # a statement that fails is logged, and its values may be a person's
        connect_args={
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s -c lock_timeout={LOCK_TIMEOUT_SECONDS}s"
            " -c idle_in_transaction_session_timeout=30s -c timezone=UTC",
        },
    )


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Yield a session whose work is committed when the block ends, and undone when it raises."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        yield session


async def raw_connection(session: AsyncSession) -> AsyncConnection:
    """Return the psycopg connection under the session, so that a job is enqueued inside its transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if not isinstance(driver, AsyncConnection):
        raise TypeError(f"expected a psycopg connection, got {type(driver)}")
    return driver
