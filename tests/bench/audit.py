"""`makegood audit` over a million spins and thirty million ledger entries, and over a tenth of both.

`python -m tests.bench.audit [--spins N] [--entries N]`. A PostgreSQL of its own; the rows are true: every draw, code,
point and movement recomputes, so that an audit which finds anything ends this bench. The audit runs as an operator runs
it, in a process of its own, and the kernel says what memory it took at most. The verdict is the larger one's memory
against the smaller one's: what streams needs the same.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from engine import campaigns, embedded
from engine.campaigns import Version
from engine.db import migrate
from engine.settings import ROOT
from engine.vault import Vault
from tests.bench.books import Books
from tests.patience.population import Cohort, populate
from tests.patience.support import patient
from tests.support import CONFIG, config_copy, environment, settings_for

AIM = 1.1
ENTRIES_A_SPIN = 3  # movements of the books
DAYS = 60
SECRET = bytes(range(32))
# A milestone far ahead: this is about lines of the ledger.
TERMS: dict[str, Any] = {"days_max": 730, "milestones": ['points = 600\nreward = "discount-5"']}
SETTINGS = {"max_wal_size": "4GB", "checkpoint_timeout": "1h", "shared_buffers": "1GB", "fsync": "off"}


@dataclass(frozen=True)
class Looked:
    """What one audit took."""

    seconds: float
    megabytes: float
    rows: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; return the exit code."""
    options = _options(arguments)
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        tenth = _looked(folder, options.spins // 10, options.entries // 10, console)
        whole = _looked(folder, options.spins, options.entries, console)
    ratio = whole.megabytes / tenth.megabytes
    for each in (tenth, whole):
        console.print(
            f"{each.rows:,} rows in {each.seconds:.0f} s ({each.rows / each.seconds:,.0f}/s), {each.megabytes:.0f} MB"
        )
    met = ratio <= AIM
    print(f"audit: {ratio:.3f} (aim {AIM}) {'OK' if met else 'SHORT'}")  # noqa: T201  # a bench prints
    return int(not met)


def _looked(folder: Path, spins: int, entries: int, console: Console) -> Looked:
    """Make a database of that size, audit it, and remove it."""
    with embedded.running(folder / f"postgres-{entries}", options=SETTINGS) as url:
        migrate.upgrade(url)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            _fill(url, folder, spins, entries, progress)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        looked = audited(url)
    subprocess.run(["rm", "-rf", str(folder / f"postgres-{entries}")], check=True)
    return looked


def _fill(url: str, folder: Path, spins: int, entries: int, progress: Progress) -> None:
    (waiting,) = campaigns.load(config_copy(folder, waiting=patient(**TERMS))).versions
    _wait(url, waiting, entries - spins * ENTRIES_A_SPIN, progress, progress.add_task("points", total=DAYS))

    vault = Vault(settings_for(url))
    morning = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0)
    (always_on,) = campaigns.load(CONFIG).versions
    task = progress.add_task("spins", total=spins)
    books = Books(url, always_on, vault, SECRET)
    books.open(morning)
    books.spin(spins, morning, lambda done: progress.update(task, completed=done))


def _wait(url: str, version: Version, entries: int, progress: Progress, task: TaskID) -> None:
    """Let so many wait for sixty days that their points make the lines wanted."""
    today = version.local_day(datetime.now(UTC))
    cohorts = [Cohort(today - timedelta(days=DAYS), max(1, entries // (DAYS + 1)))]
    populate(url, version, cohorts, through=today - timedelta(days=1))
    with psycopg.connect(url, autocommit=True) as connection:
        # Their offers are no more than where they came from: no wheel, and so nothing to draw or set aside.
        connection.execute("UPDATE offers SET status = 'refused', arm = NULL, arm_probability = NULL, reasons = '[1]'")
    progress.update(task, completed=DAYS)


def audited(url: str) -> Looked:
    """Run `makegood audit`; return what it took. It must find nothing."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "audit"],
        cwd=ROOT,
        env={**os.environ, **environment(url)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or "everything agrees" not in told:
        raise AssertionError(told[-4000:])
    rows = int(told.rpartition(" rows were recomputed")[0].split()[-1])
    return Looked(time.perf_counter() - began, usage.ru_maxrss / 1024, rows)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--spins", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=30_000_000)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
