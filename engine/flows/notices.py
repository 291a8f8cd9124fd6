"""One message a shopper asked for: the product is back, or the code just won. No other use is made of the address."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import Award, Notice, Shopper, Stock, Stockout
from engine.errors import ConflictError, FieldError, InvalidBodyError, NotFoundError, StockoutNotYoursError
from engine.flows import stock as shelves
from engine.flows import stockouts
from engine.ids import new_id
from engine.kit import Kit
from engine.vault import ShopperToken, Vault

KEPT_DAYS = 365  # a product that is not back by then is not waited for
_OPEN = ("waiting", "due")


class To(NamedTuple):
    """Where a message goes and in which language; without an address, to the one the shop gave."""

    email: str | None
    locale: str = ""


class Asked(NamedTuple):
    notice: Notice
    replayed: bool = False


async def ask_restock(session: AsyncSession, kit: Kit, token: ShopperToken, to: To, *, now: datetime) -> Asked:
    """Promise one message when the token's product is back; asked again, the newer address counts."""
    shopper, stockout = await _of_token(session, token)
    _refuse_nowhere(shopper, to)
    stock = await session.get(Stock, stockout.sku)
    if stock is not None and await shelves.free(session, stock) >= stockout.quantity:
        raise ConflictError("this product is there: nothing to wait for", code="still_available")

    fresh = {**_notice(kit.vault, shopper, stockout, to, now=now), "kind": "restock", "status": "waiting"}
    row = insert(Notice).values(fresh)
    sealed = {"address_sealed": row.excluded.address_sealed, "locale": row.excluded.locale}
    asked = row.on_conflict_do_update(
        index_elements=[Notice.subject, Notice.sku],
        index_where=(Notice.kind == "restock") & Notice.status.in_(_OPEN),
        set_=sealed,
    )
    found = (await session.execute(asked.returning(Notice.id))).scalar_one()
    notice = await session.get_one(Notice, (shopper.subject, found), populate_existing=True)
    return Asked(notice, replayed=notice.id != fresh["id"])


async def withdraw(session: AsyncSession, token: ShopperToken, *, now: datetime) -> None:
    """Take the wish back and forget the address; again changes nothing."""
    shopper, stockout = await _of_token(session, token)
    mine = update(Notice).where(Notice.subject == shopper.subject, Notice.sku == stockout.sku, Notice.kind == "restock")
    await session.execute(
        mine.where(Notice.status.in_(_OPEN)).values(status="withdrawn", address_sealed=None, told_at=now)
    )


async def open_for(session: AsyncSession, subject: UUID, sku: str) -> bool:
    """Whether this shopper will be told when the product is back."""
    mine = select(Notice.id).where(Notice.subject == subject, Notice.sku == sku, Notice.kind == "restock")
    return (await session.execute(mine.where(Notice.status.in_(_OPEN)))).first() is not None


async def ask_code(
    session: AsyncSession,
    kit: Kit,
    token: ShopperToken,
    award_id: UUID,
    to: To,
    *,
    now: datetime,
) -> Asked:
    """Have the shop send a code to whoever won it; a second time within the hour is the first time."""
    shopper, stockout = await _of_token(session, token)
    award = await session.get(Award, (shopper.subject, award_id), with_for_update=True)
    if award is None:
        raise NotFoundError("this award is not known", code="award_unknown")
    _refuse_nowhere(shopper, to)
    lately = select(Notice).where(
        Notice.subject == shopper.subject, Notice.award_id == award_id, Notice.created_at > now - timedelta(hours=1)
    )
    if earlier := (await session.execute(lately)).scalars().first():
        return Asked(earlier, replayed=True)

    fresh = _notice(kit.vault, shopper, stockout, to, now=now)
    notice = Notice(**fresh, kind="code", status="due", award_id=award_id)
    session.add(notice)
    await session.flush()

    facts = {"notice_id": str(notice.id), "award_id": str(award_id), "stockout_id": str(stockout.id)}
    await kit.announce(session, "code.wanted", facts, now=now)
    return Asked(notice)


