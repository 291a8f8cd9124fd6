"""Rules over HTTP: who is offered the wheel, and what the others are told."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import Postgres
from tests.support import (
    CONFIG,
    Json,
    OpenShop,
    Shop,
    ask,
    balances,
    campaign,
    config_copy,
    do,
    in_one_task,
    instant,
    person,
    problem,
    settings_for,
    shop_on,
    slice_,
)

TODAY = datetime.now(UTC).date()
LONG_AGO, FAR_AHEAD = "2020-01-01", "2099-01-01"


def sentences(language: str) -> dict[str, str]:
    text = (CONFIG / "messages" / f"{language}.ftl").read_text(encoding="utf-8")
    return {
        name.replace("-", "_"): sentence
        for name, sentence in re.findall(r"^reason-([a-z-]+) = (.+)$", text, re.MULTILINE)
    }


FRENCH, ENGLISH = sentences("fr"), sentences("en")

# A rule, what the shop reports, and the one reason that follows.
REFUSALS: dict[str, tuple[str, Json, str]] = {
    "stage": ('kind = "stage_in"\nstages = ["ordered"]', {"stage": "in_cart"}, "stage_not_covered"),
    "not started": (f'kind = "dates_between"\nstarts_on = {FAR_AHEAD}', {}, "campaign_not_started"),
    "over": (f'kind = "dates_between"\nends_on = {LONG_AGO}', {}, "campaign_over"),
    "market": ('kind = "market_in"\nmarkets = ["BE", "CH"]', {"market": "FR"}, "market_not_covered"),
    "no market": ('kind = "market_in"\nmarkets = ["BE", "CH"]', {"market": ""}, "market_not_covered"),
    "currency": (
        'kind = "currency_in"\ncurrencies = ["EUR"]',
        {"cart": {"total_minor": 4590, "currency": "USD"}},
        "currency_not_covered",
    ),
    "currency of no cart": ('kind = "currency_in"\ncurrencies = ["EUR"]', {"cart": None}, "cart_unknown"),
    "cart too small": (
        'kind = "cart_between"\ncurrency = "EUR"\nminor_min = 3000',
        {"cart": {"total_minor": 2999, "currency": "EUR"}},
        "cart_too_small",
    ),
    "cart too large": (
        'kind = "cart_between"\ncurrency = "EUR"\nminor_max = 9000',
        {"cart": {"total_minor": 9001, "currency": "EUR"}},
        "cart_too_large",
    ),
    "cart in another currency": (
        'kind = "cart_between"\ncurrency = "EUR"\nminor_min = 3000',
        {"cart": {"total_minor": 9999999, "currency": "JPY"}},
        "currency_not_covered",
    ),
    "no cart": ('kind = "cart_between"\ncurrency = "EUR"\nminor_min = 3000', {"cart": None}, "cart_unknown"),
    "sku not included": ('kind = "skus"\ninclude = ["CHAIR-*"]', {"sku": "LAMP-38"}, "product_not_covered"),
    "sku excluded": ('kind = "skus"\nexclude = ["LAMP-*"]', {"sku": "LAMP-38"}, "product_not_covered"),
    "category not included": (
        'kind = "categories"\ninclude = ["garden"]',
        {"categories": ["lighting"]},
        "category_not_covered",
    ),
    "no category": ('kind = "categories"\ninclude = ["garden"]', {"categories": []}, "category_not_covered"),
    "category excluded": (
        'kind = "categories"\ninclude = ["lighting"]\nexclude = ["sale"]',
        {"categories": ["lighting", "sale"]},
        "category_not_covered",
    ),
    "segment not included": (
        'kind = "segments"\ninclude = ["gold"]',
        {"shopper": person(segments=["vip"])},
        "shopper_not_covered",
    ),
    "segment excluded": (
        'kind = "segments"\nexclude = ["staff"]',
        {"shopper": person(segments=["vip", "staff"])},
        "shopper_not_covered",
    ),
    "too old": ('kind = "stockout_within"\nhours = 2', {"occurred_at": instant(hours=2.1)}, "stockout_too_old"),
    "throw-away address": (
        'kind = "address_accepted"',
        {"shopper": person(email="ada@mailinator.com")},
        "address_not_accepted",
    ),
    "throw-away address below": (
        'kind = "address_accepted"',
        {"shopper": person(email="Ada@sub.MAILINATOR.com")},
        "address_not_accepted",
    ),
    "CEL": (
        'kind = "when"\nexpression = "cart.total_minor >= 3000 && !(\'staff\' in shopper.segments)"',
        {"shopper": person(segments=["staff"])},
        "condition_not_met",
    ),
    "CEL over nothing": (
        'kind = "when"\nexpression = "cart.total_minor >= 3000"',
        {"cart": None},
        "condition_not_met",
    ),
    "CEL that fails": (
        "kind = \"when\"\nexpression = \"stockout.categories[0] == 'sample' || stockout.categories[0] == 'lighting'\"",
        {"categories": []},
        "condition_not_met",
    ),
}

# The same rules, met at their very edge.
ADMISSIONS: dict[str, tuple[str, Json]] = {
    "stage": ('kind = "stage_in"\nstages = ["ordered", "in_cart"]', {"stage": "in_cart"}),
    "first day": (f'kind = "dates_between"\nstarts_on = {TODAY - timedelta(days=1)}', {}),
    "market": ('kind = "market_in"\nmarkets = ["FR"]', {"market": "FR"}),
    "currency": ('kind = "currency_in"\ncurrencies = ["USD", "EUR"]', {}),
    "cart at the least": (
        'kind = "cart_between"\ncurrency = "EUR"\nminor_min = 3000',
        {"cart": {"total_minor": 3000, "currency": "EUR"}},
    ),
    "cart at the most": (
        'kind = "cart_between"\ncurrency = "EUR"\nminor_max = 9000',
        {"cart": {"total_minor": 9000, "currency": "EUR"}},
    ),
    "sku": ('kind = "skus"\ninclude = ["LAMP-*"]\nexclude = ["LAMP-4*"]', {"sku": "LAMP-38"}),
    "category": ('kind = "categories"\ninclude = ["lighting"]', {"categories": ["sale", "lighting"]}),
    "segment": ('kind = "segments"\ninclude = ["gold", "vip"]', {"shopper": person(segments=["vip"])}),
    "young enough": ('kind = "stockout_within"\nhours = 2', {"occurred_at": instant(hours=1.9)}),
    "no address": ('kind = "address_accepted"', {"shopper": person(email=None)}),
    "CEL": ('kind = "when"\nexpression = "stockout.sku.startsWith(\'LAMP\')"', {}),
}


def config_with(tmp_path: Path, *rules: str, **more: Any) -> Path:
    return config_copy(tmp_path, only=campaign(slice_("discount-5"), rules=rules, **more))


Having = Callable[..., Awaitable[Shop]]


@pytest.fixture
def having(shop: Shop, tmp_path: Path) -> Having:
    """The module's shop, once it has taken a config with these rules."""

    async def having(*rules: str, **more: Any) -> Shop:
        # What the tests before left with the same addresses is long past.
        age_spins(shop, 400)
        do(shop.database_url, "UPDATE offers SET expires_at = now() - interval '1 second' WHERE status = 'open'")
        await shop.takes(config_with(tmp_path, *rules, **more))
        return shop

    return having


