"""Every sentence a shopper reads, from `config/messages/*.ftl` (Project Fluent), and numbers and dates by Babel."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, format_scientific
from fluent.runtime import FluentBundle
from fluent.syntax import FluentParser, ast

from engine.toml_files import ConfigError, Problem, read_text
from rewards.catalogue import AmountOff, FreeShipping, PercentOff, Reward, Sample, VipAccess
from rewards.money import digits_of

KEPT_MAX = 10_000
READ_MAX = 16  # files: the few languages a shop speaks, as they are and as they were
_TINY = 1e-4
_FIGURES_MAX = 8

Pattern = str | dict[str, str]
Value = TypeVar("Value")


class Messages:
    """The sentences of one language."""

    def __init__(self, locale: str, path: Path, name: str) -> None:
        """Read one `.ftl` file; raise `ConfigError` with every line Fluent cannot read."""
        self.locale = locale
        self._kept: dict[tuple[str, ...], Any] = {}
        self.others: tuple[Messages, ...] = ()
        self.patterns, self.lines, self._bundle = _read(locale, read_text(path, name), name)

    def once(self, key: tuple[str, ...], write: Callable[[], Value]) -> Value:
        """Return what is the same for everybody who reads this language, written the first time it is asked for."""
        if (kept := self._kept.get(key)) is None:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            kept = self._kept[key] = write()
        value: Value = kept
        return value

    @property
    def direction(self) -> str:
        """Return which way this language is written: `ltr` or `rtl`."""
        return str(Locale.parse(self.locale, sep="-").text_direction)

    @property
    def decimal(self) -> str:
        """Return what stands before decimals where numbers are written in our digits; nothing where they are not."""
        locale = Locale.parse(self.locale, sep="-")
        plain = locale.default_numbering_system == "latn"
        return str(locale.number_symbols["latn"]["decimal"]) if plain else ""

    def region(self, accepted: str) -> str:
        """Return the reader's own country where it speaks this language, from `Accept-Language`: `en-GB` for `en`."""
        tags = (part.partition(";")[0].strip() for part in accepted.split(","))
        language = self.locale.partition("-")[0]
        return next((tag for tag in tags if tag.partition("-")[0] == language and is_locale(tag)), self.locale)

    def has(self, message_id: str) -> bool:
        return message_id in self.patterns

    def text(self, message_id: str, **values: object) -> str:
        """Return a sentence, in another language where this one lacks it; one that none has answers with its id."""
        if not self.has(message_id):
            other = next((messages for messages in self.others if messages.has(message_id)), None)
            return other.text(message_id, **values) if other else message_id
        pattern = self._bundle.get_message(message_id).value
        return "" if pattern is None else str(self._bundle.format_pattern(pattern, values)[0])

    def starting_with(self, prefix: str | tuple[str, ...]) -> dict[str, Pattern]:
        """Return the messages a browser needs, in a form it can format without a Fluent library of its own."""
        spoken = {
            name: pattern for one in reversed(self.others) for name, pattern in one.patterns.items()
        } | self.patterns
        return {name: pattern for name, pattern in spoken.items() if name.startswith(prefix)}

    def money(self, minor: float, currency: str, region: str = "") -> str:
        locale = Locale.parse(region or self.locale, sep="-")
        return str(format_currency(minor / 10 ** digits_of(currency), currency, locale=locale))

    def number(self, value: float, decimals: int = 0) -> str:
        """Write a number with at most so many decimals."""
        return str(format_decimal(round(value, decimals), locale=self.locale, decimal_quantization=False))

    def chance(self, p: float) -> str:
        """Write a probability that may be next to nothing, to two figures."""
        if 0 < p < _TINY:
            return str(format_scientific(p, format="0.0E0", locale=self.locale))
        return self.number(float(f"{p:.2g}"), _FIGURES_MAX)

    def percent(self, share: float, decimals: int = 2) -> str:
        """Write a share of 1 in percent with at most so many decimals; more where fewer would make it nothing."""
        while share and abs(share) < 10.0 ** -(decimals + 2) and decimals < _FIGURES_MAX:
            decimals += 1
        rounded = round(share, decimals + 2)
        return str(format_percent(rounded, locale=self.locale, decimal_quantization=False))

    def day(self, day: date, form: str = "d MMM y", region: str = "") -> str:
        return str(format_date(day, form, locale=Locale.parse(region or self.locale, sep="-")))

    def instant(self, at: datetime) -> str:
        """Write a time in the zone it is given in."""
        return str(format_datetime(at, "d MMM y, HH:mm", locale=self.locale))

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
    """Read the languages the shop speaks, the default one first; raise `ConfigError` where one is missing.

    A file of one more language needs no other line: it is spoken as soon as it is there.
    """
    found: dict[str, Messages] = {}
    problems: list[Problem] = []
    dropped_in = sorted(
        path.stem for path in (folder / "messages").glob("*.ftl") if path.stem not in locales and is_locale(path.stem)
    )
    for locale in (*locales, *dropped_in):
        name = f"messages/{locale}.ftl"
        try:
            found[locale] = Messages(locale, folder / name, name)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    for locale, messages in found.items():
        messages.others = tuple(other for name, other in found.items() if name != locale)
    return found


