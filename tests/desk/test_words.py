"""The desk's sentences: the same in both languages, with the same values, and none that a page asks for missing."""

import re

import pytest

from engine.desk.words import LOCALES, all_words, words
from engine.settings import ROOT

PAGES = sorted((ROOT / "ui" / "console" / "pages").glob("*.html"))


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    english, french = (all_words()[locale].patterns for locale in LOCALES)
    assert set(english) == set(french)
    for name, pattern in english.items():
        holes = [set(re.findall(r"\{\$(\w+)\}", str(one))) for one in (pattern, french[name])]
        assert holes[0] == holes[1], name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_sentence_a_page_asks_for_is_there(path: object) -> None:
    asked = re.findall(r"\bt\(\"([\w-]+)\"", path.read_text(encoding="utf-8"))  # type: ignore[attr-defined]  # a path
    known = words("en").patterns
    assert [name for name in asked if not name.endswith("-") and f"console-{name}" not in known] == []


def test_a_language_the_desk_does_not_speak_is_answered_in_english() -> None:
    assert words("de").locale == "en"
    assert words("fr-CA").locale == "fr"
