"""Amounts are read and written without losing or inventing a minor unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.money import BadAmountError, Minor, digits_of, format_amount, parse_amount

CURRENCIES = ("EUR", "JPY", "BHD", "CLF")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("4.50", "EUR", 450),
        ("4.5", "EUR", 450),
        ("4", "EUR", 400),
        ("0", "EUR", 0),
        ("0.01", "EUR", 1),
        ("007.10", "EUR", 710),
        ("500", "JPY", 500),
        ("1.234", "BHD", 1234),
        ("1.2", "BHD", 1200),
        ("1.2345", "CLF", 12345),
        ("999999999999.99", "EUR", 99999999999999),
    ],
)
def test_an_amount_is_read_as_minor_units(text: str, currency: str, minor: int) -> None:
    amount = parse_amount(text, currency)
    assert amount == minor
    assert isinstance(amount, Minor)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "4,50",
            "4.",
            ".50",
            "-1",
            "+1",
            "4.50 ",
            " 4.50",
            "4.50\n",
            "1e3",
            "1_000",
            "1 000",
            "€4",
            "4.50 EUR",
        ),
        *("NaN", "inf", "0x10", "4.5.0", "1234567890123", "٤.٥٠", "４"),
    ],
)
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(BadAmountError, match="expected an amount such as"):
        parse_amount(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency"), [("4.505", "EUR"), ("4.500", "EUR"), ("500.0", "JPY"), ("500.00", "JPY"), ("1.2345", "BHD")]
)
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: str) -> None:
    with pytest.raises(BadAmountError, match=f"more decimals than {currency} has"):
        parse_amount(text, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (450, "EUR", "4.50 EUR"),
        (5, "EUR", "0.05 EUR"),
        (0, "EUR", "0.00 EUR"),
        (-450, "EUR", "-4.50 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (500, "JPY", "500 JPY"),
        (-500, "JPY", "-500 JPY"),
        (1234, "BHD", "1.234 BHD"),
    ],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert format_amount(minor, currency) == text


def test_a_currency_has_two_decimals_unless_iso_4217_says_otherwise() -> None:
    assert {currency: digits_of(currency) for currency in ("EUR", "USD", "JPY", "KRW", "BHD", "KWD", "CLF")} == {
        "EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3, "CLF": 4,
    }  # fmt: skip


@given(st.integers(0, 10**14 - 1), st.sampled_from(CURRENCIES))
def test_what_is_written_reads_back_as_the_same_amount(minor: int, currency: str) -> None:
    text = format_amount(minor, currency).removesuffix(f" {currency}")
    if len(text.partition(".")[0]) <= 12:
        assert parse_amount(text, currency) == minor


@given(st.text("0123456789.,+-eE_ \n٤４", max_size=20), st.sampled_from(CURRENCIES))
def test_no_text_makes_reading_fail_in_another_way(text: str, currency: str) -> None:
    try:
        amount = parse_amount(text, currency)
    except BadAmountError:
        return
    assert amount >= 0