def negotiate(wanted: str, available: Mapping[str, Messages]) -> Messages:
    """Return the nearest language: `fr-CA` finds `fr`; what is not spoken gets the shop's first language."""
    spoken = {tag.lower(): messages for tag, messages in available.items()}  # tags are one tag however they are written
    wanted = wanted.lower()
    for tag in (wanted, wanted.split("-", maxsplit=1)[0], wanted.split("_", maxsplit=1)[0]):
        if tag in spoken:
            return spoken[tag]
    return next(iter(available.values()))


def is_locale(text: str) -> bool:
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


class _Read(NamedTuple):
    """One file as it is used: for browsers, for finding the place of a message, and for Fluent itself."""

    patterns: dict[str, Pattern]
    lines: dict[str, int]
    bundle: FluentBundle


@lru_cache(maxsize=READ_MAX)
def _read(locale: str, text: str, name: str) -> _Read:
    """Read a text; kept, since this is the slowest part of a config, and most of its files are the same as before."""
    problems: list[Problem] = []
    patterns: dict[str, Pattern] = {}
    try:
        resource = FluentParser().parse(text)
        problems += _flaws(resource, text, name)
        if not problems:
            patterns = _patterns(resource, text, name, problems)
    except RecursionError:
        problems = [Problem(name, 1, 1, "is nested too deeply")]
    if problems:
        raise ConfigError(problems)
    if not patterns:
        raise ConfigError([Problem(name, 1, 1, "holds no message at all: a save that was cut off?")])
    bundle = FluentBundle([locale], use_isolating=False)
    bundle.add_resource(resource)
    return _Read(patterns, _lines(resource, text), bundle)


def _lines(resource: ast.Resource, text: str) -> dict[str, int]:
    """Return the line of each message: of its name, not of a comment above it."""
    lines, line, before = {}, 1, 0
    for entry in (one for one in resource.body if isinstance(one, ast.Message)):
        line, before = line + text.count("\n", before, _start(entry.id)), _start(entry.id)
        lines[entry.id.name] = line
    return lines


