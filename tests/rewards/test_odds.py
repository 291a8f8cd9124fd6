"""What a wheel gives and costs is told exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.odds import WheelSlice, expected_cost_minor, fallbacks, odds_text


@pytest.mark.parametrize(
    ("weight", "total", "text"),
    [
        (25, 100, "0.25"),
        (40, 100, "0.4"),
        (1, 1, "1"),
        (10, 10, "1"),
        (1, 3, "0.33333333"),
        (2, 3, "0.66666666"),
        (1, 100_000_000, "0.00000001"),
        (1, 1_000_000_000, "0"),
        (999_999_999, 1_000_000_000, "0.99999999"),
    ],
)
def test_odds_are_a_decimal_cut_to_eight_digits(weight: int, total: int, text: str) -> None:
    assert odds_text(weight, total) == text


@given(st.integers(1, 10**9).flatmap(lambda total: st.tuples(st.integers(1, total), st.just(total))))
def test_odds_never_promise_more_than_the_wheel_gives(pair: tuple[int, int]) -> None:
    weight, total = pair
    told, true = Fraction(odds_text(weight, total)), Fraction(weight, total)
    assert told <= true < told + Fraction(1, 10**8)


def slices(*pairs: tuple[int, int]) -> list[WheelSlice]:
    return [WheelSlice(f"s{n}", f"s{n}", weight, liability) for n, (weight, liability) in enumerate(pairs)]


def test_the_expected_cost_of_the_default_wheel_is_exact() -> None:
    wheel = slices((40, 800), (25, 1500), (20, 690), (10, 350), (4, 3000), (1, 2500))
    assert expected_cost_minor(wheel) == Fraction(1013)


def test_an_expected_cost_keeps_what_a_float_would_round() -> None:
    assert expected_cost_minor(slices((1, 1), (2, 0))) == Fraction(1, 3)
    assert expected_cost_minor(slices((999_999_999, 10**12), (1, 1))) == Fraction(999_999_999 * 10**12 + 1, 10**9)


def test_a_wheel_of_free_things_costs_nothing() -> None:
    assert expected_cost_minor(slices((1, 0), (5, 0))) == 0


def test_a_reward_is_followed_by_what_replaces_it() -> None:
    when_gone = {"vip": "twenty", "twenty": "ten", "ten": None}
    assert fallbacks("vip", when_gone) == ["vip", "twenty", "ten"]
    assert fallbacks("ten", when_gone) == ["ten"]
    assert fallbacks("never-mentioned", when_gone) == ["never-mentioned"]


@pytest.mark.parametrize(
    ("start", "circle", "told"),
    [
        ("a", {"a": "a"}, "a → a"),
        ("a", {"a": "b", "b": "a"}, "a → b → a"),
        ("a", {"a": "b", "b": "c", "c": "b"}, "a → b → c → b"),
    ],
)
def test_a_circle_is_refused_and_drawn(start: str, circle: dict[str, str | None], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fallbacks(start, circle)
