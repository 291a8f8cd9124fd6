"""The sentences a browser is given: at once what everybody reads, what some shoppers read with its part."""

from msgspec import UNSET

from engine.api.schemas import WordsView
from engine.messages import Messages

# Sentences only some shoppers read come with the part that says them.
PARTS = {name: name for name in ("wait", "more", "stock", "arms", "survey", "seldom")} | {"patience": "wait"}
_WIDGET = "widget-"
_OF_PARTS = tuple(f"{_WIDGET}{words}-" for words in PARTS.values())
_SELDOM = f"{_WIDGET}seldom-"  # what any of the parts may have to say


def of_page(messages: Messages, prefix: str) -> WordsView:
    """Return the sentences of one of the engine's own pages, by their whole names."""
    return _told(messages, messages.starting_with(prefix))


def of_widget(messages: Messages, part: str = "") -> WordsView:
    """Return the sentences everybody needs, or those of one part; a part there is not has none of its own."""
    name = part if part in PARTS else ""
    return messages.once(("widget words", name), lambda: _of_widget(messages, name))


def _of_widget(messages: Messages, part: str) -> WordsView:
    if part:
        said = messages.starting_with((f"{_WIDGET}{PARTS[part]}-", _SELDOM))
    else:
        spoken = messages.starting_with(_WIDGET)
        said = {name: text for name, text in spoken.items() if not name.startswith(_OF_PARTS)}
    return _told(messages, {name.removeprefix(_WIDGET): text for name, text in said.items()})


def _told(messages: Messages, said: dict[str, str | dict[str, str]]) -> WordsView:
    # Left out where it goes without saying: with every spin, it would be sent.
    return WordsView(messages.locale, said, "rtl" if messages.direction == "rtl" else UNSET, messages.decimal or UNSET)
