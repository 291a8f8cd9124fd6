"""The report: counted from rows as a shop leaves them, held against plain arithmetic, and said in words."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from engine.cli.main import main
from rewards.whatif import SPINS_MIN
from tests.conftest import Postgres
from tests.desk.support import add_experiment, live_through
from tests.support import Json, Shop, ask, config_copy, do, environment, in_one_task, rows, settings_for, shop_on

pytestmark = pytest.mark.xdist_group("report")

SHOPPERS = 8000


@pytest_asyncio.fixture(scope="module")
async def lived(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    url = postgres.create(template)
    config = config_copy(tmp_path_factory.mktemp("report"))
    add_experiment(config)
    async with in_one_task(shop_on(settings_for(url, config=config))) as shop:
        live_through(url, shop.inside.config.versions[0], SHOPPERS)
        yield shop
    postgres.drop(url)


async def report(shop: Shop, **query: str) -> Json:
    answer = await shop.http.get("/v1/report", params=query, headers=shop.headers)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def figure(told: Json, arm: str, metric: str) -> Json:
    return next(one for one in told["figures"] if (one["arm"], one["metric"]) == (arm, metric))


async def test_levels_and_differences_are_those_of_the_rows(lived: Shop) -> None:
    told = await report(lived)
    shares = {}
    for arm in ("wheel", "holdout"):
        shares[arm] = [
            float(share)
            for (share,) in rows(
                lived.database_url,
                "SELECT 100.0 * count(k.event_id) / count(DISTINCT o.subject) FROM offers o"
                " CROSS JOIN (VALUES (1, 'basket_abandoned'), (2, 'complaint')) m(place, kind)"
                " LEFT JOIN outcomes k ON k.subject = o.subject AND k.kind = m.kind WHERE o.arm = %s"
                " GROUP BY m.place ORDER BY m.place",
                arm,
            )
        ]
    for place, metric in enumerate(("abandonment", "complaints")):
        one = figure(told, "wheel", metric)
        assert one["level"] == pytest.approx(shares["wheel"][place])
        assert one["control_level"] == pytest.approx(shares["holdout"][place])
        difference = shares["wheel"][place] - shares["holdout"][place]
        assert one["difference"]["estimate"] == pytest.approx(difference)
        assert one["difference"]["low"] < difference < one["difference"]["high"]
    assert told["control"] == "holdout"
    assert {one["arm"] for one in told["figures"]} == {"wheel", "sure", "apology"}


async def test_margins_count_each_order_once_and_only_within_their_days(lived: Shop) -> None:
    told = await report(lived)
    for days, metric in ((30, "margin_30"), (90, "margin_90")):
        values = rows(
            lived.database_url,
            "SELECT coalesce(sum(k.margin_minor), 0) FROM offers o JOIN stockouts s ON s.subject = o.subject"
            " LEFT JOIN outcomes k ON k.subject = o.subject AND k.kind = 'order_placed'"
            " WHERE o.arm = 'wheel' AND s.occurred_at <= now() - make_interval(days => %s) GROUP BY o.subject",
            days,
        )
        data = np.array([float(value) for (value,) in values])
        one = figure(told, "wheel", metric)
        assert one["n"] == len(data)
        assert one["level"] == pytest.approx(data.mean())
    subject, stockout, at = rows(
        lived.database_url,
        "SELECT o.subject, o.stockout_id, s.occurred_at FROM offers o JOIN stockouts s ON s.subject = o.subject"
        " WHERE arm = 'wheel' AND s.occurred_at < now() - interval '100 days'"
        " AND NOT EXISTS (SELECT FROM outcomes k WHERE k.subject = o.subject AND k.kind = 'order_placed') LIMIT 1",
    )[0]
    before = [figure(told, "wheel", metric) for metric in ("margin_30", "margin_90")]
    for event, kind, margin, days in (
        ("a", "order_placed", 10**6, 3),
        ("b", "purchased", 10**6, 4),  # the same order, told again
        ("c", "order_placed", 10**7, 31),
        ("d", "order_placed", 10**8, 91),
    ):
        do(
            lived.database_url,
            "INSERT INTO outcomes (event_id, body_digest, subject, kind, stockout_id, order_id, margin_minor,"
            " occurred_at, created_at)"
            " VALUES (%s, '', %s, %s, %s, %s, %s, %s::timestamptz + make_interval(days => %s), now())",
            f"late-{event}",
            subject,
            kind,
            stockout,
            {"a": "x", "b": "x"}.get(event, event),
            margin,
            at,
            days,
        )
    after = [figure(await report(lived), "wheel", metric) for metric in ("margin_30", "margin_90")]
    assert after[0]["level"] - before[0]["level"] == pytest.approx(10**6 / before[0]["n"])
    assert after[1]["level"] - before[1]["level"] == pytest.approx((10**6 + 10**7) / before[1]["n"])
    do(lived.database_url, "DELETE FROM outcomes WHERE event_id LIKE 'late-%'")


async def test_an_order_undoes_an_abandoned_basket_whichever_is_told_first(lived: Shop) -> None:
    before = figure(await report(lived), "wheel", "abandonment")
    subject, stockout = rows(
        lived.database_url,
        "SELECT o.subject, o.stockout_id FROM offers o JOIN outcomes k USING (subject)"
        " WHERE o.arm = 'wheel' AND k.kind = 'basket_abandoned' LIMIT 1",
    )[0]
    do(
        lived.database_url,
        "INSERT INTO outcomes (event_id, body_digest, subject, kind, stockout_id, occurred_at, created_at)"
        " VALUES ('undone', '', %s, 'purchased', %s, now() - interval '1 year', now())",
        subject,
        stockout,
    )
    after = figure(await report(lived), "wheel", "abandonment")
    assert before["level"] - after["level"] == pytest.approx(100 / before["n"])
    do(lived.database_url, "DELETE FROM outcomes WHERE event_id = 'undone'")


async def test_a_later_stockout_of_a_shopper_is_no_second_unit(lived: Shop) -> None:
    before = (await report(lived))["units"]
    assert before == SHOPPERS
    shopper = await lived.report()
    await lived.report(shopper=shopper.body["shopper"], sku="MUG-03")
    for one in (shopper, await lived.report(shopper=shopper.body["shopper"], sku="VASE-21")):
        assert (await one.offer()).status_code == 200  # in some arms the first one is a spin to come
    assert (await report(lived))["units"] == before + 1


async def test_the_split_is_checked_and_a_loss_in_one_arm_is_noticed(lived: Shop) -> None:
    told = (await report(lived))["split"]
    assert told["as_designed"]
    assert {one["arm"]: one["expected"] for one in told["arms"]} == pytest.approx(
        {"wheel": 3200, "sure": 1600, "apology": 800, "holdout": 2400}, rel=0.01
    )
    do(
        lived.database_url,
        "UPDATE offers SET arm_probability = 1"
        " WHERE subject IN (SELECT subject FROM offers WHERE arm = 'holdout' LIMIT 300)",
    )
    try:
        off = (await report(lived))["split"]
        assert not off["as_designed"]
        assert "not as designed" in off["sentence"]
    finally:
        do(lived.database_url, "UPDATE offers SET arm_probability = 0.3 WHERE arm = 'holdout'")


async def test_the_question_above_all_is_answered_in_both_languages(lived: Shop) -> None:
    english, french = await report(lived), await report(lived, locale="fr")
    german = await lived.http.get("/v1/report", params={"locale": "de"}, headers=lived.headers)
    assert german.headers["content-language"] == "en"
    assert german.json()["answers"] == english["answers"]
    answers = {one["arm"]: one["sentence"] for one in english["answers"]}
    assert answers["wheel"].startswith("Wheel earns more than doing nothing: between +€")
    assert "more stockouts would tell" in answers["apology"]
    assert french["answers"][0]["sentence"].startswith("Roue\u202f: rapporte plus que ne rien faire")
    said = [one["sentence"] for told in (english, french) for one in told["figures"]]
    assert {one["verdict"] for one in english["figures"]} >= {"reached", "better", "open", "missed"}
    assert not [one for one in said if "report-" in one or " low " in one or "{" in one], "a value is missing"


async def test_what_if_is_answered_from_the_log_and_refused_where_it_cannot_be(lived: Shop) -> None:
    told = (await report(lived, what_if="discount-20:8"))["what_if"]
    assert told["refusal"] == ""
    assert told["doubly_robust"]["low"] < told["doubly_robust"]["estimate"] < told["doubly_robust"]["high"]
    assert told["inverse_propensity"]["estimate"] == pytest.approx(told["doubly_robust"]["estimate"], rel=0.2)
    far = (await report(lived, what_if="vip-evening:90"))["what_if"]
    assert far["refusal"] in {"too_far_from_what_was", "hardly_drawn"}
    assert far["doubly_robust"] is None
    assert far["sentence"].startswith("The data cannot answer")


async def test_spins_that_are_too_young_are_said_to_be_so_and_not_called_few(lived: Shop) -> None:
    spun = ask(lived.database_url, "SELECT count(*) FROM spins")
    told = await what_if_with_old(lived, spins=0)
    assert (told["refusal"], told["n"]) == ("too_few_spins", 0)
    assert told["sentence"].startswith(f"The data cannot answer yet: all {spun:,} spins are younger than 30 days")
    told = await what_if_with_old(lived, spins=SPINS_MIN - 1)
    assert (told["refusal"], told["n"]) == ("too_few_spins", SPINS_MIN - 1)
    assert told["sentence"].startswith(f"The data cannot answer yet: {SPINS_MIN - 1} of {spun:,} spins are 30 days old")
    assert told["sentence"].endswith(f"{SPINS_MIN} are needed.")
    french = await what_if_with_old(lived, spins=0, locale="fr")
    assert french["sentence"].startswith("Les données ne peuvent pas encore répondre")
    assert (await what_if_with_old(lived, spins=SPINS_MIN))["refusal"] != "too_few_spins"


async def what_if_with_old(shop: Shop, *, spins: int, **query: str) -> Json:
    """Ask for other odds while only so many of the spins are 30 days old."""
    young = (
        "UPDATE stockouts s SET occurred_at = occurred_at + make_interval(days => %s) FROM spins p"
        " JOIN offers o ON o.subject = p.subject AND o.id = p.offer_id"
        " WHERE o.stockout_id = s.id AND o.subject = s.subject"
        " AND p.id NOT IN (SELECT p.id FROM spins p JOIN offers o ON o.subject = p.subject AND o.id = p.offer_id"
        " JOIN stockouts s ON s.subject = o.subject AND s.id = o.stockout_id"
        " WHERE s.occurred_at < now() - interval '31 days' ORDER BY p.id LIMIT %s)"
    )
    do(shop.database_url, "CREATE TABLE kept AS SELECT subject, id, occurred_at FROM stockouts")
    try:
        do(shop.database_url, young, 1000, spins)
        told: Json = (await report(shop, what_if="discount-20:8", **query))["what_if"]
        return told
    finally:
        do(
            shop.database_url,
            "UPDATE stockouts s SET occurred_at = k.occurred_at FROM kept k"
            " WHERE s.subject = k.subject AND s.id = k.id",
        )
        do(shop.database_url, "DROP TABLE kept")


async def test_the_command_prints_the_same(lived: Shop, tmp_path: Path) -> None:
    def run(*arguments: str) -> Result:
        given = environment(lived.database_url, MAKEGOOD_CONFIG="", COLUMNS="160")
        return CliRunner().invoke(main, ["report", *arguments], env=given)

    told = await asyncio.to_thread(run, "--what-if", "discount-20=8", "--chart", str(tmp_path / "r.svg"))
    assert told.exit_code == 0, told.output
    for said in ("Wheel earns more than doing nothing", "as designed", "Doubly robust", "Baskets abandoned"):
        assert said in told.output
    assert (tmp_path / "r.svg").read_bytes().startswith(b"<?xml")
    plain = json.loads((await asyncio.to_thread(run, "--format", "json")).output)
    assert plain["units"] == (await report(lived))["units"]
    for wrong in (("--what-if", "nonsense"), ("allways-on",), ("--locale", "de")):
        assert (await asyncio.to_thread(run, *wrong)).exit_code == 2


async def test_no_experiment_is_said_and_not_guessed(shop: Shop) -> None:
    for _ in range(3):
        await (await shop.report()).won()
    told = await report(shop)
    assert (told["is_experiment"], told["control"], told["split"], told["units"]) == (False, None, None, 3)
    assert {one["verdict"] for one in told["figures"]} == {"no_comparison", "not_enough"}
    assert "since there is no holdout" in told["answers"][0]["sentence"]
    assert ask(shop.database_url, "SELECT count(*) FROM spins") == 3
