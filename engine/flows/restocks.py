"""The product is back, or not yet: slips paid at once, units held in fair order, nobody told of what is gone."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.tables import Enrolment, Hold, PointEntry, Promise, Stock
from engine.flows import accrual, enrolments, milestones, points
from engine.ids import new_id
from engine.kit import Kit
from rewards.patience import is_slip

# Units of one restock go out in batches, so that no transaction grows with the queue.
BATCH = 100


class Place(NamedTuple):
    """Where a shopper stands; `before` counts those served first."""

    before: int
    waiting: int


async def note_promise(session: AsyncSession, stock: Stock) -> None:
    """Remember a date the shop gave, so that every later change of it can be told with its reason."""
    last = select(Promise).where(Promise.sku == stock.sku).order_by(Promise.as_of.desc()).limit(1)
    known = (await session.execute(last)).scalar_one_or_none()
    if known is None and stock.expected_on is None:
        return
    if known is not None and (known.expected_on, known.reason) == (stock.expected_on, stock.reason):
        return
    row = insert(Promise).values(sku=stock.sku, as_of=stock.as_of, expected_on=stock.expected_on, reason=stock.reason)
    await session.execute(row.on_conflict_do_nothing())


async def promises_of(session: AsyncSession, sku: str) -> list[Promise]:
    """Return the newest dates given for a product, oldest first."""
    found = select(Promise).where(Promise.sku == sku).order_by(Promise.as_of.desc()).limit(50)
    return list(reversed((await session.execute(found)).scalars().all()))


async def react(session: AsyncSession, kit: Kit, sku: str, *, now: datetime) -> bool:
    """Do what new word of a product's stock asks for, a batch of it; return whether a job must go on."""
    stock = await session.get(Stock, sku, with_for_update=True)
    if stock is None:
        return False
    await note_promise(session, stock)
    paid = await pay_slip(session, kit, stock, now=now)
    offered = await offer_units(session, kit, stock, now=now)
    return BATCH in {paid, offered}


async def pay_slip(session: AsyncSession, kit: Kit, stock: Stock, *, now: datetime) -> int:
    """Credit a batch of those whose promised date has moved later, once per slip; return how many were looked at."""
    promised = stock.expected_on
    if promised is None:
        return 0
    waiting = (Enrolment.sku == stock.sku, Enrolment.status == "active")
    unpromised = update(Enrolment).where(*waiting, Enrolment.latest_promise.is_(None))
    await session.execute(unpromised.values(promised_on=promised, latest_promise=promised))
    kept = update(Enrolment).where(*waiting, Enrolment.latest_promise >= promised, Enrolment.promised_on != promised)
    await session.execute(kept.values(promised_on=promised))
    broken = select(Enrolment).where(*waiting, Enrolment.latest_promise < promised).order_by(Enrolment.id)
    slipped = (await session.execute(broken.limit(BATCH).with_for_update())).scalars().all()
    for enrolment in slipped:
        version = await kit.versions.get(session, enrolment.version)
        await _pay(session, kit, version, enrolment, promised, now=now)
    return len(slipped)


async def offer_units(session: AsyncSession, kit: Kit, stock: Stock, *, now: datetime) -> int:
    """Hold a batch of what is free for those who come first, and return how many were offered a hold.

    The caller holds the stock's row: two jobs cannot give one unit twice, and what is offered was there a moment ago.
    """
    free = stock.available - await _kept(session, stock)
    offered = 0
    for enrolment_id, subject in await _next_in_line(session, stock.sku) if free > 0 else ():
        enrolment = await session.get_one(Enrolment, (subject, enrolment_id), with_for_update=True)
        if enrolment.status != "active":
            continue
        version = await kit.versions.get(session, enrolment.version)
        if free - version.patience.safety_stock < enrolment.quantity:
            # First come, first served: a smaller wish further back does not overtake.
            break
        await _hold(session, kit, version, enrolment, now=now)
        free -= enrolment.quantity
        offered += 1
    return offered


async def lapse_holds(session: AsyncSession, kit: Kit, *, now: datetime) -> list[str]:
    """End a batch of holds nobody used, and return the products whose units are free again."""
    found = (
        select(Hold, Enrolment)
        .join(Enrolment, (Enrolment.subject == Hold.subject) & (Enrolment.id == Hold.enrolment_id))
        .where(Hold.status == "offered", Hold.ends_at <= now)
        .order_by(Hold.ends_at)
        .limit(BATCH)
        .with_for_update(of=Enrolment, skip_locked=True)
    )
    over = (await session.execute(found)).all()
    for hold, enrolment in over:
        hold.status, hold.settled_at = "lapsed", now
        await session.flush()
        version = await kit.versions.get(session, enrolment.version)
        await enrolments.end(session, kit, version, enrolment, "lapsed", now=now)
    return sorted({hold.sku for hold, _enrolment in over})


