"""What terms a jurisdiction does not allow, each with the rule it comes from and how to mend it.

A profile is a first look, not legal advice: it knows the three mistakes that are unlawful or risky almost everywhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from engine.campaigns import Campaign
from engine.messages import Messages
from rules.conditions import Segments, StageIn, When
from rules.facts import Cart, Facts, Shopper, Stockout

Term = Literal["purchase-required", "hidden-odds", "bundled-consent"]
Level = Literal["error", "warning", "note"]


class Rule(NamedTuple):
    level: Level
    why: str


# What is refused where; a profile without a rule allows the term.
RULES: dict[tuple[str, Term], Rule] = {
    ("FR", "purchase-required"): Rule(
        "error",
        "French law wants a lottery of a shop open without a purchase (Code de la consommation L121-20, CSI L320-1)",
    ),
    ("US", "purchase-required"): Rule(
        "error", "a prize, chance and a purchase together are an illegal lottery in every US state; entry must be free"
    ),
    ("UK", "purchase-required"): Rule(
        "warning", "a purchase may be asked in Great Britain, not in Northern Ireland, where entry must be free"
    ),
    ("EU", "purchase-required"): Rule(
        "warning", "some member states forbid it, and all judge it case by case (Directive 2005/29/EC, C-304/08)"
    ),
    ("FR", "hidden-odds"): Rule(
        "error", "leaving out what a shopper needs to decide is a misleading omission (Code de la consommation L121-2)"
    ),
    ("EU", "hidden-odds"): Rule(
        "error", "leaving out what a shopper needs to decide is a misleading omission (Directive 2005/29/EC, art. 7)"
    ),
    ("UK", "hidden-odds"): Rule(
        "error", "significant conditions of a promotion must be told (CAP Code 8.17; DMCC Act 2024, s. 227)"
    ),
    ("US", "hidden-odds"): Rule(
        "error", "the odds of winning must be disclosed (New York GBL 369-e, Florida Stat. 849.094)"
    ),
    ("FR", "bundled-consent"): Rule("error", "consent that is a condition of something is not free (GDPR, art. 7(4))"),
    ("EU", "bundled-consent"): Rule("error", "consent that is a condition of something is not free (GDPR, art. 7(4))"),
    ("UK", "bundled-consent"): Rule(
        "error", "consent that is a condition of something is not free (UK GDPR, art. 7(4))"
    ),
    ("US", "bundled-consent"): Rule(
        "warning", "for calls and texts consent may not be a condition (TCPA, 47 CFR 64.1200); e-mail needs an opt-out"
    ),
}
MEND: dict[Term, str] = {
    "purchase-required": 'add "in_cart" or "viewed" to the stages, so that nobody has to buy first',
    "hidden-odds": "say the odds in this message: { $percent }, or { $part } in { $whole }",
    "bundled-consent": "take it out, and ask for consent apart from the spin, where saying no changes nothing",
}

_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_WHOLE = re.compile(r"\b\d{1,9}\b")
_NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
_SOONER = ("viewed", "saved", "in_cart")  # the stages before something is ordered
_TRIED_MAX = 12  # words and numbers of one expression
_CONSENT = re.compile(
    r"newsletter|mailing|consent|opt[-_ ]?in|marketing|subscri|advertis|abonn|inscri|publicit|promotionnel"
    r"|recevoir (nos|des) offres|receive (our|news|offers)",
    re.IGNORECASE,
)
# What a shopper reads on and above the button that takes part.
_AT_THE_BUTTON = ("widget-invite", "widget-spin", "widget-arms-invite", "widget-arms-take", "widget-wait-join")


def purchase_places(campaign: Campaign) -> list[int]:
    """Return the conditions that let only those in who have ordered; stages are judged with those above."""
    found, left = [], {*_SOONER, "ordered"}
    for place, rule in enumerate(campaign.eligibility):
        if isinstance(rule, StageIn):
            before, left = left, left & set(rule.stages)
            if left == {"ordered"} != before:
                found.append(place)
        elif isinstance(rule, When) and _depends(rule, _ordered(rule), _not_ordered):
            found.append(place)
    return found


def consent_places(campaign: Campaign) -> list[int]:
    """Return the conditions that let only those in who have agreed to advertising."""
    return [
        place
        for place, rule in enumerate(campaign.eligibility)
        if (isinstance(rule, Segments) and any(_CONSENT.search(word) for word in rule.include))
        or (isinstance(rule, When) and _depends(rule, _agreed(rule), _not_agreed))
    ]


def _depends(rule: When, shoppers: Iterable[Facts], otherwise: Callable[[Facts], Iterable[Facts]]) -> bool:
    """Whether a free condition, tried, lets some of these shoppers in, and each of them only as they are.

    Its text cannot be read: what is asked may stand on either side, be turned round, or be one way in of several.
    """
    let_in = [facts for facts in shoppers if rule.failure(facts) is None]
    return bool(let_in) and all(rule.failure(other) for facts in let_in for other in otherwise(facts))


def _ordered(rule: When) -> Iterator[Facts]:
    return (_with_stage(facts, "ordered") for facts in _tried(rule))


def _not_ordered(facts: Facts) -> Iterator[Facts]:
    return (_with_stage(facts, stage) for stage in _SOONER)


def _agreed(rule: When) -> Iterator[Facts]:
    return (_with_stage(facts, stage) for facts in _tried(rule) for stage in (*_SOONER, "ordered"))


def _not_agreed(facts: Facts) -> Iterator[Facts]:
    kept = tuple(word for word in facts.shopper.segments if not _CONSENT.search(word))
    yield msgspec.structs.replace(facts, shopper=msgspec.structs.replace(facts.shopper, segments=kept))


def _with_stage(facts: Facts, stage: str) -> Facts:
    return msgspec.structs.replace(facts, stockout=msgspec.structs.replace(facts.stockout, stage=stage))


def _tried(rule: When) -> Iterator[Facts]:
    """Yield shoppers made of the words and numbers a condition names, one of each at a time, none and all of them."""
    source = rule.expression.source
    words = list(dict.fromkeys(first or second for first, second in _QUOTED.findall(source)))[:_TRIED_MAX]
    numbers = sorted({0, *(int(text) + 1 for text in _WHOLE.findall(source)), *map(int, _WHOLE.findall(source))})
    for segments in dict.fromkeys([(), *((word,) for word in words), tuple(words)]):
        for word in ("", *words):
            for number in numbers[: 2 * _TRIED_MAX]:
                yield Facts(
                    now=_NOON,
                    today=_NOON.date(),
                    stockout=Stockout(_NOON, word, "ordered", (word,), max(1, number), word),
                    shopper=Shopper(segments, word),
                    cart=Cart(number, word if word.isupper() else "EUR"),
                )


def consent_messages(messages: Messages) -> list[str]:
    """Return the messages at the button that ask for more than taking part."""
    return [name for name in _AT_THE_BUTTON if _CONSENT.search(str(messages.patterns.get(name, "")))]


def odds_hidden(messages: Messages) -> bool:
    """Whether the sentence that states a slice's odds does not state them."""
    said = str(messages.patterns.get("widget-more-odds", "$percent"))  # a message that is missing is another finding
    return "$percent" not in said and not ("$part" in said and "$whole" in said)
