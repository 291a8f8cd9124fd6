"""`/metrics` tells the business's own figures, and goes on telling what it can while the database is away."""

import psycopg
import pytest

from tests.support import OpenShop, Shop


def told(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def figures(shop: Shop) -> dict[str, float]:
    answer = await shop.http.get("/metrics")
    assert answer.status_code == 200
    return told(answer.text)


async def test_the_figures_are_those_of_the_books(open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_shop() as shop:
        monkeypatch.setattr(shop.inside._figures, "_seconds", 0)
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
        assert {seen[f"makegood_{name}"] for name in ("holds", "waiting", "accrual_pages_due", "jobs_due")} == {0}
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
