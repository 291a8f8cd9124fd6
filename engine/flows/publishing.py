"""Publishing the config: who, when and what changed, kept for ever; running budgets and stocks as they now are.

The current publication is the one that took effect last. A folder is published by being changed; a rollback, or a
publication from elsewhere, stands until the folder changes again.
"""

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from engine import campaigns, ledger
from engine.campaigns import Config, Version
from engine.db.tables import CampaignVersion, Publication, RewardStock
from engine.desk import sentences
from engine.desk.difference import differences
from engine.errors import ConflictError, NotFoundError
from engine.ledger import BudgetKey
from engine.messages import is_locale
from engine.versions import Versions

# Any number; it is the same for every process, so that two never publish at once.
_PUBLISH_LOCK = 7_262_731
FOLDER = "the config folder"
AHEAD_MAX = timedelta(days=366)
NUMBER_MAX = 2**31 - 1  # what the column holds

Files = dict[str, str]


class Live(NamedTuple):
    """What is live, and the publication that made it so."""

    number: int
    config: Config


class Draft(NamedTuple):
    """A sound config with the files it was read from."""

    config: Config
    files: Files


def read_files(folder: Path) -> Files:
    """Return the text of every file a config is made of."""
    paths = [folder / "shop.toml", folder / "rewards.toml", *campaigns.campaign_paths(folder)]
    paths += sorted(path for path in (folder / "messages").glob("*.ftl") if is_locale(path.stem))
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8-sig") for path in paths}


def draft_of(folder: Path) -> Draft:
    """Read a folder that may be written to meanwhile; raise `ConfigError` where it is not sound."""
    while True:
        before = folder_state(folder)
        config = campaigns.load(folder)
        files = read_files(folder)
        if folder_state(folder) == before:
            return Draft(config, files)


def folder_state(folder: Path) -> frozenset[tuple[str, int, int, int]]:
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


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write a publication's files into a folder; nothing there is overwritten."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)


def config_of(files: Mapping[str, str]) -> Config:
    """Read a config back from a publication's files; raise `ConfigError` where this engine cannot read it any more."""
    with tempfile.TemporaryDirectory() as scratch:
        write_files(files, Path(scratch))
        return campaigns.load(Path(scratch))


async def current(session: AsyncSession, *, now: datetime) -> Publication | None:
    """Return the publication in effect."""
    found = (
        select(Publication)
        .where(Publication.effective_at <= now, Publication.cancelled_at.is_(None))
        .order_by(Publication.effective_at.desc(), Publication.number.desc())
        .limit(1)
    )
    return (await session.execute(found)).scalar_one_or_none()


async def current_number(session: AsyncSession, *, now: datetime) -> int | None:
    """Return the number of the publication in effect, and nothing heavier."""
    found = (
        select(Publication.number)
        .where(Publication.effective_at <= now, Publication.cancelled_at.is_(None))
        .order_by(Publication.effective_at.desc(), Publication.number.desc())
        .limit(1)
    )
    return (await session.execute(found)).scalar_one_or_none()


async def take_folder(
    session: AsyncSession, versions: Versions, draft: Draft, *, follow: bool = True, now: datetime
) -> Live:
    """Publish the folder where it has changed since it was last taken; else go on with what is in effect.

    With `follow` off the folder only begins an installation: from then on what is published counts alone.
    """
    await _one_at_a_time(session)
    in_effect = await current(session, now=now)
    digest = draft.config.digest
    if in_effect is None or (follow and digest not in {in_effect.folder_digest, in_effect.config_digest}):
        made = await _add(session, in_effect, draft, kind="folder", by=FOLDER, folder_digest=digest, now=now)
        return await _activate(session, versions, made, draft.config, in_effect, now=now)
    if follow and digest == in_effect.config_digest:
        in_effect.folder_digest = digest
    config = draft.config if digest == in_effect.config_digest else config_of(in_effect.files)
    return await _activate(session, versions, in_effect, config, None, now=now)


async def take_current(session: AsyncSession, versions: Versions, *, now: datetime) -> Live:
    """Go on with the publication in effect; the first process to notice one that has become due activates it."""
    await _one_at_a_time(session)
    in_effect = await current(session, now=now)
    if in_effect is None:
        raise LookupError("nothing has been published")
    before = None if in_effect.activated_at else await _before(session, in_effect)
    return await _activate(session, versions, in_effect, config_of(in_effect.files), before, now=now)


async def publish(
    session: AsyncSession,
    versions: Versions,
    draft: Draft,
    *,
    by: str,
    note: str = "",
    at: datetime | None = None,
    now: datetime,
) -> Publication:
    """Publish a config now, or for later; raise `ConflictError` where that very config is in effect already."""
    await _one_at_a_time(session)
    in_effect = await current(session, now=now)
    effective_at = now if at is None else at
    if effective_at < now - timedelta(minutes=1) or effective_at > now + AHEAD_MAX:
        raise ConflictError("the time to publish at is over, or more than a year ahead", code="publish_time")
    if at is None and in_effect is not None and in_effect.config_digest == draft.config.digest:
        raise ConflictError(f"nothing changes: publication {in_effect.number} is live already", code="nothing_changes")
    folder_digest = in_effect.folder_digest if in_effect else draft.config.digest
    made = await _add(
        session,
        in_effect,
        draft,
        kind="publish",
        by=by,
        note=note,
        folder_digest=folder_digest,
        effective_at=max(effective_at, now),
        now=now,
    )
    if made.effective_at <= now:
        await _activate(session, versions, made, draft.config, in_effect, now=now)
    return made


