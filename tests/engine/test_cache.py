"""What processes keep for each other in Redis: old for as long as it may be, never older, and never needed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import pytest

from engine import cache as caches
from engine.cache import Cache
from engine.flows import stock
from engine.flows.figures import Figures
from engine.shared_redis import SharedRedis
from tests.support import OpenShop, Redis, RedisCluster, Shop, redis_cluster

LONG = 60


@asynccontextmanager
async def cached(url: str | None) -> AsyncIterator[Cache]:
    async with aclosing(SharedRedis(url, timeout_seconds=30, slow_seconds=30)) as redis:
        yield Cache(redis)


class Sum:
    """Something dear: it knows how often it was computed, and what it comes to now."""

    def __init__(self) -> None:
        self.times = 0
        self.value = 7

    async def __call__(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        return self.value


async def test_what_is_recent_is_computed_once_for_all_processes(redis: Redis) -> None:
    dear = Sum()
    async with cached(redis.url) as one, cached(redis.url) as other:
        for cache in (one, other, one):
            assert await cache.recent("sum", int, dear, seconds=LONG) == 7
        assert dear.times == 1
        redis.command("FLUSHALL")
        assert await other.recent("sum", int, dear, seconds=LONG) == 7
    assert dear.times == 2


async def test_without_redis_what_is_recent_is_kept_in_each_process() -> None:
    dear = Sum()
    async with cached(None) as one, cached(None) as other:
        for cache in (one, other, one, other):
            assert await cache.recent("sum", int, dear, seconds=LONG) == 7
    assert dear.times == 2


@pytest.mark.parametrize("with_redis", [False, True])
async def test_callers_that_come_together_share_one_computation(redis: Redis, *, with_redis: bool) -> None:
    dear = Sum()
    async with cached(redis.url if with_redis else None) as cache:
        assert await asyncio.gather(*(cache.recent("sum", int, dear, seconds=LONG) for _ in range(20))) == [7] * 20
    assert dear.times == 1


@pytest.mark.parametrize("with_redis", [False, True])
async def test_what_was_dear_is_kept_for_longer(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, *, with_redis: bool
) -> None:
    dear = Sum()
    async with cached(redis.url if with_redis else None) as cache:
        await cache.recent("cheap", int, dear, seconds=0)
        await asyncio.sleep(0.05)
        await cache.recent("cheap", int, dear, seconds=0)
        assert dear.times == 2
        monkeypatch.setattr(caches, "SECONDS_PER_SECOND", 1e9)
        for _ in range(2):
            await cache.recent("dear", int, dear, seconds=0)
            await asyncio.sleep(0.05)
    assert dear.times == 3


async def test_an_answer_stands_until_its_topic_changes(redis: Redis) -> None:
    dear = Sum()
    async with cached(redis.url) as one, cached(redis.url) as other:
        for cache in (one, other):
            assert await cache.current("shelves", "LAMP", int, dear, seconds=LONG) == 7
        assert dear.times == 1
        assert await one.current("shelves", "SHADE", int, dear, seconds=LONG) == 7
        dear.value = 8
        await other.forget("something else")
        assert await one.current("shelves", "LAMP", int, dear, seconds=LONG) == 7
        await other.forget("shelves")
        for cache in (one, other):
            for question in ("LAMP", "SHADE"):
                assert await cache.current("shelves", question, int, dear, seconds=LONG) == 8
        assert dear.times == 4


async def test_what_changes_while_it_is_computed_is_not_kept(redis: Redis) -> None:
    async with cached(redis.url) as cache:

        async def overtaken() -> int:
            await cache.forget("shelves")
            return 7

        async def later() -> int:
            return 8

        assert await cache.current("shelves", "LAMP", int, overtaken, seconds=LONG) == 7
        assert await cache.current("shelves", "LAMP", int, later, seconds=LONG) == 8


async def test_without_redis_an_answer_is_computed_each_time() -> None:
    dear = Sum()
    async with cached(None) as cache:
        for _ in range(3):
            assert await cache.current("shelves", "LAMP", int, dear, seconds=LONG) == 7
        await cache.forget("shelves")
    assert dear.times == 3


async def test_what_somebody_else_put_there_is_no_answer(redis: Redis) -> None:
    dear = Sum()
    async with cached(redis.url) as cache:
        await cache.recent("sum", int, dear, seconds=LONG)
        for strange in ("7", "strange", "[null,7]"):
            redis.command("SET", "makegood:cache:{sum}:sum", strange)
            assert await cache.recent("sum", int, dear, seconds=LONG) == 7
    assert dear.times == 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


async def test_a_cluster_keeps_answers_as_one_redis_does(cluster: RedisCluster) -> None:
    dear = Sum()
    async with cached(cluster.url) as one, cached(cluster.url) as other:
        for topic in ("shelves", "rooms", "doors", "lamps"):  # on all three masters
            for cache in (one, other):
                assert await cache.current(topic, "LAMP", int, dear, seconds=LONG) == 7
                assert await cache.recent(topic, int, dear, seconds=LONG) == 7
        assert dear.times == 8
        await one.forget("shelves")
        await other.current("shelves", "LAMP", int, dear, seconds=LONG)
        assert dear.times == 9


async def test_figures_come_back_as_they_were_kept(redis: Redis) -> None:
    told = Figures({("a", "EUR"): 1}, {("a", "EUR"): 2}, {}, {("b", "USD"): 3}, 4, 5, 6, 7, 8.5, 9, 10, 11.5)

    async def look() -> Figures:
        return told

    async def never() -> Figures:
        raise AssertionError("it was kept")

    async with cached(redis.url) as one, cached(redis.url) as other:
        await one.recent("figures", Figures, look, seconds=LONG)
        assert await other.recent("figures", Figures, never, seconds=LONG) == told


async def left(shop: Shop) -> int | None:
    answer = await shop.http.get("/v1/availability", params={"sku": ["LAMP-38", "OTHER"]})
    shown: int | None = answer.json()["products"][0]["left"]
    return shown


async def test_every_process_shows_the_shelves_as_they_are_now(
    open_shop: OpenShop, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0
    really = stock.shelves_of

    async def counted(*given: object) -> object:
        nonlocal looked
        looked += 1
        return await really(*given)  # type: ignore[arg-type]  # whatever it takes

    monkeypatch.setattr(stock, "shelves_of", counted)
    async with AsyncExitStack() as open_:
        one, other = [await open_.enter_async_context(open_shop(redis_url=redis.url)) for _ in range(2)]
        for units in (3, 2, 1, 2):
            await one.put_stock("LAMP-38", available=units)
            assert [await left(shop) for shop in (other, one, other)] == [units] * 3
        assert looked == 4
        redis.kill()
        await one.put_stock("LAMP-38", available=3)
        assert [await left(shop) for shop in (one, other)] == [3, 3]
