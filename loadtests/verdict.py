"""How long answers took, by phase and call, and whether that is within the budgets."""

from collections import defaultdict
from collections.abc import Mapping

EMPTY = "POST /empty"
CALLS_MIN = 20  # fewer say nothing about one call in twenty


class Times:
    """Milliseconds of every answer, by phase and call."""

    def __init__(self) -> None:
        self._took: dict[tuple[str, str], list[float]] = defaultdict(list)

    def note(self, phase: str, call: str, milliseconds: float) -> None:
        self._took[phase, call].append(milliseconds)

    def count(self, phase: str, call: str) -> int:
        return len(self._took[phase, call])

    def percentile(self, phase: str, call: str, share: float) -> float:
        took = sorted(self._took[phase, call])
        return took[min(len(took) - 1, int(len(took) * share))]


def judged(times: Times, budgets: Mapping[str, Mapping[str, float]]) -> tuple[list[str], list[str]]:
    """Return a line for each call that has a budget, and what is wrong: too slow, or too few to tell."""
    lines, faults = [], []
    for phase, calls in budgets.items():
        if times.count(phase, EMPTY) < CALLS_MIN:
            faults.append(f"{phase}: the empty handler was hardly called, so nothing can be compared")
            continue
        empty = times.percentile(phase, EMPTY, 0.95)
        lines.append(f"{phase}: {EMPTY}: p95 {empty:.1f} ms")
        for call, most in calls.items():
            if times.count(phase, call) < CALLS_MIN:
                faults.append(f"{phase}: {call} was hardly called: {times.count(phase, call)} times")
                continue
            ratio = times.percentile(phase, call, 0.95) / empty
            lines.append(f"{phase}: {call}: p95 {ratio:.1f} times an empty handler's (at most {most:g})")
            if ratio > most:
                faults.append(f"slow: {phase}: {call}: {ratio:.1f} times an empty handler's, at most {most:g}")
    return lines, faults
