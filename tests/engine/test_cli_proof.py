"""`makegood verify` and `makegood explain`: what a shopper was given holds or does not, and why she got it."""

import asyncio
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from engine.cli.explain import explain_offer
from engine.cli.main import main
from engine.errors import NotFoundError
from engine.settings import ROOT, SettingsError
from rewards.odds import odds_text
from tests.support import OpenShop, Shop, campaign, config_copy, environment, slice_

CASES: list[dict[str, Any]] = json.loads((ROOT / "tests/golden/draw.json").read_text(encoding="utf-8"))["cases"]

Receipt = dict[str, Any]


def receipt_of(case: dict[str, Any]) -> Receipt:
    """What the shopper of a golden case would have been given."""
    total = sum(one["weight"] for one in case["slices"])
    slices = [{**one, "label": one["slice"], "odds": odds_text(one["weight"], total)} for one in case["slices"]]
    shared = {name: case[name] for name in ("table_digest", "commitment")}
    proof = {name: case[name] for name in ("offer_id", "server_seed", "client_seed", "round", "ticket")}
    total_weight = sum(one["weight"] for one in slices)
    return {
        "wheel": {"algorithm": "makegood/1", "total_weight": total_weight, "slices": slices, **shared},
        "spin": {
            **{name: case[name] for name in ("slice", "slice_index", "stop")},
            "award": {"reward": slices[case["slice_index"]]["reward"]},
            "proof": {"algorithm": "makegood/1", **shared, **proof},
        },
    }


def verify(receipt: object) -> Result:
    given = receipt if isinstance(receipt, bytes) else json.dumps(receipt).encode()
    return CliRunner().invoke(main, ["verify"], input=given)


# Verify


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_every_golden_spin_is_genuine(case: dict[str, Any]) -> None:
    told = verify(receipt_of(case))
    assert told.exit_code == 0, told.output
    assert "✗" not in told.output
    assert "Genuine: this spin could only stop on" in told.output


def test_a_receipt_may_hold_the_whole_offer_and_come_from_a_file(tmp_path: Path) -> None:
    receipt = receipt_of(CASES[0])
    offer = {"offer_id": CASES[0]["offer_id"], "eligible": True, "wheel": receipt["wheel"], "patience": None}
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps({"offer": offer, "spin": receipt["spin"]}), encoding="utf-8-sig")
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0
    path.write_text(json.dumps({"offer": offer | {"offer_id": str(uuid4())}, "spin": receipt["spin"]}))
    told = CliRunner().invoke(main, ["verify", str(path)])
    assert told.exit_code == 1
    assert "✗ offer_id" in told.output


def test_verify_needs_no_setting_and_no_database() -> None:
    command = [sys.executable, "-m", "engine.cli", "verify", "-"]
    given = json.dumps(receipt_of(CASES[0])).encode()
    told = subprocess.run(command, input=given, cwd=ROOT, env={"LANG": "C.UTF-8"}, capture_output=True, check=False)
    assert told.returncode == 0, told.stderr


def chained(receipt: Receipt, *rewards: str) -> Receipt:
    """Let the drawn slice's reward be replaced by each of `rewards` in turn, as other slices show."""
    drawn = receipt["wheel"]["slices"][receipt["spin"]["slice_index"]]
    others = [one for one in receipt["wheel"]["slices"] if one is not drawn]
    for one, (reward, following) in zip(
        [drawn, *others], zip([drawn["reward"], *rewards], rewards, strict=False), strict=False
    ):
        assert one["reward"] == reward
        one["when_gone"] = {"reward": following, "label": following}
    return receipt


def test_a_reward_that_the_wheel_had_announced_as_a_replacement_holds() -> None:
    receipt = receipt_of(CASES[0])
    first, second = (one["reward"] for one in receipt["wheel"]["slices"][:2])
    chained(receipt, first, second)
    for awarded in (first, second):
        receipt["spin"]["award"]["reward"] = awarded
        told = verify(receipt)
        assert told.exit_code == 0, told.output
        assert f"was gone; “{awarded}” replaces it, as the wheel had said" in " ".join(told.output.split())
    receipt["spin"]["award"]["reward"] = "nothing-announced"
    assert "✗ award" in verify(receipt).output


