"""What came of a stockout, as the shop tells it: each event once, late ones too."""

import hmac
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.api.schemas import OutcomeBody
from engine.db.tables import Enrolment, Outcome, Shopper, Stockout
from engine.errors import FieldError, IdempotencyMismatchError, InvalidBodyError, NotFoundError
from engine.flows import enrolments
from engine.kit import Kit


class Noted(NamedTuple):
    outcome: Outcome
    replayed: bool


async def note(session: AsyncSession, kit: Kit, body: OutcomeBody, *, now: datetime) -> Noted:
    """Record an outcome; a purchase ends the waiting of that shopper for that product."""
    digest = kit.vault.digest("outcome body", msgspec.json.encode(body, order="sorted"))
    if seen := await session.get(Outcome, body.event_id):
        return _replay(seen, digest)
    subject, sku = await _about(session, body)
    row = insert(Outcome).values(
        event_id=body.event_id,
        body_digest=digest,
        subject=subject,
        kind=body.kind,
        sku=sku,
        order_id=body.order_id,
        occurred_at=body.occurred_at or now,
        created_at=now,
    )
    first = (await session.execute(row.on_conflict_do_nothing().returning(Outcome.event_id))).first() is not None
    outcome = await session.get_one(Outcome, body.event_id, populate_existing=True)
    if not first:
        return _replay(outcome, digest)

    waiting = await enrolments.lock_active(session, subject, sku)
    if waiting is not None:
        version = await kit.versions.get(session, waiting.version)
        outcome.enrolment_id = waiting.id
        await enrolments.end(session, kit, version, waiting, "bought", now=now)
    return Noted(outcome, replayed=False)


def _replay(seen: Outcome, digest: bytes) -> Noted:
    if not hmac.compare_digest(seen.body_digest, digest):
        raise IdempotencyMismatchError("this event_id was already reported with another body")
    return Noted(seen, replayed=True)


async def _about(session: AsyncSession, body: OutcomeBody) -> tuple[UUID, str]:
    """Return whom and which product the outcome is about, by whichever of its names the shop knows."""
    if body.enrolment_id is not None:
        by_enrolment = select(Enrolment.subject, Enrolment.sku).where(Enrolment.id == body.enrolment_id)
        row = (await session.execute(by_enrolment)).one_or_none()
        if row is None:
            raise NotFoundError("this enrolment is not known", code="enrolment_unknown")
        return row.subject, row.sku
    if body.stockout_id is not None:
        by_stockout = select(Stockout.subject, Stockout.sku).where(Stockout.id == body.stockout_id)
        row = (await session.execute(by_stockout)).one_or_none()
        if row is None:
            raise NotFoundError("this stockout is not known", code="stockout_unknown")
        return row.subject, row.sku
    if body.shopper_id is None or body.sku is None:
        message = "give `stockout_id`, `enrolment_id`, or `shopper_id` with `sku`"
        raise InvalidBodyError(message, errors=[FieldError("stockout_id", message)])
    shopper = await session.get(Shopper, body.shopper_id)
    if shopper is None:
        raise NotFoundError("this shopper is not known", code="shopper_unknown")
    return shopper.subject, body.sku
