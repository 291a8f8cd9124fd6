"""Calls a minute, counted in Redis where there is one, else in this process; Redis is never a reason to fail."""

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisClusterStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from redis.exceptions import RedisError

from engine import clock
from engine.errors import TooManyRequestsError

log = structlog.get_logger()

RETRY_SECONDS_MAX = 60


class Limiter:
    """Counts hits by name and refuses more than so many a minute."""

    def __init__(self, redis_url: str | None) -> None:
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_redis(redis_url)) if redis_url else None

    async def hit(self, name: str, who: str, per_minute: int) -> None:
        """Count one call; raise `TooManyRequestsError` when it is one too many."""
        if not await self._ask("hit", per_minute, name, who):
            await self._refuse(per_minute, name, who)

    async def refuse_if_spent(self, name: str, who: str, per_minute: int) -> None:
        """Raise `TooManyRequestsError` when the minute's calls are used up, without counting this one."""
        if not await self._ask("test", per_minute, name, who):
            await self._refuse(per_minute, name, who)

    async def _ask(self, verb: str, per_minute: int, name: str, who: str) -> bool:
        item = RateLimitItemPerMinute(per_minute)
        if self._shared is not None:
            try:
                return bool(await getattr(self._shared, verb)(item, name, who))
            except (RedisError, StorageError, OSError) as error:
                log.warning("redis away, counting in process", error=type(error).__name__)
        return bool(await getattr(self._local, verb)(item, name, who))

    async def _refuse(self, per_minute: int, name: str, who: str) -> None:
        item = RateLimitItemPerMinute(per_minute)
        reset = (await self._local.get_window_stats(item, name, who)).reset_time
        wait = min(max(int(reset - clock.now().timestamp()) + 1, 1), RETRY_SECONDS_MAX)
        raise TooManyRequestsError(wait)


def _redis(url: str) -> Storage:
    """Return the counting store; a URL `redis+cluster://` names a Redis Cluster, `redis://` one server."""
    options = {
        "implementation": "redispy",
        "wrap_exceptions": True,
        "socket_timeout": 0.5,
        "socket_connect_timeout": 0.5,
    }
    if url.startswith("redis+cluster://"):
        return RedisClusterStorage(f"async+{url}", **options)  # type: ignore[arg-type]
    return RedisStorage(f"async+{url}", **options)  # type: ignore[arg-type]
