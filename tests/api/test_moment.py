"""What the storefront asks besides the wheel: messages, the order, what is on the shelf, what to take instead."""

from typing import Any
from uuid import uuid4

import pytest

from engine.api.schemas import Alternative
from engine.flows.stockouts import in_order
from tests.support import OpenShop, Shop, Shopper, ask, bearer, do, person, problem, rows, stockout

HOOK = {"MAKEGOOD_WEBHOOK_URL": "http://127.0.0.1:9/", "MAKEGOOD_WEBHOOK_SECRET": "a-webhook-secret-for-tests"}


async def notify(shopper: Shopper, body: Any = None, **more: Any) -> Any:
    return await shopper.http.post("/v1/notices", headers=bearer(shopper.token), json=body, **more)


async def choose(shopper: Shopper, choice: str) -> Any:
    return await shopper.http.put("/v1/offer/order", headers=bearer(shopper.token), json={"choice": choice})


async def moment(shopper: Shopper) -> Any:
    answer = await shopper.http.get("/v1/moment", headers=bearer(shopper.token))
    assert answer.status_code == 200, answer.text
    return answer.json()


def announced(shop: Shop, kind: str) -> list[dict[str, str]]:
    found = rows(
        shop.database_url,
        "SELECT args -> 'event' -> 'data' FROM procrastinate_jobs WHERE args -> 'event' ->> 'type' = %s ORDER BY id",
        kind,
    )
    return [data for (data,) in found]


def unknown() -> str:
    return f"SKU-{uuid4().hex[:10]}"


# What a page says


async def test_an_alternative_that_is_gone_too_is_not_offered(shop: Shop) -> None:
    gone, late, there = unknown(), unknown(), unknown()
    shopper = await shop.report(alternatives=[{"sku": sku} for sku in (gone, late, there)])
    await shop.put_stock(gone, available=0)
    await shop.put_stock(late, available=0, backorderable=True)
    shown = (await moment(shopper))["offer"]["product"]["alternatives"]
    assert [one["sku"] for one in shown] == [late, there]


@pytest.mark.parametrize("tag", ["fr", "FR-ca", "en-GB", "xx"])
async def test_the_words_come_with_the_moment_as_they_come_alone(shop: Shop, tag: str) -> None:
    shopper = await shop.report()
    answer = await shop.http.get(f"/v1/moment?locale={tag}", headers=bearer(shopper.token))
    assert answer.json()["words"] == (await shop.http.get(f"/widget/messages/{tag}.json")).json()


async def test_a_page_asks_once_for_the_offer_and_all_it_says_of_it(shop: Shop) -> None:
    shopper = await shop.report()
    told = await moment(shopper)
    assert told["offer"] == await shopper.offered()
    assert told["offer"]["eligible"]
    assert not told["spun"]


async def spoken(shopper: Shopper, locale: str, accepted: str = "") -> Any:
    headers = {**bearer(shopper.token), "Accept-Language": accepted}
    return (await shopper.http.get(f"/v1/moment?locale={locale}", headers=headers)).json()


async def test_dates_and_prices_are_written_as_in_the_readers_own_country(shop: Shop) -> None:
    given = [{"sku": "LAMP-40", "price_minor": 123450}, {"sku": "LAMP-41"}]
    restock = {"expected_on": "2096-12-06", "reason": "supplier_delay"}
    shopper = await shop.report(sku=unknown(), alternatives=given, restock=restock)
    for locale, accepted, day, price in (
        ("en", "", "December 6, 2096", "€1,234.50"),
        ("en", "fr-CH, en-GB;q=0.8, en;q=0.5", "6 December 2096", "€1,234.50"),
        ("en", "en-99999, *", "December 6, 2096", "€1,234.50"),
        ("fr", "en-GB", "6 décembre 2096", "1\u202f234,50\xa0€"),
    ):
        told = await spoken(shopper, locale, accepted)
        assert day in told["expected"]
        assert told["prices"] == {"LAMP-40": price}


async def test_a_date_that_has_passed_is_no_promise(shop: Shop) -> None:
    sku = unknown()
    shopper = await shop.report(sku=sku, restock=None)
    assert (await spoken(shopper, "en"))["expected"] == "We do not know yet when it will be back."
    await shop.put_stock(sku, available=0, expected_on="2020-01-01")
    assert (await spoken(shopper, "en"))["expected"] == "We do not know yet when it will be back."
    await shop.put_stock(sku, available=0, expected_on="2096-01-01")
    assert (await spoken(shopper, "en"))["expected"] == "Expected back on January 1, 2096."


