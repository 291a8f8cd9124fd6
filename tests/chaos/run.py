"""One run: load, faults by schedule, peace, and then the reckoning."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
from procrastinate.exceptions import ConnectorException

from tests.chaos.checker import faults as broken_promises
from tests.chaos.clients import Client, Told
from tests.chaos.schedule import schedule
from tests.chaos.world import World
from tests.support import config_copy, edit, soon

CALM_SECONDS = 2.0
ANSWERS_BETWEEN = 8


async def run(folder: Path, *, seed: int, faults: int, clients: int, say: Callable[[str], object]) -> list[str]:
    """Return every broken promise; say what happens, and the seed that makes it happen again."""
    planned = schedule(seed, faults)
    say(f"seed {seed}: {faults} faults, {clients} clients")
    world, told, over = World(folder, _config(folder)), Told(), asyncio.Event()
    async with world.running():
        living = [
            asyncio.create_task(Client(world, told, seed * 1000 + number).live(over.is_set))
            for number in range(clients)
        ]
        living.append(asyncio.create_task(_nights(world, over.is_set)))
        for number, fault in enumerate(planned, start=1):
            await asyncio.sleep(fault.after_seconds)
            # Each falls into a load that is alive, however slow the machine is.
            await soon(partial(_goes_on, told, told.answers))
            say(f"{number:4} {fault.kind}: {len(told.spins)} spins, {len(told.redeemed)} redemptions told so far")
            await world.suffer(fault)
        await world.up()
        await asyncio.sleep(CALM_SECONDS)
        over.set()
        await asyncio.gather(*living)
        await asyncio.to_thread(world.accrue_by_hand)
        found = await asyncio.to_thread(broken_promises, world.real_url, told, yesterday=world.yesterday())
    say(
        f"told: {len(told.stockouts)} stockouts, {len(told.offers)} offers, {len(told.spins)} spins,"
        f" {len(told.redeemed)} redemptions, {len(told.enrolled)} enrolments; {told.retries} retries"
    )
    for promise in found[:20]:
        say(f"broken: {promise}")
    return found


def _goes_on(told: Told, before: int) -> bool:
    return told.answers >= before + ANSWERS_BETWEEN


async def _nights(world: World, over: Callable[[], bool]) -> None:
    """Ask the worker for each day's points, as its own clock does; what is asked twice is earned once."""
    written = world.days
    while not over():
        if written != (today := world.days):
            with suppress(psycopg.OperationalError, ConnectorException):
                await world.accrue()
                written = today
        await asyncio.sleep(0.2)


def _config(folder: Path) -> Path:
    """Return a campaign whose limited reward and budget both run out on the way."""
    config = config_copy(folder)
    always_on = config / "campaigns" / "always-on.toml"
    edit(always_on, "stock = 20000", "stock = 25")
    edit(always_on, "stock = 2000\n", "stock = 3\n")
    edit(always_on, 'amount = "250000.00"', 'amount = "12000.00"')
    return config