def test_every_reason_has_a_sentence_in_both_languages_without_a_figure() -> None:
    assert set(FRENCH) == set(ENGLISH)
    assert not [sentence for sentence in (*FRENCH.values(), *ENGLISH.values()) if re.search(r"\d|\{", sentence)]


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_rule_that_fails_is_told_in_the_shoppers_language(having: Having, name: str) -> None:
    rule, report, code = REFUSALS[name]
    shop = await having(rule)
    for locale, words in (("fr-FR", FRENCH), ("en-GB", ENGLISH)):
        told = person() | report.get("shopper", {}) | {"id": person()["id"], "locale": locale}
        offer = (await (await shop.report(**report | {"shopper": told})).offer()).json()
        assert (offer["eligible"], offer["wheel"], offer["arm"]) == (False, None, None)
        assert offer["reasons"] == [{"code": code, "message": words[code]}]


@pytest.mark.parametrize("name", ADMISSIONS)
async def test_a_rule_that_holds_yields_the_wheel(having: Having, name: str) -> None:
    rule, report = ADMISSIONS[name]
    shop = await having(rule)
    await (await shop.report(**report)).offered()


async def test_the_dates_of_a_campaign_are_days_of_its_own_zone(open_shop: OpenShop, tmp_path: Path) -> None:
    # Kiritimati is a day ahead of Pago Pago at every hour.
    ahead = (datetime.now(UTC) + timedelta(hours=14)).date()
    config = config_copy(
        tmp_path,
        ahead=campaign(top=f'starts_on = {ahead}\ntime_zone = "Pacific/Kiritimati"'),
    )
    async with open_shop(config=config) as shop:
        await (await shop.report()).offered()
    config = config_copy(tmp_path, behind=campaign(top=f'starts_on = {ahead}\ntime_zone = "Pacific/Pago_Pago"'))
    async with open_shop(config=config) as shop:
        assert await (await shop.report()).refused() == ["campaign_not_started"]


