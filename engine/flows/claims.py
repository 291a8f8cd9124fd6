"""Spending points: once per claim key, never below zero, given back whole when reversed."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger, live
from engine.campaigns import Version
from engine.db.tables import Award, Claim, Enrolment, PointEntry
from engine.errors import ConflictError, GoneError, IdempotencyMismatchError, NotFoundError
from engine.flows import accrual, awards, enrolments, points
from engine.flows.enrolments import Enrolled
from engine.ids import new_id
from engine.kit import Kit
from engine.ledger import BudgetKey
from engine.vault import ShopperToken
from engine.versions import Versions

BATCH = 200
EXPIRY_NOTICE = timedelta(days=7)


class Claimed(NamedTuple):
    claim: Claim
    award: Award
    found: Enrolled
    replayed: bool = False


async def claim(
    session: AsyncSession,
    kit: Kit,
    token: ShopperToken,
    enrolment_id: UUID,
    *,
    reward: str,
    claim_key: str,
    now: datetime,
) -> Claimed:
    """Buy one reward with points; the same key again is the same claim."""
    found = await enrolments.of_shopper(session, kit.versions, token, enrolment_id, lock=True)
    enrolment, version = found.enrolment, found.version
    if earlier := await _made_before(session, enrolment, claim_key):
        if earlier.reward != reward:
            raise IdempotencyMismatchError("this claim_key was already used for another reward")
        award = await session.get_one(Award, (enrolment.subject, earlier.award_id))
        return Claimed(earlier, award, found, replayed=True)
    price = next((line.points for line in version.patience.spend if line.reward == reward), None)
    if price is None:
        raise NotFoundError("this reward cannot be bought with points", code="reward_not_for_points")
    if _expire_at(version, enrolment, default=now + EXPIRY_NOTICE) <= now:
        raise GoneError("these points have expired", code="points_expired")
    if enrolment.status == "active":
        await accrual.settle(session, version, enrolment, now=now)
    has = await points.balance(session, enrolment)
    if has < price:
        raise ConflictError(f"{price} points are needed and {has} are there", code="points_short")

    period = version.budget_period(now)
    await ledger.open_period(
        session, BudgetKey(version.slug, period), int(version.campaign.budget.amount), version.currency
    )
    origin = awards.Origin(enrolment.subject, period, enrolment_id=enrolment.id)
    award = await awards.grant(session, kit.vault, version, reward, origin, now=now)
    await session.flush()
    made = Claim(
        subject=enrolment.subject,
        id=new_id(now),
        enrolment_id=enrolment.id,
        claim_key=claim_key,
        reward=reward,
        points=price,
        award_id=award.id,
        created_at=now,
    )
    session.add(made)
    await points.post(session, enrolment, "claim", -price, day=version.local_day(now), at=now, ref=made.id)
    enrolment.spent_points += price
    await session.flush()

    kit.tell(session, live.of_product(enrolment.sku))
    await kit.announce(session, "award.issued", {"award_id": str(award.id), "reward": award.reward}, now=now)
    return Claimed(made, award, found)


async def _made_before(session: AsyncSession, enrolment: Enrolment, claim_key: str) -> Claim | None:
    found = select(Claim).where(Claim.subject == enrolment.subject, Claim.enrolment_id == enrolment.id)
    return (await session.execute(found.where(Claim.claim_key == claim_key))).scalar_one_or_none()


async def reverse(session: AsyncSession, versions: Versions, claim_id: UUID, *, now: datetime) -> Claim:
    """Undo a claim whose code was not used: the points return; again changes nothing."""
    where = select(Claim.subject, Claim.enrolment_id).where(Claim.id == claim_id)
    row = (await session.execute(where)).one_or_none()
    if row is None:
        raise NotFoundError("this claim is not known", code="claim_unknown")
    enrolment = await session.get_one(Enrolment, (row.subject, row.enrolment_id), with_for_update=True)
    made = await session.get_one(Claim, (row.subject, claim_id), populate_existing=True)
    if made.reversed_at is not None:
        return made
    award = await session.get_one(Award, (row.subject, made.award_id), with_for_update=True)
    if award.status not in {"issued", "expired"}:
        raise ConflictError("the code of this claim is in use or used", code="claim_in_use")

    if award.status == "issued":
        await awards.end(session, award, "void", now=now)
    made.reversed_at = now
    version = await versions.get(session, enrolment.version)
    await points.post(session, enrolment, "reversal", made.points, day=version.local_day(now), at=now, ref=made.id)
    enrolment.spent_points -= made.points
    if enrolment.ended_at is not None and enrolment.points_expire_at is None:
        # Points that return to an ended enrolment expire as the others did, but not before the shopper is told.
        notice = now + EXPIRY_NOTICE
        expire_at = _expire_at(version, enrolment, default=notice)
        enrolment.points_expire_at, enrolment.expiry_told_at = max(expire_at, notice), None
    return made


async def claims_of(session: AsyncSession, enrolment: Enrolment) -> list[Claim]:
    found = select(Claim).where(Claim.subject == enrolment.subject, Claim.enrolment_id == enrolment.id)
    return list((await session.execute(found.order_by(Claim.created_at))).scalars())


async def expire_points(session: AsyncSession, versions: Versions, *, now: datetime, wait: bool = False) -> int:
    """Expire a batch of what is left of ended enrolments, and return how many."""
    found = (
        select(Enrolment)
        .where(Enrolment.points_expire_at <= now)
        .order_by(Enrolment.points_expire_at)
        .limit(BATCH)
        .with_for_update(skip_locked=not wait)
    )
    over = (await session.execute(found)).scalars().all()
    for enrolment in over:
        await drop_points(session, versions, enrolment, now=now)
    return len(over)


async def tell_expiring(session: AsyncSession, kit: Kit, *, now: datetime, wait: bool = False) -> int:
    """Announce a batch of points that will expire soon, each enrolment's once, and return how many."""
    found = (
        select(Enrolment)
        .where(Enrolment.points_expire_at <= now + EXPIRY_NOTICE, Enrolment.points_expire_at > now)
        .where(Enrolment.expiry_told_at.is_(None))
        .order_by(Enrolment.points_expire_at)
        .limit(BATCH)
        .with_for_update(skip_locked=not wait)
    )
    soon = (await session.execute(found)).scalars().all()
    for enrolment in soon:
        enrolment.expiry_told_at = now
        when = (enrolment.points_expire_at or now).isoformat()
        facts = {"enrolment_id": str(enrolment.id), "points_expire_at": when}
        await kit.announce(session, "points.expiring", facts, now=now)
    return len(soon)


async def drop_points(session: AsyncSession, versions: Versions, enrolment: Enrolment, *, now: datetime) -> None:
    """Take what is left of an ended enrolment off the books."""
    left = await points.balance(session, enrolment)
    at = enrolment.points_expire_at or now
    if left > 0:
        version = await versions.get(session, enrolment.version)
        day = version.local_day(at)
        # Points that came back expire a second time: each is known by its number.
        ref = points.number_ref(await _expiries(session, enrolment))
        await points.post(session, enrolment, "expiry", -left, day=day, at=at, ref=ref)
    enrolment.points_expire_at = None
    await session.flush()


async def _expiries(session: AsyncSession, enrolment: Enrolment) -> int:
    found = select(func.count()).where(
        PointEntry.subject == enrolment.subject,
        PointEntry.enrolment_id == enrolment.id,
        PointEntry.kind == "expiry",
    )
    return (await session.execute(found)).scalar_one()


def _expire_at(version: Version, enrolment: Enrolment, *, default: datetime) -> datetime:
    """Return when the points of an enrolment expire, or did; `default` while it lasts."""
    if enrolment.ended_at is None:
        return default
    stated = enrolment.ended_at + timedelta(days=version.patience.points_expire_days)
    return enrolment.points_expire_at or stated
