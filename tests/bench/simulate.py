"""Ten million simulated spins, beside a bare `numpy.random.Generator.choice` of as many: `make bench-simulate`.

Ours is the whole forecast: draws, stock that runs out, a budget that is used up every day, fallbacks, and codes that
are used or not. The bare call only draws. Both take turns, so a busy machine slows both.
"""

import statistics
import sys
import time
from fractions import Fraction

import numpy as np

from rewards.forecast import Category, Cost, Plan, simulate

AIM = 0.8
ROUNDS = 5
SPINS = 10_000_000
WEIGHTS = {"discount-5": 40, "discount-10": 25, "free-shipping": 20, "sample": 10, "discount-20": 4, "vip": 1}
LIABILITY = {
    "discount-5": 800,
    "discount-10": 1500,
    "free-shipping": 690,
    "sample": 350,
    "discount-20": 3000,
    "vip": 2500,
}
CHAINS = {
    "discount-10": ("discount-10", "discount-5"),
    "sample": ("sample", "free-shipping"),
    "discount-20": ("discount-20", "discount-10", "discount-5"),
    "vip": ("vip", "discount-20", "discount-10", "discount-5"),
}


def plan() -> Plan:
    """Ninety days; the budget lasts for nine tenths of each, the samples for half of them."""
    return Plan(
        categories=tuple(
            Category(name, Fraction(weight, 100), CHAINS.get(name, (name,))) for name, weight in WEIGHTS.items()
        ),
        costs={name: Cost(minor, minor, Fraction(2, 5)) for name, minor in LIABILITY.items()},
        stocks={"sample": 500_000, "vip": 50_000},
        budget_minor=SPINS // 90 * 912,
        budget_days=1,
        needed_minor=800,
        stockouts=SPINS,
        days=90,
    )


def seconds_of_ours(seed: int) -> float:
    began = time.perf_counter()
    done = simulate(plan(), np.random.default_rng(seed), 1)
    took = time.perf_counter() - began
    assert done.bound
    assert 0 < done.refused[0] < SPINS // 4
    assert sum(int(counts[0]) for counts in done.drawn.values()) + int(done.refused[0]) == SPINS
    return took


def seconds_of_choice(seed: int) -> float:
    rng = np.random.default_rng(seed)
    chances = np.array(list(WEIGHTS.values())) / 100
    began = time.perf_counter()
    drawn = rng.choice(len(chances), SPINS, p=chances)
    took = time.perf_counter() - began
    assert len(drawn) == SPINS
    return took


def main() -> int:
    ratios = []
    for number in range(ROUNDS):
        bare, ours = seconds_of_choice(number), seconds_of_ours(number)
        ratios.append(bare / ours)
        print(f"round {number + 1}: forecast {ours:.3f} s, bare choice {bare:.3f} s")  # noqa: T201  # a bench prints
    ratio = statistics.median(ratios)
    verdict = "OK" if ratio >= AIM else "SHORT"
    print(f"simulate: {ratio:.2f} (aim {AIM}) {verdict}")  # noqa: T201  # its last line is the verdict
    return 0 if ratio >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
