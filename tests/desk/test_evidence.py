"""The statistics, held against other implementations, closed forms by numeric integration, and simulated truth."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import integrate, stats

from rewards import evidence
from rewards.evidence import Logged, Sample, check_counts, difference, half_width, log_evidence, more_units, what_if

Floats = npt.NDArray[np.float64]

EXPERIMENTS = 2000
UNITS = 3000

# Outcomes of one unit: a rare yes or no, a frequent one, and a margin that most shoppers leave at nothing.
OUTCOMES: dict[str, Callable[[np.random.Generator, tuple[int, int]], npt.NDArray[Any]]] = {
    "a complaint, one in twenty": lambda rng, size: rng.random(size) < 0.05,
    "an abandoned basket, six in ten": lambda rng, size: rng.random(size) < 0.6,
    "a margin": lambda rng, size: np.where(rng.random(size) < 0.3, rng.lognormal(6.5, 1.0, size), 0.0),
}


# Intervals


@pytest.mark.parametrize("n", [10, 400, 1000, 20_000])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_width_is_where_the_mixture_reaches_one_in_alpha(n: int, alpha: float) -> None:
    """By numeric integration: at the edge of the band, a normal mixture of likelihood ratios is worth 1/alpha."""
    rho = math.sqrt(evidence._rho_squared(alpha))
    edge = n * half_width(n, 1.0, alpha)  # of the sum of n unit normals

    def mixed(drift: float) -> float:
        return float(np.exp(drift * edge - n * drift * drift / 2) * stats.norm.pdf(drift, scale=rho))

    best = edge / (n + 1 / rho**2)
    spread = 1 / math.sqrt(n + 1 / rho**2)
    fortune, _error = integrate.quad(mixed, best - 12 * spread, best + 12 * spread)
    assert fortune == pytest.approx(1 / alpha, rel=1e-6)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("share", [0.5, 0.85])
def test_an_interval_watched_at_every_look_holds_the_truth_in_95_of_100_experiments(outcome: str, share: float) -> None:
    rng = np.random.default_rng(7)
    draw = OUTCOMES[outcome]
    truth = {
        "a complaint, one in twenty": 0.05,
        "an abandoned basket, six in ten": 0.6,
        "a margin": 0.3 * math.exp(7.0),
    }
    lost = 0
    for _ in range(EXPERIMENTS // 200):
        values = np.asarray(draw(rng, (200, UNITS)), np.float64)
        treated = rng.random((200, UNITS)) < share
        values[treated] *= 2  # an effect of the size of the control's mean
        low, high = _watched(values, treated)
        lost += int(((low > truth[outcome]) | (high < truth[outcome])).any(axis=1).sum())
    assert lost <= EXPERIMENTS * 0.05


def _watched(values: Floats, treated: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the band of the difference after every unit, computed apart from the code under test."""
    arms = []
    for arm in (treated, ~treated):
        n = np.cumsum(arm, axis=1)
        total = np.cumsum(np.where(arm, values, 0.0), axis=1)
        square = np.cumsum(np.where(arm, values**2, 0.0), axis=1)
        events = np.cumsum(arm & (values != 0), axis=1)
        mean = total / np.maximum(n, 1)
        variance = (square - n * mean**2) / np.maximum(n - 1, 1)
        arms.append((n, mean, variance, events))
    (n1, mean1, var1, seen1), (n0, mean0, var0, seen0) = arms
    mixed = (n1 + n0) * evidence._rho_squared(0.05)
    wide = 2 * (mixed + 1) / mixed * np.log(np.sqrt(mixed + 1) / 0.05)
    half = np.sqrt((var1 / np.maximum(n1, 1) + var0 / np.maximum(n0, 1)) * wide)
    told = (np.minimum(n1, n0) >= evidence.UNITS_MIN) & (np.minimum(seen1, seen0) >= evidence.EVENTS_MIN)
    _agrees(values[0], treated[0], (mean1 - mean0)[0, -1], half[0, -1])
    return np.where(told, mean1 - mean0 - half, -np.inf), np.where(told, mean1 - mean0 + half, np.inf)


