"""The config while the engine runs: taken when sound, kept out and told when not; what was promised stays promised."""

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import (
    WAIT_SECONDS_MAX,
    Balance,
    Json,
    OpenShop,
    Shop,
    ask,
    balances,
    campaign,
    config_copy,
    do,
    edit,
    environment,
    free_port,
    nothing_changes,
    rows,
    slice_,
    started,
)


async def ready(shop: Shop) -> Json:
    answer = await shop.http.get("/health/ready")
    assert answer.status_code == 200, "an unsound config does not stop the old one working"
    body: Json = answer.json()["config"]
    return body


async def until_taken(shop: Shop, before: Json) -> None:
    await _until(shop, lambda config: config["digest"] != before["digest"] and config["refused"] == [])


async def until_refused(shop: Shop, words: str) -> Json:
    return await _until(shop, lambda config: any(words in problem for problem in config["refused"]))


async def _until(shop: Shop, holds: object) -> Json:
    assert callable(holds)
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not holds(config := await ready(shop)):
        assert time.monotonic() < deadline, config
        await asyncio.sleep(0.05)
    return config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return config_copy(
        tmp_path, only=campaign(slice_("discount-20", weight=9, when_gone="discount-5"), slice_("discount-5"))
    )


def file_of(config: Path) -> Path:
    return config / "campaigns" / "only.toml"


# Taken


async def test_a_changed_folder_is_taken_within_seconds(open_shop: OpenShop, config: Path) -> None:
    async with open_shop(config=config) as shop:
        before = await ready(shop)
        edit(file_of(config), "weight = 9", "weight = 4")
        began = time.monotonic()
        await until_taken(shop, before)
        assert time.monotonic() - began < 30
        wheel = (await (await shop.report()).offered())["wheel"]
        assert [piece["weight"] for piece in wheel["slices"]] == [4, 1]


async def test_an_offer_keeps_the_odds_it_showed(open_shop: OpenShop, config: Path) -> None:
    async with open_shop(config=config) as shop:
        shopper, other = await shop.report(), await shop.report()
        shown = await shopper.offered()
        await other.offered()
        before = await ready(shop)
        # Another wheel, other terms: the old offers know nothing of it.
        edit(file_of(config), 'reward = "discount-20"\nweight = 9', 'reward = "free-shipping"\nweight = 1')
        edit(file_of(config), 'when_gone = "discount-5"', "")
        edit(config / "rewards.toml", "percent = 20", "percent = 50")
        await until_taken(shop, before)

        again = await shopper.offered()
        assert again["wheel"]["table_digest"] == shown["wheel"]["table_digest"]
        assert again["wheel"]["slices"] == shown["wheel"]["slices"]
        spins = [(await who.spin(f"s{number}")).json() for number, who in enumerate((shopper, other))]
        assert {spin["proof"]["table_digest"] for spin in spins} == {shown["wheel"]["table_digest"]}
        assert {spin["slice"] for spin in spins} <= {"discount-20", "discount-5"}
        won = [award for who in (shopper, other) for award in (await who.awards()).json()["awards"]]
        assert {award["terms"]["percent"] for award in won} <= {20, 5}
        new = (await (await shop.report()).offered())["wheel"]
        assert [piece["reward"] for piece in new["slices"]] == ["free-shipping", "discount-5"]
        balances(shop.database_url)


async def test_a_campaign_that_is_taken_away_still_owes_its_spins(open_shop: OpenShop, config: Path) -> None:
    async with open_shop(config=config) as shop:
        shopper = await shop.report()
        await shopper.offered()
        before = await ready(shop)
        file_of(config).rename(config / "campaigns" / "renamed.toml")
        await until_taken(shop, before)
        assert (await shopper.spin()).status_code == 200
        code = (await shopper.awards()).json()["awards"][0]["code"]
        held = await shop.reserved(code)
        assert (await shop.confirm(held["redemption_id"])).status_code == 200
        await (await shop.report()).offered()
        assert set(balances(shop.database_url)) == {"only", "renamed"}


