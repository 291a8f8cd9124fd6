"""Redis carries what we would not miss: counted together while it is there, in each process while it is not."""

import asyncio
from contextlib import aclosing
from uuid import uuid4

import pytest

from engine.errors import TooManyRequestsError
from engine.limiter import Limiter, Rate
from tests.support import OpenShop, Redis, Shop, ask, free_port


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
    async with aclosing(Limiter(redis.url)) as one, aclosing(Limiter(redis.url)) as other:
        let_through = await asyncio.gather(
            _hits(one, "ada", per_minute=10, calls=10), _hits(other, "ada", per_minute=10, calls=10)
        )
    assert sum(let_through) == 10


async def test_without_redis_each_process_counts_alone() -> None:
    assert await _hits(Limiter(None), "ada", per_minute=10, calls=15) == 10
    assert await _hits(Limiter(None), "ada", per_minute=10, calls=15) == 10


async def test_one_too_many_is_told_when_to_come_back(redis: Redis) -> None:
    for url in (None, redis.url):
        async with aclosing(Limiter(url)) as limiter:
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


async def _journey(shop: Shop) -> None:
    won = await (await shop.report()).won()
    held = await shop.reserved(won["award"]["code"], f"order-{uuid4()}")
    assert (await shop.confirm(held["redemption_id"])).json()["status"] == "confirmed"
