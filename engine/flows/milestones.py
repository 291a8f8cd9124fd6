"""Milestones: promised at enrolment, with what they may cost set aside; granted when their points are there."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.campaigns import Version
from engine.db.tables import Award, Enrolment, EnrolmentMilestone
from engine.flows import awards, epochs, points
from engine.ids import day_of, new_id
from engine.kit import Kit
from engine.ledger import BudgetKey
from engine.vault import Vault
from rewards.patience import Milestone, Patience, reached_on
from rewards.wheel import draw, server_seed

# A batch holds the rows of its budgets: small enough that others do not wait for long.
BATCH = 25


class Reached(NamedTuple):
    milestone: EnrolmentMilestone
    award: Award


def draw_id(offer_id: object, milestone: Milestone) -> str | None:
    """Return what a surprise's seed is made from: fixed with the offer, before the shopper has chosen a seed."""
    return f"{offer_id}/milestone/{milestone.points}" if milestone.surprise else None


async def surprise_seed(
    session: AsyncSession, vault: Vault, offer_id: UUID, milestone: Milestone, *, now: datetime
) -> bytes:
    """Return a surprise's server seed; it belongs to the patience epoch of the offer's day."""
    secret = await epochs.secret_of(session, vault, day_of(offer_id), now=now, purpose="patience")
    return server_seed(secret, str(draw_id(offer_id, milestone)))


def promised(version: Version, terms: Patience, enrolment: Enrolment, *, now: datetime) -> list[EnrolmentMilestone]:
    """Make every milestone that can be reached, with what its last resort may cost."""
    return [
        EnrolmentMilestone(
            subject=enrolment.subject,
            enrolment_id=enrolment.id,
            points=milestone.points,
            id=new_id(now),
            status="ahead",
            due_on=reached_on(terms, enrolment.started_on, milestone.points),
            aside_minor=version.worst_minor(milestone.rewards),
            draw_id=draw_id(enrolment.offer_id, milestone),
        )
        for milestone in terms.milestone
    ]


async def set_aside(
    session: AsyncSession, enrolment: Enrolment, ahead: Iterable[EnrolmentMilestone], *, now: datetime
) -> None:
    """Set aside what milestones may cost."""
    await ledger.set_aside(
        session,
        budget_of(enrolment),
        {milestone.id: milestone.aside_minor for milestone in ahead},
        cause="milestone_promised",
        subject=enrolment.subject,
        now=now,
    )


async def bring_forward(
    session: AsyncSession, terms: Patience, enrolment: Enrolment, ahead: list[EnrolmentMilestone]
) -> None:
    """Recompute when each milestone is reached after a bonus."""
    for milestone in ahead:
        milestone.due_on = reached_on(
            terms, enrolment.started_on, milestone.points, bonus_points=enrolment.bonus_points
        )
    await session.flush()


async def ahead_of(session: AsyncSession, enrolment: Enrolment, *, lock: bool = True) -> list[EnrolmentMilestone]:
    """Return the milestones still to come, nearest first."""
    found = (
        select(EnrolmentMilestone)
        .where(
            EnrolmentMilestone.subject == enrolment.subject,
            EnrolmentMilestone.enrolment_id == enrolment.id,
            EnrolmentMilestone.status == "ahead",
        )
        .order_by(EnrolmentMilestone.points)
    )
    return list((await session.execute(found.with_for_update() if lock else found)).scalars())


async def reach_due(
    session: AsyncSession,
    kit: Kit,
    version: Version,
    enrolment: Enrolment,
    *,
    through: date,
    now: datetime,
) -> list[Reached]:
    """Grant every milestone whose points are there once `through` is over; the caller holds the enrolment's row."""
    due = [one for one in await ahead_of(session, enrolment) if one.due_on is not None and one.due_on <= through]
    reached = [await _reach(session, kit.vault, version, enrolment, milestone, now=now) for milestone in due]
    for milestone, award in reached:
        facts = {"enrolment_id": str(enrolment.id), "points": str(milestone.points), "award_id": str(award.id)}
        await kit.announce(session, "milestone.reached", facts, now=now)
    return reached


