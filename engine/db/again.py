"""A transaction that met another one is done again, a few times at most: PostgreSQL kept nothing of it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from engine.db import faults

TRIES_MAX = 5
# Whoever was in the way is given a moment, a longer one each time.
PAUSE_SECONDS = 0.01

Given = ParamSpec("Given")
Value = TypeVar("Value")


async def again_when(
    undone: Callable[[BaseException], bool], work: Callable[[], Awaitable[Value]], *, tries_max: int = TRIES_MAX
) -> Value:
    """Return what `work` returns; where it raises what `undone` tells, start it over. The last error is raised."""
    for failures in range(1, tries_max):
        try:
            return await work()
        except Exception as error:
            if not undone(error):
                raise
        await asyncio.sleep(PAUSE_SECONDS * failures)
    return await work()


def retried(call: Callable[Given, Awaitable[Value]]) -> Callable[Given, Awaitable[Value]]:
    """Make the same call for somebody who waits: what clashed is done again, a lock waited for in vain is not."""

    @wraps(call)
    async def called(*args: Given.args, **kwargs: Given.kwargs) -> Value:
        return await again_when(faults.clashed, partial(call, *args, **kwargs))

    return called
