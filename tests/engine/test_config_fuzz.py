"""Mutated config files: each loads or is refused with its file and line, and none ends in a traceback."""

import os
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine import campaigns
from engine.campaigns import Config, Version
from engine.cli.main import main
from engine.desk.lint import lint
from engine.toml_files import ConfigError, Problem

SHOP, REWARDS, CAMPAIGN = "shop.toml", "rewards.toml", "campaigns/always-on.toml"
# Every section and every key there is, so that no part of the loader is left out.
WHOLE = {
    SHOP: """name = "É"
currency = "EUR"
time_zone = "Europe/Paris"
locales = ["fr", "en"]  # two
allowed_origins = ["https://shop.example"]
jurisdiction = "EU"
reservation_minutes = 30
delivery_days = 5
low_stock = 5

[targets]
abandonment_change_percent = -15
csat_percent = 80
nps = 50
alternatives_change_percent = 10
alerts_change_percent = 10
complaints_change_percent = -20
margin_change_percent = 0

[limits]
token_per_minute = 30
shopper_per_minute = 60
address_per_minute = 600
key_per_minute = 6000
code_misses_per_minute = 60
""",
    REWARDS: """[discount-5]
kind = "percent_off"
percent = 5
liability = "8.00"
valid_days = 30
minimum_basket = "20.00"
stacks = false

[five-off]
kind = "amount_off"
amount = "5.00"
liability = "5.00"

["échantillon"]
kind = "sample"
sku = "S-1"
liability = "3.50"

[vip]
kind = "vip_access"
event = "Soirée"
on = 2027-06-18
valid_days = 365

[post]
kind = "free_shipping"
""",
    CAMPAIGN: """name = "Toujours là"
starts_on = 2026-01-01
ends_on = 2027-12-31
priority = 3
time_zone = "Europe/Paris"
offer_hours = 24
budget = { amount = "500.00", per = "day" }  # at most

[[eligibility]]
kind = "stage_in"
stages = ["in_cart", "ordered"]

[[eligibility]]
kind = "dates_between"
starts_on = 2026-01-01

[[eligibility]]
kind = "market_in"
markets = ["FR"]

[[eligibility]]
kind = "currency_in"
currencies = ["EUR"]

[[eligibility]]
kind = "cart_between"
currency = "EUR"
minor_min = 3000
minor_max = 90000

[[eligibility]]
kind = "skus"
include = ["LAMP-*"]
exclude = ["LAMP-1"]

[[eligibility]]
kind = "categories"
exclude = ["gift"]

[[eligibility]]
kind = "segments"
exclude = ["staff"]

[[eligibility]]
kind = "spins_at_most"
count = 1
window_days = 30

[[eligibility]]
kind = "awards_at_most"
minor = 5000
window_days = 30

[[eligibility]]
kind = "stockout_within"
hours = 48

[[eligibility]]
kind = "out_of_stock"

[[eligibility]]
kind = "not_backorderable"

[[eligibility]]
kind = "address_accepted"

[[eligibility]]
kind = "one_person_per_address"
window_days = 30

[[eligibility]]
kind = "when"
expression = "cart.total_minor >= 3000 && !('staff' in shopper.segments)"

[[wheel]]
reward = "discount-5"
weight = 40

[[wheel]]
slice = "small"
reward = "échantillon"
weight = 10
stock = 20
when_gone = "discount-5"

[patience]
points_per_day = 1
starter_points = 2
days_max = 60
delay_bonus_points = 3
delay_bonuses_max = 3
points_expire_days = 90
hold_hours = 24
safety_stock = 0
hold_units_max = 5
with_wheel = "both"

[[patience.milestone]]
points = 7
surprise = [{ reward = "post", weight = 3 }, { reward = "vip", weight = 1 }]

[[patience.milestone]]
points = 21
reward = "five-off"

[[patience.spend]]
reward = "post"
points = 10

[[arm]]
name = "wheel"
percent = 40
with_patience = true

[[arm]]
name = "sure"
percent = 30
reward = "discount-5"

[[arm]]
name = "patience"
percent = 20

[[arm]]
name = "holdout"
percent = 10
""",
    "messages/en.ftl": """reward-discount-5 = 5% off
label-percent-off = { $percent }% off
-shop = Lueur
reason-too-many-spins = Not at { -shop } again.
widget-status =
    { $status ->
        [used] Used.
       *[other] Over.
    }
""",
    "messages/fr.ftl": "reward-discount-5 = 5 % de réduction\n",
}