async def fall_due(session: AsyncSession, kit: Kit, stock: Stock, *, batch: int, now: datetime) -> int:
    """Announce a batch of restock notices, oldest first, where units are left for people who do not wait for points."""
    if await shelves.free(session, stock) <= 0:
        return 0
    waiting = select(Notice).where(Notice.sku == stock.sku, Notice.status == "waiting").order_by(Notice.created_at)
    found = (await session.execute(waiting.limit(batch).with_for_update(skip_locked=True))).scalars().all()
    for notice in found:
        notice.status = "due"
        facts = {"notice_id": str(notice.id), "sku": notice.sku, "stockout_id": str(notice.stockout_id)}
        await kit.announce(session, "restock.notice", facts, now=now)
    return len(found)


async def to_tell(session: AsyncSession, vault: Vault, notice_id: UUID) -> dict[str, str | None] | None:
    """Return to whom a due notice goes, or None where nothing is to be told: withdrawn, erased, or sold out again."""
    notice = await _find(session, notice_id)
    if notice is None or notice.status != "due":
        return None
    shopper = (await session.execute(select(Shopper).where(Shopper.subject == notice.subject))).scalar_one_or_none()
    if shopper is None:
        return None
    if notice.kind == "restock":
        stock = await session.get(Stock, notice.sku)
        if stock is None or await shelves.free(session, stock) <= 0:
            notice.status = "waiting"  # for the next delivery
            return None
    address = vault.open(notice.address_sealed).decode() if notice.address_sealed else shopper.email
    if address is None:
        return None
    told = {"email": address, "locale": notice.locale, "first_name": shopper.first_name}
    if notice.award_id is not None:
        award = await session.get_one(Award, (notice.subject, notice.award_id))
        told |= {"code": vault.open(award.code_sealed).decode(), "expires_at": award.expires_at.isoformat()}
    return told


async def told(session: AsyncSession, notice_id: UUID, *, now: datetime) -> None:
    """The shop has it: the address has served."""
    notice = await _find(session, notice_id)
    if notice is not None and notice.status == "due":
        notice.status, notice.told_at, notice.address_sealed = "told", now, None


async def forget_old(session: AsyncSession, *, now: datetime) -> int:
    """Drop wishes that nothing came of for a year."""
    old = select(Notice.subject, Notice.id).where(
        Notice.status.in_(_OPEN), Notice.created_at < now - timedelta(days=KEPT_DAYS)
    )
    for subject, notice_id in (rows := (await session.execute(old.limit(500))).all()):
        await session.execute(delete(Notice).where(Notice.subject == subject, Notice.id == notice_id))
    return len(rows)


async def _find(session: AsyncSession, notice_id: UUID) -> Notice | None:
    found = select(Notice).where(Notice.id == notice_id).with_for_update()
    return (await session.execute(found)).scalar_one_or_none()


async def _of_token(session: AsyncSession, token: ShopperToken) -> tuple[Shopper, Stockout]:
    owned = await stockouts.of_token(session, token.shopper_id, token.stockout_id)
    if owned is None:
        raise StockoutNotYoursError
    return owned


def _refuse_nowhere(shopper: Shopper, to: To) -> None:
    if to.email is None and shopper.email is None:
        message = "is needed: the shop gave none"
        raise InvalidBodyError(f"`email` {message}", errors=[FieldError("email", message)])


def _notice(vault: Vault, shopper: Shopper, stockout: Stockout, to: To, *, now: datetime) -> dict[str, Any]:
    return {
        "subject": shopper.subject,
        "id": new_id(now),
        "stockout_id": stockout.id,
        "sku": stockout.sku,
        "address_sealed": vault.seal(to.email.encode()) if to.email else None,
        "locale": to.locale or shopper.locale,
        "created_at": now,
    }
