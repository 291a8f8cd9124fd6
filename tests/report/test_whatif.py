"""What other odds would have come to is found again in simulated logs, and is refused where they cannot say."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from rewards import whatif
from rewards.whatif import Answer, Log, Refusal

ODDS = np.array([0.40, 0.25, 0.20, 0.10, 0.05])
MEANS = np.array([300.0, 500.0, 900.0, 200.0, 100.0])  # what a spin of each slice comes to, in minor units
TARGET = np.array([0.46, 0.2875, 0.08, 0.115, 0.0575])  # the third slice at 8 %, the others in proportion

Floats = npt.NDArray[np.float64]


def log_of(rng: np.random.Generator, spins: int, odds: Floats = ODDS) -> Log:
    """Simulate a log: one spin in three buys, for an amount that hangs on the slice and on the basket."""
    slices = rng.choice(len(odds), p=odds, size=spins)
    basket = rng.lognormal(0, 0.5, spins)
    bought = rng.random(spins) < 1 / 3
    outcomes = bought * 3 * MEANS[slices] * basket / np.exp(0.125)
    return Log(slices.astype(np.int64), np.tile(odds, (spins, 1)), outcomes, basket[:, None])


def answers(number: int, spins: int) -> Iterator[Answer]:
    rng = np.random.default_rng(20)
    for _ in range(number):
        found = whatif.answer(log_of(rng, spins), TARGET)
        assert isinstance(found, Answer)
        yield found


def test_the_truth_is_within_the_intervals_in_at_least_95_of_100_logs() -> None:
    truth = float(TARGET @ MEANS)
    inverse = robust = change = 0
    for found in answers(100, 2000):
        inverse += not found.inverse_propensity.interval.leaves_out(truth)
        robust += not found.doubly_robust.interval.leaves_out(truth)
        change += not found.change.interval.leaves_out(truth - float(ODDS @ MEANS))
    assert min(inverse, robust, change) >= 95


def test_both_estimates_are_unbiased_and_the_model_makes_the_second_sharper() -> None:
    truth = float(TARGET @ MEANS)
    found = list(answers(100, 2000))
    inverse = np.array([one.inverse_propensity.mean for one in found])
    robust = np.array([one.doubly_robust.mean for one in found])
    for means in (inverse, robust):
        assert abs(means.mean() - truth) < 4 * means.std(ddof=1) / 10
    assert robust.std() < inverse.std()


def test_without_a_change_of_odds_the_answer_is_what_happened() -> None:
    log = log_of(np.random.default_rng(1), 500)
    found = whatif.answer(log, ODDS)
    assert isinstance(found, Answer)
    assert found.inverse_propensity.mean == pytest.approx(float(log.outcomes.mean()))
    assert found.effective_spins == pytest.approx(500)


def test_a_log_worked_out_by_hand() -> None:
    """Half the draws of each of two slices, worth 1 and 3; at 80 to 20 a spin comes to 0.8 · 1 + 0.2 · 3 = 1.4."""
    slices = np.arange(200) % 2
    log = Log(slices, np.full((200, 2), 0.5), np.where(slices == 0, 1.0, 3.0))
    found = whatif.answer(log, np.array([0.8, 0.2]))
    assert isinstance(found, Answer)
    assert found.as_it_was.mean == pytest.approx(2)
    assert found.inverse_propensity.mean == pytest.approx(1.4)
    assert found.doubly_robust.mean == pytest.approx(1.4)
    assert found.effective_spins == pytest.approx(200 / (2 * (0.8**2 + 0.2**2)))  # Kish, by hand: 147.06
    assert found.largest_weight == pytest.approx(1.6)


def test_odds_that_changed_on_the_way_are_weighed_by_what_they_were() -> None:
    rng = np.random.default_rng(2)
    early, late = log_of(rng, 3000), log_of(rng, 3000, np.array([0.1, 0.1, 0.3, 0.3, 0.2]))
    both = Log(
        np.concatenate([early.slices, late.slices]),
        np.concatenate([early.probabilities, late.probabilities]),
        np.concatenate([early.outcomes, late.outcomes]),
    )
    found = whatif.answer(both, TARGET)
    assert isinstance(found, Answer)
    assert not found.inverse_propensity.interval.leaves_out(float(TARGET @ MEANS))
    assert not found.doubly_robust.interval.leaves_out(float(TARGET @ MEANS))


def refusal(log: Log, target: list[float]) -> str:
    found = whatif.answer(log, np.array(target))
    assert isinstance(found, Refusal)
    return found.code


def test_what_was_never_offered_is_not_guessed_at() -> None:
    log = log_of(np.random.default_rng(3), 400, np.array([0.5, 0.25, 0.25, 0.0, 0.0]))
    assert refusal(log, [0.5, 0.2, 0.2, 0.1, 0.0]) == "never_offered"


def test_what_was_possible_and_hardly_drawn_is_not_guessed_at() -> None:
    rng = np.random.default_rng(4)
    log = log_of(rng, 400, np.array([0.5, 0.25, 0.25, 0.0, 0.0]))
    possible = log._replace(probabilities=np.tile([0.49, 0.25, 0.25, 0.005, 0.005], (400, 1)))
    assert refusal(possible, [0.4, 0.2, 0.2, 0.1, 0.1]) == "hardly_drawn"
    assert isinstance(whatif.answer(possible, np.array([0.485, 0.25, 0.25, 0.01, 0.005])), Answer)


def test_a_short_log_is_refused() -> None:
    assert refusal(log_of(np.random.default_rng(5), whatif.SPINS_MIN - 1), list(TARGET)) == "too_few_spins"


def test_a_log_without_outcomes_is_refused() -> None:
    log = log_of(np.random.default_rng(8), 400)
    assert refusal(log._replace(outcomes=np.zeros(400)), list(TARGET)) == "no_outcomes_yet"


def test_an_answer_that_hangs_on_a_handful_of_spins_is_refused() -> None:
    log = log_of(np.random.default_rng(6), 3000, np.array([0.6, 0.2, 0.17, 0.02, 0.01]))
    assert refusal(log, [0.0, 0.0, 0.0, 0.0, 1.0]) == "too_far_from_what_was"


def test_an_answer_that_hangs_on_one_spin_is_refused() -> None:
    rates = np.full((800, 2), 0.5)
    rates[1] = [0.999, 0.001]
    log = Log(np.arange(800, dtype=np.int64) % 2, rates, np.ones(800))
    assert refusal(log, [0.5, 0.5]) == "too_far_from_what_was"
    rates[1] = 0.5
    assert isinstance(whatif.answer(log, np.array([0.5, 0.5])), Answer)
