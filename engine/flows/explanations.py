"""Why a shopper got, or did not get, something: one decision with everything stored about it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import Award, CampaignVersion, Offer, Redemption, Shopper, Spin, Stockout
from engine.errors import NotFoundError
from engine.messages import Messages
from rules.facts import Facts

FOUND_MAX = 50


class Told(NamedTuple):
    """Everything stored about one offer."""

    offer: Offer
    stockout: Stockout
    version: CampaignVersion
    shopper: Shopper | None  # None once erased
    spin: Spin | None
    award: Award | None
    redemptions: Sequence[Redemption]


async def of_offer(session: AsyncSession, offer_id: UUID) -> Told:
    offer = (await session.execute(select(Offer).where(Offer.id == offer_id))).scalar_one_or_none()
    if offer is None:
        raise NotFoundError(f"there is no offer {offer_id} in this database")
    mine = Redemption.subject == offer.subject
    spin = await session.get(Spin, (offer.subject, offer.id))
    won = select(Award).where(Award.subject == offer.subject, Award.offer_id == offer.id)
    award = (await session.execute(won)).scalar_one_or_none()
    used = select(Redemption).where(mine, Redemption.award_id == award.id) if award else None
    return Told(
        offer,
        await session.get_one(Stockout, (offer.subject, offer.stockout_id)),
        await session.get_one(CampaignVersion, offer.version),
        (await session.execute(select(Shopper).where(Shopper.subject == offer.subject))).scalar_one_or_none(),
        spin,
        award,
        (await session.execute(used.order_by(Redemption.created_at))).scalars().all() if used is not None else (),
    )


async def find(session: AsyncSession, wanted: str) -> list[Offer]:
    """Return the offers that an offer's, a stockout's or a shopper's id names, the newest first."""
    known = [Shopper.shopper_id == wanted]
    with suppress(ValueError):  # a shopper's id may be any word
        known += [Offer.id == UUID(wanted), Offer.stockout_id == UUID(wanted)]
    found = (
        select(Offer)
        .outerjoin(Shopper, Shopper.subject == Offer.subject)
        .where(or_(*known))
        .order_by(Offer.created_at.desc())
        .limit(FOUND_MAX)
    )
    return list((await session.execute(found)).scalars())


def flat(facts: dict[str, Any], say: Messages) -> Iterator[tuple[str, str]]:
    """Yield every fact by its dotted name, in the order the rules know them; the database keeps none."""
    yield from _flat(in_order(facts), say)


def in_order(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts in the order the rules know them; the database keeps none."""
    known = [name for name in Facts.__struct_fields__ if name in facts]
    return {name: facts[name] for name in [*known, *(facts.keys() - known)]}


def _flat(facts: dict[str, Any], say: Messages, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every fact by its dotted name."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, say, f"{prefix}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for place, item in enumerate(value):
                yield from _flat(item, say, f"{prefix}{name}[{place}].")
        else:
            yield f"{prefix}{name}", _plain(value, say)


def _plain(value: Any, say: Messages) -> str:
    """Write a fact in the reader's words; what the shop calls things stays as it is."""
    match value:
        case None | "":
            return say.text("word-not-told")
        case bool():
            return say.text("word-yes" if value else "word-no")
        case list():
            return ", ".join(map(str, value)) or say.text("word-none")
        case _:
            return str(value)
