"""`makegood audit` on a real PostgreSQL: honest journeys pass, and one row changed by hand is named."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.audit import PARTS, Auditor
from engine.cli.audit import audit_everything
from engine.db.session import create_engine, transaction
from engine.db.tables import AWARD_STATUSES, OFFER_STATUSES
from engine.flows import expiry
from engine.vault import Vault
from tests.conftest import Postgres
from tests.support import (
    OpenShop,
    Shop,
    ask,
    bearer,
    campaign,
    config_copy,
    do,
    edit,
    environment,
    in_one_task,
    rows,
    settings_for,
    shop_on,
    slice_,
)

# One worker does them all: what they share is dear to make.
pytestmark = pytest.mark.xdist_group("audit")

OF_WAITING = {"enrolments", "point_entries", "enrolment_milestones", "claims", "holds"}
SURE = '\n[[arm]]\nname = "sure"\npercent = 60\n\n[[arm]]\nname = "holdout"\npercent = 40\n'
WHEEL = (slice_("discount-10", 60), slice_("sample", 40, stock=6, when_gone="free-shipping"))


@pytest_asyncio.fixture(scope="module")
async def lived(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The name of a database in which every state of every row has come about by itself."""
    url = postgres.create(template)
    config = config_copy(
        tmp_path_factory.mktemp("audit"),
        wheel=campaign(*WHEEL, rules=['kind = "stage_in"\nstages = ["in_cart"]']),
        arms=campaign(slice_("sample"), SURE, rules=['kind = "stage_in"\nstages = ["saved"]']),
    )
    async with in_one_task(shop_on(settings_for(url, config=config))) as shop:
        await _live(shop)
    yield postgres.name_of(url)
    postgres.drop(url)


async def _live(shop: Shop) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    for _ in range(20):
        saved = await shop.report(stage="saved")
        if (await saved.offered())["arm"] == "sure":
            await shop.http.post("/v1/offer/accept", headers=bearer(saved.token))
            break
    await (await shop.report()).offered()
    for _ in range(2):
        await (await shop.report()).won("expires")
    async with transaction(shop.inside._database) as session:
        assert await expiry.lapse_offers(session, shop.inside.versions, now=later) >= 1
        assert await expiry.expire_awards(session, now=later) >= 2

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
    await (await shop.report(stage="viewed")).refused()
    await (await shop.report()).offered()