async def reach_batch(
    session: AsyncSession, kit: Kit, version: Version, *, through: date, now: datetime, wait: bool = False
) -> int:
    """Grant a batch of one campaign version's due milestones, and return how many enrolments that were.

    What others are at is left to them; with `wait`, it is looked at once they are done: one of them may have died.
    """
    due = (
        select(Enrolment)
        .join(
            EnrolmentMilestone,
            (EnrolmentMilestone.subject == Enrolment.subject) & (EnrolmentMilestone.enrolment_id == Enrolment.id),
        )
        .where(EnrolmentMilestone.status == "ahead", EnrolmentMilestone.due_on <= through)
        .where(Enrolment.version == version.digest)
        .order_by(EnrolmentMilestone.due_on, EnrolmentMilestone.enrolment_id)
        .limit(BATCH)
        .with_for_update(of=Enrolment, skip_locked=not wait)
    )
    enrolments = sorted(dict.fromkeys((await session.execute(due)).scalars()), key=budget_order)
    for enrolment in enrolments:
        await reach_due(session, kit, version, enrolment, through=through, now=now)
    return len(enrolments)


def budget_of(enrolment: Enrolment) -> BudgetKey:
    return BudgetKey(enrolment.campaign, enrolment.budget_period)


def budget_order(enrolment: Enrolment) -> tuple[str, date]:
    """Return the order in which a batch touches budgets: the same in all, so that two do not wait for each other."""
    return enrolment.campaign, enrolment.budget_period


async def miss(session: AsyncSession, enrolment: Enrolment, *, now: datetime) -> None:
    """Give back what was set aside for milestones that will not be reached any more."""
    for milestone in await ahead_of(session, enrolment):
        milestone.status = "missed"
        await _settle(session, enrolment, milestone, now=now)


async def _reach(
    session: AsyncSession,
    vault: Vault,
    version: Version,
    enrolment: Enrolment,
    milestone: EnrolmentMilestone,
    *,
    now: datetime,
) -> Reached:
    terms = _terms_of(version, milestone.points)
    reward = terms.reward
    if reward is None:
        seed = await surprise_seed(session, vault, enrolment.offer_id, terms, now=now)
        drawn = draw(terms.table(), seed, enrolment.client_seed, str(milestone.draw_id))
        milestone.round, milestone.ticket, milestone.stop = drawn.round, drawn.ticket, drawn.stop
        milestone.slice_index, milestone.slice = drawn.slice_index, drawn.slice.slice
        reward = drawn.slice.reward
    await _settle(session, enrolment, milestone, now=now)
    origin = awards.Origin(enrolment.subject, enrolment.budget_period, enrolment_id=enrolment.id)
    award = await awards.grant(session, vault, version, reward, origin, now=now)
    await session.flush()
    milestone.status, milestone.award_id, milestone.reached_at = "reached", award.id, now
    day, at = _reached_on(version, enrolment, milestone)
    # A line of no points: the ledger tells the whole story of an enrolment.
    await points.post(session, enrolment, "milestone", 0, day=day, at=at, ref=points.number_ref(milestone.points))
    return Reached(milestone, award)


def _reached_on(version: Version, enrolment: Enrolment, milestone: EnrolmentMilestone) -> tuple[date, datetime]:
    """Return when the points were there, not when a job came round to it: a rerun writes the same line."""
    earliest = enrolment.bonus_at or enrolment.created_at
    if milestone.due_on is None or version.day_over(milestone.due_on) <= earliest:
        return version.local_day(earliest), earliest
    return milestone.due_on, version.day_over(milestone.due_on)


def _terms_of(version: Version, needed: int) -> Milestone:
    return next(milestone for milestone in version.patience.milestone if milestone.points == needed)


async def _settle(session: AsyncSession, enrolment: Enrolment, milestone: EnrolmentMilestone, *, now: datetime) -> None:
    """Give back what was set aside for a milestone that is reached or missed."""
    await ledger.transfer(
        session,
        budget_of(enrolment),
        "owed",
        "available",
        milestone.aside_minor,
        cause="milestone_settled",
        cause_id=milestone.id,
        subject=enrolment.subject,
        now=now,
    )
