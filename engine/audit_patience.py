"""The audit's look at waiting: points by the rule, milestones by their draws, claims, holds, and what was set aside.

`rewards.patience` is the rule; whatever the ledger says is held against it.
"""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Subquery, func, select

from engine.audit import SOUND, Auditor, Checked, Found, Part, keep, owed_by_cause, said
from engine.campaigns import Version
from engine.db.tables import Award, Claim, Enrolment, EnrolmentMilestone, Hold, PointEntry
from engine.ids import day_of
from rewards.patience import days_earned, last_day, reached_on
from rewards.wheel import draw, server_seed

DAYS_KEPT_MAX = 10_000
_TAKES = frozenset({"claim", "expiry"})
_NO_VERSION = "its campaign version is missing, cannot be read, or has no patience programme"


async def _enrolments(auditor: Auditor) -> AsyncIterator[Checked]:
    lines, claimed, held = _lines(), _claimed(), _held()
    names = [column.name for column in lines.c if column.name not in {"subject", "enrolment_id"}]
    found = (
        select(
            Enrolment,
            *(lines.c[name] for name in names),
            func.coalesce(claimed.c.points, 0).label("claimed_points"),
            func.coalesce(held.c.live, 0).label("live_holds"),
        )
        .outerjoin(lines, (lines.c.subject == Enrolment.subject) & (lines.c.enrolment_id == Enrolment.id))
        .outerjoin(claimed, (claimed.c.subject == Enrolment.subject) & (claimed.c.enrolment_id == Enrolment.id))
        .outerjoin(held, (held.c.subject == Enrolment.subject) & (held.c.enrolment_id == Enrolment.id))
    )
    async for row in auditor.rows(found):
        version = await auditor.version(row.version)
        if version is None or version.campaign.patience is None:
            yield Checked(str(row.id), [_NO_VERSION])
            continue
        faults = [*_day_faults(row, version), *_point_faults(row, version), *_end_faults(row)]
        yield Checked(str(row.id), faults)


def _day_faults(row: Row[Any], version: Version) -> Found:
    """Yield where the days written are not the days waited for, one entry a day."""
    if row.last_on != last_day(row.started_on, version.patience.days_max):
        yield f"its last day is {row.last_on}, by its terms {last_day(row.started_on, version.patience.days_max)}"
    if not row.days:
        return
    if row.first_day != row.started_on or row.days != (row.final_day - row.first_day).days + 1:
        yield f"{row.days} days are written between {row.first_day} and {row.final_day}, it began on {row.started_on}"
    if row.days > days_earned(row.started_on, row.last_on, row.last_on):
        yield f"{row.days} days are written, its programme has {version.patience.days_max}"
    if row.ended_at is not None and row.final_day >= version.local_day(row.ended_at):
        yield f"{row.final_day} is written, it ended on {version.local_day(row.ended_at)}"


def _point_faults(row: Row[Any], version: Version) -> Found:
    terms = version.patience
    expected = {
        "welcome": terms.starter_points,
        "accrual": (row.days or 0) * terms.points_per_day,
        "delay_bonus": row.delay_bonuses * terms.delay_bonus_points,
        "claim": -row.claimed_points,
    }
    written = {name: getattr(row, name) or 0 for name in (*expected, "reversal")}
    # A reversed claim stands in the ledger twice, there and back.
    written["claim"] += written.pop("reversal")
    for name, points in expected.items():
        if written[name] != points:
            yield f"{name} entries sum to {written[name]}, recomputed {points}"
    if row.bonus_points != written["delay_bonus"]:
        yield f"bonus_points is {row.bonus_points}, its entries sum to {written['delay_bonus']}"
    if row.spent_points != row.claimed_points:
        yield f"spent_points is {row.spent_points}, its claims cost {row.claimed_points}"
    if (row.balance or 0) < 0:
        yield f"its balance is {row.balance}"


def _end_faults(row: Row[Any]) -> Found:
    if (row.status == "active") != (row.ended_at is None):
        yield f"its status is {row.status}, ended at {said(row.ended_at)}"
    if row.status == "active" and row.points_expire_at is not None:
        yield "its points expire while it is active"
    if row.status != "active" and row.points_expire_at is None and (row.balance or 0) != 0:
        yield f"it has ended, and {row.balance} points are left that never expire"
    if row.live_holds > (row.status == "active"):
        yield f"{row.live_holds} holds are open, its status is {row.status}"


