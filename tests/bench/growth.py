"""What a spin costs after ten million others, beside what it costs after ten thousand: `python -m tests.bench.growth`.

`[--past N] [--few N] [--rounds N] [--spins N] [--data FOLDER]`. Two databases of one PostgreSQL (fsync on), one with a
long past and one with a short one, each served by `makegood serve` with one worker. They take turns at the same number
of spins, from 64 connections. What counts is processor time, of the server and of PostgreSQL with all its processes, as
the kernel counts it: whatever else the machine does meanwhile takes no part. The median of the rounds' ratios is told.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as Grid

from engine import embedded
from engine.db import migrate
from tests.bench.history import live_through
from tests.bench.wire import Wire, request
from tests.bench.work import postmaster_of, worked
from tests.support import Served, Shop, Shopper, ask, config_copy, edit, many_offered, serving

AIM = 1.1
CONNECTIONS = 64
KB_A_SPIN = 2.6  # on the disk, write-ahead log aside
SPARE_GB = 8
# No checkpoint and no vacuum falls into one of two halves that are compared; nothing is less durable for it.
SETTINGS = {"max_wal_size": "6GB", "checkpoint_timeout": "1h", "shared_buffers": "2GB", "autovacuum": "off"}


@dataclass
class Installation:
    """A database with a past, and the server on it."""

    name: str
    past: int
    served: Served
    postmaster: int
    spent: list[tuple[float, float]] = field(default_factory=list)  # seconds a spin: server, PostgreSQL

    def round(self, spins: int) -> tuple[float, float]:
        """Let so many shoppers spin; return what the server and PostgreSQL worked for each, in seconds."""
        shoppers = asyncio.run(self._offered(spins))
        calls = [request("POST", "/v1/offer/spin", one.token, b'{"client_seed":"hello 42"}') for one in shoppers]
        with psycopg.connect(self.served.settings.database_url, autocommit=True) as connection:
            connection.execute("ANALYZE offers, shoppers")
            connection.execute("CHECKPOINT")
        before = worked(self.served.process.pid), worked(self.postmaster)
        with closing(Wire(int(self.served.url.rpartition(":")[2]), CONNECTIONS)) as wire:
            wire.exactly(calls)
        after = worked(self.served.process.pid), worked(self.postmaster)
        server, database = ((late - early) / spins for early, late in zip(before, after, strict=True))
        return server, database

    async def _offered(self, count: int) -> list[Shopper]:
        async with httpx.AsyncClient(base_url=self.served.url, timeout=60) as http:
            return await many_offered(Shop(http, self.served.key, self.served.settings), count)

    @property
    def micros(self) -> tuple[float, float]:
        """Return the medians of both, in microseconds."""
        server, database = (1e6 * statistics.median(part) for part in zip(*self.spent, strict=True))
        return server, database


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; return the exit code."""
    options = _options(arguments)
    console = Console(width=100)
    with ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="makegood-bench-")))
        folder.mkdir(exist_ok=True, parents=True)
        folder.chmod(0o711)
        if lacks_room(folder, options.past, console):
            return 2
        url = stack.enter_context(embedded.running(folder / "postgres", options=SETTINGS))
        config = _config(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="makegood-bench-"))))
        installations = [
            stack.enter_context(installed(url, config, name, past, console))
            for name, past in (("long", options.past), ("short", options.few))
        ]
        ratios = compare(installations, options.rounds, options.spins, console)
        for one in installations:
            drawn = ask(one.served.settings.database_url, "SELECT count(*) FROM spins WHERE client_seed = 'hello 42'")
            if drawn < (options.rounds + 1) * options.spins:
                raise AssertionError(f"{drawn} spins are there")
    _print(console, installations)
    ratio = statistics.median(ratios)
    met = ratio <= AIM
    print(f"growth: {ratio:.3f} (aim {AIM}) {'OK' if met else 'SHORT'}")  # noqa: T201  # a bench prints
    return int(not met)


def compare(installations: Sequence[Installation], rounds: int, spins: int, console: Console) -> list[float]:
    """Let both take turns, one first and then the other; return the ratios of the long past to the short."""
    ratios = []
    for number in range(-1, rounds):
        order = installations if number % 2 else installations[::-1]
        spent = {one.name: one.round(spins) for one in order}
        if number < 0:  # to warm up
            continue
        for one in installations:
            one.spent.append(spent[one.name])
        long, short = (sum(spent[name]) for name in ("long", "short"))
        ratios.append(long / short)
        console.print(f"round {number + 1}: {long * 1e6:.1f} µs after many, {short * 1e6:.1f} µs after few")
    return ratios


@contextmanager
def installed(url: str, config: Path, name: str, past: int, console: Console) -> Iterator[Installation]:
    """Make a database with so long a past, unless it is there from a run before, and serve it."""
    database = f"past_{past}"
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if known is None:
            _make(url, database, past, console)
    with serving(_at(url, database), MAKEGOOD_CONFIG=str(config)) as served:
        yield Installation(name, past, served, postmaster_of(url))


def _make(url: str, database: str, past: int, console: Console) -> None:
    half = f"{database}_half"  # a run that was stopped leaves nothing that looks whole
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (f'DROP DATABASE IF EXISTS "{half}"', f'CREATE DATABASE "{half}"'):
            connection.execute(statement.encode())
        migrate.upgrade(_at(url, half))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("past spins", total=past)
            live_through(_at(url, half), past, lambda done: progress.update(task, completed=done))
        connection.execute(f'ALTER DATABASE "{half}" RENAME TO "{database}"'.encode())


def lacks_room(folder: Path, past: int, console: Console) -> bool:
    """Say so where the past would not fit on the disk."""
    needed = past * KB_A_SPIN / 1e6 + SPARE_GB
    free = shutil.disk_usage(folder).free / 1e9
    if any(folder.iterdir()) or free >= needed:
        return False
    console.print(f"{past:,} past spins need {needed:.0f} GB; there are {free:.0f}: try --past")
    return True


def _at(url: str, database: str) -> str:
    return url.replace("/makegood?", f"/{database}?", 1)


def _config(folder: Path) -> Path:
    folder.chmod(0o711)
    config = config_copy(folder)
    edit(config / "campaigns" / "always-on.toml", 'amount = "250000.00"', 'amount = "900000000.00"')
    shop = config / "shop.toml"
    limits = {"token": 300, "shopper": 600, "address": 60000, "key": 120000}
    for who, most in limits.items():
        edit(shop, f"{who}_per_minute = {most} ", f"{who}_per_minute = 10000000 ")
    return config


def _print(console: Console, installations: Sequence[Installation]) -> None:
    grid = Grid("past spins", "server, µs a spin", "PostgreSQL, µs a spin", "both")
    for one in installations:
        server, database = one.micros
        grid.add_row(f"{one.past:,}", f"{server:.1f}", f"{database:.1f}", f"{server + database:.1f}")
    console.print(grid)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--past", type=int, default=10_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--spins", type=int, default=8000)
    parser.add_argument("--data", type=Path, help="keep the databases here, for another run")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
