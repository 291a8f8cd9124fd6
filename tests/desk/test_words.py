"""The desk's sentences: the same in both languages, with the same values, and none that a page asks for missing."""

import json
import re
from typing import get_args

import msgspec
import pytest

from engine.campaigns import Limits, Shop, Targets
from engine.db.tables import AWARD_STATUSES, OFFER_STATUSES
from engine.desk.sentences import Money, Percent, kept, plain, sentence
from engine.desk.why import compared
from engine.desk.words import LOCALES, all_words, words
from engine.flows.sessions import ROLES
from engine.settings import ROOT
from rewards.arms import ArmName
from rewards.catalogue import Reward
from rewards.patience import Patience
from rules.reasons import Code
from tests.rules.test_conditions import CASES

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


def test_every_setting_a_change_may_name_has_a_word() -> None:
    structs: list[type[msgspec.Struct]] = [*get_args(Reward), Patience, Shop, Limits, Targets]
    names = {name for struct in structs for name in struct.__struct_fields__} - {
        *("milestone", "spend"),  # told line by line
        *("targets", "limits"),  # told setting by setting
    }
    known = words("en").patterns
    assert [name for name in sorted(names) if f"field-{name.replace('_', '-')}" not in known] == []


def test_every_state_a_page_shows_has_a_word() -> None:
    known = words("en").patterns
    shown = [f"status-{one}" for one in OFFER_STATUSES] + [f"award-{one}" for one in AWARD_STATUSES]
    shown += [f"role-{one}" for one in ROLES] + [f"arm-{one}" for one in get_args(ArmName)]
    assert [one for one in shown if f"console-{one}" not in known] == []


def test_what_a_refusal_compared_is_told_in_the_readers_language() -> None:
    failed = [reason for rule, seen, _ in CASES if (reason := rule.failure(seen)) and reason.detail]
    silent = {"available_on_backorder", "no_campaign"}
    assert {reason.code for reason in failed} == {*get_args(Code)} - silent
    for reason in failed:
        for locale in LOCALES:
            told = compared(reason.detail, "EUR", words(locale))
            assert told != reason.detail or locale == "en", reason
            assert "why-" not in told
    french = words("fr")
    assert compared("2950 < 3000", "EUR", french) == "29,50\xa0€, moins que 30,00\xa0€"
    assert compared("2950 >= 2000", "", french) == "2\u202f950 déjà gagnés, la limite est de 2\u202f000"
    assert compared("1 spins in 30 days", "EUR", french) == "tours sur les dernières 30 × 24 heures\u202f: 1"
    assert compared("2026-11-22 is before 2026-12-01", "", french) == "22 nov. 2026 précède 1 déc. 2026"
    assert compared("36.5 h > 24 h", "", french) == "36,5 heures depuis, 24 au plus"
    assert compared("as an older engine put it", "EUR", french) == "as an older engine put it"


def test_a_change_is_kept_as_a_message_and_told_in_any_language() -> None:
    change = sentence(
        "change-mean-by", now=Money(1194.5, "EUR"), was=Money(1000, "EUR"), change=Percent(0.194, signed=True)
    )
    stored = json.loads(json.dumps(plain([change])))
    assert kept(stored, words("en")) == ["a spin costs €11.94 on average instead of €10.00 (+19.4%)."]
    assert kept(stored, words("fr")) == ["un tour coûte 11,94\xa0€ en moyenne au lieu de 10,00\xa0€ (+19,4\xa0%)."]
    assert kept(["as an older engine kept it"], words("fr")) == ["as an older engine kept it"]


def test_one_is_not_told_as_many() -> None:
    for locale, one, many in (("en", "1 unit", "2 units"), ("fr", "1 unité", "2 unités")):
        assert [words(locale).text("word-units", n=n) for n in (1, 2)] == [one, many]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("sentence", "counted"),
    [
        ("console-fairness-spins", "n"),
        ("console-report-units", "n"),
        ("console-report-left-out", "n"),
        ("console-wheel-budget-out", "day"),
        ("report-what-if-too-few-spins", "n"),
        ("report-what-if-hardly-drawn", "n"),
    ],
)
def test_one_of_a_thing_is_told_in_the_singular(locale: str, sentence: str, counted: str) -> None:
    one, two = (words(locale).text(sentence, **{counted: number}) for number in (1, 2))
    assert one != two.replace("2", "1", 1)