def put(*path: str | int, value: object) -> Callable[[Receipt], None]:
    def change(receipt: Receipt) -> None:
        place: Any = receipt
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("tamper", "caught_by"),
    [
        (put("spin", "proof", "server_seed", value="00" * 32), "commitment"),
        (put("wheel", "commitment", value="00" * 32), "commitment"),
        (put("spin", "proof", "commitment", value="00" * 32), "proof_commitment"),
        (put("spin", "proof", "table_digest", value="00" * 32), "table_digest"),
        (put("wheel", "table_digest", value="00" * 32), "shown_digest"),
        (put("wheel", "slices", 0, "weight", value=41), "table_digest"),
        (put("wheel", "slices", 0, "odds", value="0.9"), "odds"),
        (put("wheel", "total_weight", value=1), "total_weight"),
        (put("wheel", "algorithm", value="makegood/2"), "algorithm"),
        (put("spin", "proof", "client_seed", value="another"), "ticket"),
        (put("spin", "proof", "round", value=1), "round"),
        (put("spin", "proof", "ticket", value=0), "ticket"),
        (put("spin", "slice_index", value=99), "slice"),
        (put("spin", "slice_index", value=-1), "slice"),
        (put("spin", "slice", value="vip-evening"), "slice_name"),
        (put("spin", "stop", value="0.91532233"), "stop"),
        (put("spin", "award", "reward", value="vip-evening"), "award"),
        (put("client_seed", value="the seed that was sent"), "client_seed"),
        (put("offer_id", value="another"), "offer_id"),
    ],
)
def test_a_tampered_receipt_is_not_genuine(tamper: Callable[[Receipt], None], caught_by: str) -> None:
    receipt = copy.deepcopy(receipt_of(CASES[0]))
    tamper(receipt)
    told = verify(receipt)
    assert told.exit_code == 1, told.output
    assert f"✗ {caught_by}\n" in told.output
    assert "Not genuine" in told.output


SOUND = receipt_of(CASES[0])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b'{"spin":' * 100_000, "it is not JSON"),
        (b"[]", "the whole: expected `object`"),
        ({}, "`spin` is missing"),
        ({"spin": SOUND["spin"]}, "`wheel` is missing"),
        ({"wheel": SOUND["wheel"]}, "`spin` is missing"),
        ({**SOUND, "spin": {**SOUND["spin"], "proof": {}}}, "`spin.proof.algorithm` is missing"),
        ({**SOUND, "spin": {**SOUND["spin"], "award": {}}}, "`spin.award.reward` is missing"),
        ({**SOUND, "wheel": {**SOUND["wheel"], "slices": []}}, "a wheel has 1 to 64 slices, not 0"),
        ({**SOUND, "wheel": {**SOUND["wheel"], "slices": SOUND["wheel"]["slices"] * 2}}, "have the same name"),
        ({**SOUND, "wheel": {**SOUND["wheel"], "slices": "many"}}, "`wheel.slices`: expected `array`"),
        ({"offer": {"offer_id": "x", "wheel": None}, "spin": SOUND["spin"]}, "`offer.wheel`: expected `object`"),
    ],
)
def test_what_is_no_receipt_is_told_by_what_it_lacks(given: object, says: str) -> None:
    told = verify(given)
    assert told.exit_code == 2, told.output
    assert "this is not the receipt of a spin: " in told.stderr
    assert says in told.stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("spin", "proof", "server_seed", value="zz"), "`spin.proof.server_seed`"),
        (put("spin", "proof", "client_seed", value="é"), "`spin.proof.client_seed`"),
        (put("spin", "proof", "algorithm", value="makegood/2"), "this verifies makegood/1"),
        (put("wheel", "slices", 0, "weight", value=0), "`wheel.slices[0].weight`"),
        (put("wheel", "slices", 0, "weight", value=10**9), "add up to"),
    ],
)
def test_a_value_that_is_not_of_its_form_is_named(change: Callable[[Receipt], None], says: str) -> None:
    receipt = copy.deepcopy(SOUND)
    change(receipt)
    told = verify(receipt)
    assert told.exit_code == 2
    assert says in told.stderr


def test_replacements_that_go_round_are_no_wheel() -> None:
    receipt = receipt_of(CASES[0])
    drawn = receipt["wheel"]["slices"][receipt["spin"]["slice_index"]]
    drawn["when_gone"] = {"reward": drawn["reward"], "label": ""}
    told = verify(receipt)
    assert told.exit_code == 2
    assert "go round" in told.stderr


async def test_a_real_spin_is_genuine_from_what_its_shopper_was_given(shop: Shop) -> None:
    shopper = await shop.report()
    offer = await shopper.offered()
    spin = (await shopper.spin("bonjour")).json()
    told = await asyncio.to_thread(verify, {"offer": offer, "spin": spin, "client_seed": "bonjour"})
    assert told.exit_code == 0, told.output


