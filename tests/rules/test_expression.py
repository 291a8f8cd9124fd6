"""A free condition is understood whole or refused at load; at run time, what cannot be told is a no."""

from datetime import UTC, datetime

import pytest

from rules.expression import LENGTH_MAX, BadExpressionError, Expression, context_of
from rules.facts import Cart, Facts, Shopper, Stock, Stockout
from tests.rules.test_conditions import facts


@pytest.mark.parametrize(
    "source",
    [
        "true",
        "cart.total_minor >= 3000 && !('staff' in shopper.segments)",
        "cart.currency == 'EUR'",
        "cart . total_minor > 0",
        "shopper.locale.startsWith('fr')",
        "'lighting' in stockout.categories",
        "stockout.stage in ['in_cart', 'ordered'] && stockout.quantity == 1",
        "stock.available == 0 && !stock.backorderable",
        "now - stockout.occurred_at < duration('48h')",
        "now.getFullYear() == 2026",
        "spins < 3",
        "size(shopper.segments) > 0",
        "has(cart.total_minor)",
        "shopper.segments.exists(s, s == 'vip')",
        "shopper.segments.exists( segment , segment.startsWith('v') )",
        "stockout.categories.all(c, c != 'clearance')",
        "shopper.segments.filter(s, s != 'vip').size() == 0",
        "shopper.segments.map(s, s + '!').size() == 1",
        "shopper.segments.exists_one(s, s == 'vip')",
        "cart.total_minor > 5000 ? false : true",
    ],
)
def test_a_condition_that_holds_has_no_problem(source: str) -> None:
    assert Expression(source).problem(facts()) is None


@pytest.mark.parametrize(
    "source",
    [
        "false",
        "cart.total_minor >= 4591",
        "'staff' in shopper.segments",
        "spins > 0",
        "shopper.locale == 'cart.totall'",
    ],
)
def test_a_condition_that_does_not_hold_says_so_in_its_own_words(source: str) -> None:
    assert Expression(source).problem(facts()) == f"not so: {source}"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("crt.total_minor > 1", 'unknown word "crt"; did you mean "cart"?'),
        ("spin < 2", 'unknown word "spin"; did you mean "spins"?'),
        ("shoper.locale == 'fr'", 'unknown word "shoper"; did you mean "shopper"?'),
        ("basket == 1", 'unknown word "basket"; known here: cart, shopper, stockout, stock, now, spins'),
        ("cart.total > 1", '"cart" has no "total"; did you mean "total_minor"?'),
        ("cart . totall_minor > 1", '"cart" has no "totall_minor"; did you mean "total_minor"?'),
        ("shopper.segment == 'vip'", '"shopper" has no "segment"; did you mean "segments"?'),
        ("stockout.skus == 'a'", '"stockout" has no "skus"; did you mean "sku"?'),
        ("stock.quantity > 1", '"stock" has no "quantity"; known here: available, backorderable'),
        ("has(cart.totall)", '"cart" has no "totall"; did you mean "total_minor"?'),
        ("true || cart.totall > 1", '"cart" has no "totall"'),
        ("shopper.segments.exists(s, s == t)", 'unknown word "t"'),
        ("'a' == shopper.locale || crt.total_minor > 1", 'unknown word "crt"'),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest_right_one(source: str, message: str) -> None:
    with pytest.raises(BadExpressionError) as refused:
        Expression(source)
    assert message in str(refused.value)


@pytest.mark.parametrize("source", ["1", "'yes'", "null", "[true]", "cart", "cart.total_minor", "shopper.segments"])
def test_an_answer_other_than_true_or_false_is_refused(source: str) -> None:
    with pytest.raises(BadExpressionError, match="must answer true or false"):
        Expression(source)


@pytest.mark.parametrize(
    "source",
    ["cart.", "(", "cart.total_minor >", "a b", "has(cart)", "'open", "1 = 1", "\x00", "(" * 300 + "true" + ")" * 300],
)
def test_bad_syntax_is_refused(source: str) -> None:
    with pytest.raises(BadExpressionError, match="not a CEL expression"):
        Expression(source)


