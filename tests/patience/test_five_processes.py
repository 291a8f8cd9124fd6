"""Five processes accrue the same missed week at once, one is killed in the middle: the ledger is a clean run's."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from engine import campaigns
from engine.settings import ROOT
from tests.conftest import Postgres
from tests.patience.population import Cohort, populate
from tests.patience.support import books_balance, ledger_digest, patient
from tests.support import SECRETS, ask, config_copy, environment, rows

MISSED_DAYS = 7
MILESTONES_DUE = 60
# The last cohort reaches its surprise within the missed week.
MILESTONES = ('points = 20\nsurprise = [{ reward = "sample", weight = 3 }, { reward = "free-shipping", weight = 1 }]',)


@pytest.fixture
def waiting(postgres: Postgres, template: str, tmp_path: Path) -> str:
    """A database where 21,000 wait, with a week of nights missed; its URL."""
    (version,) = campaigns.load(config_copy(tmp_path, waiting=patient(milestones=MILESTONES))).versions
    url = postgres.create(template)
    yesterday = version.local_day(datetime.now(UTC)) - timedelta(days=1)
    written = yesterday - timedelta(days=MISSED_DAYS)
    cohorts = [Cohort(written - timedelta(days=number), 3450) for number in range(1, 7)]
    cohorts += [Cohort(yesterday - timedelta(days=2), 100), Cohort(written - timedelta(days=14), MILESTONES_DUE)]
    populate(url, version, cohorts, through=written)
    return url


def accrue(url: str) -> subprocess.Popen[bytes]:
    given = {"PATH": "/usr/bin:/bin", **environment(url), **SECRETS}
    return subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "accrue"],
        cwd=ROOT,
        env=given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill_one_in_the_middle(url: str, runs: list[subprocess.Popen[bytes]]) -> None:
    """Kill the process that is writing a page, once some are written and more are to come."""
    with psycopg.connect(url, autocommit=True) as connection:
        before = connection.execute("SELECT count(*) FROM accrual_pages").fetchone()
        deadline = time.monotonic() + 60
        while connection.execute("SELECT count(*) FROM accrual_pages").fetchone() == before:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    runs[0].kill()
    runs[0].communicate()
    assert runs[0].returncode == -9


def test_five_processes_and_a_kill_leave_the_ledger_of_one_clean_run(postgres: Postgres, waiting: str) -> None:
    copy = postgres.create(postgres.name_of(waiting))
    clean = accrue(waiting)
    _, said = clean.communicate(timeout=120)
    assert clean.returncode == 0, said.decode()

    runs = [accrue(copy) for _ in range(5)]
    kill_one_in_the_middle(copy, runs)
    for run in runs[1:]:
        _, said = run.communicate(timeout=120)
        assert run.returncode == 0, said.decode()

    assert ledger_digest(copy) == ledger_digest(waiting)
    kinds = dict(rows(copy, "SELECT kind, count(*) FROM point_entries GROUP BY kind"))
    enrolled = 6 * 3450 + 100 + MILESTONES_DUE
    assert kinds["welcome"] == enrolled
    assert kinds["milestone"] == MILESTONES_DUE
    for url in (waiting, copy):
        assert ask(url, "SELECT count(*) FROM awards") == MILESTONES_DUE
        granted = rows(url, "SELECT count(*), count(DISTINCT enrolment_id), count(DISTINCT reward) FROM awards")
        assert granted == [(MILESTONES_DUE, MILESTONES_DUE, 2)]
        assert ask(url, "SELECT count(*) FROM enrolment_milestones WHERE status = 'reached'") == MILESTONES_DUE
        books_balance(url)
    postgres.drop(waiting)
    postgres.drop(copy)
