"""Taking the sure reward of an offer: once, whatever is retried."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.tables import Award
from engine.errors import ConflictError, GoneError
from engine.flows import awards
from engine.flows.spins import lock_offer, refuse_waiting
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
    shopper, offer = await lock_offer(session, token)
    version = await kit.versions.get(session, offer.version)
    if offer.status == "accepted":
        found = select(Award).where(Award.subject == offer.subject, Award.offer_id == offer.id)
        return Accepted((await session.execute(found)).scalar_one(), version, shopper.locale, replayed=True)
    if offer.arm != "sure" or version.sure is None:
        raise ConflictError("this offer has no sure reward; GET /v1/offer says what it has", code="no_sure_reward")
    if offer.status != "open" or offer.expires_at <= now:
        raise GoneError("the offer's time is over", code="offer_expired")

    await refuse_waiting(session, offer, version)

    origin = awards.Origin(offer.subject, awards.period_of(offer), offer_id=offer.id)
    await awards.settle_offer(session, offer, BudgetKey(version.slug, origin.period), now=now)
    award = await awards.grant(session, kit.vault, version, version.sure, origin, now=now)
    offer.status = "accepted"
    await session.flush()

    await kit.announce(session, "award.issued", {"award_id": str(award.id), "reward": award.reward}, now=now)
    return Accepted(award, version, shopper.locale, replayed=False)
