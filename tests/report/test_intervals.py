"""Intervals keep what they promise when they are looked at all the time, and agree with other ways to work them out."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import integrate, optimize, special, stats

from rewards import intervals
from rewards.intervals import Counts, Moments, Tails

EXPERIMENTS = 2000
LOOKS = 400
STEP = 5  # stockouts in each arm between two looks

Floats = npt.NDArray[np.float64]


def running(answers: npt.NDArray[np.bool_], number: npt.NDArray[np.int64]) -> Counts:
    total = np.cumsum(answers, axis=1)[:, number - 1].astype(np.float64)
    counts = np.broadcast_to(number, total.shape).astype(np.float64)
    share = total / counts
    return Counts(total, counts, share * (1 - share) / np.maximum(counts - 1, 1))


@pytest.mark.parametrize(
    ("arm", "holdout", "times"), [(0.3, 0.36, 1), (0.05, 0.05, 1), (0.5, 0.6, 0.85), (0.01, 0.02, 1)]
)
def test_a_difference_watched_at_every_look_is_within_its_interval(arm: float, holdout: float, times: float) -> None:
    rng = np.random.default_rng(20261122)
    looks = np.arange(STEP, LOOKS * STEP + 1, STEP)
    one = running(rng.random((EXPERIMENTS, looks[-1])) < arm, looks)
    other = running(rng.random((EXPERIMENTS, looks[-1])) < holdout, looks)
    low, high = intervals.apart(one, other, times)
    truth = arm - times * holdout
    ever_left_out = ((low > truth) | (high < truth)).any(axis=1)
    assert 1 - ever_left_out.mean() >= 0.95
    # And it is not the whole line: at the end it is narrower than four times that of a single look.
    single = 1.96 * math.sqrt(arm * (1 - arm) / looks[-1] + times**2 * holdout * (1 - holdout) / looks[-1])
    assert float(np.median(high[:, -1] - low[:, -1])) < 4 * 2 * single


def test_an_ordinary_interval_watched_as_often_would_not_hold() -> None:
    """Why all this: the tests here can fail."""
    counts = running(np.random.default_rng(7).random((EXPERIMENTS, 2000)) < 0.3, np.arange(50, 2001))
    share = np.asarray(counts.total) / np.asarray(counts.number)
    outside = np.abs(share - 0.3) > 1.96 * np.sqrt(np.asarray(counts.variance_of_mean))
    assert outside.any(axis=1).mean() > 0.2


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_a_share_watched_at_every_look_is_within_its_interval(share: float) -> None:
    rng = np.random.default_rng(7)
    looks = np.arange(1, 1001)
    counts = running(rng.random((EXPERIMENTS, looks[-1])) < share, looks)
    low, high = intervals.bounded(np.asarray(counts.total)[:, ::10], np.asarray(counts.number)[:, ::10])
    assert 1 - ((low > share) | (high < share)).any(axis=1).mean() >= 0.95


def test_a_score_between_the_ends_is_covered_too() -> None:
    """NPS answers are 0, 1/2 or 1 once scaled: the interval holds for any values between 0 and 1."""
    rng = np.random.default_rng(11)
    looks = np.arange(10, 1001, 10)
    scores = rng.choice([0, 0.5, 1], p=[0.2, 0.3, 0.5], size=(EXPERIMENTS, looks[-1]))
    total = np.cumsum(scores, axis=1)[:, looks - 1]
    low, high = intervals.bounded(total, np.broadcast_to(looks, total.shape))
    assert 1 - ((low > 0.65) | (high < 0.65)).any(axis=1).mean() >= 0.95


Amounts = Callable[[np.random.Generator, tuple[int, int]], Floats]
AMOUNTS: dict[str, tuple[Amounts, float]] = {  # how large an order is, and what it is on average
    "a shop": (lambda rng, size: rng.lognormal(0, 1, size), math.exp(1 / 2)),
    "a long tail": (lambda rng, size: rng.lognormal(0, 1.5, size), math.exp(1.5**2 / 2)),
    "longer than seen": (lambda rng, size: rng.lognormal(0, 1.75, size), math.exp(1.75**2 / 2)),
    "a tail without a third moment": (lambda rng, size: rng.pareto(2.5, size) + 1, 2.5 / 1.5),
    "one in ten thirty times as large": (
        lambda rng, size: np.where(rng.random(size) < 0.1, 30.0, 1.0) * rng.lognormal(0, 0.5, size),
        3.9 * math.exp(1 / 8),
    ),
}


def left_out(known: npt.NDArray[np.bool_], low: Floats, high: Floats, truth: float) -> int:
    """Count the experiments in which any look that is shown leaves the truth out."""
    return int((((low > truth) | (high < truth)) & known).any(axis=1).sum())


@pytest.mark.parametrize("amounts", AMOUNTS)
@pytest.mark.parametrize("arms", [1, 4])
def test_a_difference_of_margins_watched_at_every_look_is_within_its_interval(arms: int, amounts: str) -> None:
    """One in five buys; the holdout is as large as the arm, or a quarter of it."""
    rng, (draw, _mean) = np.random.default_rng(3), AMOUNTS[amounts]
    looks, wrong = np.arange(40, 2001, 40), 0
    for _ in range(20):
        one, other = (margins(rng, looks * size, EXPERIMENTS // 20, draw) for size in (arms, 1))
        tails, spread = one.tails.less(other.tails), one.variance + other.variance
        low, high = intervals.around(one.mean - other.mean, looks * (arms + 1), spread, tails)
        known = np.minimum(one.orders, other.orders) >= intervals.ORDERS_MIN
        wrong += left_out(known, low, high, 0)
    assert 1 - wrong / EXPERIMENTS >= 0.95


@pytest.mark.parametrize("amounts", AMOUNTS)
def test_a_margin_of_one_arm_watched_at_every_look_is_within_its_interval(amounts: str) -> None:
    rng, (draw, mean) = np.random.default_rng(4), AMOUNTS[amounts]
    looks, wrong = np.arange(80, 4001, 80), 0
    for _ in range(20):
        one = margins(rng, looks, EXPERIMENTS // 20, draw)
        low, high = intervals.around(one.mean, looks, one.variance, one.tails)
        wrong += left_out(one.orders >= intervals.ORDERS_MIN, low, high, 0.2 * mean)
    assert 1 - wrong / EXPERIMENTS >= 0.95


def test_without_its_tails_the_interval_of_a_margin_would_not_hold() -> None:
    rng, (draw, mean) = np.random.default_rng(4), AMOUNTS["a long tail"]
    looks = np.arange(80, 4001, 80)
    one = margins(rng, looks, 400, draw)
    low, high = intervals.around(one.mean, looks, one.variance)
    assert left_out(one.orders >= intervals.ORDERS_MIN, low, high, 0.2 * mean) > 0.08 * 400


class margins:  # noqa: N801  # reads as a noun where it is used
    """Running sums of simulated margins, experiments × looks."""

    def __init__(self, rng: np.random.Generator, looks: npt.NDArray[np.int64], experiments: int, draw: Amounts) -> None:
        size = (experiments, int(looks[-1]))
        values = (rng.random(size) < 0.2) * draw(rng, size)
        first, second, third = (np.cumsum(values**power, axis=1)[:, looks - 1] / looks for power in (1, 2, 3))
        self.mean = first
        self.variance = (second - first**2) / (looks - 1)
        self.orders = np.cumsum(values > 0, axis=1)[:, looks - 1]
        skew = (third - 3 * first * second + 2 * first**3) / looks**2
        self.tails = Tails.of(skew, np.maximum.accumulate(values, axis=1)[:, looks - 1] - first, first, looks)


def test_tails_of_running_sums_are_those_of_an_arm() -> None:
    """What the simulations above hold is what the report computes."""
    rng = np.random.default_rng(5)
    values = [(rng.random(900) < 0.4) * rng.lognormal(2, 1, 900) for _ in range(2)]
    arm, holdout = (Moments.of(one) for one in values)
    found = intervals.difference_of_means(arm, holdout, 0.9)
    mine = [
        Tails.of(one.third_of_mean, data.max() - data.mean(), data.mean(), 900)
        for one, data in zip((arm, holdout), values, strict=True)
    ]
    spread = arm.variance_of_mean + 0.81 * holdout.variance_of_mean
    low, high = intervals.around(arm.mean - 0.9 * holdout.mean, 1800, spread, mine[0].less(mine[1], 0.9))
    assert found == pytest.approx((float(low), float(high)))
    parts = [Moments.of(values[0][:300]), Moments.of(values[0][300:])]
    assert Moments.together(parts) == pytest.approx(arm)


@pytest.mark.parametrize(("total", "number"), [(0, 10), (5, 10), (50, 100), (3, 1000), (880, 900), (7.5, 12)])
def test_the_exact_interval_ends_where_the_mixture_by_numerical_integration_does(total: float, number: float) -> None:
    def evidence(p: float) -> float:
        def ratio(q: float) -> float:
            log = total * math.log(q / p) + (number - total) * math.log((1 - q) / (1 - p))
            return math.exp(log) * stats.beta.pdf(q, 0.5, 0.5)

        middle = min(max(total / number, 1e-3), 1 - 1e-3)
        value, _error = integrate.quad(ratio, 0, 1, points=[middle], limit=400)
        return float(value)

    low, high = (float(edge) for edge in intervals.bounded(total, number))
    for edge in (low, high):
        if 0 < edge < 1:
            assert evidence(edge) == pytest.approx(20, rel=1e-4)


def test_an_interval_of_a_share_holds_the_textbook_one_for_a_single_look() -> None:
    for successes, number in [(1, 20), (15, 60), (400, 1000)]:
        low, high = (float(edge) for edge in intervals.bounded(successes, number))
        once = stats.binomtest(successes, number).proportion_ci()
        assert low < once.low < once.high < high


@pytest.mark.parametrize("number", [200, 5000, 40_000])
def test_the_asymptotic_interval_ends_where_its_gaussian_mixture_by_numerical_integration_reaches_twenty(
    number: int,
) -> None:
    peak = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 5000
    sum_at_edge = float(intervals.multiplier(number)) * math.sqrt(number)

    def ratio(tilt: float) -> float:
        return math.exp(tilt * sum_at_edge - tilt**2 * number / 2) * stats.norm.pdf(tilt, 0, math.sqrt(peak))

    top = sum_at_edge / number
    value, _error = integrate.quad(ratio, top - 12 / math.sqrt(number), top + 12 / math.sqrt(number), limit=400)
    assert value == pytest.approx(20, rel=1e-3)


def test_the_asymptotic_interval_is_narrowest_where_it_is_tuned_for() -> None:
    best = optimize.minimize_scalar(lambda n: float(intervals.multiplier(n)), bounds=(500, 50_000), method="bounded")
    assert best.x == pytest.approx(intervals.TUNED_FOR, rel=0.15)


def test_the_means_of_a_t_table_are_found_again() -> None:
    """Student's sleep data (1908), by R's `t.test`: means 0.75 and 2.33, standard error of the difference 0.849."""
    first = Moments.of(np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]))
    second = Moments.of(np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]))
    assert first.mean == pytest.approx(0.75)
    assert second.mean == pytest.approx(2.33)
    assert math.sqrt(first.variance_of_mean + second.variance_of_mean) == pytest.approx(0.8490910, abs=1e-6)
    assert first.third_of_mean == pytest.approx(
        stats.moment([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2.0], 3) / 100
    )


def test_too_few_orders_give_no_interval_of_margins() -> None:
    few = Moments.of(np.array([1.0] * (intervals.ORDERS_MIN - 1) + [0.0] * 500))
    many = Moments.of(np.array([1.0] * 400 + [0.0] * 500))
    assert intervals.difference_of_means(few, many) is None
    assert intervals.mean(few) is None
    assert intervals.mean(many) is not None


def test_the_number_of_stockouts_asked_for_shows_the_effect_in_four_cases_of_five() -> None:
    """Simulated: 30 % against 36 %, in two arms of one size, as many as are asked for."""
    needed = intervals.units_needed(2 * 0.30 * 0.70 + 2 * 0.36 * 0.64, 0.06)
    assert needed is not None
    each = needed // 2
    rng = np.random.default_rng(21)
    arm, holdout = rng.binomial(each, 0.30, 2000), rng.binomial(each, 0.36, 2000)
    number = np.full(2000, float(each))

    def counts(total: npt.NDArray[np.int64]) -> Counts:
        share = total / each
        return Counts(total.astype(np.float64), number, share * (1 - share) / (each - 1))

    _low, high = intervals.apart(counts(arm), counts(holdout))
    assert (high < 0).mean() == pytest.approx(0.8, abs=0.04)


def test_no_number_is_named_where_none_is_known() -> None:
    assert intervals.units_needed(0.5, 0.0) is None
    assert intervals.units_needed(0.0, 0.1) is None
    assert intervals.units_needed(math.inf, 0.1) is None
    assert intervals.units_needed(1e9, 1e-9) is None
    empty = Moments.of(np.zeros(0))
    assert intervals.difference_of_shares(empty, Moments.of(np.ones(5))) is None
    assert intervals.share(empty) is None


def test_the_log_gamma_is_that_of_scipy() -> None:
    values = np.array([0.5, 1.5, 20.5, 1e6])
    assert intervals._lg(values) == pytest.approx(special.gammaln(values))
