"""Granting a reward: what was drawn while it lasts, what replaces it afterwards, never nothing."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from psycopg import AsyncConnection
from sqlalchemy import ColumnElement, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.campaigns import Version
from engine.chance import below
from engine.db.session import raw_connection
from engine.db.tables import Award, CampaignVersion, Offer, RewardStock, Shopper, Spin
from engine.errors import BudgetSpentError
from engine.ids import new_id, new_text_id
from engine.ledger import BudgetKey, Left, Memory
from engine.vault import Vault
from rewards.catalogue import VipAccess
from rewards.codes import new_code

SHOWN_MAX = 500


class Origin(NamedTuple):
    """Whose award it is, what it comes from, and the budget period it is owed in."""

    subject: UUID
    period: date
    offer_id: UUID | None = None
    enrolment_id: UUID | None = None


class Wish(NamedTuple):
    """A reward that is due to somebody; what was set aside with their offer for it returns to the budget first."""

    version: Version
    reward: str
    origin: Origin
    budget: BudgetKey
    floor_minor: int = 0


def wish(version: Version, reward: str, origin: Origin, floor_minor: int = 0) -> Wish:
    return Wish(version, reward, origin, BudgetKey(version.slug, origin.period), floor_minor)


class Given(msgspec.Struct):
    """An award as it is written, with its code as the shopper reads it; the names are those of the columns."""

    subject: UUID
    id: UUID
    offer_id: UUID | None
    enrolment_id: UUID | None
    version: str
    reward: str
    liability_minor: int
    currency: str
    campaign: str
    budget_period: date
    created_at: datetime
    expires_at: datetime
    floor_minor: int
    settled_id: str  # of the two lines it makes in the books
    granted_id: str
    code_sealed: bytes
    code_digest: bytes
    status: str = "issued"
    code: str | UnsetType = UNSET  # never while it goes to the database


class Taken(NamedTuple):
    """What budgets and stocks had left before a batch's grants, and have after them."""

    before: Left
    after: Left


class Granted(NamedTuple):
    """What each wish came to, in order, and what that takes from budgets and stocks: still to be written."""

    answers: list[Given | BudgetSpentError]
    taken: Taken


class _Choice(NamedTuple):
    """What is left once each wish has got its reward; None is nothing."""

    left: Left
    rewards: list[str | None]


_UNSEEN = _Choice(Left({}, {}), [])


class _Code(NamedTuple):
    text: str
    sealed: bytes
    digest: bytes


# Sent as one JSON document: a value costs the server less to read from it than this process to send it by itself.
_RECORD = """
WITH given AS MATERIALIZED (
    SELECT subject, id, offer_id, enrolment_id, version, reward, liability_minor, currency, campaign, budget_period,
        expires_at, floor_minor, settled_id, granted_id, decode(code_sealed, 'base64') AS code_sealed,
        decode(code_digest, 'base64') AS code_digest, created_at AS now
    FROM json_to_recordset(%s::json) AS g(
        subject uuid, id uuid, offer_id uuid, enrolment_id uuid, version text, reward text, liability_minor bigint,
        currency text, campaign text, budget_period date, expires_at timestamptz, floor_minor bigint, settled_id uuid,
        granted_id uuid, code_sealed text, code_digest text, created_at timestamptz)
), awarded AS (
    INSERT INTO awards (subject, id, offer_id, enrolment_id, version, reward, status, liability_minor, currency,
        campaign, budget_period, code_sealed, code_digest, created_at, expires_at)
    SELECT subject, id, offer_id, enrolment_id, version, reward, 'issued', liability_minor, currency,
        campaign, budget_period, code_sealed, code_digest, now, expires_at
    FROM given
), booked AS (
    INSERT INTO liability_entries (subject, id, campaign, period, source, target, amount_minor, cause, cause_id,
        created_at)
    SELECT subject, settled_id, campaign, budget_period, 'owed', 'available', floor_minor, 'offer_settled', offer_id,
        now
    FROM given WHERE floor_minor > 0
    UNION ALL
    SELECT subject, granted_id, campaign, budget_period, 'available', 'owed', liability_minor, 'award_granted', id, now
    FROM given WHERE liability_minor > 0
)
INSERT INTO codes (code_digest, subject, award_id) SELECT code_digest, subject, id FROM given
"""
_LOCK_STOCKS = """
SELECT campaign, reward, total - taken FROM reward_stocks
WHERE (campaign, reward) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY campaign, reward FOR UPDATE
"""
_TAKE_UNITS = """
UPDATE reward_stocks SET taken = taken + units
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS t(c, r, units) WHERE campaign = c AND reward = r
"""
_encoder = msgspec.json.Encoder()


async def grant(
    session: AsyncSession,
    vault: Vault,
    version: Version,
    reward: str,
    origin: Origin,
    *,
    now: datetime,
) -> Award:
    """Grant one reward, as `grant_all` does; raise what it answers where nothing can be given."""
    await session.flush()
    [given], taken = await grant_all(session, vault, [wish(version, reward, origin)], now=now)
    if isinstance(given, BudgetSpentError):
        raise given
    await take(await raw_connection(session), taken)
    return await session.get_one(Award, (given.subject, given.id))


