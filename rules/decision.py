"""The decision: every rule is asked, every reason is told."""

from collections.abc import Iterable

import msgspec

from rules.conditions import Condition
from rules.facts import Facts
from rules.reasons import Reason


class Decision(msgspec.Struct, frozen=True):
    reasons: tuple[Reason, ...] = ()

    @property
    def eligible(self) -> bool:
        return not self.reasons


def decide(rules: Iterable[Condition], facts: Facts) -> Decision:
    """Return every reason that fails, so the shopper and the marketer hear all of them at once."""
    reasons = [reason for rule in rules if (reason := rule.failure(facts)) is not None]
    return Decision(tuple(reasons))