async def _points(auditor: Auditor) -> AsyncIterator[Checked]:
    """Look at every line; there are more of these than of all else, so what is sound costs as little as it can."""
    lines = select(
        PointEntry.enrolment_id,
        PointEntry.day,
        PointEntry.kind,
        PointEntry.points,
        PointEntry.at,
        Enrolment.version,
    ).outerjoin(Enrolment, (Enrolment.subject == PointEntry.subject) & (Enrolment.id == PointEntry.enrolment_id))
    over: dict[tuple[str, date], datetime | None] = {}
    async for row in auditor.rows(lines):
        enrolment, day, kind, points, at, digest = tuple(row)
        if kind == "accrual" and digest is not None and (digest, day) not in over:
            version = await auditor.version(digest)
            keep(over, (digest, day), version and version.day_over(day), DAYS_KEPT_MAX)
        ends = over.get((digest, day), at) if kind == "accrual" else at
        if digest is not None and ends in {at, None} and (points < 0) == (kind in _TAKES):
            yield SOUND
        else:
            faults = _point_line_faults(kind, points, at, ends, known=digest is not None)
            yield Checked(f"{enrolment} {day} {kind}", [fault.format(enrolment) for fault in faults])


def _point_line_faults(kind: str, points: int, at: datetime, ends: datetime | None, *, known: bool) -> Found:
    if not known:
        yield "there is no enrolment {}"
    if ends is not None and ends != at:
        yield f"it is of {at.isoformat()}, that day is over at {ends.isoformat()}"
    if (points < 0) != (kind in _TAKES):
        yield f"{kind} moves {points} points"


async def _milestones(auditor: Auditor) -> AsyncIterator[Checked]:
    aside = owed_by_cause()
    found = (
        select(
            EnrolmentMilestone,
            Enrolment.version,
            Enrolment.offer_id,
            Enrolment.started_on,
            Enrolment.bonus_points,
            Enrolment.client_seed,
            Enrolment.status.label("enrolment_status"),
            Award.reward.label("award_reward"),
            Award.enrolment_id.label("award_enrolment_id"),
            func.coalesce(aside.c.owed, 0).label("owed"),
        )
        .join(
            Enrolment,
            (Enrolment.subject == EnrolmentMilestone.subject) & (Enrolment.id == EnrolmentMilestone.enrolment_id),
        )
        .outerjoin(Award, (Award.subject == EnrolmentMilestone.subject) & (Award.id == EnrolmentMilestone.award_id))
        .outerjoin(aside, (aside.c.subject == EnrolmentMilestone.subject) & (aside.c.cause_id == EnrolmentMilestone.id))
    )
    async for row in auditor.rows(found):
        version = await auditor.version(row.version)
        if version is None or version.campaign.patience is None:
            yield Checked(str(row.id), [_NO_VERSION])
            continue
        faults = [*_state_faults(row, version), *await _reward_faults(auditor, row, version)]
        yield Checked(f"{row.id} (enrolment {row.enrolment_id}, {row.points} points)", faults)


def _state_faults(row: Row[Any], version: Version) -> Found:
    if (row.status == "reached") != (row.award_id is not None):
        yield f"its status is {row.status}, its award {said(row.award_id)}"
    if row.status == "ahead" and row.enrolment_status != "active":
        yield f"it is ahead of an enrolment that is {row.enrolment_status}"
    due_on = reached_on(version.patience, row.started_on, row.points, bonus_points=row.bonus_points)
    if row.status == "ahead" and row.due_on != due_on:
        yield f"it is due on {row.due_on}, recomputed {due_on}"
    owed = row.aside_minor if row.status == "ahead" else 0
    if row.owed != owed:
        yield f"{row.owed} is set aside for it, recomputed {owed}"


