"""Spinning: one draw for one offer, whatever is retried."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.announcements import Announcer
from engine.campaigns import Version
from engine.db.tables import Award, Enrolment, Offer, Shopper, Spin
from engine.errors import ConflictError, GoneError, StockoutNotYoursError
from engine.flows import awards, epochs, stockouts
from engine.ids import day_of, new_id
from engine.ledger import BudgetKey
from engine.vault import ShopperToken, Vault
from engine.versions import Versions
from rewards.wheel import ALGORITHM, Proof, commitment, draw, server_seed


class Spun(NamedTuple):
    """A draw, what it granted and what proves it."""

    spin: Spin
    award: Award
    version: Version
    proof: Proof
    locale: str
    replayed: bool


async def spin(
    session: AsyncSession,
    vault: Vault,
    versions: Versions,
    announce: Announcer,
    token: ShopperToken,
    *,
    client_seed: str,
    now: datetime,
) -> Spun:
    """Draw once for the offer of the token's stockout. A second call returns the first result, whatever its seed."""
    shopper, offer = await lock_offer(session, token)
    version = await versions.get(session, offer.version)
    seed = server_seed(await epochs.secret_of(session, vault, day_of(offer.id), now=now), str(offer.id))
    if offer.status == "spun":
        return await _replay(session, offer, version, seed, shopper.locale)
    if offer.arm != "wheel":
        raise ConflictError("this offer has no wheel; GET /v1/offer says what it has", code="no_wheel")
    if offer.status != "open" or offer.expires_at <= now:
        raise GoneError("the offer's time is over", code="offer_expired")

    await refuse_waiting(session, offer, version)

    drawn = draw(version.table, seed, client_seed, str(offer.id))

    origin = awards.Origin(offer.subject, awards.period_of(offer), offer_id=offer.id)
    await awards.settle_offer(session, offer, BudgetKey(version.slug, origin.period), now=now)
    award = await awards.grant(session, vault, version, drawn.slice.reward, origin, now=now)
    offer.status = "spun"
    made = Spin(
        subject=offer.subject,
        offer_id=offer.id,
        id=new_id(now),
        award_id=award.id,
        table_digest=version.table.digest,
        client_seed=client_seed,
        round=drawn.round,
        ticket=drawn.ticket,
        slice_index=drawn.slice_index,
        slice=drawn.slice.slice,
        slice_weight=drawn.slice.weight,
        total_weight=version.table.total_weight,
        stop=drawn.stop,
        created_at=now,
    )
    session.add(made)
    await session.flush()

    await announce(session, "award.issued", {"award_id": str(award.id), "reward": award.reward}, now=now)
    return Spun(made, award, version, proof_of(made, seed), shopper.locale, replayed=False)


def proof_of(spin: Spin, seed: bytes) -> Proof:
    return Proof(
        algorithm=ALGORITHM,
        offer_id=str(spin.offer_id),
        table_digest=spin.table_digest,
        commitment=commitment(seed),
        server_seed=seed.hex(),
        client_seed=spin.client_seed,
        round=spin.round,
        ticket=spin.ticket,
    )


async def lock_offer(session: AsyncSession, token: ShopperToken) -> tuple[Shopper, Offer]:
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


async def refuse_waiting(session: AsyncSession, offer: Offer, version: Version) -> None:
    """Refuse a spin where the campaign says it is the wheel or waiting, and the shopper chose to wait."""
    patience = version.patience_in(offer.arm)
    if patience is None or patience.with_wheel == "both":
        return
    waiting = select(Enrolment.id).where(Enrolment.subject == offer.subject, Enrolment.offer_id == offer.id)
    if (await session.execute(waiting)).first() is not None:
        raise ConflictError("this offer was taken by waiting: it is one or the other", code="patience_chosen")


async def _replay(session: AsyncSession, offer: Offer, version: Version, seed: bytes, locale: str) -> Spun:
    spin = await session.get_one(Spin, (offer.subject, offer.id))
    award = await session.get_one(Award, (offer.subject, spin.award_id))
    return Spun(spin, award, version, proof_of(spin, seed), locale, replayed=True)
