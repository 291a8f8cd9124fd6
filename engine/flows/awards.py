"""Granting a reward: what was drawn while it lasts, what replaces it afterwards, never nothing."""

import secrets
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.campaigns import Version
from engine.db.tables import Award, CampaignVersion, Code, Offer, RewardStock, Shopper, Spin
from engine.errors import ConflictError
from engine.ids import new_id
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


async def grant(
    session: AsyncSession,
    vault: Vault,
    version: Version,
    reward: str,
    origin: Origin,
    *,
    now: datetime,
) -> Award:
    """Grant `reward`, or the first thing after it that stock and budget can give, in the caller's transaction.

    What was set aside for it must be back in the budget: it covers the last resort, so something is always granted.
    Raises `ConflictError` (`budget_spent`) where nothing was set aside and the budget is used up.
    """
    affordable_minor = await ledger.lock_remaining_minor(session, BudgetKey(version.slug, origin.period))
    granted = await _first_possible(session, version, reward, affordable_minor, now=now)

    award = _award(version, granted, origin, now=now)
    code = await _unique_code(session, vault, award)
    award.code_sealed, award.code_digest = vault.seal(code.encode()), code_digest(vault, code)
    session.add(award)
    await _move(session, award, "available", "owed", award.liability_minor, cause="award_granted", now=now)
    return award


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


def status_at(award: Award, now: datetime) -> str:
    """Return the award's state as anyone should see it: over is over, even before the nightly job has said so."""
    return "expired" if award.status == "issued" and award.expires_at <= now else award.status


async def _first_possible(
    session: AsyncSession, version: Version, reward: str, affordable_minor: int, *, now: datetime
) -> str:
    *wanted, last = version.chain(reward)
    for candidate in wanted:
        terms = version.reward(candidate)
        over = isinstance(terms, VipAccess) and terms.on < version.local_day(now)
        if over or terms.liability > affordable_minor:
            continue
        if candidate not in version.stocks or await _take_unit(session, version.slug, candidate):
            return candidate
    if version.liability_minor(last) > affordable_minor:
        raise ConflictError("the budget of this campaign is used up for now", code="budget_spent")
    return last


async def _take_unit(session: AsyncSession, campaign: str, reward: str) -> bool:
    unit = (
        update(RewardStock)
        .where(RewardStock.campaign == campaign, RewardStock.reward == reward, RewardStock.taken < RewardStock.total)
        .values(taken=RewardStock.taken + 1)
        .returning(RewardStock.taken)
    )
    return (await session.execute(unit)).first() is not None


def _award(version: Version, reward: str, origin: Origin, *, now: datetime) -> Award:
    terms = version.reward(reward)
    return Award(
        subject=origin.subject,
        id=new_id(now),
        offer_id=origin.offer_id,
        enrolment_id=origin.enrolment_id,
        version=version.digest,
        reward=reward,
        status="issued",
        liability_minor=int(terms.liability),
        currency=version.currency,
        campaign=version.slug,
        budget_period=origin.period,
        created_at=now,
        expires_at=now + timedelta(days=terms.valid_days),
    )


async def _unique_code(session: AsyncSession, vault: Vault, award: Award) -> str:
    for _ in range(CODE_TRIES_MAX):
        code = new_code(secrets.randbelow)
        row = insert(Code).values(code_digest=code_digest(vault, code), subject=award.subject, award_id=award.id)
        if (await session.execute(row.on_conflict_do_nothing().returning(Code.award_id))).first() is not None:
            return code
    raise RuntimeError(f"{CODE_TRIES_MAX} random codes of 62 bits were all taken: the source of chance is broken")


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
