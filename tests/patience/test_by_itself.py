"""What nobody has to start: the worker's night, the notice of a hold, the demo's next day."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from engine import campaigns, jobs
from engine.connectors import webhooks
from tests.patience.population import Cohort, populate
from tests.patience.support import Waiter, patient
from tests.support import OpenShop, Served, config_copy, do, problem, rows, serving, settings_for, soon


async def test_a_worker_accrues_by_itself(database_url: str, tmp_path: Path) -> None:
    (version,) = campaigns.load(config_copy(tmp_path, waiting=patient(milestones=()))).versions
    yesterday = version.local_day(datetime.now(UTC)) - timedelta(days=1)
    started = yesterday - timedelta(days=2)
    populate(database_url, version, [Cohort(started, 3)], through=started - timedelta(days=1))
    working = asyncio.create_task(jobs.work(settings_for(database_url), install_signal_handlers=False))
    try:
        # Periodic tasks that were due within the last minutes are caught up with at the start.
        question = "SELECT day, count(*) FROM point_entries WHERE kind = 'accrual' GROUP BY day ORDER BY day"
        expected = [(started + timedelta(days=number), 3) for number in range(3)]
        await soon(lambda: rows(database_url, question) == expected, seconds_max=90)
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def test_nobody_is_told_of_a_hold_that_is_gone_by_then(
    open_shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    async def hear(_url: str, _secret: str, _id: str, event: dict[str, dict[str, str]], *, now: datetime) -> None:  # noqa: ARG001 - a connector's shape
        heard.append(event["data"]["hold_id"])

    monkeypatch.setattr(webhooks, "send", hear)
    listens = {"MAKEGOOD_WEBHOOK_URL": "http://127.0.0.1:9/hooks", "MAKEGOOD_WEBHOOK_SECRET": "whsec_a2tr"}
    async with open_shop(config=config_copy(tmp_path, waiting=patient()), **listens) as shop:
        waiters = []
        for _ in range(2):
            browser = await shop.report(restock=None)
            await browser.offered()
            waiters.append(Waiter(browser, (await Waiter(browser).enrol()).json()["enrolment_id"]))
        assert (await shop.put_stock("LAMP-38", available=2)).status_code == 200
        # Before anybody was told, one of the two was sold over the counter.
        assert (await shop.put_stock("LAMP-38", available=1)).status_code == 200
        do(shop.database_url, "DELETE FROM procrastinate_jobs WHERE args->'event'->>'type' <> 'hold.offered'")
        first, _second = [(await waiter.see())["hold"]["hold_id"] for waiter in waiters]
        assert len(rows(shop.database_url, "SELECT 1 FROM procrastinate_jobs")) == 2
        working = asyncio.create_task(jobs.work(shop.settings, install_signal_handlers=False))
        try:
            waiting = "SELECT 1 FROM procrastinate_jobs WHERE task_name = 'deliver' AND status <> 'succeeded'"
            await soon(lambda: rows(shop.database_url, waiting) == [], seconds_max=60)
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
    assert heard == [first]


async def test_the_demos_next_day_moves_its_clock_and_does_the_nights_work(database_url: str, tmp_path: Path) -> None:
    config, clock = str(config_copy(tmp_path, waiting=patient())), str(tmp_path / "clock")
    with serving(
        database_url,
        demo=True,
        MAKEGOOD_CONFIG=config,
        MAKEGOOD_DEMO_CLOCK=clock,
        MAKEGOOD_TOKEN_SECONDS="1000000000",
    ) as served:
        await five_days_in_a_demo(served)


async def five_days_in_a_demo(served: Served) -> None:
    async with served.shop() as shop:
        browser = await shop.report(restock=None)
        await browser.offered()
        waiter = Waiter(browser)
        waiter.enrolment_id = (await waiter.enrol()).json()["enrolment_id"]
        days = [(await next_day(shop.http))["now"][:10] for _ in range(5)]
        assert days == sorted(set(days))
        seen = await waiter.see()
        assert seen["points"] == 2 + 5
        assert seen["milestones"][0]["status"] == "reached"
        assert (await shop.http.get("/demo/clock")).json()["now"][:10] == days[-1]


async def next_day(http: httpx.AsyncClient) -> dict[str, str]:
    answer = await http.post("/demo/clock/next-day")
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json()
    return told


async def test_no_other_shops_clock_can_be_moved(client: httpx.AsyncClient) -> None:
    problem(await client.post("/demo/clock/next-day"), 404, "not_found")
    problem(await client.get("/demo/clock"), 404, "not_found")
