"""Forecasts: the simulation against exact figures, and against every spin of a plain loop where things run out."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from rewards.forecast import Category, Cost, Plan, exact, runs_for, simulate, sum_quantiles

WEIGHTS = {"a": 40, "b": 25, "c": 20, "d": 10, "e": 4, "f": 1}
CHAINS = {"a": ("a",), "b": ("b", "a"), "c": ("c",), "d": ("d", "c"), "e": ("e", "b", "a"), "f": ("f", "e", "b", "a")}
LIABILITY = {"a": 800, "b": 1500, "c": 690, "d": 350, "e": 3000, "f": 2500}


def plan(
    stockouts: int,
    *,
    days: int = 10,
    budget: int = 10**12,
    stocks: Mapping[str, int] | None = None,
    used: Fraction = Fraction(1),
    **more: Any,
) -> Plan:
    return Plan(
        categories=tuple(Category(name, Fraction(weight, 100), CHAINS[name]) for name, weight in WEIGHTS.items()),
        costs={name: Cost(minor, minor, used) for name, minor in LIABILITY.items()},
        stocks=stocks or {},
        budget_minor=budget,
        budget_days=1,
        needed_minor=800,
        stockouts=stockouts,
        days=days,
        **more,
    )


@pytest.mark.parametrize("used", [Fraction(1), Fraction(2, 5)])
def test_the_simulation_agrees_with_the_exact_expectation_and_band(used: Fraction) -> None:
    given = plan(20_000, used=used)
    told, done = exact(given), simulate(given, np.random.default_rng(1), 400)
    assert not done.bound
    mean = float(told.mean_minor) * given.stockouts
    assert abs(done.totals.mean() - mean) < 4 * done.standard_error()
    assert done.band(done.totals)[0] < mean < done.band(done.totals)[1]
    low, high = done.band(done.cost_by_day[:, 0])
    width = told.day_high_minor - told.day_low_minor
    assert abs(low - told.day_low_minor) < 0.15 * width
    assert abs(high - told.day_high_minor) < 0.15 * width
    for name, weight in WEIGHTS.items():
        share = done.drawn[name].sum() / (given.stockouts * done.runs)
        assert share == pytest.approx(weight / 100, rel=0.05)


def test_the_sum_of_many_draws_is_that_of_scipy() -> None:
    for many in (1, 7, 1000):
        for at in (0.05, 0.5, 0.95):
            ((value, share),) = sum_quantiles({0: Fraction(7, 10), 5: Fraction(3, 10)}, {many: Fraction(1)}, (at,))
            assert value / 5 == stats.binom.ppf(at, many, 0.3)
            assert share == pytest.approx(stats.binom.cdf(value / 5, many, 0.3))
    assert sum_quantiles({0: Fraction(1)}, {10: Fraction(1)}, (0.5,)) == ((0.0, 1.0),)
    assert sum_quantiles({0: Fraction(1, 2), 9: Fraction(1, 2)}, {0: Fraction(1)}, (0.5,)) == ((0.0, 1.0),)


@pytest.mark.parametrize("many", [1000, 100_000, 100_000_000])
def test_the_sum_of_more_values_than_can_be_counted_is_near_that_of_scipy(many: int) -> None:
    outcomes = {0: Fraction(7, 10), 29_999: Fraction(2, 10), 30_000: Fraction(1, 10)}
    found = [value for value, _share in sum_quantiles(outcomes, {many: Fraction(1)}, (0.05, 0.95))]
    expected = [float(stats.binom.ppf(at, many, 0.3)) * 29_999.333 for at in (0.05, 0.95)]
    spread = math.sqrt(many * 0.21) * 30_000
    assert found == pytest.approx(expected, abs=spread * 0.04)


@pytest.mark.parametrize(("stockouts", "days"), [(10, 4), (10, 3), (3, 7), (1001, 2)])
def test_days_with_one_stockout_more_than_others_are_mixed_as_often_as_they_come(stockouts: int, days: int) -> None:
    """Half of the days have two and half three: neither a band of two nor one of three is theirs."""
    one = Category("win", Fraction(3, 10), ("a",)), Category("none", Fraction(7, 10))
    given = msgspec.structs.replace(plan(stockouts, days=days), categories=one, costs={"a": Cost(5, 5, Fraction(1))})
    told = exact(given)
    fewest, more = divmod(stockouts, days)

    def share(value: float) -> float:
        parts = [stats.binom.cdf(value, fewest + extra, 0.3) for extra in (0, 1)]
        return float(np.average(parts, weights=[days - more, more]))

    for end, at in ((told.day_low_minor, 0.05), (told.day_high_minor, 0.95)):
        assert share(end / 5) >= at - 1e-9
        assert end == 0 or share(end / 5 - 1) < at
    assert told.day_high_share == pytest.approx(share(told.day_high_minor / 5))


def test_who_waits_costs_what_every_milestone_gives() -> None:
    """Three of ten wait; two milestones: a sure one of 100, and 400 or 40 by even chances, each used half the time."""
    waits = Fraction(3, 10)
    costs = {name: Cost(minor, minor, Fraction(1, 2)) for name, minor in {"a": 100, "b": 400, "c": 40}.items()}
    given = msgspec.structs.replace(
        plan(6000, days=4),
        categories=(Category("none", Fraction(1), (), waits),),
        costs=costs,
        milestones=(
            (Category("first", Fraction(1), ("a",)),),
            (Category("second", Fraction(1, 2), ("b",)), Category("second", Fraction(1, 2), ("c",))),
        ),
    )
    told, done = exact(given), simulate(given, np.random.default_rng(3), 200)
    assert told.wait_mean_minor == 50 + 110
    assert told.mean_minor == Fraction(3, 10) * 160
    square = waits * (160**2 + Fraction(100**2, 4) + (Fraction(400**2 + 40**2, 4) - 110**2))
    assert told.variance == square - told.mean_minor**2
    assert told.wait_worst_minor == 500
    assert abs(done.totals.mean() - float(told.mean_minor) * 6000) < 4 * done.standard_error()
    assert done.drawn["first"].mean() == pytest.approx(1800, rel=0.01)
    assert done.drawn["first"].sum() == done.drawn["second"].sum()


def test_milestones_use_up_stock_and_budget_too() -> None:
    waiting = (Category("first", Fraction(1), ("f", "c")),)
    first = plan(500, days=5, budget=60_000, stocks={"f": 40})
    given = msgspec.structs.replace(
        first,
        categories=tuple(msgspec.structs.replace(one, waits=Fraction(1, 2)) for one in first.categories),
        milestones=(waiting,),
    )
    done = simulate(given, np.random.default_rng(4), 50)
    assert (done.granted["f"] == 40).all()
    assert (done.owed_by_day <= 60_000).all()
    assert (done.refused > 0).all()
    assert done.cost_by_category["first"].sum() > 0


def _walk(given: Plan, rng: np.random.Generator) -> dict[str, float]:
    """Live one run spin by spin, as the engine grants."""
    left, names = dict(given.stocks), list(WEIGHTS)
    chances = [float(category.probability) for category in given.categories]
    found = dict.fromkeys(["cost", "refused", *LIABILITY], 0.0)
    for _day in range(given.days):
        budget = given.budget_minor
        for drawn in rng.choice(len(names), given.stockouts // given.days, p=chances):
            if budget < given.needed_minor:
                found["refused"] += 1
                continue
            for reward in CHAINS[names[drawn]]:
                if LIABILITY[reward] <= budget and left.get(reward, 1) > 0:
                    break
            left[reward] = left.get(reward, 10**9) - 1
            budget -= LIABILITY[reward]
            found[reward] += 1
            found["cost"] += LIABILITY[reward]
    return found


@pytest.mark.parametrize(
    ("budget", "stocks"),
    [
        (10**12, {"d": 30, "f": 3}),
        (60_000, {}),
        (60_000, {"d": 25, "e": 5, "f": 0}),
        (2_000, {"b": 1}),
    ],
)
def test_where_things_run_out_it_agrees_with_a_loop_that_grants_spin_by_spin(
    budget: int, stocks: dict[str, int]
) -> None:
    given = plan(500, days=5, budget=budget, stocks=stocks)
    rng = np.random.default_rng(2)
    done = simulate(given, rng, 300)
    walked = [_walk(given, rng) for _ in range(300)]
    assert done.bound or not stocks
    mine = {"cost": done.totals, "refused": done.refused, **done.granted}
    for name, values in mine.items():
        theirs = np.array([one[name] for one in walked])
        assert abs(values.mean() - theirs.mean()) <= 5 * math.hypot(values.std(), theirs.std()) / math.sqrt(300), name
        assert abs(values.std() - theirs.std()) <= 0.3 * theirs.std() + 0.3, name
    assert (done.owed_by_day <= budget).all()
    for reward, units in stocks.items():
        assert (done.granted[reward] <= units).all()


def test_a_budget_that_runs_out_says_when() -> None:
    done = simulate(plan(1000, days=2, budget=100_000), np.random.default_rng(1), 20)
    assert all(day is not None and 0.1 < day < 0.4 for day in done.budget_out_day)
    assert (done.refused > 500).all()


def test_many_days_are_run_less_often() -> None:
    assert runs_for(1000, 30) == 1000
    assert runs_for(1, 3660) == 20, "a thousand runs of ten years would take minutes"


def test_categories_that_are_no_distribution_are_refused() -> None:
    with pytest.raises(ValueError, match="do not add up to 1"):
        Plan(
            categories=(Category("a", Fraction(1, 2)),),
            costs={},
            stocks={},
            budget_minor=1,
            budget_days=None,
            needed_minor=0,
            stockouts=1,
            days=1,
        )
