"""A split or a wheel that is not as designed is flagged, one that is stays unflagged, however often one looks."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from rewards import shares


def test_a_split_of_506_to_494_in_a_hundred_thousand_is_flagged_and_501_to_499_is_not() -> None:
    assert shares.watch([50_600, 49_400], [50, 50]).flagged()
    assert not shares.watch([50_100, 49_900], [50, 50]).flagged()
    assert shares.chi_square([50_600, 49_400], [50, 50])[1] < 0.001
    assert shares.chi_square([50_100, 49_900], [50, 50])[1] > 0.5


def test_a_gross_fault_is_flagged_within_hundreds() -> None:
    assert shares.watch([140, 60], [50, 50]).flagged()
    assert shares.watch([190, 0, 10], [80, 15, 5]).flagged()


@pytest.mark.parametrize(
    ("counts", "weights"),
    [([50_600, 49_400], [1, 1]), ([40, 25, 20, 10, 4, 1], [38, 27, 20, 10, 3, 2]), ([5, 7, 3, 9], [1, 1, 1, 1])],
)
def test_chi_square_is_that_of_scipy(counts: list[int], weights: list[int]) -> None:
    expected = np.array(weights) / sum(weights) * sum(counts)
    other = stats.chisquare(counts, expected)
    statistic, p = shares.chi_square(counts, weights)
    assert statistic == pytest.approx(float(other.statistic))
    assert p == pytest.approx(float(other.pvalue))


@pytest.mark.parametrize("freedom", range(1, 12))
@pytest.mark.parametrize("statistic", [0.0, 0.3, 4.0, 25.0, 400.0])
def test_the_tail_of_chi_square_is_that_of_scipy(statistic: float, freedom: int) -> None:
    other = stats.chi2.sf(statistic, freedom)
    assert shares.chi_square_above(statistic, freedom) == pytest.approx(other, rel=1e-9, abs=1e-300)


def test_mendels_peas_are_as_published() -> None:
    """Mendel's dihybrid peas, 315 : 101 : 108 : 32 for 9 : 3 : 3 : 1: the textbooks' 0.470 and 0.925."""
    statistic, p = shares.chi_square([315, 101, 108, 32], [9, 3, 3, 1])
    assert (round(statistic, 3), round(p, 3)) == (0.470, 0.925)


def test_the_evidence_is_that_of_the_mixture_by_numerical_integration() -> None:
    counts, weights = [64, 36], [50, 50]
    ratios = []
    for concentration in shares.CONCENTRATIONS:

        def ratio(q: float, prior: float = concentration / 2) -> float:
            log = counts[0] * math.log(q / 0.5) + counts[1] * math.log((1 - q) / 0.5)
            return float(math.exp(log) * stats.beta.pdf(q, prior, prior))

        ratios.append(integrate.quad(ratio, 0, 1, points=[0.5, 0.64], limit=400)[0])
    assert shares.watch(counts, weights).log_odds == pytest.approx(math.log(np.mean(ratios)), rel=1e-6)


def test_the_evidence_for_many_slices_is_the_dirichlet_multinomial_of_scipy() -> None:
    counts, weights = [400, 260, 190, 100, 45, 5], [40, 25, 20, 10, 4, 1]
    odds = np.array(weights) / 100
    ordered = -float(stats.multinomial.logpmf(counts, sum(counts), odds))
    parts = [
        float(stats.dirichlet_multinomial.logpmf(counts, concentration * odds, np.array(sum(counts)))) + ordered
        for concentration in shares.CONCENTRATIONS
    ]
    expected = float(special.logsumexp(parts)) - math.log(len(parts))
    assert shares.watch(counts, weights).log_odds == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("weights", [[50, 50], [40, 25, 20, 10, 4, 1]])
def test_a_sound_design_watched_at_every_look_is_flagged_once_in_a_hundred_at_most(weights: list[int]) -> None:
    rng = np.random.default_rng(17)
    odds = np.array(weights) / sum(weights)
    flagged = 0
    for _ in range(500):
        looks = np.cumsum(rng.multinomial(100, odds, 100), axis=0)
        flagged += any(shares.watch(counts, weights).flagged() for counts in looks.tolist())
    assert flagged <= 10  # of 500, where chance allows 5


def test_a_wheel_that_is_off_is_found_out() -> None:
    rng = np.random.default_rng(18)
    rigged = [0.42, 0.25, 0.20, 0.10, 0.025, 0.005]
    for _ in range(20):
        assert shares.watch(rng.multinomial(20_000, rigged).tolist(), [40, 25, 20, 10, 4, 1]).flagged()


def test_evidence_of_two_designs_adds_up() -> None:
    one, other = shares.watch([60, 40], [50, 50]), shares.watch([30, 10], [75, 25])
    assert shares.together([one, other]).log_odds == pytest.approx(one.log_odds + other.log_odds)
    assert shares.together([]).p == 1


@pytest.mark.parametrize(("counts", "weights"), [([1], [1, 2]), ([], []), ([-1, 2], [1, 1]), ([1, 2], [0, 1])])
def test_what_is_no_table_of_counts_is_refused(counts: list[int], weights: list[int]) -> None:
    with pytest.raises(ValueError, match="count"):
        shares.watch(counts, weights)