def _agrees(values: Floats, treated: npt.NDArray[np.bool_], estimate: float, half: float) -> None:
    told = difference(Sample.of(values[treated]), Sample.of(values[~treated]))
    assert told.estimate == pytest.approx(estimate)
    assert told.high - told.estimate == pytest.approx(half)


def test_a_fixed_interval_looked_at_every_day_would_not_hold() -> None:
    """The reason for all this: the test above can fail."""
    rng = np.random.default_rng(7)
    values = rng.random((500, UNITS)) < 0.6
    n = np.arange(1, UNITS + 1)
    mean = np.cumsum(values, axis=1) / n
    z = np.abs(mean - 0.6) / np.sqrt(0.24 / n)
    assert (z[:, 100:] > 1.96).any(axis=1).mean() > 0.2


def test_more_units_are_those_after_which_the_effect_shows() -> None:
    treated, control = Sample(300, 0.5, 0.25, 150), Sample(200, 0.6, 0.24, 120)
    more = more_units(treated, control, 0.09)
    assert more is not None
    times = 1 + more / 500
    band = difference(treated._replace(n=round(300 * times)), control._replace(n=round(200 * times)))
    assert (band.high - band.low) / 2 == pytest.approx(0.09, rel=0.01)
    assert more_units(treated, control, 10.0) == 0
    assert more_units(treated, control, 0.0) is None
    assert more_units(Sample(0, 0, 0, 0), control, 0.1) is None


# Splits and wheels


@pytest.mark.parametrize(
    ("counts", "chances"),
    [
        ([50_600, 49_400], [0.5, 0.5]),
        ([3, 0, 9], [0.2, 0.3, 0.5]),
        ([400, 251, 199, 100, 41, 9], [0.4, 0.25, 0.2, 0.1, 0.04, 0.01]),
    ],
)
def test_the_evidence_is_the_ratio_of_two_multinomials(counts: list[int], chances: list[float]) -> None:
    priors = [
        np.asarray(stats.dirichlet_multinomial.logpmf(counts, np.asarray(chances) * one, [sum(counts)])).sum()
        for one in evidence.CONCENTRATIONS
    ]
    plain = stats.multinomial.logpmf(counts, sum(counts), chances)
    expected = np.logaddexp.reduce(priors) - math.log(len(priors)) - plain
    assert log_evidence(counts, chances) == pytest.approx(expected, abs=1e-6)


def test_a_split_of_50_6_to_49_4_in_100_000_is_flagged_and_50_1_to_49_9_is_not() -> None:
    assert check_counts(([50_600, 49_400], [0.5, 0.5])).alarm
    assert not check_counts(([50_100, 49_900], [0.5, 0.5])).alarm
    # The classical test, looked at once, agrees.
    assert stats.chisquare([50_600, 49_400]).pvalue < 0.001
    assert stats.chisquare([50_100, 49_900]).pvalue > 0.5


def test_a_split_that_is_far_off_is_flagged_early() -> None:
    assert check_counts(([150, 50], [0.5, 0.5])).alarm
    assert check_counts(([80, 20], [0.5, 0.5]), ([170, 30], [0.7, 0.3])).alarm
    assert check_counts(([0, 1], [1.0, 0.0])) == (0.0, True)
    assert check_counts(([0, 0], [0.5, 0.5])) == (1.0, False)


def test_a_fair_wheel_watched_for_ever_raises_hardly_any_alarm_and_a_rigged_one_does() -> None:
    rng = np.random.default_rng(11)
    odds = np.array([0.4, 0.25, 0.2, 0.1, 0.04, 0.01])
    looks = np.unique(np.geomspace(20, 20_000, 60).astype(int))
    alarms = sum(_ever_alarmed(rng, odds, odds, looks) for _ in range(400))
    assert alarms <= 400 * evidence.ALARM * 3  # one in a hundred expected at the very most
    rigged = np.array([0.42, 0.25, 0.2, 0.1, 0.025, 0.005])
    assert sum(_ever_alarmed(rng, rigged, odds, looks) for _ in range(20)) == 20


