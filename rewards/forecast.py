"""What a wheel will cost: exactly where a formula exists, by simulation where stock, budgets and use decide.

A stockout is one draw among categories: each slice of the wheel, a sure reward, or nothing. Draws are simulated in
batches of multinomial counts, which is the same in distribution and costs no more for a million than for a hundred;
only a batch in which something runs out is put in a random order and walked through.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

BATCH = 16_384
SUPPORT_MAX = 1 << 23
RUNS_MAX = 1000
DRAWS_AIM = 20_000_000
BAND = (0.05, 0.95)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Category(msgspec.Struct, frozen=True):
    """One thing a stockout can come to; `chain` is what is granted, then what replaces it, nothing where empty."""

    name: str
    probability: Fraction
    chain: tuple[str, ...] = ()


class Cost(msgspec.Struct, frozen=True):
    """What one award of a reward costs: at most, when its code is used, and how often it is."""

    liability_minor: int
    used_minor: int
    used_share: Fraction

    @property
    def mean_minor(self) -> Fraction:
        return self.used_minor * self.used_share


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign and the traffic it is to meet."""

    categories: tuple[Category, ...]
    costs: Mapping[str, Cost]
    stocks: Mapping[str, int]  # units of each limited reward, for the whole time
    budget_minor: int
    budget_days: int | None  # days of one budget period; None: one budget for all of it
    needed_minor: int  # what must be left for another offer
    stockouts: int
    days: int

    def __post_init__(self) -> None:
        if sum(category.probability for category in self.categories) != 1:
            raise ValueError("the categories' probabilities do not add up to 1")


class Exact(NamedTuple):
    """What holds while nothing runs out, from the table alone. Amounts in minor units."""

    mean_minor: Fraction  # of one stockout
    variance: Fraction
    worst_minor: int  # of one stockout, whatever runs out
    day_low_minor: float
    day_high_minor: float


@dataclass
class Simulated:
    """Runs of the whole plan, one row each."""

    runs: int
    cost_by_day: Floats  # runs × days: what used codes cost
    owed_by_day: Floats  # runs × days: the liability of what was granted
    granted: dict[str, Ints]  # per reward, one number a run
    drawn: dict[str, Ints]  # per category
    cost_by_category: dict[str, Floats]
    refused: Ints  # stockouts that found the budget used up
    budget_out_day: list[float | None]  # per run: days until a period's budget was first used up
    stock_out_day: dict[str, list[float | None]] = field(default_factory=dict)

    def band(self, values: Floats) -> tuple[float, float]:
        low, high = np.quantile(values, BAND)
        return float(low), float(high)

    @property
    def totals(self) -> Floats:
        return np.asarray(self.cost_by_day.sum(axis=1))

    def standard_error(self) -> float:
        """Return the standard error of the mean total."""
        return float(np.std(self.totals, ddof=1) / math.sqrt(self.runs)) if self.runs > 1 else math.inf

    @property
    def bound(self) -> bool:
        """Whether anything ran out in any run: then the exact figures are an upper or lower neighbour, no more."""
        short = any(day is not None for days in self.stock_out_day.values() for day in days)
        return bool(self.refused.any()) or short or any(day is not None for day in self.budget_out_day)


