"""A decision tells every reason at once, in the order the marketer wrote the rules."""

import msgspec

from rules.conditions import BudgetLeft, CartBetween, DatesBetween, MarketIn, OutOfStock, StageIn
from rules.decision import Decision, decide
from rules.facts import Cart, Stock
from rules.reasons import Reason
from tests.rules.test_conditions import CASES, facts

RULES = (
    StageIn(stages=("ordered",)),
    MarketIn(markets=("FR",)),
    CartBetween(currency="EUR", minor_min=3000),
    OutOfStock(),
    BudgetLeft(),
)


def test_a_shopper_whom_every_rule_lets_through_is_eligible() -> None:
    decision = decide(RULES, facts(stage="ordered"))
    assert decision.eligible
    assert decision.reasons == ()


def test_every_reason_that_fails_is_told_at_once() -> None:
    seen = facts(stage="viewed", market="DE", cart=Cart(1, "EUR"), stock=Stock(available=3), budget_left=False)
    decision = decide(RULES, seen)
    assert not decision.eligible
    assert [reason.code for reason in decision.reasons] == [
        "stage_not_covered",
        "market_not_covered",
        "cart_too_small",
        "still_available",
        "budget_spent",
    ]


def test_one_rule_that_fails_is_enough() -> None:
    decision = decide(RULES, facts(stage="ordered", budget_left=False))
    assert [reason.code for reason in decision.reasons] == ["budget_spent"]


def test_without_rules_everyone_is_eligible() -> None:
    assert decide((), facts()).eligible


def test_the_same_reason_from_two_rules_is_told_twice() -> None:
    rules = (MarketIn(markets=("BE",)), MarketIn(markets=("CH",)))
    assert [reason.detail for reason in decide(rules, facts()).reasons] == [
        "FR is not one of BE",
        "FR is not one of CH",
    ]


def test_rules_are_asked_once_each_and_may_come_from_any_iterable() -> None:
    assert len(decide((rule for rule in RULES), facts(market="DE")).reasons) == 2


def test_asking_changes_nothing() -> None:
    for rule, seen, _ in CASES:
        before = msgspec.json.encode(seen)
        assert decide((rule,), seen) == decide((rule,), seen)
        assert msgspec.json.encode(seen) == before


def test_a_decision_can_be_stored_with_the_facts_it_saw_and_read_back() -> None:
    seen = facts(stage="viewed", cart=None)
    decision = decide((*RULES, DatesBetween()), seen)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision
    assert msgspec.json.decode(msgspec.json.encode(seen), type=type(seen)) == seen
    assert Reason("cart_unknown", "the shop did not report a basket") in decision.reasons