def _flaws(resource: ast.Resource, text: str, name: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in resource.body:
        if isinstance(entry, ast.Junk):
            yield _junk(entry, text, name)
        elif isinstance(entry, ast.Message):
            if entry.id.name in seen:
                yield _problem(entry, f'"{entry.id.name}" is given a second time', text, name)
            seen.add(entry.id.name)


def _junk(entry: ast.Junk, text: str, name: str) -> Problem:
    first = (entry.content or "").strip().split("\n")[0]
    if not entry.annotations:
        return _problem(entry, f'cannot be read as Fluent: "{first[:60]}"', text, name)
    told = entry.annotations[0]
    said = (told.message or "")[:1].lower() + (told.message or "")[1:]
    # An entry that is not closed is noticed at the next one; the place to mend is the entry.
    at = told if _start(told) <= _start(entry) + len(first) else entry
    return _problem(at, f'cannot be read as Fluent: {said} in "{first[:60]}"', text, name)


def _problem(node: ast.SyntaxNode, message: str, text: str, name: str) -> Problem:
    before = text[: _start(node)]
    return Problem(name, before.count("\n") + 1, len(before) - before.rfind("\n"), message)


def _start(node: ast.SyntaxNode) -> int:
    return node.span.start if node.span else 0


class _NotForBrowsersError(Exception):
    """A pattern uses more of Fluent than a browser is given here."""


def _patterns(resource: ast.Resource, text: str, name: str, problems: list[Problem]) -> dict[str, Pattern]:
    entries = {entry.id.name: entry for entry in resource.body if isinstance(entry, ast.Message)}
    terms = {f"-{entry.id.name}": entry for entry in resource.body if isinstance(entry, ast.Term)}
    compiler = _Compiler(entries | terms)
    found: dict[str, Pattern] = {}
    for message_id, entry in entries.items():
        if entry.value is None:
            continue
        try:
            found[message_id] = compiler.pattern(entry.value)
        except _NotForBrowsersError as error:
            problems.append(_problem(entry, f'"{message_id}" {error}', text, name))
    return found


class _Compiler:
    """Compiles Fluent patterns to text with `{$name}` holes, or to one choice by number or word.

    A browser needs no Fluent library of its own for that; terms and other messages are written out here.
    """

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._entries = entries
        self._open: list[str] = []  # the references being written out, outermost first

    def pattern(self, pattern: ast.Pattern) -> Pattern:
        """Raise `_NotForBrowsersError` for what has no such form."""
        if len(pattern.elements) == 1 and isinstance(pattern.elements[0], ast.Placeable):
            inner = pattern.elements[0].expression
            if isinstance(inner, ast.SelectExpression):
                return self._choice(inner)
        return self._flat(pattern)

    def _choice(self, expression: ast.SelectExpression) -> dict[str, str]:
        variants: dict[str, str] = {"select": _hole(expression.selector)}
        for variant in expression.variants:
            key = variant.key.name if isinstance(variant.key, ast.Identifier) else variant.key.value
            variants[key] = self._flat(variant.value)
            if variant.default:
                variants["other"] = variants[key]
        return variants

    def _flat(self, pattern: ast.Pattern) -> str:
        return "".join(
            element.value if isinstance(element, ast.TextElement) else self._placeable(element.expression)
            for element in pattern.elements
        )

    def _placeable(self, expression: Any) -> str:
        match expression:
            case ast.StringLiteral():
                return _unescaped(expression)
            case ast.NumberLiteral():
                return str(expression.value)
            case ast.Placeable():
                return self._placeable(expression.expression)
            case ast.TermReference(attribute=None, arguments=None):
                return self._referred(f"-{expression.id.name}")
            case ast.MessageReference(attribute=None):
                return self._referred(expression.id.name)
            case _:
                return f"{{${_hole(expression)}}}"

    def _referred(self, entry_id: str) -> str:
        entry = self._entries.get(entry_id)
        if entry is None or entry.value is None:
            raise _NotForBrowsersError(f'uses "{entry_id}", which is not in this file')
        if entry_id in self._open:
            raise _NotForBrowsersError(f"goes round in a circle: {' → '.join([*self._open, entry_id])}")
        self._open.append(entry_id)
        try:
            return self._flat(entry.value)
        finally:
            self._open.pop()


def _unescaped(literal: ast.StringLiteral) -> str:
    try:
        return str(literal.parse()["value"])
    except ValueError:
        raise _NotForBrowsersError("holds an escape that is no character") from None


def _hole(expression: Any) -> str:
    match expression:
        case ast.VariableReference():
            return str(expression.id.name)
        case ast.FunctionReference(
            id=ast.Identifier(name="NUMBER" | "DATETIME"),
            arguments=ast.CallArguments(positional=[ast.VariableReference() as variable]),
        ):
            return str(variable.id.name)
        case _:
            raise _NotForBrowsersError("can hold text, { $values }, other messages, and one choice as the whole of it")
