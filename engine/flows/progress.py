"""Everything about one enrolment, gathered for whoever may see it."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.db.tables import (
    Award,
    Claim,
    Enrolment,
    EnrolmentMilestone,
    Hold,
    Offer,
    PointEntry,
    Promise,
    Stock,
    Stockout,
)
from engine.flows import claims, milestones, points, restocks
from engine.flows import stock as shelves
from engine.flows.enrolments import Enrolled
from engine.flows.restocks import Place
from engine.kit import Kit
from rewards.wheel import commitment

EARNING = frozenset({"accrual", "welcome", "delay_bonus"})


class Progress(NamedTuple):
    """An enrolment as it stands."""

    found: Enrolled
    stockout: Stockout
    balance: int
    earned: int
    today: date
    entries: list[PointEntry]
    milestones: list[EnrolmentMilestone]
    seeds: dict[int, bytes]  # of surprises, by points; only those already drawn may be shown
    awards: dict[str, Award]  # by id
    claims: list[Claim]
    promises: list[Promise]
    stock: Stock | None
    place: Place | None
    hold: Hold | None

    def commitment(self, points_needed: int) -> str:
        return commitment(self.seeds[points_needed])


async def of(session: AsyncSession, kit: Kit, found: Enrolled, *, now: datetime) -> Progress:
    """Gather one enrolment's points, milestones, promise, queue and hold."""
    enrolment, version = found.enrolment, found.version
    lines = await points.entries(session, enrolment)
    offer = await session.get_one(Offer, (enrolment.subject, enrolment.offer_id))
    seeds = {
        milestone.points: await milestones.surprise_seed(session, kit.vault, offer.id, milestone, now=now)
        for milestone in version.patience.milestone
        if milestone.surprise
    }
    won = select(Award).where(Award.subject == enrolment.subject, Award.enrolment_id == enrolment.id)
    active = enrolment.status == "active"
    return Progress(
        found=found,
        stockout=await session.get_one(Stockout, (enrolment.subject, offer.stockout_id)),
        balance=sum(line.points for line in lines),
        earned=sum(line.points for line in lines if line.kind in EARNING),
        today=version.local_day(now),
        entries=lines,
        milestones=await _milestones(session, enrolment),
        seeds=seeds,
        awards={str(award.id): award for award in (await session.execute(won)).scalars()},
        claims=await claims.claims_of(session, enrolment),
        promises=await shelves.promises_of(session, enrolment.sku),
        stock=await session.get(Stock, enrolment.sku),
        place=await restocks.place_of(session, kit.versions, enrolment, now=now) if active else None,
        hold=await restocks.live_hold(session, enrolment) if active else None,
    )


async def _milestones(session: AsyncSession, enrolment: Enrolment) -> list[EnrolmentMilestone]:
    found = select(EnrolmentMilestone).where(
        EnrolmentMilestone.subject == enrolment.subject, EnrolmentMilestone.enrolment_id == enrolment.id
    )
    return list((await session.execute(found.order_by(EnrolmentMilestone.points))).scalars())