async def _reward_faults(auditor: Auditor, row: Row[Any], version: Version) -> list[str]:
    """Return where the award is not what the milestone, or its committed draw, gives."""
    if row.status != "reached":
        return []
    milestone = next((one for one in version.patience.milestone if one.points == row.points), None)
    if milestone is None:
        return ["its campaign version has no such milestone"]
    faults = [] if row.award_enrolment_id == row.enrolment_id else ["its award is of another enrolment"]
    reward = milestone.reward
    if reward is None:
        secret = await auditor.secret(day_of(row.offer_id), "patience")
        if secret is None:
            return [*faults, f"the patience secret of {day_of(row.offer_id)} is missing or does not open"]
        drawn = draw(milestone.table(), server_seed(secret, row.draw_id), row.client_seed, row.draw_id)
        recomputed = (drawn.round, drawn.ticket, drawn.slice_index, drawn.slice.slice, drawn.stop)
        stored = (row.round, row.ticket, row.slice_index, row.slice, row.stop)
        if stored != recomputed:
            faults.append(f"it was drawn as {stored}, recomputed {recomputed}")
        reward = drawn.slice.reward
    if row.award_reward not in version.chain(reward):
        faults.append(f"awarded {row.award_reward}, it gives {' or '.join(version.chain(reward))}")
    return faults


async def _claims(auditor: Auditor) -> AsyncIterator[Checked]:
    found = select(Claim, Award.enrolment_id.label("award_enrolment_id"), Award.status.label("award_status")).outerjoin(
        Award, (Award.subject == Claim.subject) & (Award.id == Claim.award_id)
    )
    async for row in auditor.rows(found):
        faults = [] if row.award_enrolment_id == row.enrolment_id else ["its award is of another enrolment"]
        if row.reversed_at is not None and row.award_status in {"issued", "reserved", "redeemed"}:
            faults.append(f"it is reversed, its award is {row.award_status}")
        yield Checked(str(row.id), faults)


async def _holds(auditor: Auditor) -> AsyncIterator[Checked]:
    async for row in auditor.rows(select(Hold)):
        faults = []
        if (row.status == "offered") != (row.settled_at is None):
            faults.append(f"its status is {row.status}, settled at {said(row.settled_at)}")
        if row.ends_at - row.created_at < timedelta(hours=1):
            faults.append(f"it lasts {row.ends_at - row.created_at}")
        if row.quantity < 1:
            faults.append(f"it holds {row.quantity} units")
        yield Checked(str(row.id), faults)


def _lines() -> Subquery:
    """Each enrolment's points by kind, and the days it has been paid."""

    def total(kind: str) -> Any:
        return func.coalesce(func.sum(PointEntry.points).filter(PointEntry.kind == kind), 0).label(kind)

    days = PointEntry.kind == "accrual"
    kinds = ("welcome", "accrual", "delay_bonus", "claim", "reversal")
    return (
        select(
            PointEntry.subject,
            PointEntry.enrolment_id,
            func.sum(PointEntry.points).label("balance"),
            func.count().filter(days).label("days"),
            func.min(PointEntry.day).filter(days).label("first_day"),
            func.max(PointEntry.day).filter(days).label("final_day"),
            *(total(kind) for kind in kinds),
        )
        .group_by(PointEntry.subject, PointEntry.enrolment_id)
        .subquery()
    )


def _claimed() -> Subquery:
    return (
        select(Claim.subject, Claim.enrolment_id, func.sum(Claim.points).label("points"))
        .where(Claim.reversed_at.is_(None))
        .group_by(Claim.subject, Claim.enrolment_id)
        .subquery()
    )


def _held() -> Subquery:
    return (
        select(Hold.subject, Hold.enrolment_id, func.count().label("live"))
        .where(Hold.status == "offered")
        .group_by(Hold.subject, Hold.enrolment_id)
        .subquery()
    )


PARTS = (
    Part("enrolments", "points by the rule of waiting", Enrolment, _enrolments),
    Part("point_entries", "lines of the points ledger", PointEntry, _points),
    Part("enrolment_milestones", "dates, draws and what is set aside", EnrolmentMilestone, _milestones),
    Part("claims", "points spent", Claim, _claims),
    Part("holds", "units kept for those who wait", Hold, _holds),
)
