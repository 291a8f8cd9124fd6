"""Which conditions nobody can ever meet: found by trying every kind of shopper that the conditions tell apart.

A free condition is judged where it only compares what a stockout says with words and whole numbers; what calculates,
calls functions or looks at the time is taken on trust.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import chain, combinations, product
from math import prod
from typing import Any, get_args

from engine.campaigns import Campaign
from rules.conditions import (
    AMOUNT_MINOR_MAX,
    AddressAccepted,
    CartBetween,
    Categories,
    Condition,
    CurrencyIn,
    DatesBetween,
    MarketIn,
    NotBackorderable,
    OutOfStock,
    Segments,
    Skus,
    Stage,
    StageIn,
    When,
)
from rules.facts import Cart, Facts, Shopper, Stock, Stockout

TRIED_MAX = 5_000
_LISTED_MAX = 6  # words of one list: each may be there or not
_NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
_OTHER = "~"  # a word that no condition names
_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_WHOLE = re.compile(r"(?<![\w.])\d{1,15}(?![\w.])")
_SORTED = re.compile(r"[<>]=?\s*['\"]|['\"]\s*[<>]")  # words by the alphabet
_PLAIN = re.compile(r"(?:[\s()\[\],!&|<>=]|\b(?:in|true|false)\b)*")

Kind = Mapping[str, Any]  # what a shopper, basket and product are like, by the names that free conditions use

# What the API takes for each: a value beyond can never be met.
_NUMBERS = {
    "cart.total_minor": range(AMOUNT_MINOR_MAX + 1),
    "stockout.quantity": range(1, 1_000_001),
    "stock.available": range(1_000_000_001),
}
_YES_NO = {"stock.backorderable", "shopper.address_disposable"}
_LISTS = {"shopper.segments", "stockout.categories"}
_TEXTS: dict[str, Callable[[str], object]] = {
    "stockout.sku": lambda text: text.strip(),
    "stockout.market": lambda _text: True,
    "shopper.locale": re.compile(r"[A-Za-z0-9_-]*\Z").match,
    "cart.currency": re.compile(r"([A-Z]{3})?\Z").match,  # none where the shop told of no basket
}
_KNOWN = {*_NUMBERS, *_YES_NO, *_LISTS, *_TEXTS, "stockout.stage"}
_LOOKS_AT: dict[type, tuple[str, ...]] = {
    StageIn: ("stockout.stage",),
    MarketIn: ("stockout.market",),
    CurrencyIn: ("cart.currency",),
    CartBetween: ("cart.currency", "cart.total_minor"),
    Skus: ("stockout.sku",),
    Categories: ("stockout.categories",),
    Segments: ("shopper.segments",),
    OutOfStock: ("stock.available", "stockout.quantity"),
    NotBackorderable: ("stock.backorderable",),
    AddressAccepted: ("shopper.address_disposable",),
}


def never_met(campaign: Campaign, *, today: date) -> list[tuple[int, str]]:
    """Return the conditions nobody can meet, by their places, each with a sentence."""
    return [*_days_apart(campaign, today), *_tried(campaign.eligibility)]


def _days_apart(campaign: Campaign, today: date) -> Iterator[tuple[int, str]]:
    first, last = campaign.starts_on or date.min, campaign.ends_on or date.max
    for place, rule in enumerate(campaign.eligibility):
        if isinstance(rule, DatesBetween):
            if rule.ends_on and rule.ends_on < today:
                yield place, f"nobody can meet this condition any more: its days ended on {rule.ends_on}"
                return
            first, last = max(first, rule.starts_on or first), min(last, rule.ends_on or last)
            if last < first:
                yield place, "nobody can ever meet this condition: its days and the campaign's have none in common"
                return


@lru_cache(maxsize=64)
def _tried(eligibility: tuple[Condition, ...]) -> list[tuple[int, str]]:
    judged = [(place, rule) for place, rule in enumerate(eligibility) if _looks_at(rule) is not None]
    alone = [place for place, rule in judged if _is_out_of_reach([rule])]
    if alone:
        return [(place, "nobody can ever meet this condition") for place in alone]
    for count in range(2, len(judged) + 1):
        place, last = judged[count - 1]
        above = [rule for _, rule in judged[: count - 1] if _share(rule, last)]
        if above and _is_out_of_reach([*above, last]):
            return [(place, "nobody can meet this condition and those above it at once")]
    return []


def _share(one: Condition, other: Condition) -> bool:
    return bool(set(_looks_at(one) or ()) & set(_looks_at(other) or ()))


def _is_out_of_reach(rules: Sequence[Condition]) -> bool:
    """Whether none of the kinds these rules tell apart is let in; too many kinds to try are taken on trust."""
    names = dict.fromkeys(name for rule in rules for name in _looks_at(rule) or ())
    values = {name: _values(name, rules) for name in names}
    if not 0 < prod(map(len, values.values())) <= TRIED_MAX:
        return False
    kinds = (dict(zip(values, each, strict=True)) for each in product(*values.values()))
    return not any(all(rule.failure(facts) is None for rule in rules) for facts in map(_facts, kinds))


def _looks_at(rule: Condition) -> tuple[str, ...] | None:
    """Return what a rule looks at, or None where that cannot be tried."""
    if not isinstance(rule, When):
        return _LOOKS_AT.get(type(rule))
    source = rule.expression.source
    left = _WHOLE.sub("", _QUOTED.sub("", source))
    named = tuple(dict.fromkeys(re.findall(r"\b\w+\.\w+\b", left)))
    plain = _PLAIN.fullmatch(re.sub(r"\b\w+\.\w+\b", "", left)) and not _SORTED.search(source)
    return named if plain and set(named) <= _KNOWN else None


def _values(name: str, rules: Sequence[Condition]) -> list[Any]:
    """Return one value of each kind that the rules tell apart, of those the API takes."""
    if name == "stockout.stage":
        return list(get_args(Stage))
    if name in _YES_NO:
        return [False, True]
    if name in _NUMBERS:
        taken = _NUMBERS[name]
        near = {number + step for rule in rules for number in _numbers(rule) for step in (-1, 0, 1)}
        return sorted(number for number in near | {taken[0], taken[1], taken[-1]} if number in taken)
    words = list(dict.fromkeys(word for rule in rules for word in _words(rule)))
    if name in _LISTS:
        free = any(isinstance(rule, When) for rule in rules)
        if free and len(words) > _LISTED_MAX:
            return []
        most = len(words) if free else 1  # a list of words asks for any of them
        return [*chain.from_iterable(combinations(words, count) for count in range(most + 1)), (_OTHER,)]
    return [word for word in dict.fromkeys(["", _OTHER, "XTS", *words]) if _TEXTS[name](word)]


def _numbers(rule: Condition) -> list[int]:
    match rule:
        case When():
            return [int(text) for text in _WHOLE.findall(_QUOTED.sub("", rule.expression.source))]
        case CartBetween():
            return [rule.minor_min, *([] if rule.minor_max is None else [rule.minor_max])]
        case _:
            return []


def _words(rule: Condition) -> list[str]:
    match rule:
        case When():
            return [one or other for one, other in _QUOTED.findall(rule.expression.source)]
        case CartBetween():
            return [rule.currency]
        case CurrencyIn():
            return list(rule.currencies)
        case MarketIn():
            return list(rule.markets)
        case Skus() | Categories() | Segments():
            patterns = [*rule.include, *rule.exclude]
            return [pattern.replace("*", filler) for pattern in patterns for filler in ("", _OTHER, _OTHER * 3)]
        case _:
            return []


def _facts(kind: Kind) -> Facts:
    currency = kind.get("cart.currency", "XTS")
    return Facts(
        now=_NOON,
        today=_NOON.date(),
        stockout=Stockout(
            _NOON,
            kind.get("stockout.sku", _OTHER),
            kind.get("stockout.stage", "in_cart"),
            kind.get("stockout.categories", ()),
            kind.get("stockout.quantity", 1),
            kind.get("stockout.market", ""),
        ),
        shopper=Shopper(
            kind.get("shopper.segments", ()),
            kind.get("shopper.locale", ""),
            kind.get("shopper.address_disposable", False),
        ),
        cart=Cart(kind.get("cart.total_minor", 0), currency) if currency else None,
        stock=Stock(kind.get("stock.available", 0), kind.get("stock.backorderable", False)),
    )
