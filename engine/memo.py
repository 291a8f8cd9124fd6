"""A value that is dear to compute and may be some seconds old."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """Keeps the last value for `seconds`; callers that come together share one computation."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._kept: tuple[float, Value] | None = None

    async def get(self, compute: Callable[[], Awaitable[Value]]) -> Value:
        async with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > self._seconds:
                self._kept = (time.monotonic(), await compute())
            return self._kept[1]
