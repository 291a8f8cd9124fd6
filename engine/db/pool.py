"""SQLAlchemy's pool, with a fair and bounded line of those who wait for a connection.

Its own queue gives a connection that comes back to whoever asks next, and whoever was woken for it goes to the end of
the line: while callers keep coming, some wait until they time out.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Literal

from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util.concurrency import await_
from sqlalchemy.util.queue import Empty, Full, QueueCommon

# A thousand shoppers at once wait for their turn rather than be sent away; a queue without end answers nobody in time.
WAITING_MAX = 1000


class Line(QueueCommon[ConnectionPoolEntry]):
    """Idle connections, the one used last first: its statements are prepared. Who waits is served in turn."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = True) -> None:  # the pool's own call
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self._idle: list[ConnectionPoolEntry] = []
        self._waiting: deque[asyncio.Future[ConnectionPoolEntry]] = deque()

    def empty(self) -> bool:
        return not self._idle

    def full(self) -> bool:
        return 0 < self.maxsize <= len(self._idle)

    def qsize(self) -> int:
        return len(self._idle)

    def put_nowait(self, item: ConnectionPoolEntry) -> None:
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # not one who has gone
                first.set_result(item)
                return
        if self.full():
            raise Full
        self._idle.append(item)

    def put(self, item: ConnectionPoolEntry, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002  # the pool never waits to give back
        self.put_nowait(item)

    def get_nowait(self) -> ConnectionPoolEntry:
        if not self._idle:
            raise Empty
        return self._idle.pop()

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:  # the pool's own call
        if self._idle or not block:  # where one is idle, nobody waits
            return self.get_nowait()
        if len(self._waiting) >= WAITING_MAX:
            raise PoolTimeoutError(f"{WAITING_MAX} callers wait for a connection already")
        try:
            return await_(self._turn(timeout))
        except TimeoutError as error:
            raise Empty from error

    async def _turn(self, seconds_max: float | None) -> ConnectionPoolEntry:
        mine: asyncio.Future[ConnectionPoolEntry] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            async with asyncio.timeout(seconds_max):
                return await mine
        except BaseException:
            if mine.done() and not mine.cancelled() and mine.exception() is None:
                self.put_nowait(mine.result())  # it came as its caller went
            with suppress(ValueError):  # whoever came back with a connection may have passed over it by now
                self._waiting.remove(mine)
            raise

    def call_one(self) -> None:
        """Tell whoever is first that there is room for a connection of their own: another one could not be made."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_exception(Empty())
                return


class FairPool(AsyncAdaptedQueuePool):
    """The usual pool with that line."""

    _queue_class = Line
    _pool: Line

    def _dec_overflow(self) -> Literal[True]:
        done = super()._dec_overflow()
        self._pool.call_one()
        return done
