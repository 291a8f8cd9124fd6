"""The desk's own sentences, in French and English: they come with the engine, a shop's config does not change them."""

from functools import cache

from engine.messages import Messages, negotiate
from engine.settings import ROOT

LOCALES = ("en", "fr")
_FOLDER = ROOT / "ui" / "console" / "messages"


@cache
def all_words() -> dict[str, Messages]:
    return {locale: Messages(locale, _FOLDER / f"{locale}.ftl", f"console/{locale}.ftl") for locale in LOCALES}


def words(locale: str) -> Messages:
    """Return the nearest language; English where it is not spoken."""
    return negotiate(locale, all_words())


def spoken(locale: str) -> str | None:
    """Return the language of the desk that a locale asks for, or None where it is not spoken."""
    return next((tag for tag in (locale, *locale.replace("_", "-").split("-")[:1]) if tag in LOCALES), None)
