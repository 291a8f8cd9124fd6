"""Sentences that are kept: a message and its values, so that each reader has them in their language, years later."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec

from engine.messages import Messages


class Money(msgspec.Struct, frozen=True, tag="money"):
    """An amount in minor units, which an average may have parts of."""

    minor: float
    currency: str


class Percent(msgspec.Struct, frozen=True, tag="percent"):
    """A share of 1, told in percent."""

    share: float
    signed: bool = False


class Day(msgspec.Struct, frozen=True, tag="day"):
    day: date


class Sentence(msgspec.Struct, frozen=True, tag="say"):
    """A message of the desk by its id, with what stands in it."""

    id: str
    values: dict[str, "Value"] = {}


class Words(msgspec.Struct, frozen=True, tag="words"):
    """Several values, one after the other."""

    parts: tuple["Value", ...]
    between: str = ", "


Value = str | int | Money | Percent | Day | Sentence | Words


def sentence(message_id: str, **values: Value) -> Sentence:
    return Sentence(message_id, values)


def mean_money(minor: Fraction, currency: str) -> Money:
    return Money(float(minor), currency)


def told(one: Value, messages: Messages) -> str:
    """Write a value, or a whole sentence, in the reader's language."""
    match one:
        case Money():
            return messages.money(one.minor, one.currency)
        case Percent():
            sign = "+" if one.signed and one.share > 0 else ""
            return sign + messages.percent(one.share, 1 if one.signed else 2)
        case Day():
            return messages.day(one.day)
        case Words():
            return one.between.join(told(part, messages) for part in one.parts)
        case Sentence():
            # A number chooses its form, so it goes in as one; all else is text by then.
            values = {
                name: value if isinstance(value, int) else told(value, messages) for name, value in one.values.items()
            }
            return messages.text(one.id, **values)
        case _:
            return messages.number(one) if isinstance(one, int) else one


def all_told(sentences: Sequence[Sentence], messages: Messages) -> list[str]:
    return [told(one, messages) for one in sentences]


def plain(sentences: Sequence[Sentence]) -> list[Any]:
    """Return sentences as JSON has them."""
    return [msgspec.to_builtins(one) for one in sentences]


def kept(stored: Sequence[Any], messages: Messages) -> list[str]:
    """Tell sentences as they were kept; those of an engine that kept them as text stay as they are."""
    return [one if isinstance(one, str) else told(msgspec.convert(one, Sentence), messages) for one in stored]
