"""From a campaign to the plan a forecast works with: arms, slices, what codes cost and how often they are used."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from engine.campaigns import Version
from rewards.arms import PERCENT_SUM
from rewards.catalogue import AmountOff, PercentOff, VipAccess
from rewards.forecast import Category, Cost, Plan

NOTHING = "nothing"
SURE = "sure"
_PERIOD_DAYS = {"day": 1, "week": 7, "month": 30, "campaign": None}


def plan_of(
    version: Version,
    *,
    stockouts: int,
    days: int,
    today: date,
    taken: Fraction = Fraction(1),
    used: Mapping[str, Fraction] | None = None,
    used_of_all: Fraction = Fraction(1),
    basket_minor: int | None = None,
) -> Plan:
    """Return the plan of `stockouts` eligible shoppers over `days`; `taken` is the share who spin or accept.

    Without a basket every code costs its liability; with one, a percentage costs what it takes off that basket.
    """
    costs = {
        reward: Cost(
            version.liability_minor(reward),
            _used_minor(version, reward, basket_minor),
            (used or {}).get(reward, used_of_all),
        )
        for reward in version.snapshot.rewards
    }
    over = {
        reward: 0
        for reward, terms in version.snapshot.rewards.items()
        if isinstance(terms, VipAccess) and terms.on < today
    }
    return Plan(
        categories=categories_of(version, taken),
        costs=costs,
        stocks={**version.stocks, **over},
        budget_minor=int(version.campaign.budget.amount),
        budget_days=_PERIOD_DAYS[version.campaign.budget.per],
        needed_minor=version.needed_minor,
        stockouts=stockouts,
        days=days,
    )


def categories_of(version: Version, taken: Fraction) -> tuple[Category, ...]:
    """Return what one eligible stockout comes to, over all arms."""
    found: list[Category] = []
    for arm in version.arms:
        share = Fraction(arm.percent, PERCENT_SUM) * taken
        if arm.name == "wheel":
            total = version.table.total_weight
            found += [
                Category(piece.slice, share * piece.weight / total, tuple(version.chain(piece.reward)))
                for piece in version.table.slices
            ]
        elif arm.name == "sure" and version.sure is not None:
            found.append(Category(_free_name(SURE, found), share, tuple(version.chain(version.sure))))
    rest = 1 - sum((one.probability for one in found), Fraction(0))
    if rest:
        found.append(Category(_free_name(NOTHING, found), rest))
    return tuple(found)


def _free_name(wanted: str, found: list[Category]) -> str:
    """Return a name no slice has."""
    names = {one.name for one in found}
    while wanted in names:
        wanted = f"({wanted})"
    return wanted


def _used_minor(version: Version, reward: str, basket_minor: int | None) -> int:
    terms = version.reward(reward)
    if basket_minor is None:
        return int(terms.liability)
    if basket_minor < terms.minimum_basket:
        return 0
    return terms.discount_minor(basket_minor) if isinstance(terms, PercentOff | AmountOff) else int(terms.liability)