def exact(plan: Plan) -> Exact:
    """Return mean, variance and worst case of one stockout, and a day's 5–95 % band."""
    outcomes: dict[int, Fraction] = {}
    for category in plan.categories:
        cost = plan.costs[category.chain[0]] if category.chain else Cost(0, 0, Fraction(0))
        used = category.probability * cost.used_share
        outcomes[cost.used_minor] = outcomes.get(cost.used_minor, Fraction(0)) + used
        outcomes[0] = outcomes.get(0, Fraction(0)) + category.probability - used
    mean = sum((value * chance for value, chance in outcomes.items()), Fraction(0))
    square = sum((value * value * chance for value, chance in outcomes.items()), Fraction(0))
    worst = max(
        (plan.costs[reward].liability_minor for category in plan.categories for reward in category.chain), default=0
    )
    low, high = sum_quantiles(outcomes, -(-plan.stockouts // plan.days), BAND)
    return Exact(mean, square - mean * mean, worst, low, high)


def sum_quantiles(outcomes: Mapping[int, Fraction], times: int, at: Sequence[float]) -> tuple[float, ...]:
    """Return quantiles of the sum of `times` independent draws.

    By convolution in the frequency domain, exact to rounding; beyond `SUPPORT_MAX` by the normal approximation, whose
    error is then far below a minor unit's meaning.
    """
    step = math.gcd(*outcomes) or 1
    most = max(outcomes) // step
    if most == 0:
        return tuple(0.0 for _ in at)
    if most * times >= SUPPORT_MAX:
        mean = float(sum(value * chance for value, chance in outcomes.items()))
        square = float(sum(value * value * chance for value, chance in outcomes.items()))
        spread = math.sqrt(times * max(0.0, square - mean * mean))
        return tuple(times * mean + spread * _normal_quantile(one) for one in at)
    length = 1 << (most * times + 1).bit_length()
    single = np.zeros(length)
    for value, chance in outcomes.items():
        single[value // step] += float(chance)
    summed = np.cumsum(np.fft.irfft(np.fft.rfft(single) ** times, length))
    return tuple(float(np.searchsorted(summed, one - 1e-12) * step) for one in at)


def _normal_quantile(share: float) -> float:
    """Return the standard normal quantile by bisection of `math.erf`; used for two values a forecast."""
    low, high = -40.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + math.erf(middle / math.sqrt(2))) / 2 < share else (low, middle)
    return (low + high) / 2


def runs_for(stockouts: int) -> int:
    """Return how many runs give a steady band in a few seconds."""
    return max(20, min(RUNS_MAX, DRAWS_AIM // max(1, stockouts)))


def simulate(plan: Plan, rng: np.random.Generator, runs: int) -> Simulated:
    """Run the plan `runs` times."""
    done = Simulated(
        runs=runs,
        cost_by_day=np.zeros((runs, plan.days)),
        owed_by_day=np.zeros((runs, plan.days)),
        granted={reward: np.zeros(runs, np.int64) for reward in plan.costs},
        drawn={category.name: np.zeros(runs, np.int64) for category in plan.categories},
        cost_by_category={category.name: np.zeros(runs) for category in plan.categories},
        refused=np.zeros(runs, np.int64),
        budget_out_day=[None] * runs,
        stock_out_day={reward: [None] * runs for reward in plan.stocks},
    )
    for run in range(runs):
        _Run(plan, rng, done, run).live()
    return done


class _Hour(NamedTuple):
    """Where in the plan a batch begins."""

    day: int
    gone: int
    stockouts: int

    def after(self, walked: int) -> float:
        return self.day + (self.gone + walked) / self.stockouts


class _Run:
    """One run: what is left of stock and budget, and what was granted so far."""

    def __init__(self, plan: Plan, rng: np.random.Generator, done: Simulated, run: int) -> None:
        self.plan, self.rng, self.done, self.run = plan, rng, done, run
        self.rewards = list(plan.costs)
        self.place = {reward: index for index, reward in enumerate(self.rewards)}
        self.liability = np.array([cost.liability_minor for cost in plan.costs.values()], np.int64)
        self.used = np.array([cost.used_minor for cost in plan.costs.values()], np.float64)
        self.share = np.array([float(cost.used_share) for cost in plan.costs.values()])
        self.chances = np.array([float(category.probability) for category in plan.categories])
        self.chances /= self.chances.sum()
        self.left = dict(plan.stocks)
        self.budget = plan.budget_minor

    def live(self) -> None:
        per_day, more = divmod(self.plan.stockouts, self.plan.days)
        for day in range(self.plan.days):
            if day and self.plan.budget_days and day % self.plan.budget_days == 0:
                self.budget = self.plan.budget_minor
            self._day(day, per_day + (day < more))

    def _day(self, day: int, stockouts: int) -> None:
        granted = np.zeros((len(self.plan.categories), len(self.rewards)), np.int64)
        gone = 0
        while gone < stockouts:
            size = min(BATCH, stockouts - gone)
            counts = self.rng.multinomial(size, self.chances)
            self._batch(counts, granted, _Hour(day, gone, stockouts))
            gone += size
        self._settle(day, granted)

    def _batch(self, counts: Ints, granted: Ints, hour: _Hour) -> None:
        """Grant a batch: at once where nothing runs out in it, else in a random order, piece by piece."""
        gives = self._gives()
        if gives is not None and self._fits(counts, gives):
            self._take(counts, gives, granted)
            return
        order = self.rng.permutation(np.repeat(np.arange(len(counts), dtype=np.int64), counts))
        walked = 0
        while walked < len(order):
            gives = self._gives()
            if gives is None:
                self._note_budget(hour.after(walked))
                self.done.refused[self.run] += len(order) - walked
                return
            until = self._first_event(order[walked:], gives)
            self._take(np.bincount(order[walked : walked + until], minlength=len(counts)), gives, granted)
            walked += until
            self._note_stock(hour.after(walked))

    def _gives(self) -> Ints | None:
        """Return what each category grants as things stand, -1 for nothing; None where no offer can be made."""
        if self.budget < self.plan.needed_minor:
            return None
        return np.array([self._granted(category.chain) for category in self.plan.categories], np.int64)

    def _granted(self, chain: Sequence[str]) -> int:
        for reward in chain:
            place = self.place[reward]
            if self.liability[place] <= self.budget and self.left.get(reward, 1) > 0:
                return place
        # The last resort is always given: what is needed of the budget covers it.
        return self.place[chain[-1]] if chain else -1

    def _fits(self, counts: Ints, gives: Ints) -> bool:
        """Whether the whole batch can be granted, with room for one more of the dearest after it."""
        dearest = int(self.liability[gives[gives >= 0]].max(initial=0))
        owed = int((counts * self._liability_of(gives)).sum())
        if self.budget - owed < max(dearest, self.plan.needed_minor):
            return False
        return all(self._units(counts, gives, reward) < left for reward, left in self.left.items() if left > 0)

    def _units(self, counts: Ints, gives: Ints, reward: str) -> int:
        return int(counts[gives == self.place[reward]].sum())

    def _liability_of(self, gives: Ints) -> Ints:
        return np.asarray(np.where(gives >= 0, self.liability[gives], 0))

    def _first_event(self, order: Ints, gives: Ints) -> int:
        """Return how many draws can be granted before what is granted changes; at least one."""
        dearest = int(self.liability[gives[gives >= 0]].max(initial=0))
        spent = np.cumsum(self._liability_of(gives)[order])
        until = int(np.searchsorted(spent, self.budget - max(dearest, self.plan.needed_minor), side="right")) + 1
        for reward, left in self.left.items():
            if left > 0:
                taken = np.flatnonzero(gives[order[:until]] == self.place[reward])
                if len(taken) >= left:
                    until = int(taken[left - 1]) + 1
        return min(until, len(order))

    def _take(self, counts: Ints, gives: Ints, granted: Ints) -> None:
        for category, place in enumerate(gives):
            number = int(counts[category])
            self.done.drawn[self.plan.categories[category].name][self.run] += number
            if place >= 0 and number:
                granted[category, place] += number
                self.budget -= number * int(self.liability[place])
                if self.rewards[place] in self.left:
                    self.left[self.rewards[place]] = max(0, self.left[self.rewards[place]] - number)

    def _settle(self, day: int, granted: Ints) -> None:
        """Turn a day's awards into what they cost: each code is used or not by itself."""
        cost = self.rng.binomial(granted, self.share) * self.used
        self.done.cost_by_day[self.run, day] = cost.sum()
        self.done.owed_by_day[self.run, day] = (granted * self.liability).sum()
        for category, row in zip(self.plan.categories, cost, strict=True):
            self.done.cost_by_category[category.name][self.run] += row.sum()
        for place, reward in enumerate(self.rewards):
            self.done.granted[reward][self.run] += granted[:, place].sum()

    def _note_budget(self, day: float) -> None:
        if self.done.budget_out_day[self.run] is None:
            self.done.budget_out_day[self.run] = day

    def _note_stock(self, day: float) -> None:
        for reward, left in self.left.items():
            if left == 0 and self.done.stock_out_day[reward][self.run] is None:
                self.done.stock_out_day[reward][self.run] = day
