"""What the shop says is on its shelves; late messages never overwrite newer ones."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from engine.api.schemas import StockBody
from engine.db.tables import Hold, Promise, Stock, Stockout
from engine.flows.stockouts import refuse_strange_time


class Promised(NamedTuple):
    """When a product is expected and why it is late; nothing where nobody knows."""

    expected_on: date | None
    reason: str | None


def promised(stock: Stock | None, stockout: Stockout, told: Sequence[Promise] = ()) -> Promised:
    """Return the shop's word of a product over the report's; a date withdrawn since (`told`) is no promise any more."""
    if stock is not None and stock.expected_on is not None:
        return Promised(stock.expected_on, stock.reason)
    if told and told[-1].expected_on is None and told[-1].as_of >= stockout.created_at:
        return Promised(None, told[-1].reason)
    return Promised(stockout.expected_on, (stock and stock.reason) or stockout.reason)


async def promises_of(session: AsyncSession, sku: str, newest: int = 50) -> list[Promise]:
    """Return the newest dates given for a product, oldest first."""
    found = select(Promise).where(Promise.sku == sku).order_by(Promise.as_of.desc()).limit(newest)
    return list(reversed((await session.execute(found)).scalars().all()))


async def newest_promise(session: AsyncSession, stock: Stock | None, stockout: Stockout) -> Promised:
    """Return when a stockout's product is back by the shop's newest word; a date that was withdrawn is none."""
    given = stock is not None and stock.expected_on is not None
    told = [] if stock is None or given else await promises_of(session, stock.sku, newest=1)
    return promised(stock, stockout, told)


async def put(session: AsyncSession, sku: str, body: StockBody, *, now: datetime) -> tuple[Stock, bool]:
    """Record what is there; return what is known now, and whether this message changed it."""
    as_of = body.as_of or now
    refuse_strange_time("as_of", as_of, now=now)

    told = {
        "available": body.available,
        "expected_on": body.expected_on,
        "reason": body.reason,
        "backorderable": body.backorderable,
        "as_of": as_of,
    }
    row = insert(Stock).values(sku=sku, **told)
    newer = row.on_conflict_do_update(index_elements=[Stock.sku], set_=told, where=Stock.as_of < as_of)
    applied = (await session.execute(newer.returning(Stock.sku))).first() is not None
    known = await session.get_one(Stock, sku, populate_existing=True)
    return known, applied


async def free(session: AsyncSession, stock: Stock) -> int:
    """Return the units not spoken for: open holds are, and holds used since the shop last counted."""
    taken = select(_taken(literal(stock.sku), literal(stock.as_of)))
    return stock.available - int((await session.execute(taken)).scalar_one())


async def shelves_of(session: AsyncSession, skus: Sequence[str]) -> dict[str, tuple[Stock, int]]:
    """Return the products the shop ever spoke of, each with the units not spoken for."""
    found = select(Stock, _taken(Stock.sku, Stock.as_of)).where(Stock.sku.in_(skus))
    return {stock.sku: (stock, stock.available - int(taken)) for stock, taken in (await session.execute(found)).all()}


def _taken(sku: ColumnElement[str] | InstrumentedAttribute[str], as_of: Any) -> ScalarSelect[Any]:
    counts = or_(Hold.status == "offered", (Hold.status == "used") & (Hold.settled_at > as_of))
    held = select(func.coalesce(func.sum(Hold.quantity), 0)).where(Hold.sku == sku, counts)
    return held.correlate(Stock).scalar_subquery()