async def grant_all(
    session: AsyncSession, vault: Vault, wishes: Sequence[Wish], *, now: datetime, memory: Memory | None = None
) -> Granted:
    """Grant to each in turn its reward, or the first thing after it that stock and budget can give.

    What it takes is written by `take`, at the end of the caller's transaction.

    What was set aside for it covers the last resort, so something is always granted; where nothing was set aside and
    the budget is used up, the answer is a `BudgetSpentError`, and the others go on.

    With a `memory` of what was left, nothing is locked before it is written as long as everybody gets what was drawn
    for them: the CHECKs of budgets and stocks undo the transaction where the memory was wrong. Only a look under the
    lock replaces a reward or refuses one.
    """
    connection = await raw_connection(session)
    codes = [_draw_code(vault) for _ in wishes]  # before anything is locked: others wait for less
    budgets, limited = {wish.budget for wish in wishes}, _limited(wishes)
    before = memory.left(budgets, limited) if memory else None
    after, rewards = _choose(wishes, before, now=now) if before else _UNSEEN
    if before is None or rewards != [wish.reward for wish in wishes]:
        # Budgets first, then stocks, each in one order: two batches cannot wait for each other.
        before = Left(await ledger.lock_remaining(connection, budgets), await _lock_stocks(connection, limited))
        after, rewards = _choose(wishes, before, now=now)
        if memory:
            memory.keep(before)

    answers: list[Given | BudgetSpentError] = [
        _given(wish, reward, code, now=now) if reward else BudgetSpentError()
        for wish, reward, code in zip(wishes, rewards, codes, strict=True)
    ]
    given = [answer for answer in answers if isinstance(answer, Given)]
    if given:
        await _record(connection, given)
        for one, code in zip(answers, codes, strict=True):
            if isinstance(one, Given):
                one.code = code.text
    return Granted(answers, Taken(before, after))


async def take(connection: AsyncConnection, taken: Taken, memory: Memory | None = None) -> None:
    """Take from budgets and stocks what was granted.

    Last in a transaction: others wait for these rows no longer than the commit takes.
    """
    before, after = taken
    await ledger.shift(connection, {key: after.budgets[key] - minor for key, minor in before.budgets.items()})
    await _take(connection, {key: units - after.units[key] for key, units in before.units.items()})
    if memory:
        memory.take(before, after)


async def settle_offer(session: AsyncSession, offer: Offer, key: BudgetKey, *, now: datetime) -> None:
    """Give back what was set aside with an offer that is spun or over."""
    await ledger.transfer(
        session,
        key,
        "owed",
        "available",
        offer.floor_minor,
        cause="offer_settled",
        cause_id=offer.id,
        subject=offer.subject,
        now=now,
    )


def budget_of(award: Award) -> BudgetKey:
    return BudgetKey(award.campaign, award.budget_period)


async def spend(session: AsyncSession, award: Award, cost_minor: int, *, now: datetime) -> None:
    """Turn an award's liability into what it really cost; the rest returns to the budget."""
    award.status = "redeemed"
    await _move(session, award, "owed", "spent", cost_minor, cause="award_spent", now=now)
    rest = award.liability_minor - cost_minor
    await _move(session, award, "owed", "available", rest, cause="award_unspent", now=now)


async def refund(session: AsyncSession, award: Award, cost_minor: int, *, now: datetime) -> None:
    """Take back what a redeemed award cost: the order was undone."""
    award.status = "refunded"
    await _move(session, award, "spent", "available", cost_minor, cause="award_refunded", now=now)


async def end(session: AsyncSession, award: Award, status: str, *, now: datetime) -> None:
    """Expire or void an award that was never used: its liability and its unit of stock return."""
    award.status = status
    await _move(session, award, "owed", "available", award.liability_minor, cause="award_unspent", now=now)
    unit = (
        update(RewardStock)
        .where(RewardStock.campaign == award.campaign, RewardStock.reward == award.reward, RewardStock.taken > 0)
        .where(_took_a_unit(award))
        .values(taken=RewardStock.taken - 1)
    )
    await session.execute(unit)


def _took_a_unit(award: Award) -> ColumnElement[bool]:
    """Whether the award's own version limits its reward; one that was unlimited then gives no unit back now."""
    limited = cast("$.campaign.wheel[*] ? (@.reward == $reward && @.stock != null)", JSONPATH)
    wheel, reward = cast(CampaignVersion.body, JSONB), func.jsonb_build_object("reward", award.reward)
    return exists().where(CampaignVersion.digest == award.version, func.jsonb_path_exists(wheel, limited, reward))


