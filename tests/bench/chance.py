"""The statistical battery: does a long run of results look like independent draws with the disclosed odds?

Whole battery: a fair source fails it once in a hundred times (ALPHA), shared out by Bonferroni. The bound of four
standard errors per slice is given (25 CFR 547.14 tests at 99 %; four is stricter) and takes its own small part; the
p-values of all other tests share the rest equally.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

ALPHA = 0.01
STANDARD_ERRORS_MAX = 4.0
LAGS = range(1, 11)
_P_TESTS = 3 + len(LAGS)

Results = NDArray[np.uint8]  # the index of the slice won, in the order of the draws
Uint64s = NDArray[np.uint64]


class Finding(NamedTuple):
    """One test's answer; `passed` says whether the results may be called fair as far as this test can see."""

    name: str
    statistic: float
    p_value: float
    passed: bool


def battery(results: Results, weights: Sequence[int]) -> list[Finding]:
    """Put results to every test."""
    counts = np.bincount(results, minlength=len(weights))
    alpha = alpha_per_test(len(weights))
    found = [
        ("chi-square", *chi_square(counts, weights)),
        ("G-test", *g_test(counts, weights)),
        ("runs", *runs(results, counts)),
        *((f"serial correlation, lag {lag}", *serial_correlation(results, lag)) for lag in LAGS),
    ]
    tests = [Finding(name, statistic, p_value, bool(p_value >= alpha)) for name, statistic, p_value in found]
    for index, z in enumerate(standard_errors(counts, weights)):
        p_value = 2 * float(stats.norm.sf(abs(z)))
        tests.append(Finding(f"slice {index}, standard errors", float(z), p_value, bool(abs(z) <= STANDARD_ERRORS_MAX)))
    return tests


def failed(tests: Sequence[Finding]) -> list[Finding]:
    return [test for test in tests if not test.passed]


def alpha_per_test(slices: int) -> float:
    """Return the level of each p-value test, so that all tests together stay within ALPHA."""
    spent = slices * 2 * float(stats.norm.sf(STANDARD_ERRORS_MAX))
    return (ALPHA - spent) / _P_TESTS


def chi_square(counts: NDArray[np.int64], weights: Sequence[int]) -> tuple[float, float]:
    """Pearson's test of the counts against the weights."""
    answer = stats.chisquare(counts, _expected(counts, weights))
    return float(answer.statistic), float(answer.pvalue)


def g_test(counts: NDArray[np.int64], weights: Sequence[int]) -> tuple[float, float]:
    """The likelihood-ratio test of the same."""
    answer = stats.power_divergence(counts, _expected(counts, weights), lambda_="log-likelihood")
    return float(answer.statistic), float(answer.pvalue)


def runs(results: Results, counts: NDArray[np.int64]) -> tuple[float, float]:
    """Too many or too few runs of equal results, given how often each came.

    Mean and variance over all orders of the same results: Barton and David, "Multiple runs", Biometrika 44 (1957); with
    two kinds of result this is the test of Wald and Wolfowitz.
    """
    n = float(len(results))
    squares, cubes = float(np.sum(counts.astype(float) ** 2)), float(np.sum(counts.astype(float) ** 3))
    seen = 1 + np.count_nonzero(results[1:] != results[:-1])
    mean = n + 1 - squares / n
    variance = (squares * (squares + n * (n + 1)) - 2 * n * cubes - n**3) / (n**2 * (n - 1))
    z = (seen - mean) / np.sqrt(variance)
    return float(z), 2 * float(stats.norm.sf(abs(z)))


def serial_correlation(results: Results, lag: int) -> tuple[float, float]:
    """Correlation of each result with the one `lag` draws later: z, for independent draws has variance 1/n."""
    values = results - results.mean()
    r = np.dot(values[:-lag], values[lag:]) / np.dot(values, values)
    z = float(r) * np.sqrt(len(results))
    return float(z), 2 * float(stats.norm.sf(abs(z)))


def standard_errors(counts: NDArray[np.int64], weights: Sequence[int]) -> NDArray[np.float64]:
    """How far each slice is from its odds, in standard errors."""
    expected = _expected(counts, weights)
    errors: NDArray[np.float64] = (counts - expected) / np.sqrt(expected * (1 - expected / counts.sum()))
    return errors


def _expected(counts: NDArray[np.int64], weights: Sequence[int]) -> NDArray[np.float64]:
    return np.asarray(weights, dtype=np.float64) * (float(counts.sum()) / sum(weights))


# Mappings that are not fair, to show that the battery can fail. Each turns fresh random bits into results.


def eight_bits_folded(bits: Uint64s, weights: Sequence[int]) -> Results:
    """`u % total` on one byte, without drawing again: tickets below 256 % total come too often."""
    return _slices(bits % 256 % sum(weights), weights)


def float_edge(bits: Uint64s, weights: Sequence[int]) -> Results:
    """`u / max * total` on one byte: the largest u lands beyond the last slice and is pushed back onto it."""
    total = sum(weights)
    tickets = np.floor((bits % 256).astype(np.float64) / 255 * total)
    return _slices(np.minimum(tickets, total - 1).astype(np.uint64), weights)


def rounded(bits: Uint64s, weights: Sequence[int]) -> Results:
    """`round(u / 2^64 * total)`: the first ticket is half as likely as the others, the last half as likely again."""
    total = sum(weights)
    tickets = np.rint(bits.astype(np.float64) / 2**64 * total)
    return _slices(np.minimum(tickets, total - 1).astype(np.uint64), weights)


def favouring(index: int, percent: int) -> Callable[[Uint64s, Sequence[int]], Results]:
    """Give one slice `percent` more than its weight, and show the table without it."""

    def favour(bits: Uint64s, weights: Sequence[int]) -> Results:
        tilted = [weight * (100 + percent * (place == index)) for place, weight in enumerate(weights)]
        return _slices(bits % sum(tilted), tilted)

    return favour


def sticky(bits: Uint64s, weights: Sequence[int]) -> Results:
    """Right odds, wrong order: one result in 25 repeats the one before."""
    results = _slices((bits >> np.uint64(8)) % sum(weights), weights)
    repeats = np.flatnonzero(bits % 256 < 10)
    repeats = repeats[repeats > 0]
    results[repeats] = results[repeats - 1]
    return results


def random_bits(n: int, seed: int | Sequence[int]) -> Uint64s:
    return np.random.default_rng(seed).integers(0, 2**64, size=n, dtype=np.uint64)


def _slices(tickets: NDArray[Any], weights: Sequence[int]) -> Results:
    edges = np.cumsum(np.asarray(weights, dtype=np.uint64))
    return np.searchsorted(edges, tickets, side="right").astype(np.uint8)