@pytest.fixture
def audited(postgres: Postgres, lived: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The lived-in database, as the one `makegood audit` will look at."""
    url = postgres.url_of(lived)
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)
    return url


@pytest_asyncio.fixture
async def tampered(audited: str) -> AsyncIterator[AsyncConnection]:
    """A connection on which any row can be changed behind the back of triggers and keys; it is all undone."""
    engine = create_engine(audited)
    async with engine.connect() as connection, connection.begin() as undone:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        await undone.rollback()
    await engine.dispose()


async def run() -> int:
    return await asyncio.to_thread(audit_everything)  # it runs a loop of its own


async def faults(connection: AsyncConnection, table: str) -> list[str]:
    """Look at every row of a table through this very connection, and return what disagrees in it."""
    auditor = Auditor(connection, Vault(settings_for("postgresql:///unused")))
    [part] = [part for part in PARTS if part.table == table]
    return [fault async for _row, found in part.look(auditor) for fault in found]


@pytest.mark.usefixtures("audited")
async def test_honest_journeys_pass_and_every_table_was_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run() == 0
    told = capsys.readouterr().out
    assert "everything agrees" in told
    for part in PARTS:
        [line] = [line for line in told.splitlines() if line.startswith(f"{part.table} ")]
        *_names, count, faulty = line.split()
        assert faulty == "0", line
        assert int(count) > 0 or part.table in OF_WAITING, line


async def test_every_state_of_an_award_came_about(audited: str) -> None:
    assert {status for (status,) in rows(audited, "SELECT DISTINCT status FROM awards")} == set(AWARD_STATUSES)
    assert {status for (status,) in rows(audited, "SELECT DISTINCT status FROM offers")} == set(OFFER_STATUSES)


# Which row is changed; the newest, so that its campaign version and epoch are as sound as any.
WHICH = {
    "all": "true",
    "open": "id = (SELECT id FROM offers WHERE status = 'open' LIMIT 1)",
    "spun": "id = (SELECT offer_id FROM spins ORDER BY id DESC LIMIT 1)",
    "last": "id = (SELECT id FROM spins ORDER BY id DESC LIMIT 1)",
    "issued": "id = (SELECT id FROM awards WHERE status = 'issued' ORDER BY id DESC LIMIT 1)",
    "its": "award_id = (SELECT id FROM awards WHERE status = 'issued' ORDER BY id DESC LIMIT 1)",
    "grant": "id = (SELECT id FROM liability_entries WHERE cause = 'award_granted' ORDER BY id DESC LIMIT 1)",
    **{status: f"status = '{status}'" for status in ("reserved", "confirmed", "redeemed")},
}
ZEROS = "repeat('0', 64)"
NOBODY = "'00000000-0000-7000-8000-000000000000'"
ANOTHER = "FROM awards WHERE status = 'issued' ORDER BY id LIMIT 1"


@pytest.mark.parametrize(
    ("table", "which", "change", "named", "says"),
    [
        ("campaign_versions", "all", "body = replace(body, '60', '61')", "campaign_versions", "its body's digest is"),
        ("campaign_versions", "all", "body = '{}'", "campaign_versions", "its body cannot be read"),
        ("campaign_versions", "all", "slug = 'other'", "campaign_versions", "the slug is other"),
        ("epochs", "all", f"secret_digest = {ZEROS}", "epochs", "published was 0000"),
        ("epochs", "all", "secret_sealed = 'nonsense'", "epochs", "does not open"),
        ("epochs", "all", "secret_sealed = 'nonsense'", "offers", "is missing or does not open"),
        ("offers", "open", f"commitment = {ZEROS}", "offers", "its commitment is 0000"),
        ("offers", "open", f"table_digest = {ZEROS}", "offers", "its table is 0000"),
        ("offers", "open", f"version = {ZEROS}", "offers", "is missing or cannot be read"),
        ("offers", "open", "floor_minor = 0", "offers", "aside for it, as open it needs 0"),
        ("offers", "open", "floor_minor = 0", "offers", "its floor is 0"),
        ("offers", "open", "status = 'lapsed'", "offers", "as lapsed it needs 0"),
        ("offers", "spun", "status = 'open'", "offers", "and a spin of it is stored"),
        ("offers", "open", "epoch_day = epoch_day - 1", "offers", "its epoch is"),
        ("offers", "open", "budget_period = '2020-01-01'", "offers", "its budget period is 2020-01-01"),
        ("offers", "open", "reasons = '[{}]'", "offers", "in spite of its reasons"),
        ("offers", "open", "status = 'refused'", "offers", "it was refused without a reason"),
        ("offers", "open", "status = 'refused'", "offers", "it was refused, and has a commitment"),
        ("spins", "last", "client_seed = 'another'", "spins", "recomputed"),
        ("spins", "last", "ticket = ticket + 1", "spins", "ticket is"),
        ("spins", "last", "round = 1", "spins", "round is 1, recomputed 0"),
        ("spins", "last", "slice_index = 7", "spins", "slice_index is 7"),
        ("spins", "last", "slice = 'other'", "spins", "slice is other"),
        ("spins", "last", "stop = '0.12345678'", "spins", "stop is 0.12345678"),
        ("spins", "last", f"table_digest = {ZEROS}", "spins", "drawn from table 0000"),
        ("spins", "last", "created_at = created_at + interval '3 days'", "spins", "outside its offer's time"),
        ("spins", "last", f"offer_id = {NOBODY}", "spins", "its offer is not there"),
        ("spins", "last", f"award_id = {NOBODY}", "spins", "its award is not there"),
        ("awards", "issued", f"offer_id = {NOBODY}", "awards", "is not there"),
        ("offers", "open", f"stockout_id = {NOBODY}", "offers", "is not there"),
        ("spins", "last", f"award_id = (SELECT id {ANOTHER})", "awards", "no spin of its offer won it"),
        ("awards", "all", "reward = 'vip-evening'", "spins", "awarded vip-evening, but the drawn slice gives"),
        ("awards", "issued", "liability_minor = liability_minor + 1", "spins", "its award's liability_minor is"),
        ("awards", "issued", "liability_minor = liability_minor + 1", "awards", "the books owe"),
        ("awards", "issued", "expires_at = created_at", "spins", "its award's expires_at is"),
        ("awards", "issued", "campaign = 'other'", "spins", "its award's campaign is other"),
        ("awards", "issued", "status = 'redeemed'", "awards", "its status is redeemed, its redemptions are"),
        ("awards", "issued", "status = 'expired'", "awards", "as expired it needs 0"),
        ("awards", "redeemed", "status = 'issued'", "awards", "1 confirmed"),
        ("awards", "issued", "code_sealed = 'nonsense'", "awards", "its code does not open"),
        (
            "awards",
            "issued",
            f"code_sealed = (SELECT code_sealed {ANOTHER})",
            "awards",
            "not that of the code it seals",
        ),
        ("awards", "issued", "code_digest = ''", "awards", "no row of `codes` has its digest"),
        ("codes", "its", f"award_id = (SELECT id {ANOTHER})", "codes", "which has another code"),
        ("codes", "its", f"award_id = (SELECT id {ANOTHER})", "awards", "its code leads to award"),
        ("redemptions", "reserved", "status = 'confirmed'", "awards", "0 reserved, 1 confirmed"),
        ("redemptions", "reserved", "status = 'confirmed'", "redemptions", "its status is confirmed, settled at None"),
        ("redemptions", "confirmed", "discount_minor = 999999", "redemptions", "it took off 999999"),
        ("redemptions", "confirmed", "discount_minor = 1", "awards", "as redeemed it cost 1"),
        ("liability_entries", "grant", "amount_minor = 1", "liability_entries", "award_granted moves 1"),
        ("liability_entries", "grant", "amount_minor = 1", "budgets", "by the books"),
        ("liability_entries", "grant", "target = 'spent'", "liability_entries", "not available → spent"),
        ("liability_entries", "grant", "cause_id = subject", "liability_entries", "there is no award"),
        ("liability_entries", "grant", "period = '2020-01-01'", "liability_entries", "a budget that is not there"),
        ("budgets", "all", "remaining_minor = remaining_minor + 1", "budgets", "by the books"),
        ("budgets", "all", "amount_minor = 100, remaining_minor = 0", "budgets", "more than its 100 is owed or spent"),
        ("reward_stocks", "all", "taken = taken - 1", "reward_stocks", "awards hold one"),
    ],
)
async def test_a_row_changed_by_hand_is_named(
    tampered: AsyncConnection, *, table: str, which: str, change: str, named: str, says: str
) -> None:
    changed = await tampered.execute(text(f"UPDATE {table} SET {change} WHERE {WHICH[which]}"))  # noqa: S608  # ours
    assert changed.rowcount > 0
    told = await faults(tampered, named)
    assert any(says in line for line in told), told


@pytest.mark.parametrize(
    ("table", "which", "named", "says"),
    [
        ("codes", "its", "awards", "its code cannot be looked up"),
        ("epochs", "all", "spins", "is missing or does not open"),
        ("campaign_versions", "all", "spins", "is missing or cannot be read"),
        ("liability_entries", "grant", "budgets", "by the books"),
        ("liability_entries", "grant", "awards", "the books owe -"),
        ("redemptions", "confirmed", "awards", "0 confirmed"),
        ("budgets", "all", "liability_entries", "a budget that is not there"),
    ],
)
async def test_a_row_removed_by_hand_is_missed(
    tampered: AsyncConnection, table: str, which: str, named: str, says: str
) -> None:
    await tampered.execute(text(f"DELETE FROM {table} WHERE {WHICH[which]}"))  # noqa: S608  # ours
    told = await faults(tampered, named)
    assert any(says in line for line in told), told


async def test_the_command_names_the_row_and_fails(audited: str, capsys: pytest.CaptureFixture[str]) -> None:
    spin_id = ask(audited, "SELECT id FROM spins LIMIT 1")
    do(audited, "UPDATE spins SET ticket = ticket + 1 WHERE id = %s", spin_id)
    try:
        assert await run() == 1
    finally:
        do(audited, "UPDATE spins SET ticket = ticket - 1 WHERE id = %s", spin_id)
    told = capsys.readouterr().out
    assert f"spins {spin_id} (offer " in told
    assert "ticket is" in told
    assert "1 of them disagree" in told


async def test_an_empty_database_is_in_order(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(database_url).items():
        monkeypatch.setenv(name, value)
    assert await run() == 0
    assert "0 rows were recomputed; everything agrees" in capsys.readouterr().out


async def test_an_award_from_before_its_reward_was_limited_gives_no_unit_back(
    open_shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_copy(tmp_path, wheel=campaign(slice_("sample", when_gone="free-shipping")))
    async with open_shop(config=config) as shop:
        early = await shop.report()
        assert (await early.won())["award"]["reward"] == "sample"
        edit(config / "campaigns" / "wheel.toml", "weight = 1", "weight = 1\nstock = 1")
        await shop.inside.live.reload()
        assert (await (await shop.report()).won())["award"]["reward"] == "sample"
        assert (await shop.erase(early.id)).status_code == 204
        assert (await (await shop.report()).won())["award"]["reward"] == "free-shipping"
        for name, value in environment(shop.database_url).items():
            monkeypatch.setenv(name, value)
        assert await run() == 0
