"""Arms: shares are kept, shoppers stay where they are, and each arm is offered what it says and nothing else."""

from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from engine import campaigns
from engine.toml_files import ConfigError
from rewards.arms import Arm, arm_of
from tests.support import (
    Json,
    OpenShop,
    Shop,
    ask,
    balances,
    bearer,
    campaign,
    config_copy,
    person,
    problem,
    rows,
    slice_,
)

ARMS = (("wheel", 30), ("sure", 20), ("patience", 15), ("apology", 10), ("nothing", 10), ("holdout", 15))
PATIENCE = "[patience]\npoints_per_day = 1\n\n[[patience.milestone]]\npoints = 7\nreward = 'sample'\n"


def arm(name: str, percent: int, *more: str) -> str:
    return "\n".join(["", "[[arm]]", f'name = "{name}"', f"percent = {percent}", *more, ""])


def experiment(*arms: str, top: str = "") -> str:
    wheel = (slice_("discount-5", 3), slice_("discount-10", 1))
    return campaign(*wheel, "".join(arms), PATIENCE, top=top)


EVERY_ARM = experiment(*(arm(name, percent) for name, percent in ARMS))


# The split


def test_a_keyed_digest_falls_into_arms_as_wide_as_their_shares() -> None:
    arms = [Arm(name=name, percent=percent) for name, percent in ARMS]  # type: ignore[arg-type]  # names of arms
    drawn = Counter(arm_of(arms, sha256(str(number).encode()).digest()).name for number in range(100_000))
    observed = [drawn[name] for name, _percent in ARMS]  # type: ignore[index]  # as above
    assert stats.chisquare(observed, [percent * 1000 for _name, percent in ARMS]).pvalue > 0.001