async def test_all_reasons_are_told_at_once_and_in_the_rules_order(having: Having) -> None:
    rules = [
        'kind = "stage_in"\nstages = ["ordered"]',
        'kind = "market_in"\nmarkets = ["BE"]',
        'kind = "skus"\ninclude = ["CHAIR"]',
        'kind = "segments"\ninclude = ["gold"]',
        'kind = "stockout_within"\nhours = 1',
        'kind = "when"\nexpression = "cart.total_minor > 987654"',
    ]
    shop = await having(*rules, top=f"ends_on = {LONG_AGO}")
    shopper = await shop.report(occurred_at=instant(hours=5))
    offer = (await shopper.offer()).json()
    assert [reason["code"] for reason in offer["reasons"]] == [
        "campaign_over",
        "stage_not_covered",
        "market_not_covered",
        "product_not_covered",
        "shopper_not_covered",
        "stockout_too_old",
        "condition_not_met",
    ]
    words = str(offer)
    assert not [secret for secret in ("987654", "gold", "CHAIR", "BE", LONG_AGO, "expression") if secret in words]


async def test_a_decision_is_kept_with_the_facts_it_saw(having: Having) -> None:
    rule = 'kind = "cart_between"\ncurrency = "EUR"\nminor_min = 100000'
    shop = await having(rule)
    shopper = await shop.report()
    await shopper.refused()
    facts = ask(shop.database_url, "SELECT facts FROM offers WHERE stockout_id = %s", shopper.stockout_id)
    reasons = ask(shop.database_url, "SELECT reasons FROM offers WHERE stockout_id = %s", shopper.stockout_id)
    assert facts["cart"] == {"total_minor": 4590, "currency": "EUR"}
    assert facts["stockout"]["sku"] == "LAMP-38"
    assert reasons == [{"code": "cart_too_small", "detail": "4590 < 100000"}]
    assert shopper.body["shopper"]["email"] not in str(facts)


# Stock


