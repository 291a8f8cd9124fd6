"""From a campaign to the plan a forecast works with: arms, slices, what codes cost and how often they are used."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from engine.campaigns import Version
from rewards.arms import PERCENT_SUM
from rewards.catalogue import AmountOff, PercentOff, VipAccess
from rewards.forecast import Category, Cost, Plan
from rewards.patience import Milestone

NOTHING = "nothing"
SURE = "sure"
WAITING = "waiting"
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
    waits: Fraction = Fraction(0),
    wait_days: int | None = None,
) -> Plan:
    """Return the plan of `stockouts` eligible shoppers over `days`; `taken` is the share who spin or accept.

    `waits` is the share of those who may wait who do, for `wait_days`, or as long as the programme lasts. Without a
    basket every code costs its liability; with one, a percentage costs what it takes off that basket.
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
    milestones = milestones_of(version, wait_days)
    # What is promised to who waits is set aside in full before it is given.
    aside = [version.liability_minor(one.chain[-1]) for milestone in milestones for one in milestone] if waits else []
    return Plan(
        categories=categories_of(version, taken, waits if milestones else Fraction(0)),
        costs=costs,
        stocks={**version.stocks, **over},
        budget_minor=int(version.campaign.budget.amount),
        budget_days=_PERIOD_DAYS[version.campaign.budget.per],
        needed_minor=max([version.needed_minor, *aside]),
        stockouts=stockouts,
        days=days,
        milestones=milestones,
    )


def categories_of(version: Version, taken: Fraction, waits: Fraction = Fraction(0)) -> tuple[Category, ...]:
    """Return what one eligible stockout comes to, over all arms."""
    found: list[Category] = []
    for arm in version.arms:
        share = Fraction(arm.percent, PERCENT_SUM)
        terms = version.patience_in(arm.name)
        mine = waits if terms is not None else Fraction(0)
        only_waits = mine if arm.name == "patience" or (terms is not None and terms.with_wheel == "either") else None
        if only_waits:
            found.append(Category(_free_name(WAITING, found), share * only_waits, waits=Fraction(1)))
            share *= 1 - only_waits
        besides = Fraction(0) if only_waits is not None else mine
        if arm.name == "wheel":
            total = version.table.total_weight
            found += [
                Category(piece.slice, share * taken * piece.weight / total, tuple(version.chain(piece.reward)), besides)
                for piece in version.table.slices
            ]
        elif arm.name == "sure" and version.sure is not None:
            chain = tuple(version.chain(version.sure))
            found.append(Category(_free_name(SURE, found), share * taken, chain, besides))
        if besides and taken < 1:
            found.append(Category(_free_name(WAITING, found), share * (1 - taken) * besides, waits=Fraction(1)))
    rest = 1 - sum((one.probability for one in found), Fraction(0))
    if rest:
        found.append(Category(_free_name(NOTHING, found), rest))
    return tuple(one for one in found if one.probability)


def milestones_of(version: Version, wait_days: int | None = None) -> tuple[tuple[Category, ...], ...]:
    """Return what each milestone gives that is reached within so many days of waiting."""
    terms = version.campaign.patience
    if terms is None:
        return ()
    longest = min(terms.days_max, wait_days or terms.days_max)
    earned = terms.starter_points + longest * terms.points_per_day
    return tuple(_milestone(version, one) for one in terms.milestone if one.points <= earned)


def _milestone(version: Version, milestone: Milestone) -> tuple[Category, ...]:
    name = f"{WAITING} {milestone.points}"
    if milestone.reward is not None:
        return (Category(name, Fraction(1), tuple(version.chain(milestone.reward))),)
    total = sum(line.weight for line in milestone.surprise)
    return tuple(
        Category(name, Fraction(line.weight, total), tuple(version.chain(line.reward))) for line in milestone.surprise
    )


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
