"""Ten faults under load, of a schedule that a seed gives again; `make chaos` runs a hundred."""

from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.chaos.schedule import KINDS, SEED, schedule


@pytest.mark.xdist_group("served")
async def test_ten_faults_break_no_promise(folder: Path) -> None:
    found = await run(folder, seed=SEED, faults=10, clients=8, say=print)
    assert not found, f"seed {SEED}"


def test_one_seed_gives_one_schedule() -> None:
    assert schedule(7, 100) == schedule(7, 100)
    assert schedule(7, 100) != schedule(8, 100)
    assert {fault.kind for fault in schedule(7, 100)} == set(KINDS)
    assert len(schedule(7, 10)) == 10