async def test_the_reason_told_is_that_of_the_date_told(shop: Shop) -> None:
    sku = unknown()
    shopper = await shop.report(sku=sku, restock={"expected_on": "2096-12-06", "reason": "supplier_delay"})
    assert "supplier" in (await spoken(shopper, "en"))["why"]
    await shop.put_stock(sku, available=0, expected_on="2097-01-08")
    told = await spoken(shopper, "en")
    assert ("January 8, 2097" in told["expected"], told["why"]) == (True, None)
    product = told["offer"]["product"]
    assert (product["expected_on"], product["reason"]) == ("2097-01-08", None)


@pytest.mark.parametrize("spun", [False, True])
async def test_what_was_not_taken_in_its_time_is_not_offered_any_more(shop: Shop, *, spun: bool) -> None:
    shopper = await shop.report(sku=unknown())
    offer = await shopper.offered()
    if spun:
        await shopper.won()
    do(
        shop.database_url,
        "UPDATE offers SET expires_at = now() - interval '1 second' WHERE stockout_id = %s",
        shopper.stockout_id,
    )
    told = (await spoken(shopper, "fr" if spun else "en"))["offer"]
    if spun:
        assert told["wheel"] == (await shopper.offered())["wheel"]
        return
    assert (told["eligible"], told["wheel"], told["patience"]) == (False, None, None)
    assert told["reasons"] == [{"code": "offer_expired", "message": "This offer’s time is over."}]
    assert told["product"] == offer["product"]


async def test_who_waits_is_not_told_that_time_is_over(shop: Shop) -> None:
    shopper = await shop.report(sku=unknown())
    await shopper.offered()
    joined = await shopper.http.post("/v1/enrolments", headers=bearer(shopper.token), json={})
    assert joined.status_code == 201, joined.text
    do(
        shop.database_url,
        "UPDATE offers SET expires_at = now() - interval '1 second' WHERE stockout_id = %s",
        shopper.stockout_id,
    )
    told = await spoken(shopper, "en")
    assert told["waiting"]
    assert (told["offer"]["wheel"], told["offer"]["patience"], told["offer"]["reasons"]) == (None, None, [])


async def test_who_was_refused_is_told_the_reason_and_no_other(shop: Shop) -> None:
    shopper = await shop.report(sku=unknown(), stage="viewed")
    await shopper.refused()
    do(
        shop.database_url,
        "UPDATE offers SET expires_at = now() - interval '1 second' WHERE stockout_id = %s",
        shopper.stockout_id,
    )
    assert [one["code"] for one in (await spoken(shopper, "en"))["offer"]["reasons"]] == await shopper.refused()


async def test_the_moment_knows_who_has_spun_and_who_waits(shop: Shop) -> None:
    shopper = await shop.report(sku=unknown())
    await shopper.offered()
    before = await moment(shopper)
    assert (before["spun"], before["waiting"]) == (False, None)
    await shopper.won()
    joined = await shopper.http.post("/v1/enrolments", headers=bearer(shopper.token), json={})
    assert joined.status_code == 201, joined.text
    after = await moment(shopper)
    assert after["spun"] is True
    listed = (await shopper.http.get("/v1/enrolments", headers=bearer(shopper.token))).json()["enrolments"]
    assert [after["waiting"]] == listed
    # Another stockout of the same shopper is another moment.
    other = await shop.report(sku=unknown(), shopper=shopper.body["shopper"])
    assert ((await moment(other))["spun"], (await moment(other))["waiting"]) == (False, None)
    gone = await shopper.http.delete(f"/v1/enrolments/{listed[0]['enrolment_id']}", headers=bearer(shopper.token))
    assert gone.status_code == 200
    assert (await moment(shopper))["waiting"] is None


# Being told that it is back


