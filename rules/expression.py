"""A free condition in CEL, compiled once at load and tried on sample facts so that a typo never reaches a shopper."""

import difflib
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import cel
import msgspec

from rules.facts import Cart, Facts, Shopper, Stock, Stockout

LENGTH_MAX = 1000

_WORDS: dict[str, tuple[str, ...]] = {
    "cart": Cart.__struct_fields__,
    "shopper": Shopper.__struct_fields__,
    "stockout": Stockout.__struct_fields__,
    "stock": Stock.__struct_fields__,
}
_NAMES = (*_WORDS, "now", "spins")
_TEXT = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_MEMBER = re.compile(rf"\b({'|'.join(_WORDS)})\s*\.\s*(\w+)")


class BadExpressionError(ValueError):
    """The text is not a condition over the facts."""


class Expression:
    """A compiled condition. Immutable, comparable by its source, safe to share between tasks."""

    __slots__ = ("_asked", "_program", "source")

    def __init__(self, source: str) -> None:
        """Compile; raise `BadExpressionError` for bad syntax, unknown words or an answer that is not true or false."""
        if not 0 < len(source) <= LENGTH_MAX:
            raise BadExpressionError(f"an expression has 1 to {LENGTH_MAX} characters")
        self.source = source
        try:
            self._program = cel.compile(source)
        except ValueError as error:
            raise BadExpressionError(f"not a CEL expression: {_syntax_flaw(error)}") from None
        # What is not asked for is not handed over: CEL takes a copy of each value, of an instant a slow one.
        self._asked = [name for name in _NAMES if name in self._program.variables()]
        self._refuse_unknown_words()
        self._refuse_other_answers()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def problem(self, facts: Facts) -> str | None:
        """Return why the condition does not hold, or None when it does. Never raises: what cannot be told is a no."""
        try:
            answer = self._program.execute(context_of(facts, self._asked))
        except Exception as error:  # noqa: BLE001  # CEL raises what its operators raise; every kind of it means no
            return f"{self.source}: cannot be told ({type(error).__name__}: {_first_line(error)})"
        return None if answer is True else f"not so: {self.source}"

    def _refuse_unknown_words(self) -> None:
        bound = set(re.findall(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,", self.source))
        for name in self._program.variables():
            if name not in _NAMES and name not in bound:
                raise BadExpressionError(f'unknown word "{name}"{_nearest(name, _NAMES)}')
        for thing, field in _MEMBER.findall(_TEXT.sub("''", self.source)):
            if field not in _WORDS[thing]:
                raise BadExpressionError(f'"{thing}" has no "{field}"{_nearest(field, _WORDS[thing])}')

    def _refuse_other_answers(self) -> None:
        try:
            answer = self._program.execute(context_of(_SAMPLE, self._asked))
        except Exception as error:  # noqa: BLE001  # as in `problem`
            raise BadExpressionError(f"does not work on a sample stockout: {_first_line(error)}") from None
        if not isinstance(answer, bool):
            raise BadExpressionError(f"must answer true or false, answers {answer!r}")


def context_of(facts: Facts, names: Iterable[str] = _NAMES) -> dict[str, Any]:
    """Return these of the words an expression may use."""
    return {name: _VALUES[name](facts) for name in names}


_VALUES: dict[str, Callable[[Facts], Any]] = {
    # A basket the shop did not report is empty, in no currency.
    "cart": lambda facts: msgspec.structs.asdict(facts.cart or Cart(0, "")),
    "shopper": lambda facts: {**msgspec.structs.asdict(facts.shopper), "segments": list(facts.shopper.segments)},
    "stockout": lambda facts: {
        **msgspec.structs.asdict(facts.stockout),
        "categories": list(facts.stockout.categories),
    },
    "stock": lambda facts: msgspec.structs.asdict(facts.stock),
    "now": lambda facts: facts.now,
    "spins": lambda facts: len(facts.spins),
}
_SAMPLE = Facts(
    now=datetime(2026, 1, 2, tzinfo=UTC),
    today=datetime(2026, 1, 2, tzinfo=UTC).date(),
    stockout=Stockout(datetime(2026, 1, 1, tzinfo=UTC), "SAMPLE", "in_cart", ("sample",), 1, "FR"),
    shopper=Shopper(("sample",), "fr-FR"),
    cart=Cart(4590, "EUR"),
)


def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else f"; known here: {', '.join(known)}"


def _syntax_flaw(error: Exception) -> str:
    """Say what is wrong and at which character; the compiler repeats the whole expression around that."""
    match = re.search(r"ERROR: <input>:\d+:(\d+): (.*)", str(error))
    return f"at character {match[1]}, {match[2][:200]}" if match else _first_line(error)


def _first_line(error: Exception) -> str:
    text = str(error) if not isinstance(error, KeyError) else f"no such key {error}"
    return text.replace("\n", " ").split(". CEL does not")[0][:200]
