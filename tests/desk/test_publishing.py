"""Publishing: kept for ever, seen by every process, for later or at once, and undone in one step."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main
from engine.flows import publishing
from tests.support import (
    OpenShop,
    Shop,
    ask,
    balances,
    campaign,
    config_copy,
    do,
    edit,
    environment,
    rows,
    settings_for,
    shop_on,
    slice_,
)


def wheel(weight: int) -> str:
    return campaign(slice_("discount-20", weight, when_gone="discount-5"), slice_("discount-5"))


async def makegood(shop: Shop, *arguments: str) -> Result:
    """Run the command line beside the engine, on its database."""
    given = environment(shop.database_url, MAKEGOOD_CONFIG="", COLUMNS="200")
    return await asyncio.to_thread(lambda: CliRunner().invoke(main, list(arguments), env=given))


async def weights(shop: Shop) -> list[int]:
    offer = await (await shop.report()).offered()
    return [piece["weight"] for piece in offer["wheel"]["slices"]]


async def test_a_published_config_is_live_in_every_process_and_offers_keep_their_odds(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    config = config_copy(tmp_path, only=wheel(9))
    async with open_shop(config=config) as shop, shop_on(shop.settings) as other:
        early = await shop.report()
        shown = await early.offered()
        told = await makegood(
            shop, "publish", "--config", str(config_copy(tmp_path, only=wheel(4))), "--by", "Ada", "--note", "calmer"
        )
        assert told.exit_code == 0, told.output
        assert "published as 2, by Ada" in told.output
        assert '- only: "discount-20" becomes less likely: 90% before, 80% now.' in told.output
        for process in (shop, other):
            await process.inside.live.catch_up()
            assert await weights(process) == [4, 1]
            assert process.inside.live.publication == 2
        assert (await early.offered())["wheel"]["slices"] == shown["wheel"]["slices"]
        spin = (await early.spin()).json()
        assert spin["proof"]["table_digest"] == shown["wheel"]["table_digest"]
        balances(shop.database_url)


async def test_no_spin_is_lost_while_versions_change(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=config_copy(tmp_path, only=wheel(9))) as shop:
        drafts = [publishing.draft_of(config_copy(tmp_path, only=wheel(weight))) for weight in (4, 5, 6, 7)]

        async def change() -> None:
            for draft in drafts:
                async with shop.inside.transaction() as session:
                    await publishing.publish(session, shop.inside.versions, draft, by="Ada", now=datetime.now(UTC))
                await shop.inside.live.catch_up()

        async def live() -> tuple[list[int], str]:
            shopper = await shop.report()
            shown = (await shopper.offered())["wheel"]
            await asyncio.sleep(0)
            answer = await shopper.spin()
            assert answer.status_code == 200, answer.text
            assert answer.json()["proof"]["table_digest"] == shown["table_digest"]
            return [piece["weight"] for piece in shown["slices"]], answer.json()["slice"]

        told = await asyncio.gather(change(), *(live() for _ in range(40)))
        assert len(told) == 41
        assert ask(shop.database_url, "SELECT count(*) FROM spins") == 40
        assert await weights(shop) == [7, 1]
        balances(shop.database_url)


async def test_the_watching_process_takes_a_publication_by_itself(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=config_copy(tmp_path, only=wheel(9))) as shop:
        await makegood(shop, "publish", "--config", str(config_copy(tmp_path, only=wheel(4))))
        for _ in range(600):
            if shop.inside.live.publication == 2:
                break
            await asyncio.sleep(0.05)
        assert await weights(shop) == [4, 1]


async def test_a_rollback_goes_back_and_stays_until_the_folder_changes(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path, only=wheel(9))
    async with open_shop(config=config) as shop:
        edit(config / "campaigns" / "only.toml", "weight = 9", "weight = 4")
        await shop.inside.live.reload()
        told = await makegood(shop, "rollback", "--by", "Ada")
        assert "back to publication 1, as 3, by Ada" in told.output, told.output
        await shop.inside.live.catch_up()
        assert await weights(shop) == [9, 1]
    async with open_shop(config=config) as shop:
        assert await weights(shop) == [9, 1], "a new start does not undo it"
        edit(config / "campaigns" / "only.toml", "weight = 4", "weight = 5")
        await shop.inside.live.reload()
        assert await weights(shop) == [5, 1]
        listed = [line.split("\t") for line in (await makegood(shop, "versions")).output.splitlines()]
        assert listed[0] == ["number", "state", "from", "by", "how", "what changed"]
        assert [row[:2] for row in listed[1:]] == [["4", "live"], ["3", "over"], ["2", "over"], ["1", "over"]]
        assert {len(row) for row in listed} == {6}, "other programs cut them"


async def test_one_for_later_waits_for_its_time_and_can_be_cancelled(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=config_copy(tmp_path, only=wheel(9))) as shop:
        draft = publishing.draft_of(config_copy(tmp_path, only=wheel(4)))
        now = datetime.now(UTC)
        async with shop.inside.transaction() as session:
            made = await publishing.publish(
                session, shop.inside.versions, draft, by="Ada", at=now + timedelta(days=1), now=now
            )
        await shop.inside.live.catch_up()
        assert await weights(shop) == [9, 1]
        assert "to come" in (await makegood(shop, "versions")).output
        later = now + timedelta(days=1, seconds=1)
        async with shop.inside.transaction() as session:
            live = await publishing.take_current(session, shop.inside.versions, now=later)
        assert live.number == made.number
        assert live.config.digest == draft.config.digest
        assert ask(shop.database_url, "SELECT activated_at FROM publications WHERE number = %s", made.number) == later
        refused = await makegood(shop, "publish", "--cancel", "1")
        assert refused.exit_code == 1
        assert "has taken effect" in refused.output


async def test_a_cancelled_one_never_takes_effect(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=config_copy(tmp_path, only=wheel(9))) as shop:
        draft = str(config_copy(tmp_path, only=wheel(4)))
        at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        assert "published as 2, from" in (await makegood(shop, "publish", "--config", draft, "--at", at)).output
        assert "is cancelled" in (await makegood(shop, "publish", "--cancel", "2")).output
        async with shop.inside.transaction() as session:
            later = datetime.now(UTC) + timedelta(days=1)
            assert await publishing.current_number(session, now=later) == 1


async def test_only_published_configs_count_where_the_installation_says_so(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path, only=wheel(9))
    async with open_shop(config=config, MAKEGOOD_FOLLOW="published") as shop:
        edit(config / "campaigns" / "only.toml", "weight = 9", "weight = 4")
        await shop.inside.live.reload()
        assert await weights(shop) == [9, 1]
        await makegood(shop, "publish", "--config", str(config))
        await shop.inside.live.catch_up()
        assert await weights(shop) == [4, 1]


async def test_what_was_published_is_kept_word_for_word_and_readable(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path, only="# for the winter\n" + wheel(9))
    async with open_shop(config=config) as shop:
        shown = await makegood(shop, "versions", "1")
        assert "# for the winter" in shown.output
        assert (await makegood(shop, "versions", "1", "--to", str(tmp_path / "back"))).exit_code == 0
        for path in config.rglob("*.*"):
            assert (tmp_path / "back" / path.relative_to(config)).read_bytes() == path.read_bytes()
        again = await makegood(shop, "versions", "1", "--to", str(tmp_path / "back"))
        assert again.exit_code == 2
        assert "exists already" in again.output
        for statement in (
            "UPDATE publications SET files = '{}'",
            "DELETE FROM publications",
            "TRUNCATE publications",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                do(shop.database_url, statement)


async def test_what_cannot_be_published_is_a_sentence_and_changes_nothing(open_shop: OpenShop, tmp_path: Path) -> None:
    ordered = campaign(slice_("discount-5"), rules=['kind = "stage_in"\nstages = ["ordered"]'])
    async with open_shop(config=config_copy(tmp_path, only=wheel(9))) as shop:
        same = config_copy(tmp_path, only=wheel(9))
        broken = config_copy(tmp_path, only=wheel(0))
        unlawful = config_copy(tmp_path, only=ordered)
        for arguments, code, words in (
            (("publish", "--config", str(same)), 0, "nothing changes"),
            (("publish", "--config", str(broken)), 2, "campaigns/only.toml:"),
            (("publish", "--config", str(unlawful)), 1, "L121-20"),
            (("publish", "--config", str(config_copy(tmp_path, only=wheel(2))), "--at", "tomorrow"), 2, "--at"),
            (("publish", "--config", str(config_copy(tmp_path, only=wheel(2))), "--at", "2020-01-01"), 1, "over"),
            (("publish", "--at", "2027-03-28T02:30"), 2, "no 02:30 on 2027-03-28 in Europe/Paris"),
            (("publish", "--at", "2027-03-28T02:30"), 2, "say 2027-03-28T03:30 or so"),
            (("publish", "--at", "2027-10-31T02:30"), 2, "2027-10-31T02:30+02:00 or 2027-10-31T02:30+01:00"),
            (("publish", "--at", ""), 2, "expected a time such as"),
            (("publish", "--at", "0001-01-01T00:00"), 2, "expected a time such as"),
            (("rollback",), 1, "nothing to go back to"),
            (("rollback", "77"), 1, "no publication 77"),
            (("versions", "77"), 1, "no publication 77"),
            (("publish", "--cancel", "77"), 1, "no publication 77"),
        ):
            told = await makegood(shop, *arguments)
            assert (told.exit_code, words in told.output) == (code, True), (arguments, told.output)
        assert rows(shop.database_url, "SELECT number, kind FROM publications") == [(1, "folder")]
        assert (await makegood(shop, "publish", "--config", str(unlawful), "--force")).exit_code == 0


def test_what_editors_leave_beside_a_file_is_no_part_of_a_publication(tmp_path: Path) -> None:
    folder = config_copy(tmp_path, only=wheel(2))
    (folder / "campaigns" / ".#only.toml").symlink_to("ada@laptop.4711")
    (folder / "messages" / ".#fr.ftl").symlink_to("ada@laptop.4711")
    kept = publishing.draft_of(folder).files
    assert [name for name in kept if name.startswith("campaigns")] == ["campaigns/only.toml"]


def test_a_follow_that_is_none_is_refused() -> None:
    with pytest.raises(Exception, match=r'MAKEGOOD_FOLLOW is "git"; expected folder or published'):
        settings_for("postgresql://nobody@/nothing", MAKEGOOD_FOLLOW="git")
