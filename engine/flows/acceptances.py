"""Taking the sure reward of an offer: once, whatever is retried."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.tables import Award, Enrolment, Offer, Shopper
from engine.errors import ConflictError, GoneError, StockoutNotYoursError
from engine.flows import awards, stockouts
from engine.flows.spins import is_either
from engine.kit import Kit
from engine.ledger import BudgetKey
from engine.vault import ShopperToken


class Accepted(NamedTuple):
    award: Award
    version: Version
    locale: str
    replayed: bool


async def accept(session: AsyncSession, kit: Kit, token: ShopperToken, *, now: datetime) -> Accepted:
    """Grant the offer's sure reward. A second call returns the first award."""
    shopper, offer = await _lock_offer(session, token)
    version = await kit.versions.get(session, offer.version)
    if offer.status == "accepted":
        found = select(Award).where(Award.subject == offer.subject, Award.offer_id == offer.id)
        return Accepted((await session.execute(found)).scalar_one(), version, shopper.locale, replayed=True)
    if offer.arm != "sure" or version.sure is None:
        raise ConflictError("this offer has no sure reward; GET /v1/offer says what it has", code="no_sure_reward")
    if offer.status != "open" or offer.expires_at <= now:
        raise GoneError("the offer's time is over", code="offer_expired")

    await _refuse_waiting(session, offer, version)

    origin = awards.Origin(offer.subject, awards.period_of(offer), offer_id=offer.id)
    await awards.settle_offer(session, offer, BudgetKey(version.slug, origin.period), now=now)
    award = await awards.grant(session, kit.vault, version, version.sure, origin, now=now)
    offer.status = "accepted"
    await session.flush()

    await kit.announce(session, "award.issued", {"award_id": str(award.id), "reward": award.reward}, now=now)
    return Accepted(award, version, shopper.locale, replayed=False)


async def _lock_offer(session: AsyncSession, token: ShopperToken) -> tuple[Shopper, Offer]:
    """Return the offer, locked: two takings of one offer go one after the other."""
    found = (
        select(Shopper, Offer)
        .join(Offer, Offer.subject == Shopper.subject)
        .where(Shopper.shopper_id == token.shopper_id, Offer.stockout_id == token.stockout_id)
        .with_for_update(of=Offer)
    )
    row = (await session.execute(found)).one_or_none()
    if row is None:
        if await stockouts.of_token(session, token.shopper_id, token.stockout_id) is None:
            raise StockoutNotYoursError
        raise ConflictError("ask for the offer first: its commitment must exist before your seed", code="no_offer")
    shopper, offer = row
    if offer.status == "refused":
        raise ConflictError("this offer has no wheel; GET /v1/offer says why", code="not_eligible")
    return shopper, offer


async def _refuse_waiting(session: AsyncSession, offer: Offer, version: Version) -> None:
    """Refuse where the campaign says it is this or waiting, and the shopper chose to wait."""
    if not is_either(version, offer.arm):
        return
    waiting = select(Enrolment.id).where(Enrolment.subject == offer.subject, Enrolment.offer_id == offer.id)
    if (await session.execute(waiting)).first() is not None:
        raise ConflictError("this offer was taken by waiting: it is one or the other", code="patience_chosen")
