"""`/metrics` tells the business's own figures, and goes on telling what it can while the database is away."""

import asyncio
import re
from pathlib import Path

import psycopg
import pytest

from engine import cache, services, shared_redis
from engine import clock as engine_clock
from engine.flows.spins import Ask
from engine.settings import ROOT
from tests.conftest import Postgres
from tests.patience.support import Clock, Programme, patient
from tests.support import OpenShop, Redis, Shop, config_copy, do, serving

QUIET = ("holds", "waiting", "accrual_pages_due", "accrual_lag_seconds", "jobs_due", "jobs_late_seconds", "jobs_failed")


def told(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look be a new one: elsewhere figures are some seconds old."""
    monkeypatch.setattr(services, "FIGURES_SECONDS", 0)
    monkeypatch.setattr(cache, "SECONDS_PER_SECOND", 0)


async def figures(shop: Shop) -> dict[str, float]:
    answer = await shop.http.get("/metrics")
    assert answer.status_code == 200
    return told(answer.text)


async def test_the_figures_are_those_of_the_books(open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_shop() as shop:
        looked_at_anew(monkeypatch)
        before = await figures(shop)
        won = await (await shop.report()).won()
        await (await shop.report()).offered()
        await (await shop.report(stage="viewed")).refused()
        seen = await figures(shop)
        label = '{campaign="always-on",currency="EUR"}'
        owed = (await shop.code(won["award"]["code"])).json()["terms"]["max_discount_minor"]
        assert seen["makegood_database_up"] == 1
        assert seen[f"makegood_codes_alive{label}"] == 1
        assert seen[f"makegood_liability_minor{label}"] >= owed
        assert seen[f"makegood_budget_minor{label}"] == 25_000_000
        left = 25_000_000 - seen[f"makegood_liability_minor{label}"]
        assert left - 5000 < seen[f"makegood_budget_left_minor{label}"] < left, "the open offer's floor is aside"
        assert seen["makegood_offers_open"] == 1
        assert {seen[f"makegood_{name}"] for name in QUIET} == {0}
        wheel = 'makegood_offers_total{arm="wheel",campaign="always-on"}'
        assert seen[wheel] - before.get(wheel, 0) == 2
        refused = 'makegood_offers_total{arm="refused",campaign="always-on"}'
        assert seen[refused] - before.get(refused, 0) == 1
        spun = f'makegood_spins_total{{campaign="always-on",slice="{won["slice"]}"}}'
        assert seen[spun] - before.get(spun, 0) == 1
        assert any(name.startswith("makegood_batch_size_bucket") for name in seen)


async def test_without_the_database_the_rest_is_still_told(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        name = shop.database_url.partition("?")[0].rpartition("/")[2]
        admin = shop.database_url.replace(f"/{name}?", "/postgres?")
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            seen = await figures(shop)
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        assert seen["makegood_database_up"] == 0
        assert any(key.startswith("makegood_requests_total") for key in seen)


async def test_whether_redis_answers_is_told_where_there_is_one(
    open_shop: OpenShop, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_shop() as shop:
        assert "makegood_redis_up" not in await figures(shop)
    monkeypatch.setattr(shared_redis, "REST_SECONDS", 0)
    async with open_shop(redis_url=redis.url) as shop:
        assert (await figures(shop))["makegood_redis_up"] == 1
        redis.kill()
        assert (await figures(shop))["makegood_redis_up"] == 0
        redis.start()
        assert (await figures(shop))["makegood_redis_up"] == 1


async def test_what_waits_and_what_is_late_is_told(
    open_shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clock := Clock()).install(monkeypatch)
    lasting = {"MAKEGOOD_TOKEN_SECONDS": "1000000000"}
    async with open_shop(config=config_copy(tmp_path, waiting=patient()), **lasting) as shop:
        looked_at_anew(monkeypatch)
        programme = Programme(shop, clock)
        await programme.waits()
        await programme.waits(sku="LAMP-77")
        assert (await figures(shop))["makegood_waiting"] == 2
        clock.move(days=3)  # and no worker all the while
        late = await figures(shop)
        assert late["makegood_accrual_pages_due"] > 0
        assert 1.5 < late["makegood_accrual_lag_seconds"] / 86400 < 3.5
        await programme.days(1)
        await programme.stock(available=1)
        after = await figures(shop)
        assert after["makegood_accrual_pages_due"] == after["makegood_accrual_lag_seconds"] == 0
        assert after["makegood_holds"] == 1
        do(
            shop.database_url,
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at, args) VALUES"
            " ('default', 'deliver', 'todo', now() - interval '1 hour', '{}'),"
            " ('default', 'deliver', 'todo', now() + interval '1 hour', '{}'),"
            " ('default', 'deliver', 'failed', NULL, '{}')",
        )
        queue = await figures(shop)
        assert (queue["makegood_jobs_due"], queue["makegood_jobs_failed"]) == (1, 1)
        assert 3500 < queue["makegood_jobs_late_seconds"] < 3700
        page = (ROOT / "docs" / "production.md").read_text()
        [again] = re.findall(r"`(UPDATE procrastinate_jobs [^`]+)`", page)
        psycopg.connect(shop.database_url, autocommit=True).execute(again).connection.close()
        queue = await figures(shop)
        assert (queue["makegood_jobs_due"], queue["makegood_jobs_failed"]) == (2, 0)


async def test_any_of_the_processes_on_a_port_answers_for_all_of_them(postgres: Postgres, template: str) -> None:
    url = postgres.create(template)
    with serving(url, workers=2) as served:
        async with served.shop(connections=32) as shop:
            shoppers = [await shop.report() for _ in range(16)]
            await asyncio.gather(*(shopper.offered() for shopper in shoppers))
            # Each call on a connection of its own: now the one process answers, now the other.
            shop.http.headers["connection"] = "close"
            told_now = await asyncio.gather(*(figures(shop) for _ in range(8)))
    offers = 'makegood_offers_total{arm="wheel",campaign="always-on"}'
    assert {one[offers] for one in told_now} == {16}
    assert {one['makegood_batch_size_sum{of="offers"}'] for one in told_now} == {16}
    postgres.drop(url)


async def test_what_is_asked_alone_is_counted_too(shop: Shop) -> None:
    before = await figures(shop)
    shopper = await shop.report()
    token = shop.inside.vault.read_token(shopper.token, now=engine_clock.now())
    await shop.inside._offer_alone(token)
    spun = await shop.inside._spin_alone(Ask(token, "hello"))
    await shop.inside._spin_alone(Ask(token, "again"))
    seen = await figures(shop)
    for name in (
        'makegood_offers_total{arm="wheel",campaign="always-on"}',
        f'makegood_spins_total{{campaign="always-on",slice="{spun.spin.slice}"}}',
    ):
        assert seen[name] - before.get(name, 0) == 1
