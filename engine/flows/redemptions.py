"""Using a code on an order: reserved, then confirmed, released or refunded; one order at a time."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.announcements import Announcer
from engine.api.schemas import CartBody, RedemptionBody
from engine.campaigns import Version
from engine.db.tables import Award, Code, Redemption, Shopper
from engine.errors import (
    CodeOfAnotherShopperError,
    ConflictError,
    FieldError,
    GoneError,
    InvalidBodyError,
    NotFoundError,
)
from engine.flows import awards, restocks
from engine.ids import new_id
from engine.kit import Kit
from engine.vault import Vault
from engine.versions import Versions
from rewards.catalogue import AmountOff, PercentOff, Reward
from rewards.codes import normal
from rewards.money import format_amount


class Held(NamedTuple):
    """A redemption with the award it uses and the terms of that award."""

    redemption: Redemption
    award: Award
    version: Version
    replayed: bool = False


class Known(NamedTuple):
    """A code that exists, with whose it is."""

    award: Award
    version: Version
    shopper_id: str | None
    locale: str


async def look_up(session: AsyncSession, vault: Vault, versions: Versions, typed: str, *, lock: bool = False) -> Known:
    """Return what a code is worth; one answer for every code that is not ours, however it fails."""
    code = normal(typed)
    # A code that cannot be one is looked up all the same, so that its answer takes as long.
    digests = vault.digests("code", code or typed)
    found = select(Award).join(Code, (Code.subject == Award.subject) & (Code.award_id == Award.id))
    found = found.where(Code.code_digest.in_(digests))
    award = (await session.execute(found.with_for_update(of=Award) if lock else found)).scalar_one_or_none()
    if award is None:
        raise NotFoundError("this code is not known", code="code_unknown")
    owner = (await session.execute(select(Shopper).where(Shopper.subject == award.subject))).scalar_one_or_none()
    version = await versions.get(session, award.version)
    return Known(award, version, owner.shopper_id if owner else None, owner.locale if owner else "")


async def reserve(
    session: AsyncSession,
    vault: Vault,
    versions: Versions,
    typed: str,
    body: RedemptionBody,
    *,
    minutes: int,
    now: datetime,
) -> Held:
    """Keep the code for one order; the same order again is the same redemption."""
    known = await look_up(session, vault, versions, typed, lock=True)
    award, terms = known.award, known.version.reward(known.award.reward)
    if body.shopper_id is not None and body.shopper_id != known.shopper_id:
        raise CodeOfAnotherShopperError
    mine, live = await _redemptions_of(session, award, body.order_id)
    if mine is not None and mine.status in {"confirmed", "refunded"}:
        return Held(mine, award, known.version, replayed=True)
    if mine is not None and mine.status == "reserved" and mine.reserved_until > now:
        return Held(mine, award, known.version, replayed=True)

    _refuse_used(award, live, body.order_id, now=now)
    _refuse_basket(terms, body.cart, known.version.currency)
    if body.hold_id is not None:
        await restocks.refuse_hold(session, award.subject, body.hold_id)

    if live is not None and live is not mine:
        live.status, live.settled_at = "released", now
        await session.flush()
    held = mine or Redemption(
        subject=award.subject, id=new_id(now), award_id=award.id, order_id=body.order_id, created_at=now
    )
    held.status, held.settled_at = "reserved", None
    held.reserved_until = now + timedelta(minutes=minutes)
    held.basket_minor = body.cart.total_minor if body.cart else None
    held.discount_minor = _discount_minor(terms, body.cart)
    held.hold_id = body.hold_id
    award.status = "reserved"
    session.add(held)
    await session.flush()
    return Held(held, award, known.version)


async def confirm(
    session: AsyncSession,
    kit: Kit,
    redemption_id: UUID,
    discount_minor: int | None,
    *,
    now: datetime,
) -> Held:
    """The order is paid: liability becomes spend. Again changes nothing."""
    held = await _lock(session, kit.versions, redemption_id)
    redemption, award = held.redemption, held.award
    if redemption.status == "confirmed":
        return held._replace(replayed=True)
    _refuse_unless(redemption, "reserved")

    cost_minor = _cost_minor(held, discount_minor)

    redemption.status, redemption.settled_at, redemption.discount_minor = "confirmed", now, cost_minor
    if redemption.hold_id is not None:
        # The enrolment's row before the budget's, as everywhere, so that a claim and this cannot deadlock.
        await restocks.use_hold(session, kit, award.subject, redemption.hold_id, now=now)
    await awards.spend(session, award, cost_minor, now=now)

    await kit.announce(session, "award.redeemed", {"award_id": str(award.id), "order_id": redemption.order_id}, now=now)
    return held


async def release(session: AsyncSession, versions: Versions, redemption_id: UUID, *, now: datetime) -> Held:
    """The order will not be paid: the code is free again, or expired if its time ran out meanwhile."""
    held = await _lock(session, versions, redemption_id)
    if held.redemption.status == "released":
        return held._replace(replayed=True)
    _refuse_unless(held.redemption, "reserved")
    await let_go(session, held.redemption, held.award, now=now)
    return held


async def refund(
    session: AsyncSession, versions: Versions, announce: Announcer, redemption_id: UUID, *, now: datetime
) -> Held:
    """The paid order is undone: what the code cost returns to the budget, and the code stays used."""
    held = await _lock(session, versions, redemption_id)
    redemption, award = held.redemption, held.award
    if redemption.status == "refunded":
        return held._replace(replayed=True)
    _refuse_unless(redemption, "confirmed")

    redemption.status, redemption.settled_at = "refunded", now
    await awards.refund(session, award, redemption.discount_minor, now=now)

    await announce(session, "award.refunded", {"award_id": str(award.id), "order_id": redemption.order_id}, now=now)
    return held


async def let_go(session: AsyncSession, redemption: Redemption, award: Award, *, now: datetime) -> None:
    """Release a reservation; both rows are locked by the caller. The code of an erased person is withdrawn."""
    redemption.status, redemption.settled_at = "released", now
    owner = select(Shopper.subject).where(Shopper.subject == award.subject)
    if (await session.execute(owner)).first() is None:
        await awards.end(session, award, "void", now=now)
    elif award.expires_at <= now:
        await awards.end(session, award, "expired", now=now)
    else:
        award.status = "issued"


async def _redemptions_of(
    session: AsyncSession, award: Award, order_id: str
) -> tuple[Redemption | None, Redemption | None]:
    """Return this order's redemption of the award, and the live one, whoever's it is."""
    found = select(Redemption).where(Redemption.subject == award.subject, Redemption.award_id == award.id)
    rows = list((await session.execute(found)).scalars())
    mine = next((row for row in rows if row.order_id == order_id), None)
    live = next((row for row in rows if row.status in {"reserved", "confirmed"}), None)
    return mine, live


def _refuse_used(award: Award, live: Redemption | None, order_id: str, *, now: datetime) -> None:
    if award.status in {"redeemed", "refunded"}:
        raise ConflictError("this code has been used", code="code_already_redeemed")
    if live is not None and live.order_id != order_id and live.reserved_until > now:
        raise ConflictError("this code is in use for another order", code="code_reserved")
    if award.status == "void":
        raise GoneError("this code was withdrawn", code="code_void")
    if award.status == "expired" or award.expires_at <= now:
        raise GoneError("this code has expired", code="code_expired")


def _refuse_basket(terms: Reward, cart: CartBody | None, currency: str) -> None:
    """Refuse a basket the terms exclude; without one the shop answers for the terms itself."""
    if cart is None:
        return
    if cart.currency != currency:
        raise ConflictError(f"this code is in {currency}", code="currency_not_covered")
    if cart.total_minor < terms.minimum_basket:
        least = format_amount(terms.minimum_basket, currency)
        raise ConflictError(f"this code needs a basket of at least {least}", code="basket_too_small")


def _discount_minor(terms: Reward, cart: CartBody | None) -> int:
    if cart is not None:
        return terms.discount_minor(cart.total_minor)
    return int(terms.amount) if isinstance(terms, AmountOff) else 0


def _cost_minor(held: Held, told_minor: int | None) -> int:
    """What the award cost: as the shop says, else the discount where the basket was known, else the worst case."""
    award = held.award
    if told_minor is not None:
        if told_minor > award.liability_minor:
            message = f"is more than this award can cost ({award.liability_minor})"
            raise InvalidBodyError(f"`discount_minor` {message}", errors=[FieldError("discount_minor", message)])
        return told_minor
    terms = held.version.reward(award.reward)
    if isinstance(terms, PercentOff | AmountOff) and held.redemption.basket_minor is not None:
        return held.redemption.discount_minor
    return award.liability_minor


async def _lock(session: AsyncSession, versions: Versions, redemption_id: UUID) -> Held:
    """Lock the award, then read its redemption: the same order as `reserve`, so the two cannot deadlock."""
    subject = select(Redemption.subject, Redemption.award_id).where(Redemption.id == redemption_id)
    row = (await session.execute(subject)).one_or_none()
    if row is None:
        raise NotFoundError("this redemption is not known", code="redemption_unknown")
    award = await session.get_one(Award, (row.subject, row.award_id), with_for_update=True)
    redemption = await session.get_one(Redemption, (row.subject, redemption_id))
    return Held(redemption, award, await versions.get(session, award.version))


def _refuse_unless(redemption: Redemption, status: str) -> None:
    if redemption.status != status:
        raise ConflictError(f"this redemption is {redemption.status}", code=f"redemption_not_{status}")
