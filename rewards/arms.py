"""Arms of an experiment: what a share of the shoppers is offered, and which share a shopper is in."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from rewards.catalogue import RewardId

PERCENT_SUM = 100
_TWO_64 = 1 << 64

ArmName = Literal["wheel", "sure", "patience", "apology", "nothing", "holdout"]
Percent = Annotated[int, msgspec.Meta(ge=1, le=PERCENT_SUM)]


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[arm]]`: its share of the shoppers, and what sets it apart."""

    name: ArmName
    percent: Percent
    reward: RewardId | None = None  # of the arm `sure`; an amount of the wheel's expected cost where none is given
    with_patience: bool = False  # waiting stands beside the wheel or the sure reward

    def __post_init__(self) -> None:
        if self.reward is not None and self.name != "sure":
            raise ValueError(f'`reward` is for the arm "sure" alone, not for "{self.name}"')
        if self.with_patience and self.name not in {"wheel", "sure"}:
            raise ValueError(f'`with_patience` goes with the arms "wheel" and "sure", not with "{self.name}"')


WHOLE = (Arm(name="wheel", percent=PERCENT_SUM, with_patience=True),)


def flaw_of(arms: Sequence[Arm]) -> str:
    """Say what is wrong with a campaign's arms together, or nothing."""
    names = [arm.name for arm in arms]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        return f'`arm` "{twice}" is given twice; one arm of each name'
    total = sum(arm.percent for arm in arms)
    if arms and total != PERCENT_SUM:
        return f"`arm` percents add up to {total}; all arms together, the holdout included, make {PERCENT_SUM}"
    return ""


def arm_of(arms: Sequence[Arm], digest: bytes) -> Arm:
    """Return the arm that a keyed digest falls into; its first eight bytes decide, each arm as wide as its share.

    2^64 is no multiple of 100: the shares are off by less than one part in 10^17.
    """
    place = int.from_bytes(digest[:8]) * PERCENT_SUM // _TWO_64
    for arm in arms:
        if place < arm.percent:
            return arm
        place -= arm.percent
    raise ValueError(f"the arms do not add up to {PERCENT_SUM}")
