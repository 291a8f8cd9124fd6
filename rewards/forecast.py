"""What a wheel will cost: exactly where a formula exists, by simulation where stock, budgets and use decide.

A stockout is one draw among categories: each slice of the wheel, a sure reward, or nothing; who waits besides is given
one draw of each milestone's list. What waiting costs counts on the day it began, as in the budget. Draws are
simulated in batches of multinomial counts, which is the same in distribution and costs no more for a million than for
a hundred; only a batch in which something runs out is put in a random order and walked through.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

BATCH = 16_384
SUPPORT_MAX = 1 << 21
GRID_MIN = 64  # steps of the dearest outcome: coarser than that, the normal approximation is the closer one
WAITS_MAX = 100_000  # different totals of milestones
RUNS_MAX = 1000
RUNS_MIN = 20
DRAWS_AIM = 20_000_000
DAYS_AIM = 40_000  # of all runs together: each day costs the time of thousands of draws
BAND = (0.05, 0.95)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Category(msgspec.Struct, frozen=True):
    """One thing a stockout can come to; `chain` is what is granted, then what replaces it, nothing where empty."""

    name: str
    probability: Fraction
    chain: tuple[str, ...] = ()
    waits: Fraction = Fraction(0)  # how many of these wait besides


class Cost(msgspec.Struct, frozen=True):
    """What one award of a reward costs: at most, when its code is used, and how often it is."""

    liability_minor: int
    used_minor: int
    used_share: Fraction

    @property
    def mean_minor(self) -> Fraction:
        return self.used_minor * self.used_share


NO_COST = Cost(0, 0, Fraction(0))


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
    milestones: tuple[tuple[Category, ...], ...] = ()  # what each milestone gives a shopper who waits

    def __post_init__(self) -> None:
        for draw in (self.categories, *self.milestones):
            if sum(category.probability for category in draw) != 1:
                raise ValueError("the categories' probabilities do not add up to 1")

    @property
    def days_by_stockouts(self) -> dict[int, Fraction]:
        """How many stockouts a day may have, and the share of the days that have so many."""
        fewest, more = divmod(self.stockouts, self.days)
        shares = {fewest: Fraction(self.days - more, self.days), fewest + 1: Fraction(more, self.days)}
        return {number: share for number, share in shares.items() if share}

    @property
    def waiting(self) -> Fraction:
        """The share of all stockouts that wait."""
        return sum((one.probability * one.waits for one in self.categories), Fraction(0))


class Exact(NamedTuple):
    """What holds while nothing runs out, from the table alone. Amounts in minor units."""

    mean_minor: Fraction  # of one stockout
    variance: Fraction
    worst_minor: int  # of one stockout, whatever runs out
    day_low_minor: float
    day_high_minor: float
    day_low_share: float  # of days that cost `day_low_minor` or less
    day_high_share: float
    wait_mean_minor: Fraction  # of one shopper who waits
    wait_worst_minor: int


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
    waits = _sums(_outcomes(plan, milestone) for milestone in plan.milestones)
    outcomes: Outcomes = {}
    for category in plan.categories:
        for value, chance in _outcomes(plan, (category,)).items():
            _add(outcomes, value, chance * (1 - category.waits))
            for more, share in waits.items() if category.waits else ():
                _add(outcomes, value + more, chance * category.waits * share)
    mean, square = _moment(outcomes, 1), _moment(outcomes, 2)
    worst, *wait_worst = (_worst(plan, draw) for draw in (plan.categories, *plan.milestones))
    (low, low_share), (high, high_share) = sum_quantiles(outcomes, plan.days_by_stockouts, BAND)
    return Exact(
        mean, square - mean * mean, worst, low, high, low_share, high_share, _moment(waits, 1), sum(wait_worst)
    )


Outcomes = dict[int, Fraction]


def _outcomes(plan: Plan, draw: Sequence[Category]) -> Outcomes:
    """Return what a draw costs, and how probably."""
    outcomes: Outcomes = {}
    for category in draw:
        cost = plan.costs[category.chain[0]] if category.chain else NO_COST
        used = category.probability * cost.used_share
        _add(outcomes, cost.used_minor, used)
        _add(outcomes, 0, category.probability - used)
    return outcomes


def _add(outcomes: Outcomes, value: int, chance: Fraction) -> None:
    if chance:
        outcomes[value] = outcomes.get(value, Fraction(0)) + chance


def _sums(draws: Iterable[Outcomes]) -> Outcomes:
    """Return the distribution of the sum of independent draws; raise `ValueError` where it has too many values."""
    summed: Outcomes = {0: Fraction(1)}
    for draw in draws:
        following: Outcomes = {}
        for value, chance in summed.items():
            for more, share in draw.items():
                _add(following, value + more, chance * share)
        summed = following
        if len(summed) > WAITS_MAX:
            raise ValueError(f"the milestones can come to more than {WAITS_MAX} different amounts")
    return summed


def _moment(outcomes: Outcomes, power: int) -> Fraction:
    return sum((value**power * chance for value, chance in outcomes.items()), Fraction(0))


def _worst(plan: Plan, draw: Sequence[Category]) -> int:
    return max((plan.costs[reward].liability_minor for category in draw for reward in category.chain), default=0)


def sum_quantiles(
    outcomes: Mapping[int, Fraction], times: Mapping[int, Fraction], at: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    """Return quantiles of the sum of independent draws, each with the share that lies at or below it.

    `times` is how many draws there are, with the share of each number: a day may have one stockout more than another.
    By convolution in the frequency domain, exact to rounding; where that has more than `SUPPORT_MAX` values on a grid
    that keeps the mean, and beyond that by the normal approximation.
    """
    most, number = max(outcomes), max(times)
    if most == 0 or number == 0:
        return tuple((0.0, 1.0) for _ in at)
    step = math.gcd(*outcomes)
    if most // step * number >= SUPPORT_MAX:
        step = -(-most * number // SUPPORT_MAX)
        if step * GRID_MIN > most:
            return tuple(_normal_mixture(outcomes, times, one) for one in at)
    length = 1 << (-(-most // step) * number + 1).bit_length()
    single = np.zeros(length)
    for value, chance in outcomes.items():
        place, over = divmod(value, step)
        single[place] += float(chance) * (1 - over / step)
        single[place + 1] += float(chance) * over / step
    spectrum = np.fft.rfft(single)
    mixed = sum(float(share) * spectrum**many for many, share in times.items())
    summed = np.cumsum(np.fft.irfft(mixed, length))
    places = [int(np.searchsorted(summed, one - 1e-12)) for one in at]
    return tuple((float(place * step), float(min(1.0, summed[place]))) for place in places)


def _normal_mixture(outcomes: Mapping[int, Fraction], times: Mapping[int, Fraction], at: float) -> tuple[float, float]:
    mean, square = (float(_moment(dict(outcomes), power)) for power in (1, 2))
    spread = math.sqrt(max(0.0, square - mean * mean))

    def share(value: float) -> float:
        """Return the share at or below a value."""
        return sum(
            float(weight) * _normal_share((value - many * mean) / (spread * math.sqrt(many) or 1.0))
            for many, weight in times.items()
        )

    low, high = 0.0, float(max(outcomes)) * max(times)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) < at else (low, middle)
    return high, at


def _normal_share(value: float) -> float:
    return (1 + math.erf(value / math.sqrt(2))) / 2


def runs_for(stockouts: int, days: int = 1) -> int:
    """Return how many runs give a steady band in a few seconds."""
    return max(RUNS_MIN, min(RUNS_MAX, DRAWS_AIM // max(1, stockouts), DAYS_AIM // max(1, days)))


def simulate(plan: Plan, rng: np.random.Generator, runs: int) -> Simulated:
    """Run the plan `runs` times."""
    done = Simulated(
        runs=runs,
        cost_by_day=np.zeros((runs, plan.days)),
        owed_by_day=np.zeros((runs, plan.days)),
        granted={reward: np.zeros(runs, np.int64) for reward in plan.costs},
        drawn={category.name: np.zeros(runs, np.int64) for category in drawn_of(plan)},
        cost_by_category={category.name: np.zeros(runs) for category in drawn_of(plan)},
        refused=np.zeros(runs, np.int64),
        budget_out_day=[None] * runs,
        stock_out_day={reward: [None] * runs for reward in plan.stocks},
    )
    for run in range(runs):
        _Run(plan, rng, done, run).live()
    return done


def drawn_of(plan: Plan) -> tuple[Category, ...]:
    """Return everything that is drawn, the stockouts' own categories first."""
    return (*plan.categories, *(category for milestone in plan.milestones for category in milestone))


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
        self.drawn = drawn_of(plan)
        self.waits = np.array([float(category.waits) for category in plan.categories])
        self.lists = [
            np.array([float(category.probability) for category in milestone]) for milestone in plan.milestones
        ]
        self.left = dict(plan.stocks)
        self.budget = plan.budget_minor

    def live(self) -> None:
        per_day, more = divmod(self.plan.stockouts, self.plan.days)
        for day in range(self.plan.days):
            if day and self.plan.budget_days and day % self.plan.budget_days == 0:
                self.budget = self.plan.budget_minor
            self._day(day, per_day + (day < more))

    def _day(self, day: int, stockouts: int) -> None:
        granted = np.zeros((len(self.drawn), len(self.rewards)), np.int64)
        gone = 0
        while gone < stockouts:
            size = min(BATCH, stockouts - gone)
            counts = self._draw(size)
            self._batch(counts, granted, _Hour(day, gone, stockouts), size)
            gone += size
        self._settle(day, granted)

    def _draw(self, size: int) -> Ints:
        """Draw a batch of stockouts, and what those of them who wait are given later."""
        counts = self.rng.multinomial(size, self.chances)
        if not self.lists:
            return np.asarray(counts)
        waiting = int(self.rng.binomial(counts, self.waits).sum())
        return np.concatenate([counts, *(self.rng.multinomial(waiting, chances) for chances in self.lists)])

    def _batch(self, counts: Ints, granted: Ints, hour: _Hour, size: int) -> None:
        """Grant a batch: at once where nothing runs out in it, else in a random order, piece by piece."""
        gives = self._gives()
        if gives is None:
            self._note_budget(hour.after(0))
            self.done.refused[self.run] += size
            return
        if self._fits(counts, gives):
            self._take(counts, gives, granted)
            return
        order = self.rng.permutation(np.repeat(np.arange(len(counts), dtype=np.int64), counts))
        walked = 0
        while walked < len(order):
            gives = self._gives()
            if gives is None:
                self._note_budget(hour.after(size * walked // len(order)))
                self.done.refused[self.run] += np.count_nonzero(order[walked:] < len(self.plan.categories))
                return
            until = self._first_event(order[walked:], gives)
            self._take(np.bincount(order[walked : walked + until], minlength=len(counts)), gives, granted)
            walked += until
            self._note_stock(hour.after(size * walked // len(order)))

    def _gives(self) -> Ints | None:
        """Return what each category grants as things stand, -1 for nothing; None where no offer can be made."""
        if self.budget < self.plan.needed_minor:
            return None
        return np.array([self._granted(category.chain) for category in self.drawn], np.int64)

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
            self.done.drawn[self.drawn[category].name][self.run] += number
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
        for category, row in zip(self.drawn, cost, strict=True):
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