async def of_shopper(session: AsyncSession, shopper_id: str) -> list[tuple[Award, UUID | None]]:
    """Return a shopper's awards, newest first, each with the spin that won it; one earned by waiting has none."""
    found = (
        select(Award, Spin.id)
        .join(Shopper, Shopper.subject == Award.subject)
        .outerjoin(Spin, (Spin.subject == Award.subject) & (Spin.offer_id == Award.offer_id))
        .where(Shopper.shopper_id == shopper_id)
        .order_by(Award.created_at.desc(), Award.id.desc())
        .limit(SHOWN_MAX)
    )
    return [(award, spin_id) for award, spin_id in await session.execute(found)]


async def locale_of(session: AsyncSession, shopper_id: str) -> str:
    found = select(Shopper.locale).where(Shopper.shopper_id == shopper_id)
    return (await session.execute(found)).scalar_one_or_none() or ""


def code_digest(vault: Vault, code: str) -> bytes:
    return vault.digest("code", code)


def status_at(award: Award | Given, now: datetime) -> str:
    """Return the award's state as anyone should see it: over is over, even before the nightly job has said so."""
    return "expired" if award.status == "issued" and award.expires_at <= now else award.status


def _choose(wishes: Sequence[Wish], left: Left, *, now: datetime) -> _Choice:
    """Choose what each wish gets, in turn."""
    budgets, units = dict(left.budgets), dict(left.units)
    rewards: list[str | None] = []
    for version, drawn, _, budget, floor_minor in wishes:
        affordable_minor = budgets[budget] + floor_minor
        reward = _first_possible(version, drawn, affordable_minor, units, now=now)
        rewards.append(reward)
        if reward is None:
            continue
        budgets[budget] = affordable_minor - version.liability_minor(reward)
        if reward in version.stocks and (version.slug, reward) in units:
            units[version.slug, reward] -= 1
    return _Choice(Left(budgets, units), rewards)


def _given(wish: Wish, reward: str, code: _Code, *, now: datetime) -> Given:
    version, origin = wish.version, wish.origin
    terms = version.reward(reward)
    return Given(
        subject=origin.subject,
        id=new_id(now),
        offer_id=origin.offer_id,
        enrolment_id=origin.enrolment_id,
        version=version.digest,
        reward=reward,
        liability_minor=int(terms.liability),
        currency=version.currency,
        campaign=version.slug,
        budget_period=origin.period,
        created_at=now,
        expires_at=now + timedelta(days=terms.valid_days),
        floor_minor=wish.floor_minor,
        settled_id=new_text_id(now),
        granted_id=new_text_id(now),
        code_sealed=code.sealed,
        code_digest=code.digest,
    )


def _first_possible(
    version: Version, reward: str, affordable_minor: int, units: dict[tuple[str, str], int], *, now: datetime
) -> str | None:
    *wanted, last = version.chain(reward)
    for candidate in wanted:
        terms = version.reward(candidate)
        over = isinstance(terms, VipAccess) and terms.on < version.local_day(now)
        if over or terms.liability > affordable_minor:
            continue
        if candidate not in version.stocks or units.get((version.slug, candidate), 0) > 0:
            return candidate
    return last if version.liability_minor(last) <= affordable_minor else None


async def _record(connection: AsyncConnection, given: Sequence[Given]) -> None:
    await connection.execute(_RECORD, (_encoder.encode(given).decode(),))


def _draw_code(vault: Vault) -> _Code:
    text = new_code(below)
    return _Code(text, vault.seal(text.encode()), code_digest(vault, text))


async def _lock_stocks(connection: AsyncConnection, limited: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the units left of limited rewards, locked."""
    if not limited:
        return {}
    campaigns, rewards = zip(*sorted(limited), strict=True)
    found = await connection.execute(_LOCK_STOCKS, (list(campaigns), list(rewards)))
    return {(campaign, reward): units for campaign, reward, units in await found.fetchall()}


def _limited(wishes: Iterable[Wish]) -> set[tuple[str, str]]:
    """Return the limited rewards that these wishes may come to."""
    return {
        (wish.version.slug, reward)
        for wish in wishes
        if wish.version.stocks
        for reward in wish.version.chain(wish.reward)[:-1]
        if reward in wish.version.stocks
    }


async def _take(connection: AsyncConnection, taken: dict[tuple[str, str], int]) -> None:
    some = [(campaign, reward, units) for (campaign, reward), units in sorted(taken.items()) if units]
    if some:
        await connection.execute(_TAKE_UNITS, [list(column) for column in zip(*some, strict=True)])


async def _move(
    session: AsyncSession,
    award: Award,
    source: ledger.Account,
    target: ledger.Account,
    amount_minor: int,
    *,
    cause: ledger.Cause,
    now: datetime,
) -> None:
    await ledger.transfer(
        session,
        budget_of(award),
        source,
        target,
        amount_minor,
        cause=cause,
        cause_id=award.id,
        subject=award.subject,
        now=now,
    )


def period_of(offer: Offer) -> date:
    if offer.budget_period is None:
        raise ValueError(f"offer {offer.id} was refused and grants nothing")
    return offer.budget_period
