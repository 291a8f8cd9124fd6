"""Calls a minute, counted in Redis where there is one, else in this process; Redis is never a reason to fail.

A name has so many calls in hand, and one comes back every so often: it needs one number, however many calls it counts.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import TooManyRequestsError
from engine.shared_redis import RedisAwayError, SharedRedis

if TYPE_CHECKING:
    from engine.shared_redis import Client

MINUTE_US = 60_000_000
NAMES_MAX = 100_000  # of this process's own counts; the longest unseen is forgotten first

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

    def __init__(self, redis: SharedRedis) -> None:
        self._local = _Local()
        self._redis = redis

    async def hit(self, *rates: Rate) -> None:
        """Count one call for each; raise `TooManyRequestsError` when it is one too many for any."""
        _refuse_unless(await self._waits(rates, cost=1))

    async def refuse_if_spent(self, *rates: Rate) -> None:
        """Raise `TooManyRequestsError` when the minute's calls are used up, without counting this one."""
        _refuse_unless(await self._waits(rates, cost=0))

    async def _waits(self, rates: Sequence[Rate], *, cost: int) -> int:
        if self._redis.is_named:
            try:
                return await self._redis.ask(lambda redis: _asked(redis, rates, cost), otherwise="counting in process")
            except RedisAwayError:
                pass
        return self._local.wait_us(rates, time.monotonic_ns() // 1000, cost=cost)


async def _asked(redis: "Client", rates: Sequence[Rate], cost: int) -> int:
    given = [
        redis.eval(_SCRIPT, 1, rate.key, str(rate.limit.interval_us), str(rate.limit.burst_us), str(cost))
        for rate in rates
    ]
    return max(map(int, await asyncio.gather(*given)))


class _Local:
    """The script's rule in this process."""

    def __init__(self) -> None:
        self._full_us: OrderedDict[tuple[str, str], int] = OrderedDict()

    def wait_us(self, rates: Iterable[Rate], now_us: int, *, cost: int) -> int:
        """Return how long until none of them is spent; 0 counts this call for each that is not."""
        full_us, longest = self._full_us, 0
        for name, who, per_minute in rates:
            _, interval_us, burst_us = limit(name, per_minute)
            key = (name, who)
            after = max(full_us.get(key, 0), now_us) + interval_us
            wait = after - now_us - burst_us
            if wait > 0:
                longest = max(longest, wait)
            elif cost:
                full_us[key] = after
                full_us.move_to_end(key)
        while len(full_us) > NAMES_MAX:
            full_us.popitem(last=False)
        return longest


def _refuse_unless(wait_us: int) -> None:
    if wait_us > 0:
        raise TooManyRequestsError(math.ceil(wait_us / 1_000_000))
