"""Every condition, on both sides of its boundary."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest

from rules import conditions
from rules.conditions import (
    AddressAccepted,
    AnyCondition,
    AwardsAtMost,
    BudgetLeft,
    CartBetween,
    Categories,
    Condition,
    CurrencyIn,
    DatesBetween,
    MarketIn,
    NotBackorderable,
    OnePersonPerAddress,
    OutOfStock,
    Segments,
    Skus,
    SpinsAtMost,
    StageIn,
    StockoutWithin,
    When,
)
from rules.expression import Expression
from rules.facts import Cart, Facts, PastSpin, Shopper, Stock, Stockout
from rules.reasons import Code, Reason

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def facts(**changes: Any) -> Facts:
    """Return a shopper whom nothing speaks against, with what is changed; a stockout's fields go by their own names."""
    stockout = {key: changes.pop(key) for key in Stockout.__struct_fields__ if key in changes}
    plain = Stockout(NOW - timedelta(hours=1), "LAMP-38", "in_cart", ("lighting",), 1, "FR")
    return Facts(
        **{
            "now": NOW,
            "today": NOW.date(),
            "stockout": msgspec.structs.replace(plain, **stockout),
            "shopper": Shopper(("vip",), "fr-FR"),
            "cart": Cart(4590, "EUR"),
            **changes,
        }
    )


def spins(*ages: timedelta, value_minor: int = 500) -> tuple[PastSpin, ...]:
    return tuple(PastSpin(NOW - age, value_minor) for age in ages)


def shopper(*segments: str) -> Shopper:
    return Shopper(segments)


def days(number: float) -> timedelta:
    return timedelta(days=number)


DATES = DatesBetween(starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30))
CART = CartBetween(currency="EUR", minor_min=3000, minor_max=5000)
SPINS = SpinsAtMost(count=2, window_days=30)
AWARDS = AwardsAtMost(minor=1000, window_days=30)
SKUS = Skus(include=("LAMP-*", "SOFA-1"), exclude=("LAMP-9*",))
CATEGORIES = Categories(include=("lighting", "garden*"), exclude=("clearance",))
SEGMENTS = Segments(include=("vip", "member-*"), exclude=("staff",))
WHEN = When(expression=Expression("cart.total_minor >= 3000"))

Case = tuple[Condition, Facts, Code | None]

