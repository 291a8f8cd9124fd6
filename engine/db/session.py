"""Connections to PostgreSQL: one pool a process, one transaction a request or job, committed at the edge."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection as PooledConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from engine.db.address import libpq_url
from engine.db.pool import FairPool

STATEMENT_TIMEOUT_SECONDS = 15
LOCK_TIMEOUT_SECONDS = 5
IDLE_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5
BY_INDEX = (
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
    " -c plan_cache_mode=force_generic_plan"
)
# A connection used a moment ago is not asked whether it still lives: that takes a trip.
TRUSTED_SECONDS = 1.0
_USED_AT = "used at"
POOL_TIMEOUT_SECONDS = 10  # nobody waits for longer than a page would


def sqlalchemy_url(database_url: str) -> URL:
    """Return the same database for SQLAlchemy's psycopg 3 dialect; any libpq URL will do, of several hosts too."""
    parts = {name: str(value) for name, value in conninfo_to_dict(libpq_url(database_url)).items()}
    user, password, database = (parts.pop(name, None) for name in ("user", "password", "dbname"))
    return URL.create("postgresql+psycopg", user, password, database=database, query=parts)


def create_engine(
    database_url: str,
    *,
    pool_size: int = 10,
    by_index: bool = False,
    connection: type[AsyncConnection] | None = None,
) -> AsyncEngine:
    """Make a pool. `by_index` is for batches: their plans are made once, maybe while a table is still small.

    `connection` is what connects, where somebody watches.
    """
    options = [
        f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s -c lock_timeout={LOCK_TIMEOUT_SECONDS}s",
        f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT_SECONDS}s -c timezone=UTC",
    ]
    if by_index:
        options.append(BY_INDEX)
    engine = create_async_engine(
        sqlalchemy_url(database_url),
        poolclass=FairPool,
        pool_use_lifo=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        hide_parameters=True,  # a statement that fails is logged, and its values may be a person's
        connect_args={
            "options": " ".join(options),
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "async_creator_fn": (connection or AsyncConnection).connect,
        },
    )
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", partial(_refuse_dead, engine.dialect))
    return engine


def _note_use(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _refuse_dead(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _fairy: PoolProxiedConnection
) -> None:
    """Have the pool replace a connection that died while it was idle: the server was restarted, say."""
    if time.monotonic() - record.info.get(_USED_AT, math.inf) < TRUSTED_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Yield a session whose work is committed when the block ends, and undone when it raises."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        yield session


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Yield a session that only looks: each statement sees what is committed by then, as in a transaction of ours.

    Without BEGIN and COMMIT it takes two trips fewer. What it is asked to write is written at once, if anything.
    """
    looking = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with AsyncSession(looking, expire_on_commit=False, autoflush=False) as session:
        yield session


_PIPELINE = "pipeline"  # where a batch's session keeps the connection that its statements go down


class _Lane(NamedTuple):
    pooled: PooledConnection
    driver: AsyncConnection


class Lanes:
    """The transactions of batches: their statements go down one pipeline, and what needs no answer leaves with COMMIT.

    `raw_connection` of a batch's session is that pipeline. What is asked of the session itself is read beside it, on
    another connection: only what never changes once it is there, as a published version or an epoch's secret. Both
    pools are the lanes' alone: where requests had all connections and waited for a batch, it would wait for them.
    """

    def __init__(self, engine: AsyncEngine, beside: AsyncEngine) -> None:
        self._engine, self._beside = engine, beside
        self._idle: list[_Lane] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Yield a session as `transaction` does. After an error the connection is not used again."""
        lane = self._idle.pop() if self._idle else await self._open()
        session = AsyncSession(self._beside, expire_on_commit=False, info={_PIPELINE: lane.driver})
        try:
            async with lane.driver.pipeline():
                await lane.driver.execute("BEGIN")
                yield session
                if session.in_transaction():
                    await session.commit()
                await lane.driver.execute("COMMIT")
        except BaseException:
            await _drop(lane)
            raise
        else:
            self._idle.append(lane)
        finally:
            if session.in_transaction():
                await session.close()

    async def aclose(self) -> None:
        while self._idle:
            await _drop(self._idle.pop())
        await self._engine.dispose()
        await self._beside.dispose()

    async def _open(self) -> _Lane:
        pooled = await self._engine.connect()
        lane = _Lane(pooled, await _driver(pooled))
        try:
            # psycopg's own BEGIN and COMMIT in a pipeline each wait for their answer.
            await lane.driver.set_autocommit(True)
        except BaseException:
            await _drop(lane)  # or the pool would have one connection less for good
            raise
        return lane


async def _drop(lane: _Lane) -> None:
    await lane.driver.close()
    await lane.pooled.invalidate()
    await lane.pooled.close()


async def raw_connection(session: AsyncSession) -> AsyncConnection:
    """Return the psycopg connection under the session: for a job in its transaction, or a batch's statements."""
    pipeline: AsyncConnection | None = session.info.get(_PIPELINE)
    return pipeline if pipeline is not None else await _driver(await session.connection())


async def _driver(connection: PooledConnection) -> AsyncConnection:
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if not isinstance(driver, AsyncConnection):
        raise TypeError(f"expected a psycopg connection, got {type(driver)}")
    return driver
