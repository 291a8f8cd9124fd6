"""What a serving process works with, made once and handed to every request."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from engine import announcements, clock, night, tracing
from engine import live as topics
from engine.api.figures import OFFERS, SPINS
from engine.api.schemas import RealisedWheel
from engine.cache import Cache
from engine.campaigns import Config
from engine.db import schema
from engine.db.again import retried
from engine.db.session import Lanes, create_engine, reading, transaction
from engine.flows import epochs, fairness, figures, offers, spins
from engine.flows.figures import Figures
from engine.flows.offers import Made
from engine.flows.spins import Spun
from engine.kit import Kit
from engine.ledger import Memory
from engine.limiter import Limiter
from engine.live import Live
from engine.live_config import LiveConfig
from engine.messages import Messages, negotiate
from engine.settings import Settings
from engine.shared_redis import SharedRedis
from engine.tracing import Asked
from engine.vault import ShopperToken, Vault
from engine.versions import Versions

log = structlog.get_logger()

REALISED_SECONDS = 2
FIGURES_SECONDS = 5


class Services:
    """The installation's parts: `config` changes while running, everything else stands."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.vault = Vault(settings)
        self.versions = Versions()
        self._redis = SharedRedis(settings.redis_url)
        self.limiter = Limiter(self._redis)
        self.cache = Cache(self._redis)
        self.announce = announcements.announcer(settings.webhook_url)
        self.pages = Live(settings.redis_url, self.cache.forget_shelves)
        self.kit = Kit(self.vault, self.versions, self.announce, self.pages.tell)
        self.tracing = tracing.of(settings, "serve")
        watched = self.tracing.connection
        self._database = create_engine(settings.database_url, pool_size=settings.pool_size, connection=watched)
        batches = create_engine(settings.database_url, pool_size=2, by_index=True, connection=watched)
        # Connections of their own: a batch that holds locks must never wait for a connection of those who wait for it.
        beside = create_engine(settings.database_url, pool_size=2, connection=watched)
        self._lanes = Lanes(batches, beside)
        self._memory = Memory()
        self.spins: Asked[spins.Ask, Spun] = self.tracing.batcher(
            "spins", self._spin_together, retried(self._spin_alone)
        )
        self.offers: Asked[ShopperToken, Made] = self.tracing.batcher(
            "offers", self._offer_together, retried(self._offer_alone)
        )
        self.live = LiveConfig(
            settings.config_folder, self._database, self.versions, follow=settings.follow == "folder"
        )

    @property
    def config(self) -> Config:
        return self.live.config

    @property
    def hears(self) -> bool:
        """Whether the shop's server is told things, and so can send a shopper a message."""
        return bool(self.settings.webhook_url)

    def messages(self, locale: str) -> Messages:
        return negotiate(locale, self.config.messages)

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Return the one transaction of a request, committed when its block ends."""
        return transaction(self._database)

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Return what a request looks with that writes nothing, or nothing any more."""
        return reading(self._database)

    async def _spin_together(self, asks: Sequence[spins.Ask]) -> Sequence[Spun | Exception]:
        try:
            async with self._lanes.transaction() as session:
                answers = await spins.spin_all(session, self.kit, asks, now=clock.now(), memory=self._memory)
        except BaseException:
            self._memory.forget()
            raise
        _count_spins(answers)
        return answers

    async def _spin_alone(self, ask: spins.Ask) -> Spun:
        async with self.transaction() as session:
            [answer] = await spins.spin_all(session, self.kit, [ask], now=clock.now())
            if isinstance(answer, Exception):
                raise answer
        _count_spins([answer])
        return answer

    async def _offer_together(self, tokens: Sequence[ShopperToken]) -> Sequence[Made | Exception]:
        now = clock.now()
        async with self._lanes.transaction() as session:
            answers = await offers.make_all(session, self.kit, self.config.versions, tokens, now=now)
        _count_offers(answers, now)
        return answers

    async def _offer_alone(self, token: ShopperToken) -> Made:
        now = clock.now()
        async with self.transaction() as session:
            [answer] = await offers.make_all(session, self.kit, self.config.versions, [token], now=now)
            if isinstance(answer, Exception):
                raise answer
        _count_offers([answer], now)
        return answer

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self._database.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def is_migrated(self) -> bool:
        async with self._database.connect() as connection:
            return await connection.run_sync(schema.is_current)

    async def redis_answers(self) -> bool | None:
        return await self._redis.answers()

    async def figures(self) -> Figures:
        """Return the business's figures, some seconds old at most: whoever watches must not be a load."""

        async def look() -> Figures:
            async with self.reading() as session:
                return await figures.of(session, self.versions, now=clock.now())

        return await self.cache.recent("figures", Figures, look, seconds=FIGURES_SECONDS)

    async def realised(self) -> list[RealisedWheel]:
        """Return disclosed odds beside what came out, some seconds old at most: every spin is counted for it."""

        async def look() -> list[RealisedWheel]:
            async with self.reading() as session:
                return await fairness.realised(session, self.versions)

        return await self.cache.recent("realised", list[RealisedWheel], look, seconds=REALISED_SECONDS)

    async def run_night(self) -> None:
        """Do now what the worker does by itself: points, milestones, whatever time ends."""
        async with self.transaction() as session:
            await epochs.open_ahead(session, self.vault, now=clock.now())
        await night.end_what_is_over(self._database, self.kit, now=clock.now())
        await night.run(self._database, self.kit, now=clock.now())
        self.pages.publish([topics.POINTS])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publish the config, commit to today's and tomorrow's epochs, and follow the config folder."""
        await self.live.publish()
        async with self.transaction() as session:
            await epochs.open_ahead(session, self.vault, now=clock.now())
            # A wrong key is better found out now than at the first spin.
            await epochs.secret_of(session, self.vault, clock.now().date(), now=clock.now())
        stop = asyncio.Event()
        watching = asyncio.create_task(self.live.watch(stop))
        try:
            yield
        finally:
            stop.set()
            await watching
            await self._redis.aclose()
            await self._lanes.aclose()
            await self._database.dispose()
            await self.tracing.aclose()


def _count_spins(answers: Sequence[Spun | Exception]) -> None:
    """Count what was drawn now; only what is committed gets here."""
    drawn = [answer for answer in answers if isinstance(answer, Spun) and not answer.replayed]
    for names, count in Counter((one.version.slug, one.spin.slice) for one in drawn).items():
        SPINS.labels(*names).inc(count)


def _count_offers(answers: Sequence[Made | Exception], now: datetime) -> None:
    decided = [answer for answer in answers if isinstance(answer, Made) and answer.offer.created_at == now]
    for names, count in Counter((one.version.slug, one.offer.arm or "refused") for one in decided).items():
        OFFERS.labels(*names).inc(count)