async def use_hold(session: AsyncSession, kit: Kit, subject: UUID, hold_id: UUID, *, now: datetime) -> None:
    """The held unit was bought: the waiting is over, as it should be."""
    hold = await session.get(Hold, (subject, hold_id))
    if hold is None or hold.status != "offered":
        return
    enrolment = await session.get_one(Enrolment, (subject, hold.enrolment_id), with_for_update=True)
    if enrolment.status == "active":
        version = await kit.versions.get(session, enrolment.version)
        await enrolments.end(session, kit, version, enrolment, "bought", now=now)


async def live_hold(session: AsyncSession, enrolment: Enrolment) -> Hold | None:
    found = select(Hold).where(
        Hold.subject == enrolment.subject, Hold.enrolment_id == enrolment.id, Hold.status == "offered"
    )
    return (await session.execute(found)).scalar_one_or_none()


async def place_of(session: AsyncSession, enrolment: Enrolment) -> Place:
    """Say truthfully how many are served before this shopper, holds still open included."""
    line = await _line(session, enrolment.sku)
    ids = [row.id for row in line]
    return Place(ids.index(enrolment.id) if enrolment.id in ids else 0, len(ids))


async def _pay(
    session: AsyncSession, kit: Kit, version: Version, enrolment: Enrolment, promised: date, *, now: datetime
) -> None:
    """Credit one enrolment for one slip; a date beyond every earlier one is a new slip, until the bonuses are used."""
    terms = version.patience
    slipped = is_slip(promised, enrolment.latest_promise)
    enrolment.promised_on = enrolment.latest_promise = promised
    if not slipped or not terms.delay_bonus_points or enrolment.delay_bonuses >= terms.delay_bonuses_max:
        return
    enrolment.delay_bonuses += 1
    enrolment.bonus_points += terms.delay_bonus_points
    enrolment.bonus_at = now
    ref = points.number_ref(promised.toordinal())
    day = version.local_day(now)
    await points.post(session, enrolment, "delay_bonus", terms.delay_bonus_points, day=day, at=now, ref=ref)
    await milestones.bring_forward(session, terms, enrolment, await milestones.ahead_of(session, enrolment))
    through = accrual.yesterday(version, now)
    await milestones.reach_due(session, kit, version, enrolment, through=through, now=now)


async def _kept(session: AsyncSession, stock: Stock) -> int:
    """Units that are spoken for: open holds, and holds used since the shop last counted."""
    taken = select(func.coalesce(func.sum(Hold.quantity), 0)).where(
        Hold.sku == stock.sku,
        or_(Hold.status == "offered", (Hold.status == "used") & (Hold.settled_at > stock.as_of)),
    )
    return int((await session.execute(taken)).scalar_one())


async def _next_in_line(session: AsyncSession, sku: str) -> list[tuple[UUID, UUID]]:
    held = select(Hold.enrolment_id).where(Hold.sku == sku, Hold.status == "offered")
    holding = set((await session.execute(held)).scalars())
    line = await _line(session, sku)
    return [(row.id, row.subject) for row in line if row.id not in holding][:BATCH]


class InLine(NamedTuple):
    id: UUID
    subject: UUID
    points: int


async def _line(session: AsyncSession, sku: str) -> list[InLine]:
    """Return who waits for a product, most points first, then the longest wait: the order units are offered in."""
    total = (
        select(PointEntry.enrolment_id, func.sum(PointEntry.points).label("points"))
        .join(Enrolment, (Enrolment.subject == PointEntry.subject) & (Enrolment.id == PointEntry.enrolment_id))
        .where(Enrolment.sku == sku, Enrolment.status == "active")
        .group_by(PointEntry.enrolment_id)
        .subquery()
    )
    has = func.coalesce(total.c.points, 0)
    found = (
        select(Enrolment.id, Enrolment.subject, has)
        .outerjoin(total, total.c.enrolment_id == Enrolment.id)
        .where(Enrolment.sku == sku, Enrolment.status == "active")
        .order_by(has.desc(), Enrolment.created_at, Enrolment.id)
    )
    return [InLine(*row) for row in (await session.execute(found)).all()]


async def _hold(session: AsyncSession, kit: Kit, version: Version, enrolment: Enrolment, *, now: datetime) -> None:
    hold = Hold(
        subject=enrolment.subject,
        id=new_id(now),
        enrolment_id=enrolment.id,
        sku=enrolment.sku,
        quantity=enrolment.quantity,
        status="offered",
        created_at=now,
        ends_at=now + timedelta(hours=version.patience.hold_hours),
    )
    session.add(hold)
    await session.flush()
    facts = {"hold_id": str(hold.id), "enrolment_id": str(enrolment.id), "sku": enrolment.sku}
    await kit.announce(session, "hold.offered", facts, now=now)
