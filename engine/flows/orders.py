"""What becomes of an order that cannot be filled now: its shopper keeps it or cancels it, and the shop is told."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import Event, OrderChoice, Shopper
from engine.errors import ConflictError, StockoutNotYoursError
from engine.flows import stockouts
from engine.kit import Kit
from engine.vault import ShopperToken

Choice = Literal["keep", "cancel"]


class Chosen(NamedTuple):
    choice: Choice
    replayed: bool = False


async def choose(session: AsyncSession, kit: Kit, token: ShopperToken, choice: Choice, *, now: datetime) -> Chosen:
    """Note the choice. Who keeps may still cancel; a cancelled order is the shop's to make anew."""
    owned = await stockouts.of_token(session, token.shopper_id, token.stockout_id)
    if owned is None:
        raise StockoutNotYoursError
    shopper, stockout = owned
    if stockout.stage != "ordered":
        raise ConflictError("nothing was ordered yet", code="not_ordered")
    # Two tabs may answer at once: one after the other, by the shopper's row.
    await session.execute(select(Shopper.subject).where(Shopper.subject == shopper.subject).with_for_update())
    earlier = await session.get(OrderChoice, (stockout.subject, stockout.id), populate_existing=True)
    if earlier is not None and earlier.choice == choice:
        return Chosen(choice, replayed=True)
    if earlier is not None and earlier.choice == "cancel":
        raise ConflictError("this order was cancelled", code="order_cancelled")

    if earlier is None:
        session.add(OrderChoice(subject=stockout.subject, stockout_id=stockout.id, choice=choice, created_at=now))
    else:
        earlier.choice, earlier.created_at = choice, now
    await session.flush()

    facts = {"stockout_id": str(stockout.id), "sku": stockout.sku, "quantity": str(stockout.quantity)}
    reported = select(Event.event_id).where(Event.subject == stockout.subject, Event.stockout_id == stockout.id)
    if event_id := (await session.execute(reported)).scalar_one_or_none():
        facts["event_id"] = event_id
    if choice == "keep":
        await kit.announce(session, "order.kept", facts, now=now)
    else:
        await kit.announce(session, "order.cancelled", facts, now=now)
    return Chosen(choice)


async def chosen_for(session: AsyncSession, subject: UUID, stockout_id: UUID) -> str | None:
    row = await session.get(OrderChoice, (subject, stockout_id))
    return row.choice if row else None
