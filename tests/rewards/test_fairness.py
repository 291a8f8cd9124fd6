"""A long run of the default wheel looks fair to every test, and what is not fair does not."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from tests.bench import chance, fairness
from tests.bench.chance import Results, battery, failed

DRAWS = 200_000
SEED = fairness.SEED  # the day of the design's example stockout; any other would do
TABLE = fairness.default_table()
WEIGHTS = fairness.weights_of(TABLE)


def test_the_default_wheel_is_the_one_of_the_design() -> None:
    assert WEIGHTS == [40, 25, 20, 10, 4, 1]


def test_two_hundred_thousand_draws_of_the_default_wheel_pass_every_test() -> None:
    results = np.concatenate(list(fairness.draw_all(DRAWS, table=TABLE, seed=SEED)))
    assert len(results) == DRAWS
    assert not failed(battery(results, WEIGHTS))


@pytest.mark.parametrize("name", fairness.unfair_wheels(WEIGHTS, DRAWS))
def test_an_unfair_wheel_fails(name: str) -> None:
    wheel = fairness.unfair_wheels(WEIGHTS, DRAWS)[name]
    assert failed(battery(fairness.unfair_results(wheel, WEIGHTS, draws=DRAWS, seed=SEED), WEIGHTS))


@pytest.mark.parametrize(
    ("wheel", "caught_by"),
    [
        (chance.eight_bits_folded, {"chi-square", "G-test", "slice 0, standard errors"}),
        (chance.float_edge, {"chi-square", "G-test", "slice 5, standard errors"}),
        (chance.favouring(0, 5), {"chi-square", "G-test", "slice 0, standard errors"}),
        (chance.sticky, {"runs", "serial correlation, lag 1"}),
    ],
)
def test_each_kind_of_unfairness_is_caught_by_the_tests_made_for_it(
    wheel: Callable[..., Results], caught_by: set[str]
) -> None:
    results = fairness.unfair_results(wheel, WEIGHTS, draws=DRAWS, seed=SEED)
    assert {finding.name for finding in failed(battery(results, WEIGHTS))} >= caught_by


@pytest.mark.parametrize("lag", chance.LAGS)
def test_an_echo_is_heard_at_its_own_lag(lag: int) -> None:
    results = chance.favouring(0, 0)(chance.random_bits(DRAWS, lag), WEIGHTS)
    results[lag::20] = results[:-lag:20]
    assert f"serial correlation, lag {lag}" in {finding.name for finding in failed(battery(results, WEIGHTS))}


def test_the_same_unfair_wheels_without_their_fault_pass() -> None:
    for seed in range(5):
        fair = chance.favouring(0, 0)(chance.random_bits(DRAWS, seed), WEIGHTS)
        assert not failed(battery(fair, WEIGHTS))


def test_a_fair_source_fails_the_battery_about_once_in_a_hundred_times() -> None:
    runs = 300
    sources = (chance.random_bits(2_000, seed) for seed in range(runs))
    alarms = sum(bool(failed(battery(chance.favouring(0, 0)(bits, WEIGHTS), WEIGHTS))) for bits in sources)
    assert alarms <= stats.binom.isf(0.001, runs, chance.ALPHA)


def test_the_levels_of_all_tests_add_up_to_alpha() -> None:
    findings = battery(chance.favouring(0, 0)(chance.random_bits(1000, 0), WEIGHTS), WEIGHTS)
    slices = sum("standard errors" in finding.name for finding in findings)
    level = chance.alpha_per_test(len(WEIGHTS)) * (len(findings) - slices) + 2 * stats.norm.sf(4) * slices
    assert slices == len(WEIGHTS)
    assert level == pytest.approx(chance.ALPHA)


def test_the_runs_of_every_order_of_a_few_results_have_the_stated_mean_and_spread() -> None:
    source = np.random.default_rng(0)
    few = np.repeat(np.arange(3, dtype=np.uint8), (9, 5, 3))
    seen = [chance.runs(source.permutation(few), np.bincount(few))[0] for _ in range(5_000)]
    assert np.mean(seen) == pytest.approx(0, abs=0.06)
    assert np.std(seen) == pytest.approx(1, abs=0.04)


def test_the_runs_of_two_kinds_are_those_of_wald_and_wolfowitz() -> None:
    results = np.array([0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1], dtype=np.uint8)
    first, second, n = 5, 7, 12
    mean = 1 + 2 * first * second / n
    spread = np.sqrt((mean - 1) * (mean - 2) / (n - 1))
    assert chance.runs(results, np.bincount(results))[0] == pytest.approx((6 - mean) / spread)


def test_the_draws_are_the_same_however_they_are_shared_out() -> None:
    alone = np.concatenate(list(fairness.draw_all(2_007, table=TABLE, seed=1, chunk=1_000)))
    last, first, second = (
        fairness.draw_chunk(number, table=TABLE, seed=1, size=size) for number, size in ((2, 7), (0, 1_000), (1, 1_000))
    )
    assert len(alone) == 2_007
    assert np.array_equal(alone, np.concatenate([first, second, last]))
