"""The catalogue: every reward a campaign may give, its terms, and the most it can cost."""

from datetime import date
from typing import Annotated

import msgspec

from rewards.money import Minor

VALID_DAYS_MAX = 730

RewardId = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[^\s\x00-\x1f\x7f\"\\]+\Z",
        description="a name without spaces or quotes",
    ),
]
Days = Annotated[int, msgspec.Meta(ge=1, le=VALID_DAYS_MAX)]
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every reward states, whatever its kind."""

    liability: Minor = Minor(0)  # the most one award can cost the shop
    valid_days: Days = 30
    minimum_basket: Minor = Minor(0)
    stacks: bool = False  # may be combined with another code on the same order

    def discount_minor(self, basket_minor: int) -> int:  # noqa: ARG002  # only some kinds look at the basket
        """What this reward takes off a basket of `basket_minor`, in minor units."""
        return 0


class PercentOff(Terms, frozen=True, tag="percent_off"):
    """A percentage of the basket, never more than `liability`."""

    percent: Annotated[int, msgspec.Meta(ge=1, le=100)]

    def __post_init__(self) -> None:
        if self.liability == 0:
            raise ValueError("a percentage needs a `liability`: the most it may take off one order")

    def discount_minor(self, basket_minor: int) -> int:
        half_up = (basket_minor * self.percent + 50) // 100
        return min(half_up, self.liability)


class AmountOff(Terms, frozen=True, tag="amount_off"):
    """A fixed amount, never more than the basket."""

    amount: Minor

    def __post_init__(self) -> None:
        if self.amount == 0:
            raise ValueError("`amount` is zero: this reward would give nothing")
        if self.liability < self.amount:
            raise ValueError("`liability` is smaller than `amount`: an award can cost all of its amount")

    def discount_minor(self, basket_minor: int) -> int:
        return min(int(self.amount), basket_minor)


class FreeShipping(Terms, frozen=True, tag="free_shipping"):
    """The shop pays the delivery; `liability` says what that can cost."""


class Sample(Terms, frozen=True, tag="sample"):
    """A free gift put in the parcel."""

    sku: Sku


class VipAccess(Terms, frozen=True, tag="vip_access"):
    """A seat at an event or a private sale, on its date."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    on: date


Reward = PercentOff | AmountOff | FreeShipping | Sample | VipAccess
Catalogue = dict[RewardId, Reward]