async def rollback(
    session: AsyncSession, versions: Versions, number: int | None, *, by: str, note: str = "", now: datetime
) -> Publication:
    """Publish an earlier state again: the one before the current one, or the one that is named."""
    await _one_at_a_time(session)
    in_effect = await current(session, now=now)
    if in_effect is None:
        raise NotFoundError("nothing has been published yet", code="publication_unknown")
    wanted = await of_number(session, number) if number is not None else await _other_before(session, in_effect)
    if wanted.cancelled_at is not None:
        raise ConflictError(f"publication {wanted.number} was cancelled: it never took effect", code="cancelled")
    if wanted.config_digest == in_effect.config_digest:
        raise ConflictError(f"nothing changes: publication {in_effect.number} says the same", code="nothing_changes")
    draft = Draft(config_of(wanted.files), wanted.files)
    made = await _add(
        session,
        in_effect,
        draft,
        kind="rollback",
        by=by,
        note=note,
        folder_digest=in_effect.folder_digest,
        restores=wanted.number,
        now=now,
    )
    await _activate(session, versions, made, draft.config, in_effect, now=now)
    return made


async def cancel(session: AsyncSession, number: int, *, now: datetime) -> Publication:
    """Take back a publication that has not taken effect yet; once more changes nothing."""
    await _one_at_a_time(session)
    wanted = await of_number(session, number)
    if wanted.cancelled_at is None and wanted.effective_at <= now:
        message = f"publication {number} has taken effect: `makegood rollback` goes back"
        raise ConflictError(message, code="already_live")
    wanted.cancelled_at = wanted.cancelled_at or now
    return wanted


async def of_number(session: AsyncSession, number: int) -> Publication:
    found = await session.get(Publication, number) if number <= NUMBER_MAX else None
    if found is None:
        raise NotFoundError(f"there is no publication {number}", code="publication_unknown")
    return found


async def history(session: AsyncSession, *, before: int | None = None, limit: int | None = None) -> list[Publication]:
    """Return publications without their files, the newest first: all of them, or those `before` a number."""
    found = select(Publication).options(defer(Publication.files, raiseload=True)).order_by(Publication.number.desc())
    if before is not None:
        found = found.where(Publication.number < min(before, NUMBER_MAX))
    return list((await session.execute(found.limit(limit))).scalars())


async def _one_at_a_time(session: AsyncSession) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(_PUBLISH_LOCK)))


async def _before(session: AsyncSession, publication: Publication) -> Publication | None:
    found = (
        select(Publication)
        .where(Publication.activated_at.is_not(None), Publication.number != publication.number)
        .order_by(Publication.effective_at.desc(), Publication.number.desc())
        .limit(1)
    )
    return (await session.execute(found)).scalar_one_or_none()


async def _other_before(session: AsyncSession, in_effect: Publication) -> Publication:
    """Return the last publication that was in effect and said something else."""
    found = (
        select(Publication)
        .where(Publication.activated_at.is_not(None), Publication.config_digest != in_effect.config_digest)
        .order_by(Publication.effective_at.desc(), Publication.number.desc())
        .limit(1)
    )
    before = (await session.execute(found)).scalar_one_or_none()
    if before is None:
        raise NotFoundError("there is nothing to go back to", code="publication_unknown")
    return before


async def _add(
    session: AsyncSession,
    in_effect: Publication | None,
    draft: Draft,
    *,
    kind: Literal["folder", "publish", "rollback"],
    by: str,
    folder_digest: str,
    now: datetime,
    note: str = "",
    effective_at: datetime | None = None,
    restores: int | None = None,
) -> Publication:
    changes = sentences.plain(differences(config_of(in_effect.files), draft.config)) if in_effect else []
    made = Publication(
        kind=kind,
        by=by,
        note=note,
        created_at=now,
        effective_at=effective_at or now,
        config_digest=draft.config.digest,
        folder_digest=folder_digest,
        restores=restores,
        files=draft.files,
        changes=changes,
    )
    session.add(made)
    await session.flush()
    return made


async def _activate(
    session: AsyncSession,
    versions: Versions,
    publication: Publication,
    config: Config,
    before: Publication | None,
    *,
    now: datetime,
) -> Live:
    """Record every campaign's version and size what runs; a publication that is active already changes nothing."""
    for version in config.versions:
        versions.keep(version)
        row = insert(CampaignVersion).values(
            digest=version.digest, slug=version.slug, body=version.body.decode(), published_at=now
        )
        await session.execute(row.on_conflict_do_nothing())
        await _size_budget(session, version, now=now)
        await _size_stocks(session, version)
    if publication.activated_at is None:
        publication.activated_at = now
        if before is not None and publication.kind != "folder":
            publication.folder_digest = before.folder_digest
    await session.flush()
    return Live(publication.number, config)


async def _size_budget(session: AsyncSession, version: Version, *, now: datetime) -> None:
    amount_minor = int(version.campaign.budget.amount)
    key = BudgetKey(version.slug, version.budget_period(now))
    await ledger.open_period(session, key, amount_minor, version.currency)
    await ledger.resize(session, key, amount_minor)


async def _size_stocks(session: AsyncSession, version: Version) -> None:
    """Set each limited reward's total; units already promised stay promised."""
    for reward, total in sorted(version.stocks.items()):
        row = insert(RewardStock).values(campaign=version.slug, reward=reward, total=total)
        await session.execute(
            row.on_conflict_do_update(
                index_elements=[RewardStock.campaign, RewardStock.reward],
                set_={"total": func.greatest(total, RewardStock.taken)},
                where=RewardStock.total != total,
            )
        )


def state_of(row: Publication, live: int | None) -> str:
    """Return what has become of a publication, in a word; `live` is the number of the one that rules."""
    if row.cancelled_at is not None:
        return "cancelled"
    if row.number == live:
        return "live"
    return "over" if row.activated_at is not None else "to come"