async def test_a_notice_is_asked_for_once_and_the_newer_address_counts(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        shopper = await shop.report(sku=unknown())
        assert (await moment(shopper))["told_when_back"] is False
        first = await notify(shopper, {"email": "one@example.org"})
        assert first.status_code == 201
        assert first.json() == {
            "notice_id": first.json()["notice_id"],
            "kind": "restock",
            "sku": shopper.body["sku"],
            "status": "waiting",
        }
        again = await notify(shopper, {"email": "two@example.org"})
        assert (again.status_code, again.json()) == (200, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert (await moment(shopper))["told_when_back"] is True
        told = (await shop.export(shopper.id)).json()["notices"]
        assert [one["email"] for one in told] == ["two@example.org"]
        assert ask(shop.database_url, "SELECT address_sealed NOT LIKE '%%two%%' FROM notices") is True


async def test_a_delivery_is_announced_to_those_who_asked_and_the_address_stands_in_no_queue(
    open_shop: OpenShop,
) -> None:
    async with open_shop(**HOOK) as shop:
        sku = unknown()
        shopper = await shop.report(sku=sku)
        notice_id = (await notify(shopper, {"email": "one@example.org"})).json()["notice_id"]
        await shop.put_stock(sku, available=0, expected_on="2027-01-01")
        assert announced(shop, "restock.notice") == []
        await shop.put_stock(sku, available=3)
        assert announced(shop, "restock.notice") == [
            {"notice_id": notice_id, "sku": sku, "stockout_id": shopper.stockout_id}
        ]
        assert ask(shop.database_url, "SELECT count(*) FROM procrastinate_jobs WHERE args::text LIKE '%%one@%%'") == 0
        await shop.put_stock(sku, available=2)
        assert len(announced(shop, "restock.notice")) == 1


async def test_units_kept_for_those_who_wait_are_not_announced_as_back(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        sku = unknown()
        waits, asks = await shop.report(sku=sku), await shop.report(sku=sku)
        await waits.offered()
        enrolled = await waits.http.post("/v1/enrolments", headers=bearer(waits.token), json={})
        assert enrolled.status_code == 201, enrolled.text
        await notify(asks)
        await shop.put_stock(sku, available=1)
        assert len(announced(shop, "hold.offered")) == 1
        assert announced(shop, "restock.notice") == []
        await shop.put_stock(sku, available=2)
        assert len(announced(shop, "restock.notice")) == 1


async def test_a_notice_can_be_taken_back_and_its_address_is_forgotten(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        shopper = await shop.report(sku=unknown())
        await notify(shopper, {"email": "one@example.org"})
        for _ in range(2):
            gone = await shopper.http.delete("/v1/notices", headers=bearer(shopper.token))
            assert gone.status_code == 204
        assert (await moment(shopper))["told_when_back"] is False
        assert rows(shop.database_url, "SELECT status, address_sealed FROM notices") == [("withdrawn", None)]
        await shop.put_stock(shopper.body["sku"], available=3)
        assert announced(shop, "restock.notice") == []


async def test_what_is_there_needs_no_notice(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        shopper = await shop.report(sku=unknown())
        await shop.put_stock(shopper.body["sku"], available=1)
        problem(await notify(shopper), 409, "still_available")
        assert (await moment(shopper))["available"] is True


async def test_a_notice_needs_an_address_from_somebody(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        shopper = await shop.report(sku=unknown(), shopper=person(email=None))
        assert (await moment(shopper))["address_known"] is False
        problem(await notify(shopper), 422, "invalid_field", fields=["email"])
        problem(await notify(shopper, {"email": "not an address"}), 422, "invalid_field", fields=["email"])
        assert (await notify(shopper, {"email": "one@example.org"})).status_code == 201


async def test_a_shop_that_hears_nothing_promises_no_message(shop: Shop) -> None:
    shopper = await shop.report(sku=unknown())
    assert (await moment(shopper))["notices"] is False
    problem(await notify(shopper), 409, "notices_not_offered")


async def test_a_code_is_sent_once_an_hour_to_its_winner_alone(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        winner, other = await shop.report(), await shop.report()
        award_id = (await winner.won())["award"]["award_id"]
        url = f"/v1/awards/{award_id}/send"
        first = await winner.http.post(url, headers=bearer(winner.token))
        again = await winner.http.post(url, headers=bearer(winner.token))
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        assert len(announced(shop, "code.wanted")) == 1
        problem(await other.http.post(url, headers=bearer(other.token)), 404, "award_unknown")


async def test_erasing_a_person_erases_what_they_asked_to_be_told(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        shopper = await shop.report(sku=unknown(), stage="ordered")
        await notify(shopper, {"email": "one@example.org"})
        await choose(shopper, "keep")
        assert (await shop.erase(shopper.id)).status_code == 204
        assert ask(shop.database_url, "SELECT count(*) FROM notices") == 0


# The order


async def test_an_order_is_kept_then_cancelled_and_the_shop_is_told_each_time_once(open_shop: OpenShop) -> None:
    async with open_shop(**HOOK) as shop:
        shopper = await shop.report(stage="ordered", quantity=2)
        assert (await moment(shopper))["order"] == {"choice": None}
        for choice, replayed in (("keep", None), ("keep", "true"), ("cancel", None), ("cancel", "true")):
            answer = await choose(shopper, choice)
            assert (answer.status_code, answer.json()) == (200, {"choice": choice})
            assert answer.headers.get("idempotent-replayed") == replayed
        assert (await moment(shopper))["order"] == {"choice": "cancel"}
        problem(await choose(shopper, "keep"), 409, "order_cancelled")
        facts = {
            "stockout_id": shopper.stockout_id,
            "sku": "LAMP-38",
            "quantity": "2",
            "event_id": shopper.body["event_id"],
        }
        assert announced(shop, "order.kept") == [facts]
        assert announced(shop, "order.cancelled") == [facts]


async def test_where_nothing_is_ordered_there_is_nothing_to_cancel(shop: Shop) -> None:
    shopper = await shop.report()
    assert (await moment(shopper))["order"] is None
    problem(await choose(shopper, "cancel"), 409, "not_ordered")
    problem(await choose(shopper, "perhaps"), 422, "invalid_field", fields=["choice"])


# The shelf


async def test_few_are_counted_many_are_not(shop: Shop) -> None:
    few, many, none, later = (unknown() for _ in range(4))
    await shop.put_stock(few, available=5)
    await shop.put_stock(many, available=6)
    await shop.put_stock(none, available=0, expected_on="2027-01-01", reason="supplier_delay")
    await shop.put_stock(later, available=0, backorderable=True)
    asked = [few, many, none, later, few, "NEVER-SAID"]
    answer = await shop.http.get("/v1/availability", params={"sku": asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    found = {line.pop("sku"): line for line in answer.json()["products"]}
    nothing = {"left": None, "expected_on": None, "reason": None}
    assert found == {
        few: nothing | {"status": "low", "left": 5},
        many: nothing | {"status": "available"},
        none: {"status": "out", "left": None, "expected_on": "2027-01-01", "reason": "supplier_delay"},
        later: nothing | {"status": "backorder"},
        "NEVER-SAID": nothing | {"status": "unknown"},
    }


async def test_units_held_for_who_waits_are_not_offered_to_everybody(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        shopper = await shop.report()
        await shopper.offered()
        assert (await shopper.http.post("/v1/enrolments", headers=bearer(shopper.token), json={})).is_success
        await shop.put_stock("LAMP-38", available=1)
        answer = await shop.http.get("/v1/availability", params={"sku": "LAMP-38"})
        assert answer.json()["products"][0]["status"] == "out"


@pytest.mark.parametrize(("call", "most"), [("/v1/availability", 100), ("/v1/live", 500)], ids=["availability", "live"])
async def test_a_shelf_is_asked_for_by_name_and_not_by_the_thousand(shop: Shop, call: str, most: int) -> None:
    for shelf in ([], [f"S-{number}" for number in range(most + 1)]):
        problem(await shop.http.get(call, params={"sku": shelf}), 422, "invalid_field")


# What to take instead


def listed(*prices: int | None) -> list[Alternative]:
    return [Alternative(sku=f"A{number}", price_minor=price) for number, price in enumerate(prices)]


@pytest.mark.parametrize(
    ("prices", "own", "shown"),
    [
        ((5990, 4590, 3990), 4590, [4590, 3990, 5990]),
        ((5990, 2000, 3990), 4590, [3990, 2000, 5990]),
        ((5990, None, 3990), 4590, [3990, None, 5990]),
        ((5990, 6990), 4590, []),
        ((6990, None, 5990), 4590, [None, 5990, 6990]),
        ((3000, 1000, 2000), None, [1000, 2000, 3000]),
        ((), 4590, []),
    ],
)
def test_the_same_price_comes_first_and_a_dearer_one_never(
    prices: tuple[int | None, ...], own: int | None, shown: list[int | None]
) -> None:
    assert [one.price_minor for one in in_order(listed(*prices), own)] == shown


async def test_without_its_price_a_product_costs_what_its_basket_does(shop: Shop) -> None:
    given = [{"sku": f"A-{price}", "price_minor": price} for price in (5990, 3990, 1990, 4590)]
    alone = await shop.report(alternatives=given)
    among = await shop.report(alternatives=given, cart={"total_minor": 12000, "currency": "EUR"})
    priced = await shop.report(alternatives=given, price_minor=3990, cart={"total_minor": 12000, "currency": "EUR"})
    for shopper, first in ((alone, 4590), (among, 1990), (priced, 3990)):
        product = (await shopper.offer()).json()["product"]
        assert product["alternatives"][0]["price_minor"] == first


async def test_a_variant_and_a_name_are_said_back(shop: Shop) -> None:
    shopper = await shop.report(variant="bleu, 38 cm", title="Lampe 38")
    said = await moment(shopper)
    assert (said["title"], said["variant"], said["first_name"], said["currency"]) == (
        "Lampe 38",
        "bleu, 38 cm",
        "Ada",
        "EUR",
    )
    assert stockout().get("variant") is None
