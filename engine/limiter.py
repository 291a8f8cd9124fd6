"""Calls a minute, counted in Redis where there is one, else in this process; Redis is never a reason to fail."""

import time
from collections.abc import Awaitable, Callable

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute, WindowStats
from limits.aio.storage import MemoryStorage, RedisClusterStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from redis.exceptions import RedisError

from engine import clock
from engine.errors import TooManyRequestsError

log = structlog.get_logger()

Question = Callable[[MovingWindowRateLimiter], Awaitable[bool]]

RETRY_SECONDS_MAX = 60
# After a failure Redis is left alone for a while: a slow one must not slow every call.
REST_SECONDS = 5
_AWAY = (RedisError, StorageError, OSError)


class Limiter:
    """Counts hits by name and refuses more than so many a minute."""

    def __init__(self, redis_url: str | None) -> None:
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._store = _redis(redis_url) if redis_url else None
        self._shared = MovingWindowRateLimiter(self._store) if self._store else None
        self._rests_until = 0.0

    async def hit(self, name: str, who: str, per_minute: int) -> None:
        """Count one call; raise `TooManyRequestsError` when it is one too many."""
        item = RateLimitItemPerMinute(per_minute)
        await self._ask(item, name, who, lambda limiter: limiter.hit(item, name, who))

    async def refuse_if_spent(self, name: str, who: str, per_minute: int) -> None:
        """Raise `TooManyRequestsError` when the minute's calls are used up, without counting this one."""
        item = RateLimitItemPerMinute(per_minute)
        await self._ask(item, name, who, lambda limiter: limiter.test(item, name, who))

    async def aclose(self) -> None:
        if self._store is not None:
            await self._store.bridge.storage.aclose()  # type: ignore[attr-defined]  # the client, which limits does not type

    async def _ask(self, item: RateLimitItem, name: str, who: str, question: Question) -> None:
        if self._shared is not None and time.monotonic() >= self._rests_until:
            try:
                allowed = await question(self._shared)
                stats = None if allowed else await self._shared.get_window_stats(item, name, who)
            except _AWAY as error:
                self._rests_until = time.monotonic() + REST_SECONDS
                log.warning("redis away, counting in process", error=type(error).__name__)
            else:
                return _refuse_unless(stats)
        allowed = await question(self._local)
        return _refuse_unless(None if allowed else await self._local.get_window_stats(item, name, who))


def _refuse_unless(spent: WindowStats | None) -> None:
    if spent is not None:
        wait = int(spent.reset_time - clock.now().timestamp()) + 1
        raise TooManyRequestsError(min(max(wait, 1), RETRY_SECONDS_MAX))


def _redis(url: str) -> RedisStorage:
    """Return the counting store; a URL `redis+cluster://` names a Redis Cluster, `redis://` one server."""
    kind = RedisClusterStorage if url.startswith("redis+cluster://") else RedisStorage
    return kind(
        f"async+{url}",
        implementation="redispy",
        wrap_exceptions=True,
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
    )