CASES: list[Case] = [
    (StageIn(stages=("in_cart", "ordered")), facts(), None),
    (StageIn(stages=("in_cart", "ordered")), facts(stage="ordered"), None),
    (StageIn(stages=("in_cart", "ordered")), facts(stage="saved"), "stage_not_covered"),
    (StageIn(stages=("ordered",)), facts(stage="viewed"), "stage_not_covered"),
    (DATES, facts(), None),
    (DATES, facts(today=date(2026, 11, 1)), None),
    (DATES, facts(today=date(2026, 10, 31)), "campaign_not_started"),
    (DATES, facts(today=date(2026, 11, 30)), None),
    (DATES, facts(today=date(2026, 12, 1)), "campaign_over"),
    (DatesBetween(starts_on=date(2026, 11, 22)), facts(today=date(9999, 12, 31)), None),
    (DatesBetween(ends_on=date(2026, 11, 22)), facts(today=date(1, 1, 1)), None),
    (DatesBetween(starts_on=date(2026, 11, 22), ends_on=date(2026, 11, 22)), facts(), None),
    (DatesBetween(), facts(), None),
    (MarketIn(markets=("FR", "BE")), facts(), None),
    (MarketIn(markets=("FR", "BE")), facts(market="DE"), "market_not_covered"),
    (MarketIn(markets=("FR", "BE")), facts(market="fr"), "market_not_covered"),
    (MarketIn(markets=("FR", "BE")), facts(market=""), "market_not_covered"),
    (CurrencyIn(currencies=("EUR", "CHF")), facts(), None),
    (CurrencyIn(currencies=("EUR", "CHF")), facts(cart=Cart(1, "USD")), "currency_not_covered"),
    (CurrencyIn(currencies=("EUR", "CHF")), facts(cart=None), "cart_unknown"),
    (CART, facts(cart=Cart(3000, "EUR")), None),
    (CART, facts(cart=Cart(2999, "EUR")), "cart_too_small"),
    (CART, facts(cart=Cart(5000, "EUR")), None),
    (CART, facts(cart=Cart(5001, "EUR")), "cart_too_large"),
    (CART, facts(cart=Cart(4000, "USD")), "currency_not_covered"),
    (CART, facts(cart=None), "cart_unknown"),
    (CartBetween(currency="EUR"), facts(cart=Cart(0, "EUR")), None),
    (CartBetween(currency="EUR", minor_min=3000), facts(cart=Cart(10**12, "EUR")), None),
    (SKUS, facts(), None),
    (SKUS, facts(sku="SOFA-1"), None),
    (SKUS, facts(sku="SOFA-11"), "product_not_covered"),
    (SKUS, facts(sku="lamp-38"), "product_not_covered"),
    (SKUS, facts(sku="OLD-LAMP-38"), "product_not_covered"),
    (SKUS, facts(sku="LAMP-"), None),
    (SKUS, facts(sku="LAMP-9"), "product_not_covered"),
    (SKUS, facts(sku="LAMP-91"), "product_not_covered"),
    (Skus(exclude=("LAMP-38",)), facts(sku="LAMP-39"), None),
    (Skus(exclude=("LAMP-38",)), facts(), "product_not_covered"),
    (Skus(include=("A?C*",)), facts(sku="A?C-1"), None),
    (Skus(include=("A?C*",)), facts(sku="ABC-1"), "product_not_covered"),
    (Skus(include=("A[BC]*",)), facts(sku="A[BC]-1"), None),
    (Skus(include=("A[BC]*",)), facts(sku="AB-1"), "product_not_covered"),
    (CATEGORIES, facts(), None),
    (CATEGORIES, facts(categories=("bath", "garden-lamps")), None),
    (CATEGORIES, facts(categories=("bath",)), "category_not_covered"),
    (CATEGORIES, facts(categories=("lighting", "clearance")), "category_not_covered"),
    (CATEGORIES, facts(categories=()), "category_not_covered"),
    (Categories(exclude=("clearance",)), facts(categories=()), None),
    (SEGMENTS, facts(), None),
    (SEGMENTS, facts(shopper=shopper("member-gold")), None),
    (SEGMENTS, facts(shopper=shopper("guest")), "shopper_not_covered"),
    (SEGMENTS, facts(shopper=shopper("vip", "staff")), "shopper_not_covered"),
    (SEGMENTS, facts(shopper=shopper()), "shopper_not_covered"),
    (Segments(exclude=("staff",)), facts(shopper=shopper()), None),
    (SPINS, facts(), None),
    (SPINS, facts(spins=spins(days(1))), None),
    (SPINS, facts(spins=spins(days(1), days(29))), "too_many_spins"),
    (SPINS, facts(spins=spins(days(0), days(30) - MOMENT)), "too_many_spins"),
    (SPINS, facts(spins=spins(days(0), days(30))), None),
    (SPINS, facts(spins=spins(days(0), days(31), days(400))), None),
    (AWARDS, facts(spins=spins(days(1), value_minor=999)), None),
    (AWARDS, facts(spins=spins(days(1), value_minor=1000)), "award_limit_reached"),
    (AWARDS, facts(spins=spins(days(1), days(2), value_minor=500)), "award_limit_reached"),
    (AWARDS, facts(spins=spins(days(30) - MOMENT, value_minor=1000)), "award_limit_reached"),
    (AWARDS, facts(spins=spins(days(30), value_minor=1000)), None),
    (StockoutWithin(hours=48), facts(), None),
    (StockoutWithin(hours=48), facts(occurred_at=NOW - timedelta(hours=48)), None),
    (StockoutWithin(hours=48), facts(occurred_at=NOW - timedelta(hours=48) - MOMENT), "stockout_too_old"),
    (StockoutWithin(hours=48), facts(occurred_at=NOW + timedelta(minutes=1)), None),
    (OutOfStock(), facts(), None),
    (OutOfStock(), facts(stock=Stock(available=1)), "still_available"),
    (OutOfStock(), facts(stock=Stock(available=1), quantity=2), None),
    (OutOfStock(), facts(stock=Stock(available=2), quantity=2), "still_available"),
    (NotBackorderable(), facts(), None),
    (NotBackorderable(), facts(stock=Stock(backorderable=True)), "available_on_backorder"),
    (AddressAccepted(), facts(), None),
    (AddressAccepted(), facts(shopper=Shopper(address_disposable=True)), "address_not_accepted"),
    (OnePersonPerAddress(window_days=30), facts(), None),
    (OnePersonPerAddress(window_days=30), facts(address_spins=(NOW - days(1),)), "address_already_used"),
    (OnePersonPerAddress(window_days=30), facts(address_spins=(NOW - days(30) + MOMENT,)), "address_already_used"),
    (OnePersonPerAddress(window_days=30), facts(address_spins=(NOW - days(30),)), None),
    (BudgetLeft(), facts(), None),
    (BudgetLeft(), facts(budget_left=False), "budget_spent"),
    (WHEN, facts(cart=Cart(3000, "EUR")), None),
    (WHEN, facts(cart=Cart(2999, "EUR")), "condition_not_met"),
    (WHEN, facts(cart=None), "condition_not_met"),
]


