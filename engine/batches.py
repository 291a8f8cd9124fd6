"""Many callers, one flusher: what queued while the last batch was written goes into the next. There is no timer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from prometheus_client import Histogram

from engine.db import faults
from engine.errors import UnavailableError

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")

SIZE_MAX = 500
WAITING_MAX = 4000  # beyond, a caller is told to come back: a queue without end answers nobody in time
TRIES_MAX = 4

SIZES = Histogram(
    "makegood_batch_size", "Calls answered by one transaction", ["of"], buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)


class AskedAloneError(Exception):
    """A batch's answer for one that must not make the others wait: it is asked again, by itself."""


class Batcher(Generic[Ask, Answer]):
    """Answers calls together, in one transaction that `together` opens and commits.

    A caller hears of its answer only after that commit. An exception in the place of an answer is that caller's alone;
    one that `together` raises undoes the batch, which is then tried in halves until whoever caused it stands alone.
    """

    def __init__(
        self,
        name: str,
        together: Callable[[Sequence[Ask]], Awaitable[Sequence[Answer | Exception]]],
        alone: Callable[[Ask], Awaitable[Answer]],
        *,
        size_max: int = SIZE_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._together, self._alone = together, alone
        self._size_max, self._waiting_max = size_max, waiting_max
        self._waiting: deque[tuple[Ask, asyncio.Future[Answer]]] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._sizes = SIZES.labels(name)

    async def ask(self, ask: Ask) -> Answer:
        """Return the answer once it is committed; raise `UnavailableError` where too many wait already."""
        if len(self._waiting) >= self._waiting_max:
            raise UnavailableError("too many callers wait already")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, answer))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        try:
            return await answer
        except AskedAloneError:
            return await self._alone(ask)

    async def _flush(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), self._size_max)
                taken = [self._waiting.popleft() for _ in range(size)]
                # Whoever has hung up is not drawn for.
                if batch := [one for one in taken if not one[1].done()]:
                    self._sizes.observe(len(batch))
                    await self._answer(batch)
        finally:
            # Within the task, not after it: who asks in between must not wait for a flusher that is done.
            self._flusher = None
            for _, answer in self._waiting:  # only where the flusher itself was stopped
                answer.cancel()
            self._waiting.clear()

    async def _answer(self, batch: Sequence[tuple[Ask, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._tried([ask for ask, _ in batch])
        except Exception as error:  # noqa: BLE001  # it is told to those who asked
            if len(batch) == 1 or faults.away(error):
                _tell(batch, [error] * len(batch))
                return
            half = len(batch) // 2
            await self._answer(batch[:half])
            await self._answer(batch[half:])
        else:
            _tell(batch, answers)

    async def _tried(self, asks: Sequence[Ask]) -> Sequence[Answer | Exception]:
        """Try a few times where another transaction or a lost connection undid ours: a repeat finds what was done."""
        for _ in range(TRIES_MAX - 1):
            try:
                return await self._together(asks)
            except Exception as error:
                if not (faults.collided(error) or faults.lost(error)):
                    raise
        return await self._together(asks)


def _tell(batch: Sequence[tuple[Ask, asyncio.Future[Answer]]], answers: Sequence[Answer | Exception]) -> None:
    for (_, waiting), answer in zip(batch, answers, strict=True):
        if waiting.done():
            continue
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)
