"""Granting a reward: what was drawn while it lasts, what replaces it afterwards, never nothing."""

from collections.abc import Iterable, Sequence
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
from engine.errors import ConflictError
from engine.ids import new_id, new_text_id
from engine.ledger import BudgetKey
from engine.vault import Vault
from rewards.catalogue import VipAccess
from rewards.codes import new_code

CODE_TRIES_MAX = 5
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
    floor_minor: int = 0

    @property
    def budget(self) -> BudgetKey:
        return BudgetKey(self.version.slug, self.origin.period)


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
ON CONFLICT DO NOTHING RETURNING award_id
"""
_ANOTHER_CODE = """
WITH coded AS (
    INSERT INTO codes (code_digest, subject, award_id) VALUES (%(digest)s, %(subject)s, %(id)s)
    ON CONFLICT DO NOTHING RETURNING award_id
)
UPDATE awards SET code_digest = %(digest)s, code_sealed = %(sealed)s
WHERE subject = %(subject)s AND id = (SELECT award_id FROM coded)
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
    [given] = await grant_all(session, vault, [Wish(version, reward, origin)], now=now)
    if isinstance(given, ConflictError):
        raise given
    return await session.get_one(Award, (given.subject, given.id))


async def grant_all(
    session: AsyncSession, vault: Vault, wishes: Sequence[Wish], *, now: datetime
) -> list[Given | ConflictError]:
    """Grant to each in turn its reward, or the first thing after it that stock and budget can give.

    What was set aside for it covers the last resort, so something is always granted; where nothing was set aside and
    the budget is used up, the answer is a `ConflictError` (`budget_spent`), and the others go on.
    """
    connection = await raw_connection(session)
    codes = [_draw_code(vault) for _ in wishes]  # before anything is locked: others wait for less
    # Budgets first, then stocks, each in one order: two batches cannot wait for each other.
    left = await ledger.lock_remaining(connection, [wish.budget for wish in wishes])
    units = await _lock_stocks(connection, wishes)
    before, had = dict(left), dict(units)

    answers = [_give(wish, code, left, units, now=now) for wish, code in zip(wishes, codes, strict=True)]

    given = [answer for answer in answers if isinstance(answer, Given)]
    if given:
        await ledger.shift(connection, {key: left[key] - before[key] for key in left})
        await _take(connection, {key: had[key] - units[key] for key in units})
        await _record(connection, vault, given)
        for answer, code in zip(answers, codes, strict=True):
            if isinstance(answer, Given) and answer.code is UNSET:
                answer.code = code.text
    return answers


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


def _give(
    wish: Wish, code: _Code, left: dict[BudgetKey, int], units: dict[tuple[str, str], int], *, now: datetime
) -> Given | ConflictError:
    """Choose what one wish gets out of what is left, and take it from there."""
    version, affordable_minor = wish.version, left[wish.budget] + wish.floor_minor
    reward = _first_possible(version, wish.reward, affordable_minor, units, now=now)
    if reward is None:
        return ConflictError("the budget of this campaign is used up for now", code="budget_spent")
    terms = version.reward(reward)
    left[wish.budget] = affordable_minor - int(terms.liability)
    if (version.slug, reward) in units and reward in version.stocks:
        units[version.slug, reward] -= 1
    return Given(
        subject=wish.origin.subject,
        id=new_id(now),
        offer_id=wish.origin.offer_id,
        enrolment_id=wish.origin.enrolment_id,
        version=version.digest,
        reward=reward,
        liability_minor=int(terms.liability),
        currency=version.currency,
        campaign=version.slug,
        budget_period=wish.origin.period,
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


async def _record(connection: AsyncConnection, vault: Vault, given: Sequence[Given]) -> None:
    rows = _encoder.encode(given).decode()
    written = await (await connection.execute(_RECORD, (rows,))).fetchall()
    if len(written) < len(given):
        coded = {award_id for (award_id,) in written}
        for one in given:
            if one.id not in coded:
                one.code = await _another_code(connection, vault, one)


def _draw_code(vault: Vault) -> _Code:
    text = new_code(below)
    return _Code(text, vault.seal(text.encode()), code_digest(vault, text))


async def _another_code(connection: AsyncConnection, vault: Vault, given: Given) -> str:
    """Draw another code where the first was somebody's already."""
    for _ in range(CODE_TRIES_MAX):
        code = _draw_code(vault)
        values = {"digest": code.digest, "sealed": code.sealed, "subject": given.subject, "id": given.id}
        if (await connection.execute(_ANOTHER_CODE, values)).rowcount:
            return code.text
    raise RuntimeError(f"{CODE_TRIES_MAX} random codes of 62 bits were all taken: the source of chance is broken")


async def _lock_stocks(connection: AsyncConnection, wishes: Iterable[Wish]) -> dict[tuple[str, str], int]:
    """Return the units left of every limited reward that these wishes may come to, locked."""
    limited = {
        (wish.version.slug, reward)
        for wish in wishes
        if wish.version.stocks
        for reward in wish.version.chain(wish.reward)[:-1]
        if reward in wish.version.stocks
    }
    if not limited:
        return {}
    campaigns, rewards = zip(*sorted(limited), strict=True)
    found = await connection.execute(_LOCK_STOCKS, (list(campaigns), list(rewards)))
    return {(campaign, reward): units for campaign, reward, units in await found.fetchall()}


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
