"""What a marketer asks before anything is live: is the config sound, and what will a wheel give and cost."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import get_args

import click
from rich.table import Table
from rich.text import Text

from engine import campaigns
from engine.campaigns import Config, Version
from engine.cli.output import EXIT_BAD_SETUP, console, errors
from engine.cli.tables import counted, plain_table, print_table
from engine.messages import Messages
from engine.settings import ROOT
from engine.toml_files import nearest
from rewards.catalogue import Reward
from rewards.money import digits_of, format_amount
from rewards.odds import WheelSlice, expected_cost_minor
from rules.reasons import Code

_PERIODS = {"day": "The daily budget", "week": "The weekly budget", "month": "The monthly budget"}
_DECIMALS_MAX = 6
_NOTED_MAX = 8
_ROUNDED_FROM = 100  # one in so many: no decimals from there


def check_config(folder: Path | None) -> None:
    """Say that the folder is sound and what it holds; raise `ConfigError` with every problem where it is not."""
    config = campaigns.load(_folder(folder))
    console.print(
        f"config is sound: {counted(len(config.versions), 'campaign')}, {counted(len(config.rewards), 'reward')}, "
        f"locales {', '.join(config.messages)}",
        soft_wrap=True,
    )
    for note in _notes(config):
        errors.print(f"note: {note}", markup=False, soft_wrap=True)


def show_odds(slug: str | None, folder: Path | None) -> None:
    """Print the wheel of one campaign, or of each; an unknown one is answered by the nearest right word."""
    config = campaigns.load(_folder(folder))
    by_slug = {version.slug: version for version in config.versions}
    if slug is not None and slug not in by_slug:
        errors.print(f'unknown campaign "{slug}"; {nearest(slug, by_slug)}', markup=False, soft_wrap=True)
        raise SystemExit(EXIT_BAD_SETUP)
    shown = config.versions if slug is None else [by_slug[slug]]
    messages = next(iter(config.messages.values()))
    for place, version in enumerate(shown):
        if place:
            click.echo()
        _print_wheel(version, messages)


def percent_text(odds: Fraction) -> str:
    """Return a probability in percent: exact where two decimals say it, else its first three figures."""
    percent = odds * 100
    if (percent * 100).denominator == 1:
        return f"{_decimal(percent, 2)} %"
    return f"{float(percent):.3g} %" if percent >= Fraction(1, 1000) else f"{float(percent):.2e} %"


def one_in_text(odds: Fraction) -> str:
    """Return a probability as `1 in 4`; what is no whole number is rounded to one decimal."""
    times = 1 / odds
    return f"1 in {_decimal(round(times * 10) / Fraction(10), 1) if times < _ROUNDED_FROM else round(times)}"


def amount_text(minor: Fraction, currency: str) -> str:
    """Return an amount exactly: `10.13 EUR`, or with its fraction where no decimals can say it."""
    if minor.denominator == 1:
        return format_amount(int(minor), currency)
    amount = minor / 10 ** digits_of(currency)
    if (amount * 10**_DECIMALS_MAX).denominator == 1:
        return f"{_decimal(amount, _DECIMALS_MAX)} {currency}"
    near = _decimal(round(amount * 10**4) / Fraction(10**4), 4)
    return f"{near}… {currency} (exactly {amount.numerator}/{amount.denominator})"


def _folder(folder: Path | None) -> Path:
    return folder or ROOT / "config"


def _notes(config: Config) -> Iterator[str]:
    """Yield what is not wrong, but a shopper would notice: sentences that one language lacks."""
    needed = {f"reason-{code.replace('_', '-')}" for code in get_args(Code)}
    needed |= {f"label-{str(kind.__struct_config__.tag).replace('_', '-')}" for kind in get_args(Reward)}
    for messages in config.messages.values():
        needed |= set(messages.patterns)
    for locale, messages in config.messages.items():
        if missing := sorted(needed - set(messages.patterns)):
            more = f" and {len(missing) - _NOTED_MAX} more" if len(missing) > _NOTED_MAX else ""
            listed = ", ".join(missing[:_NOTED_MAX]) + more
            yield f"messages/{locale}.ftl has no {listed}; shoppers would read another language"


def _print_wheel(version: Version, messages: Messages) -> None:
    rows = version.odds_rows()
    heading = Text.assemble((version.campaign.name, "bold"), f"  ({version.slug})")
    console.print(heading, soft_wrap=True)
    print_table(console, _wide_table(version, rows, messages), _narrow_table(version, rows, messages))
    for line in _costs(version, rows):
        console.print(line, markup=False)


def _wide_table(version: Version, rows: list[WheelSlice], messages: Messages) -> Table:
    table = plain_table()
    table.add_column("slice", no_wrap=True)
    table.add_column("label")
    _add_figures(table, version)
    table.add_column(" when gone", no_wrap=True)
    for row, figures in zip(rows, _figures(rows, version), strict=True):
        table.add_row(Text(row.slice), Text(_label(version, row, messages)), *figures, Text(f" {row.when_gone or ''}"))
    return table


def _narrow_table(version: Version, rows: list[WheelSlice], messages: Messages) -> Table:
    """Return the same with all words of a slice under each other."""
    table = plain_table()
    table.add_column("slice", overflow="fold")
    _add_figures(table, version)
    for row, figures in zip(rows, _figures(rows, version), strict=True):
        gone = f"\n  gone: {row.when_gone}" if row.when_gone else ""
        table.add_row(Text(f"{row.slice}\n  {_label(version, row, messages)}{gone}"), *figures)
    return table


def _label(version: Version, row: WheelSlice, messages: Messages) -> str:
    return messages.label(row.reward, version.reward(row.reward), version.currency)


def _add_figures(table: Table, version: Version) -> None:
    for heading in ("weight", "odds", "", f"liability\n{version.currency}", "stock"):
        table.add_column(heading, justify="right", no_wrap=True)


def _figures(rows: list[WheelSlice], version: Version) -> Iterator[tuple[str, ...]]:
    total = sum(row.weight for row in rows)
    for row in rows:
        odds = Fraction(row.weight, total)
        liability = format_amount(row.liability_minor, version.currency).rpartition(" ")[0]
        stock = "" if row.stock is None else str(row.stock)
        yield str(row.weight), percent_text(odds), one_in_text(odds), liability, stock


def _costs(version: Version, rows: list[WheelSlice]) -> Iterator[str]:
    """Yield the figures under the table: what one spin costs on average and at most, and how far the budget goes."""
    currency, budget = version.currency, version.campaign.budget
    worst = max(version.liability_minor(reward) for row in rows for reward in version.chain(row.reward))
    of_period = _PERIODS.get(budget.per, "The whole budget")
    covers = f"covers {int(budget.amount) // worst} worst-case spins" if worst else "covers any number of spins"
    expected = amount_text(expected_cost_minor(rows), currency)
    yield ""
    yield f"Expected cost of one spin   {expected}, if every code is used in full"
    yield f"Worst case of one spin      {format_amount(worst, currency)}"
    yield f"Kept aside for each offer   {format_amount(version.floor_minor, currency)}, until it is spun or over"
    if version.campaign.patience:
        promised = sum(version.worst_minor(milestone.rewards) for milestone in version.campaign.patience.milestone)
        yield f"Kept aside for each wait    {format_amount(promised, currency)}, for the milestones ahead"
    yield f"{of_period:<26}  {format_amount(int(budget.amount), currency)}, {covers}"


def _decimal(value: Fraction, digits: int) -> str:
    """Write a fraction that has at most `digits` decimals, without trailing zeros."""
    whole, rest = divmod(int(value * 10**digits), 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")