def _every_condition() -> set[type[Condition]]:
    return {kind for kind in vars(conditions).values() if isinstance(kind, type) and issubclass(kind, Condition)} - {
        Condition
    }


@pytest.mark.parametrize(("rule", "seen", "code"), CASES)
def test_a_condition_lets_through_or_says_why_not(rule: Condition, seen: Facts, code: Code | None) -> None:
    reason = rule.failure(seen)
    assert (reason and reason.code) == code


def test_every_condition_has_a_case_that_passes_and_one_that_fails() -> None:
    for kind in _every_condition():
        outcomes = {code is None for rule, _, code in CASES if type(rule) is kind}
        assert outcomes == {True, False}, f"{kind.__name__} needs a case that passes and one that fails in CASES"


def test_every_condition_can_be_written_in_a_campaign() -> None:
    assert set(get_args(AnyCondition)) == _every_condition()


def test_every_reason_but_that_of_no_campaign_comes_from_a_condition() -> None:
    assert {code for _, _, code in CASES if code} == set(get_args(Code)) - {"no_campaign"}


@pytest.mark.parametrize(("rule", "seen", "code"), [case for case in CASES if case[2]])
def test_a_reason_names_the_figures_it_compared(rule: Condition, seen: Facts, code: Code) -> None:
    reason = rule.failure(seen)
    assert reason is not None
    assert reason.detail or isinstance(rule, NotBackorderable)
    assert len(reason.detail) < 200, code


@pytest.mark.parametrize(
    ("rule", "seen", "detail"),
    [
        (CART, facts(cart=Cart(2999, "EUR")), "2999 < 3000"),
        (DATES, facts(today=date(2026, 12, 1)), "2026-12-01 is after 2026-11-30"),
        (SKUS, facts(sku="LAMP-91"), "LAMP-91 is excluded"),
        (SEGMENTS, facts(shopper=shopper()), "nothing is not included"),
        (MarketIn(markets=("FR",)), facts(market=""), "nothing is not one of FR"),
        (StockoutWithin(hours=48), facts(occurred_at=NOW - timedelta(hours=50.5)), "50.5 h > 48 h"),
        (WHEN, facts(cart=Cart(1, "EUR")), "not so: cart.total_minor >= 3000"),
    ],
)
def test_the_detail_reads_as_what_happened(rule: Condition, seen: Facts, detail: str) -> None:
    reason = rule.failure(seen)
    assert reason is not None
    assert reason.detail == detail


