"""What other odds would have come to, from what was drawn and with which probability; or why that cannot be said.

Every spin was drawn at random with a logged probability, so a spin of a slice that would have been half as likely
counts half: the inverse-propensity estimate (Horvitz and Thompson 1952). The doubly-robust one (Dudík, Langford and
Li, ICML 2011) adds a model of what each slice comes to and weighs only what the model misses; the model of a spin is
fitted on the other folds, so that no spin predicts itself (Chernozhukov et al. 2018). Both are right without the
model being so.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rewards.intervals import EVENTS_MIN, Interval, Tails, around

FOLDS = 5
SPINS_MIN = 100
EFFECTIVE_MIN = 100  # spins' worth that must be left once they are weighed; so none carries more than a tenth
NEGLIGIBLE = 0.02  # a slice so rare may be missing from a short log: little hangs on it
DRAWN_MIN = 20
RIDGE = 1.0

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Refusal(NamedTuple):
    """Why the data cannot answer: a stable code, and how many spins' worth they are."""

    code: str
    effective: float = 0.0


class Log(NamedTuple):
    """Spins as they were drawn, one row each."""

    slices: Ints  # which slice was drawn
    probabilities: Floats  # spins × slices: of every slice, when that spin was drawn
    outcomes: Floats
    features: Floats | None = None  # spins × features: what was known before the draw

    @property
    def drawn(self) -> Floats:
        return np.asarray(self.probabilities[np.arange(len(self.slices)), self.slices])


class Estimate(NamedTuple):
    """A mean outcome a spin, and an interval that may be looked at at any time."""

    mean: float
    interval: Interval


class Answer(NamedTuple):
    """What the new odds would have come to, beside what the old ones did."""

    as_it_was: Estimate
    inverse_propensity: Estimate
    doubly_robust: Estimate
    change: Estimate  # doubly robust, against what it was
    effective_spins: float
    largest_weight: float


def answer(log: Log, target: Floats) -> Answer | Refusal:
    """Return what `target`, one probability a slice, would have come to; or a refusal where the log cannot say."""
    if refusal := _no_support(log, target):
        return refusal
    weights = np.asarray(target[log.slices] / log.drawn)
    effective, largest = _effective(weights), float(weights.max())
    if effective < EFFECTIVE_MIN:
        return Refusal("too_far_from_what_was", effective)
    robust = doubly_robust(log, target, weights)
    return Answer(
        estimate(log.outcomes),
        estimate(weights * log.outcomes),
        estimate(robust),
        estimate(robust - log.outcomes),
        effective,
        largest,
    )


def estimate(terms: Floats) -> Estimate:
    """Return the mean of independent terms with its always-valid interval."""
    number, middle = len(terms), float(terms.mean())
    variance = float(terms.var(ddof=1)) / number
    third = float(((terms - middle) ** 3).mean()) / number**2
    tails = Tails.of(third, terms.max() - middle, middle - terms.min(), number)
    low, high = around(middle, number, variance, tails)
    return Estimate(middle, Interval(float(low), float(high)))


def doubly_robust(log: Log, target: Floats, weights: Floats) -> Floats:
    """Return one term a spin, whose mean is the doubly-robust estimate."""
    predicted = predictions(log)
    mine = predicted[np.arange(len(log.slices)), log.slices]
    return np.asarray(predicted @ target + weights * (log.outcomes - mine))


def predictions(log: Log) -> Floats:
    """Return what each slice would come to for each spin, by ridge regression on the folds the spin is not in."""
    spins, slices = log.probabilities.shape
    design = np.ones((spins, 1)) if log.features is None else np.column_stack([np.ones(spins), _scaled(log.features)])
    fold = np.arange(spins) % FOLDS
    predicted = np.zeros((spins, slices))
    for out in range(min(FOLDS, spins)):
        rest = fold != out
        overall = float(log.outcomes[rest].mean()) if rest.any() else 0.0
        for one in range(slices):
            rows = rest & (log.slices == one)
            centred = _ridge(design[rows], log.outcomes[rows] - overall)
            predicted[~rest, one] = overall + design[~rest] @ centred
    return predicted


def _ridge(design: Floats, outcomes: Floats) -> Floats:
    """Return coefficients, drawn towards 0: a slice nobody got is predicted to come to what all others do."""
    penalty = RIDGE * np.eye(design.shape[1])
    return np.asarray(np.linalg.solve(design.T @ design + penalty, design.T @ outcomes))


def _scaled(features: Floats) -> Floats:
    spread = features.std(axis=0)
    return np.asarray((features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _no_support(log: Log, target: Floats) -> Refusal | None:
    """Refuse odds for what could not be drawn, or never was: nothing is known of what it comes to."""
    if len(log.slices) < SPINS_MIN:
        return Refusal("too_few_spins")
    if np.count_nonzero(log.outcomes) < EVENTS_MIN:
        return Refusal("no_outcomes_yet")
    if not np.isfinite(log.outcomes).all() or not math.isclose(float(target.sum()), 1, abs_tol=1e-9):
        raise ValueError("outcomes are finite and the target odds add up to 1")
    wanted = target > 0
    impossible = wanted & (log.probabilities <= 0).any(axis=0)
    hardly = (target >= NEGLIGIBLE) & (np.bincount(log.slices, minlength=len(target)) < DRAWN_MIN)
    for code, places in (("never_offered", impossible), ("hardly_drawn", hardly)):
        if places.any():
            return Refusal(code)
    return None


def _effective(weights: Floats) -> float:
    """Return Kish's effective sample size."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0
