"""Open pages hear of what was committed, in every process where there is a Redis, and never of what was undone."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

import engine.live
import engine.shared_redis
from engine.api.live import RETRY_MS, SPREAD_MS
from engine.cache import STOCK, Cache
from engine.cli.run import CALLS_END_SECONDS_MAX
from engine.db.session import create_engine, transaction
from engine.live import POINTS, Live, Sender, of_product
from engine.shared_redis import SharedRedis
from tests.chaos.proxy import Proxy
from tests.support import Redis, Served, ask, free_port, serving, soon

pytestmark = pytest.mark.xdist_group("served")

SECONDS_MAX = 20
STOP_SECONDS = CALLS_END_SECONDS_MAX / 2  # far from the end of a stop's patience, on a busy machine too
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@asynccontextmanager
async def running(redis_url: str | None = None) -> AsyncIterator[Live]:
    live = Live(redis_url)
    async with live.channels:
        yield live


@asynccontextmanager
async def hearing(
    live: Live, sku: str, heard_until: float | None = None, topic: str | None = None
) -> AsyncIterator["asyncio.Queue[str]"]:
    """Collect what a page that shows `sku` hears."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    listens = asyncio.Event()
    topics = frozenset([topic or of_product(sku)])

    async def listen() -> None:
        async with aclosing(live.heard(topics, heard_until)) as changed:  # type: ignore[type-var]  # a generator
            async for one in changed:
                listens.set()
                if one is not None:
                    heard.put_nowait(one)

    task = asyncio.create_task(listen())
    await asyncio.wait_for(listens.wait(), SECONDS_MAX)
    await asyncio.sleep(0.05)
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def first(heard: "asyncio.Queue[str]") -> str:
    return await asyncio.wait_for(heard.get(), SECONDS_MAX)


async def test_what_is_committed_is_heard_and_what_is_undone_is_not(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    async with running() as live, hearing(live, "LAMP") as heard:
        with suppress(ZeroDivisionError):
            async with transaction(engine) as session:
                live.tell(session, of_product("LAMP"))
                raise ZeroDivisionError
        async with transaction(engine) as session:
            live.tell(session, of_product("VASE"))
        async with transaction(engine) as session:
            live.tell(session, of_product("LAMP"))
            await asyncio.sleep(0.05)
            assert heard.empty()
        assert await first(heard) == of_product("LAMP")
        assert heard.empty()
    await engine.dispose()


async def test_a_page_that_leaves_is_forgotten() -> None:
    async with running() as live:
        async with hearing(live, "LAMP"):
            assert live.listeners == 1
        assert live.listeners == 0


async def test_other_processes_hear_it_through_redis(redis: Redis) -> None:
    async with running(redis.url) as one, running(redis.url) as other, hearing(other, "LAMP") as heard:
        await _until_heard(other, lambda: one.publish([of_product("LAMP")]), heard)


async def test_a_worker_is_heard_through_redis(redis: Redis) -> None:
    async with running(redis.url) as live, hearing(live, "LAMP") as heard, aclosing(Sender(redis.url)) as worker:
        await _until_heard(live, lambda: worker.publish([of_product("LAMP")]), heard)


async def test_without_its_redis_a_process_still_hears_itself(redis: Redis) -> None:
    async with running(redis.url) as live, hearing(live, "LAMP") as heard:
        redis.kill()
        live.publish([of_product("LAMP")])
        assert await first(heard) == of_product("LAMP")
    async with running(f"redis://127.0.0.1:{free_port()}/0") as live, hearing(live, "LAMP") as heard:
        live.publish([of_product("LAMP")])
        assert await first(heard) == of_product("LAMP")


async def test_a_redis_that_does_not_answer_delays_nothing_that_a_process_tells_itself(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.live, "REDIS_TIMEOUT_SECONDS", SECONDS_MAX * 2)
    async with running(redis.url) as live, hearing(live, "LAMP") as heard:
        assert redis.process is not None
        redis.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(3):
                live.publish([of_product("LAMP")])
                assert await first(heard) == of_product("LAMP")
        finally:
            redis.process.send_signal(signal.SIGCONT)


async def test_who_comes_a_moment_too_late_hears_it_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as live:
        live.publish([of_product("LAMP")])
        await asyncio.sleep(0.05)
        async with hearing(live, "LAMP") as heard, hearing(live, "VASE") as other:
            assert await first(heard) == of_product("LAMP")
            assert heard.empty()
            assert other.empty()
        monkeypatch.setattr(engine.live, "RECENT_SECONDS", -10)
        async with hearing(live, "LAMP") as heard:
            assert heard.empty()


async def test_who_comes_back_hears_of_what_changed_in_between_and_of_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine.live, "RECENT_SECONDS", -10)
    monkeypatch.setattr(engine.live, "RECENT_MAX", 2)
    monkeypatch.setattr(engine.live, "SKEW_SECONDS", 0)
    started_at = time.time()
    async with running() as live:
        left_at = time.time()
        for sku in ("LAMP", "VASE"):
            live.publish([of_product(sku)])
            await asyncio.sleep(0.05)
        async with hearing(live, "LAMP", left_at) as heard, hearing(live, "RUG", left_at) as other:
            assert await first(heard) == of_product("LAMP")
            assert other.empty()
        async with hearing(live, "LAMP", time.time()) as heard:
            assert heard.empty()
        # A process that was not there yet, or has forgotten, cannot know.
        async with hearing(live, "RUG", started_at) as heard:
            assert await first(heard) == of_product("RUG")
        live.publish([of_product("SHELF")])
        await asyncio.sleep(0.05)
        async with hearing(live, "LAMP", left_at) as heard:
            assert await first(heard) == of_product("LAMP")


