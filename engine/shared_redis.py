"""The Redis that processes share: asked with a time-out, left alone for a while after a failure, never needed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import structlog

if TYPE_CHECKING:  # an engine without Redis does not wait for its client to load
    from redis.asyncio import Redis, RedisCluster

    Client: TypeAlias = Redis | RedisCluster

log = structlog.get_logger()

Answer = TypeVar("Answer")

TIMEOUT_SECONDS = 0.5
# After a failure Redis is left alone for a while: a slow one must not slow every call.
REST_SECONDS = 5


class RedisAwayError(Exception):
    """There is no Redis, or it did not answer in time, or not long ago."""


class SharedRedis:
    """One client a process. A URL `redis+cluster://` names a Redis Cluster, `redis://` one server, None no Redis."""

    def __init__(self, url: str | None, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._client = _client(url, timeout_seconds) if url else None
        self._rests_until = 0.0

    @property
    def is_named(self) -> bool:
        return self._client is not None

    async def ask(self, question: "Callable[[Client], Awaitable[Answer]]", *, otherwise: str) -> Answer:
        """Return what Redis answers; raise `RedisAwayError` where it does not, saying once what is done `otherwise`."""
        if self._client is None or time.monotonic() < self._rests_until:
            raise RedisAwayError
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await question(self._client)
        except _away() as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            log.warning("redis away", instead=otherwise, error=type(error).__name__)
            raise RedisAwayError from None

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def _away() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return RedisError, OSError, TimeoutError


def _client(url: str, timeout_seconds: float) -> "Client":
    from redis.asyncio import Redis, RedisCluster

    if url.startswith("redis+cluster://"):
        return RedisCluster.from_url(
            url.replace("redis+cluster://", "redis://", 1),
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
        )
    return Redis.from_url(url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds)
