"""Which fault comes when: from a seed alone, so that a run can be had again."""

import os
import random
from typing import NamedTuple

SEED = int(os.environ.get("CHAOS_SEED", "20261122"))  # of the ten faults that every run of the tests has

KINDS = (
    "kill an API process",
    "kill the worker",
    "kill PostgreSQL",
    "kill Redis",
    "empty Redis",
    "stall callers",
    "cut callers",
    "stall PostgreSQL",
    "cut PostgreSQL",
    "pass midnight",
    "pass a change of the clocks",
)
# Each moves the date by half a year at most: more than a few would leave nothing that is still valid.
RARE = "pass a change of the clocks"
RARE_EVERY = 20


class Fault(NamedTuple):
    """One fault, so many seconds after the one before."""

    after_seconds: float
    kind: str


def schedule(seed: int, faults: int) -> list[Fault]:
    """Return so many faults: every kind once, in some order, before any comes again."""
    chance = random.Random(seed)  # noqa: S311  # it must be had again
    kinds: list[str] = []
    while len(kinds) < faults:
        often = [kind for kind in KINDS if kind != RARE or len(kinds) % RARE_EVERY < len(KINDS)]
        kinds += chance.sample(often, len(often))
    return [Fault(round(chance.uniform(0.3, 1.5), 2), kind) for kind in kinds[:faults]]
