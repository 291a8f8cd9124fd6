"""Why a decision said no. The code is stable and public; the detail is the shop's own and never leaves it."""

from typing import Literal

import msgspec

Code = Literal[
    "address_already_used",
    "address_not_accepted",
    "available_on_backorder",
    "award_limit_reached",
    "budget_spent",
    "campaign_not_started",
    "campaign_over",
    "cart_too_large",
    "cart_too_small",
    "cart_unknown",
    "category_not_covered",
    "condition_not_met",
    "currency_not_covered",
    "market_not_covered",
    "no_campaign",
    "product_not_covered",
    "shopper_not_covered",
    "stage_not_covered",
    "still_available",
    "stockout_too_old",
    "too_many_spins",
]

# They refuse one more spin and nothing else: whoever may not spin again may still wait.
SPIN_LIMITS: frozenset[Code] = frozenset({"too_many_spins"})


class Reason(msgspec.Struct, frozen=True):
    """One failing condition: `detail` is for `makegood explain`, in English, with the figures compared."""

    code: Code
    detail: str = ""
