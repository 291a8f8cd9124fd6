"""One night of a million who wait, against the barest SQL that writes the same rows: `python -m tests.bench.accrual`.

`[--enrolments N] [--big N] [--skip-big] [--rounds N]`. A PostgreSQL of its own (fsync on) holds the enrolments, spread
over 60 cohorts. Each round is a fresh day: `night.run` writes it, and a bare `INSERT … SELECT` writes the very same
rows, from the same enrolments, into a table of the same columns and keys. Both tables start empty and grow alike, and
the two take turns at going first. Then the same night once more, which must find that nothing is left; then ten times
as many enrolments.
"""

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table as Grid

from engine import announcements, campaigns, embedded, night
from engine.campaigns import Version
from engine.db import migrate
from engine.db.session import create_engine
from engine.kit import Kit
from engine.vault import Vault
from engine.versions import Versions
from tests.patience.population import Cohort, populate
from tests.patience.support import patient
from tests.support import config_copy, settings_for

COHORTS = 60
AIM, AIM_AGAIN, AIM_BIG, AIM_MEMORY_MB = 1.5, 0.5, 11.0, 20.0
# Long checkpoints, so that none falls into one of two halves that are compared.
SETTINGS = {"max_wal_size": "16GB", "checkpoint_timeout": "1h"}
# A milestone each, far ahead: this measures accrual.
TERMS: dict[str, Any] = {"days_max": 730, "milestones": ['points = 600\nreward = "discount-5"']}


@dataclass
class Round:
    """Seconds of one fresh day."""

    night: float
    bare: float
    again: float
    rows: int

    @property
    def ratio(self) -> float:
        return self.night / self.bare


class Installation:
    """A database full of people who wait, one night after another."""

    def __init__(self, url: str, version: Version, enrolments: int, today: date) -> None:
        self.url, self.version, self.enrolments, self.today = url, version, enrolments, today
        self.kit = Kit(Vault(settings_for(url)), Versions(), announcements.to_nobody)
        each, rest = divmod(enrolments, COHORTS)
        cohorts = [
            Cohort(today - timedelta(days=COHORTS - number), each + (number < rest)) for number in range(COHORTS)
        ]
        populate(url, version, cohorts, through=today - timedelta(days=1), offers=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                """CREATE TABLE bare (subject uuid, enrolment_id uuid, day date, kind text, ref uuid, points bigint,
                at timestamptz, PRIMARY KEY (subject, enrolment_id, day, kind, ref))"""
            )

    def round(self, *, bare_first: bool) -> Round:
        """Let a day pass; write it, by the engine and barely, and once more by the engine."""
        self.today += timedelta(days=1)
        day = self.today - timedelta(days=1)
        if bare_first:
            bare = self._bare(day)
            took, written = self._night()
        else:
            took, written = self._night()
            bare = self._bare(day)
        again, nothing = self._night()
        if (written, nothing) != (self.enrolments, 0):
            raise AssertionError(f"{written} rows written, then {nothing}; {self.enrolments} expected, then none")
        self._compare(day)
        return Round(took, bare, again, written)

    def _night(self) -> tuple[float, int]:
        self._settle()
        now = self.version.day_over(self.today - timedelta(days=1)) + timedelta(minutes=10)

        async def run() -> tuple[float, int]:
            engine = create_engine(self.url, pool_size=2)
            try:
                started = time.perf_counter()
                told = await night.run(engine, self.kit, now=now)
                return time.perf_counter() - started, told.entries
            finally:
                await engine.dispose()

        return asyncio.run(run())

    def _bare(self, day: date) -> float:
        with psycopg.connect(self.url, autocommit=True) as connection:
            self._settle()
            over = self.version.day_over(day)
            started = time.perf_counter()
            connection.execute(
                """INSERT INTO bare SELECT subject, id, %s, 'accrual', '00000000-0000-0000-0000-000000000000'::uuid, %s,
                %s FROM enrolments WHERE status = 'active'""",
                (day, self.version.patience.points_per_day, over),
            )
            return time.perf_counter() - started

    def _compare(self, day: date) -> None:
        """Fail unless both wrote the same rows, to the byte."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            other = connection.execute(
                """SELECT count(*) FROM (SELECT * FROM bare WHERE day = %s EXCEPT ALL
                SELECT * FROM point_entries WHERE day = %s AND kind = 'accrual') t""",
                (day, day),
            ).fetchone()
            if other != (0,):
                raise AssertionError(f"{other} rows are not the same")

    def _settle(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; return the exit code."""
    options = _options(arguments)
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as folder:
        Path(folder).chmod(0o711)
        version = _version(Path(folder))
        with installed(Path(folder), "one", version, options.enrolments, console) as one:
            rounds = [one.round(bare_first=bool(number % 2)) for number in range(options.rounds)]
        memory = _peak_mb()
        _print(console, options.enrolments, rounds)
        figures = [
            ("accrual", statistics.median(each.ratio for each in rounds), AIM),
            ("accrual-again", statistics.median(each.again / each.bare for each in rounds), AIM_AGAIN),
        ]
        if not options.skip_big:
            with installed(Path(folder), "big", version, options.big, console) as big:
                more = [big.round(bare_first=bool(number % 2)) for number in range(options.big_rounds)]
            _print(console, options.big, more)
            times = statistics.median(each.night for each in more) / statistics.median(each.night for each in rounds)
            figures += [
                (f"accrual-{options.big // options.enrolments}x", times, AIM_BIG),
                ("accrual-memory-mb", _peak_mb() - memory, AIM_MEMORY_MB),
            ]
    print(f"peak memory of this Python process: {_peak_mb():.0f} MB, {memory:.0f} MB before the bigger night")  # noqa: T201  # a bench prints
    for name, value, aim in reversed(figures):  # the main figure last
        print(f"{name}: {value:.2f} (aim {aim:g}) {'OK' if value <= aim else 'SHORT'}")  # noqa: T201  # as above
    return 1 if any(value > aim for _name, value, aim in figures) else 0


@contextmanager
def installed(folder: Path, name: str, version: Version, enrolments: int, console: Console) -> Iterator[Installation]:
    """Run a PostgreSQL with so many enrolments; its files are gone afterwards."""
    with embedded.running(folder / name, options=SETTINGS) as url:
        started = time.perf_counter()
        migrate.upgrade(url)
        made = Installation(url, version, enrolments, version.local_day(datetime.now(UTC)))
        console.print(f"{enrolments:,} enrolments made in {time.perf_counter() - started:.0f} s")
        yield made


def _version(folder: Path) -> Version:
    (version,) = campaigns.load(config_copy(folder, waiting=patient(**TERMS))).versions
    return version


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print(console: Console, enrolments: int, rounds: Sequence[Round]) -> None:
    grid = Grid(f"{enrolments:,} enrolments", "night, s", "bare INSERT, s", "÷", "same night again, s", "÷", "rows/s")
    for number, each in enumerate(rounds, start=1):
        grid.add_row(
            f"round {number}",
            f"{each.night:.2f}",
            f"{each.bare:.2f}",
            f"{each.ratio:.2f}",
            f"{each.again:.2f}",
            f"{each.again / each.bare:.3f}",
            f"{each.rows / each.night:,.0f}",
        )
    console.print(grid)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.accrual", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--enrolments", type=int, default=1_000_000)
    parser.add_argument("--big", type=int, default=10_000_000)
    parser.add_argument("--skip-big", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--big-rounds", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
