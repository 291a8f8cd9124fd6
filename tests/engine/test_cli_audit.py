"""`makegood audit` on a real PostgreSQL: honest journeys pass, and one row changed by hand is named."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
import pytest_asyncio

from engine.audit import PARTS
from engine.cli import audit
from engine.cli.audit import audit_everything
from engine.db.session import transaction
from engine.flows import expiry
from tests.conftest import Postgres
from tests.support import (
    Shop,
    ask,
    campaign,
    config_copy,
    do,
    edit,
    environment,
    in_one_task,
    settings_for,
    shop_on,
    slice_,
    stockout,
)

WHEEL = (slice_("discount-10", 60), slice_("sample", 40, stock=6, when_gone="free-shipping"))


@pytest_asyncio.fixture(scope="module")
async def lived(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The name of a database in which every state of every row has come about by itself."""
    url = postgres.create(template)
    config = config_copy(tmp_path_factory.mktemp("audit"), wheel=campaign(*WHEEL))
    async with in_one_task(shop_on(settings_for(url, config=config))) as shop:
        await _live(shop)
    yield postgres.name_of(url)
    postgres.drop(url)


async def _live(shop: Shop) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    await (await shop.report()).offered()
    for _ in range(2):
        await (await shop.report()).won("expires")
    async with transaction(shop.inside._database) as session:
        assert await expiry.lapse_offers(session, shop.inside.versions, now=later) == 1
        assert await expiry.expire_awards(session, now=later) == 2

    for number in range(12):
        await (await shop.report()).won(f"issued {number}")
    held = await shop.reserved((await (await shop.report()).won())["award"]["code"])
    released = await shop.reserved((await (await shop.report()).won())["award"]["code"])
    assert (await shop.release(released["redemption_id"])).status_code == 200
    for verb in (shop.confirm, shop.refund):
        spin = await (await shop.report()).won()
        used = await shop.reserved(spin["award"]["code"], cart={"total_minor": 5000, "currency": "EUR"})
        assert (await shop.confirm(used["redemption_id"])).status_code == 200
        assert (await verb(used["redemption_id"])).status_code == 200
    assert held["status"] == "reserved"

    gone = await shop.report()
    await gone.won()
    assert (await shop.erase(gone.id)).status_code == 204
    await shop.post_stockout(stockout(stage="viewed"))
    await (await shop.report()).offered()


