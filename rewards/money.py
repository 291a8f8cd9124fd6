"""Money is an integer of minor units beside an ISO 4217 code; a decimal point exists only in what people read."""

import re
from typing import Annotated

import msgspec

Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z", description='an ISO 4217 code such as "EUR"')]

# ISO 4217, table A.1: the active currencies whose minor unit is not two digits.
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {currency: digits for digits, currencies in _BY_DIGITS.items() for currency in currencies.split()}
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,4}))?")


class Minor(int):
    """Minor units of the shop's currency; config files write it as text (`"4.50"`), never as a float."""

    __slots__ = ()


class BadAmountError(ValueError):
    """The text is not an amount of that currency."""


def digits_of(currency: str) -> int:
    """How many digits the minor unit of `currency` has."""
    return _DIGITS.get(currency, 2)


def parse_amount(text: str, currency: str) -> Minor:
    """Read `"4.50"` as 450 minor units; raise `BadAmountError` where that loses or invents anything."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise BadAmountError(f'expected an amount such as "4.50", got "{text}"')
    whole, fraction = match[1], match[2] or ""
    digits = digits_of(currency)
    if len(fraction) > digits:
        raise BadAmountError(f'"{text}" has more decimals than {currency} has ({digits})')
    return Minor(whole + fraction.ljust(digits, "0"))


def format_amount(minor: int, currency: str) -> str:
    """Write 450 minor units as `4.50 EUR`, for reports and logs; shoppers read amounts in their own language."""
    digits = digits_of(currency)
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    if digits == 0:
        return f"{sign}{minor} {currency}"
    whole, fraction = divmod(minor, 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d} {currency}"