async def test_a_process_that_hears_no_other_tells_its_pages_to_ask(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(redis.url) as one, running(redis.url) as live, hearing(live, "LAMP") as heard:
        await _until_heard(live, lambda: one.publish([of_product("LAMP")]), heard)
        monkeypatch.setattr(engine.live, "HEARTBEAT_SECONDS", 0.05)
        one.publish([of_product("LAMP")])
        assert await first(heard) == of_product("LAMP")
        await asyncio.sleep(0.5)
        assert heard.empty()
        monkeypatch.setattr(engine.live, "REST_SECONDS", SECONDS_MAX)
        redis.kill()
        assert await first(heard) == POINTS
    async with running() as live, hearing(live, "LAMP") as heard:
        assert await first(heard) == POINTS


async def test_pages_ask_again_when_a_lost_redis_is_back(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.live, "REST_SECONDS", 0.1)
    async with running(redis.url) as one, running(redis.url) as other, hearing(other, "LAMP", topic=POINTS) as heard:
        await _until_heard(other, lambda: one.publish([POINTS]), heard, POINTS)
        assert heard.empty()
        redis.kill()
        one.publish([of_product("LAMP")])
        await asyncio.sleep(0.1)
        assert heard.empty()
        redis.start()
        assert await first(heard) == POINTS


@asynccontextmanager
async def through(redis: Redis) -> AsyncIterator[tuple[Proxy, str]]:
    proxy, port = Proxy(lambda: asyncio.open_connection("127.0.0.1", redis.port)), free_port()
    async with proxy.on_port(port):
        yield proxy, f"redis://127.0.0.1:{port}/0"


async def test_a_line_to_redis_that_falls_silent_is_given_up(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.live, "SILENT_SECONDS", 0.6)
    async with (
        through(redis) as (proxy, url),
        running(redis.url) as one,
        running(url) as other,
        hearing(other, "LAMP") as heard,
    ):
        await _until_heard(other, lambda: one.publish([of_product("LAMP")]), heard)
        monkeypatch.setattr(engine.live, "HEARTBEAT_SECONDS", 0.05)
        one.publish([of_product("LAMP")])
        assert await first(heard) == of_product("LAMP")
        await asyncio.sleep(2)
        assert heard.empty(), "a line that answers is kept"
        stalled = asyncio.create_task(proxy.stall(SECONDS_MAX))
        assert await first(heard) == POINTS
        stalled.cancel()


async def test_what_could_not_be_passed_on_is_made_up_for(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.live, "REST_SECONDS", 0.1)
    async with (
        through(redis) as (proxy, url),
        running(url) as one,
        running(redis.url) as other,
        hearing(other, "LAMP", topic=POINTS) as heard,
    ):
        await _until_heard(other, lambda: one.publish([POINTS]), heard, POINTS)
        await asyncio.sleep(0.1)
        assert heard.empty()
        stalled = asyncio.create_task(proxy.stall(1))
        await asyncio.sleep(0)
        one.publish([of_product("LAMP")])
        await stalled
        assert await first(heard) == POINTS


async def test_what_a_worker_could_not_tell_is_made_up_for(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.live, "REST_SECONDS", 0.1)
    monkeypatch.setattr(engine.shared_redis, "REST_SECONDS", 0.1)
    async with (
        through(redis) as (proxy, url),
        aclosing(SharedRedis(redis.url)) as near,
        aclosing(SharedRedis(url)) as far,
        running(redis.url) as live,
        aclosing(Sender(url, Cache(far).forget_shelves)) as worker,
        hearing(live, "LAMP", topic=POINTS) as heard,
    ):
        await _until_heard(live, lambda: worker.publish([POINTS]), heard, POINTS)
        await asyncio.sleep(0.1)
        assert heard.empty()
        assert await on_the_shelf(near, 1) == 1
        stalled = asyncio.create_task(proxy.stall(1))
        await asyncio.sleep(0)
        worker.publish([of_product("LAMP")])
        await stalled
        assert await first(heard) == POINTS
        assert await on_the_shelf(near, 2) == 2, "what the shelf was is forgotten before pages ask"


async def on_the_shelf(redis: SharedRedis, units: int) -> int:
    """Ask, as a page does, what is there; it is looked up where nothing is kept."""

    async def look() -> int:
        return units

    return await Cache(redis).current(STOCK, "LAMP", int, look, seconds=60)


async def test_what_is_beyond_the_bound_is_told_as_one(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.live, "UNSAID_MAX", 3)
    async with (
        running(redis.url) as live,
        aclosing(Sender(redis.url)) as worker,
        hearing(live, "LAMP", topic=POINTS) as heard,
    ):
        await _until_heard(live, lambda: worker.publish([POINTS]), heard, POINTS)
        worker.publish(of_product(f"LAMP-{number}") for number in range(5))
        assert await first(heard) == POINTS


async def test_a_worker_that_owes_news_still_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.live, "REST_SECONDS", SECONDS_MAX * 2)
    worker = Sender(f"redis://127.0.0.1:{free_port()}/0")
    worker.publish([of_product("LAMP")])
    await asyncio.sleep(0.1)
    await asyncio.wait_for(worker.aclose(), SECONDS_MAX)


