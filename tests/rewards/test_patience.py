"""What a day earns and what points open: in dates alone, so that no clock change adds or loses one."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rewards.patience import (
    Milestone,
    Patience,
    Spend,
    Surprise,
    days_earned,
    is_slip,
    last_day,
    points_earned,
    reached_on,
)

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
SPANS = st.integers(-800, 800).map(lambda days: timedelta(days=days))
TERMS = st.builds(
    Patience,
    points_per_day=st.integers(1, 1000),
    starter_points=st.integers(0, 1000),
    days_max=st.integers(1, 730),
)


@given(DAYS, st.integers(1, 730), SPANS)
def test_a_day_is_earned_once_it_is_over_and_never_after_the_last(started_on: date, most: int, span: timedelta) -> None:
    last_on, through = last_day(started_on, most), started_on + span
    counted = sum(started_on <= started_on + timedelta(days=number) <= min(last_on, through) for number in range(most))
    assert days_earned(started_on, last_on, through) == counted
    assert days_earned(started_on, last_on, last_on) == most


@given(TERMS, DAYS, SPANS, st.integers(0, 800), st.integers(0, 1000))
def test_points_never_fall_as_days_pass(
    terms: Patience, started_on: date, span: timedelta, more: int, bonus: int
) -> None:
    through = started_on + span
    now = points_earned(terms, started_on, through, bonus_points=bonus)
    later = points_earned(terms, started_on, through + timedelta(days=more), bonus_points=bonus)
    assert terms.starter_points + bonus <= now <= later
    assert later - now <= more * terms.points_per_day


@given(TERMS, DAYS, st.integers(0, 800))
def test_each_day_earns_the_same(terms: Patience, started_on: date, number: int) -> None:
    day = started_on + timedelta(days=number)
    earned = points_earned(terms, started_on, day) - points_earned(terms, started_on, day - timedelta(days=1))
    assert earned == (terms.points_per_day if number < terms.days_max else 0)


@given(TERMS, DAYS, st.integers(1, 1_000_000), st.integers(0, 5000))
def test_points_are_reached_on_the_first_day_that_has_them(
    terms: Patience, started_on: date, points: int, bonus: int
) -> None:
    reached = reached_on(terms, started_on, points, bonus_points=bonus)
    last_on = last_day(started_on, terms.days_max)
    if reached is None:
        assert points_earned(terms, started_on, last_on, bonus_points=bonus) < points
        return
    assert started_on - timedelta(days=1) <= reached <= last_on
    assert points_earned(terms, started_on, reached, bonus_points=bonus) >= points
    if reached >= started_on:
        before = reached - timedelta(days=1)
        assert points_earned(terms, started_on, before, bonus_points=bonus) < points


@given(TERMS, DAYS, st.integers(1, 10_000), st.integers(0, 500), st.integers(0, 500))
def test_a_bonus_never_puts_a_milestone_off(
    terms: Patience, started_on: date, points: int, bonus: int, more: int
) -> None:
    first = reached_on(terms, started_on, points, bonus_points=bonus)
    second = reached_on(terms, started_on, points, bonus_points=bonus + more)
    assert first is None or (second is not None and second <= first)


@pytest.mark.parametrize(
    ("points", "day"),
    [(2, date(2026, 11, 21)), (3, date(2026, 11, 22)), (7, date(2026, 11, 26)), (62, date(2027, 1, 20)), (63, None)],
)
def test_the_default_terms_reach_their_milestones_when_one_would_count_it_out(points: int, day: date | None) -> None:
    terms = Patience(points_per_day=1, starter_points=2, days_max=60)
    assert reached_on(terms, date(2026, 11, 22), points) == day


@given(DAYS, DAYS)
def test_only_a_date_later_than_any_given_before_is_a_slip(expected_on: date, promised: date) -> None:
    assert is_slip(expected_on, promised) is (expected_on > promised)
    assert not is_slip(None, promised)
    assert not is_slip(expected_on, None)


@given(st.lists(DAYS, min_size=1, max_size=30))
def test_dates_that_jump_about_are_as_many_slips_as_new_furthest_dates(told: list[date]) -> None:
    promise, slips = told[0], 0
    for day in told:
        slips += is_slip(day, promise)
        promise = max(day, promise)
    assert slips == sum(day > max(told[:place]) for place, day in enumerate(told) if place)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=5))
def test_milestones_stand_in_order_each_once(points: list[int]) -> None:
    milestones = tuple(Milestone(points=needed, reward="sample") for needed in points)
    if points == sorted(set(points)):
        assert Patience(milestone=milestones).milestone == milestones
        return
    assume(points != sorted(set(points)))
    with pytest.raises(ValueError, match="in order"):
        Patience(milestone=milestones)


def test_a_milestone_is_a_reward_or_a_surprise() -> None:
    lines = (Surprise("sample", 3), Surprise("free-shipping", 1))
    surprise = Milestone(points=7, surprise=lines)
    assert surprise.rewards == ("sample", "free-shipping")
    assert surprise.table().total_weight == 4
    assert Milestone(points=7, reward="sample").rewards == ("sample",)
    with pytest.raises(ValueError, match="one of the two"):
        Milestone(points=7)
    with pytest.raises(ValueError, match="one of the two"):
        Milestone(points=7, reward="sample", surprise=lines)
    with pytest.raises(ValueError, match="twice in `surprise`"):
        Milestone(points=7, surprise=(*lines, Surprise("sample", 1)))


def test_a_reward_has_one_price() -> None:
    with pytest.raises(ValueError, match="twice in `spend`"):
        Patience(spend=(Spend("sample", 5), Spend("sample", 6)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"points_per_day": 0},
        {"points_per_day": -1},
        {"points_per_day": 1001},
        {"points_per_day": 1.5},
        {"starter_points": -1},
        {"starter_points": 1_000_001},
        {"days_max": 0},
        {"days_max": 731},
        {"delay_bonus_points": -3},
        {"delay_bonuses_max": 101},
        {"points_expire_days": 0},
        {"hold_hours": 0},
        {"hold_hours": 24 * 14 + 1},
        {"safety_stock": -1},
        {"with_wheel": "maybe"},
        {"milestone": [{"points": 0, "reward": "sample"}]},
        {"milestone": [{"points": 7}]},
        {"milestone": [{"points": 7, "surprise": []}]},
        {"milestone": [{"points": 7, "surprise": [{"reward": "sample", "weight": 0}]}]},
        {"milestone": [{"points": 7, "reward": "sample"}, {"points": 7, "reward": "vip"}]},
        {"milestone": [{"points": 9, "reward": "sample"}, {"points": 7, "reward": "vip"}]},
        {"milestone": [{"points": 7, "reward": "sample", "gift": True}]},
        {"spend": [{"reward": "sample", "points": 0}]},
        {"spend": [{"reward": "sample", "points": 5}, {"reward": "sample", "points": 6}]},
        {"point_per_day": 1},
    ],
)
def test_terms_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Patience)


def test_the_shipped_terms_are_sound() -> None:
    assert msgspec.convert({}, Patience) == Patience()
