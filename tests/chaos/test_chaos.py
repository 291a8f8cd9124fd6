"""Ten faults under load, of a schedule that a seed gives again; `make chaos` runs a hundred."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.chaos.schedule import KINDS, schedule


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, which an ordinary account may walk through: sockets and root's PostgreSQL need it."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-chaos-", dir="/tmp" if os.geteuid() == 0 else None))  # noqa: S108 - mkdtemp's is ours
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.xdist_group("served")
async def test_ten_faults_break_no_promise(folder: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "20261122"))
    found = await run(folder, seed=seed, faults=10, clients=8, say=print)
    assert not found, f"seed {seed}"


def test_one_seed_gives_one_schedule() -> None:
    assert schedule(7, 100) == schedule(7, 100)
    assert schedule(7, 100) != schedule(8, 100)
    assert {fault.kind for fault in schedule(7, 100)} == set(KINDS)
    assert len(schedule(7, 10)) == 10
