"""Redis carries what we would not miss: counted together while it is there, in each process while it is not."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from itertools import cycle
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from engine import shared_redis
from engine.errors import TooManyRequestsError
from engine.limiter import Limiter, Rate
from engine.shared_redis import RedisAwayError, SharedRedis
from tests.chaos.proxy import Proxy
from tests.support import OpenShop, Redis, RedisCluster, Shop, ask, free_port, redis_cluster, serving, soon


@asynccontextmanager
async def _counting(url: str | None, *, slow_seconds: float = 30) -> AsyncIterator[Limiter]:
    """Wait for a busy machine's Redis: what is looked at is the count, not the giving up."""
    async with aclosing(SharedRedis(url, timeout_seconds=30, slow_seconds=slow_seconds)) as redis:
        yield Limiter(redis)


async def _hits(limiter: Limiter, who: str, *, per_minute: int, calls: int) -> int:
    """Return how many of `calls` were let through."""
    let_through = 0
    for _ in range(calls):
        try:
            await limiter.hit(Rate("test", who, per_minute))
        except TooManyRequestsError:
            continue
        let_through += 1
    return let_through


async def test_two_processes_count_together(redis: Redis) -> None:
    async with _counting(redis.url) as one, _counting(redis.url) as other:
        let_through = await asyncio.gather(
            _hits(one, "ada", per_minute=10, calls=10), _hits(other, "ada", per_minute=10, calls=10)
        )
    assert sum(let_through) == 10


async def test_without_redis_each_process_counts_alone() -> None:
    assert await _hits(Limiter(SharedRedis(None)), "ada", per_minute=10, calls=15) == 10
    assert await _hits(Limiter(SharedRedis(None)), "ada", per_minute=10, calls=15) == 10


async def test_one_too_many_is_told_when_to_come_back(redis: Redis) -> None:
    for url in (None, redis.url):
        async with _counting(url) as limiter:
            await _hits(limiter, "ada", per_minute=1, calls=1)
            with pytest.raises(TooManyRequestsError) as caught:
                await limiter.hit(Rate("test", "ada", 1))
        assert 30 <= int(caught.value.headers["Retry-After"]) <= 60


async def test_a_redis_that_was_never_there_stops_nobody(open_shop: OpenShop) -> None:
    async with open_shop(redis_url=f"redis://127.0.0.1:{free_port()}/0") as shop:
        await _journey(shop)


async def test_emptying_redis_in_the_middle_loses_no_award(open_shop: OpenShop, redis: Redis) -> None:
    async with open_shop(redis_url=redis.url) as shop:
        shopper = await shop.report()
        await shopper.offered()
        redis.command("FLUSHALL")
        won = await shopper.won()
        redis.command("FLUSHALL")
        assert (await shopper.won("another"))["award"] == won["award"]
        assert (await shop.reserve(won["award"]["code"])).status_code == 201


async def test_killing_redis_in_the_middle_loses_no_award(open_shop: OpenShop, redis: Redis) -> None:
    async with open_shop(redis_url=redis.url) as shop:
        shopper = await shop.report()
        await shopper.offered()
        redis.kill()
        won = await shopper.won()
        redis.start()
        held = await shop.reserved(won["award"]["code"])
        redis.kill()
        assert (await shop.confirm(held["redemption_id"])).json()["status"] == "confirmed"
        assert ask(shop.database_url, "SELECT count(*) FROM awards WHERE status = 'redeemed'") == 1


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


async def test_a_cluster_counts_as_one_redis_does(cluster: RedisCluster) -> None:
    people = [f"shopper-{number}" for number in range(12)]  # on all three masters
    async with _counting(cluster.url) as one, _counting(cluster.url) as other:
        for person in people:
            let_through = await asyncio.gather(
                _hits(one, person, per_minute=4, calls=4), _hits(other, person, per_minute=4, calls=4)
            )
            assert sum(let_through) == 4
        both = (Rate("address", "a", 100), Rate("shopper", "b", 1))
        await one.hit(*both)
        with pytest.raises(TooManyRequestsError):
            await other.hit(*both)


async def test_a_cluster_that_loses_a_master_stops_nobody(database_url: str, cluster: RedisCluster) -> None:
    # In a process of its own: the client leaves connections to lost nodes for the collector to find.
    with serving(database_url, REDIS_URL=cluster.url) as served:
        async with served.shop() as shop:
            await _journey(shop)
            cluster.nodes[1].kill()
            for _ in range(3):
                await _journey(shop)
            # Its replica takes over.
            await soon(lambda: "role:master" in cluster.nodes[4].told("INFO replication"))
            await _journey(shop)
            cluster.nodes[2].command("FLUSHALL")
            await _journey(shop)


async def test_a_redis_that_is_full_stops_nobody(open_shop: OpenShop, redis: Redis) -> None:
    redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    redis.command("CONFIG", "SET", "maxmemory", "1")
    async with open_shop(redis_url=redis.url) as shop:
        await _journey(shop)


