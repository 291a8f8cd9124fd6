"""Every secret is changed while the engine runs: two are valid at once, and after `keys renew` the old one can go."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from engine.cli.main import main
from engine.connectors import webhooks
from engine.rekey import BATCH
from engine.settings import Settings, read
from engine.vault import Vault, WrongSealKeyError
from tests.engine.test_jobs import Listener
from tests.support import (
    CONFIG,
    SECRETS,
    Shop,
    ask,
    balances,
    campaign,
    config_copy,
    do,
    environment,
    person,
    problem,
    rows,
    settings_for,
    shop_on,
    stockout,
)

ROTATED = ("MAKEGOOD_TOKEN_SECRET", "MAKEGOOD_PEPPER", "MAKEGOOD_SEAL_KEY")
OLD = {name: SECRETS[name] for name in ROTATED}
NEW = {
    "MAKEGOOD_TOKEN_SECRET": "another-token-secret-for-tests-and-nothing-else",
    "MAKEGOOD_PEPPER": "another-pepper-for-tests-and-for-nothing-else",
    "MAKEGOOD_SEAL_KEY": Fernet.generate_key().decode(),
}
# The steps of docs/security.md: first everyone accepts the new ones, then everyone writes with them.
ACCEPTING = {name: f"{OLD[name]},{NEW[name]}" for name in ROTATED}
WRITING = {name: f"{NEW[name]},{OLD[name]}" for name in ROTATED}


def having(url: str, secrets: dict[str, str], config: Path = CONFIG) -> Settings:
    return read(environment(url, MAKEGOOD_CONFIG=str(config)) | secrets)


def renew(url: str, monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str]) -> str:
    for name, value in (environment(url) | secrets).items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["keys", "renew"])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(("before", "after"), [(OLD, ACCEPTING), (ACCEPTING, WRITING)], ids=["accepting", "writing"])
async def test_processes_of_two_steps_take_each_others_tokens_codes_and_epochs(
    database_url: str, before: dict[str, str], after: dict[str, str]
) -> None:
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(shop_on(having(database_url, secrets))) for secrets in (before, after)
        ]
        for here, there in ((one, other), (other, one)):
            body = stockout()
            reported = await here.post_stockout(body)
            again = await there.post_stockout(body)
            assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
            assert again.json()["stockout_id"] == reported.json()["stockout_id"]
            shopper = await here.report()
            shopper.http = there.http
            code = (await shopper.won())["award"]["code"]
            assert (await here.code(code)).json()["valid"]
            held = await here.reserved(code, shopper_id=shopper.id)
            assert (await there.confirm(held["redemption_id"])).json()["status"] == "confirmed"


async def test_after_renewing_the_old_secrets_can_be_dropped(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    async with shop_on(settings_for(database_url)) as shop:
        shopper = await shop.report(shopper=who)
        spin = await shopper.won()
        code = spin["award"]["code"]
    told = await asyncio.to_thread(renew, database_url, monkeypatch, WRITING)
    assert "awards: 1 renewed" in told
    assert "awards: 0 renewed" in await asyncio.to_thread(renew, database_url, monkeypatch, WRITING), "again, nothing"

    async with shop_on(having(database_url, NEW)) as shop:
        assert (await shop.code(code)).json()["valid"]
        exported = (await shop.export(who["id"])).json()
        assert [award["code"] for award in exported["awards"]] == [code]
        shopper.http = shop.http
        problem(await shopper.offer(), 401, "token_refused")
        shopper = await shop.report(shopper=who)
        assert [award["code"] for award in (await shopper.awards()).json()["awards"]] == [code]
        fairness = await shop.fairness()
        assert fairness["wheels"][0]["spins"] == 1
    balances(database_url)
    with pytest.raises(WrongSealKeyError):
        Vault(having(database_url, OLD)).open(ask(database_url, "SELECT code_sealed FROM awards"))


async def test_two_accounts_of_one_address_still_know_of_each_other_after_renewing(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = person()["email"]
    config = config_copy(tmp_path, one=campaign(rules=['kind = "one_person_per_address"\nwindow_days = 30']))
    async with shop_on(settings_for(database_url, config=config)) as shop:
        await (await shop.report(shopper=person(email=address))).won()
    await asyncio.to_thread(renew, database_url, monkeypatch, WRITING)
    async with shop_on(having(database_url, NEW, config)) as shop:
        other = await shop.report(shopper=person(email=address))
        assert await other.refused() == ["address_already_used"]


async def test_renewing_goes_through_more_than_one_batch(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number = BATCH + 7
    do(
        database_url,
        "INSERT INTO shoppers (shopper_id, subject, email, created_at, updated_at)"
        " SELECT 'c-' || n, gen_random_uuid(), 'c' || n || '@example.org', now(), now() FROM generate_series(1, %s) n",
        number,
    )
    assert f"shoppers: {number} renewed" in await asyncio.to_thread(renew, database_url, monkeypatch, WRITING)
    vault = Vault(having(database_url, NEW))
    kept = dict(rows(database_url, "SELECT email, address_digest FROM shoppers"))
    assert all(digest == vault.digest("address", email) for email, digest in kept.items())


async def test_without_the_old_key_nothing_is_half_renewed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shop_on(settings_for(database_url)) as shop:
        await (await shop.report()).won()
    before = rows(database_url, "SELECT code_sealed, code_digest FROM awards")
    for name, value in (environment(database_url) | NEW).items():
        monkeypatch.setenv(name, value)
    refused = await asyncio.to_thread(CliRunner().invoke, main, ["keys", "renew"])
    assert refused.exit_code == 2
    assert "MAKEGOOD_SEAL_KEY does not open" in refused.output
    assert rows(database_url, "SELECT code_sealed, code_digest FROM awards") == before


async def test_a_shop_that_knows_either_webhook_secret_can_check_an_announcement() -> None:
    listener, now = Listener(), datetime(2026, 11, 22, tzinfo=UTC)
    async with listener.listening():
        await webhooks.send(listener.url, ("new-secret", "old-secret"), "m-1", {"type": "award.issued"}, now=now)
    [(headers, body)] = listener.heard
    signed = headers["webhook-signature"].split(" ")
    for secret in ("new-secret", "old-secret"):
        assert webhooks.signature(secret, "m-1", int(headers["webhook-timestamp"]), body) in signed
    assert webhooks.signature("nobody's", "m-1", int(headers["webhook-timestamp"]), body) not in signed


def test_a_sealed_value_is_sealed_anew_only_where_it_must_be(database_url: str) -> None:
    old, both, new = (Vault(having(database_url, secrets)) for secrets in (OLD, WRITING, NEW))
    sealed = old.seal(b"hush")
    renewed = both.sealed_anew(sealed)
    assert (new.open(renewed), both.sealed_anew(renewed)) == (b"hush", renewed)
    with pytest.raises(WrongSealKeyError):
        new.sealed_anew(sealed)


async def test_a_revoked_key_opens_nothing_and_two_keys_are_valid_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(shop.database_url).items():
        monkeypatch.setenv(name, value)
    made = await asyncio.to_thread(CliRunner().invoke, main, ["keys", "create", "--label", "the next one"])
    assert made.exit_code == 0
    following = made.output.strip()
    key_id = str(ask(shop.database_url, "SELECT id FROM api_keys WHERE label = 'the next one'"))
    for key in (shop.key, following):
        answer = await shop.http.get("/v1/codes/none", headers={"Authorization": f"Bearer {key}"})
        problem(answer, 404, "code_unknown")

    listed = await asyncio.to_thread(CliRunner().invoke, main, ["keys", "list"])
    assert key_id in listed.output
    assert following not in listed.output
    revoked = await asyncio.to_thread(CliRunner().invoke, main, ["keys", "revoke", key_id])
    assert revoked.exit_code == 0
    answer = await shop.http.get("/v1/codes/none", headers={"Authorization": f"Bearer {following}"})
    problem(answer, 401, "key_refused")
    unknown = await asyncio.to_thread(
        CliRunner().invoke, main, ["keys", "revoke", "0199a7c0-0000-7000-8000-000000000001"]
    )
    assert unknown.exit_code == 1
    assert "makegood keys list" in unknown.output
