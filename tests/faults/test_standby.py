"""The primary is killed and its standby promoted while spins run: nothing that was acknowledged is lost or doubled.

STANDBY_SPINS says for how many spins; `make chaos` takes more of them than the test suite has time for.
"""

import asyncio
import os
from pathlib import Path

import psycopg
import pytest

from tests.chaos.checker import faults as broken_promises
from tests.chaos.clients import Client, Told
from tests.chaos.world import World
from tests.faults.standby import Pair, paired
from tests.support import WAIT_SECONDS_MAX, ask, config_copy, rows, soon

SPINS = int(os.environ.get("STANDBY_SPINS", "150"))
CLIENTS = 8
WAIT_SECONDS = WAIT_SECONDS_MAX + SPINS  # a journey leads to a spin only now and then, and each has its pauses


class Mirrored(World):
    """An installation whose engine knows two servers."""

    pair: Pair

    def _start_database(self) -> None:
        self.pair = self._database.enter_context(paired(self._folder))
        self.real_url = self.pair.primary

    def _engine_url(self) -> str:
        return self.pair.url

    def fail_over(self) -> None:
        self.pair.fail_over()
        self.real_url = self.pair.standby


@pytest.mark.xdist_group("served")
async def test_a_promoted_standby_has_every_acknowledged_spin_once(folder: Path) -> None:
    world, told = Mirrored(folder, config_copy(folder)), Told()
    async with world.running():
        over = asyncio.Event()
        clients = [Client(world, told, seed) for seed in range(CLIENTS)]
        living = [asyncio.create_task(client.live(over.is_set)) for client in clients]
        await soon(lambda: len(told.spins) >= SPINS // 2, WAIT_SECONDS)
        await asyncio.to_thread(world.fail_over)
        before = dict(told.spins)
        await soon(lambda: len(told.spins) >= max(SPINS, len(before) + CLIENTS), WAIT_SECONDS)
        over.set()
        await asyncio.gather(*living)

        assert not await asyncio.to_thread(broken_promises, world.real_url, told)
        assert not ask(world.real_url, "SELECT pg_is_in_recovery()")
        there = {str(offer) for (offer,) in rows(world.real_url, "SELECT offer_id FROM spins")}
        assert set(told.spins) <= there
        assert told.retries, "nobody noticed, so the primary was not in use"
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(world.pair.primary)
