"""`makegood publish`, `rollback` and `versions`: what is live, since when, by whom, and how to go back."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import click
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from engine import clock
from engine.campaigns import Config
from engine.cli.config import config_folder
from engine.cli.output import EXIT_FAULT, console, errors
from engine.cli.simulate import refuse
from engine.cli.tables import plain_table, print_rows
from engine.db import schema
from engine.db.session import create_engine, transaction
from engine.db.tables import Publication
from engine.desk.lint import lint
from engine.desk.sentences import kept
from engine.desk.words import words
from engine.errors import ConflictError, NotFoundError
from engine.flows import publishing
from engine.installation import database
from engine.settings import SettingsError, read
from engine.versions import Versions

Value = TypeVar("Value")
_COLUMNS = ("number", "state", "from", "by", "how", "what changed")


def publish_config(folder: Path | None, *, by: str | None, note: str, at: str | None, force: bool) -> None:
    """Check the folder, make it live now or later, and say what changes."""
    named = config_folder(folder)
    draft = publishing.draft_of(named)
    findings = lint(draft.config, named, today=clock.now().date())
    for finding in findings:
        errors.print(str(finding), markup=False, soft_wrap=True)
    if any(finding.level == "error" for finding in findings) and not force:
        errors.print("not published: mend the errors above, or answer for them with --force")
        raise SystemExit(EXIT_FAULT)
    when = None if at is None else _instant(at, draft.config)

    async def run(session: AsyncSession) -> Publication:
        author = by or _author()
        return await publishing.publish(session, Versions(), draft, by=author, note=note, at=when, now=clock.now())

    try:
        made = _in_transaction(run)
    except ConflictError as error:
        if error.code != "nothing_changes":
            raise
        console.print(error.detail)
        return
    later = "" if made.activated_at else f", from {_shown(made.effective_at)} on"
    _tell(made, f"published as {made.number}{later}")


def roll_back(number: int | None, *, by: str | None, note: str) -> None:
    async def run(session: AsyncSession) -> Publication:
        return await publishing.rollback(session, Versions(), number, by=by or _author(), note=note, now=clock.now())

    made = _in_transaction(run)
    _tell(made, f"back to publication {made.restores}, as {made.number}")


def cancel_publication(number: int) -> None:
    made = _in_transaction(lambda session: publishing.cancel(session, number, now=clock.now()))
    console.print(f"publication {made.number} is cancelled")


def list_publications() -> None:
    """Print every publication, the newest first, and which one is live."""

    async def run(session: AsyncSession) -> tuple[list[Publication], int | None]:
        return await publishing.history(session), await publishing.current_number(session, now=clock.now())

    rows, live = _in_transaction(run)
    if not rows:
        console.print("nothing has been published yet: the first start of the engine publishes its folder")
        return
    listed = [_listed(row, live) for row in rows]
    if not console.is_terminal:
        print_rows(_COLUMNS, *listed)
        return
    table = plain_table()
    for heading in _COLUMNS:
        table.add_column(heading, no_wrap=heading != "what changed", justify="right" if heading == "number" else "left")
    for cells in listed:
        table.add_row(*map(Text, cells))
    console.print(table)


def _listed(row: Publication, live: int | None) -> tuple[str, ...]:
    changes = "; ".join(kept(row.changes, words("en"))) or "the beginning"
    how = f"back to {row.restores}" if row.restores else row.kind
    said = f"{row.note}: {_short(changes)}" if row.note else _short(changes)
    return str(row.number), publishing.state_of(row, live), _shown(row.effective_at), row.by, how, said


def show_publication(number: int, to: Path | None) -> None:
    """Print a publication's files, or write them into a folder that does not exist yet."""
    row = _in_transaction(lambda session: publishing.of_number(session, number))
    if to is not None:
        if to.exists():
            refuse(f"{to} exists already; name a folder that does not")
        publishing.write_files(row.files, to)
        console.print(f"publication {number} written to {to}", markup=False, soft_wrap=True)
        return
    _tell(row, f"publication {row.number}")
    for name, text in row.files.items():
        if name.endswith(".toml"):
            click.echo(f"\n# {name}\n{text}", nl=False)


def published_config(number: int | None) -> Config:
    """Return the config of a publication, or of the one that is live."""

    async def run(session: AsyncSession) -> Publication | None:
        if number is not None:
            return await publishing.of_number(session, number)
        return await publishing.current(session, now=clock.now())

    row = _in_transaction(run)
    if row is None:
        raise NotFoundError("nothing has been published yet", code="publication_unknown")
    return publishing.config_of(row.files)


def _tell(row: Publication, said: str) -> None:
    console.print(f"{said}, by {row.by}", markup=False, soft_wrap=True)
    for sentence in kept(row.changes, words("en")):
        console.print(f"- {sentence}", markup=False, soft_wrap=True)


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"  # noqa: PLR2004  # a line or two of a terminal


def _shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "command line"


def _instant(text: str, config: Config) -> datetime:
    """Read `--at`: a time without a zone is one of the shop's."""
    try:
        at = datetime.fromisoformat(text)
        return (_of_shop(at, config.shop.time_zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):  # of a year the calendar has no instant for, too
        refuse(f'--at: expected a time such as 2026-12-01T08:00, got "{text}"')
        raise AssertionError from None


def _of_shop(local: datetime, zone: str) -> datetime:
    """Return the instant a shop's clock shows this; refuse one that it never shows, or shows twice."""
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    said, later = f"{local:%H:%M} on {local:%Y-%m-%d}", first.astimezone(UTC).astimezone(first.tzinfo)
    if later.replace(tzinfo=None) != local:
        refuse(f"--at: there is no {said} in {zone}, when the clocks go forward; say {later:%Y-%m-%dT%H:%M} or so")
    which = " or ".join(one.isoformat(timespec="minutes") for one in (first, second))
    refuse(f"--at: {said} comes twice in {zone}, when the clocks go back; say which: {which}")
    raise AssertionError


def _in_transaction(work: Callable[[AsyncSession], Awaitable[Value]]) -> Value:
    """Run one piece of work in one transaction on this installation's database."""

    async def run() -> Value:
        engine = create_engine(read().database_url, pool_size=1)
        try:
            async with engine.connect() as connection:
                if not await connection.run_sync(schema.is_current):
                    raise SettingsError("the database lacks migrations: run `makegood migrate`")
            async with transaction(engine) as session:
                return await work(session)
        finally:
            await engine.dispose()

    with database():
        return asyncio.run(run())