def _ever_alarmed(rng: np.random.Generator, real: Floats, disclosed: Floats, looks: npt.NDArray[np.int64]) -> bool:
    counts = np.cumsum(rng.multinomial(np.diff(looks, prepend=0), real), axis=0)
    return any(check_counts((row.tolist(), disclosed.tolist())).alarm for row in counts)


# What if


ODDS = np.array([0.5, 0.3, 0.16, 0.04])
OTHER = np.array([0.45, 0.3, 0.17, 0.08])
GIVES = np.array([100.0, 300.0, 250.0, 900.0])


def spun(rng: np.random.Generator, n: int, odds: Floats = ODDS) -> Logged:
    """Spins whose outcome depends on the slice, on the basket, and not in a straight line."""
    basket = rng.lognormal(0.0, 0.5, n)
    action = rng.choice(len(odds), size=n, p=odds)
    bought = rng.random(n) < 0.35
    outcome = np.where(bought, GIVES[action] * basket + 50 * basket**2 * rng.normal(1, 0.3, n), 0.0)
    return Logged(action, np.broadcast_to(odds, (n, len(odds))), outcome, basket[:, None])


def truth(odds: Floats) -> float:
    mean, square = math.exp(0.125), math.exp(0.5)
    return float(0.35 * (odds @ GIVES * mean + 50 * square))


def test_inverse_propensity_and_doubly_robust_estimates_hold_the_truth_95_times_of_100() -> None:
    rng = np.random.default_rng(3)
    told = [what_if(spun(rng, 2000), OTHER) for _ in range(400)]
    assert not any(one.refusal for one in told)
    was, would = truth(ODDS), truth(OTHER)
    for interval, expected in (
        ("inverse_propensity", would),
        ("doubly_robust", would),
        ("as_it_was", was),
        ("change", would - was),
    ):
        held = sum(not getattr(one, interval).excludes(expected) for one in told)
        assert held >= 0.95 * len(told), interval


def test_the_estimates_have_no_bias_and_the_doubly_robust_one_is_steadier() -> None:
    rng = np.random.default_rng(4)
    told = [what_if(spun(rng, 2000), OTHER) for _ in range(300)]
    spread = {}
    for name in ("inverse_propensity", "doubly_robust"):
        values = np.array([getattr(one, name).estimate for one in told])
        spread[name] = values.std()
        assert abs(values.mean() - truth(OTHER)) < 4 * values.std() / math.sqrt(len(values)), name
    assert spread["doubly_robust"] < spread["inverse_propensity"]


def test_a_log_of_two_wheels_answers_with_each_spin_at_its_own_odds() -> None:
    rng = np.random.default_rng(5)
    first, second = spun(rng, 20_000), spun(rng, 20_000, OTHER)
    both = Logged(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))
    told = what_if(both, OTHER)
    assert told.doubly_robust is not None
    assert not told.doubly_robust.excludes(truth(OTHER))


@pytest.mark.parametrize(
    ("log", "wanted", "refusal"),
    [
        (spun(np.random.default_rng(1), 150), OTHER, "too_few_spins"),
        (spun(np.random.default_rng(1), 5000, np.array([0.5, 0.5, 0.0, 0.0])), OTHER, "never_offered"),
        (spun(np.random.default_rng(1), 300), OTHER, "hardly_drawn"),
        (spun(np.random.default_rng(1), 3000), np.array([0.01, 0.01, 0.01, 0.97]), "too_far_from_what_was"),
        (spun(np.random.default_rng(1), 3000)._replace(outcome=np.zeros(3000)), OTHER, "no_outcomes_yet"),
    ],
)
def test_a_log_that_cannot_answer_says_so(log: Logged, wanted: Floats, refusal: str) -> None:
    told = what_if(log, wanted)
    assert (told.refusal, told.doubly_robust, told.change) == (refusal, None, None)
