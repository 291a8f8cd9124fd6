"""One person's data: on the books it is nobody's, after erasure it is nowhere, and no log ever has it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from psycopg import sql

from engine import night
from engine.db.session import create_engine
from rules.addresses import fold
from tests.conftest import Postgres
from tests.support import (
    Json,
    OpenShop,
    Shop,
    Shopper,
    ask,
    balances,
    campaign,
    config_copy,
    desk,
    do,
    person,
    problem,
    rows,
    serving,
    slice_,
    stockout,
)

HEARD = {"MAKEGOOD_WEBHOOK_URL": "http://127.0.0.1:9/hooks", "MAKEGOOD_WEBHOOK_SECRET": "whsec_c2VjcmV0"}


def zelda() -> Json:
    """Return a person whose every word is found nowhere else."""
    mark = uuid4().hex[:10]
    return {
        "id": f"shopper-{mark}",
        "email": f"Zelda.Quux-{mark}+news@mail-{mark}.example.org",
        "first_name": f"Zelda{mark}",
        "locale": "fr-ZE",
        "segments": [f"segment-{mark}"],
    }


def words_of(who: Json) -> list[str]:
    return [who["id"], who["email"], fold(who["email"]), who["first_name"], *who["segments"], who["locale"]]


def everything(url: str) -> str:
    """Return every row of every table as text, bytes in hexadecimal."""
    tables = rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return "\n".join(text_of(url, table) for (table,) in tables)


def text_of(url: str, table: str) -> str:
    every = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
    return str(desk.at(url).execute(every).fetchall()).casefold()


def found(words: list[str], text: str) -> list[str]:
    return [word for word in words if word.casefold() in text or word.encode().hex() in text]


async def life(shop: Shop, who: Json) -> dict[str, Shopper]:
    """Live through everything a shopper can: refused, offered, won, reserved, redeemed, refunded."""
    lived = {}
    lived["refused"] = await shop.report(shopper=who, sku="CHAIR-1")
    assert await lived["refused"].refused() == ["shopper_not_covered"]
    for state in ("open", "issued", "reserved", "redeemed", "refunded"):
        lived[state] = shopper = await shop.report(shopper=who)
        await shopper.offered()
        if state == "open":
            continue
        code = (await shopper.spin()).json()["award"]["code"]
        if state == "issued":
            continue
        held = await shop.reserved(code, shopper_id=who["id"])
        if state != "reserved":
            await shop.confirm(held["redemption_id"])
        if state == "refunded":
            await shop.refund(held["redemption_id"])
    return lived


def config(tmp_path: Path) -> Path:
    """Two campaigns: one whose refusal compares the shopper's segments, one for everybody else."""
    chairs = ['kind = "skus"\ninclude = ["CHAIR-*"]', 'kind = "segments"\nexclude = ["segment-*"]']
    lamps = ['kind = "skus"\ninclude = ["LAMP-*"]']
    return config_copy(
        tmp_path,
        chairs=campaign(rules=chairs, priority=9, name="Chairs"),
        lamps=campaign(slice_("discount-20", stock=10, when_gone="discount-5"), rules=lamps),
    )


