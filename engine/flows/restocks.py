"""The product is back, or not yet: slips paid at once, units held in fair order, nobody told of what is gone."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Date, Subquery, case, cast, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.tables import Enrolment, Hold, Notice, Promise, Redemption, Stock
from engine.errors import ConflictError, NotFoundError
from engine.flows import accrual, enrolments, milestones, notices, points
from engine.flows import stock as shelves
from engine.ids import new_id
from engine.kit import Kit
from engine.live import of_product
from engine.versions import Versions
from rewards.patience import is_slip

# Units of one restock go out in batches, so that no transaction grows with the queue.
BATCH = 100
# How long a shop may take to say who bought what it no longer counts.
PURCHASE_TOLD_WITHIN = timedelta(minutes=10)


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


async def react(session: AsyncSession, kit: Kit, sku: str, *, now: datetime) -> bool:
    """Do what new word of a product's stock asks for, a batch of it; return whether a job must go on."""
    stock = await session.get(Stock, sku, with_for_update=True)
    if stock is None:
        return False
    await note_promise(session, stock)
    paid = await pay_slip(session, kit, stock, now=now)
    withdrawn = await withdraw_holds(session, kit, stock, now=now)
    offered = await offer_units(session, kit, stock, now=now)
    # Who waits comes first; who only asked to be told hears of what is left.
    due = await notices.fall_due(session, kit, stock, batch=BATCH, now=now)
    if paid or withdrawn or offered:
        kit.tell(session, of_product(sku))
    return BATCH in {paid, withdrawn, offered, due}


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
    for enrolment in sorted(slipped, key=milestones.budget_order):
        version = await kit.versions.get(session, enrolment.version)
        await _pay(session, kit, version, enrolment, promised, now=now)
    return len(slipped)


async def withdraw_holds(session: AsyncSession, kit: Kit, stock: Stock, *, now: datetime) -> int:
    """Take back a batch of holds on units that the shop says are gone, the last in line first; return how many.

    Each is in the queue again, with every point. While some units are there the shop has a few minutes to say who
    bought the others, and a hold that is at the checkout is left alone.
    """
    short = -await shelves.free(session, stock)
    if short <= 0 or (stock.available > 0 and now - stock.as_of < PURCHASE_TOLD_WITHIN):
        return 0
    line = await _line(session, kit.versions, stock.sku, now=now)
    last = select(line.c.id, line.c.subject).where(line.c.held > 0).order_by(*_in_turn(line, reverse=True)).limit(BATCH)
    withdrawn = 0
    for enrolment_id, subject in (await session.execute(last)).all():
        await session.get_one(Enrolment, (subject, enrolment_id), with_for_update=True)
        hold = await _idle_hold(session, subject, enrolment_id, now=now)
        if hold is None or short <= 0:
            continue
        hold.status, hold.settled_at = "released", now
        await session.flush()
        facts = {"hold_id": str(hold.id), "enrolment_id": str(enrolment_id), "sku": stock.sku}
        await kit.announce(session, "hold.withdrawn", facts, now=now)
        short -= hold.quantity
        withdrawn += 1
    return withdrawn


async def offer_units(session: AsyncSession, kit: Kit, stock: Stock, *, now: datetime) -> int:
    """Hold a batch of what is free for those who come first, and return how many were offered a hold.

    The caller holds the stock's row: two jobs cannot give one unit twice, and what is offered was there a moment ago.
    """
    free = await shelves.free(session, stock)
    offered = 0
    for enrolment_id, subject in await _next_in_line(session, kit.versions, stock.sku, now=now) if free > 0 else ():
        enrolment = await session.get_one(Enrolment, (subject, enrolment_id), with_for_update=True)
        if enrolment.status != "active":
            continue
        version = await kit.versions.get(session, enrolment.version)
        there = free - version.patience.safety_stock
        if there < 1:
            break
        # Whoever wished for more than there is has first pick of what there is, and keeps nobody behind waiting.
        units = min(enrolment.quantity, version.patience.hold_units_max, there)
        await _hold(session, kit, version, enrolment, units, now=now)
        free -= units
        offered += 1
    return offered