@pytest_asyncio.fixture(scope="module")
async def stocked(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """A shop whose campaign asks for nothing but a product that is really gone."""
    rules = ['kind = "out_of_stock"', 'kind = "not_backorderable"']
    config = config_with(tmp_path_factory.mktemp("stocked"), *rules)
    url = postgres.create(template)
    async with in_one_task(shop_on(settings_for(url, config=config))) as shop:
        yield shop
    postgres.drop(url)


async def test_a_product_never_spoken_of_is_out_of_stock_on_the_shops_word(stocked: Shop) -> None:
    await (await stocked.report(sku="NEVER-1")).offered()


async def test_a_phantom_stockout_gets_no_offer(stocked: Shop) -> None:
    await stocked.put_stock("PHANTOM-1", available=1)
    assert await (await stocked.report(sku="PHANTOM-1")).refused() == ["still_available"]


async def test_too_few_for_this_shopper_is_out_of_stock(stocked: Shop) -> None:
    await stocked.put_stock("FEW-1", available=2)
    assert await (await stocked.report(sku="FEW-1", quantity=2)).refused() == ["still_available"]
    await (await stocked.report(sku="FEW-1", quantity=3)).offered()


async def test_a_product_to_order_for_later_gets_no_offer(stocked: Shop) -> None:
    await stocked.put_stock("LATER-1", available=0, backorderable=True)
    assert await (await stocked.report(sku="LATER-1")).refused() == ["available_on_backorder"]
    await stocked.put_stock("LATER-2", available=5, backorderable=True)
    assert await (await stocked.report(sku="LATER-2")).refused() == ["still_available", "available_on_backorder"]


async def test_the_newest_word_on_stock_decides_whenever_it_came_in(stocked: Shop) -> None:
    await stocked.put_stock("NEWS-1", available=0, as_of=instant(minutes=1))
    await stocked.put_stock("NEWS-1", available=9, as_of=instant(minutes=2))
    await (await stocked.report(sku="NEWS-1")).offered()


async def test_a_refused_offer_stays_refused(stocked: Shop) -> None:
    await stocked.put_stock("BACK-1", available=1)
    shopper = await stocked.report(sku="BACK-1")
    first = await shopper.offer()
    await stocked.put_stock("BACK-1", available=0)
    again = await shopper.offer()
    assert again.json() == first.json()
    problem(await shopper.spin(), 409, "not_eligible")
    await (await stocked.report(sku="BACK-1")).offered()


async def test_an_offer_made_stays_made_when_the_product_is_back(stocked: Shop) -> None:
    shopper = await stocked.report(sku="BACK-2")
    first = await shopper.offered()
    await stocked.put_stock("BACK-2", available=100)
    assert (await shopper.offered())["wheel"] == first["wheel"]
    assert (await shopper.spin()).status_code == 200


# Windows over the past


SPINS = 'kind = "spins_at_most"\ncount = 2\nwindow_days = 30'
ONE_SPIN = 'kind = "spins_at_most"\ncount = 1\nwindow_days = 30'
VALUE = 'kind = "awards_at_most"\nminor = 1000\nwindow_days = 30'  # one discount-5 is worth 800 at most
ADDRESS = 'kind = "one_person_per_address"\nwindow_days = 30'


def age_spins(shop: Shop, days: float) -> None:
    """Move every spin into the past; nothing else of the rules looks at their time."""
    do(shop.database_url, "UPDATE spins SET created_at = created_at - make_interval(secs => %s)", days * 86400)


async def test_so_many_spins_in_a_window_and_no_more(having: Having) -> None:
    shop = await having(SPINS)
    who = person()
    for _ in range(2):
        await (await shop.report(shopper=who)).won()
    refused = await shop.report(shopper=who)
    assert await refused.refused() == ["too_many_spins"]
    age_spins(shop, 29.9)
    assert await (await shop.report(shopper=who)).refused() == ["too_many_spins"]
    age_spins(shop, 0.2)
    await (await shop.report(shopper=who)).offered()
    assert await refused.refused() == ["too_many_spins"], "a decision stays"
    await (await shop.report()).offered()


async def test_two_stockouts_at_once_do_not_give_a_spin_too_many(having: Having) -> None:
    shop = await having(ONE_SPIN)
    who = person()
    first, second = [await shop.report(shopper=who, sku=sku) for sku in ("LAMP-1", "LAMP-2")]
    await first.offered()
    assert await second.refused() == ["too_many_spins"], "the first wheel is still to be spun"
    assert (await first.spin()).status_code == 200


@pytest.mark.parametrize("rule", [ONE_SPIN, 'kind = "awards_at_most"\nminor = 1\nwindow_days = 30'])
async def test_offers_racing_for_one_shopper_give_one_spin(having: Having, rule: str) -> None:
    shop = await having(rule)
    who = person()
    tabs = [await shop.report(shopper=who, sku=f"LAMP-{number}") for number in range(12)]
    offers = [answer.json() for answer in await asyncio.gather(*(tab.offer() for tab in tabs))]
    assert sum(offer["eligible"] for offer in offers) == 1
    spins = await asyncio.gather(*(tab.spin() for tab in tabs))
    assert sorted(spin.status_code for spin in spins) == [200] + [409] * 11
    balances(shop.database_url)


async def test_an_offer_nobody_spun_in_time_is_no_spin(having: Having) -> None:
    shop = await having(ONE_SPIN)
    who = person()
    await (await shop.report(shopper=who)).offered()
    do(shop.database_url, "UPDATE offers SET expires_at = now() - interval '1 second'")
    await (await shop.report(shopper=who)).offered()


async def test_so_much_value_in_a_window_and_no_more(having: Having) -> None:
    shop = await having(VALUE)
    who = person()
    for _ in range(2):
        await (await shop.report(shopper=who)).won()
    assert await (await shop.report(shopper=who)).refused() == ["award_limit_reached"]
    age_spins(shop, 30.1)
    await (await shop.report(shopper=who)).offered()


SPELLINGS = [
    ("a.b+x@gmail.com", "ab@gmail.com"),
    ("ada@example.org", "ADA+shop@Example.ORG"),
    ("c.d@googlemail.com", "cd@gmail.com"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
async def test_one_person_spins_once_however_the_address_is_spelt(having: Having, one: str, other: str) -> None:
    shop = await having(ADDRESS)
    await (await shop.report(shopper=person(email=one))).won()
    assert await (await shop.report(shopper=person(email=other))).refused() == ["address_already_used"]
    await (await shop.report(shopper=person(email=f"x{other}"))).offered()
    await (await shop.report(shopper=person(email=None))).offered()
    age_spins(shop, 30.1)
    await (await shop.report(shopper=person(email=other))).offered()


async def test_accounts_racing_with_one_address_give_one_spin(having: Having) -> None:
    shop = await having(ADDRESS)
    tabs = [await shop.report(shopper=person(email=f"ada+{number}@gmail.com")) for number in range(12)]
    offers = [answer.json() for answer in await asyncio.gather(*(tab.offer() for tab in tabs))]
    assert sum(offer["eligible"] for offer in offers) == 1
    refused = [offer["reasons"][0]["code"] for offer in offers if not offer["eligible"]]
    assert refused == ["address_already_used"] * 11


async def test_leaving_the_address_out_does_not_make_a_new_person(having: Having) -> None:
    shop = await having(ADDRESS)
    await (await shop.report(shopper=person(email="ada@example.org"))).won()
    other = person(email="ada+2@example.org")
    await shop.report(shopper=other)
    silent = {name: value for name, value in other.items() if name != "email"}
    assert await (await shop.report(shopper=silent)).refused() == ["address_already_used"]


# Several campaigns


async def test_the_highest_eligible_priority_makes_the_offer(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(
        tmp_path,
        low=campaign(slice_("discount-5"), priority=1),
        high=campaign(slice_("discount-20"), priority=9, rules=['kind = "segments"\ninclude = ["gold"]']),
        middle=campaign(slice_("free-shipping"), priority=5, rules=['kind = "market_in"\nmarkets = ["FR"]']),
    )
    async with open_shop(config=config) as shop:

        async def reward(**report: Any) -> str:
            wheel = (await (await shop.report(**report)).offered())["wheel"]
            return str(wheel["slices"][0]["reward"])

        assert await reward(shopper=person(segments=["gold"])) == "discount-20"
        assert await reward() == "free-shipping"
        assert await reward(market="BE") == "discount-5"


async def test_where_no_campaign_fits_the_first_ones_reasons_are_told(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(
        tmp_path,
        low=campaign(priority=1, rules=['kind = "stage_in"\nstages = ["ordered"]']),
        high=campaign(priority=9, rules=['kind = "market_in"\nmarkets = ["BE"]']),
    )
    async with open_shop(config=config) as shop:
        assert await (await shop.report()).refused() == ["market_not_covered"]


async def test_a_campaign_whose_budget_is_spent_leaves_the_offer_to_the_next(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    config = config_copy(
        tmp_path,
        rich=campaign(slice_("free-shipping"), priority=1),
        poor=campaign(slice_("discount-5"), priority=9, amount="8.00"),
    )
    async with open_shop(config=config) as shop:
        wheels = [(await (await shop.report()).offered())["wheel"] for _ in range(2)]
        assert [wheel["slices"][0]["reward"] for wheel in wheels] == ["discount-5", "free-shipping"]