# Explain


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Shop], None]:
    """What puts the command where a shop's database is."""

    def at(shop: Shop) -> None:
        for name, value in environment(shop.database_url).items():
            monkeypatch.setenv(name, value)

    return at


async def test_a_refusal_is_told_with_every_reason_and_every_fact(
    shop: Shop, at: Callable[[Shop], None], capsys: pytest.CaptureFixture[str]
) -> None:
    shopper = await shop.report(stage="viewed", cart={"total_minor": 100, "currency": "EUR"})
    offer = (await shopper.offer()).json()
    at(shop)
    await explain_offer(offer["offer_id"])
    told = capsys.readouterr().out
    for word in (shopper.id, shopper.stockout_id, "LAMP-38", "always-on", "refused", "no wheel"):
        assert word in told
    assert "stage_not_covered  viewed is not one of in_cart, ordered" in told
    for reason in offer["reasons"]:
        assert reason["code"] in told
        assert f"the shopper read: {reason['message']}" in told.replace("\n", " ").replace("  ", " ")
    facts = dict(line.split(maxsplit=1) for line in told.partition("What it saw")[2].strip().splitlines())
    assert facts["stockout.stage"].strip() == "viewed"
    assert facts["cart.total_minor"].strip() == "100"
    assert facts["shopper.segments"].strip() == "vip"


async def test_a_spin_is_told_with_its_award_its_code_and_its_order(
    shop: Shop, at: Callable[[Shop], None], capsys: pytest.CaptureFixture[str]
) -> None:
    shopper = await shop.report()
    offer = await shopper.offered()
    spin = (await shopper.spin("bonjour")).json()
    held = await shop.reserved(spin["award"]["code"], "order-7", cart={"total_minor": 6000, "currency": "EUR"})
    at(shop)
    await explain_offer(offer["offer_id"])
    told = capsys.readouterr().out
    assert "eligible for the wheel" in told
    assert "seed 'bonjour'" in told
    slice_ = next(one for one in offer["wheel"]["slices"] if one["slice"] == spin["slice"])
    odds = f"{slice_['weight']} in {offer['wheel']['total_weight']}"
    assert f"{spin['slice']}, {odds}, ticket {spin['proof']['ticket']}, stop {spin['stop']}" in told
    assert spin["award"]["award_id"] in told
    assert "code          reserved, valid until" in told
    assert f"order-7: reserved, {held['discount_minor'] / 100:.2f} EUR off" in told
    assert spin["award"]["code"] not in told  # a code is the shopper's, and a terminal is not


async def test_an_erased_shopper_has_no_name_any_more(
    shop: Shop, at: Callable[[Shop], None], capsys: pytest.CaptureFixture[str]
) -> None:
    shopper = await shop.report()
    offer = await shopper.offered()
    await shopper.spin()
    assert (await shop.erase(shopper.id)).status_code == 204
    at(shop)
    await explain_offer(offer["offer_id"])
    told = capsys.readouterr().out
    assert shopper.id not in told
    assert "erased" in told
    assert "void" in told


async def test_an_open_offer_is_told_as_not_spun_yet_whatever_the_config_is_today(
    open_shop: OpenShop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: Callable[[Shop], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = config_copy(tmp_path, wheel=campaign(slice_("sample"), rules=['kind = "stage_in"\nstages = ["in_cart"]']))
    async with open_shop(config=config) as shop:
        open_offer = await (await shop.report()).offered()
        refused = (await (await shop.report(stage="saved")).offer()).json()
        (config / "shop.toml").unlink()
        at(shop)
        monkeypatch.setenv("MAKEGOOD_CONFIG", str(config))
        await explain_offer(open_offer["offer_id"])
        await explain_offer(refused["offer_id"])
    told = capsys.readouterr()
    assert "not taken yet" in told.out
    assert "stage_not_covered" in told.out
    assert "the shopper read" not in told.out
    assert "the config is not sound just now" in told.err


async def test_an_unknown_offer_is_a_sentence(shop: Shop, at: Callable[[Shop], None]) -> None:
    at(shop)
    with pytest.raises(NotFoundError, match="there is no offer"):
        await explain_offer(str(uuid4()))


async def test_a_database_without_migrations_is_a_sentence(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(empty_database_url).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="run `makegood migrate`"):
        await explain_offer(str(uuid4()))


def test_an_id_that_is_none_is_refused_by_the_command_line() -> None:
    assert CliRunner().invoke(main, ["explain", "nope"]).exit_code == 2
