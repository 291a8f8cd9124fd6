"""Waiting for a product: enrol once, see everything, leave in one call."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger, live
from engine.campaigns import Version
from engine.db.tables import Enrolment, EnrolmentMilestone, Hold, Offer, Shopper, Stock, Stockout
from engine.errors import BudgetSpentError, ConflictError, GoneError, NotFoundError, StockoutNotYoursError
from engine.flows import accrual, milestones, points, stockouts
from engine.flows import stock as shelves
from engine.ids import new_id
from engine.kit import Kit
from engine.vault import ShopperToken
from engine.versions import Versions
from rewards.patience import Patience, last_day

End = Literal["bought", "left", "lapsed", "over"]


class Enrolled(NamedTuple):
    """An enrolment with the terms it was made on."""

    enrolment: Enrolment
    version: Version
    shopper: Shopper
    replayed: bool = False


async def enrol(
    session: AsyncSession,
    kit: Kit,
    token: ShopperToken,
    *,
    client_seed: str,
    now: datetime,
) -> Enrolled:
    """Agree to wait for the product of the token's stockout; who waits for it already goes on as before."""
    shopper, stockout, offer = await _lock_offer(session, token)
    if waiting := await _active(session, shopper.subject, stockout.sku):
        return Enrolled(waiting, await kit.versions.get(session, waiting.version), shopper, replayed=True)
    version = await kit.versions.get(session, offer.version)
    terms = _open_terms(offer, version, now)
    await _refuse_second(session, offer)
    stock = await session.get(Stock, stockout.sku)
    if stock is not None and await shelves.free(session, stock) >= stockout.quantity:
        raise ConflictError("this product is there: no need to wait for it", code="still_available")

    promised = await shelves.newest_promise(session, stock, stockout)
    enrolment = _enrolment(version, terms, offer, stockout, promised.expected_on, client_seed=client_seed, now=now)
    ahead = milestones.promised(version, terms, enrolment, now=now)
    await _refuse_unaffordable(session, version, enrolment, ahead)
    session.add_all([enrolment, *ahead])
    await session.flush()
    if terms.starter_points:
        day = enrolment.started_on
        await points.post(session, enrolment, "welcome", terms.starter_points, day=day, at=now)
    kit.tell(session, live.of_product(enrolment.sku))
    await kit.announce(session, "enrolment.started", {"enrolment_id": str(enrolment.id), "sku": enrolment.sku}, now=now)

    # Everybody who waits, spins or pays in this campaign needs the budget: only what cannot be done before comes after.
    # Where others have taken it meanwhile, its CHECK undoes this transaction, and another try is refused above.
    await milestones.set_aside(session, enrolment, ahead, now=now)
    before = enrolment.started_on - timedelta(days=1)
    if any(one.due_on is not None and one.due_on <= before for one in ahead):
        await milestones.reach_due(session, kit, version, enrolment, through=before, now=now)
    return Enrolled(enrolment, version, shopper)


async def leave(
    session: AsyncSession,
    kit: Kit,
    token: ShopperToken,
    enrolment_id: UUID,
    *,
    now: datetime,
) -> Enrolled:
    """Stop waiting and settle; leaving again changes nothing."""
    found = await of_shopper(session, kit.versions, token, enrolment_id, lock=True)
    if found.enrolment.status != "active":
        return found._replace(replayed=True)
    await end(session, kit, found.version, found.enrolment, "left", now=now)
    return found


async def end(
    session: AsyncSession,
    kit: Kit,
    version: Version,
    enrolment: Enrolment,
    status: End,
    *,
    now: datetime,
) -> None:
    """Settle an enrolment, whose row the caller holds: days earned, milestones reached or given up, hold let go."""
    await accrual.settle(session, version, enrolment, now=now)
    through = accrual.yesterday(version, now)
    await milestones.reach_due(session, kit, version, enrolment, through=through, now=now)
    await milestones.miss(session, enrolment, now=now)
    await _let_go_hold(session, enrolment, "used" if status == "bought" else "released", now=now)
    enrolment.status, enrolment.ended_at = status, now
    if await points.balance(session, enrolment) > 0:
        enrolment.points_expire_at = now + timedelta(days=version.patience.points_expire_days)
    await session.flush()
    facts = {"enrolment_id": str(enrolment.id), "how": status, "sku": enrolment.sku}
    if enrolment.points_expire_at is not None:
        facts["points_expire_at"] = enrolment.points_expire_at.isoformat()
    kit.tell(session, live.of_product(enrolment.sku))
    await kit.announce(session, "enrolment.ended", facts, now=now)


async def of_shopper(
    session: AsyncSession, versions: Versions, token: ShopperToken, enrolment_id: UUID, *, lock: bool = False
) -> Enrolled:
    """Return one enrolment of the token's shopper; anybody else's is not there."""
    found = (
        select(Shopper, Enrolment)
        .join(Enrolment, Enrolment.subject == Shopper.subject)
        .where(Shopper.shopper_id == token.shopper_id, Enrolment.id == enrolment_id)
    )
    row = (await session.execute(found.with_for_update(of=Enrolment) if lock else found)).one_or_none()
    if row is None:
        raise NotFoundError("this enrolment is not known", code="enrolment_unknown")
    shopper, enrolment = row
    return Enrolled(enrolment, await versions.get(session, enrolment.version), shopper)


