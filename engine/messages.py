"""Every sentence a shopper reads, from `config/messages/*.ftl` (Project Fluent), and numbers and dates by Babel."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser, ast

from engine.toml_files import ConfigError, Problem
from rewards.catalogue import AmountOff, FreeShipping, PercentOff, Reward, Sample, VipAccess
from rewards.money import digits_of

Pattern = str | dict[str, str]


class Messages:
    """The sentences of one language."""

    def __init__(self, locale: str, path: Path, name: str) -> None:
        """Read one `.ftl` file; raise `ConfigError` with every line Fluent cannot read."""
        self.locale = locale
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([Problem(name, 1, 1, f"cannot be read: {error}")]) from None
        resource = FluentParser().parse(text)
        if problems := [_junk(entry, text, name) for entry in resource.body if isinstance(entry, ast.Junk)]:
            raise ConfigError(problems)
        self._bundle = FluentBundle([locale], use_isolating=False)
        self._bundle.add_resource(FluentResource(text))
        self.patterns = {
            entry.id.name: _pattern(entry.value)
            for entry in resource.body
            if isinstance(entry, ast.Message) and entry.value
        }

    def has(self, message_id: str) -> bool:
        return message_id in self.patterns

    def text(self, message_id: str, **values: object) -> str:
        """Return a sentence; a message that is missing answers with its id, which a test of the messages forbids."""
        if not self.has(message_id):
            return message_id
        pattern = self._bundle.get_message(message_id).value
        return "" if pattern is None else str(self._bundle.format_pattern(pattern, values)[0])

    def starting_with(self, prefix: str) -> dict[str, Pattern]:
        """Return the messages a browser needs, in a form it can format without a Fluent library of its own."""
        return {name: pattern for name, pattern in self.patterns.items() if name.startswith(prefix)}

    def money(self, minor: int, currency: str) -> str:
        return str(format_currency(minor / 10 ** digits_of(currency), currency, locale=self.locale))

    def label(self, reward_id: str, reward: Reward, currency: str) -> str:
        """Return a reward's name: the message `reward-<id>` where there is one, else one made from its kind."""
        if self.has(f"reward-{reward_id}"):
            return self.text(f"reward-{reward_id}")
        return _LABELS[type(reward)](self, reward, currency)


def _percent(messages: Messages, reward: Any, _currency: str) -> str:
    return messages.text("label-percent-off", percent=reward.percent)


def _amount(messages: Messages, reward: Any, currency: str) -> str:
    return messages.text("label-amount-off", amount=messages.money(reward.amount, currency))


_LABELS: Mapping[type, Callable[[Messages, Any, str], str]] = {
    PercentOff: _percent,
    AmountOff: _amount,
    FreeShipping: lambda messages, _reward, _currency: messages.text("label-free-shipping"),
    Sample: lambda messages, _reward, _currency: messages.text("label-sample"),
    VipAccess: lambda messages, reward, _currency: messages.text("label-vip-access", event=reward.event),
}


def read_messages(folder: Path, locales: tuple[str, ...]) -> dict[str, Messages]:
    """Read the languages the shop speaks, the default one first; raise `ConfigError` where one is missing."""
    found: dict[str, Messages] = {}
    problems: list[Problem] = []
    for locale in locales:
        name = f"messages/{locale}.ftl"
        if not (folder / name).is_file():
            problems.append(Problem("shop.toml", 1, 1, f'locale "{locale}" has no file {name}'))
            continue
        try:
            found[locale] = Messages(locale, folder / name, name)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def negotiate(wanted: str, available: Mapping[str, Messages]) -> Messages:
    """Return the nearest language: `fr-CA` finds `fr`; what is not spoken gets the shop's first language."""
    for tag in (wanted, wanted.split("-", maxsplit=1)[0], wanted.split("_", maxsplit=1)[0]):
        if tag in available:
            return available[tag]
    return next(iter(available.values()))


def is_locale(text: str) -> bool:
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _junk(entry: ast.Junk, text: str, name: str) -> Problem:
    start = entry.span.start if entry.span else 0
    line = text[:start].count("\n") + 1
    words = entry.annotations[0].message if entry.annotations else "not Fluent"
    first = entry.content.strip().split("\n")[0] if entry.content else ""
    return Problem(name, line, 1, f'cannot be read as Fluent: {words} in "{first[:60]}"')


def _pattern(pattern: ast.Pattern) -> Pattern:
    """Compile a Fluent pattern to text with `{$name}` holes, or to one choice by number or word."""
    if len(pattern.elements) == 1 and isinstance(pattern.elements[0], ast.Placeable):
        inner = pattern.elements[0].expression
        if isinstance(inner, ast.SelectExpression):
            return _choice(inner)
    return _flat(pattern)


def _choice(expression: ast.SelectExpression) -> dict[str, str]:
    variants: dict[str, str] = {"select": _hole(expression.selector)}
    for variant in expression.variants:
        key = variant.key.name if isinstance(variant.key, ast.Identifier) else variant.key.value
        variants[key] = _flat(variant.value)
        if variant.default:
            variants["other"] = variants[key]
    return variants


def _flat(pattern: ast.Pattern) -> str:
    return "".join(
        element.value if isinstance(element, ast.TextElement) else _placeable(element.expression)
        for element in pattern.elements
    )


def _placeable(expression: Any) -> str:
    if isinstance(expression, ast.StringLiteral):
        return str(re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), expression.value))
    return f"{{${_hole(expression)}}}"


def _hole(expression: Any) -> str:
    if isinstance(expression, ast.FunctionReference):
        return _hole(expression.arguments.positional[0])
    return str(expression.id.name)