async def test_after_erasure_nothing_names_the_person_and_the_books_balance(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    who = zelda()
    async with open_shop(config=config(tmp_path), **HEARD) as shop:
        lived = await life(shop, who)
        digest = shop.inside.vault.digest("address", fold(who["email"])).hex()
        assert digest in everything(shop.database_url)
        assert found(words_of(who), everything(shop.database_url))
        codes = [award["code"] for award in (await lived["issued"].awards()).json()["awards"]]

        assert (await shop.erase(who["id"])).status_code == 204

        left = everything(shop.database_url)
        assert found(words_of(who), left) == []
        assert digest not in left
        balances(shop.database_url)
        states = {code: (await shop.code(code)).json() for code in codes}
        assert sorted(told["status"] for told in states.values()) == ["redeemed", "refunded", "reserved", "void"]
        assert {told["shopper_id"] for told in states.values()} == {None}
        offers = dict(rows(shop.database_url, "SELECT status, count(*) FROM offers GROUP BY status"))
        assert offers == {"refused": 1, "lapsed": 1, "spun": 4}

        for shopper in lived.values():
            problem(await shopper.offer(), 403, "stockout_not_yours")
            problem(await shopper.spin(), 403, "stockout_not_yours")
            assert (await shopper.awards()).json() == {"awards": []}
        problem(await shop.export(who["id"]), 404, "shopper_unknown")
        void = next(code for code, told in states.items() if told["status"] == "void")
        problem(await shop.reserve(void), 410, "code_void")


async def test_a_code_on_its_way_through_a_checkout_is_settled_after_the_erasure(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    who = zelda()
    async with open_shop(config=config(tmp_path)) as shop:
        held = []
        for order in ("paid", "left", "forgotten"):
            code = (await (await shop.report(shopper=who)).won())["award"]["code"]
            held.append((code, (await shop.reserved(code, order))["redemption_id"]))
        await shop.erase(who["id"])

        (paid, paying), (left, leaving), (forgotten, _) = held
        assert (await shop.confirm(paying)).status_code == 200
        assert (await shop.release(leaving)).status_code == 200
        engine = create_engine(shop.database_url)
        await night.end_what_is_over(engine, shop.inside.kit, now=datetime.now(UTC) + timedelta(hours=1))
        await engine.dispose()

        statuses = [(await shop.code(code)).json()["status"] for code in (paid, left, forgotten)]
        assert statuses == ["redeemed", "void", "void"], "nobody is left whose code it could be"
        balances(shop.database_url)
        assert ask(shop.database_url, "SELECT taken FROM reward_stocks WHERE campaign = 'lamps'") == 1


async def test_the_same_person_later_is_a_new_subject(open_shop: OpenShop, tmp_path: Path) -> None:
    who = zelda()
    async with open_shop(config=config(tmp_path)) as shop:
        body = stockout(shopper=who)
        assert (await shop.post_stockout(body)).status_code == 201
        subject = ask(shop.database_url, "SELECT subject FROM shoppers WHERE shopper_id = %s", who["id"])
        await shop.erase(who["id"])
        again = await shop.post_stockout(body)
        assert again.status_code == 201, "the old report is forgotten with the person"
        assert ask(shop.database_url, "SELECT subject FROM shoppers WHERE shopper_id = %s", who["id"]) != subject
        exported = (await shop.export(who["id"])).json()
        assert (len(exported["stockouts"]), exported["awards"]) == (1, [])


# What is still open or usable and belongs to nobody.
ORPHANS = """
SELECT (SELECT count(*) FROM offers WHERE status = 'open' AND subject NOT IN (SELECT subject FROM shoppers))
     + (SELECT count(*) FROM awards WHERE status = 'issued' AND subject NOT IN (SELECT subject FROM shoppers))
"""


async def test_an_erasure_racing_with_spins_and_reports_leaves_no_half_person(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    async with open_shop(config=config(tmp_path)) as shop:
        for _ in range(4):
            who = zelda()
            tabs = [await shop.report(shopper=who) for _ in range(3)]
            for tab in tabs:
                await tab.offered()
            answers = await asyncio.gather(
                *(tab.spin() for tab in tabs), shop.erase(who["id"]), *(tab.offer() for tab in tabs)
            )
            assert {answer.status_code for answer in answers} <= {200, 204, 403, 410}
            assert ask(shop.database_url, "SELECT count(*) FROM shoppers WHERE shopper_id = %s", who["id"]) == 0
            assert ask(shop.database_url, ORPHANS) == 0
            balances(shop.database_url)


async def test_what_is_announced_names_nobody(open_shop: OpenShop, tmp_path: Path) -> None:
    who = zelda()
    async with open_shop(config=config(tmp_path), **HEARD) as shop:
        lived = await life(shop, who)
        codes = [award["code"] for award in (await lived["issued"].awards()).json()["awards"]]
        told = [args for (args,) in rows(shop.database_url, "SELECT args FROM procrastinate_jobs ORDER BY id")]
        kinds = [args["event"]["type"] for args in told]
    assert sorted(set(kinds)) == ["award.issued", "award.redeemed", "award.refunded"]
    assert found([*words_of(who), *codes], json.dumps(told).casefold()) == []


async def test_a_request_that_fails_announces_nothing(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=config(tmp_path), **HEARD) as shop:
        shopper = await shop.report()
        await shopper.offered()
        # The last thing before the commit fails: the books of a spin cannot be written twice.
        do(
            shop.database_url,
            "ALTER TABLE procrastinate_jobs ADD CONSTRAINT never CHECK (task_name <> 'deliver') NOT VALID",
        )
        problem(await shopper.spin(), 500, "internal_error")
        assert rows(shop.database_url, "SELECT 1 FROM procrastinate_jobs") == []
        assert rows(shop.database_url, "SELECT 1 FROM spins") == []
        do(shop.database_url, "ALTER TABLE procrastinate_jobs DROP CONSTRAINT never")
        assert (await shopper.spin()).status_code == 200
        assert len(rows(shop.database_url, "SELECT 1 FROM procrastinate_jobs")) == 1


async def test_facts_and_books_hold_no_name_and_no_address(shop: Shop) -> None:
    who = zelda()
    shopper = await shop.report(shopper=who)
    await shopper.won()
    tables = ("offers", "spins", "awards", "codes", "liability_entries", "events", "stockouts")
    text = "".join(text_of(shop.database_url, table) for table in tables)
    assert found([who["id"], who["email"], fold(who["email"]), who["first_name"]], text) == []


async def test_no_log_line_names_a_person_a_code_or_a_secret(postgres: Postgres, template: str, tmp_path: Path) -> None:
    who, url = zelda(), postgres.create(template)
    written = tmp_path / "log"
    with written.open("wb") as log, serving(url, log=log, MAKEGOOD_ENV="production") as served:
        async with served.shop() as shop:
            shopper = await shop.report(shopper=who)
            refused = await shop.report(shopper=who, stage="viewed")
            await refused.refused()
            code = (await shopper.won())["award"]["code"]
            await shop.code(code)
            await shop.reserve(code, shopper_id=who["id"])
            await shop.export(who["id"])
            await shop.post_stockout(stockout(shopper=who | {"segments": 1}))
            problem(
                await shop.post_stockout(stockout(shopper=person()) | {"event_id": "e" * 300}), 422, "invalid_field"
            )
            # What nobody foresaw: statements fail with the person's row in PostgreSQL's own words.
            do(url, "ALTER TABLE shoppers ADD CONSTRAINT surprise CHECK (first_name = 'x') NOT VALID")
            problem(await shop.post_stockout(stockout(shopper=who)), 500, "internal_error")
            do(url, "ALTER TABLE shoppers DROP COLUMN first_name")
            problem(await shop.post_stockout(stockout(shopper=who)), 500, "internal_error")
            await shop.erase(who["id"])
    text = written.read_text().casefold()
    assert "unexpected database error" in text, "the faults are told"
    secrets = [code, code.replace("-", ""), shopper.token, shop.key, *words_of(who)]
    assert found(secrets, text) == []
    postgres.drop(url)
