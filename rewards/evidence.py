"""What data say about an experiment: intervals that may be looked at every day, checks of splits and draws, what-ifs.

Sources. Intervals: the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
central limit theory and asymptotic confidence sequences" (Annals of Statistics 2024), eq. 4, a normal mixture after
Robbins (1970). Splits and draws: the Dirichlet mixture of multinomials of Lindon and Malek, "Anytime-valid inference
for multinomial count data" (NeurIPS 2022). What-ifs: inverse propensity, and doubly robust after Dudík, Langford and
Li (ICML 2011), cross-fitted. What-if figures carry the same always-valid intervals.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ALPHA = 0.05
ALARM = 0.01  # a split or a wheel is questioned when chance alone would ever do so once in a hundred
TUNED_FOR = 1000  # units at which the interval is tightest
# In each arm, before the central limit is leant on: with half as many, margins of a long tail leave the band too often.
UNITS_MIN = 200
EVENTS_MIN = 50  # units with any outcome at all, in each arm
# One prior cannot be sharp for a hundred units and for a million; an average of three is still a fair bet.
CONCENTRATIONS = (100.0, 1000.0, 10_000.0)
EFFECTIVE_MIN = 200
DRAWN_MIN = 20
RIDGE = 1.0
_MORE_MAX = 1 << 34

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Sample(NamedTuple):
    """What one arm showed: units, mean and variance of one unit, and how many had anything to show."""

    n: int
    mean: float
    variance: float
    events: int

    @classmethod
    def of(cls, values: npt.ArrayLike) -> "Sample":
        data = np.asarray(values, np.float64)
        if not len(data):
            return cls(0, 0.0, 0.0, 0)
        spread = float(np.var(data, ddof=1)) if len(data) > 1 else 0.0
        return cls(len(data), float(data.mean()), spread, int(np.count_nonzero(data)))


class Interval(NamedTuple):
    """An estimate and the band around it; at every look, all looks together, the truth is inside with 95 %."""

    estimate: float
    low: float
    high: float

    def excludes(self, value: float) -> bool:
        return value < self.low or value > self.high


def half_width(n: float, variance: float, alpha: float = ALPHA) -> float:
    """Return half the width of the confidence sequence of a mean after `n` units of that variance."""
    if n <= 0:
        return math.inf
    mixed = n * _rho_squared(alpha)
    return math.sqrt(variance / n * 2 * (mixed + 1) / mixed * math.log(math.sqrt(mixed + 1) / alpha))


def _rho_squared(alpha: float) -> float:
    """Return the mixture's variance that makes the band tightest at `TUNED_FOR` units (same paper, eq. 17)."""
    return (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / TUNED_FOR


def is_enough(*samples: Sample) -> bool:
    """Whether there is enough in each sample for an interval to mean anything."""
    return all(one.n >= UNITS_MIN and one.events >= EVENTS_MIN for one in samples)


def mean_interval(sample: Sample, alpha: float = ALPHA) -> Interval:
    half = half_width(sample.n, sample.variance, alpha)
    return Interval(sample.mean, sample.mean - half, sample.mean + half)


def difference(treated: Sample, control: Sample, alpha: float = ALPHA) -> Interval:
    """Return the interval of the difference of two arms' means.

    Every unit of either arm is one look at the difference: with shares p and 1-p its influence has the variance
    v1/p + v0/(1-p), so the sequence runs over all units together.
    """
    estimate = treated.mean - control.mean
    half = _difference_half(treated, control, 1.0, alpha)
    return Interval(estimate, estimate - half, estimate + half)


def _difference_half(treated: Sample, control: Sample, times: float, alpha: float) -> float:
    """Return half the width once there are `times` as many units of both arms."""
    n = treated.n + control.n
    if not treated.n or not control.n:
        return math.inf
    variance = treated.variance * n / treated.n + control.variance * n / control.n
    return half_width(times * n, variance, alpha)


def more_units(treated: Sample, control: Sample, effect: float, alpha: float = ALPHA) -> int | None:
    """Return about how many more units tell an effect of that size from none; None where nothing can be said."""
    n = treated.n + control.n
    if not treated.n or not control.n or effect == 0 or not (treated.variance or control.variance):
        return None
    return _more(lambda times: _difference_half(treated, control, times, alpha), abs(effect), n)


def more_of_mean(sample: Sample, apart: float, alpha: float = ALPHA) -> int | None:
    """Return about how many more units tell a mean from a level that is so far from it."""
    if not sample.n or apart == 0:
        return None
    return _more(lambda times: half_width(times * sample.n, sample.variance, alpha), abs(apart), sample.n)


def _more(half_after: Callable[[float], float], wanted: float, n: int) -> int | None:
    """Return the units still missing until half the width, after `times` as many units, is what is wanted."""
    if half_after(1.0) <= wanted:
        return 0
    high = 2.0
    while half_after(high) > wanted:
        high *= 2
        if high * n > _MORE_MAX:
            return None
    low = high / 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if half_after(middle) > wanted else (low, middle)
    return math.ceil((high - 1) * n)


# Counts against disclosed probabilities


def log_evidence(counts: Sequence[int], chances: Sequence[float]) -> float:
    """Return the logarithm of the evidence that counts do not come from these probabilities.

    It is what a gambler has made of one coin by betting on the counts, as they came, at the disclosed odds: under true
    odds the fortune ever passes 1/a with probability a at most, however often anyone looks.
    """
    logs = [_log_ratio(counts, chances, one) for one in CONCENTRATIONS]
    most = max(logs)
    return most + math.log(sum(math.exp(one - most) for one in logs) / len(logs))


def _log_ratio(counts: Sequence[int], chances: Sequence[float], concentration: float) -> float:
    total = sum(counts)
    ratio = math.lgamma(concentration) - math.lgamma(concentration + total)
    for count, chance in zip(counts, chances, strict=True):
        if chance <= 0:
            if count:
                return math.inf
            continue
        prior = concentration * chance
        ratio += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(chance)
    return ratio


class Counted(NamedTuple):
    """Counts held against probabilities: `p_value` is always valid, `alarm` is its verdict."""

    p_value: float
    alarm: bool


def check_counts(*groups: tuple[Sequence[int], Sequence[float]]) -> Counted:
    """Check counts of one or more designs together; each group has its own probabilities."""
    evidence = sum(log_evidence(counts, chances) for counts, chances in groups)
    p_value = min(1.0, math.exp(-max(0.0, evidence))) if evidence < math.inf else 0.0
    return Counted(p_value, p_value < ALARM)


# What if the odds had been others


class Logged(NamedTuple):
    """Spins as logged: which slice, the probability it had, what came of it, and what was known beforehand."""

    action: Ints
    chance: Floats  # rows × slices: the probability each slice had in that spin
    outcome: Floats
    known: Floats  # rows × features, without a constant

    @property
    def taken(self) -> Floats:
        return np.asarray(self.chance[np.arange(len(self.action)), self.action])


class WhatIf(NamedTuple):
    """What the log says of other odds; where it cannot say, `refusal` names why and the rest is None."""

    n: int
    effective: float  # how many spins made at the other odds would have told as much
    refusal: str = ""
    as_it_was: Interval | None = None
    inverse_propensity: Interval | None = None
    doubly_robust: Interval | None = None
    change: Interval | None = None  # doubly robust, against what was


def what_if(log: Logged, wanted: Floats) -> WhatIf:
    """Estimate the mean outcome had the slices had the probabilities `wanted`."""
    n = len(log.action)
    weights = wanted[log.action] / log.taken if n else np.zeros(0)
    effective = float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0
    if refusal := _refusal(log, wanted, effective):
        return WhatIf(n, effective, refusal)
    robust = doubly_robust_values(log, wanted)
    return WhatIf(
        n,
        effective,
        "",
        mean_interval(Sample.of(log.outcome)),
        mean_interval(Sample.of(weights * log.outcome)),
        mean_interval(Sample.of(robust)),
        mean_interval(Sample.of(robust - log.outcome)),
    )


def _refusal(log: Logged, wanted: Floats, effective: float) -> str:
    """Return the code of why this log cannot answer, or nothing."""
    n, slices = len(log.action), len(wanted)
    if n < UNITS_MIN:
        return "too_few_spins"
    if bool(((log.chance <= 0) & (wanted > 0)).any()):
        return "never_offered"
    drawn = np.bincount(log.action, minlength=slices)
    if bool((drawn[wanted > 0] < DRAWN_MIN).any()):
        return "hardly_drawn"
    if effective < EFFECTIVE_MIN:
        return "too_far_from_what_was"
    if np.count_nonzero(log.outcome) < EVENTS_MIN:
        return "no_outcomes_yet"
    return ""


def doubly_robust_values(log: Logged, wanted: Floats) -> Floats:
    """Return one value a spin whose mean estimates the outcome at the wanted odds.

    A model of each slice's outcome, fitted on the other half of the spins, fills in what was not drawn; the weighted
    error of what was drawn corrects it. Either the model or the logged probabilities being right is enough, and the
    probabilities are right by construction.
    """
    n, slices = len(log.action), len(wanted)
    features = np.column_stack([np.ones(n), log.known])
    half = np.arange(n) % 2
    told = np.empty((n, slices))
    for fold in (0, 1):
        for piece in range(slices):
            model = _ridge(features, log.outcome, (half != fold) & (log.action == piece))
            told[half == fold, piece] = features[half == fold] @ model
    weights = wanted[log.action] / log.taken
    drawn = told[np.arange(n), log.action]
    return np.asarray(told @ wanted + weights * (log.outcome - drawn))


def _ridge(features: Floats, outcome: Floats, rows: npt.NDArray[np.bool_]) -> Floats:
    """Fit a line, held near the mean where there is little to fit: the constant alone is not penalised."""
    chosen, wanted = features[rows], outcome[rows]
    if not len(wanted):
        return np.zeros(features.shape[1])
    penalty = np.full(features.shape[1], RIDGE)
    penalty[0] = 1e-9
    return np.asarray(np.linalg.solve(chosen.T @ chosen + np.diag(penalty), chosen.T @ wanted))
