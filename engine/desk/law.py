"""What terms a jurisdiction does not allow, each with the rule it comes from and how to mend it.

A profile is a first look, not legal advice: it knows the three mistakes that are unlawful or risky almost everywhere.
"""

import re
from typing import Literal, NamedTuple

from engine.campaigns import Campaign
from engine.messages import Messages
from rules.conditions import Segments, StageIn, When

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

_ORDERED_ONLY = re.compile(r"""stockout\.stage\s*==\s*["']ordered["']""")
_CONSENT = re.compile(
    r"newsletter|mailing|consent|opt[-_ ]?in|marketing|subscri|advertis|abonn|inscri|publicit|promotionnel"
    r"|recevoir (nos|des) offres|receive (our|news|offers)",
    re.IGNORECASE,
)
# What a shopper reads on and above the button that takes part.
_AT_THE_BUTTON = ("widget-invite", "widget-spin", "widget-arms-invite", "widget-arms-take", "widget-wait-join")


def purchase_places(campaign: Campaign) -> list[int]:
    """Return the conditions that let only those in who have ordered."""
    return [
        place
        for place, rule in enumerate(campaign.eligibility)
        if (isinstance(rule, StageIn) and set(rule.stages) == {"ordered"})
        or (isinstance(rule, When) and _ORDERED_ONLY.search(rule.expression.source))
    ]


def consent_places(campaign: Campaign) -> list[int]:
    """Return the conditions that let only those in who have agreed to advertising."""
    return [
        place
        for place, rule in enumerate(campaign.eligibility)
        if (isinstance(rule, Segments) and any(_CONSENT.search(word) for word in rule.include))
        or (isinstance(rule, When) and _CONSENT.search(rule.expression.source) and "!" not in rule.expression.source)
    ]


def consent_messages(messages: Messages) -> list[str]:
    """Return the messages at the button that ask for more than taking part."""
    return [name for name in _AT_THE_BUTTON if _CONSENT.search(str(messages.patterns.get(name, "")))]


def odds_hidden(messages: Messages) -> bool:
    """Whether the sentence that states a slice's odds does not state them."""
    said = str(messages.patterns.get("widget-more-odds", "$percent"))  # a message that is missing is another finding
    return "$percent" not in said and not ("$part" in said and "$whole" in said)
