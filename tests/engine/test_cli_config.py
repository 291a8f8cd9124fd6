"""`makegood check` and `makegood odds`: whatever the files hold, a marketer reads what is wrong, and where."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import campaigns
from engine.cli.config import amount_text, one_in_text, percent_text
from engine.cli.main import main
from engine.settings import ROOT
from engine.toml_files import Problem, nearest
from tests.support import campaign, config_copy, free_port, slice_

CAMPAIGN = "campaigns/always-on.toml"
REWARDS = "rewards.toml"
SHOP = "shop.toml"
ENGLISH = "messages/en.ftl"

# A folder of every kind of file, small enough to be read some hundred times.
SMALL = {
    SHOP: 'name = "É"\ncurrency = "EUR"\ntime_zone = "Europe/Paris"\nlocales = ["fr", "en"]  # two\n'
    'allowed_origins = ["https://shop.example"]\n\n[limits]\nshopper_per_minute = 60\n',
    REWARDS: '[discount-5]\nkind = "percent_off"\npercent = 5\nliability = "8.00"\n\n'
    '[five-off]\nkind = "amount_off"\namount = "5.00"\nliability = "5.00"\n\n'
    '["échantillon"]\nkind = "sample"\nsku = "S-1"\nliability = "3.50"\n\n'
    '[vip]\nkind = "vip_access"\nevent = "Soirée"\non = 2027-06-18\n\n[post]\nkind = "free_shipping"\n',
    CAMPAIGN: 'name = "Toujours là"\nstarts_on = 2026-01-01\nbudget = { amount = "500.00", per = "day" }  # at most\n\n'
    '[[eligibility]]\nkind = "stage_in"\nstages = ["in_cart", "ordered"]\n\n'
    '[[eligibility]]\nkind = "cart_between"\ncurrency = "EUR"\nminor_min = 3000\n\n'
    '[[eligibility]]\nkind = "when"\nexpression = "cart.total_minor >= 3000 && !(\'staff\' in shopper.segments)"\n\n'
    '[[wheel]]\nreward = "discount-5"\nweight = 40\n\n'
    '[[wheel]]\nreward = "échantillon"\nweight = 10\nstock = 20\nwhen_gone = "discount-5"\n\n'
    "[patience]\npoints_per_day = 1\n\n[[patience.milestone]]\npoints = 7\n"
    'surprise = [{ reward = "post", weight = 3 }, { reward = "vip", weight = 1 }]\n\n'
    '[[arm]]\nname = "wheel"\npercent = 90\n\n[[arm]]\nname = "holdout"\npercent = 10\n',
    ENGLISH: "reward-discount-5 = 5% off\nlabel-percent-off = { $percent }% off\n-shop = Lueur\n"
    "reason-too-many-spins = Not at { -shop } again.\nwidget-status =\n    { $status ->\n        [used] Used.\n"
    "       *[other] Over.\n    }\n",
    "messages/fr.ftl": "reward-discount-5 = 5 % de réduction\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"MAKEGOOD_CONFIG": ""})


def check(folder: Path) -> Result:
    return invoke("check", "--config", str(folder))


# A sound folder


def test_the_default_config_is_sound_and_counted() -> None:
    config = campaigns.load(ROOT / "config")
    told = check(ROOT / "config")
    assert told.exit_code == 0
    assert told.output == f"config is sound: 1 campaign, {len(config.rewards)} rewards, locales fr, en\n"


def test_the_folder_comes_from_the_environment_too(tmp_path: Path) -> None:
    folder = config_copy(tmp_path, one=campaign(), two=campaign())
    told = CliRunner().invoke(main, ["check"], env={"MAKEGOOD_CONFIG": str(folder)})
    assert told.stdout.startswith("config is sound: 2 campaigns, ")


def test_a_sentence_that_one_language_lacks_is_noted_and_no_fault(tmp_path: Path) -> None:
    told = check(write(tmp_path, SMALL))
    assert told.exit_code == 0
    assert "messages/fr.ftl:1:1: warning [missing-message] has no " in told.stderr
    assert "reason-" in told.stderr


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    folder = write(tmp_path, SMALL | {name: f"\ufeff{text}" for name, text in SMALL.items()})
    assert check(folder).exit_code == 0


# Every way to get it wrong


def swap(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def put(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def append(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def remove(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def into_folder(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return change


BAD: list[tuple[Callable[[Path], None], str]] = [
    # What is there
    (remove("shop.toml"), "shop.toml:1:1: cannot be read: No such file"),
    (remove("rewards.toml"), "rewards.toml:1:1: cannot be read"),
    (remove("campaigns"), "campaigns:1:1: holds 0 campaigns"),
    (remove(ENGLISH), 'shop.toml:4:18: locale "en" has no file messages/en.ftl'),
    (into_folder(REWARDS), "rewards.toml:1:1: cannot be read: Is a directory"),
    (into_folder("campaigns/x.toml"), "campaigns/x.toml:1:1: cannot be read"),
    (put("campaigns/a b.toml", b""), "campaigns/a b.toml:1:1: a campaign's file is named in letters"),
    (put(CAMPAIGN, b"a = 1\nb = '\xff'"), f"{CAMPAIGN}:2:6: is not UTF-8 text"),
    (put(CAMPAIGN, bytes(range(256))), "is not UTF-8 text"),
    (put(CAMPAIGN, "name = 1".encode("utf-16")), f"{CAMPAIGN}:1:1: is not UTF-8 text"),
    (put(CAMPAIGN, b"x" * 2_000_000), f"{CAMPAIGN}:1:1: is larger than"),
    (put(CAMPAIGN, b""), f'{CAMPAIGN}:1:1: "wheel" is missing'),
    # What is no TOML
    (put(CAMPAIGN, b"a = " + b"[" * 90_000), f"{CAMPAIGN}:1:1: is nested too deeply"),
    (put(CAMPAIGN, b"a" + b".a" * 90_000 + b" = 1"), f"{CAMPAIGN}:1:1: is nested too deeply"),
    (swap(CAMPAIGN, "weight = 40", "weight = " + "9" * 5000), f"{CAMPAIGN}:20:10: is a number with too many digits"),
    (swap(CAMPAIGN, "weight = 40", "weight = 40%"), f"{CAMPAIGN}:20:12: expected newline"),
    (swap(CAMPAIGN, "weight = 40", "weight = 40\nweight = 41"), f'{CAMPAIGN}:21:1: "weight" is given a second time'),
    (swap(CAMPAIGN, 'per = "day"', 'per = "day", per = "day"'), f'{CAMPAIGN}:3:44: "per" is given a second time'),
    (append(REWARDS, "[post]\n"), 'rewards.toml:23:1: "post" is given a second time'),
    (swap(CAMPAIGN, "[[wheel]]", "[wheel]"), "a table that repeats is written [[wheel]] each time"),
    (
        swap(CAMPAIGN, '"discount-5"', "discount-5"),
        f'{CAMPAIGN}:19:10: not a value; text stands in straight quotes: "…"',
    ),
    (swap(CAMPAIGN, '"discount-5"', '"discount-5'), f"{CAMPAIGN}:19:21: the text has no closing quote"),
    (swap(CAMPAIGN, '"discount-5"', "“discount-5”"), f'{CAMPAIGN}:19:10: “ is not a straight quote: write "…"'),
    (swap(CAMPAIGN, '"ordered"]', '"ordered"'), f"{CAMPAIGN}:7:10: this list has no closing bracket"),
    (
        swap(REWARDS, '"échantillon"', "échantillon"),
        "rewards.toml:11:2: a name with a letter such as é stands in quotes",
    ),
    (swap(REWARDS, "2027-06-18", "2027-02-30"), "rewards.toml:19:6: invalid date"),
    # Words
    (swap(CAMPAIGN, "weight = 40", "wieght = 40"), f'{CAMPAIGN}:20:1: unknown key "wieght"; did you mean "weight"?'),
    (swap(CAMPAIGN, "weight = 40", "wieght = 40"), f'{CAMPAIGN}:18:1: "weight" is missing'),
    (swap(CAMPAIGN, '"stage_in"', '"stag_in"'), f'{CAMPAIGN}:6:1: unknown kind "stag_in"; did you mean "stage_in"?'),
    (swap(CAMPAIGN, "kind = ", "kidn = "), f'{CAMPAIGN}:6:1: unknown key "kidn"; did you mean "kind"?'),
    (swap(CAMPAIGN, 'kind = "stage_in"\n', ""), f'{CAMPAIGN}:5:1: "kind" is missing; known here: address_accepted,'),
    (swap(CAMPAIGN, '"stage_in"', '["stage_in"]'), f"{CAMPAIGN}:6:1: unknown kind"),
    (swap(CAMPAIGN, '"stage_in"', "0x" + "f" * 5000), f"{CAMPAIGN}:6:1: unknown kind"),
    (swap(CAMPAIGN, '"in_cart"', '"in_basket"'), f'{CAMPAIGN}:7:11: unknown word "in_basket"; did you mean "in_cart"?'),
    (swap(CAMPAIGN, '"in_cart"', "3"), f"{CAMPAIGN}:7:11: expected text in quotes, got a whole number"),
    (swap(CAMPAIGN, '"day"', '"dya"'), f'{CAMPAIGN}:3:31: unknown word "dya"; did you mean "day"?'),
    (swap(CAMPAIGN, "per =", "pre ="), f'{CAMPAIGN}:3:31: unknown key "pre"; did you mean "per"?'),
    (swap(CAMPAIGN, '"500.00", per', '"é€😀", pre'), f'{CAMPAIGN}:3:28: unknown key "pre"'),
    (
        swap(CAMPAIGN, "cart.total_minor", "cart.totl_minor"),
        f'{CAMPAIGN}:16:1: "cart" has no "totl_minor"; did you mean',
    ),
    (swap(CAMPAIGN, "cart.total_minor", "basket"), f'{CAMPAIGN}:16:1: unknown word "basket"; known here: cart'),
    (swap(CAMPAIGN, "&&", "&"), f"{CAMPAIGN}:16:1: not a CEL expression: at character 26"),
    (swap(CAMPAIGN, '"discount-5"', '"dicsount-5"'), 'unknown reward "dicsount-5"; did you mean "discount-5"?'),
    (
        swap(SHOP, "Europe/Paris", "europe/pariss"),
        'shop.toml:3:1: unknown time zone "europe/pariss"; did you mean "Eur',
    ),
    (swap(SHOP, '"EUR"', '"ERU"'), 'shop.toml:2:1: unknown currency "ERU"; did you mean "EUR"?'),
    (swap(SHOP, '"EUR"', '"euro"'), "shop.toml:2:1: expected an ISO 4217 code such as \"EUR\", got 'euro'"),
    (swap(SHOP, '"en"', '"../en"'), 'shop.toml:4:18: unknown locale "../en"'),
    (swap(SHOP, "https://shop.example", "shop.example"), 'shop.toml:5:20: "shop.example" is not an origin'),
    # Figures
    (swap(CAMPAIGN, "weight = 40", "weight = 0"), f"{CAMPAIGN}:20:1: expected a number of at least 1, got 0"),
    (swap(CAMPAIGN, "weight = 40", "weight = 4e1"), f"{CAMPAIGN}:20:1: expected a whole number, got a decimal"),
    (swap(CAMPAIGN, "weight = 40", "weight = true"), f"{CAMPAIGN}:20:1: expected a whole number, got true or false"),
    (swap(CAMPAIGN, "weight = 40", "weight = 1000000000"), "the weights of a wheel add up to 1000000000 at most"),
    (swap(CAMPAIGN, "3000", "99999999999999999999"), f"{CAMPAIGN}:12:1: expected a number of at most"),
    (swap(CAMPAIGN, '"500.00"', "500"), f'{CAMPAIGN}:3:12: expected an amount in quotes such as "4.50", got 500'),
    (swap(CAMPAIGN, '"500.00"', '"1.00"'), f"{CAMPAIGN}:3:12: the budget cannot pay for a single spin"),
    (swap(REWARDS, '"8.00"', "8.00"), 'rewards.toml:4:1: expected an amount in quotes such as "4.50", got 8.0'),
    (swap(REWARDS, '"8.00"', '"8,00"'), 'rewards.toml:4:1: expected an amount such as "4.50", got "8,00"'),
    (swap(REWARDS, '"8.00"', '"8.001"'), 'rewards.toml:4:1: "8.001" has more decimals than EUR has (2)'),
    (
        swap(REWARDS, '"5.00"\nliability = "5.00"', '"5.00"\nliability = "4.00"'),
        "rewards.toml:9:1: `liability` is smaller",
    ),
    (swap(REWARDS, "2027-06-18", '"soon"'), "rewards.toml:19:1: expected a date such as 2026-11-01, got 'soon'"),
    (swap(CAMPAIGN, "2026-01-01", "2026-01-01\nends_on = 2025-01-01"), f"{CAMPAIGN}:3:1: `ends_on` is before"),
    # Shapes
    (swap(CAMPAIGN, "stages = ", "stages = [] #"), f"{CAMPAIGN}:7:1: expected a list of at least 1 item, got []"),
    (
        swap(CAMPAIGN, '{ amount = "500.00", per = "day" }', "5"),
        f"{CAMPAIGN}:3:1: expected a table, got a whole number",
    ),
    (
        swap(REWARDS, "[post]", "[[post]]"),
        "rewards.toml:21:1: expected a table, got a list; write its name in one pair",
    ),
    (swap(REWARDS, "[post]", '["p ost"]'), "rewards.toml:21:1: expected a name without spaces or quotes, got 'p ost'"),
    (swap(CAMPAIGN, "Toujours", "\\u0000"), f"{CAMPAIGN}:1:1: holds a control character"),
    # The wheel
    (
        swap(CAMPAIGN, "weight = 40", 'weight = 40\nwhen_gone = "échantillon"'),
        "goes round in a circle: discount-5 → éch",
    ),
    (
        swap(CAMPAIGN, 'stock = 20\nwhen_gone = "discount-5"', "stock = 20"),
        f'{CAMPAIGN}:25:1: "échantillon" has a `stock`',
    ),
    (swap(CAMPAIGN, '"échantillon"', '"discount-5"'), 'a second slice named "discount-5"'),
    # Messages
    (swap(ENGLISH, "{ $percent }", "{ $percent "), "messages/en.ftl:2:32: cannot be read as Fluent: expected token"),
    (put(ENGLISH, b""), "messages/en.ftl:1:1: holds no message at all"),
    (append(ENGLISH, "a Free gift\n"), 'messages/en.ftl:10:3: cannot be read as Fluent: expected token: "="'),
    (append(ENGLISH, "a = b\na = c\n"), 'messages/en.ftl:11:1: "a" is given a second time'),
    (append(ENGLISH, "a = { b }\n"), 'messages/en.ftl:10:1: "a" uses "b", which is not in this file'),
    (append(ENGLISH, "a = { a }\n"), 'messages/en.ftl:10:1: "a" goes round in a circle'),
    (append(ENGLISH, "a = { TIME($b) }\n"), 'messages/en.ftl:10:1: "a" can hold text'),
    (append(ENGLISH, 'a = { "\\UFFFFFF" }\n'), 'messages/en.ftl:10:1: "a" holds an escape'),
    (append(ENGLISH, f"a = {'{ ' * 3000}1{' }' * 3000}\n"), "messages/en.ftl:1:1: is nested too deeply"),
    (put(ENGLISH, b"a = \xff"), "messages/en.ftl:1:5: is not UTF-8 text"),
]


@pytest.mark.parametrize(("change", "says"), BAD, ids=[says for _change, says in BAD])
def test_a_mistake_is_named_where_it_stands(tmp_path: Path, change: Callable[[Path], None], says: str) -> None:
    change(write(tmp_path, SMALL))
    told = check(tmp_path)
    assert told.exit_code == 2, told.output
    assert told.exception is None or isinstance(told.exception, SystemExit)
    assert any(says in line for line in told.stderr.splitlines()), told.stderr
    assert told.stderr.endswith("the config was not taken.\n")


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    swap(SHOP, "Europe/Paris", "Europe/Pariss")(tmp_path)
    swap(REWARDS, "percent = 5", "percnt = 5")(tmp_path)
    swap(CAMPAIGN, '"in_cart"', '"in_basket"')(tmp_path)
    append(ENGLISH, "a Free gift\n")(tmp_path)
    files = {line.split(":")[0] for line in check(tmp_path).stderr.splitlines()[:-1]}
    assert files == {SHOP, REWARDS, CAMPAIGN, ENGLISH}


def test_a_folder_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    told = check(tmp_path / "nowhere")
    assert told.exit_code == 2
    assert "is not a folder" in told.stderr


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL) / REWARDS
    path.unlink()
    path.mkdir()  # not a file without its rights: root may read that
    assert "rewards.toml:1:1: cannot be read: Is a directory" in check(tmp_path).stderr


def test_a_pipe_in_a_files_place_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL) / REWARDS
    path.unlink()
    os.mkfifo(path)
    assert "rewards.toml:1:1: is not a file" in check(tmp_path).stderr


def test_what_an_editor_hides_beside_a_campaign_is_none(tmp_path: Path) -> None:
    (write(tmp_path, SMALL) / CAMPAIGN).with_name(".saved.toml").write_text("half", encoding="utf-8")
    assert check(tmp_path).exit_code == 0


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PORT", "abc", 'PORT is "abc"; expected a positive whole number'),
        ("PORT", "70000", 'PORT is "70000"; expected 65535 at most'),
        ("PORT", "-1", 'PORT is "-1"; expected a positive whole number'),
        ("MAKEGOOD_CONFIG", "nowhere", "is not a folder"),
    ],
)
def test_a_run_that_cannot_be_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, variable: str, value: str, told: str
) -> None:
    data = tmp_path / "var"
    given = {"MAKEGOOD_VAR": str(data), "PORT": str(free_port()), variable: value}
    refused = CliRunner().invoke(main, ["run"], env=given)
    assert (refused.exit_code, data.exists()) == (2, False)
    assert told in refused.stderr


def test_a_problem_is_one_line_without_what_a_terminal_obeys() -> None:
    assert str(Problem("a.toml", 1, 2, "a\x1b[31m\nb")) == "a.toml:1:2: a·[31m·b"


def test_the_hundredth_line_is_no_picture(tmp_path: Path) -> None:
    folder = config_copy(tmp_path, only="\n" * 99 + "nonsense = 1\n")
    told = CliRunner().invoke(main, ["check", "--config", str(folder)])
    assert "campaigns/only.toml:100:1: unknown key" in told.output


def test_the_nearest_word_is_of_the_same_letters_where_several_are_as_near() -> None:
    assert nearest("ERU", ["YER", "EUR", "ERN"]) == 'did you mean "EUR"?'
    assert nearest("qqq", []) == "known here: none"
    assert nearest("qqq", [f"w{number:03}" for number in range(99)]).endswith("w022, w023, …")


# Odds


def test_the_odds_of_the_default_wheel_are_a_table_a_marketer_reads() -> None:
    told = invoke("odds")
    assert told.exit_code == 0
    lines = [line.split() for line in told.output.splitlines()]
    assert [
        "discount-10",
        "10",
        "%",
        "de",
        "réduction",
        "25",
        "25",
        "%",
        "1",
        "in",
        "4",
        "15.00",
        "discount-5",
    ] in lines
    assert [
        "sample",
        "Mini-bougie",
        "offerte",
        "10",
        "10",
        "%",
        "1",
        "in",
        "10",
        "3.50",
        "20000",
        "free-shipping",
    ] in lines
    assert "Expected cost of one spin   10.13 EUR, if every code is used in full" in told.output
    assert "Worst case of one spin      30.00 EUR" in told.output
    assert "Kept aside for each offer   8.00 EUR, until it is spun or over" in told.output
    assert "Kept aside for each wait    14.90 EUR" in told.output
    assert "The daily budget            250000.00 EUR, covers 8333 worst-case spins" in told.output


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_no_figure_is_cut_on_any_terminal(columns: int) -> None:
    terminal = {"COLUMNS": str(columns), "FORCE_COLOR": "1", "TERM": "dumb", "MAKEGOOD_CONFIG": ""}
    told = CliRunner().invoke(main, ["odds"], env=terminal)
    for figure in ("40 %", "1 in 2.5", "1 in 100", "15.00", "20000", "10.13 EUR", "250000.00 EUR"):
        assert figure in told.output
    assert "…" not in told.output


def test_a_pipe_gets_whole_lines_however_narrow_the_terminal() -> None:
    command = [sys.executable, "-m", "engine.cli", "odds"]
    told = subprocess.run(command, cwd=ROOT, env={**os.environ, "COLUMNS": "20"}, capture_output=True, check=True)
    assert any("vip-evening" in line and "1 in 100" in line for line in told.stdout.decode().splitlines())


def test_an_unknown_campaign_is_answered_by_the_nearest(tmp_path: Path) -> None:
    told = invoke("odds", "allways-on")
    assert told.exit_code == 2
    assert told.stderr == 'unknown campaign "allways-on"; did you mean "always-on"?\n'
    folder = config_copy(tmp_path, one=campaign(), two=campaign(slice_("sample")))
    both = invoke("odds", "--config", str(folder))
    one = invoke("odds", "one", "--config", str(folder))
    assert ("(one)" in both.output, "(two)" in both.output) == (True, True)
    assert ("(one)" in one.output, "(two)" in one.output) == (True, False)


def test_the_worst_case_counts_what_a_slice_may_turn_into(tmp_path: Path) -> None:
    wheel = [slice_("sample", stock=5, when_gone="discount-20"), slice_("discount-5", 2)]
    folder = config_copy(tmp_path, one=campaign(*wheel, amount="100.00", per="week"))
    told = invoke("odds", "--config", str(folder)).output
    assert "Expected cost of one spin   6.50 EUR" in told
    assert "Worst case of one spin      30.00 EUR" in told
    assert "The weekly budget           100.00 EUR, covers 3 worst-case spins" in told


def test_figures_are_exact_or_say_how_they_are_rounded() -> None:
    assert [percent_text(Fraction(*odds)) for odds in [(1, 4), (1, 3), (1, 800), (1, 10**9), (0, 1)]] == [
        *["25 %", "33.3 %", "0.125 %", "1.00e-07 %", "0 %"]
    ]
    assert [one_in_text(Fraction(*odds)) for odds in [(1, 4), (2, 5), (3, 8), (1, 1), (1, 12345)]] == [
        *["1 in 4", "1 in 2.5", "1 in 2.7", "1 in 1", "1 in 12345"]
    ]
    assert amount_text(Fraction(1013), "EUR") == "10.13 EUR"
    assert amount_text(Fraction(2027, 2), "EUR") == "10.135 EUR"
    assert amount_text(Fraction(1000, 3), "EUR") == "3.3333… EUR (exactly 10/3)"
    assert amount_text(Fraction(7, 2), "JPY") == "3.5 JPY"
