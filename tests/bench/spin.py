"""Durable spins and offers over HTTP, against an empty handler on the same server: `python -m tests.bench.spin`.

`[--rounds N] [--seconds S]`. `makegood serve` with one worker, on a PostgreSQL of its own (fsync on) with the default
campaign, beside an ordinary Litestar POST handler that decodes the same body and answers nothing much, served by the
same granian with one worker. 64 connections, closed loop, turn by turn; the medians of the rounds are compared. Then
all three under the same open loop, at half of what the slowest can do. What server and PostgreSQL worked for a call
while they were saturated is told as the kernel counts it. The load comes from this very process: on two cores, it
shares them with the database and the server.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
from litestar import Litestar, post
from litestar.params import JSONBody
from psycopg import sql
from rich.console import Console
from rich.table import Table as Grid

from engine import embedded
from engine.api.schemas import SpinBody
from engine.cli.run import serve
from engine.db import migrate
from engine.ids import new_id
from engine.vault import Vault
from tests.bench.wire import Wire, request
from tests.bench.work import postmaster_of, worked
from tests.support import (
    Served,
    Shop,
    Shopper,
    balances,
    config_copy,
    do,
    edit,
    free_port,
    many_offered,
    rows,
    serving,
    started,
)

CONNECTIONS = 64
AIM_SPIN, AIM_OFFER, AIM_P99 = 1.2, 0.7, 3.0
WARM_SECONDS = 1.5
# No checkpoint falls into one of two halves that are compared; nothing is less durable for it.
SETTINGS = {"max_wal_size": "16GB", "checkpoint_timeout": "1h", "shared_buffers": "1GB"}


@post("/empty", status_code=200)
async def empty(data: JSONBody[SpinBody]) -> dict[str, str]:
    """Do nothing, as an ordinary handler does it."""
    return {"client_seed": data.client_seed}


def empty_app() -> Litestar:
    return Litestar([empty], openapi_config=None, logging_config=None)


Calls = Callable[[], Iterator[bytes]]


@dataclass
class Contestant:
    """Something to call, and how fast it was called."""

    name: str
    port: int
    processes: tuple[int, ...]  # the server, and PostgreSQL where it has a part in it
    rates: list[float] = field(default_factory=list)
    took: list[list[float]] = field(default_factory=list)
    spent: list[list[float]] = field(default_factory=list)  # seconds a call, of each of the processes

    def saturate(self, calls: Calls, seconds: float) -> float:
        """Return calls answered a second."""
        before, began = [worked(pid) for pid in self.processes], time.perf_counter()
        with closing(Wire(self.port, CONNECTIONS)) as wire:
            rate = wire.closed_loop(calls(), seconds)
        answered = rate * (time.perf_counter() - began)
        self.spent.append([(worked(pid) - was) / answered for pid, was in zip(self.processes, before, strict=True)])
        return rate

    def pace(self, calls: Calls, per_second: float, seconds: float) -> list[float]:
        with closing(Wire(self.port, CONNECTIONS)) as wire:
            return wire.open_loop(calls(), per_second, seconds)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def micros(self) -> list[float]:
        """Return the medians of the processor time of a call, in microseconds."""
        return [1e6 * statistics.median(part) for part in zip(*self.spent, strict=True)]

    def percentile(self, share: float) -> float:
        """Return the median over the rounds, in milliseconds."""
        return 1000 * statistics.median(sorted(round_)[int(len(round_) * share)] for round_ in self.took)


def spinning(shoppers: Sequence[Shopper]) -> Calls:
    """Return what yields the calls of shoppers who spin, each once."""
    calls = [request("POST", "/v1/offer/spin", shopper.token, b'{"client_seed":"hello 42"}') for shopper in shoppers]
    return _each(calls)


def meeting(shop: Shop, count: int) -> Calls:
    """Return what yields the calls of shoppers who ask for their offer, each once."""
    vault, until = Vault(shop.settings), datetime.now(UTC) + timedelta(hours=2)
    calls = [
        request("GET", "/v1/offer", vault.sign_token(shopper, stockout, until))
        for shopper, stockout in met_stockouts(shop, count)
    ]
    return _each(calls)


def _each(calls: list[bytes]) -> Calls:
    def take() -> Iterator[bytes]:
        while True:
            yield calls.pop()

    return take


def nothing() -> Iterator[bytes]:
    call = request("POST", "/empty", "x" * 200, b'{"client_seed":"hello 42"}')
    while True:
        yield call


_COPY = """
INSERT INTO {table} SELECT (jsonb_populate_record(t, c.changes)).*
FROM {table} t, unnest(%s::jsonb[]) c(changes) WHERE t.subject = %s
"""


def met_stockouts(shop: Shop, count: int) -> list[tuple[str, UUID]]:
    """Copy a stockout for so many shoppers, each with an address of their own; return who met which."""
    now, met, people, stockouts = datetime.now(UTC), [], [], []
    first = asyncio.run(_first(shop))
    subject = rows(shop.database_url, "SELECT subject FROM shoppers WHERE shopper_id = %s", first.id)[0][0]
    for _ in range(count):
        person, stockout = new_id(now), new_id(now)
        met.append((f"c-{person}", stockout))
        address = "\\x" + person.bytes.hex() * 2
        people.append(json.dumps({"subject": str(person), "shopper_id": f"c-{person}", "address_digest": address}))
        stockouts.append(json.dumps({"subject": str(person), "id": str(stockout)}))
    with psycopg.connect(shop.database_url) as connection:
        for table, changes in (("shoppers", people), ("stockouts", stockouts)):
            connection.execute(sql.SQL(_COPY).format(table=sql.Identifier(table)), (changes, subject))
    return met


async def _first(shop: Shop) -> Shopper:
    async with httpx.AsyncClient(base_url=str(shop.http.base_url)) as http:
        return await Shop(http, shop.key, shop.settings).report()


async def _offered(shop: Shop, count: int) -> list[Shopper]:
    async with httpx.AsyncClient(base_url=str(shop.http.base_url)) as http:
        return await many_offered(Shop(http, shop.key, shop.settings), count)


def measure(served: Served, empty: Contestant, options: argparse.Namespace, console: Console) -> list[Contestant]:
    """Let them take turns; fill up shoppers between the rounds, outside of what is measured."""
    port = int(served.url.rpartition(":")[2])
    shop = Shop(httpx.AsyncClient(base_url=served.url), served.key, served.settings)
    processes = served.process.pid, postmaster_of(shop.database_url)
    contestants = [empty, Contestant("spin", port, processes), Contestant("offer", port, processes)]
    for number in range(-1, options.rounds):
        seconds = options.seconds if number >= 0 else WARM_SECONDS
        enough = int(max([8000.0, *(1.3 * one.rate for one in contestants[1:] if one.rates)]) * (seconds + 0.2))
        turns = {
            "empty": nothing,
            "spin": spinning(asyncio.run(_offered(shop, enough))),
            "offer": meeting(shop, enough),
        }
        do(shop.database_url, "ANALYZE")
        do(shop.database_url, "CHECKPOINT")
        for one in contestants if number % 2 else reversed(contestants):
            rate = one.saturate(turns[one.name], seconds)
            if number >= 0:
                one.rates.append(rate)
            else:
                one.spent.clear()
        if number >= 0:
            console.print(
                f"round {number + 1}: " + ", ".join(f"{one.name} {one.rates[-1]:,.0f}/s" for one in contestants)
            )
    half = min(one.rate for one in contestants) / 2
    for _ in range(options.rounds):
        count = int(half * options.seconds) + 200
        turns = {
            "empty": nothing,
            "spin": spinning(asyncio.run(_offered(shop, count))),
            "offer": meeting(shop, count),
        }
        do(shop.database_url, "CHECKPOINT")
        for one in contestants:
            one.took.append(one.pace(turns[one.name], half, options.seconds))
    console.print(f"open loop at {half:,.0f}/s:")
    return contestants


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; return the exit code."""
    options = _options(arguments)
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with embedded.running(folder / "postgres", options=SETTINGS) as url:
            migrate.upgrade(url)
            config = _config(folder)
            with serving(url, MAKEGOOD_CONFIG=str(config)) as served, empty_served() as empty_:
                contestants = measure(served, empty_, options, console)
            balances(url)
    _print(console, contestants)
    empty_, spin, offer = contestants
    figures = [
        ("offer", offer.rate / empty_.rate, AIM_OFFER),
        ("spin-p99", spin.percentile(0.99) / empty_.percentile(0.99), AIM_P99),
        ("spin", spin.rate / empty_.rate, AIM_SPIN),
    ]
    short = False
    for figure, value, aim in figures:
        met = value <= aim if figure == "spin-p99" else value >= aim
        short = short or not met
        print(f"{figure}: {value:.2f} (aim {aim:g}) {'OK' if met else 'SHORT'}")  # noqa: T201  # a bench prints
    return int(short)


