"""`makegood accrue`: the night's work by hand, with a progress bar."""

import asyncio
from datetime import date, timedelta

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine import announcements, clock, night
from engine.cli.output import console, errors
from engine.db.session import create_engine
from engine.errors import InvalidBodyError
from engine.installation import database
from engine.kit import Kit
from engine.night import Night
from engine.settings import Settings, read
from engine.vault import Vault
from engine.versions import Versions


def accrue_points(through: date | None) -> None:
    """Write every day through `through`; a day that is not over anywhere is refused."""
    # The first place on earth to finish a day is fourteen hours ahead of UTC.
    if through is not None and through > (clock.now() + timedelta(hours=14)).date() - timedelta(days=1):
        raise InvalidBodyError(f"{through} is not over yet; nobody has earned it")
    with database():
        told = asyncio.run(_run(read(), through))
    console.print(f"{told.entries} entries in {told.pages} pages")


async def _run(settings: Settings, through: date | None) -> Night:
    announce = announcements.announcer(settings.webhook_url)
    engine = create_engine(settings.database_url, pool_size=2)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=errors) as bar:
            task = bar.add_task("pages", total=None)
            return await night.run(
                engine,
                Kit(Vault(settings), Versions(), announce),
                now=clock.now(),
                through=through,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    finally:
        await engine.dispose()