async def test_a_redis_that_does_not_answer_costs_one_wait_not_one_a_call(open_shop: OpenShop, redis: Redis) -> None:
    async with open_shop(redis_url=redis.url) as shop:
        assert redis.process is not None
        redis.process.send_signal(signal.SIGSTOP)
        try:
            with capture_logs() as logs:
                await _journey(shop)
                await _journey(shop)
        finally:
            redis.process.send_signal(signal.SIGCONT)
        assert [line["event"] for line in logs].count("redis away") == 1


@asynccontextmanager
async def _slowed(redis: Redis, *lags: float) -> AsyncIterator[tuple[str, Proxy]]:
    """Put a wire before Redis on which each answer is held back so long, one after the other."""
    wire, port = Proxy(lambda: asyncio.open_connection("127.0.0.1", redis.port)), free_port()
    wire.lags = cycle(lags)
    async with wire.on_port(port):
        yield f"redis://127.0.0.1:{port}/0", wire


@pytest.mark.parametrize("lags", [[0.12], [0.1, 0.25, 0.4]])
async def test_a_slow_redis_stops_nobody_and_slows_one_call_not_all(
    open_shop: OpenShop, redis: Redis, monkeypatch: pytest.MonkeyPatch, lags: list[float]
) -> None:
    monkeypatch.setattr(shared_redis, "REST_SECONDS", 3600)  # however slow this machine is, it rests to the end
    async with _slowed(redis, 0) as (url, wire), open_shop(redis_url=url) as shop:
        asked = shop.inside.limiter._redis
        asked._timeout_seconds = asked._slow_seconds = 30  # a busy machine's first answers
        await _journey(shop)
        asked._timeout_seconds, asked._slow_seconds = shared_redis.TIMEOUT_SECONDS, shared_redis.SLOW_SECONDS
        wire.lags = cycle(lags)
        with capture_logs() as logs:
            for _ in range(3):
                await _journey(shop)
    [told] = [line for line in logs if "instead" in line]
    assert told["event"] in {"redis slow", "redis away"}


async def test_what_a_slow_redis_answers_counts_and_it_is_left_alone_until_it_is_well(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_redis, "REST_SECONDS", 3600)
    async with _slowed(redis, 0.3) as (url, wire), _counting(url, slow_seconds=0.2) as one:
        await _hits(one, "ada", per_minute=10, calls=1)
        asked = wire.answers
        assert await _hits(one, "bob", per_minute=10, calls=10) == 10
        assert wire.answers == asked, "it rests"
        async with _counting(redis.url) as other:
            assert await _hits(other, "ada", per_minute=10, calls=10) == 9, "what was answered late was counted"

        wire.lags = cycle([0.0])
        one._redis._rests_until = time.monotonic()
        one._redis._slow_seconds = 30
        assert await asyncio.gather(*[_hits(one, "eve", per_minute=10, calls=1) for _ in range(10)]) == [1] * 10
        assert wire.answers == asked + 1, "one call finds out"
        async with _counting(redis.url) as other:
            let_through = await asyncio.gather(*[_hits(each, "dan", per_minute=10, calls=10) for each in (one, other)])
        assert sum(let_through) == 10, "counted together again"


async def test_both_ways_of_counting_follow_one_rule(redis: Redis) -> None:
    async with _counting(redis.url) as shared, _counting(None) as local:
        for per_minute in (1, 2, 7, 60):
            rate = Rate("rule", f"r{per_minute}", per_minute)
            for limiter in (shared, local):
                await limiter.refuse_if_spent(rate)
                assert await _hits(limiter, rate.who, per_minute=per_minute, calls=per_minute + 3) == per_minute
                with pytest.raises(TooManyRequestsError) as caught:
                    await limiter.refuse_if_spent(Rate("test", rate.who, per_minute))
                assert int(caught.value.headers["Retry-After"]) == pytest.approx(60 / per_minute, abs=1)


async def _journey(shop: Shop) -> None:
    won = await (await shop.report()).won()
    held = await shop.reserved(won["award"]["code"], f"order-{uuid4()}")
    assert (await shop.confirm(held["redemption_id"])).json()["status"] == "confirmed"


async def test_a_redis_that_was_started_anew_is_well_at_once(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_redis, "REST_SECONDS", 0.2)
    shared = SharedRedis(redis.url, timeout_seconds=5, slow_seconds=5)

    async def asked() -> object:
        return await shared.ask(lambda client: client.ping(), otherwise="nothing")

    await asyncio.gather(*(asked() for _ in range(30)))  # as many connections, all of them soon dead
    redis.kill()
    redis.start()
    with suppress(RedisAwayError):
        await asked()
    await asyncio.sleep(0.3)
    await asked()  # one finds out for all
    answers = await asyncio.gather(*(asked() for _ in range(30)), return_exceptions=True)
    assert not [one for one in answers if isinstance(one, Exception)]
    await shared.aclose()


async def test_more_callers_than_connections_wait_for_one(redis: Redis) -> None:
    shared = SharedRedis(redis.url, timeout_seconds=10, slow_seconds=10)
    calls = [
        shared.ask(lambda client: client.ping(), otherwise="nothing") for _ in range(shared_redis.CONNECTIONS_MAX * 2)
    ]
    assert all(await asyncio.gather(*calls))
    await shared.aclose()
