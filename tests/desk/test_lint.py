"""The linter: each finding is named, placed, explained and mended, and the default config has none."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import campaigns
from engine.cli.main import main
from engine.desk.lint import Finding, lint
from engine.desk.rules_text import rules_text
from engine.settings import ROOT
from tests.desk.test_arms import arm, experiment
from tests.support import campaign, config_copy, edit, slice_

TODAY = date(2026, 11, 22)
FIRST, SECOND = slice_("discount-5", 90), slice_("discount-10", 10)


def findings(folder: Path) -> list[Finding]:
    return lint(campaigns.load(folder), folder, today=TODAY)


def named(folder: Path, code: str) -> Finding:
    found = [one for one in findings(folder) if one.code == code]
    assert found, [str(one) for one in findings(folder)]
    assert found[0].message
    assert found[0].mend
    return found[0]


def check(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["check", "--config", str(folder), *more])


def test_the_default_config_has_no_finding() -> None:
    assert findings(ROOT / "config") == []
    assert check(ROOT / "config", "--strict").exit_code == 0


def test_the_default_config_as_an_experiment_has_none_either(tmp_path: Path) -> None:
    folder = config_copy(tmp_path)
    with (folder / "campaigns" / "always-on.toml").open("a") as file:
        file.write(arm("wheel", 50) + arm("sure", 40) + arm("holdout", 10))
    assert findings(folder) == []


ODD: dict[str, tuple[str, str]] = {
    "weights of 97": (campaign(slice_("discount-5", 87), SECOND), "odds-sum"),
    "no stock at all": (campaign(FIRST, slice_("sample", 10, 0, "free-shipping")), "never-seen"),
    "one in millions": (campaign(slice_("discount-5", 99_999_999), slice_("discount-10", 1)), "never-seen"),
    "dearer than the budget": (
        campaign(FIRST, slice_("discount-20", 10, None, "discount-5"), amount="20.00"),
        "never-seen",
    ),
    "over already": (campaign(FIRST, SECOND, top="ends_on = 2026-01-31"), "never-seen"),
    "an experiment without a wheel": (experiment(arm("nothing", 50), arm("holdout", 50)), "never-seen"),
    "a day's budget in a few spins": (campaign(FIRST, SECOND, amount="50.00"), "budget-in-few-spins"),
    "a month's budget likewise": (campaign(FIRST, SECOND, amount="1500.00", per="month"), "budget-in-few-spins"),
    "a basket nobody may have": (
        campaign(FIRST, slice_("discount-20", 10), rules=['kind = "cart_between"\ncurrency = "EUR"\nminor_max = 1000']),
        "cannot-be-used",
    ),
    "points out of reach": (
        campaign(FIRST, SECOND, "[patience]\ndays_max = 5\n\n[[patience.milestone]]\npoints = 9\nreward = 'sample'\n"),
        "never-reached",
    ),
    "no holdout": (experiment(arm("wheel", 50), arm("apology", 50)), "no-holdout"),
    "a sure reward of another cost": (
        experiment(arm("wheel", 40), arm("sure", 40, "reward = 'discount-20'"), arm("holdout", 20)),
        "sure-not-equal",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_does_not_do_what_it_says_is_found_where_it_stands(name: str, tmp_path: Path) -> None:
    text, code = ODD[name]
    found = named(config_copy(tmp_path, one=text), code)
    assert found.file == "campaigns/one.toml"
    assert found.line > 1
    assert found.level in {"warning", "note"}


def test_stock_limits_what_can_use_up_a_budget_as_the_mend_promises(tmp_path: Path) -> None:
    """Of 500.00 a day: 16 wins of 30.00, or 2 of them and 55 of 8.00, or all of 1.50 but for those 2."""

    def folder(units: int | None, liability: str) -> Path:
        copy = config_copy(
            tmp_path, one=campaign(FIRST, slice_("discount-20", 10, units, "discount-5"), amount="500.00")
        )
        edit(copy / "rewards.toml", 'liability = "8.00"', f'liability = "{liability}"')
        return copy

    assert named(folder(None, "8.00"), "budget-in-few-spins").message.startswith("16 spins that win 30.00 EUR can")
    some = named(folder(2, "8.00"), "budget-in-few-spins").message
    assert some.startswith("57 spins that win 8.00 EUR to 30.00 EUR can use up a day's budget")
    assert not [one for one in findings(folder(2, "1.50")) if one.code == "budget-in-few-spins"]


def test_what_is_dearer_than_the_whole_budget_uses_up_none_of_it(tmp_path: Path) -> None:
    one = campaign(FIRST, slice_("discount-20", 10, None, "discount-5"), amount="20.00")
    assert named(config_copy(tmp_path, one=one), "budget-in-few-spins").message.startswith("2 spins that win 8.00 EUR")


def test_two_campaigns_that_can_both_say_yes_overlap(tmp_path: Path) -> None:
    early = campaign(FIRST, SECOND, rules=['kind = "market_in"\nmarkets = ["FR", "BE"]'])
    late = campaign(FIRST, SECOND, rules=['kind = "market_in"\nmarkets = ["BE", "NL"]'])
    apart = campaign(FIRST, SECOND, rules=['kind = "market_in"\nmarkets = ["DE"]'])
    assert named(config_copy(tmp_path, early=early, late=late), "overlap").file == "campaigns/late.toml"
    assert not [one for one in findings(config_copy(tmp_path, early=early, apart=apart)) if one.code == "overlap"]
    over = campaign(FIRST, SECOND, top="ends_on = 2026-01-31")
    assert not [one for one in findings(config_copy(tmp_path, early=early, over=over)) if one.code == "overlap"]


def test_a_campaign_behind_one_that_takes_everybody_is_told_that_nobody_will_see_it(tmp_path: Path) -> None:
    first, second = campaign(FIRST, SECOND, priority=5), campaign(FIRST, SECOND)
    found = named(config_copy(tmp_path, first=first, second=second), "overlap")
    assert (found.file, found.level) == ("campaigns/second.toml", "warning")
    assert re.search(r'overlaps "first", which is asked first .* nobody will see this one', found.message)


def test_a_code_that_is_over_before_it_can_be_used_is_found(tmp_path: Path) -> None:
    folder = config_copy(tmp_path)
    edit(folder / "rewards.toml", 'liability = "8.00"\nvalid_days = 30', 'liability = "8.00"\nvalid_days = 2')
    found = named(folder, "cannot-be-used")
    assert (found.file, "a delivery takes 5" in found.message) == ("rewards.toml", True)
    early = config_copy(tmp_path)
    edit(early / "rewards.toml", 'liability = "25.00"\nvalid_days = 365', 'liability = "25.00"\nvalid_days = 30')
    assert str(TODAY + timedelta(days=30)) in named(early, "cannot-be-used").message


def test_an_event_that_is_over_is_found_where_waiting_gives_it(tmp_path: Path) -> None:
    folder = config_copy(tmp_path)
    edit(folder / "rewards.toml", "2027-06-25", "2026-11-21")
    found = named(folder, "cannot-be-used")
    assert found.message == '"early-access" is for 2026-11-21, which is over'
    lines = (folder / found.file).read_text().splitlines()
    assert lines[found.line : found.line + 2] == ["points = 21", 'reward = "early-access"']


def test_one_is_not_told_as_many(tmp_path: Path) -> None:
    folder = config_copy(tmp_path)
    edit(folder / "rewards.toml", 'liability = "8.00"\nvalid_days = 30', 'liability = "8.00"\nvalid_days = 1')
    edit(folder / "campaigns" / "always-on.toml", "offer_hours = 24", "offer_hours = 1")
    edit(folder / "campaigns" / "always-on.toml", 'amount = "250000.00"', 'amount = "40.00"')
    assert '"discount-5" is valid for 1 day, and a delivery takes 5 days' in named(folder, "cannot-be-used").message
    assert named(folder, "budget-in-few-spins").message.startswith("1 spin that wins 30.00 EUR")
    for locale, valid, hours in (
        ("en", "Valid for 1 day.", "You have 1 hour to spin"),
        ("fr", "Valable 1 jour.", "Vous avez 1 heure pour"),
    ):
        config = campaigns.load(folder)
        said = rules_text(config, config.versions[0], config.messages[locale])
        assert valid in said
        assert hours in said
        assert not re.search(r"\b1 (days|hours|points|times|jours|heures)\b", said)


def test_a_sentence_one_language_lacks_is_found(tmp_path: Path) -> None:
    folder = config_copy(tmp_path)
    edit(folder / "messages" / "fr.ftl", "widget-spin = ", "widget-spinn = ")
    said = {one.file: one.message for one in findings(folder) if one.code == "missing-message"}
    assert said == {"messages/fr.ftl": "has no widget-spin", "messages/en.ftl": "has no widget-spinn"}


# The law


ORDERED = ('kind = "stage_in"\nstages = ["ordered"]', 'kind = "when"\nexpression = "stockout.stage == \'ordered\'"')
CONSENT = (
    'kind = "segments"\ninclude = ["newsletter"]',
    'kind = "when"\nexpression = "\'opt-in\' in shopper.segments"',
)
LEVELS = {
    "purchase-required": {"FR": "error", "US": "error", "UK": "warning", "EU": "warning"},
    "bundled-consent": {"FR": "error", "US": "warning", "UK": "error", "EU": "error"},
    "hidden-odds": {"FR": "error", "US": "error", "UK": "error", "EU": "error"},
}


@pytest.mark.parametrize("jurisdiction", ["FR", "EU", "UK", "US"])
@pytest.mark.parametrize("term", LEVELS)
def test_terms_are_judged_by_the_profile_of_the_shop(tmp_path: Path, term: str, jurisdiction: str) -> None:
    for number in (0, 1):
        rule = {"purchase-required": ORDERED, "bundled-consent": CONSENT}.get(term)
        folder = config_copy(tmp_path, one=campaign(FIRST, SECOND, rules=[rule[number]] if rule else []))
        edit(folder / "shop.toml", 'jurisdiction = "FR"', f'jurisdiction = "{jurisdiction}"')
        if term == "hidden-odds":
            edit(folder / "messages" / "en.ftl", "{ $label }: { $part } in { $whole } ({ $percent })", "{ $label }")
        found = named(folder, term)
        assert found.level == LEVELS[term][jurisdiction]
        assert jurisdiction in found.message
        assert check(folder).exit_code == (1 if found.level == "error" else 0)
        assert check(folder, "--strict").exit_code == 1


def test_stages_that_leave_only_orders_together_want_a_purchase(tmp_path: Path) -> None:
    rules = [f'kind = "stage_in"\nstages = ["ordered", "{other}"]' for other in ("in_cart", "viewed")]
    found = named(config_copy(tmp_path, one=campaign(FIRST, SECOND, rules=rules)), "purchase-required")
    alone = named(config_copy(tmp_path, one=campaign(FIRST, SECOND, rules=[ORDERED[0]])), "purchase-required")
    assert found.line > alone.line, "the second condition is the one that shuts the others out"


def test_consent_at_the_button_is_found_in_any_language(tmp_path: Path) -> None:
    folder = config_copy(tmp_path)
    edit(folder / "messages" / "fr.ftl", "widget-spin = ", "widget-spin = M’inscrire à la newsletter et ")
    found = named(folder, "bundled-consent")
    lines = (folder / "messages" / "fr.ftl").read_text().splitlines()
    assert lines[found.line - 1].startswith("widget-spin = M’inscrire")


def test_who_may_not_take_part_by_consent_is_no_bundling(tmp_path: Path) -> None:
    rule = 'kind = "segments"\nexclude = ["newsletter"]'
    assert not [
        one
        for one in findings(config_copy(tmp_path, one=campaign(FIRST, SECOND, rules=[rule])))
        if one.code.startswith("bundled")
    ]


WAYS_TO_ASK = {
    "purchase-required": (
        "stockout.stage in ['ordered']",
        "'ordered' == stockout.stage && cart.total_minor >= 3000",
        "stockout.stage != 'viewed' && stockout.stage != 'saved' && stockout.stage != 'in_cart'",
    ),
    "bundled-consent": (
        "'newsletter' in shopper.segments && !('staff' in shopper.segments)",
        "shopper.segments.exists(s, s == 'opt-in') && stockout.market == 'FR'",
    ),
}
OTHER_WAYS_IN = (
    "stockout.stage == 'ordered' || stockout.stage == 'in_cart'",
    "stockout.stage != 'ordered'",
    "stockout.stage == 'ordered' || cart.total_minor > 5000",
    "'newsletter' in shopper.segments || cart.total_minor >= 3000",
    "!('newsletter' in shopper.segments)",
    "cart.total_minor >= 3000 && !('staff' in shopper.segments)",
)


@pytest.mark.parametrize(("term", "asked"), [(term, asked) for term, each in WAYS_TO_ASK.items() for asked in each])
def test_a_free_condition_is_judged_by_whom_it_lets_in_however_it_is_written(
    tmp_path: Path, term: str, asked: str
) -> None:
    rule = f'kind = "when"\nexpression = "{asked}"'
    assert named(config_copy(tmp_path, one=campaign(FIRST, SECOND, rules=[rule])), term).level == "error"


@pytest.mark.parametrize("asked", OTHER_WAYS_IN)
def test_a_free_condition_with_another_way_in_asks_for_nothing_unlawful(tmp_path: Path, asked: str) -> None:
    rule = f'kind = "when"\nexpression = "{asked}"'
    found = findings(config_copy(tmp_path, one=campaign(FIRST, SECOND, rules=[rule])))
    assert not [one for one in found if one.level == "error"]


NEVER: dict[str, tuple[list[str], int]] = {
    "bounds that contradict": (["cart.total_minor > 5000 && cart.total_minor < 3000"], 0),
    "bounds in one go": (["cart.total_minor > 3000 && !(cart.total_minor >= 3001)"], 0),
    "a stage there is not": (["stockout.stage == 'bought'"], 0),
    "a currency that is none": (["cart.currency in ['euro', '€']"], 0),
    "no unit at all": (["stockout.quantity < 1"], 0),
    "more than any basket": (["cart.total_minor > 1000000000000"], 0),
    "in and out at once": (["'vip' in shopper.segments && !('vip' in shopper.segments)"], 0),
    "never": (["true", "false"], 1),
    "another kind of value": (["stockout.quantity == 'two'"], 0),
    "two that contradict": (["stockout.market == 'FR'", "stockout.sku == 'X'", "stockout.market != 'FR'"], 2),
    "a stage and a free condition": (["kind = 'stage_in'\nstages = ['saved']", "stockout.stage == 'viewed'"], 1),
    "two baskets": (
        [
            "kind = 'cart_between'\ncurrency = 'EUR'\nminor_min = 5000",
            "kind = 'cart_between'\ncurrency = 'EUR'\nminor_max = 3000",
        ],
        1,
    ),
    "two currencies": (
        ["kind = 'currency_in'\ncurrencies = ['GBP']", "kind = 'cart_between'\ncurrency = 'EUR'\nminor_min = 1"],
        1,
    ),
    "what is included is excluded": (["kind = 'skus'\ninclude = ['LAMP-*', 'VASE']\nexclude = ['LAMP*', 'V*']"], 0),
    "segments likewise": (
        [f"kind = 'segments'\ninclude = {[f's{n}' for n in range(9)]}\nexclude = {[f's{n}' for n in range(9)]}"],
        0,
    ),
    "days that are over": (["kind = 'dates_between'\nends_on = 2026-01-31"], 0),
    "days apart": (
        [
            "kind = 'dates_between'\nstarts_on = 2026-12-01\nends_on = 2026-12-10",
            "kind = 'dates_between'\nstarts_on = 2026-12-11",
        ],
        1,
    ),
    "back-orders": (["kind = 'not_backorderable'", "stock.backorderable"], 1),
}
SOMEBODY = (
    ["cart.total_minor >= 3000 && !('staff' in shopper.segments)"],
    ["cart.total_minor >= 3000 && cart.total_minor <= 3000"],
    ["cart.currency == ''"],
    ["cart.total_minor > stockout.quantity", "stock.available < stockout.quantity"],
    ["stockout.sku < 'M'", "stockout.sku > 'A' && stockout.sku < 'C'"],
    ["stockout.sku.startsWith('LAMP') && stockout.sku.endsWith('38')"],
    ["now.getHours() >= 18", "spins >= 2", "cart.total_minor % 100 == 99", "size(shopper.segments) > 3"],
    ["stockout.market == 'FR' && stockout.sku == 'LAMP-38' && 'lighting' in stockout.categories"],
    ["'a' in shopper.segments && 'b' in shopper.segments && !('c' in shopper.segments)"],
    ["stockout.market == 'FR' || stockout.market == 'BE'", "stockout.market != 'FR'"],
    ["stock.available >= 3", "kind = 'out_of_stock'"],
    ["kind = 'skus'\ninclude = ['LAMP-*']\nexclude = ['LAMP-38', 'LAMP-']", "stockout.sku != 'LAMP-~'"],
    ["kind = 'dates_between'\nstarts_on = 2026-12-01", "kind = 'spins_at_most'\ncount = 1\nwindow_days = 30"],
    ["kind = 'categories'\ninclude = ['a*']\nexclude = ['ab']", "kind = 'segments'\nexclude = ['staff']"],
)


def _of(conditions: list[str]) -> str:
    rules = [one if one.startswith("kind") else f'kind = "when"\nexpression = "{one}"' for one in conditions]
    return campaign(FIRST, SECOND, rules=rules)


@pytest.mark.parametrize("name", NEVER)
def test_a_condition_nobody_can_ever_meet_is_found_where_it_stands(tmp_path: Path, name: str) -> None:
    conditions, place = NEVER[name]
    folder = config_copy(tmp_path, one=_of(conditions))
    found = named(folder, "never-met")
    line = (folder / found.file).read_text().splitlines()[found.line - 1]
    headings = (folder / found.file).read_text().splitlines()[: found.line].count("[[eligibility]]")
    assert (headings, found.level) == (place + 1, "warning"), line
    assert check(folder).exit_code == 0
    assert check(folder, "--strict").exit_code == 1


@pytest.mark.parametrize("conditions", SOMEBODY)
def test_conditions_that_somebody_may_meet_are_not_called_out_of_reach(tmp_path: Path, conditions: list[str]) -> None:
    found = findings(config_copy(tmp_path, one=_of(conditions)))
    assert [str(one) for one in found if one.code == "never-met"] == []


# For a CI


def test_json_says_all_of_it(tmp_path: Path) -> None:
    folder = config_copy(tmp_path, one=campaign(FIRST, SECOND, rules=[ORDERED[0]]))
    told = check(folder, "--format", "json")
    assert told.exit_code == 1
    body = json.loads(told.output)
    assert body["sound"]
    assert {"code", "level", "file", "line", "column", "message", "mend"} == set(body["findings"][0])
    edit(folder / "campaigns" / "one.toml", "weight = 90", "weight = 0")
    told = check(folder, "--format", "json")
    assert told.exit_code == 2
    assert json.loads(told.output)["problems"][0]["file"] == "campaigns/one.toml"


@pytest.mark.parametrize("name", ["rewards-summer", "summer"])
def test_a_second_file_of_rewards_is_refused(tmp_path: Path, name: str) -> None:
    folder = config_copy(tmp_path)
    (folder / f"{name}.toml").write_text('[sample]\nkind = "sample"\nsku = "S"\n')
    told = check(folder)
    assert told.exit_code == 2
    assert f'{name}.toml:1:1: defines "sample", which rewards.toml has too' in told.output


def test_another_tool_may_keep_its_file_beside_the_config(tmp_path: Path) -> None:
    folder = config_copy(tmp_path)
    (folder / "taplo.toml").write_text('[[rule]]\nkind = ["no", "reward"]\n')
    assert check(folder).exit_code == 0
