"""`makegood simulate`: what a campaign will cost, exactly and by simulation, with charts."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.bar import Bar
from rich.text import Text

from engine import campaigns, clock
from engine.campaigns import Version
from engine.cli.config import amount_text, config_folder, percent_text
from engine.cli.output import EXIT_BAD_SETUP, console, errors
from engine.cli.tables import counted, plain_table, print_table
from engine.desk.outlook import (
    agrees,
    as_json,
    band_ends,
    median_day,
    milestones_of,
    share_of_cost,
    simulated_minor,
    spin_minor,
    worst_total,
)
from engine.desk.plans import plan_of
from engine.toml_files import nearest
from rewards.forecast import Exact, Plan, Simulated, exact, runs_for, simulate
from rewards.money import BadAmountError, digits_of, format_amount, parse_amount

BAR_WIDTH = 24
_SHARE = re.compile(r"(?:(?P<reward>[^=]+)=)?(?P<share>0(?:\.\d+)?|1(?:\.0+)?|\d{1,3}(?:\.\d+)?%)")


@dataclass(frozen=True)
class Asked:
    """What the command line was asked; shares and amounts still as typed."""

    campaign: str | None
    folder: Path | None
    stockouts: int
    days: int
    runs: int | None
    seed: int
    taken: str
    used: tuple[str, ...]
    basket: str | None
    waiting: str
    wait_days: int | None
    chart: Path | None
    form: str


def simulate_campaign(asked: Asked) -> None:
    """Print (and draw) the forecast of one campaign."""
    version = the_campaign(asked.campaign, asked.folder)
    if asked.chart is not None:
        refuse_other_pictures(asked.chart)
    shares = dict(_shares(version, asked.used))
    plan = plan_of(
        version,
        stockouts=asked.stockouts,
        days=asked.days,
        today=clock.now().date(),
        taken=read_share(asked.taken),
        used={reward: share for reward, share in shares.items() if reward is not None},
        used_of_all=shares.get(None, Fraction(1)),
        basket_minor=_basket(asked.basket, version),
        waits=read_share(asked.waiting),
        wait_days=asked.wait_days,
    )
    told = exact(plan)
    done = simulate(plan, np.random.default_rng(asked.seed), asked.runs or runs_for(asked.stockouts, asked.days))

    if asked.form == "json":
        click.echo(json.dumps(as_json(version, plan, told, done), ensure_ascii=False))
    else:
        _print(version, plan, told, done)
    if asked.chart is not None:
        from engine.desk import charts

        charts.write(_charts(version, plan, done), asked.chart)
        console.print(
            f"\nchart written to {asked.chart}", markup=False, soft_wrap=True
        ) if asked.form != "json" else None


def the_campaign(slug: str | None, folder: Path | None) -> Version:
    """Return the campaign that is named, or the only one there is."""
    by_slug = {version.slug: version for version in campaigns.load(config_folder(folder)).versions}
    if slug is None and len(by_slug) == 1:
        return next(iter(by_slug.values()))
    if slug is None or slug not in by_slug:
        said = f'unknown campaign "{slug}"; {nearest(slug, by_slug)}' if slug else f"name one: {', '.join(by_slug)}"
        refuse(said)
    return by_slug[str(slug)]


def refuse(said: str) -> None:
    errors.print(said, markup=False, soft_wrap=True)
    raise SystemExit(EXIT_BAD_SETUP)


def refuse_other_pictures(path: Path) -> None:
    """A chart is an SVG or a PNG, in a folder that is there."""
    if path.suffix.lower() not in {".svg", ".png"}:
        refuse(f"{path} is neither .svg nor .png")
    if not path.parent.is_dir():
        refuse(f"{path.parent} is not a folder")


def _basket(text: str | None, version: Version) -> int | None:
    try:
        return None if text is None else int(parse_amount(text, version.currency))
    except BadAmountError as error:
        refuse(f"--basket: {error}")
        return None


def _share(text: str) -> tuple[str | None, Fraction]:
    match = _SHARE.fullmatch(text.strip())
    if match is None:
        refuse(f'expected a share such as 0.4, 40% or discount-5=0.3, got "{text}"')
        return None, Fraction(0)
    told = match["share"]
    share = Fraction(told[:-1]) / 100 if told.endswith("%") else Fraction(told)
    if share > 1:
        refuse(f'"{text}" is more than all')
    return match["reward"], share


def read_share(text: str) -> Fraction:
    """Read `0.4` or `40%`; anything else ends the command with a sentence."""
    reward, share = _share(text)
    if reward is not None:
        refuse(f'expected a share such as 0.4 or 40%, got "{text}"')
    return share


def _shares(version: Version, used: tuple[str, ...]) -> Iterator[tuple[str | None, Fraction]]:
    for text in used:
        reward, share = _share(text)
        if reward is not None and reward not in version.snapshot.rewards:
            refuse(f'--used: unknown reward "{reward}"; {nearest(reward, version.snapshot.rewards)}')
        yield reward, share


def _print(version: Version, plan: Plan, told: Exact, done: Simulated) -> None:
    console.print(Text.assemble((version.campaign.name, "bold"), f"  ({version.slug})"), soft_wrap=True)
    stockouts, days = counted(plan.stockouts, "eligible stockout"), counted(plan.days, "day")
    console.print(f"{stockouts} over {days}, {counted(done.runs, 'run')}\n", soft_wrap=True)
    _print_slices(version, plan, done)
    console.print()
    for line in _figures(version, plan, told, done):
        console.print(line, markup=False, soft_wrap=True)
    console.print()
    _print_days(version, plan, done)


def _print_slices(version: Version, plan: Plan, done: Simulated) -> None:
    table = plain_table()
    for heading in ("slice", "odds", "gives on average", "of the cost"):
        table.add_column(heading, justify="left" if heading == "slice" else "right", no_wrap=True)
    table.add_column("")
    for one in plan.categories:
        share = share_of_cost(done, one.name)
        bar = Bar(1, 0, share, width=BAR_WIDTH) if console.is_terminal else Text("█" * round(share * BAR_WIDTH))
        mean = plan.costs[one.chain[0]].mean_minor if one.chain else Fraction(0)
        table.add_row(
            Text(one.name), percent_text(one.probability), amount_text(mean, version.currency), f"{share:.1%}", bar
        )
    for name, _mean in milestones_of(plan):
        share = share_of_cost(done, name)
        given = next(milestone for milestone in plan.milestones if milestone[0].name == name)
        mean = sum((one.probability * plan.costs[one.chain[0]].mean_minor for one in given), Fraction(0))
        filled = Text("█" * round(share * BAR_WIDTH))
        odds, amount = percent_text(plan.waiting), amount_text(mean, version.currency)
        table.add_row(Text(f"{name} points"), odds, amount, f"{share:.1%}", filled)
    print_table(console, table)


def _figures(version: Version, plan: Plan, told: Exact, done: Simulated) -> Iterator[str]:
    def money(minor: float) -> str:
        return format_amount(round(minor), version.currency)

    a_day = float(told.mean_minor) * plan.stockouts / plan.days

    def band(ends: tuple[float, float]) -> str:
        return f"5–95 %: {money(ends[0])} to {money(ends[1])}"

    formula = "exact, were nothing to run out" if done.bound else "exact"
    simulated_day = float(done.cost_by_day.mean())
    yield f"Expected cost of one spin   {amount_text(spin_minor(version, plan), version.currency)}"
    yield f"Worst case of one spin      {money(told.worst_minor)}"
    yield f"Expected cost of a day      {money(a_day)}, {band((told.day_low_minor, told.day_high_minor))} ({formula})"
    yield f"The same, simulated         {money(simulated_day)}, {band(done.band(done.cost_by_day.ravel()))}"
    yield f"All of it, simulated        {money(float(done.totals.mean()))}, {band(done.band(done.totals))}"
    yield f"All of it, worst case       {money(worst_total(plan, told))}"
    yield from _waiting(version, plan, told)
    yield f"Formula and simulation      {_verdict(plan, told, done)}"
    yield f"Budget                      {_budget(version, plan, done)}"
    for reward, days in done.stock_out_day.items():
        day = median_day(days)
        fate = "lasts" if day is None else f"gone after {day:.1f} days"
        yield f"Stock of {reward:<18} {fate} ({plan.stocks[reward]} units)"


def _verdict(plan: Plan, told: Exact, done: Simulated) -> str:
    agree = agrees(plan, told, done)
    if agree is None:
        return "something runs out: the simulation is the one to read"
    apart = float(done.totals.mean()) / (float(told.mean_minor) * plan.stockouts or 1.0) - 1
    (low, exact_low, _), (high, exact_high, _) = band_ends(told, done)
    mean = f"mean {apart:+.3%}; days up to the band's ends {low:.1%} and {high:.1%}"
    return f"{'agree' if agree else 'DISAGREE'} ({mean}, exactly {exact_low:.1%} and {exact_high:.1%})"


def _waiting(version: Version, plan: Plan, told: Exact) -> Iterator[str]:
    """Say what waiting costs, and whether it is in the figures."""
    if not plan.milestones:
        return
    mean, most = (
        amount_text(told.wait_mean_minor, version.currency),
        format_amount(told.wait_worst_minor, version.currency),
    )
    cost = f"{mean} on average, {most} at worst, for each who waits: {counted(len(plan.milestones), 'milestone')}"
    counts = f"counted for {percent_text(plan.waiting)} of stockouts" if plan.waiting else "not counted (--waiting 30%)"
    yield f"Waiting                     {cost}; {counts}"


def _budget(version: Version, plan: Plan, done: Simulated) -> str:
    amount = f"{format_amount(plan.budget_minor, version.currency)} a {version.campaign.budget.per}"
    if version.campaign.budget.per == "campaign":
        amount = f"{format_amount(plan.budget_minor, version.currency)} in all"
    out = [day for day in done.budget_out_day if day is not None]
    if not out:
        return f"{amount}, never used up"
    refused = done.refused.mean() / plan.stockouts
    day = float(np.median(out))
    return (
        f"{amount}, used up in {len(out) / done.runs:.0%} of runs, first after {day:.1f} days; "
        f"{refused:.1%} of stockouts find it used up"
    )


def _print_days(version: Version, plan: Plan, done: Simulated) -> None:
    """Draw the cost as it adds up, with its band, at most a dozen lines."""
    console.print("[bold]Cost as it adds up[/bold], 5–95 %", soft_wrap=True)
    summed = np.cumsum(done.cost_by_day, axis=1)
    low, high = np.quantile(summed, (0.05, 0.95), axis=0)
    most = float(high[-1]) or 1.0
    table = plain_table()
    table.add_column("after day", justify="right")
    table.add_column("")
    table.add_column("", justify="right", no_wrap=True)
    for day in sorted({*range(0, plan.days, max(1, -(-plan.days // 10))), plan.days - 1}):
        band = (
            f"{format_amount(round(low[day]), version.currency)} to {format_amount(round(high[day]), version.currency)}"
        )
        filled = round(BAR_WIDTH * 2 * float(low[day]) / most)
        fringe = max(1, round(BAR_WIDTH * 2 * float(high[day]) / most) - filled)
        table.add_row(str(day + 1), Text("█" * filled + "▒" * fringe), band)
    print_table(console, table)


def _charts(version: Version, plan: Plan, done: Simulated) -> list[Any]:
    from engine.desk.charts import Band, Bars

    unit, scale = version.currency, 10 ** digits_of(version.currency)
    summed = np.cumsum(done.cost_by_day, axis=1) / scale
    low, middle, high = np.quantile(summed, (0.05, 0.5, 0.95), axis=0)
    shown: Mapping[str, float] = {
        one.name: simulated_minor(done, one.name) / scale for one in plan.categories if one.chain
    } | {f"{name} points": simulated_minor(done, name) / scale for name, _mean in milestones_of(plan)}
    return [
        Bars(f"{version.campaign.name}: what each slice contributes", list(shown), list(shown.values()), unit),
        Band(
            f"Cost of {plan.stockouts} stockouts as it adds up, 5–95 %",
            middle,
            low,
            high,
            unit,
            "day",
        ),
    ]
