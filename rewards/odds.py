"""What a wheel gives and costs, before anyone spins: exact, from the table alone."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

_ODDS_DIGITS = 8


class WheelSlice(msgspec.Struct, frozen=True):
    """A slice with what stands behind it: the most it costs now, and what it turns into once it is gone."""

    slice: str
    reward: str
    weight: int
    liability_minor: int
    stock: int | None = None
    when_gone: str | None = None


def odds_text(weight: int, total_weight: int) -> str:
    """Return the probability as a decimal of at most eight digits, cut, without trailing zeros: 25 of 100 is `0.25`."""
    whole, rest = divmod(weight * 10**_ODDS_DIGITS // total_weight, 10**_ODDS_DIGITS)
    return f"{whole}.{rest:0{_ODDS_DIGITS}d}".rstrip("0").rstrip(".")


def expected_cost_minor(slices: Sequence[WheelSlice]) -> Fraction:
    """Return the mean liability of one spin while nothing is gone, in minor units, exactly."""
    total = sum(piece.weight for piece in slices)
    return Fraction(sum(piece.weight * piece.liability_minor for piece in slices), total)


def fallbacks(reward: str, when_gone: Mapping[str, str | None]) -> list[str]:
    """Return `reward` and what replaces it, in order; raise `ValueError` when that goes round in a circle."""
    chain = [reward]
    while (following := when_gone.get(chain[-1])) is not None:
        if following in chain:
            raise ValueError(f"goes round in a circle: {' → '.join([*chain, following])}")
        chain.append(following)
    return chain