# `make fuzz` mutates ten times as many.
FILES = int(os.environ.get("FUZZ_FILES", "5000"))
TOKENS = st.sampled_from(
    [
        *[
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "=",
            '"',
            "'",
            '"""',
            "\\",
            "#",
            ".",
            ",",
            "\n",
            "\r\n",
            "\t",
            "\x00",
            "é",
            "😀",
            "-",
        ],
        *["true", "nan", "-inf", "1e999", "0x" + "f" * 40, "9" * 30, "-1", "0", "2026-02-30", "2026-11-01", "12:00:00"],
        *[
            "kind",
            "weight",
            "reward",
            "wheel",
            "eligibility",
            "when_gone",
            "patience",
            "milestone",
            "[[wheel]]\n",
            "[a.b]\n",
        ],
        *[
            '"EUR"',
            '"discount-5"',
            '"échantillon"',
            "{ $x }",
            "{ -shop }",
            "*[other]",
            "->",
            "->\n",
            "cart.",
            "size(",
            "\\u0000",
        ],
    ]
)
PIECES = st.one_of(TOKENS, st.text(max_size=12)).map(str.encode) | st.binary(max_size=6)
VALUES = st.sampled_from(
    [
        *(
            '""',
            '"x"',
            '"8.00"',
            '"-1"',
            '"0.001"',
            "0",
            "1",
            "-1",
            "101",
            "1_000_000_000",
            "9223372036854775808",
            "1.5",
        ),
        *("true", "[]", "[[]]", "{}", '[""]', "[1, 2]", "2026-11-01", "2026-11-01T08:00:00Z", "08:00:00", "nan", "inf"),
        *('"discount-5"', '"vip"', '"wheel"', '"patience"', '"sure"', '"EUR"', '"JPY"', '"Mars/Olympus"', '"day"'),
        *('"cart.total_minor > "', '"true"', '"1/0 > 0"', '"stockout.at"', '{ amount = "1.00", per = "day" }'),
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, bytes]:
    """One file of the whole folder, mutated in one to four places: bytes, lines or values."""
    # The campaign is the longest, and the one that marketers edit.
    name = draw(st.sampled_from([CAMPAIGN, CAMPAIGN, CAMPAIGN, *sorted(WHOLE)]))
    content = WHOLE[name].encode()
    for _ in range(draw(st.integers(1, 4))):
        content = draw(st.sampled_from([_bytes, _bytes, _lines, _values, _values]))(draw, content)
    return name, content


def _bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Cut pieces out, put pieces in, replace or double them."""
    start = draw(st.integers(0, len(content)))
    end = min(start + draw(st.sampled_from([0, 0, 1, 2, 5, 20, 60])), len(content))
    return content[:start] + draw(st.one_of(PIECES, st.just(content[start : start + 40] * 2))) + content[end:]


def _lines(draw: st.DrawFn, content: bytes) -> bytes:
    """Drop a line, double it, or move it elsewhere: a key of one section lands in another."""
    lines = content.split(b"\n")
    at, to = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    kept = lines[:at] + lines[at + 1 :] if draw(st.booleans()) else lines
    return b"\n".join([*kept[:to], lines[at], *kept[to:]] if draw(st.booleans()) else kept)


def _values(draw: st.DrawFn, content: bytes) -> bytes:
    """Give a key another value, of any type."""
    lines = content.split(b"\n")
    keys = [place for place, line in enumerate(lines) if b" = " in line]
    if not keys:
        return content
    at = draw(st.sampled_from(keys))
    lines[at] = lines[at].partition(b" = ")[0] + b" = " + draw(VALUES).encode()
    return b"\n".join(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fuzz")
    for name, text in WHOLE.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    return made


def test_the_folder_that_is_mutated_is_sound_and_uses_every_setting(folder: Path) -> None:
    problems, config = problems_of(folder)
    assert (problems, config is None) == ([], False)
    assert config is not None
    version = config.versions[0]
    kinds = {type(rule) for rule in version.campaign.eligibility}
    assert {one.__struct_config__.tag for one in kinds} >= {"when", "skus", "segments", "awards_at_most"}
    for struct, text in (
        *((type(one), WHOLE[CAMPAIGN]) for one in (version.campaign, version.patience, *version.campaign.arm)),
        *((type(one), WHOLE[SHOP]) for one in (config.shop, config.shop.targets, config.shop.limits)),
        *((type(one), WHOLE[REWARDS]) for one in config.rewards.values()),
    ):
        assert [name for name in struct.__struct_fields__ if name not in text] == [], struct


@settings(max_examples=FILES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=mutations())
@example(changed=(CAMPAIGN, WHOLE[CAMPAIGN].replace("percent = 40", "percent = 41").encode()))
@example(changed=(CAMPAIGN, WHOLE[CAMPAIGN].replace("percent = 40", "percent = 99999999999999999999").encode()))
@example(changed=(CAMPAIGN, b"[" * 2000))
@example(changed=(CAMPAIGN, b"a." * 4000 + b"b = 1"))
@example(changed=("messages/en.ftl", b"x = " + b"{ " * 3000))
def test_any_file_loads_or_says_where_it_is_wrong(folder: Path, changed: tuple[str, bytes]) -> None:
    name, content = changed
    (folder / name).write_bytes(content)
    try:
        problems, config = problems_of(folder)
        for problem in problems:
            assert (folder / problem.file).exists()
            assert 1 <= problem.line <= (folder / problem.file).read_bytes().count(b"\n") + 1
            assert problem.column >= 1
            assert str(problem).isprintable()
        if config is not None:
            serves(config)
            assert all(str(finding).isprintable() for finding in lint(config, folder, today=date(2026, 11, 22)))
        assert (config is None) == bool(problems)
    finally:
        (folder / name).write_text(WHOLE[name], encoding="utf-8")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=mutations())
def test_the_command_says_the_same_without_a_traceback(folder: Path, changed: tuple[str, bytes]) -> None:
    name, content = changed
    (folder / name).write_bytes(content)
    try:
        told = CliRunner().invoke(main, ["check", "--config", str(folder)], env={"MAKEGOOD_CONFIG": ""})
        assert told.exit_code in {0, 1, 2}
        assert "Traceback" not in told.output
        assert told.exception is None or isinstance(told.exception, SystemExit)
    finally:
        (folder / name).write_text(WHOLE[name], encoding="utf-8")


def problems_of(folder: Path) -> tuple[list[Problem], Config | None]:
    try:
        return [], campaigns.load(folder)
    except ConfigError as error:
        return error.problems, None


def serves(config: Config) -> None:
    """Touch everything a request would: what is called sound must serve."""
    for version in config.versions:
        assert Version.stored(version.body).digest == version.digest
        assert version.table.total_weight >= 1
        assert version.floor_minor <= version.needed_minor <= version.campaign.budget.amount
        for messages in config.messages.values():
            for reward in version.snapshot.rewards:
                assert messages.label(reward, version.reward(reward), version.currency)
            for message in messages.patterns:
                messages.text(message)
    assert config.digest
