"""Waiting: what a day earns, what points open and when, in pure functions that are the truth for any SQL beside them.

A day is a local calendar day in the campaign's zone. An enrolment earns the day it started on and each later one, once
that day is over, up to its last day: dates alone decide, so no clock change can add or lose one.
"""

from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec

from rewards.catalogue import RewardId
from rewards.wheel import Slice, Table, Weight

POINTS_MAX = 1_000_000
# What a milestone with a list is called, before anyone knows what it will be.
SURPRISE = "surprise-gift"

Points = Annotated[int, msgspec.Meta(ge=0, le=POINTS_MAX)]
PointsNeeded = Annotated[int, msgspec.Meta(ge=1, le=POINTS_MAX)]


class Surprise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a milestone's weighted list."""

    reward: RewardId
    weight: Weight


class Milestone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Points at which a reward is granted: a named one, or a surprise drawn from its own list."""

    points: PointsNeeded
    reward: RewardId | None = None
    surprise: Annotated[tuple[Surprise, ...], msgspec.Meta(max_length=64)] = ()

    def __post_init__(self) -> None:
        if (self.reward is None) == (not self.surprise):
            raise ValueError("give a `reward` or a `surprise` list, one of the two")
        if len({line.reward for line in self.surprise}) < len(self.surprise):
            raise ValueError("one reward stands twice in `surprise`; add its weights up")

    @property
    def rewards(self) -> tuple[str, ...]:
        """Every reward this milestone may grant."""
        return (self.reward,) if self.reward is not None else tuple(line.reward for line in self.surprise)

    def table(self) -> Table:
        """Return what is drawn from; a named reward has no table."""
        return Table.of([Slice(line.reward, line.reward, line.weight) for line in self.surprise])


class Spend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reward that points can buy."""

    reward: RewardId
    points: PointsNeeded


class Patience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The patience programme of one campaign."""

    points_per_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    starter_points: Points = 0
    days_max: Annotated[int, msgspec.Meta(ge=1, le=730)] = 60
    delay_bonus_points: Points = 0
    delay_bonuses_max: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    points_expire_days: Annotated[int, msgspec.Meta(ge=1, le=730)] = 90  # after the enrolment has ended
    hold_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 14)] = 24
    safety_stock: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    hold_units_max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5  # one large wish must not take a whole restock
    with_wheel: Literal["both", "either"] = "both"  # may one stockout be spun for and waited for
    milestone: Annotated[tuple[Milestone, ...], msgspec.Meta(max_length=32)] = ()
    spend: Annotated[tuple[Spend, ...], msgspec.Meta(max_length=32)] = ()

    def __post_init__(self) -> None:
        points = [milestone.points for milestone in self.milestone]
        if points != sorted(set(points)):
            raise ValueError("milestones stand in order of `points`, each once")
        if len({line.reward for line in self.spend}) < len(self.spend):
            raise ValueError("one reward stands twice in `spend`")


def last_day(started_on: date, days_max: int) -> date:
    """Return the last local day that can be earned."""
    return started_on + timedelta(days=days_max - 1)


def days_earned(started_on: date, last_on: date, through: date) -> int:
    """Return how many days are earned once the local day `through` is over."""
    return max(0, (min(through, last_on) - started_on).days + 1)


def points_earned(terms: Patience, started_on: date, through: date, *, bonus_points: int = 0) -> int:
    """Return every point earned once `through` is over: welcome, days and bonuses, whatever was spent since."""
    days = days_earned(started_on, last_day(started_on, terms.days_max), through)
    return terms.starter_points + bonus_points + days * terms.points_per_day


def reached_on(terms: Patience, started_on: date, points: int, *, bonus_points: int = 0) -> date | None:
    """Return the local day at whose end `points` are earned; the day before the start when they already are.

    None when the programme ends first.
    """
    missing = points - terms.starter_points - bonus_points
    if missing <= 0:
        return started_on - timedelta(days=1)
    days = -(-missing // terms.points_per_day)
    return started_on + timedelta(days=days - 1) if days <= terms.days_max else None


def is_slip(expected_on: date | None, latest_promise: date | None) -> bool:
    """Whether a date breaks a promise: only one later than any given before does, so dates that jump earn nothing."""
    return expected_on is not None and latest_promise is not None and expected_on > latest_promise
