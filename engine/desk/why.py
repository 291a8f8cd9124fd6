"""What a refused decision compared, in the reader's words: the rules keep it in English, with the figures."""

import re
from collections.abc import Callable, Mapping
from datetime import date

from engine.desk.sentences import Day, Money, Value, sentence, told
from engine.messages import Messages

_NOTHING = "nothing"  # how the rules call what the shop did not tell
_FORMS = {
    re.compile(form, re.DOTALL): f"why-{name}"
    for name, form in {
        "before": r"(?P<today>\S+) is before (?P<day>\S+)",
        "after": r"(?P<today>\S+) is after (?P<day>\S+)",
        "spins": r"(?P<count>\d+) spins in (?P<days>\d+) days",
        "address": r"(?P<count>\d+) spins by others at this address",
        "old": r"(?P<hours>[\d.]+) h > (?P<most>\d+) h",
        "there": r"(?P<count>\d+) there, (?P<asked>\d+) wanted",
        "less": r"(?P<minor>\d+) < (?P<least_minor>\d+)",
        "more": r"(?P<minor>\d+) > (?P<most_minor>\d+)",
        "won": r"(?P<minor>\d+) >= (?P<most_minor>\d+)",
        "no-basket": r"the shop did not report a basket",
        "throw-away": r"disposable domain",
        "spent": r"the budget of this period is used up",
        "not-so": r"not so: (?P<source>.*)",
        "not-told": r"(?P<source>.*): cannot be told \(.*\)",
        "excluded": r"(?P<was>.*) is excluded",
        "not-included": r"(?P<was>.*) is not included",
        "not-one-of": r"(?P<was>.*?) is not one of (?P<wanted>.*)",
        "not": r"(?P<was>\S+) is not (?P<wanted>\S+)",
    }.items()
}
_WHOLE = frozenset({"count", "days", "most", "asked"})


def compared(detail: str, currency: str, say: Messages) -> str:
    """Return the detail of a reason in the reader's language; one that an older engine wrote otherwise stays as it is.

    Amounts are in `currency`, the basket's.
    """
    for form, message in _FORMS.items():
        if match := form.fullmatch(detail):
            values = {name: _value(name, text, currency, say) for name, text in match.groupdict().items()}
            return told(sentence(message, **values), say)
    return detail


def _value(name: str, text: str, currency: str, say: Messages) -> Value:
    if name.endswith("minor"):
        return Money(int(text), currency) if currency else int(text)
    if name in _WHOLE:
        return int(text)
    written = _WRITTEN.get(name)
    return written(text, say) if written else text


_WRITTEN: Mapping[str, Callable[[str, Messages], Value]] = {
    "today": lambda text, _say: Day(date.fromisoformat(text)),
    "day": lambda text, _say: Day(date.fromisoformat(text)),
    "hours": lambda text, say: say.number(float(text), 1),
    "was": lambda text, say: say.text("word-not-told") if text == _NOTHING else text,
}