async def test_changed_words_are_taken_too(open_shop: OpenShop, config: Path) -> None:
    async with open_shop(config=config) as shop:
        before = await ready(shop)
        edit(config / "messages" / "fr.ftl", "reward-discount-5 = ", "reward-discount-5 = Youpi, ")
        await until_taken(shop, before)
        wheel = (await (await shop.report()).offered())["wheel"]
        assert wheel["slices"][1]["label"].startswith("Youpi, ")


async def test_a_config_that_comes_back_is_the_same_version(open_shop: OpenShop, config: Path) -> None:
    async with open_shop(config=config) as shop:
        first = (await (await shop.report()).offered())["wheel"]["table_digest"]
        for old, new in (("weight = 9", "weight = 4"), ("weight = 4", "weight = 9")):
            before = await ready(shop)
            edit(file_of(config), old, new)
            await until_taken(shop, before)
        assert (await (await shop.report()).offered())["wheel"]["table_digest"] == first
        assert ask(shop.database_url, "SELECT count(*) FROM campaign_versions") == 2


# Refused


UNSOUND = {
    "not TOML": ("weight = 9", "weight = ", "campaigns/only.toml:"),
    "a weight of none": ("weight = 9", "weight = 0", "campaigns/only.toml:"),
    "a reward nobody knows": ('reward = "discount-20"', 'reward = "discount-99"', 'unknown reward "discount-99"'),
    "a budget that pays nothing": ('amount = "100000.00"', 'amount = "0.01"', "budget"),
}


@pytest.mark.parametrize("name", UNSOUND)
async def test_an_unsound_config_is_kept_out_and_told(open_shop: OpenShop, config: Path, name: str) -> None:
    old, new, words = UNSOUND[name]
    async with open_shop(config=config) as shop:
        before, sound = await ready(shop), file_of(config).read_text(encoding="utf-8")
        edit(file_of(config), old, new)
        told = await until_refused(shop, words)
        assert told["digest"] == before["digest"]
        await (await shop.report()).won()
        file_of(config).write_text(sound, encoding="utf-8")
        await _until(shop, lambda config: config["refused"] == [])
        assert (await ready(shop))["digest"] == before["digest"]


async def test_a_folder_that_vanishes_is_told_and_taken_again_when_it_is_back(
    open_shop: OpenShop, config: Path
) -> None:
    async with open_shop(config=config) as shop:
        before = await ready(shop)
        away = config.with_name("away")
        (config / "campaigns").rename(away)
        await until_refused(shop, "campaigns")
        await (await shop.report()).won()
        away.rename(config / "campaigns")
        edit(file_of(config), "weight = 9", "weight = 4")
        await until_taken(shop, before)


# Sizes


async def test_a_smaller_budget_never_takes_back_what_is_promised(open_shop: OpenShop, tmp_path: Path) -> None:
    def sized(amount: str) -> Path:
        return config_copy(tmp_path, only=campaign(slice_("discount-5"), amount=amount))

    async with open_shop(config=sized("100.00")) as shop:
        shoppers = [await shop.report() for _ in range(3)]
        for shopper in shoppers:
            await shopper.offered()
        await shop.takes(sized("10.00"))
        assert balances(shop.database_url)["only"] == Balance(2400, 0, 2400, 0)
        assert await (await shop.report()).refused() == ["budget_spent"]
        for shopper in shoppers:
            assert (await shopper.spin()).json()["award"]["reward"] == "discount-5"
        await shop.takes(sized("32.00"))
        assert balances(shop.database_url)["only"] == Balance(3200, 800, 2400, 0)
        await (await shop.report()).offered()
        assert await (await shop.report()).refused() == ["budget_spent"]


async def test_a_smaller_stock_never_takes_back_what_is_promised(open_shop: OpenShop, tmp_path: Path) -> None:
    def stocked(stock: int) -> Path:
        return config_copy(tmp_path, only=campaign(slice_("sample", stock=stock, when_gone="free-shipping")))

    async with open_shop(config=stocked(5)) as shop:

        async def reward() -> str:
            return str((await (await shop.report()).won())["award"]["reward"])

        assert [await reward() for _ in range(3)] == ["sample"] * 3
        await shop.takes(stocked(1))
        assert rows(shop.database_url, "SELECT total, taken FROM reward_stocks") == [(3, 3)]
        assert await reward() == "free-shipping"
        await shop.takes(stocked(4))
        assert [await reward() for _ in range(2)] == ["sample", "free-shipping"]
        balances(shop.database_url)


