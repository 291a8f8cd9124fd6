"""The config a process works by: what was published last, and a changed folder once it is sound."""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from engine import clock
from engine.campaigns import Config
from engine.db.session import transaction
from engine.flows import publishing
from engine.flows.publishing import Live, folder_state
from engine.toml_files import ConfigError, Problem
from engine.versions import Versions

log = structlog.get_logger()

POLL_SECONDS = 0.5
SETTLE_SECONDS = 0.2
RETRY_SECONDS = 5


class LiveConfig:
    """The config in effect, the publication it comes from, and what is wrong with the folder if it is unsound now."""

    def __init__(self, folder: Path, database: AsyncEngine, versions: Versions, *, follow: bool = True) -> None:
        """Read the folder; raise `ConfigError` when it is not sound at the start."""
        self.folder = folder
        # Looked at before it is read: what changes from here on is seen by the first look of `watch`.
        self._taken = folder_state(folder)
        self._draft = publishing.draft_of(folder)
        self.config: Config = self._draft.config
        self.publication: int | None = None
        self.problems: list[Problem] = []
        self._database = database
        self._versions = versions
        self._follow = follow

    async def publish(self) -> None:
        """Begin with what is in effect; a folder that has changed since it was last taken is published by that."""
        async with transaction(self._database) as session:
            live = await publishing.take_folder(
                session, self._versions, self._draft, follow=self._follow, now=clock.now()
            )
        self._go_on_with(live)

    async def reload(self) -> None:
        """Take the folder as it is now, if it is sound; offers already made keep the version they showed."""
        try:
            draft = await asyncio.to_thread(publishing.draft_of, self.folder)
        except ConfigError as error:
            self.problems = error.problems
            log.warning("config refused, the old one stays", problems=[str(problem) for problem in error.problems])
            return
        self.problems = []
        if draft.config.digest == self._draft.config.digest:
            return
        async with transaction(self._database) as session:
            live = await publishing.take_folder(session, self._versions, draft, follow=self._follow, now=clock.now())
        self._draft = draft
        self._go_on_with(live)

    async def catch_up(self) -> None:
        """Go on with what was published elsewhere, or has become due, since the last look."""
        async with transaction(self._database) as session:
            number = await publishing.current_number(session, now=clock.now())
        if number is None or number == self.publication:
            return
        async with transaction(self._database) as session:
            live = await publishing.take_current(session, self._versions, now=clock.now())
        self._go_on_with(live)

    def _go_on_with(self, live: Live) -> None:
        # In one step: no request sees the one without the other.
        self.config, self.publication = live.config, live.number
        slugs = [version.slug for version in live.config.versions]
        log.info("config taken", campaigns=slugs, digest=live.config.digest[:12], publication=live.number)

    async def watch(self, stop: asyncio.Event) -> None:
        """Follow the folder until `stop` is set; what could not be taken for a fault of the moment is tried again."""
        taken = self._taken
        while not await _told(stop, POLL_SECONDS):
            await self._look_for_news()
            state = await asyncio.to_thread(folder_state, self.folder)
            # A folder that is being written is read once it rests.
            if (
                state == taken
                or await _told(stop, SETTLE_SECONDS)
                or state != await asyncio.to_thread(folder_state, self.folder)
            ):
                continue
            try:
                await self.reload()
                taken = state
            except Exception:
                log.exception("config not taken, it will be tried again")
                await _told(stop, RETRY_SECONDS)

    async def _look_for_news(self) -> None:
        """Catch up; a database that is away, or files this engine cannot read, leave the process as it is."""
        try:
            await self.catch_up()
        except (SQLAlchemyError, OSError):
            log.debug("publications not read, they will be looked for again")
        except ConfigError as error:
            self.problems = error.problems
            log.warning("publication refused, the old one stays", problems=[str(one) for one in error.problems])


async def _told(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for `stop`, but not longer than that; return whether it came."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
