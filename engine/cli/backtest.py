"""`makegood backtest`: a shop's own order history under a campaign, by week and by product."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress
from rich.text import Text

from engine.campaigns import Version
from engine.cli.output import EXIT_BAD_SETUP, console, errors
from engine.cli.replay_report import print_orders
from engine.cli.simulate import read_share, refuse_other_pictures, the_campaign
from engine.cli.tables import counted, plain_table, print_table
from engine.desk.backtest import Backtest, Tally, as_json, backtest, dearest, weeks_of
from engine.orders import STOCK_SHARE, Orders, OrdersError, Plot, read_orders, run_out
from rewards.money import digits_of, format_amount

BAR_WIDTH = 24
PRODUCTS_SHOWN = 15


@dataclass(frozen=True)
class Asked:
    orders: Path
    campaign: str | None
    folder: Path | None
    taken: str
    used: str
    seed: int
    chart: Path | None
    form: str


def backtest_orders(asked: Asked) -> None:
    """Print (and draw) what the campaign would have done; a file that holds no orders is a sentence and exit code 2."""
    version = the_campaign(asked.campaign, asked.folder)
    if asked.chart is not None:
        refuse_other_pictures(asked.chart)
    taken, used = read_share(asked.taken), read_share(asked.used)
    try:
        with _progress("reading") as told_so_far:
            orders = read_orders(asked.orders, version.currency, told_so_far)
        orders.refuse_empty()
    except OrdersError as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        raise SystemExit(EXIT_BAD_SETUP) from None
    plot = run_out(orders.lines, asked.seed)
    with _progress("living through it") as told_so_far:
        told = backtest(version, plot, told_so_far, currency=version.currency, seed=asked.seed, taken=taken, used=used)

    if asked.form == "json":
        click.echo(json.dumps(as_json(told, version.currency), ensure_ascii=False))
    else:
        _print(version, orders, plot, told, used=used, seed=asked.seed)
    if asked.chart is not None:
        from engine.desk import charts

        charts.write(_charts(version, told), asked.chart)
        if asked.form != "json":
            console.print(f"\nchart written to {asked.chart}", markup=False, soft_wrap=True)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[float], None]]:
    """Show how much is done, where somebody watches; figures on the standard output stay alone."""
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task(what, total=1.0)
        yield lambda share: shown.update(task, completed=share)


def _print(version: Version, orders: Orders, plot: Plot, told: Backtest, *, used: Fraction, seed: int) -> None:
    print_orders(orders)
    low, high = (f"{share:.0%}" for share in STOCK_SHARE)
    console.print("\n[bold]What would have happened[/bold]")
    _say(f"Stock is assumed to be {low} to {high} of a product's whole demand, a share drawn from seed {seed}.")
    total = told.total
    _say(
        f"{counted(total.stockouts, 'stockout')} of {plot.products} products, {counted(total.offers, 'offer')} "
        f"({_percent(total.offers, total.stockouts)}), {counted(told.awards.total(), 'award')}."
    )
    on_baskets = f"with {float(used):.0%} of codes used on a basket like the one missed"
    _say(f"Cost {_money(total.cost_minor, version)}, {on_baskets};")
    _say(f"at most {_money(Fraction(total.owed_minor), version)} promised.")
    if told.periods_short:
        _say(_budget_ran_out(version, told))
    if told.refusals:
        console.print("\n[bold]Why not[/bold]")
        table = plain_table()
        for code, number in told.refusals.most_common():
            table.add_row(f"  {code}", str(number))
        table.show_header = False
        print_table(console, table)
    _print_tallies(version, "By week", [(week.isoformat(), tally) for week, tally in weeks_of(told)])
    shown = [(f"{sku}  {told.titles[sku][:32]}", tally) for sku, tally in dearest(told, PRODUCTS_SHOWN)]
    _print_tallies(version, f"By product, the {len(shown)} with the most stockouts", shown)


def _budget_ran_out(version: Version, told: Backtest) -> str:
    if version.campaign.budget.per == "campaign":
        return "The budget ran out."
    return f"The budget ran out in {counted(len(told.periods_short), 'period')}, first on {min(told.periods_short)}."


def _print_tallies(version: Version, title: str, rows: list[tuple[str, Tally]]) -> None:
    console.print(f"\n[bold]{title}[/bold]", soft_wrap=True)
    most = max((tally.stockouts for _name, tally in rows), default=1)
    table = plain_table()
    table.add_column("", no_wrap=True)
    for heading in ("stockouts", "offers", f"cost {version.currency}"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for name, tally in rows:
        cost = _money(tally.cost_minor, version).rpartition(" ")[0]
        bar = "█" * round(BAR_WIDTH * tally.stockouts / most)
        table.add_row(Text(f"  {name}"), str(tally.stockouts), str(tally.offers), cost, bar)
    print_table(console, table)


def _charts(version: Version, told: Backtest) -> list[Any]:
    from engine.desk.charts import Bars, Columns

    scale = 10 ** digits_of(version.currency)
    weeks = list(weeks_of(told))
    names = [f"{week:%Y-%m-%d}" for week, _tally in weeks]
    products = dearest(told, PRODUCTS_SHOWN)
    return [
        Columns("Stockouts by week", names, [tally.stockouts for _week, tally in weeks], "stockouts"),
        Columns("Cost by week", names, [float(tally.cost_minor) / scale for _week, tally in weeks], version.currency),
        Bars(
            "Cost by product, those with the most stockouts",
            [told.titles[sku][:32] or sku for sku, _tally in products],
            [float(tally.cost_minor) / scale for _sku, tally in products],
            version.currency,
        ),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none"


def _money(minor: Fraction, version: Version) -> str:
    return format_amount(round(minor), version.currency)


def _say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
