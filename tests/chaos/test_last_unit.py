"""Thousands of shoppers spin for the last unit, while PostgreSQL and Redis are killed: one has it.

LAST_UNIT_SHOPPERS says how many: the test suite has time for fewer than the ten thousand of `make chaos`.
"""

import asyncio
import os
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.chaos.schedule import Fault
from tests.chaos.world import World
from tests.support import (
    Json,
    Shop,
    Shopper,
    balances,
    campaign,
    config_copy,
    many_offered,
    rows,
    settings_for,
    slice_,
    soon,
)

SHOPPERS = int(os.environ.get("LAST_UNIT_SHOPPERS", "1500"))
CALLERS = 64
TRIES_MAX = 300


async def persistently(shopper: Shopper) -> Json:
    """Spin as the widget does: cut off or sent away, it asks again."""
    for _ in range(TRIES_MAX):
        try:
            answer = await shopper.spin()
        except httpx.HTTPError:
            answer = None
        if answer is not None and answer.status_code == 200:
            spin: Json = answer.json()
            return spin
        assert answer is None or answer.status_code == 503, answer.text
        await asyncio.sleep(0.1)
    raise AssertionError("never answered")


@pytest.mark.xdist_group("served")
async def test_spins_for_the_last_unit_have_one_winner(folder: Path) -> None:
    wheel = slice_("sample", stock=1, when_gone="free-shipping")
    config = config_copy(folder, only=campaign(wheel, amount="900000.00"))
    edit_limits(config)
    world = World(folder, config)
    async with world.running():
        base = f"http://127.0.0.1:{world.port}"
        limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
        async with httpx.AsyncClient(base_url=base, timeout=10, limits=limits) as http:
            shoppers = await many_offered(Shop(http, world.key, settings_for(world.real_url)), SHOPPERS)
            waiting = iter(shoppers)
            told: list[Json] = []

            async def caller() -> None:
                for shopper in waiting:
                    spin = await persistently(shopper)
                    told.append(spin)

            async def trouble() -> None:
                for kind, after in (("kill PostgreSQL", 0.1), ("kill Redis", 0.4), ("kill PostgreSQL", 0.7)):
                    await soon(lambda share=after: len(told) >= SHOPPERS * share)  # type: ignore[misc]  # a bound default
                    await world.suffer(Fault(0, kind))

            await asyncio.gather(trouble(), *(caller() for _ in range(CALLERS)))
        given = Counter(spin["award"]["reward"] for spin in told)
        assert given == {"sample": 1, "free-shipping": SHOPPERS - 1}
        assert len({spin["award"]["code"] for spin in told}) == SHOPPERS
        assert dict(rows(world.real_url, "SELECT reward, count(*) FROM awards GROUP BY 1")) == given
        assert rows(world.real_url, "SELECT total, taken FROM reward_stocks") == [(1, 1)]
        balances(world.real_url)


def edit_limits(config: Path) -> None:
    """Let all of them come from one address."""
    shop = config / "shop.toml"
    shop.write_text(shop.read_text().replace("address_per_minute = 60000", "address_per_minute = 10000000"))
