"""The config a process works by: a changed folder is taken when it is sound, and kept out and reported when not."""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from engine import campaigns, clock
from engine.campaigns import Config
from engine.db.session import transaction
from engine.flows.publishing import publish
from engine.toml_files import ConfigError, Problem
from engine.versions import Versions

log = structlog.get_logger()

POLL_SECONDS = 0.5
SETTLE_SECONDS = 0.2
RETRY_SECONDS = 5


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
        """Follow the folder until `stop` is set; what could not be taken for a fault of the moment is tried again."""
        taken = await asyncio.to_thread(_state, self.folder)
        while not await _told(stop, POLL_SECONDS):
            state = await asyncio.to_thread(_state, self.folder)
            # A folder that is being written is read once it rests.
            if (
                state == taken
                or await _told(stop, SETTLE_SECONDS)
                or state != await asyncio.to_thread(_state, self.folder)
            ):
                continue
            try:
                await self.reload()
                taken = state
            except Exception:
                log.exception("config not taken, it will be tried again")
                await _told(stop, RETRY_SECONDS)


async def _told(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for `stop`, but not longer than that; return whether it came."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


def _state(folder: Path) -> frozenset[tuple[str, int, int, int]]:
    """Return what tells one state of the folder from the next.

    By looking, since notification is silent on network and container file systems; by nanoseconds, since a file may be
    written twice in a second.
    """
    seen = set()
    for path in folder.rglob("*"):
        with suppress(OSError):
            now = path.stat()
            seen.add((str(path), now.st_mtime_ns, now.st_size, now.st_ino))
    return frozenset(seen)