async def lapse_holds(session: AsyncSession, kit: Kit, *, now: datetime, wait: bool = False) -> list[str]:
    """End a batch of holds nobody used, and return the products whose units are free again."""
    found = (
        select(Hold, Enrolment)
        .join(Enrolment, (Enrolment.subject == Hold.subject) & (Enrolment.id == Hold.enrolment_id))
        # An enrolment that was settled while we waited for its row is no longer active, and its hold is settled too.
        .where(Hold.status == "offered", Hold.ends_at <= now, Enrolment.status == "active")
        .order_by(Hold.ends_at)
        .limit(BATCH)
        .with_for_update(of=Enrolment, skip_locked=not wait)
    )
    over = (await session.execute(found)).all()
    for hold, enrolment in sorted(over, key=lambda row: milestones.budget_order(row[1])):
        hold.status, hold.settled_at = "lapsed", now
        await session.flush()
        version = await kit.versions.get(session, enrolment.version)
        await enrolments.end(session, kit, version, enrolment, "lapsed", now=now)
    return sorted({hold.sku for hold, _enrolment in over})


async def refuse_hold(session: AsyncSession, subject: UUID, hold_id: UUID) -> None:
    """Raise for a hold that is not this shopper's, or that keeps nothing any more."""
    hold = await session.get(Hold, (subject, hold_id))
    if hold is None:
        raise NotFoundError("this shopper has no such hold", code="hold_unknown")
    if hold.status in {"used", "lapsed"}:
        raise ConflictError("this hold keeps nothing any more", code="hold_over")


async def use_hold(session: AsyncSession, kit: Kit, subject: UUID, hold_id: UUID, *, now: datetime) -> None:
    """The held unit was bought: the waiting is over, as it should be."""
    hold = await session.get(Hold, (subject, hold_id))
    # One that was withdrawn while its shopper paid is bought all the same.
    if hold is None or hold.status not in {"offered", "released"}:
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


async def place_of(session: AsyncSession, versions: Versions, enrolment: Enrolment, *, now: datetime) -> Place | None:
    """Say truthfully how many are served before this shopper: who has a hold, then who stands further ahead."""
    line = await _line(session, versions, enrolment.sku, now=now)
    order = ((line.c.held > 0).desc(), *_in_turn(line))
    ranked = select(
        line.c.id, (func.row_number().over(order_by=order) - 1).label("before"), func.count().over().label("waiting")
    ).subquery()
    mine = select(ranked.c.before, ranked.c.waiting).where(ranked.c.id == enrolment.id)
    row = (await session.execute(mine)).one_or_none()
    return Place(*row) if row else None


async def out_of_step(session: AsyncSession) -> list[str]:
    """Return products whose units and holds are out of step: one left, was erased, units went, a job was killed."""
    held = exists().where(
        Hold.subject == Enrolment.subject, Hold.enrolment_id == Enrolment.id, Hold.status == "offered"
    )
    waited_for = exists().where(Enrolment.sku == Stock.sku, Enrolment.status == "active", ~held)
    promised = select(func.sum(Hold.quantity)).where(Hold.sku == Stock.sku, Hold.status == "offered").scalar_subquery()
    asked_about = exists().where(Notice.sku == Stock.sku, Notice.status == "waiting")
    wanted = (Stock.available > 0) & (waited_for | asked_about)
    found = select(Stock.sku).where(wanted | (promised > Stock.available))
    return list((await session.execute(found.order_by(Stock.sku))).scalars())


async def still_there(session: AsyncSession, versions: Versions, hold_id: UUID, *, now: datetime) -> bool:
    """Whether a hold may be told of: it is open, and the shop still has units for it and for all holds before it."""
    found = select(Hold, Stock).join(Stock, Stock.sku == Hold.sku).where(Hold.id == hold_id)
    row = (await session.execute(found)).one_or_none()
    if row is None or row[0].status != "offered" or row[0].ends_at <= now:
        return False
    hold, stock = row
    line = await _line(session, versions, hold.sku, now=now)
    up_to, together = func.sum(line.c.held).over(order_by=_in_turn(line)), func.sum(line.c.held).over()
    held = select(line.c.id, up_to.label("up_to"), together.label("together")).where(line.c.held > 0).subquery()
    mine = (await session.execute(select(held).where(held.c.id == hold.enrolment_id))).one()
    return int(mine.up_to) <= await shelves.free(session, stock) + int(mine.together)


