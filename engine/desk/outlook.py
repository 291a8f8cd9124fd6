"""A forecast in numbers, by formula and by simulation, and whether the two agree: for the terminal and for the page."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from engine.campaigns import Version
from rewards.forecast import Exact, Plan, Simulated

AGREE_WITHIN = 4  # standard errors


def as_json(version: Version, plan: Plan, told: Exact, done: Simulated) -> dict[str, Any]:
    """Return the forecast as numbers, in minor units."""
    low, high = done.band(done.totals)
    out = [day for day in done.budget_out_day if day is not None]
    return {
        "campaign": version.slug,
        "currency": version.currency,
        "stockouts": plan.stockouts,
        "days": plan.days,
        "runs": done.runs,
        "spin": {
            "expected_minor": float(spin_minor(version, plan)),
            "worst_minor": told.worst_minor,
        },
        "stockout": {
            "expected_minor": float(told.mean_minor),
            "simulated_minor": float(done.totals.mean()) / plan.stockouts,
        },
        "day": {
            "expected_minor": float(told.mean_minor) * plan.stockouts / plan.days,
            "exact_low_minor": told.day_low_minor,
            "exact_high_minor": told.day_high_minor,
            "simulated_minor": float(done.cost_by_day.mean()),
            "simulated_low_minor": done.band(done.cost_by_day.ravel())[0],
            "simulated_high_minor": done.band(done.cost_by_day.ravel())[1],
        },
        "total": {
            "expected_minor": float(told.mean_minor) * plan.stockouts,
            "simulated_minor": float(done.totals.mean()),
            "low_minor": low,
            "high_minor": high,
            "worst_minor": worst_total(plan, told),
        },
        "waiting": {
            "share": float(plan.waiting),
            "milestones": len(plan.milestones),
            "expected_minor": float(told.wait_mean_minor),
            "worst_minor": told.wait_worst_minor,
        },
        "agrees": agrees(plan, told, done),
        "something_runs_out": done.bound,
        "budget": {
            "amount_minor": plan.budget_minor,
            "per": version.campaign.budget.per,
            "runs_out_in_share_of_runs": len(out) / done.runs,
            "first_out_day": float(np.median(out)) if out else None,
            "refused_stockouts": float(done.refused.mean()),
        },
        **_draws_as_json(plan, done),
        "stocks_out_day": {reward: median_day(days) for reward, days in done.stock_out_day.items()},
    }


def _draws_as_json(plan: Plan, done: Simulated) -> dict[str, Any]:
    """Return what each slice and each milestone contributes."""
    return {
        "slices": [
            {
                "slice": one.name,
                "probability": float(one.probability),
                "cost_share": share_of_cost(done, one.name),
                "expected_minor": float(one.probability * plan.costs[one.chain[0]].mean_minor) if one.chain else 0.0,
                "simulated_total_minor": float(done.cost_by_category[one.name].mean()),
            }
            for one in plan.categories
        ],
        "milestones": [
            {"milestone": name, "expected_minor": float(mean), "simulated_total_minor": simulated_minor(done, name)}
            for name, mean in milestones_of(plan)
        ],
    }


def worst_total(plan: Plan, told: Exact) -> int:
    """Return the most all of it can cost: the dearest every time, or every budget of every period."""
    periods = 1 if plan.budget_days is None else -(-plan.days // plan.budget_days)
    each = told.worst_minor + (told.wait_worst_minor if plan.waiting else 0)
    return min(each * plan.stockouts, periods * plan.budget_minor)


def agrees(plan: Plan, told: Exact, done: Simulated) -> bool | None:
    """Whether simulation and formula agree, in the mean and in a day's band.

    None where something runs out, which no formula here covers.
    """
    if done.bound:
        return None
    apart = abs(float(done.totals.mean()) - float(told.mean_minor) * plan.stockouts)
    mean_agrees = apart <= AGREE_WITHIN * math.sqrt(float(told.variance) * plan.stockouts / done.runs) + 0.5
    return mean_agrees and all(abs(seen - share) <= allowed for seen, share, allowed in band_ends(told, done))


def band_ends(told: Exact, done: Simulated) -> Iterator[tuple[float, float, float]]:
    """Yield the share of days up to each end of a day's band, as simulated and exact, and how far apart they may be."""
    days = done.cost_by_day.ravel()
    for value, share in ((told.day_low_minor, told.day_low_share), (told.day_high_minor, told.day_high_share)):
        seen = float(np.mean(days <= value + 0.5))
        yield seen, share, AGREE_WITHIN * math.sqrt(max(share * (1 - share), 0.01) / days.size) + 1 / days.size


def spin_minor(version: Version, plan: Plan) -> Fraction:
    """Return what a spin costs on average."""
    total = version.table.total_weight
    return (
        sum((piece.weight * plan.costs[piece.reward].mean_minor for piece in version.table.slices), Fraction(0)) / total
    )


def milestones_of(plan: Plan) -> Iterator[tuple[str, Fraction]]:
    """Yield each milestone that is counted, and what it costs a stockout on average."""
    for milestone in plan.milestones if plan.waiting else ():
        mean = sum((one.probability * plan.costs[one.chain[0]].mean_minor for one in milestone), Fraction(0))
        yield milestone[0].name, plan.waiting * mean


def simulated_minor(done: Simulated, name: str) -> float:
    return float(done.cost_by_category[name].mean())


def share_of_cost(done: Simulated, name: str) -> float:
    return float(done.cost_by_category[name].sum() / max(1.0, done.totals.sum()))


def median_day(days: list[float | None]) -> float | None:
    there = [day for day in days if day is not None]
    return float(np.median(there)) if len(there) * 2 > len(days) else None