async def all_of_shopper(session: AsyncSession, versions: Versions, token: ShopperToken) -> list[Enrolled]:
    """Return a shopper's enrolments, those still waiting first, then the newest."""
    found = (
        select(Shopper, Enrolment)
        .join(Enrolment, Enrolment.subject == Shopper.subject)
        .where(Shopper.shopper_id == token.shopper_id)
        .order_by(Enrolment.status != "active", Enrolment.created_at.desc())
        .limit(100)
    )
    return [
        Enrolled(enrolment, await versions.get(session, enrolment.version), shopper)
        for shopper, enrolment in (await session.execute(found)).all()
    ]


async def end_overdue(session: AsyncSession, kit: Kit, version: Version, *, now: datetime, wait: bool = False) -> int:
    """End a batch of enrolments whose last day is over, and return how many; who has a hold may use it first."""
    until = accrual.yesterday(version, now)
    holding = exists().where(
        Hold.subject == Enrolment.subject, Hold.enrolment_id == Enrolment.id, Hold.status == "offered"
    )
    found = (
        select(Enrolment)
        .where(Enrolment.version == version.digest, Enrolment.status == "active", ~holding)
        # The cohort's index knows the first day, which says the last one.
        .where(Enrolment.started_on <= until - timedelta(days=version.patience.days_max - 1))
        .where(Enrolment.last_on <= until)
        .order_by(Enrolment.id)
        .limit(milestones.BATCH)
        .with_for_update(skip_locked=not wait)
    )
    overdue = (await session.execute(found)).scalars().all()
    for enrolment in sorted(overdue, key=milestones.budget_order):
        await end(session, kit, version, enrolment, "over", now=now)
    return len(overdue)


async def _lock_offer(session: AsyncSession, token: ShopperToken) -> tuple[Shopper, Stockout, Offer]:
    """Return the offer with its shopper, both locked: two tabs of one shopper enrol one after the other."""
    owned = await stockouts.of_token(session, token.shopper_id, token.stockout_id)
    if owned is None:
        raise StockoutNotYoursError
    shopper, stockout = owned
    await session.refresh(shopper, with_for_update=True)
    found = select(Offer).where(Offer.subject == shopper.subject, Offer.stockout_id == stockout.id)
    offer = (await session.execute(found.with_for_update())).scalar_one_or_none()
    if offer is None:
        raise ConflictError("ask for the offer first: it has the terms of waiting", code="no_offer")
    return shopper, stockout, offer


async def _active(session: AsyncSession, subject: UUID, sku: str) -> Enrolment | None:
    found = select(Enrolment).where(Enrolment.subject == subject, Enrolment.sku == sku, Enrolment.status == "active")
    return (await session.execute(found)).scalar_one_or_none()


async def _refuse_second(session: AsyncSession, offer: Offer) -> None:
    """One offer, one waiting: a second one would draw its surprises from seeds the first has shown."""
    before = select(Enrolment.id).where(Enrolment.subject == offer.subject, Enrolment.offer_id == offer.id)
    if (await session.execute(before)).first() is not None:
        raise ConflictError("the waiting of this offer is over; another stockout makes another", code="already_waited")


def _open_terms(offer: Offer, version: Version, now: datetime) -> Patience:
    terms = version.patience_left(offer.arm, offer.reasons)
    if terms is None:
        raise ConflictError("this offer has no patience programme; GET /v1/offer says why", code="not_eligible")
    if offer.status in {"spun", "accepted"} and terms.with_wheel == "either":
        raise ConflictError("this offer was spun: it is the wheel or waiting, not both", code="wheel_chosen")
    if offer.status == "lapsed" or offer.expires_at <= now:
        raise GoneError("the offer's time is over", code="offer_expired")
    return terms


def _enrolment(
    version: Version,
    terms: Patience,
    offer: Offer,
    stockout: Stockout,
    promised_on: date | None,
    *,
    client_seed: str,
    now: datetime,
) -> Enrolment:
    started_on = version.local_day(now)
    return Enrolment(
        subject=offer.subject,
        id=new_id(now),
        offer_id=offer.id,
        version=version.digest,
        campaign=version.slug,
        budget_period=version.budget_period(now),
        sku=stockout.sku,
        quantity=stockout.quantity,
        status="active",
        client_seed=client_seed,
        started_on=started_on,
        last_on=last_day(started_on, terms.days_max),
        promised_on=promised_on,
        latest_promise=promised_on,
        delay_bonuses=0,
        bonus_points=0,
        spent_points=0,
        created_at=now,
    )


async def _refuse_unaffordable(
    session: AsyncSession, version: Version, enrolment: Enrolment, ahead: Iterable[EnrolmentMilestone]
) -> None:
    """Refuse to promise what the budget cannot pay in the worst case, as far as one can tell without waiting."""
    key = milestones.budget_of(enrolment)
    remaining_minor = await ledger.remaining_of(session, [(version, key)])
    if remaining_minor[key] < sum(milestone.aside_minor for milestone in ahead):
        raise BudgetSpentError


async def _let_go_hold(session: AsyncSession, enrolment: Enrolment, status: str, *, now: datetime) -> None:
    live = (
        update(Hold)
        .where(Hold.subject == enrolment.subject, Hold.enrolment_id == enrolment.id, Hold.status == "offered")
        .values(status=status, settled_at=now)
    )
    await session.execute(live)


async def lock_active(session: AsyncSession, subject: UUID, sku: str) -> Enrolment | None:
    """Return, locked, the enrolment of one shopper still waiting for one product."""
    found = select(Enrolment).where(Enrolment.subject == subject, Enrolment.sku == sku, Enrolment.status == "active")
    return (await session.execute(found.with_for_update())).scalar_one_or_none()
