"""What every answer carries, whoever asked and however it ended."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
import pytest_asyncio

from tests.conftest import Postgres
from tests.support import (
    OpenShop,
    Shop,
    bearer,
    config_copy,
    do,
    edit,
    in_one_task,
    problem,
    settings_for,
    shop_on,
    stockout,
)

ORIGIN = "https://shop.example"
ANSWERS = [
    ("GET", "/v1/fairness", 200),
    ("GET", "/health/live", 200),
    ("GET", "/metrics", 200),
    ("GET", "/widget.js", 200),
    ("GET", "/verify", 200),
    ("GET", "/schema/openapi.json", 200),
    ("GET", "/v1/offer", 401),
    ("GET", "/v1/nothing", 404),
    ("PUT", "/v1/offer", 405),
    ("POST", "/v1/stockouts", 401),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_every_answer_has_a_name_and_guards(shop: Shop, method: str, path: str, status: int) -> None:
    answer = await shop.http.request(method, path)
    assert answer.status_code == status
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    if path.startswith("/v1/"):
        assert answer.headers["cache-control"] == "no-store"


async def test_a_request_keeps_the_name_it_came_with(shop: Shop) -> None:
    answer = await shop.http.get("/v1/nothing", headers={"X-Request-Id": "order-42.a_b"})
    assert answer.headers["x-request-id"] == "order-42.a_b"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a\tb", "<script>", "ada@example.org"])
async def test_a_name_that_could_harm_a_log_is_replaced(shop: Shop, name: str) -> None:
    answer = await shop.http.get("/v1/nothing", headers={"X-Request-Id": name})
    assert answer.headers["x-request-id"] != name
    assert len(answer.headers["x-request-id"]) == 32


async def test_a_page_of_ours_runs_its_own_scripts_only(shop: Shop) -> None:
    policy = (await shop.http.get("/verify")).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


async def test_the_widget_may_be_loaded_by_any_shop(shop: Shop) -> None:
    answer = await shop.http.get("/widget.js", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


# The allow-list


@pytest_asyncio.fixture(scope="module")
async def listed(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """A shop that lets one page's scripts call it."""
    config = config_copy(tmp_path_factory.mktemp("listed"))
    edit(config / "shop.toml", "allowed_origins = []", f'allowed_origins = ["{ORIGIN}"]')
    url = postgres.create(template)
    async with in_one_task(shop_on(settings_for(url, config=config))) as shop:
        yield shop
    postgres.drop(url)


async def preflight(shop: Shop, origin: str, method: str = "POST", wanted: str = "authorization") -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": wanted}
    return await shop.http.options("/v1/offer/spin", headers=headers)


async def test_a_page_on_the_list_may_call(listed: Shop) -> None:
    answer = await preflight(listed, ORIGIN, wanted="authorization, content-type")
    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers

    shopper = await listed.report()
    answer = await listed.http.get("/v1/offer", headers={**bearer(shopper.token), "Origin": ORIGIN})
    assert answer.headers.get_list("access-control-allow-origin") == [ORIGIN]
    assert "Idempotent-Replayed" in answer.headers["access-control-expose-headers"]


async def test_a_page_on_the_list_can_read_problems_too(listed: Shop) -> None:
    answer = await listed.http.get("/v1/offer", headers={"Origin": ORIGIN})
    problem(answer, 401, "not_signed_in")
    assert answer.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", f"{ORIGIN}.evil.example", "http://shop.example", "https://SHOP.example", "null", ""],
)
async def test_a_page_off_the_list_may_not(listed: Shop, origin: str) -> None:
    assert "access-control-allow-origin" not in (await preflight(listed, origin)).headers
    answer = await listed.http.get("/v1/offer", headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers


async def test_by_default_no_page_may_call(shop: Shop) -> None:
    assert "access-control-allow-origin" not in (await preflight(shop, ORIGIN)).headers


async def test_the_list_follows_the_config(open_shop: OpenShop, tmp_path: Path) -> None:
    listed = config_copy(tmp_path)
    edit(listed / "shop.toml", "allowed_origins = []", f'allowed_origins = ["{ORIGIN}"]')
    async with open_shop() as shop:
        await shop.takes(listed)
        assert (await preflight(shop, ORIGIN)).headers["access-control-allow-origin"] == ORIGIN
        await shop.takes(config_copy(tmp_path))
        assert "access-control-allow-origin" not in (await preflight(shop, ORIGIN)).headers


# The database away


async def test_a_database_that_is_away_is_503_and_the_engine_unready(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        shopper = await shop.report()
        name = shop.database_url.partition("?")[0].rpartition("/")[2]
        admin = shop.database_url.replace(f"/{name}?", "/postgres?")
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            for answer in (await shopper.offer(), await shop.post_stockout(stockout())):
                problem(answer, 503, "unavailable")
                assert int(answer.headers["retry-after"]) >= 1
            ready = await shop.http.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (503, "unready")
            assert (await shop.http.head("/health/ready")).status_code == 503
            assert (await shop.http.get("/health/live")).status_code == 200
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        assert (await shop.http.get("/health/ready")).status_code == 200
        await shopper.offered()


async def test_a_database_without_its_migrations_is_unready(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        do(shop.database_url, "UPDATE alembic_version SET version_num = '0001'")
        ready = await shop.http.get("/health/ready")
        assert ready.status_code == 503
        assert "makegood migrate" in ready.json()["problems"][0]
