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
SLOW_SECONDS = 0.1
# After a failure, or an answer that took long, Redis is left alone for a while: a slow one must not slow every call.
REST_SECONDS = 5


# The older protocol: with the newer one, dead connections of the pool are found out one failed call at a time.
PROTOCOL = 2
_NOTHING = "makegood:nothing"  # a name that nobody gives a value: of a cluster too, one machine is asked
# Calls of one moment, each with some counts: more wait for a connection, within the time-out.
CONNECTIONS_MAX = 100


class RedisAwayError(Exception):
    """There is no Redis, or it did not answer in time, or not long ago."""


class SharedRedis:
    """One client a process. A URL `redis+cluster://` names a Redis Cluster, `redis://` one server, None no Redis."""

    def __init__(
        self, url: str | None, *, timeout_seconds: float = TIMEOUT_SECONDS, slow_seconds: float = SLOW_SECONDS
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._slow_seconds = slow_seconds
        self._client = _client(url, timeout_seconds) if url else None
        self._rests_until = 0.0  # nought while it is well

    @property
    def is_named(self) -> bool:
        return self._client is not None

    async def ask(self, question: "Callable[[Client], Awaitable[Answer]]", *, otherwise: str) -> Answer:
        """Return what Redis answers, be it late; raise `RedisAwayError` where it does not or rests.

        What is done `otherwise` is said once.
        """
        if self._client is None or time.monotonic() < self._rests_until:
            raise RedisAwayError
        began, rested = time.monotonic(), self._rests_until > 0
        if rested:  # one call finds out whether it is well again, and no other waits for that
            self._rests_until = began + REST_SECONDS
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await question(self._client)
        except _away() as error:
            self._rest("redis away", instead=otherwise, error=type(error).__name__)
            raise RedisAwayError from None
        if (took := time.monotonic() - began) > self._slow_seconds:
            self._rest("redis slow", instead=otherwise, seconds=round(took, 3))
        elif rested:
            self._rests_until = 0.0
        return answer

    async def answers(self) -> bool | None:
        """Say whether it is there and in use; None where none is named."""
        if self._client is None:
            return None
        try:
            await self.ask(lambda redis: redis.get(_NOTHING), otherwise="saying so")
        except RedisAwayError:
            return False
        return True

    def _rest(self, event: str, **told: object) -> None:
        self._rests_until = time.monotonic() + REST_SECONDS
        log.warning(event, **told)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            if (pool := getattr(self._client, "connection_pool", None)) is not None:
                await pool.disconnect()


def _away() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return RedisError, OSError, TimeoutError


def _client(url: str, timeout_seconds: float) -> "Client":
    from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster

    if url.startswith("redis+cluster://"):
        return RedisCluster.from_url(
            url.replace("redis+cluster://", "redis://", 1),
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            protocol=PROTOCOL,
        )
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        protocol=PROTOCOL,
    )
    return Redis(connection_pool=pool)
