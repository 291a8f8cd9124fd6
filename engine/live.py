"""Open pages hear of a change once it is committed: Litestar's channels in process, joined through any Redis.

Topics are unbounded (every product), channels are not: a topic's channel is one of a fixed number, and
whoever listens there picks their own topics out.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import msgspec
import structlog
from litestar.channels import ChannelsPlugin, Subscriber
from litestar.channels.backends.memory import MemoryChannelsBackend
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from engine import clock
from engine.shared_redis import PROTOCOL

if TYPE_CHECKING:  # an engine without Redis does not wait for its client to load
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

log = structlog.get_logger()

CHANNELS = 256
UNSAID_MAX = 1000  # topics on their way to a slow Redis; beyond, pages of other processes are told to ask anew
BACKLOG_MAX = 50  # of one page; what it misses it sees when it asks again
HEARTBEAT_SECONDS = 15
# A page asks for its state first and listens then; what changed in between it is told as soon as it listens.
RECENT_SECONDS = 30
RECENT_MAX = 10_000  # topics remembered
SKEW_SECONDS = 1.0  # the clocks of two hosts, and a moment between what happened and what was heard of it
BEATS_ALONE = 2  # after so many, a page whose process hears no other is told to ask
REDIS_TIMEOUT_SECONDS = 0.5
SILENT_SECONDS = 10  # nothing from Redis for so long: it is asked whether it is there
# After a failure Redis is left alone for a while; open pages go on asking by themselves.
REST_SECONDS = 5
POINTS = "points"  # a night's points are there: every page asks again
_REDIS_CHANNEL = "makegood:live"
_PENDING = "live topics"
_PRODUCT = "product "


def of_product(sku: str) -> str:
    """What there is of it, when it is back, and who waits for it."""
    return f"{_PRODUCT}{sku}"


def is_of_shelves(topic: str) -> bool:
    """Say whether whoever hears of it asks what stands on the shelves."""
    return topic == POINTS or topic.startswith(_PRODUCT)


# Awaited with a topic before anybody hears of it; says whether that was done.
First = Callable[[str], Awaitable[bool]]


async def nothing_first(topic: str) -> bool:  # noqa: ARG001  # as every other
    """The null twin."""
    return True


class Teller(Protocol):
    """Called inside a transaction: open pages hear of the topics once it is committed, and not if it is undone."""

    def __call__(self, session: AsyncSession, *topics: str) -> None: ...


def to_nobody(session: AsyncSession, *topics: str) -> None:
    """The null twin, for processes that serve no page and know no Redis."""


def after_commit(publish: Callable[[Iterable[str]], None]) -> Teller:
    """Make the teller that publishes once a transaction is committed."""

    def told(session: Session) -> None:
        if topics := session.info.pop(_PENDING, None):
            publish(topics)

    def undone(session: Session) -> None:
        session.info.pop(_PENDING, None)

    def tell(session: AsyncSession, *topics: str) -> None:
        if _PENDING not in session.info:
            session.info[_PENDING] = set()
            event.listen(session.sync_session, "after_commit", told, once=True)
            event.listen(session.sync_session, "after_rollback", undone, once=True)
        session.info[_PENDING].update(topics)

    return tell


def _channel(topic: str) -> str:
    return str(zlib.crc32(topic.encode()) % CHANNELS)


def _away() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return RedisError, OSError


def _client(url: str) -> "Redis":
    from redis.asyncio import Redis

    # Every node of a cluster passes messages on to all others, so one of them is enough.
    return Redis.from_url(
        url.replace("redis+cluster://", "redis://", 1).split(",")[0],
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        socket_timeout=None,
        socket_keepalive=True,
        protocol=PROTOCOL,
    )


class Voice:
    """What a process tells all others through Redis, one topic after the other; what it could not tell is made up for.

    While Redis is away nothing is piled up: their pages are told once to ask for everything, when it is back.
    """

    def __init__(self, redis: "Redis", name: str, first: First) -> None:
        self._redis = redis
        self._name = name
        self._first = first
        self._unsaid: dict[str, None] = {}  # in order, and each once
        self._speaking: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()

    def say(self, topic: str) -> None:
        if len(self._unsaid) < UNSAID_MAX:
            self._unsaid[topic] = None
        else:
            self._unsaid = {POINTS: None}
        if self._speaking is None or self._speaking.done():
            self._speaking = asyncio.create_task(self._speak())

    async def aclose(self) -> None:
        """Say what is unsaid, unless Redis is away."""
        self._leaving.set()
        if self._speaking is not None:
            await self._speaking
        with suppress(*_away()):
            await self._redis.aclose()

    async def _speak(self) -> None:
        owed = False  # what is made up for, this process hears too: its own pages may have asked too early
        while self._unsaid:
            # Taken out before it is told: the same topic is news again while it is on its way.
            topic = next(iter(self._unsaid))
            del self._unsaid[topic]
            if await self._told(topic, "" if owed else self._name):
                owed = False
                continue
            self._unsaid, owed = {POINTS: None}, True
            if self._leaving.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), REST_SECONDS)

    async def _told(self, topic: str, name: str) -> bool:
        try:
            return await self._first(topic) and await self._send(topic, name)
        except Exception:
            log.exception("news could not be told")
            return False

    async def _send(self, topic: str, name: str) -> bool:
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await self._redis.publish(_REDIS_CHANNEL, msgspec.json.encode([name, [_channel(topic)], topic]))
        except _away() as error:
            log.warning("redis away, other processes hear nothing", error=type(error).__name__)
            return False
        return True


class Recent:
    """When each topic was last heard of in this process, for pages that come a moment too late to hear it."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}  # the oldest first
        self._complete_from = clock.now().timestamp()

    def note(self, topic: str) -> None:
        self._heard.pop(topic, None)
        self._heard[topic] = clock.now().timestamp()
        if len(self._heard) > RECENT_MAX:
            oldest = next(iter(self._heard))
            self._complete_from = self._heard.pop(oldest)

    def forget(self) -> None:
        """Something was not heard here: who comes back from now on may have missed anything."""
        self._heard.clear()
        self._complete_from = clock.now().timestamp()

    def missed(self, topics: frozenset[str], heard_until: float | None) -> str | None:
        """Return one of these that a page may not have heard of; it then asks for all it shows.

        Args:
            topics: what it listens to.
            heard_until: Unix time, in seconds, until which it heard everything; None for a page that has just come.

        """
        if heard_until is None:
            heard_until = clock.now().timestamp() - RECENT_SECONDS
        elif heard_until < self._complete_from:
            return max(topics)
        since = heard_until - SKEW_SECONDS
        return max((topic for topic in topics if self._heard.get(topic, 0) >= since), default=None)


