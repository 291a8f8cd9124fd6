"""Every statement of the calls that are made most finds its rows by the key their tables are spread by."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from engine import tracing
from engine.db.tables import Base
from engine.db.watched import watched_by
from engine.tracing import Untraced
from tests.deploy.test_deploy import BY_OTHER_KEY, REFERENCE
from tests.support import OpenShop, bearer

_NAMED = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)(?:\s+(?:AS\s+)?(?!ON\b|SET\b|WHERE\b|SELECT\b|VALUES\b)(\w+))?", re.IGNORECASE
)
# A place in a product's line is a question about everybody who waits for it; offers and spins never ask it.
_OF_A_PRODUCT = re.compile(r"enrolments\.sku = ")


def scattered(statement: str) -> list[str]:
    """Return the tables that a statement reaches into without the key they are spread by."""
    loose = []
    for table, alias in _NAMED.findall(statement):
        if table not in Base.metadata.tables or table in REFERENCE:
            continue
        key = BY_OTHER_KEY.get(table, "subject")
        names = "|".join(filter(None, (table, alias)))
        # Bare only where a new row's columns are named, or where the statement knows no other table.
        wanted = rf"(?:{names})\.(?:{key}|subject)\b|INTO {table} \([^)]*\b{key}\b|WHERE \(?{key}\b|ON \({key}"
        if not re.search(wanted, statement):
            loose.append(table)
    return loose


@pytest.mark.parametrize(
    ("statement", "loose"),
    [
        ("SELECT 1 FROM offers o WHERE o.status = 'open'", ["offers"]),
        ("SELECT 1 FROM offers o WHERE o.subject = 'x' AND o.id = 'y'", []),
        ("SELECT 1 FROM offers o JOIN spins s ON s.offer_id = o.id WHERE o.subject = 'x'", ["spins"]),
        ("SELECT 1 FROM offers o JOIN spins s ON s.subject = o.subject", []),
        ("INSERT INTO awards (subject, id) SELECT subject, id FROM given", []),
        ("INSERT INTO awards (id) SELECT id FROM given", ["awards"]),
        ("UPDATE offers SET status = 'spun' WHERE offers.id = 'x'", ["offers"]),
        ("SELECT 1 FROM shoppers s WHERE s.shopper_id = 'c-1'", []),
        ("UPDATE budgets SET remaining_minor = 1", []),
    ],
)
def test_a_statement_that_asks_every_shard_is_seen(statement: str, loose: Sequence[str]) -> None:
    assert scattered(statement) == loose


async def test_hot_calls_stay_with_one_shopper(open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    @contextmanager
    def watch(text: str) -> Iterator[None]:
        asked.append(text)
        yield

    class Watching(Untraced):
        connection = watched_by(watch)

    monkeypatch.setattr(tracing, "of", lambda _settings, _role: Watching())
    async with open_shop() as shop:
        asked.clear()
        shopper = await shop.report()
        await shopper.offered()
        await shopper.offered()
        spin = await shopper.won()
        await shopper.spin("again")
        await shopper.awards()
        waiter = await shop.report()
        await waiter.offered()
        joined = await shop.http.post("/v1/enrolments", headers=bearer(waiter.token), json={"client_seed": "mine"})
        assert joined.status_code == 201, joined.text
        await shop.http.get(f"/v1/enrolments/{joined.json()['enrolment_id']}", headers=bearer(waiter.token))
        await shop.code(spin["award"]["code"])
        held = await shop.reserved(spin["award"]["code"], shopper_id=shopper.id)
        await shop.confirm(held["redemption_id"])
    assert sum(text == "COMMIT" for text in asked) >= 10
    assert any("INTO spins" in text for text in asked)
    found = {(table, text) for text in asked if not _OF_A_PRODUCT.search(text) for table in scattered(text)}
    assert not found, "\n\n".join(f"{table}: {text}" for table, text in found)
