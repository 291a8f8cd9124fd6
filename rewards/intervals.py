"""Intervals that may be looked at every day: at 95 %, a whole history of looks leaves the truth out once in twenty.

Ordinary intervals hold for one look. These are confidence sequences: they hold for all looks at once, so an experiment
may be watched, prolonged and stopped at will. Two kinds are used, each where it is the better one:

* `bounded`, exact at any size, for shares and scores between 0 and 1: a mixture of likelihood ratios (Robbins 1970;
  Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
  Statistics 2021, the sub-Bernoulli case with a Beta(1/2, 1/2) mixture);
* `around`, for means and differences once there is enough to estimate a spread from: the Gaussian mixture of
  Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
  sequences", Annals of Statistics 2024, theorem 2.2 and, for two arms, section 3. Amounts have long tails, of which few
  data show little. So each arm's tail widens its own side, by the first Edgeworth term (Johnson, JASA 1978) and by what
  has not been met yet: the next value exceeds all n before it with probability 1/(n + 1) (Good, Biometrika 1953), so
  `UNSEEN` values as large as the largest are added.

A difference of shares changes from the first kind to the second once each arm has `EVENTS_MIN` of both answers; the 5 %
are split between the two, so the change costs nothing of what is promised.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ALPHA = 0.05
EXACT_ALPHA = 0.01  # of the 5 %, what a difference spends before it changes to the asymptotic kind
EVENTS_MIN = 25  # answers of each kind in each arm, before a spread is trusted; proven by simulation in the tests
ORDERS_MIN = 100  # the same for amounts: units in each arm that have one
UNSEEN = 2  # values as large as the largest that an arm may have missed so far
TUNED_FOR = 5000  # units at which an asymptotic interval is narrowest
POWER_QUANTILE = 0.8416212335729143  # of the standard normal at 80 %
NEEDED_MAX = 1e12
_BISECTIONS = 46

Floats = npt.NDArray[np.float64]
_lgamma = np.frompyfunc(math.lgamma, 1, 1)


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float

    def leaves_out(self, value: float) -> bool:
        return not self.low <= value <= self.high


class Tails(NamedTuple):
    """How far the data of an estimate reach to each side: third cumulants, and what is not met yet; all 0 or more."""

    right: Floats
    left: Floats
    above: Floats
    below: Floats

    @classmethod
    def of(cls, third: npt.ArrayLike, above: npt.ArrayLike, below: npt.ArrayLike, number: npt.ArrayLike) -> "Tails":
        """Return the tails of a mean, from its third cumulant and how far single values lie from it."""
        skew, n = np.asarray(third, np.float64), np.asarray(number, np.float64)
        far = (np.asarray(UNSEEN * np.maximum(np.asarray(one, np.float64), 0) / n) for one in (above, below))
        return cls(np.asarray(np.maximum(skew, 0)), np.asarray(np.maximum(-skew, 0)), *far)

    def less(self, other: "Tails", times: float = 1.0) -> "Tails":
        """Return the tails of a difference: what reaches above in the other reaches below here."""
        pairs = ((self.right, other.left, 3), (self.left, other.right, 3))
        far = ((self.above, other.below, 1), (self.below, other.above, 1))
        return Tails(*(np.asarray(one + times**power * two) for one, two, power in (*pairs, *far)))


NO_TAILS = Tails(*(np.zeros(()) for _ in Tails._fields))


class Moments(NamedTuple):
    """Sums over the units of one arm: all that any figure of the report needs of them."""

    n: float
    total: float
    squares: float
    cubes: float
    events: float  # units that are not 0
    largest: float = 0.0
    smallest: float = 0.0

    @classmethod
    def of(cls, values: Floats) -> "Moments":
        first, second, third = (float((values**power).sum()) for power in (1, 2, 3))
        ends = float(values.max(initial=0.0)), float(values.min(initial=0.0))
        return cls(len(values), first, second, third, float(np.count_nonzero(values)), *ends)

    @classmethod
    def together(cls, parts: Iterable["Moments"]) -> "Moments":
        *sums, largest, smallest = zip(NOTHING, *parts, strict=True)
        return cls(*(sum(column) for column in sums))._replace(largest=max(largest), smallest=min(smallest))

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else math.nan

    @property
    def variance(self) -> float:
        """Return the variance of one unit."""
        if self.n < 2:  # noqa: PLR2004  # one unit has no spread
            return math.inf
        return max(0.0, self.squares - self.n * self.mean**2) / (self.n - 1)

    @property
    def variance_of_mean(self) -> float:
        return self.variance / self.n if self.n else math.inf

    @property
    def third_of_mean(self) -> float:
        """Return the third cumulant of `mean`."""
        if not self.n:
            return 0.0
        first, second, third = (one / self.n for one in (self.total, self.squares, self.cubes))
        return (third - 3 * first * second + 2 * first**3) / self.n**2

    @property
    def tails(self) -> Tails:
        """Return what `mean` may still be off by."""
        return Tails.of(self.third_of_mean, self.largest - self.mean, self.mean - self.smallest, self.n)


NOTHING = Moments(0, 0, 0, 0, 0)


def bounded(total: npt.ArrayLike, number: npt.ArrayLike, alpha: float = ALPHA) -> tuple[Floats, Floats]:
    """Return the confidence sequence of the mean of values between 0 and 1, from their sum and number.

    The interval is {p : B(s + 1/2, n - s + 1/2) / B(1/2, 1/2) < p^s (1 - p)^(n - s) / alpha}: the mixture on the left
    over the likelihood of p is a martingale for the true p, so it reaches 1/alpha with probability alpha at most.
    """
    s, n = (np.asarray(one, dtype=np.float64) for one in (total, number))
    fails = n - s
    mixture = _lg(s + 0.5) + _lg(fails + 0.5) - _lg(n + 1) - math.log(math.pi)
    limit = np.asarray(mixture + math.log(alpha))
    middle = np.divide(s, n, out=np.full_like(n, 0.5), where=n > 0)
    low = _edge(s, fails, limit, np.zeros_like(n), middle)
    high = _edge(s, fails, limit, np.ones_like(n), middle)
    return np.where(s > 0, low, 0.0), np.where(fails > 0, high, 1.0)


def _lg(values: Floats) -> Floats:
    return np.asarray(_lgamma(values), dtype=np.float64)


def _edge(s: Floats, fails: Floats, limit: Floats, outside: Floats, inside: Floats) -> Floats:
    """Return where the log-likelihood falls below `limit`, between a point outside the interval and one inside."""
    for _ in range(_BISECTIONS):
        middle = (outside + inside) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            likelihood = np.where(s > 0, s * np.log(middle), 0.0) + np.where(fails > 0, fails * np.log1p(-middle), 0.0)
        within = likelihood > limit
        inside = np.where(within, middle, inside)
        outside = np.where(within, outside, middle)
    return outside


def around(
    middle: npt.ArrayLike,
    number: npt.ArrayLike,
    variance: npt.ArrayLike,
    tails: Tails | None = None,
    alpha: float = ALPHA,
) -> tuple[Floats, Floats]:
    """Return the asymptotic confidence sequence around an estimate from `number` independent values.

    `variance` and `tails` are those of the estimate itself.
    """
    errors = multiplier(number, alpha)
    square = np.asarray(variance, np.float64)
    reach, centre, told = errors * np.sqrt(square), np.asarray(middle, np.float64), tails or NO_TAILS

    def widened(third: Floats, unseen: Floats) -> Floats:
        skewed = np.divide(third, square, out=np.zeros_like(square), where=square > 0)
        return np.asarray(reach + skewed * (1 + 2 * errors**2) / 6 + unseen)

    return np.asarray(centre - widened(told.left, told.below)), np.asarray(centre + widened(told.right, told.above))


def multiplier(number: npt.ArrayLike, alpha: float = ALPHA) -> Floats:
    """Return how many standard errors an interval reaches to each side: about 3 where 1.96 would hold for one look."""
    peak = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / TUNED_FOR
    scaled = np.asarray(number, dtype=np.float64) * peak
    return np.asarray(np.sqrt(2 * (scaled + 1) / scaled * np.log(np.sqrt(scaled + 1) / alpha)))


def share(sample: Moments) -> Interval | None:
    """Return the interval of one arm's share or score between 0 and 1."""
    if not sample.n:
        return None
    low, high = bounded(sample.total, sample.n)
    return Interval(float(low), float(high))