async def _messages(heard: "PubSub") -> AsyncIterator[dict[str, Any]]:
    """Yield what comes; a line on which not even an answer comes is given up, as one that fell."""
    asked = False
    while True:
        message = await heard.get_message(timeout=SILENT_SECONDS)
        if message is not None:
            asked = False
            if message["type"] != "pong":
                yield message
        elif asked:
            raise OSError("a line to redis is silent")
        else:
            asked = True
            await heard.ping()


class Wire(MemoryChannelsBackend):
    """What is published here is heard here at once, and through Redis in every other process."""

    def __init__(self, redis_url: str | None, first: First) -> None:
        super().__init__()
        self.recent = Recent()
        self.joined = False
        self._name = uuid4().hex
        self._first = first
        self._redis = _client(redis_url) if redis_url else None
        self._voice = Voice(self._redis, self._name, first) if self._redis is not None else None
        self._listening: asyncio.Task[None] | None = None

    async def on_startup(self) -> None:
        await super().on_startup()
        if self._redis is not None:
            self._listening = asyncio.create_task(self._listen(self._redis))

    async def on_shutdown(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        if self._voice is not None:
            await self._voice.aclose()
        await super().on_shutdown()

    async def publish(self, data: bytes, channels: Iterable[str]) -> None:
        topic = data.decode()
        await self._first(topic)
        await self._pass_in(data, channels)
        if self._voice is not None:
            self._voice.say(topic)  # not waited for: what comes after this would be told late here too

    async def _pass_in(self, data: bytes, channels: Iterable[str]) -> None:
        # Noted first: whoever listens by then hears it, whoever comes later finds it noted.
        self.recent.note(data.decode())
        await super().publish(data, channels)

    async def _listen(self, redis: "Redis") -> None:
        """Pass on what other processes publish; a Redis that goes away is asked again until it is back."""
        missed = False
        while True:
            with suppress(*_away()):
                async with redis.pubsub() as heard:
                    await heard.subscribe(_REDIS_CHANNEL)
                    async for message in _messages(heard):
                        if message["type"] == "message":
                            await self._pass_on(message["data"])
                            continue
                        # It subscribes again by itself after a short break; what was said in it nobody here heard.
                        if missed:
                            self.recent.forget()
                            await self._pass_in(POINTS.encode(), [_channel(POINTS)])
                        missed = self.joined = True
            missed, self.joined = True, False
            await asyncio.sleep(REST_SECONDS)

    async def _pass_on(self, envelope: bytes) -> None:
        try:
            name, channels, data = msgspec.json.decode(envelope, type=tuple[str, list[str], str])
        except msgspec.DecodeError:
            return  # somebody else's
        if name != self._name:
            await self._pass_in(data.encode(), channels)


class Live:
    """The channels of one process: what it tells, and the pages that listen."""

    def __init__(self, redis_url: str | None, first: First = nothing_first) -> None:
        self._wire = Wire(redis_url, first)
        self.channels = ChannelsPlugin(
            backend=self._wire,
            arbitrary_channels_allowed=True,
            subscriber_max_backlog=BACKLOG_MAX,
            subscriber_backlog_strategy="dropleft",
        )
        self.tell: Teller = after_commit(self.publish)
        self._lines: set[Subscriber] = set()
        self._ended = False

    @property
    def listeners(self) -> int:
        return len(self._lines)

    @property
    def joined(self) -> bool:
        """Whether it hears what other processes tell."""
        return self._wire.joined

    def end(self) -> None:
        """Let every page go: this process is told to stop, and a page that is let go connects again elsewhere."""
        self._ended = True
        for line in self._lines:
            line.put_nowait(None)  # the end, as the channels themselves write it

    def publish(self, topics: Iterable[str]) -> None:
        """Tell now; a process that is not running yet, or no longer, has nobody to tell."""
        with suppress(RuntimeError):
            for topic in topics:
                self.channels.publish(topic, _channel(topic))

    async def heard(self, topics: frozenset[str], heard_until: float | None = None) -> AsyncIterator[str | None]:
        """Yield nothing once it listens, one of what was missed until then, and each of these topics as it changes.

        Nothing is yielded again now and then, so that a line that fell is noticed; where other processes are not heard,
        the page is told to ask instead.

        Args:
            topics: what to listen to.
            heard_until: Unix time, in seconds, until which this page heard everything on a line before this one.

        """
        async with self.channels.start_subscription({_channel(topic) for topic in topics}) as subscriber:
            self._lines.add(subscriber)
            messages = aiter(subscriber.iter_events())
            waiting: asyncio.Task[bytes | None] | None = None
            try:
                yield None
                if missed := self._wire.recent.missed(topics, heard_until):
                    yield missed
                for beat in count(1):
                    if self._ended:
                        return
                    waiting = waiting or asyncio.ensure_future(anext(messages, None))
                    await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS)
                    if not waiting.done():
                        yield None if self.joined or beat % BEATS_ALONE else POINTS
                        continue
                    message, waiting = waiting.result(), None
                    if message is not None and (topic := message.decode()) in topics:
                        yield topic
            finally:
                self._lines.discard(subscriber)
                if waiting is not None:
                    waiting.cancel()


class Sender:
    """The voice of a process that serves no page, such as a worker: through Redis, or nobody's."""

    def __init__(self, redis_url: str | None, first: First = nothing_first) -> None:
        self._voice = Voice(_client(redis_url), "worker", first) if redis_url else None
        self.tell: Teller = after_commit(self.publish) if redis_url else to_nobody

    def publish(self, topics: Iterable[str]) -> None:
        if self._voice is not None:
            for topic in topics:
                self._voice.say(topic)

    async def aclose(self) -> None:
        if self._voice is not None:
            await self._voice.aclose()