@contextmanager
def empty_served() -> Iterator[Contestant]:
    """Serve the empty handler just as `makegood serve` serves the engine."""
    port = free_port()
    command = [sys.executable, "-c", f"from tests.bench.spin import serve_empty; serve_empty({port})"]
    with started(command, {}) as process:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                break
        yield Contestant("empty", port, (process.pid,))


def serve_empty(port: int) -> None:
    serve("tests.bench.spin:empty_app", "127.0.0.1", port, workers=1)


def _config(folder: Path) -> Path:
    config = config_copy(folder)
    edit(config / "campaigns" / "always-on.toml", 'amount = "250000.00"', 'amount = "900000000.00"')
    shop = config / "shop.toml"
    limits = {"token": 300, "shopper": 600, "address": 60000, "key": 120000}
    for who, most in limits.items():
        edit(shop, f"{who}_per_minute = {most} ", f"{who}_per_minute = 10000000 ")
    return config


def _print(console: Console, contestants: Sequence[Contestant]) -> None:
    columns = (
        "one worker, 64 connections",
        "calls/s",
        "÷ empty",
        "server, µs",
        "database, µs",
        "p50, ms",
        "p95, ms",
        "p99, ms",
    )
    grid = Grid(*columns)
    for one in contestants:
        server, database = [f"{micros:,.0f}" for micros in (*one.micros, 0)][:2]
        grid.add_row(
            one.name,
            f"{one.rate:,.0f}",
            f"{one.rate / contestants[0].rate:.2f}",
            server,
            database,
            *(f"{one.percentile(share):.2f}" for share in (0.5, 0.95, 0.99)),
        )
    console.print(grid)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.spin", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