@pytest.mark.parametrize("source", ["", "x" * (LENGTH_MAX + 1)])
def test_a_source_of_no_or_too_many_characters_is_refused(source: str) -> None:
    with pytest.raises(BadExpressionError, match=f"1 to {LENGTH_MAX} characters"):
        Expression(source)


@pytest.mark.parametrize(
    "source",
    [
        "cart['totall'] > 1",
        "cart.total_minor > 'a'",
        "undefined_function(1)",
        "1 / stock.available > 0",
        "cart.currency > 1",
    ],
)
def test_what_fails_on_a_sample_stockout_is_refused_at_load(source: str) -> None:
    with pytest.raises(BadExpressionError, match="does not work on a sample stockout"):
        Expression(source)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("stock.available == 0 || 10 / (stock.available - 5) > 1", facts(stock=Stock(available=5))),
        ("shopper.segments[0] == 'vip'", facts(shopper=Shopper(()))),
        ("cart.total_minor < 5000 || cart['totall'] > 1", facts(cart=Cart(5000, "EUR"))),
    ],
)
def test_what_cannot_be_told_at_run_time_is_a_no(source: str, seen: Facts) -> None:
    expression = Expression(source)
    assert expression.problem(facts()) is None
    assert str(expression.problem(seen)).startswith(f"{source}: cannot be told (")


def test_an_answer_that_turns_out_not_to_be_true_or_false_is_a_no() -> None:
    source = "cart.currency == 'EUR' ? true : 1"
    assert Expression(source).problem(facts(cart=Cart(1, "USD"))) == f"not so: {source}"


def test_a_missing_key_is_told_in_one_line() -> None:
    problem = Expression("cart.total_minor < 5000 || cart['totall'] > 1").problem(facts(cart=Cart(5000, "EUR")))
    assert problem is not None
    assert "no such key 'totall'" in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    "source",
    [
        "shopper.locale != 'cart.totall'",
        'shopper.locale != "stock.nothing"',
        r"shopper.locale != 'it\'s cart.totall'",
        r'shopper.locale != "a \"quoted\" cart.totall"',
        'shopper.locale != "it\'s cart.totall"',
        "shopper.locale != '\"' && shopper.locale != 'cart.totall'",
    ],
)
def test_a_dotted_word_inside_a_text_is_not_read_as_a_fact(source: str) -> None:
    assert Expression(source).problem(facts()) is None


def test_a_basket_the_shop_did_not_report_is_empty_and_in_no_currency() -> None:
    assert Expression("cart.total_minor == 0 && cart.currency == ''").problem(facts(cart=None)) is None


def test_every_fact_of_a_kind_can_be_asked_for() -> None:
    context = context_of(facts())
    for name, kind in (("cart", Cart), ("shopper", Shopper), ("stockout", Stockout), ("stock", Stock)):
        assert set(context[name]) == set(kind.__struct_fields__)


def test_an_expression_sees_no_address_and_no_name() -> None:
    words = {word for value in context_of(facts()).values() if isinstance(value, dict) for word in value}
    assert not words & {"email", "address", "first_name", "name", "id"}


def test_expressions_are_equal_by_their_source() -> None:
    assert Expression("spins < 3") == Expression("spins < 3")
    assert hash(Expression("spins < 3")) == hash(Expression("spins < 3"))
    assert Expression("spins < 3") != Expression("spins < 4")
    assert Expression("spins < 3") != "spins < 3"


def test_now_is_the_instant_of_the_facts_and_not_of_the_machine() -> None:
    past = facts(now=datetime(1999, 12, 31, 23, 59, tzinfo=UTC))
    assert Expression("now.getFullYear() < 2000 || now.getFullYear() == 2026").problem(past) is None
    assert Expression("now > timestamp('2000-01-01T00:00:00Z')").problem(past) is not None
