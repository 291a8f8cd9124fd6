"""What a reward takes off is capped by what it may cost; terms that make no sense are refused."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.catalogue import AmountOff, Catalogue, FreeShipping, PercentOff, Reward, RewardId, Sample, VipAccess
from rewards.money import Minor, parse_amount


def read(data: dict[str, Any]) -> Reward:
    """Read one entry as the config loader does, in euros."""
    reward: Reward = msgspec.convert(data, Reward, dec_hook=lambda _, text: parse_amount(text, "EUR"))
    return reward


@pytest.mark.parametrize(
    ("basket", "discount"),
    [(0, 0), (4590, 459), (4595, 460), (4594, 459), (15_000, 1500), (15_010, 1500), (10**12, 1500)],
)
def test_a_percentage_rounds_half_up_and_never_exceeds_its_liability(basket: int, discount: int) -> None:
    assert PercentOff(percent=10, liability=Minor(1500)).discount_minor(basket) == discount


def test_a_whole_basket_can_be_given_but_not_more() -> None:
    assert PercentOff(percent=100, liability=Minor(10_000)).discount_minor(999) == 999


@pytest.mark.parametrize(("basket", "discount"), [(0, 0), (499, 499), (500, 500), (501, 500)])
def test_an_amount_never_exceeds_the_basket(basket: int, discount: int) -> None:
    assert AmountOff(amount=Minor(500), liability=Minor(500)).discount_minor(basket) == discount


@pytest.mark.parametrize(
    "reward", [FreeShipping(liability=Minor(690)), Sample(sku="S-1"), VipAccess(event="Soirée", on=date(2027, 6, 18))]
)
def test_a_gift_takes_nothing_off_the_basket(reward: Reward) -> None:
    assert reward.discount_minor(10_000) == 0


@given(st.integers(0, 10**12), st.integers(1, 100), st.integers(1, 10**6))
def test_no_discount_exceeds_basket_or_liability(basket: int, percent: int, liability: int) -> None:
    discount = PercentOff(percent=percent, liability=Minor(liability)).discount_minor(basket)
    assert 0 <= discount <= min(basket, liability)
    assert abs(100 * discount - basket * percent) <= 50 or discount == liability


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "percent_off", "percent": 5}, "a percentage needs a `liability`"),
        ({"kind": "percent_off", "percent": 5, "liability": "0"}, "a percentage needs a `liability`"),
        ({"kind": "percent_off", "percent": 0, "liability": "1"}, ">= 1"),
        ({"kind": "percent_off", "percent": 101, "liability": "1"}, "<= 100"),
        ({"kind": "percent_off", "percent": 5.5, "liability": "1"}, "Expected `int`"),
        ({"kind": "amount_off", "amount": "0", "liability": "1"}, "would give nothing"),
        ({"kind": "amount_off", "amount": "5", "liability": "4.99"}, "`liability` is smaller than `amount`"),
        ({"kind": "amount_off", "amount": "5"}, "`liability` is smaller than `amount`"),
        ({"kind": "amount_off"}, "missing required field `amount`"),
        ({"kind": "free_shipping", "liability": "6.905"}, "more decimals"),
        ({"kind": "free_shipping", "liability": "-1"}, "expected an amount"),
        ({"kind": "free_shipping", "valid_days": 0}, ">= 1"),
        ({"kind": "free_shipping", "valid_days": 731}, "<= 730"),
        ({"kind": "free_shipping", "valid_day": 3}, "unknown field `valid_day`"),
        ({"kind": "sample"}, "missing required field `sku`"),
        ({"kind": "sample", "sku": ""}, "length >= 1"),
        ({"kind": "vip_access", "event": "Soirée"}, "missing required field `on`"),
        ({"kind": "vip_access", "event": "", "on": "2027-06-18"}, "length >= 1"),
        ({"kind": "vip_access", "event": "Soirée", "on": "2027-06-31"}, "Invalid RFC3339"),
        ({"kind": "cash_back"}, "Invalid value 'cash_back'"),
        ({"percent": 5}, "missing required field `kind`"),
    ],
)
def test_bad_terms_are_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        read(data)


def test_a_reward_states_terms_even_when_the_marketer_does_not() -> None:
    reward = read({"kind": "sample", "sku": "S-1"})
    assert (reward.liability, reward.valid_days, reward.minimum_basket, reward.stacks) == (0, 30, 0, False)


def test_a_reward_reads_its_amounts_as_text() -> None:
    assert read({"kind": "amount_off", "amount": "5", "liability": "5", "minimum_basket": "20.00"}) == AmountOff(
        amount=Minor(500), liability=Minor(500), minimum_basket=Minor(2000)
    )


@pytest.mark.parametrize("name", ["discount-5", "échantillon", "送料無料", "🎁", "a" * 64])
def test_a_reward_may_be_named_in_any_language(name: str) -> None:
    assert list(msgspec.convert({name: {"kind": "sample", "sku": "S"}}, Catalogue)) == [name]


@pytest.mark.parametrize("name", ["", "a b", "a\n", "\ta", 'a"', "a\\b", "a\x7f", "a\x00", "a" * 65])
def test_a_name_that_would_trip_a_reader_is_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, RewardId)