@pytest.fixture
def audited(postgres: Postgres, lived: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A copy of the lived-in database that `makegood audit` will look at."""
    url = postgres.create(lived)
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)
    yield url
    postgres.drop(url)


async def run() -> int:
    return await asyncio.to_thread(audit_everything)  # it runs a loop of its own


async def test_honest_journeys_pass_and_every_table_was_looked_at(
    audited: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run() == 0
    told = capsys.readouterr().out
    assert "everything agrees" in told
    for part in PARTS:
        [line] = [line for line in told.splitlines() if line.startswith(f"{part.table} ")]
        count = ask(audited, f"SELECT count(*) FROM {part.table}")  # type: ignore[arg-type]  # one of our own tables
        assert count > 0, f"no {part.table} came about"
        assert str(count) in line.split()


async def test_every_state_of_an_award_came_about(audited: str) -> None:
    with psycopg.connect(audited) as connection:
        awards = connection.execute("SELECT DISTINCT status FROM awards").fetchall()
        offers = connection.execute("SELECT DISTINCT status FROM offers").fetchall()
    assert {status for (status,) in awards} == {"issued", "reserved", "redeemed", "refunded", "expired", "void"}
    assert {status for (status,) in offers} == {"open", "spun", "lapsed"} | {"refused"} & {s for (s,) in offers}


ONE_SPIN = "(SELECT id FROM spins ORDER BY id DESC LIMIT 1)"
ONE_ISSUED = "(SELECT id FROM awards WHERE status = 'issued' ORDER BY id DESC LIMIT 1)"
ANOTHER_ISSUED = "(SELECT id FROM awards WHERE status = 'issued' ORDER BY id LIMIT 1)"
ONE_OPEN = "(SELECT id FROM offers WHERE status = 'open' LIMIT 1)"
ONE_SPUN = "(SELECT offer_id FROM spins ORDER BY id DESC LIMIT 1)"
ONE_GRANT = "(SELECT id FROM liability_entries WHERE cause = 'award_granted' ORDER BY id DESC LIMIT 1)"
TODAY = "(SELECT id FROM spins ORDER BY id DESC LIMIT 1)"


@pytest.mark.parametrize(
    ("corruption", "table", "says"),
    [
        (
            "UPDATE campaign_versions SET body = replace(body, '\"weight\":60', '\"weight\":61')",
            *("campaign_versions", "its body's digest is"),
        ),
        ("UPDATE campaign_versions SET body = '{}'", "campaign_versions", "its body cannot be read"),
        ("UPDATE campaign_versions SET slug = 'other'", "campaign_versions", "the slug is other"),
        ("UPDATE epochs SET secret_digest = repeat('0', 64)", "epochs", "published was 0000"),
        ("UPDATE epochs SET secret_sealed = 'nonsense'", "epochs", "does not open"),
        (f"UPDATE offers SET commitment = repeat('0', 64) WHERE id = {ONE_OPEN}", "offers", "its commitment is 0000"),
        (f"UPDATE offers SET table_digest = repeat('0', 64) WHERE id = {ONE_OPEN}", "offers", "its table is 0000"),
        (f"UPDATE offers SET floor_minor = 0 WHERE id = {ONE_OPEN}", "offers", "aside for it, as open it needs 0"),
        (f"UPDATE offers SET status = 'lapsed' WHERE id = {ONE_OPEN}", "offers", "as lapsed it needs 0"),
        (f"UPDATE offers SET status = 'open' WHERE id = {ONE_SPUN}", "offers", "and a spin of it is stored"),
        (f"UPDATE offers SET epoch_day = epoch_day - 1 WHERE id = {ONE_OPEN}", "offers", "its epoch is"),
        (f"UPDATE offers SET budget_period = '2020-01-01' WHERE id = {ONE_OPEN}", "offers", "2020-01-01"),
        (f"UPDATE offers SET reasons = '[{{}}]' WHERE id = {ONE_OPEN}", "offers", "in spite of its reasons"),
        (
            f"UPDATE offers SET version = repeat('0', 64) WHERE id = {ONE_OPEN}",
            "offers",
            "is missing or cannot be read",
        ),
        (f"UPDATE spins SET client_seed = 'another' WHERE id = {ONE_SPIN}", "spins", "recomputed"),
        (f"UPDATE spins SET ticket = ticket + 1 WHERE id = {ONE_SPIN}", "spins", "ticket is"),
        (f"UPDATE spins SET round = 1 WHERE id = {ONE_SPIN}", "spins", "round is 1, recomputed 0"),
        (f"UPDATE spins SET slice_index = 7 WHERE id = {ONE_SPIN}", "spins", "slice_index is 7"),
        (f"UPDATE spins SET slice = 'other' WHERE id = {ONE_SPIN}", "spins", "slice is other"),
        (f"UPDATE spins SET stop = '0.12345678' WHERE id = {ONE_SPIN}", "spins", "stop is 0.12345678"),
        (f"UPDATE spins SET table_digest = repeat('0', 64) WHERE id = {ONE_SPIN}", "spins", "drawn from table 0000"),
        (
            f"UPDATE spins SET created_at = created_at + interval '3 days' WHERE id = {ONE_SPIN}",
            *("spins", "outside its offer's time"),
        ),
        (
            f"UPDATE awards SET reward = 'vip-evening' WHERE id = (SELECT award_id FROM spins WHERE id = {ONE_SPIN})",
            *("spins", "awarded vip-evening, but the drawn slice gives"),
        ),
        (
            f"UPDATE awards SET liability_minor = liability_minor + 1 WHERE id = {ONE_ISSUED}",
            *("spins", "its award's liability_minor"),
        ),
        (
            f"UPDATE awards SET expires_at = expires_at + interval '9 days' WHERE id = {ONE_ISSUED}",
            *("spins", "its award's expires_at"),
        ),
        (f"UPDATE awards SET liability_minor = liability_minor + 1 WHERE id = {ONE_ISSUED}", "awards", "the books owe"),
        (
            f"UPDATE awards SET status = 'redeemed' WHERE id = {ONE_ISSUED}",
            "awards",
            "its status is redeemed, its redemptions",
        ),
        (f"UPDATE awards SET status = 'expired' WHERE id = {ONE_ISSUED}", "awards", "as expired it needs 0"),
        ("UPDATE awards SET status = 'issued' WHERE status = 'redeemed'", "awards", "1 confirmed"),
        (f"UPDATE awards SET code_sealed = 'nonsense' WHERE id = {ONE_ISSUED}", "awards", "its code does not open"),
        (
            f"UPDATE awards a SET code_sealed = b.code_sealed FROM awards b WHERE a.id = {ONE_ISSUED} AND b.id = {ANOTHER_ISSUED}",
            *("awards", "is not that of the code it seals"),
        ),
        (f"UPDATE awards SET code_digest = '\\x00' WHERE id = {ONE_ISSUED}", "awards", "cannot be looked up"),
        (
            f"UPDATE spins SET award_id = {ANOTHER_ISSUED} WHERE id = {ONE_SPIN}",
            "awards",
            "no spin of its offer won it",
        ),
        (
            f"UPDATE codes SET award_id = {ANOTHER_ISSUED} WHERE award_id = {ONE_ISSUED}",
            "codes",
            "which has another code",
        ),
        (f"DELETE FROM codes WHERE award_id = {ONE_ISSUED}", "awards", "no row of `codes` has its digest"),
        ("UPDATE redemptions SET status = 'confirmed' WHERE status = 'reserved'", "awards", "0 reserved, 1 confirmed"),
        (
            "UPDATE redemptions SET status = 'confirmed' WHERE status = 'reserved'",
            "redemptions",
            "its status is confirmed",
        ),
        ("UPDATE redemptions SET discount_minor = 999999 WHERE status = 'confirmed'", "redemptions", "took off 999999"),
        ("UPDATE redemptions SET discount_minor = 1 WHERE status = 'confirmed'", "awards", "as redeemed it cost 1"),
        (
            f"UPDATE liability_entries SET amount_minor = 1 WHERE id = {ONE_GRANT}",
            "liability_entries",
            "award_granted moves 1",
        ),
        (f"UPDATE liability_entries SET amount_minor = 1 WHERE id = {ONE_GRANT}", "budgets", "by the books"),
        (f"DELETE FROM liability_entries WHERE id = {ONE_GRANT}", "budgets", "by the books"),
        (
            f"UPDATE liability_entries SET target = 'spent' WHERE id = {ONE_GRANT}",
            "liability_entries",
            "not available → spent",
        ),
        (
            f"UPDATE liability_entries SET cause_id = subject WHERE id = {ONE_GRANT}",
            "liability_entries",
            "there is no award",
        ),
        (
            f"UPDATE liability_entries SET period = '2020-01-01' WHERE id = {ONE_GRANT}",
            "liability_entries",
            "a budget that is not there",
        ),
        ("UPDATE budgets SET remaining_minor = remaining_minor + 1", "budgets", "by the books"),
        ("UPDATE budgets SET amount_minor = 100, remaining_minor = 0", "budgets", "more than its 100 is owed or spent"),
        ("UPDATE reward_stocks SET taken = taken - 1", "reward_stocks", "awards hold one"),
    ],
)
async def test_one_row_changed_by_hand_is_named(
    audited: str, capsys: pytest.CaptureFixture[str], corruption: LiteralString, table: str, says: str
) -> None:
    changed = corrupt(audited, corruption)
    assert changed > 0
    assert await run() == 1
    told = capsys.readouterr().out
    named = [line for line in told.splitlines() if line.startswith(f"{table} ") and ": " in line]
    assert any(says in line for line in named), told
    assert "disagree" in told


def corrupt(url: str, statement: LiteralString) -> int:
    """Change rows behind the back of triggers and foreign keys, as only the database's owner can."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        return connection.execute(statement).rowcount