def test_the_ends_of_the_digest_belong_to_the_first_and_last_arm() -> None:
    arms = [Arm(name="wheel", percent=1), Arm(name="holdout", percent=99)]
    assert arm_of(arms, bytes(32)).name == "wheel"
    assert arm_of(arms, b"\xff" * 32).name == "holdout"


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        ((arm("wheel", 45), arm("holdout", 50)), "`arm` percents add up to 95; all arms together"),
        ((arm("wheel", 50), arm("wheel", 50)), '`arm` "wheel" is given twice'),
        ((arm("wheel", 0), arm("holdout", 100)), "expected a number of at least 1, got 0"),
        ((arm("weel", 50), arm("holdout", 50)), 'unknown word "weel"; did you mean "wheel"?'),
        ((arm("wheel", 50, "reward = 'sample'"), arm("holdout", 50)), '`reward` is for the arm "sure" alone'),
        ((arm("sure", 50, "reward = 'sampel'"), arm("holdout", 50)), 'did you mean "sample"?'),
        ((arm("nothing", 50, "with_patience = true"), arm("holdout", 50)), "`with_patience` goes with the arms"),
    ],
)
def test_arms_that_make_no_experiment_are_refused_where_they_stand(
    arms: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as refused:
        campaigns.load(config_copy(tmp_path, one=experiment(*arms)))
    assert said in str(refused.value)
    assert str(refused.value).startswith("campaigns/one.toml:")
    assert not str(refused.value).startswith("campaigns/one.toml:1:")


def test_an_arm_of_waiting_needs_a_programme(tmp_path: Path) -> None:
    text = campaign(slice_("discount-5"), arm("patience", 50), arm("holdout", 50))
    with pytest.raises(ConfigError, match=r"offers waiting, and the campaign has no \[patience\]"):
        campaigns.load(config_copy(tmp_path, one=text))


def test_a_sure_reward_that_is_not_named_costs_what_a_spin_costs_on_average(tmp_path: Path) -> None:
    config = campaigns.load(config_copy(tmp_path, one=EVERY_ARM))
    version = config.versions[0]
    assert version.sure == "sure-one"
    assert version.liability_minor(version.sure) == (3 * 800 + 1 * 1500) // 4
    again = campaigns.Version.stored(version.body)
    assert (again.digest, again.sure) == (version.digest, version.sure)


def test_a_version_stored_before_a_setting_existed_keeps_its_digest(tmp_path: Path) -> None:
    version = campaigns.load(config_copy(tmp_path, one=campaign())).versions[0]
    older = version.body.replace(b'"arm":[],', b"")
    assert older != version.body
    assert campaigns.Version.stored(older).body == older


# What each arm is offered


async def _offer(shop: Shop, name: str) -> tuple[Any, Json]:
    """Report stockouts of fresh shoppers until one is in the arm."""
    for _ in range(200):
        shopper = await shop.report()
        offer = await shopper.offered()
        if offer["arm"] == name:
            return shopper, offer
    raise AssertionError(f"nobody of 200 is in {name}")


async def test_each_arm_is_offered_what_it_says_and_every_probability_is_stored(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    async with open_shop(config=config_copy(tmp_path, one=EVERY_ARM)) as shop:
        for name, percent in ARMS:
            shopper, offer = await _offer(shop, name)
            shown = {part for part in ("wheel", "patience", "sure") if offer.get(part)}
            assert shown == {name} & {"wheel", "patience", "sure"}
            stored = rows(shop.database_url, "SELECT arm, arm_probability FROM offers WHERE id = %s", offer["offer_id"])
            assert [(arm, float(probability)) for arm, probability in stored] == [(name, percent / 100)]
            if name != "wheel":
                problem(await shopper.spin(), 409, "no_wheel")
            if name != "patience":
                answer = await shopper.http.post("/v1/enrolments", headers=bearer(shopper.token), json={})
                problem(answer, 409, "not_eligible")
            if name != "sure":
                answer = await shopper.http.post("/v1/offer/accept", headers=bearer(shopper.token))
                problem(answer, 409, "no_sure_reward")
        balances(shop.database_url)


async def test_a_sure_reward_is_granted_once_and_paid_from_the_budget(open_shop: OpenShop, tmp_path: Path) -> None:
    text = experiment(arm("sure", 99, "reward = 'free-shipping'"), arm("holdout", 1))
    async with open_shop(config=config_copy(tmp_path, one=text)) as shop:
        shopper, offer = await _offer(shop, "sure")
        assert offer["sure"]["reward"] == "free-shipping"
        first = await shopper.http.post("/v1/offer/accept", headers=bearer(shopper.token))
        again = await shopper.http.post("/v1/offer/accept", headers=bearer(shopper.token))
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        assert (await shop.code(first.json()["code"])).json()["valid"]
        assert balances(shop.database_url)["one"].owed_minor == 690


async def test_every_spin_stores_the_probability_of_its_slice(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=config_copy(tmp_path, one=experiment())) as shop:
        spin = await (await shop.report()).won()
        weight, total = rows(
            shop.database_url, "SELECT slice_weight, total_weight FROM spins WHERE id = %s", spin["spin_id"]
        )[0]
        assert (weight, total) == ({"discount-5": 3, "discount-10": 1}[spin["slice"]], 4)


# Who stays where


async def test_another_device_of_a_shopper_and_one_who_was_forgotten_find_the_same_arm(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    async with open_shop(config=config_copy(tmp_path, one=EVERY_ARM)) as shop:
        for _ in range(8):
            shopper = person()
            first = await (await shop.report(shopper=shopper)).offered()
            phone = await (await shop.report(shopper=shopper, sku="MUG-03")).offered()
            await shop.erase(shopper["id"])
            returned = await (await shop.report(shopper=shopper)).offered()
            assert first["arm"] == phone["arm"] == returned["arm"]


async def test_changed_shares_move_nobody_who_has_an_arm(open_shop: OpenShop, tmp_path: Path) -> None:
    before = experiment(arm("nothing", 98), arm("apology", 1), arm("holdout", 1))
    after = experiment(arm("nothing", 1), arm("apology", 98), arm("holdout", 1))
    async with open_shop(config=config_copy(tmp_path, one=before)) as shop:
        known = person()
        arm_then = (await (await shop.report(shopper=known)).offered())["arm"]
        await shop.takes(config_copy(tmp_path, one=after))
        assert (await (await shop.report(shopper=known)).offered())["arm"] == arm_then
        kept = ask(
            shop.database_url,
            "SELECT count(DISTINCT arm_probability) FROM offers o JOIN shoppers s USING (subject)"
            " WHERE s.shopper_id = %s",
            known["id"],
        )
        assert kept == 1


async def test_who_had_the_wheel_before_the_experiment_is_drawn_into_it(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=config_copy(tmp_path, one=experiment())) as shop:
        known = [person() for _ in range(3)]
        for shopper in known:
            assert (await (await shop.report(shopper=shopper)).offered())["arm"] == "wheel"
        await shop.takes(config_copy(tmp_path, one=experiment(arm("wheel", 1), arm("holdout", 99))))
        arms = [(await (await shop.report(shopper=shopper)).offered())["arm"] for shopper in known]
        assert "holdout" in arms


async def test_a_spent_budget_closes_every_arm_alike(open_shop: OpenShop, tmp_path: Path) -> None:
    """Else the holdout would go on counting shoppers on days when the wheel does not."""
    text = campaign(slice_("discount-5"), arm("wheel", 1), arm("sure", 98), arm("holdout", 1), amount="16.00")
    async with open_shop(config=config_copy(tmp_path, one=text)) as shop:
        codes: list[str] = []
        for _ in range(12):
            answer = (await (await shop.report()).offer()).json()
            codes.append(answer["arm"] or answer["reasons"][0]["code"])
        assert "budget_spent" in codes
        first = codes.index("budget_spent")
        assert set(codes[first:]) == {"budget_spent"}
