"""What a spin and an offer ask of PostgreSQL costs the same with ten rows and ten million: only indexes, by key."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from engine import ledger
from engine.db.session import BY_INDEX
from engine.flows import awards, offers, spins
from tests.bench.history import live_through
from tests.conftest import Postgres

NOBODY = "00000000-0000-7000-8000-000000000000"
ASKS = json.dumps([{"n": 0, "shopper": "c-1", "stockout": NOBODY}])
GIVEN = json.dumps(
    [
        {
            "subject": NOBODY,
            "id": NOBODY,
            "offer_id": NOBODY,
            "version": "v",
            "reward": "r",
            "liability_minor": 1,
            "currency": "EUR",
            "campaign": "c",
            "budget_period": "2026-01-01",
            "expires_at": "2026-01-01T00:00:00Z",
            "created_at": "2026-01-01T00:00:00Z",
            "floor_minor": 1,
            "settled_id": NOBODY,
            "granted_id": NOBODY,
            "code_sealed": "",
            "code_digest": "",
        }
    ]
)
PAST = {"n": [0], "subject": [NOBODY], "address": [b"x"], "since": "2026-01-01", "most": 10, "now": "2026-01-01"}
STATEMENTS: dict[str, tuple[str, Any]] = {
    "spins: lock the offers": (spins._LOCK_FREE, (ASKS,)),
    "spins: who waits instead": (spins._WAITING, ([NOBODY], [NOBODY])),
    "spins: record": (spins._RECORD, ("[]", "2026-01-01")),
    "awards: lock the stocks": (awards._LOCK_STOCKS, (["c"], ["r"])),
    "awards: take units": (awards._TAKE_UNITS, (["c"], ["r"], [1])),
    "awards: record": (awards._RECORD, (GIVEN,)),
    "ledger: look": (ledger._LOOK, (["c"], ["2026-01-01"])),
    "ledger: lock": (ledger._LOCK, (["c"], ["2026-01-01"])),
    "ledger: shift": (ledger._SHIFT, (["c"], ["2026-01-01"], [1])),
    "offers: meet": (offers._MET, (ASKS,)),
    "offers: made before": (offers._BEFORE, (ASKS,)),
    "offers: take turns": (offers._FREE_TURN, ([0], [NOBODY])),
    "offers: what is past": (offers._PAST, PAST),
    "offers: record": (offers._RECORD, ("[]",)),
}


@pytest.fixture(scope="module")
def url(postgres: Postgres, template: str) -> Iterator[str]:
    """A database with a past, so that the planner has a choice."""
    url = postgres.create(template)
    live_through(url, 3000)
    yield url
    postgres.drop(url)


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from steps(inner)


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_hot_statement_walks_indexes_by_key(url: str, name: str) -> None:
    statement, values = STATEMENTS[name]
    with psycopg.connect(url, options=BY_INDEX) as connection:
        explained = sql.SQL("EXPLAIN (FORMAT JSON) {}").format(sql.SQL(statement))
        ((plan,),) = connection.execute(explained, values).fetchall()
        connection.rollback()
    for step in steps(plan[0]["Plan"]):
        assert step["Node Type"] != "Seq Scan", step
        if "Index Name" in step:
            assert "Index Cond" in step, f"a walk through all of {step['Index Name']}: {step}"
            assert step["Index Name"] != "offers_open_idx", "everybody's open offers are no way to one person's"