async def _until_heard(
    live: Live, publish: Callable[[], None], heard: "asyncio.Queue[str]", topic: str = of_product("LAMP")
) -> None:
    """Publish once the process hears others, and hear it: once, so that nothing of it comes later."""
    await soon(lambda: live.joined)
    publish()
    assert await first(heard) == topic


async def lines_of(http: httpx.AsyncClient, sku: str, last_event_id: str = "") -> AsyncIterator[str]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with http.stream("GET", "/v1/live", params={"sku": sku}, headers=headers, timeout=SECONDS_MAX) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        async for line in answer.aiter_lines():
            yield line


async def test_a_stream_tells_when_stock_changes(served: Served) -> None:
    sku = f"SKU-{uuid4().hex[:8]}"
    async with served.shop() as shop, aclosing(lines_of(shop.http, sku)) as lines:  # type: ignore[type-var]  # a generator
        assert await anext(lines) == "event: beat"
        await shop.put_stock("ANOTHER", available=1)
        await shop.put_stock(sku, available=1)
        async for line in lines:
            if line.startswith("event") and line != "event: beat":
                assert line == "event: change"
                assert await anext(lines) == "data: product"
                return


async def test_a_line_that_fell_is_told_what_changed_meanwhile(served: Served) -> None:
    sku = f"SKU-{uuid4().hex[:8]}"
    async with served.shop() as shop:
        async with aclosing(lines_of(shop.http, sku)) as lines:  # type: ignore[type-var]  # a generator
            assert await anext(lines) == "event: beat"
            last = (await anext(lines)).removeprefix("data: ")
            # The greeting gives no time to come back with: what was missed comes after it.
            assert not (await anext(lines)).startswith("id")
        await shop.put_stock(sku, available=1)
        assert await _told(shop.http, sku, last)
        assert await _told(shop.http, f"{sku}-2", str(int(last) - 86_400_000))  # before this process was there
        assert not await _told(shop.http, f"{sku}-2", last)
        assert not await _told(shop.http, f"{sku}-2", "somebody else's")


async def test_pages_that_are_let_go_at_once_do_not_come_back_at_once(served: Served) -> None:
    waits = set()
    async with served.shop() as shop:
        for _ in range(5):
            async with aclosing(lines_of(shop.http, "LAMP")) as lines:  # type: ignore[type-var]  # a generator
                async for line in lines:
                    if line.startswith("retry: "):
                        waits.add(int(line.removeprefix("retry: ")))
                        break
    assert len(waits) > 1
    assert all(RETRY_MS <= wait < RETRY_MS + SPREAD_MS for wait in waits)


async def _told(http: httpx.AsyncClient, sku: str, last_event_id: str) -> bool:
    """Return whether a page that comes back is told of a change at once."""
    async with aclosing(lines_of(http, sku, last_event_id)) as lines:  # type: ignore[type-var]  # a generator
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                async for line in lines:
                    if line == "event: change":
                        return True
    return False


async def test_a_stop_ends_open_streams_and_answers_calls_under_way(database_url: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log, serving(database_url, log=log) as served:
        async with served.shop() as shop, aclosing(lines_of(shop.http, "LAMP")) as lines:  # type: ignore[type-var]  # a generator
            assert await anext(lines) == "event: beat"
            with psycopg.connect(database_url) as held:
                held.execute("LOCK TABLE stock IN EXCLUSIVE MODE")
                under_way = asyncio.create_task(shop.put_stock("LAMP", available=1))
                await soon(lambda: ask(database_url, _WAITING) > 0)
                served.process.terminate()
                async for line in lines:
                    assert not line.startswith("event: change")
                assert not under_way.done()
            assert (await under_way).status_code == 200
            assert await asyncio.to_thread(served.process.wait, STOP_SECONDS) == 0
    assert b"Killing" not in (tmp_path / "log").read_bytes()


async def test_a_page_that_comes_while_its_process_stops_is_let_go_at_once() -> None:
    async with running() as live:
        live.end()
        heard = [topic async for topic in live.heard(frozenset({POINTS}), time.time())]
        assert heard == [None]
        assert live.listeners == 0
