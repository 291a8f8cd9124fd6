"""The terms of waiting: what a day earns, what points open, and when it ends."""

from typing import Annotated

import msgspec

from rewards.catalogue import RewardId
from rewards.wheel import Weight

POINTS_MAX = 1_000_000

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
    surprise: tuple[Surprise, ...] = ()

    def __post_init__(self) -> None:
        if (self.reward is None) == (not self.surprise):
            raise ValueError("give a `reward` or a `surprise` list, one of the two")


class Patience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The patience programme of one campaign."""

    points_per_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    starter_points: Points = 0
    days_max: Annotated[int, msgspec.Meta(ge=1, le=730)] = 60
    delay_bonus_points: Points = 0
    milestone: tuple[Milestone, ...] = ()