async def test_a_unit_that_was_never_counted_does_not_come_back(open_shop: OpenShop, tmp_path: Path) -> None:
    unlimited = config_copy(tmp_path, only=campaign(slice_("sample")))
    limited = config_copy(tmp_path, only=campaign(slice_("sample", stock=1, when_gone="free-shipping")))
    async with open_shop(config=unlimited) as shop:
        early = await shop.report()
        await early.won()
        await shop.takes(limited)
        assert (await (await shop.report()).won())["award"]["reward"] == "sample"
        # The early one is given back; its unit was never taken from this stock.
        assert (await shop.erase(early.id)).status_code == 204
        assert (await (await shop.report()).won())["award"]["reward"] == "free-shipping"
        balances(shop.database_url)


async def test_the_same_config_again_changes_nothing(open_shop: OpenShop, config: Path) -> None:
    async with open_shop(config=config) as shop:
        await (await shop.report()).won()
    async with open_shop(config=config) as shop:
        await shop.fairness()
        with nothing_changes(shop.database_url):
            await shop.inside.live.publish()
            await shop.inside.live.reload()


async def test_a_version_that_was_altered_is_not_believed(open_shop: OpenShop, config: Path) -> None:
    async with open_shop(config=config) as shop:
        shopper = await shop.report()
        await shopper.offered()
    do(shop.database_url, "ALTER TABLE campaign_versions DISABLE TRIGGER ALL")
    do(shop.database_url, "UPDATE campaign_versions SET body = replace(body, '\"weight\":9', '\"weight\":1')")
    edit(file_of(config), "weight = 9", "weight = 4")
    async with open_shop(config=config) as shop:
        again = type(shopper)(shop.http, shopper.id, shopper.stockout_id, shopper.token, shopper.body)
        with nothing_changes(shop.database_url):
            assert (await again.spin()).status_code == 500


# At the start


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_config_at_the_start_is_a_sentence_and_exit_code_2(
    database_url: str, config: Path, tmp_path: Path, workers: int
) -> None:
    edit(file_of(config), 'reward = "discount-20"', 'reward = "discont-20"')
    written = tmp_path / "log"
    given = environment(database_url, MAKEGOOD_CONFIG=str(config), PORT=str(free_port()))
    command = [sys.executable, "-m", "engine.cli", "serve", "--workers", str(workers)]
    with written.open("wb") as log, started(command, given, log) as process:
        assert process.wait(WAIT_SECONDS_MAX) == 2
    text = written.read_text()
    assert "campaigns/only.toml:" in text
    assert 'did you mean "discount-20"?' in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MAKEGOOD_TOKEN_SECRET": "short"}, "MAKEGOOD_TOKEN_SECRET is shorter"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not an address"),
        ({"MAKEGOOD_CONFIG": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"MAKEGOOD_ENV": "production", "MAKEGOOD_PEPPER": ""}, "MAKEGOOD_PEPPER is missing"),
    ],
)
def test_a_bad_installation_at_the_start_is_a_sentence_and_exit_code_2(
    database_url: str, change: dict[str, str], words: str
) -> None:
    done = _serve(environment(database_url, PORT=str(free_port())) | change)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_without_migrations_at_the_start_says_what_to_do(empty_database_url: str) -> None:
    done = _serve(environment(empty_database_url, PORT=str(free_port())))
    assert done.returncode == 2
    assert "makegood migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_at_the_start_is_a_sentence(tmp_path: Path) -> None:
    done = _serve(environment(f"postgresql://nobody@/nothing?host={tmp_path}", PORT=str(free_port())))
    assert done.returncode == 1
    assert "the database does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def _serve(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    makegood = shutil.which("makegood", path=str(Path(sys.executable).parent))
    assert makegood
    kept = {"PATH": str(Path(sys.executable).parent)}
    return subprocess.run(
        [makegood, "serve"], env=kept | given, capture_output=True, text=True, timeout=WAIT_SECONDS_MAX, check=False
    )