async def _pay(
    session: AsyncSession, kit: Kit, version: Version, enrolment: Enrolment, promised: date, *, now: datetime
) -> None:
    """Credit one enrolment for one slip; a date beyond every earlier one is a new slip, until the bonuses are used."""
    terms = version.patience
    through = accrual.yesterday(version, now)
    slipped = is_slip(promised, enrolment.latest_promise)
    enrolment.promised_on = enrolment.latest_promise = promised
    if not slipped or not terms.delay_bonus_points or enrolment.delay_bonuses >= terms.delay_bonuses_max:
        return
    if enrolment.last_on <= through:
        return  # its days are over, though no night's work has said so yet
    # What was due without the bonus is reached without it, so that a night missed before the slip changes no line.
    await milestones.reach_due(session, kit, version, enrolment, through=through, now=now)
    enrolment.delay_bonuses += 1
    enrolment.bonus_points += terms.delay_bonus_points
    enrolment.bonus_at = now
    ref = points.number_ref(promised.toordinal())
    day = version.local_day(now)
    await points.post(session, enrolment, "delay_bonus", terms.delay_bonus_points, day=day, at=now, ref=ref)
    await milestones.bring_forward(session, terms, enrolment, await milestones.ahead_of(session, enrolment))
    await milestones.reach_due(session, kit, version, enrolment, through=through, now=now)


async def _next_in_line(
    session: AsyncSession, versions: Versions, sku: str, *, now: datetime
) -> list[tuple[UUID, UUID]]:
    line = await _line(session, versions, sku, now=now)
    found = select(line.c.id, line.c.subject).where(line.c.held == 0)
    found = found.order_by(*_in_turn(line)).limit(BATCH)
    return [(row.id, row.subject) for row in (await session.execute(found)).all()]


async def _line(session: AsyncSession, versions: Versions, sku: str, *, now: datetime) -> Subquery:
    """Return who waits for a product, with the points each has: those of every day that is over, written or not.

    Points are those of `rewards.patience.points_earned` less those spent; a night's work that is late moves nobody.
    """
    waiting = (Enrolment.sku == sku, Enrolment.status == "active")
    digests = (await session.execute(select(Enrolment.version).where(*waiting).distinct())).scalars().all()
    has, over = {}, {}
    for digest in digests:
        version = await versions.get(session, digest)
        through = literal(accrual.yesterday(version, now), Date)
        days = cast(func.least(through, Enrolment.last_on) - Enrolment.started_on, BigInteger) + 1
        earned = version.patience.starter_points + func.greatest(days, 0) * version.patience.points_per_day
        has[digest] = earned + Enrolment.bonus_points - Enrolment.spent_points
        over[digest] = Enrolment.last_on <= through
    # At most one hold of an enrolment is open.
    mine = (Hold.subject == Enrolment.subject, Hold.enrolment_id == Enrolment.id, Hold.status == "offered")
    held = func.coalesce(select(Hold.quantity).where(*mine).scalar_subquery(), 0)
    line = select(
        Enrolment.id,
        Enrolment.subject,
        Enrolment.created_at,
        held.label("held"),
        _by_version(has, 0).label("points"),
    ).where(*waiting, (held > 0) | ~_by_version(over, otherwise=False))
    return line.subquery()


def _in_turn(line: Subquery, *, reverse: bool = False) -> tuple[ColumnElement[Any], ...]:
    """Most points first, then the longest wait."""
    if reverse:
        return line.c.points, line.c.created_at.desc(), line.c.id.desc()
    return line.c.points.desc(), line.c.created_at, line.c.id


def _by_version(values: Mapping[str, ColumnElement[Any]], otherwise: object) -> ColumnElement[Any]:
    return case(values, value=Enrolment.version, else_=literal(otherwise)) if values else literal(otherwise)


async def _idle_hold(session: AsyncSession, subject: UUID, enrolment_id: UUID, *, now: datetime) -> Hold | None:
    """Return the open hold of an enrolment, unless somebody is at the checkout with it."""
    paying = exists().where(
        Redemption.subject == Hold.subject,
        Redemption.hold_id == Hold.id,
        Redemption.status == "reserved",
        Redemption.reserved_until > now,
    )
    found = select(Hold).where(
        Hold.subject == subject, Hold.enrolment_id == enrolment_id, Hold.status == "offered", ~paying
    )
    return (await session.execute(found)).scalar_one_or_none()


async def _hold(
    session: AsyncSession, kit: Kit, version: Version, enrolment: Enrolment, units: int, *, now: datetime
) -> None:
    hold = Hold(
        subject=enrolment.subject,
        id=new_id(now),
        enrolment_id=enrolment.id,
        sku=enrolment.sku,
        quantity=units,
        status="offered",
        created_at=now,
        ends_at=now + timedelta(hours=version.patience.hold_hours),
    )
    session.add(hold)
    await session.flush()
    facts = {"hold_id": str(hold.id), "enrolment_id": str(enrolment.id), "sku": enrolment.sku}
    await kit.announce(session, "hold.offered", facts, now=now)