def read(data: dict[str, Any]) -> Condition:
    """Read one line of a campaign as the config loader does."""
    condition: Condition = msgspec.convert(data, AnyCondition, dec_hook=lambda kind, text: kind(text))
    return condition


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ({"kind": "stage_in", "stages": ["in_cart"]}, StageIn(stages=("in_cart",))),
        ({"kind": "dates_between", "starts_on": date(2026, 11, 1)}, DatesBetween(starts_on=date(2026, 11, 1))),
        ({"kind": "cart_between", "currency": "EUR"}, CartBetween(currency="EUR")),
        ({"kind": "out_of_stock"}, OutOfStock()),
        ({"kind": "when", "expression": "spins < 3"}, When(expression=Expression("spins < 3"))),
    ],
)
def test_a_condition_is_read_by_its_kind(data: dict[str, Any], rule: Condition) -> None:
    assert read(data) == rule


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "stage_in", "stages": []}, "length >= 1"),
        ({"kind": "stage_in", "stages": ["in_basket"]}, "Invalid enum value 'in_basket'"),
        ({"kind": "stage_in"}, "missing required field `stages`"),
        ({"kind": "stage_in", "stages": ["in_cart"], "stage": 1}, "unknown field `stage`"),
        ({"kind": "dates_between", "starts_on": "2026-11-02", "ends_on": "2026-11-01"}, "`ends_on` is before"),
        ({"kind": "market_in", "markets": []}, "length >= 1"),
        ({"kind": "market_in", "markets": [""]}, "length >= 1"),
        ({"kind": "market_in", "markets": ["x" * 101]}, "length <= 100"),
        ({"kind": "currency_in", "currencies": []}, "length >= 1"),
        ({"kind": "currency_in", "currencies": ["eur"]}, "regex"),
        ({"kind": "cart_between", "currency": "EUROS"}, "regex"),
        ({"kind": "cart_between", "currency": "EUR", "minor_min": -1}, ">= 0"),
        ({"kind": "cart_between", "currency": "EUR", "minor_min": 2, "minor_max": 1}, "is smaller than `minor_min`"),
        ({"kind": "skus"}, "give `include`, `exclude` or both"),
        ({"kind": "categories", "include": []}, "give `include`, `exclude` or both"),
        ({"kind": "segments"}, "give `include`, `exclude` or both"),
        ({"kind": "spins_at_most", "count": 0, "window_days": 1}, ">= 1"),
        ({"kind": "spins_at_most", "count": 1, "window_days": 0}, ">= 1"),
        ({"kind": "spins_at_most", "count": 1, "window_days": 367}, "<= 366"),
        ({"kind": "awards_at_most", "minor": 0, "window_days": 1}, ">= 1"),
        ({"kind": "awards_at_most", "minor": 9.5, "window_days": 1}, "Expected `int`"),
        ({"kind": "stockout_within", "hours": 0}, ">= 1"),
        ({"kind": "one_person_per_address"}, "missing required field `window_days`"),
        ({"kind": "when", "expression": "cart.totall > 1"}, 'did you mean "total_minor"'),
        ({"kind": "stage"}, "Invalid value 'stage'"),
        ({"stages": ["in_cart"]}, "missing required field `kind`"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        read(data)


def test_a_condition_without_an_answer_of_its_own_cannot_be_asked() -> None:
    with pytest.raises(NotImplementedError):
        Condition().failure(facts())


def test_a_reason_has_nothing_to_add_unless_it_says_so() -> None:
    assert Reason("no_campaign").detail == ""
