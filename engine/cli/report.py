"""`makegood report`: does this earn more than doing nothing? Each arm against the holdout, in words and figures."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from engine import campaigns, clock
from engine.campaigns import Config, Version
from engine.cli.config import config_folder
from engine.cli.desk import words_or_refuse
from engine.cli.opened import opened
from engine.cli.output import console
from engine.cli.simulate import refuse, refuse_other_pictures
from engine.cli.tables import plain_table, print_table
from engine.desk.findings import Report
from engine.desk.shown import band_text, cells_of, charts_of
from engine.flows import publishing, reports
from engine.messages import Messages
from engine.toml_files import nearest
from engine.versions import Versions

_WHAT_IF = re.compile(r"(?P<slice>[^=:]+)[=:](?P<percent>\d+(?:\.\d+)?)\s*%?")


@dataclass(frozen=True)
class Asked:
    campaign: str | None
    folder: Path | None
    what_if: tuple[str, ...]
    locale: str
    chart: Path | None
    form: str


def report_campaign(asked: Asked) -> None:
    if asked.chart is not None:
        refuse_other_pictures(asked.chart)
    say = words_or_refuse(asked.locale)
    wanted = read_what_if(asked.what_if)
    told = asyncio.run(_load(asked, wanted, say))
    if asked.form == "json":
        click.echo(msgspec.json.encode(told).decode())
    else:
        _print(told, say)
    if asked.chart is not None:
        from engine.desk import charts

        charts.write(charts_of(told, say), asked.chart)


def read_what_if(texts: tuple[str, ...]) -> dict[str, float]:
    """Read `discount-20=8`: a slice and its odds in percent."""
    wanted: dict[str, float] = {}
    for text in texts:
        match = _WHAT_IF.fullmatch(text.strip())
        if match is None:
            refuse(f'--what-if: expected a slice and its odds in percent, such as discount-20=8, got "{text}"')
            raise AssertionError
        slice_ = match["slice"].strip()
        if slice_ in wanted:
            refuse(f"--what-if: {slice_} stands twice")
        wanted[slice_] = float(match["percent"])
    return wanted


async def _load(asked: Asked, wanted: Mapping[str, float], say: Messages) -> Report:
    async with opened() as (settings, connection), AsyncSession(connection) as session:
        live = await publishing.current(session, now=clock.now())
        folder = asked.folder or settings.config_folder
        config = (
            publishing.config_of(live.files) if live and not asked.folder else campaigns.load(config_folder(folder))
        )
        version = _campaign(config, asked.campaign)
        return await reports.of_campaign(
            session, Versions(), version, config.shop.targets, say, wanted=wanted or None, now=clock.now()
        )


def _campaign(config: Config, slug: str | None) -> Version:
    by_slug = {version.slug: version for version in config.versions}
    if slug is not None and slug not in by_slug:
        refuse(f'unknown campaign "{slug}"; {nearest(slug, by_slug)}')
    if slug is None and len(by_slug) > 1:
        refuse(f"name one: {', '.join(by_slug)}")
    return by_slug[slug] if slug else config.versions[0]


def _print(told: Report, say: Messages) -> None:
    console.print(f"[bold]{say.text('console-today-question')}[/bold]", soft_wrap=True)
    for answer in told.answers:
        console.print(answer.sentence, markup=False, soft_wrap=True)
    if not told.answers:
        console.print(say.text("console-report-none"), markup=False, soft_wrap=True)
    console.print(f"\n{say.text('console-report-units', n=told.units)}", markup=False, soft_wrap=True)
    if told.left_out:
        console.print(say.text("console-report-left-out", n=told.left_out), markup=False, soft_wrap=True)
    if told.split:
        console.print(told.split.sentence, markup=False, soft_wrap=True)
        table = plain_table()
        for heading in ("arm", "n", "expected"):
            table.add_column(say.text(f"console-report-{heading}"), justify="left" if heading == "arm" else "right")
        for drawn in told.split.arms:
            table.add_row(say.text(f"console-arm-{drawn.arm}"), say.number(drawn.n), say.number(drawn.expected))
        print_table(console, table)
    for arm in dict.fromkeys(figure.arm for figure in told.figures):
        _print_arm(told, arm, say)
    if told.figures:
        console.print(f"\n{say.text('console-report-always')}", markup=False, soft_wrap=True)
    if told.what_if:
        _print_what_if(told, say)


def _print_arm(told: Report, arm: str, say: Messages) -> None:
    console.print(f"\n[bold]{say.text(f'console-arm-{arm}')}[/bold]")
    table = plain_table()
    for name in ("figure", "n", "level", "control", "interval", "target"):
        table.add_column(
            say.text(f"console-report-{name}"), justify="left" if name == "figure" else "right", no_wrap=True
        )
    table.add_column(say.text("console-report-verdict"), min_width=30)
    for figure in told.figures:
        if figure.arm == arm:
            table.add_row(*(Text(cell) for cell in cells_of(figure, told.currency, say)))
    print_table(console, table)


def _print_what_if(told: Report, say: Messages) -> None:
    view = told.what_if
    if view is None:
        return
    asked = ", ".join(f"{name} {say.percent(percent / 100)}" for name, percent in view.wanted.items())
    console.print(f"\n[bold]{say.text('console-report-what-if')}[/bold] {asked}", soft_wrap=True)
    console.print(view.sentence, markup=False, soft_wrap=True)
    for name, band in (
        ("was", view.as_it_was),
        ("ips", view.inverse_propensity),
        ("dr", view.doubly_robust),
        ("change", view.change),
    ):
        if band is not None:
            console.print(
                f"  {say.text(f'console-report-{name}'):<22} {band_text(band, told.currency, say)}", markup=False
            )
