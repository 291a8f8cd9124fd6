"""The desk's commands before anything is live: figures, sentences, rules, and a file's past."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import campaigns
from engine.cli import simulate as cli_simulate
from engine.cli.main import main
from engine.desk.difference import differences
from engine.desk.sentences import all_told, kept, plain
from engine.desk.words import words
from engine.settings import ROOT
from rewards import forecast
from tests.desk.test_arms import EVERY_ARM
from tests.engine.test_cli_config import write
from tests.engine.test_config_fuzz import WHOLE
from tests.support import campaign, config_copy, edit, slice_

SAMPLE = ROOT.parent / "shared" / "data" / "online-retail-sample.csv"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"MAKEGOOD_CONFIG": "", "COLUMNS": "120"})


# simulate


def test_a_forecast_is_exact_simulated_and_both_agree() -> None:
    told = run("simulate", "always-on", "--stockouts", "20000", "--days", "10", "--format", "json")
    assert told.exit_code == 0, told.output
    body = json.loads(told.output)
    assert body["spin"] == {"expected_minor": 1013.0, "worst_minor": 3000}
    assert body["agrees"] is True
    assert body["total"]["low_minor"] < 1013 * 20_000 < body["total"]["high_minor"]
    assert body["total"]["worst_minor"] == 3000 * 20_000
    assert sum(one["cost_share"] for one in body["slices"]) == pytest.approx(1)
    again = run("simulate", "always-on", "--stockouts", "20000", "--days", "10", "--format", "json")
    assert json.loads(again.output) == body, "the same seed is the same forecast"


def test_use_and_baskets_make_codes_cheaper() -> None:
    told = run(
        "simulate", "--stockouts", "500", "--basket", "20.00", "--used", "50%", "--used", "sample=0", "--format", "json"
    )
    by_name = {one["slice"]: one["expected_minor"] for one in json.loads(told.output)["slices"]}
    assert by_name["discount-5"] == pytest.approx(0.4 * 0.5 * 100)
    assert by_name["sample"] == 0
    assert by_name["free-shipping"] == pytest.approx(0.2 * 0.5 * 690)


def test_the_verdict_looks_at_the_band_and_at_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("simulate", "always-on", "--stockouts", "2005", "--days", "10", "--format", "json")
    assert json.loads(run(*asked).output)["agrees"] is True

    def wide(given: forecast.Plan) -> forecast.Exact:
        return forecast.exact(given)._replace(day_high_minor=forecast.exact(given).day_high_minor * 1.05)

    monkeypatch.setattr(cli_simulate, "exact", wide)
    assert json.loads(run(*asked).output)["agrees"] is False


def test_waiting_is_counted_where_it_is_asked_for_and_told_where_it_is_not() -> None:
    asked = ("simulate", "always-on", "--stockouts", "900", "--days", "10")
    left_out = run(*asked)
    assert "19.35 EUR on average, 21.90 EUR at worst, for each who waits: 3 milestones; not counted" in left_out.output
    some = json.loads(run(*asked, "--waiting", "30%", "--wait-days", "19", "--format", "json").output)
    assert [one["milestone"] for one in some["milestones"]] == ["waiting 7", "waiting 21"]
    assert some["waiting"]["expected_minor"] == pytest.approx(0.75 * 350 + 0.25 * 690)
    assert some["stockout"]["expected_minor"] == pytest.approx(1013 + 0.3 * some["waiting"]["expected_minor"])
    assert some["agrees"] is True


def test_arms_are_part_of_a_forecast(tmp_path: Path) -> None:
    folder = config_copy(tmp_path, one=EVERY_ARM)
    told = run("simulate", "--config", str(folder), "--stockouts", "5000", "--format", "json")
    shares = {one["slice"]: one["probability"] for one in json.loads(told.output)["slices"]}
    assert shares == pytest.approx({"discount-5": 0.225, "discount-10": 0.075, "sure": 0.2, "nothing": 0.5})


def test_a_budget_and_a_stock_that_run_out_are_told(tmp_path: Path) -> None:
    wheel = (slice_("discount-5", 9), slice_("sample", 1, 50, "free-shipping"))
    folder = config_copy(tmp_path, one=campaign(*wheel, amount="500.00"))
    told = run("simulate", "--config", str(folder), "--stockouts", "3000", "--days", "10")
    assert told.exit_code == 0
    assert "used up in 100% of runs" in told.output
    assert "Stock of sample             gone after" in told.output
    assert "the simulation is the one to read" in told.output


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_forecast_is_drawn(tmp_path: Path, ending: str) -> None:
    picture = tmp_path / f"chart.{ending}"
    assert run("simulate", "--stockouts", "1000", "--chart", str(picture)).exit_code == 0
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    assert ending == "png" or b"discount-5</text>" in content, "words stay words"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("allways-on",), 'did you mean "always-on"?'),
        (("--used", "discount-55=0.3"), 'did you mean "discount-5"?'),
        (("--used", "lots"), "expected a share"),
        (("--taken", "140%"), "more than all"),
        (("--basket", "12,50"), "expected an amount"),
        (("--chart", "x.pdf"), "neither .svg nor .png"),
        (("--chart", "/nowhere/x.svg"), "is not a folder"),
        (("--stockouts", "0"), "Invalid value"),
    ],
)
def test_what_cannot_be_forecast_is_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    told = run("simulate", *arguments)
    assert told.exit_code == 2
    assert words in told.output
    assert "Traceback" not in told.output


def test_a_chart_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.svg").mkdir()
    told = run("simulate", "--stockouts", "10", "--chart", str(tmp_path / "x.svg"))
    assert (told.exit_code, "x.svg: Is a directory" in told.output) == (2, True), told.output


# diff


def test_a_change_is_told_for_shoppers_and_in_money(tmp_path: Path) -> None:
    old, new = config_copy(tmp_path), config_copy(tmp_path)
    path = new / "campaigns" / "always-on.toml"
    edit(path, "weight = 4\n", "weight = 14\n")
    edit(path, "stock = 2000", "stock = 20")
    edit(path, "count = 1\nwindow_days = 30", "count = 2\nwindow_days = 30")
    edit(path, "points = 7\n", "points = 8\n")
    edit(new / "rewards.toml", "percent = 20", "percent = 25")
    edit(new / "shop.toml", "reservation_minutes = 30", "reservation_minutes = 45")
    edit(new / "messages" / "en.ftl", "widget-spin = ", "widget-spin = Go: ")
    told = run("diff", str(old), str(new)).output
    for sentence in (
        '"discount-20" becomes more likely: 4% before, 12.73% now.',
        'the stock of "vip-evening" is 20 units; it was 2,000 units.',
        '"discount-20" changes: percent 20 → 25.',
        "a spin costs €11.94 on average instead of €10.13 (+17.8%).",
        "shoppers must now also meet: spins_at_most (count 2, window_days 30).",
        "waiting: the milestone at 8 points is new.",
        "shop: minutes of a reservation is 45; it was 30.",
        "messages in en: widget-spin.",
    ):
        assert sentence in told, told
    assert run("diff", str(old), str(old)).output == "Nothing changes.\n"
    french = run("diff", str(old), str(new), "--locale", "fr").output
    for sentence in (
        "«\u202fdiscount-20\u202f» devient plus probable\u202f: 4\xa0% avant, 12,73\xa0% maintenant.",
        "un tour coûte 11,94\xa0€ en moyenne au lieu de 10,13\xa0€ (+17,8\xa0%).",
        "attente\u202f: le palier à 8 points est nouveau.",
    ):
        assert sentence in french, french
    assert run("diff", str(old), str(new), "--locale", "de").exit_code == 2


def test_every_change_can_be_kept_and_is_told_from_what_was_kept(tmp_path: Path) -> None:
    """Each setting there is changes between the two: what one reader is told today, another reads years later."""
    folder = write(tmp_path / "old", WHOLE)
    shop, rewards, own = WHOLE["shop.toml"], WHOLE["rewards.toml"], WHOLE["campaigns/always-on.toml"]
    new = write(
        tmp_path / "new",
        WHOLE
        | {
            "shop.toml": re.sub(r"= (-?)(\d+)", lambda found: f"= {found[1]}{int(found[2]) + 1}", shop),
            "rewards.toml": re.sub(r'= "(\d+)\.', lambda found: f'= "{int(found[1]) + 1}.', rewards)
            .replace("valid_days = 30", "valid_days = 1")
            .replace("stacks = false", "stacks = true"),
            "campaigns/always-on.toml": own.replace("ends_on = 2027-12-31\n", "")
            .replace("priority = 3", "priority = 4")
            .replace("offer_hours = 24", "offer_hours = 1")
            .replace('"500.00", per = "day"', '"900.00", per = "week"')
            .replace("points = 7\n", "points = 1\n")
            .replace("weight = 40", "weight = 30")
            .replace("stock = 20", "stock = 1")
            .replace("percent = 40\nwith_patience = true", "percent = 40")
            .replace("hold_hours = 24", "hold_hours = 1"),
        },
    )
    found = differences(campaigns.load(folder), campaigns.load(new))
    assert len(found) > 25
    stored = json.loads(json.dumps(plain(found)))
    for locale in ("en", "fr"):
        told = all_told(found, words(locale))
        assert kept(stored, words(locale)) == told
        assert not [one for one in told if re.search(r"\b(change|word|field|budget|console)-[a-z]|\{|None|Minor", one)]
    english = "\n".join(all_told(found, words("en")))
    for said in ("1 hour to spin", "is 1 unit;", "at 1 point is new", "its last day is none; it was 31 Dec 2027"):
        assert said in english, english


def test_campaigns_that_come_and_go_are_told(tmp_path: Path) -> None:
    told = run("diff", str(config_copy(tmp_path, one=campaign())), str(config_copy(tmp_path, two=EVERY_ARM))).output
    assert 'The campaign "two" is new.' in told
    assert 'The campaign "one" ends' in told


def test_single_files_are_compared_in_their_own_folder(tmp_path: Path) -> None:
    folder = config_copy(tmp_path, one=campaign(slice_("discount-5")), two=campaign(slice_("discount-10")))
    one, two = (folder / "campaigns" / f"{name}.toml" for name in ("one", "two"))
    told = run("diff", str(one), str(two)).output
    assert told.startswith(f"{one} → {two}\n"), told
    assert 'two: shoppers can now win "discount-10", 100%.' in told
    two.unlink()
    assert run("diff", str(one), str(folder)).output == "Nothing changes.\n", "a file is the campaign of its name"
    draft = str(shutil.copy(one, folder / "campaigns" / "a draft (2).txt"))
    assert run("diff", str(one), draft).output == f"{one} → {draft}\nNothing changes.\n"
    assert run("diff", "nothing-here", str(folder)).exit_code == 2


# rules-text


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_the_rules_say_odds_conditions_and_terms_in_each_language(locale: str) -> None:
    told = run("rules-text", "--locale", locale)
    assert told.exit_code == 0
    assert "rules-" not in told.output, "a sentence is missing"
    percent, stock = ("40%", "20,000") if locale == "en" else ("40\xa0%", "20\u202f000")
    for said in (f"| {percent} | 40 / 100 |", f"| {stock} |", "30", "Toujours là", "/verify"):
        assert said in told.output
    unknown = run("rules-text", "--locale", "de")
    assert (unknown.exit_code, "does not speak" in unknown.output) == (2, True)


def test_every_kind_of_condition_is_said(tmp_path: Path) -> None:
    rules = [
        'kind = "market_in"\nmarkets = ["FR", "BE"]',
        'kind = "currency_in"\ncurrencies = ["EUR"]',
        'kind = "cart_between"\ncurrency = "EUR"\nminor_min = 1000\nminor_max = 9900',
        'kind = "skus"\ninclude = ["LAMP-*"]\nexclude = ["LAMP-1"]',
        'kind = "categories"\ninclude = ["light"]',
        'kind = "segments"\nexclude = ["staff"]',
        'kind = "awards_at_most"\nminor = 5000\nwindow_days = 30',
        'kind = "one_person_per_address"\nwindow_days = 30',
        'kind = "dates_between"\nstarts_on = 2026-01-01',
        'kind = "budget_left"',
    ]
    for locale in ("fr", "en"):
        told = run("rules-text", "--locale", locale, "--config", str(config_copy(tmp_path, one=campaign(rules=rules))))
        assert told.exit_code == 0, told.output
        assert "rules-" not in told.output
        for said in ("LAMP-*", "LAMP-1", "light", "staff", "FR, BE"):
            assert said in told.output


# backtest


def orders(tmp_path: Path, *lines: str, header: str = HEADER) -> str:
    path = tmp_path / "orders.csv"
    path.write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def history(number: int) -> list[str]:
    return [
        f"{week * 100 + one},LAMP,Lamp,1,2026-0{1 + week // 4}-{1 + week % 4 * 7:02d} 10:00:00,50.00,C{week}-{one},FR"
        for week in range(8)
        for one in range(number)
    ]


def test_a_past_is_told_by_week_and_by_product(tmp_path: Path) -> None:
    path = orders(tmp_path, *history(10))
    told = json.loads(run("backtest", path, "--format", "json").output)
    total = told["total"]
    assert 8 <= total["stockouts"] <= 32, "10 to 40 of 100 come too late"
    assert total["offers"] == total["stockouts"] == sum(told["awards"].values())
    assert sum(week["stockouts"] for week in told["weeks"]) == total["stockouts"]
    assert sum(week["cost_minor"] for week in told["weeks"]) == pytest.approx(total["cost_minor"])
    assert [product["sku"] for product in told["products"]] == ["LAMP"]
    half = json.loads(run("backtest", path, "--used", "0.5", "--format", "json").output)
    assert half["total"]["cost_minor"] == pytest.approx(total["cost_minor"] / 2)
    picture = tmp_path / "past.svg"
    text = run("backtest", path, "--chart", str(picture))
    assert "By week" in text.output
    assert picture.read_bytes().startswith(b"<?xml")


def test_a_budget_of_the_past_runs_out_too(tmp_path: Path) -> None:
    folder = config_copy(tmp_path, one=campaign(slice_("discount-5"), amount="16.00", per="campaign"))
    told = json.loads(
        run("backtest", orders(tmp_path, *history(20)), "--config", str(folder), "--format", "json").output
    )
    assert told["awards"] == {"discount-5": 2}
    assert told["refusals"]["budget_spent"] == told["total"]["stockouts"] - 2
    assert told["periods_short"] == ["1970-01-01"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_other_encodings_and_dates_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders.csv"
    lines = [line.replace("2026-01-", "").replace("Lamp", "Lampe à pétrole") for line in history(10)]
    dated = [line.replace(" 10:00:00", "/01/2026 10:00") if "2026" not in line else line for line in lines]
    path.write_bytes((HEADER.replace(",", ";") + "\n".join(line.replace(",", ";") for line in dated)).encode(encoding))
    told = json.loads(run("backtest", str(path), "--format", "json").output)
    assert told["total"]["stockouts"] > 0
    assert told["products"][0]["title"] == "Lampe à pétrole"


def test_a_file_that_is_no_history_is_a_sentence(tmp_path: Path) -> None:
    told = run("backtest", orders(tmp_path, "a,b", header="Order,Item\n"))
    assert told.exit_code == 2
    assert "the first line lacks InvoiceNo" in told.output
    assert run("backtest", str(tmp_path / "none.csv")).exit_code == 2
    for lines, said in (
        ((), "there is no row below the first line"),
        (("1,A,X,1,soon,1.00,5,France",), "none of the 1 rows is an order line"),
        (("1,A,X,1,13/02/2011,1.00,5,FR", "1,A,X,1,02/13/2011,1.00,5,FR"), "its dates stand in two orders"),
    ):
        told = run("backtest", orders(tmp_path, *lines))
        assert (told.exit_code, said in told.output) == (2, True), told.output


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample stands beside the project, where there is one")
def test_a_real_shops_dirty_year_is_told() -> None:
    told = json.loads(run("backtest", str(SAMPLE), "--used", "40%", "--format", "json").output)
    assert told["total"]["stockouts"] > 5000
    assert len(told["weeks"]) == 54
    assert told["refusals"]["too_many_spins"] > 100
