"""Answers that are dear or asked all the time: kept in Redis for all processes, never the truth, never needed."""

import asyncio
import hashlib
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import msgspec

from engine import live
from engine.shared_redis import RedisAwayError, SharedRedis

Value = TypeVar("Value")

# What took long to compute is kept for longer: looking must never be most of what a database does.
SECONDS_PER_SECOND = 20
STOCK = "stock"  # the topic of what stands on the shelves
_CHANGES = "makegood:cache:{%s}:changes"
_KEPT = "makegood:cache:{%s}:%s"
_OTHERWISE = "answering anew"


class Cache:
    """What may be some seconds old, and what may be as old as the last change of its topic."""

    def __init__(self, redis: SharedRedis) -> None:
        self._redis = redis
        self._here: dict[str, tuple[float, Any]] = {}  # where there is no Redis; of the few names that `recent` knows
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def recent(
        self, name: str, form: type[Value], compute: Callable[[], Awaitable[Value]], *, seconds: float
    ) -> Value:
        """Return a value some `seconds` old at most, or twenty times as old as it takes to compute.

        Callers that come together share one computation.
        """
        async with self._locks[name]:
            until, kept = self._here.get(name, (0.0, None))
            if time.monotonic() < until:
                return kept  # type: ignore[no-any-return]  # what was put there under this name
            _, found = await self._look(name, name, form)
            if found is not None:
                return found
            started = time.monotonic()
            value = await compute()
            lasts = max(seconds, SECONDS_PER_SECOND * (time.monotonic() - started))
            if not await self._keep(name, name, value, seen=None, seconds=lasts):
                self._here[name] = time.monotonic() + lasts, value
            return value

    async def current(
        self, topic: str, question: str, form: type[Value], compute: Callable[[], Awaitable[Value]], *, seconds: float
    ) -> Value:
        """Return the answer to a question, unless its topic has changed since; without Redis it is computed each time.

        `seconds` bounds how old it may be where a change could not be told.
        """
        name = hashlib.sha256(question.encode()).hexdigest()
        changes, found = await self._look(topic, name, form)
        if found is not None:
            return found
        value = await compute()
        # Kept with the number of changes before it was computed: one that came meanwhile makes it old at once.
        await self._keep(topic, name, value, seen=changes, seconds=seconds)
        return value

    async def forget(self, topic: str) -> bool:
        """Let everything of a topic be asked anew, in all processes; called once the change is committed.

        False where Redis is away: what it keeps may be told as long as it lasts.
        """
        if self._redis.is_named:
            try:
                await self._redis.ask(lambda redis: redis.incr(_CHANGES % topic), otherwise=_OTHERWISE)
            except RedisAwayError:
                return False
        return True

    async def forget_shelves(self, topic: str) -> bool:
        """Forget what stood on the shelves before open pages hear that a product has changed, and ask."""
        return not live.is_of_shelves(topic) or await self.forget(STOCK)

    async def _look(self, topic: str, name: str, form: type[Value]) -> tuple[bytes | None, Value | None]:
        """Return how often the topic has changed, and what is kept since the last time."""
        keys = [_CHANGES % topic, _KEPT % (topic, name)]  # in one slot of a cluster
        try:
            found = await self._redis.ask(lambda redis: redis.mget(keys), otherwise=_OTHERWISE)
            changes, kept = cast("list[bytes | None]", found)  # no connection of ours decodes
            seen, value = msgspec.msgpack.decode(kept or b"", type=tuple[bytes | None, form])  # type: ignore[valid-type]  # known only now
        except RedisAwayError:
            return None, None
        except msgspec.MsgspecError:  # nothing, or somebody else's
            return changes, None
        return changes, value if seen == changes else None

    async def _keep(self, topic: str, name: str, value: object, *, seen: bytes | None, seconds: float) -> bool:
        kept = msgspec.msgpack.encode((seen, value))
        key, lasts_ms = _KEPT % (topic, name), max(1, int(seconds * 1000))
        try:
            await self._redis.ask(lambda redis: redis.set(key, kept, px=lasts_ms), otherwise=_OTHERWISE)
        except RedisAwayError:
            return False
        return True
