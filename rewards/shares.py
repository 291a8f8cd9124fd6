"""Whether counts are as designed: the split of an experiment and the odds of a wheel, at one look or watched for ever.

`chi_square` is Pearson's test, for one look. `watch` is the sequential multinomial test of Lindon and Malek,
"Anytime-valid inference for multinomial count data" (NeurIPS 2022): the likelihood of the counts under a Dirichlet
mixture around the design, over that under the design. While the design is kept, that ratio is a martingale, so the
chance that it ever reaches 1/p is p at most, however often one looks.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# How closely the mixture stays around the design, as a number of imagined observations: the loose one sees gross faults
# within hundreds, the close one sees faults of half a percent within a hundred thousand.
CONCENTRATIONS = (100.0, 10_000.0)
SPLIT_ALPHA = 0.01


class Watch(NamedTuple):
    """The evidence so far that the counts are not as designed; 100 to 1 is reached by chance once in a hundred."""

    log_odds: float

    @property
    def p(self) -> float:
        """Return an always-valid p-value."""
        return min(1.0, math.exp(-max(0.0, self.log_odds)))

    def flagged(self, alpha: float = SPLIT_ALPHA) -> bool:
        return self.p < alpha


def watch(counts: Sequence[int], weights: Sequence[float]) -> Watch:
    """Return the evidence that counts do not follow the weights; it depends on the counts alone, in any order."""
    _refuse_unfit(counts, weights)
    total = sum(weights)
    shares = [weight / total for weight in weights]
    parts = [_log_ratio(counts, shares, concentration) for concentration in CONCENTRATIONS]
    most = max(parts)
    return Watch(most + math.log(sum(math.exp(part - most) for part in parts) / len(parts)))


def together(watches: Iterable[Watch]) -> Watch:
    """Return the evidence of independent counts taken together: the product of their ratios."""
    return Watch(math.fsum(one.log_odds for one in watches))


def chi_square(counts: Sequence[int], weights: Sequence[float]) -> tuple[float, float]:
    """Return Pearson's statistic and its p-value, for one look at the counts."""
    _refuse_unfit(counts, weights)
    number, total = sum(counts), sum(weights)
    if not number:
        return 0.0, 1.0
    expected = [number * weight / total for weight in weights]
    statistic = math.fsum((seen - one) ** 2 / one for seen, one in zip(counts, expected, strict=True))
    return statistic, chi_square_above(statistic, len(counts) - 1)


def chi_square_above(statistic: float, freedom: int) -> float:
    """Return the chance that a chi-square variable exceeds `statistic`.

    The recurrence Q(a + 1, x) = Q(a, x) + x^a e^-x / Γ(a + 1) from Q(1/2, x) = erfc(√x) or Q(1, x) = e^-x
    (Abramowitz and Stegun 26.4.4 and 26.4.5).
    """
    if freedom < 1 or statistic <= 0:
        return 1.0
    x = statistic / 2
    a, above = (0.5, math.erfc(math.sqrt(x))) if freedom % 2 else (1.0, math.exp(-x))
    while a < freedom / 2:
        above += math.exp(a * math.log(x) - x - math.lgamma(a + 1))
        a += 1
    return min(1.0, above)


def _log_ratio(counts: Sequence[int], shares: Sequence[float], concentration: float) -> float:
    ratio = math.lgamma(concentration) - math.lgamma(concentration + sum(counts))
    for seen, one in zip(counts, shares, strict=True):
        prior = concentration * one
        ratio += math.lgamma(prior + seen) - math.lgamma(prior) - seen * math.log(one)
    return ratio


def _refuse_unfit(counts: Sequence[int], weights: Sequence[float]) -> None:
    if len(counts) != len(weights) or not weights:
        raise ValueError(f"{len(counts)} counts for {len(weights)} weights")
    if min(counts) < 0 or min(weights) <= 0:
        raise ValueError("counts are 0 or more and weights are positive")