def mean(sample: Moments) -> Interval | None:
    """Return the interval of one arm's mean of unbounded values, or None while its spread is not to be trusted."""
    if sample.events < ORDERS_MIN:
        return None
    return _around(sample.mean, sample.n, sample.variance_of_mean, sample.tails)


def _around(middle: float, number: float, variance: float, tails: Tails) -> Interval:
    low, high = around(middle, number, variance, tails)
    return Interval(float(low), float(high))


def difference_of_shares(arm: Moments, holdout: Moments, times: float = 1.0) -> Interval | None:
    """Return the interval of `arm - times × holdout`, of shares or scores between 0 and 1."""
    if not arm.n or not holdout.n:
        return None
    low, high = apart(Counts.of(arm), Counts.of(holdout), times)
    return Interval(float(low), float(high))


class Counts(NamedTuple):
    """One arm's sum of `number` values between 0 and 1; as arrays, many arms at once."""

    total: npt.ArrayLike
    number: npt.ArrayLike
    variance_of_mean: npt.ArrayLike

    @classmethod
    def of(cls, sample: Moments) -> "Counts":
        return cls(sample.total, sample.n, sample.variance_of_mean)


def apart(arm: Counts, holdout: Counts, times: float = 1.0) -> tuple[Floats, Floats]:
    """Return the confidence sequence of `arm - times × holdout`: exact while events are few, then asymptotic."""
    s, n, variance = (np.atleast_1d(np.asarray(one, np.float64)) for one in arm)
    base_s, base_n, base_variance = (np.atleast_1d(np.asarray(one, np.float64)) for one in holdout)
    spread = variance + times**2 * base_variance
    low, high = around(s / n - times * base_s / base_n, n + base_n, spread, alpha=ALPHA - EXACT_ALPHA)
    few = np.minimum.reduce([s, n - s, base_s, base_n - base_s]) < EVENTS_MIN
    arm_low, arm_high = bounded(s[few], n[few], EXACT_ALPHA / 2)
    base_low, base_high = bounded(base_s[few], base_n[few], EXACT_ALPHA / 2)
    low[few], high[few] = arm_low - times * base_high, arm_high - times * base_low
    return (low, high) if np.ndim(arm.total) else (low[0], high[0])


def difference_of_means(arm: Moments, holdout: Moments, times: float = 1.0) -> Interval | None:
    """Return the interval of `arm - times × holdout` of amounts, or None while their spread is not to be trusted."""
    if min(arm.events, holdout.events) < ORDERS_MIN:
        return None
    return _around(
        arm.mean - times * holdout.mean,
        arm.n + holdout.n,
        arm.variance_of_mean + times**2 * holdout.variance_of_mean,
        arm.tails.less(holdout.tails, times),
    )


def units_needed(variance: float, effect: float) -> int | None:
    """Return how many units both arms need together, until a difference of `effect` shows in four cases of five.

    `variance` is what the variance of the difference comes to, times their number. None where it never shows.
    """
    if not 0 < variance < math.inf or effect == 0:
        return None
    low, high = 0.5, 1.0
    while not _shows(high, variance, effect):
        low, high = high, high * 2
        if high > NEEDED_MAX:
            return None
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if _shows(middle, variance, effect) else (middle, high)
    return math.ceil(high)


def _shows(number: float, variance: float, effect: float) -> bool:
    reach = float(multiplier(number, ALPHA - EXACT_ALPHA)) + POWER_QUANTILE
    return reach * math.sqrt(variance / number) <= abs(effect)
