"""Calls a minute, counted in Redis where there is one, else in this process; Redis is never a reason to fail.

A name has so many calls in hand, and one comes back every so often: it needs one number, however many calls it counts.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import structlog

from engine.errors import TooManyRequestsError

if TYPE_CHECKING:  # an engine without Redis does not wait for its client to load
    from redis.asyncio import Redis, RedisCluster

log = structlog.get_logger()

MINUTE_US = 60_000_000
NAMES_MAX = 100_000  # of this process's own counts; the longest unseen is forgotten first
TIMEOUT_SECONDS = 0.5
SLOW_SECONDS = 0.1
# After a failure, or an answer that took long, Redis is left alone for a while: a slow one must not slow every call.
REST_SECONDS = 5

# What is kept is when the name will have all its calls again. One key a call of it, so a cluster runs it as it is.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = tonumber(redis.call('GET', KEYS[1]) or 0)
local after = math.max(full, now) + ARGV[1]
local wait = after - now - ARGV[2]
if wait > 0 then return wait end
if ARGV[3] == '1' then
    redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
end
return 0
"""


class Limit(NamedTuple):
    """So many calls a minute, for whoever is counted under this name."""

    name: str
    interval_us: int
    burst_us: int  # what all its calls at once come to, and no call more


@lru_cache(maxsize=1000)
def limit(name: str, per_minute: int) -> Limit:
    interval_us = math.ceil(MINUTE_US / per_minute)
    return Limit(name, interval_us, interval_us * per_minute)


class Rate(NamedTuple):
    """Who is counted, as what, and how many calls a minute are theirs."""

    name: str
    who: str
    per_minute: int

    @property
    def key(self) -> str:
        return f"makegood:rate:{self.name}:{self.who}"

    @property
    def limit(self) -> Limit:
        return limit(self.name, self.per_minute)


class Limiter:
    """Counts hits by name and refuses more than so many a minute."""

    def __init__(
        self,
        redis_url: str | None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        slow_seconds: float = SLOW_SECONDS,
    ) -> None:
        self._local = _Local()
        self._timeout_seconds = timeout_seconds
        self._slow_seconds = slow_seconds
        self._redis = _client(redis_url, timeout_seconds) if redis_url else None
        self._rests_until = 0.0  # nought while it is well

    async def hit(self, *rates: Rate) -> None:
        """Count one call for each; raise `TooManyRequestsError` when it is one too many for any."""
        _refuse_unless(await self._waits(rates, cost=1))

    async def refuse_if_spent(self, *rates: Rate) -> None:
        """Raise `TooManyRequestsError` when the minute's calls are used up, without counting this one."""
        _refuse_unless(await self._waits(rates, cost=0))

    async def aclose(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _waits(self, rates: Sequence[Rate], *, cost: int) -> int:
        if self._redis is not None and time.monotonic() >= self._rests_until:
            waits = await self._together(self._redis, rates, cost)
            if waits is not None:
                return waits
        now_us = time.monotonic_ns() // 1000
        return max([self._local.wait_us(rate, now_us, cost=cost) for rate in rates])

    async def _together(self, redis: "Redis | RedisCluster", rates: Sequence[Rate], cost: int) -> int | None:
        """Count in Redis; return nothing where it does not answer. What it answers late is taken all the same."""
        began, rested = time.monotonic(), self._rests_until > 0
        if rested:  # one call finds out whether it is well again, and no other waits for that
            self._rests_until = began + REST_SECONDS
        try:
            async with asyncio.timeout(self._timeout_seconds):
                asked = (self._ask(redis, rate, cost) for rate in rates)
                waits = max(await asyncio.gather(*asked))
        except _away() as error:
            self._rest("redis away, counting in process", error=type(error).__name__)
            return None
        if time.monotonic() - began > self._slow_seconds:
            self._rest("redis slow, counting in process", seconds=round(time.monotonic() - began, 3))
        elif rested:
            self._rests_until = 0.0
        return waits

    def _rest(self, event: str, **told: object) -> None:
        self._rests_until = time.monotonic() + REST_SECONDS
        log.warning(event, **told)

    async def _ask(self, redis: "Redis | RedisCluster", rate: Rate, cost: int) -> int:
        _, interval_us, burst_us = rate.limit
        given = redis.eval(_SCRIPT, 1, rate.key, str(interval_us), str(burst_us), str(cost))
        return int(await given)


class _Local:
    """The script's rule in this process."""

    def __init__(self) -> None:
        self._full_us: OrderedDict[tuple[str, str], int] = OrderedDict()

    def wait_us(self, rate: Rate, now_us: int, *, cost: int) -> int:
        key, (_, interval_us, burst_us) = rate[:2], rate.limit
        after = max(self._full_us.get(key, 0), now_us) + interval_us
        wait = after - now_us - burst_us
        if wait > 0:
            return wait
        if cost:
            self._full_us[key] = after
            self._full_us.move_to_end(key)
            if len(self._full_us) > NAMES_MAX:
                self._full_us.popitem(last=False)
        return 0


def _refuse_unless(wait_us: int) -> None:
    if wait_us > 0:
        raise TooManyRequestsError(math.ceil(wait_us / 1_000_000))


def _away() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return RedisError, OSError, TimeoutError


def _client(url: str, timeout_seconds: float) -> "Redis | RedisCluster":
    """Return the counting store; a URL `redis+cluster://` names a Redis Cluster, `redis://` one server."""
    from redis.asyncio import Redis, RedisCluster

    if url.startswith("redis+cluster://"):
        return RedisCluster.from_url(
            url.replace("redis+cluster://", "redis://", 1),
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
        )
    return Redis.from_url(url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds)
