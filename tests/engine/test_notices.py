"""A message that was asked for goes out once, to the address that was given, and only while it is true."""

import json
from typing import Any
from uuid import uuid4

import msgspec

from tests.engine.test_jobs import _SECRET, Listener, working
from tests.support import OpenShop, Shop, Shopper, bearer, rows, soon


def heard(listener: Listener, kind: str) -> list[dict[str, Any]]:
    told = [json.loads(body) for _headers, body in listener.heard]
    return [event["data"] for event in told if event["type"] == kind]


async def asking(shop: Shop, sku: str, email: str) -> Shopper:
    shopper = await shop.report(sku=sku)
    answer = await shopper.http.post("/v1/notices?locale=en", headers=bearer(shopper.token), json={"email": email})
    assert answer.status_code == 201, answer.text
    return shopper


async def test_the_shop_is_given_the_address_and_it_is_forgotten_then(open_shop: OpenShop) -> None:
    listener = Listener()
    sku = f"SKU-{uuid4().hex[:8]}"
    async with open_shop(MAKEGOOD_WEBHOOK_URL=listener.url, MAKEGOOD_WEBHOOK_SECRET=_SECRET) as shop:
        await asking(shop, sku, "one@example.org")
        await shop.put_stock(sku, available=2)
        async with listener.listening(), working(shop.settings):
            await soon(lambda: len(heard(listener, "restock.notice")) == 1)
            await soon(lambda: rows(shop.database_url, "SELECT status FROM notices") == [("told",)])
        [told] = heard(listener, "restock.notice")
        assert (told["email"], told["locale"], told["first_name"], told["sku"]) == ("one@example.org", "en", "Ada", sku)
        assert rows(shop.database_url, "SELECT address_sealed FROM notices") == [(None,)]


async def test_nobody_is_told_of_what_is_sold_out_again(open_shop: OpenShop) -> None:
    """It came and went before the message could go: the wish stays for the next delivery."""
    listener = Listener()
    sku = f"SKU-{uuid4().hex[:8]}"
    async with open_shop(MAKEGOOD_WEBHOOK_URL=listener.url, MAKEGOOD_WEBHOOK_SECRET=_SECRET) as shop:
        await asking(shop, sku, "one@example.org")
        await shop.put_stock(sku, available=2)
        await shop.put_stock(sku, available=0)
        async with listener.listening(), working(shop.settings):
            await soon(lambda: rows(shop.database_url, "SELECT status FROM notices") == [("waiting",)])
            assert heard(listener, "restock.notice") == []
            await shop.put_stock(sku, available=1)
            await soon(lambda: len(heard(listener, "restock.notice")) == 1)


async def test_a_code_reaches_the_shop_for_its_winner(open_shop: OpenShop) -> None:
    listener = Listener()
    async with open_shop(MAKEGOOD_WEBHOOK_URL=listener.url, MAKEGOOD_WEBHOOK_SECRET=_SECRET) as shop:
        winner = await shop.report()
        award = (await winner.won())["award"]
        answer = await winner.http.post(f"/v1/awards/{award['award_id']}/send", headers=bearer(winner.token))
        assert answer.status_code == 202
        async with listener.listening(), working(shop.settings):
            await soon(lambda: len(heard(listener, "code.wanted")) == 1)
        [told] = heard(listener, "code.wanted")
        assert (told["email"], told["code"]) == (winner.body["shopper"]["email"], award["code"])
        assert msgspec.convert(told["expires_at"], str)[:10] == award["expires_at"][:10]
