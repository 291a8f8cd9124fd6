"""What a serving process works with, made once and handed to every request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from engine import announcements, clock, night
from engine import live as topics
from engine.announcements import Announcer
from engine.api.schemas import RealisedWheel
from engine.campaigns import Config
from engine.db.session import create_engine, transaction
from engine.flows import epochs
from engine.kit import Kit
from engine.limiter import Limiter
from engine.live import Live
from engine.live_config import LiveConfig
from engine.memo import Memo
from engine.messages import Messages, negotiate
from engine.settings import Settings
from engine.vault import Vault
from engine.versions import Versions

log = structlog.get_logger()

REALISED_SECONDS = 2


class Services:
    """The installation's parts: `config` changes while running, everything else stands."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.vault = Vault(settings)
        self.versions = Versions()
        self.limiter = Limiter(settings.redis_url)
        self.announce: Announcer = announcements.by_job if settings.webhook_url else announcements.to_nobody
        self.pages = Live(settings.redis_url)
        self.kit = Kit(self.vault, self.versions, self.announce, self.pages.tell)
        self._database = create_engine(settings.database_url, pool_size=settings.pool_size)
        self.realised: Memo[list[RealisedWheel]] = Memo(REALISED_SECONDS)
        self.live = LiveConfig(settings.config_folder, self._database, self.versions)

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

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self._database.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def is_migrated(self) -> bool:
        from engine.db import migrate

        async with self._database.connect() as connection:
            return await connection.run_sync(migrate.is_current)

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
            await self.limiter.aclose()
            await self._database.dispose()
