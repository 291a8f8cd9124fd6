"""The config a process works by: a changed folder is taken when it is sound, and kept out and reported when not."""

import asyncio
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from watchfiles import awatch

from engine import campaigns, clock
from engine.campaigns import Config
from engine.db.session import transaction
from engine.flows.publishing import publish
from engine.toml_files import ConfigError, Problem
from engine.versions import Versions

log = structlog.get_logger()

SETTLE_MILLISECONDS = 200


class LiveConfig:
    """The newest sound config, and what is wrong with the folder if it has become unsound since."""

    def __init__(self, folder: Path, database: AsyncEngine, versions: Versions) -> None:
        """Read the folder; raise `ConfigError` when it is not sound at the start."""
        self.folder = folder
        self.config: Config = campaigns.load(folder)
        self.problems: list[Problem] = []
        self._database = database
        self._versions = versions

    async def publish(self) -> None:
        async with transaction(self._database) as session:
            await publish(session, self._versions, self.config, now=clock.now())

    async def reload(self) -> None:
        """Take the folder as it is now, if it is sound; offers already made keep the version they showed."""
        try:
            config = await asyncio.to_thread(campaigns.load, self.folder)
        except ConfigError as error:
            self.problems = error.problems
            log.warning("config refused, the old one stays", problems=[str(problem) for problem in error.problems])
            return
        self.problems = []
        if config.digest == self.config.digest:
            return
        async with transaction(self._database) as session:
            await publish(session, self._versions, config, now=clock.now())
        self.config = config
        log.info("config taken", campaigns=[version.slug for version in config.versions], digest=config.digest[:12])

    async def watch(self, stop: asyncio.Event) -> None:
        """Follow the folder until `stop` is set; a fault of the moment is logged and the watch goes on."""
        # Polling also sees changes on network and container file systems, where notification is silent.
        async for _changes in awatch(self.folder, stop_event=stop, debounce=SETTLE_MILLISECONDS, force_polling=True):
            try:
                await self.reload()
            except Exception:
                log.exception("config not taken")
