"""What a replay tells at its end: what was sent, what was refused and why, and whether chance kept to its odds."""

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import sqrt
from pathlib import Path

from rich.table import Table
from rich.text import Text

from engine import campaigns
from engine.campaigns import Version
from engine.cli.config import amount_text, percent_text
from engine.cli.output import console
from engine.cli.replay_calls import Counts, Replayed, Wheel, can_be_named
from engine.cli.tables import counted, plain_table, print_table
from engine.orders import STOCK_SHARE, Missed, Orders, Plot
from engine.settings import ROOT
from engine.toml_files import ConfigError
from rewards.money import format_amount
from rewards.odds import expected_cost_minor

BAR_WIDTH = 24


def print_report(
    orders: Orders, plot: Plot, missed: Sequence[Missed], counts: Replayed, *, seed: int, currency: str
) -> None:
    print_orders(orders)
    _print_rule(plot, missed, seed, currency)
    _print_answers(counts)
    for digest, wheel in counts.wheels.items():
        _print_wheel(digest, wheel, counts)
    _print_promises(counts)


def print_orders(orders: Orders) -> None:
    _head("The file")
    doubt = "; nothing in it tells day from month" if orders.date_doubt else ""
    _say(f"{counted(orders.rows, 'row')}, {orders.encoding}, dates read as {orders.date_order}{doubt}")
    left_out = sum(dirt.rows for dirt in orders.dirt.values())
    _say(f"{counted(len(orders.lines), 'order line')}; {counted(left_out, 'row')} left out{':' if left_out else ''}")
    if left_out:
        table = plain_table()
        table.add_column("  reason")
        table.add_column("rows", justify="right", no_wrap=True)
        table.add_column("first at line", justify="right", no_wrap=True)
        for reason, dirt in sorted(orders.dirt.items(), key=lambda item: -item[1].rows):
            table.add_row(f"  {reason}", str(dirt.rows), str(dirt.example_line))
        print_table(console, table)


def _print_rule(plot: Plot, missed: Sequence[Missed], seed: int, currency: str) -> None:
    _head("The stockouts")
    unnamed = len({one.order.sku for one in missed if not can_be_named(one.order.sku)})
    low, high = (f"{share:.0%}" for share in STOCK_SHARE)
    _say(
        f"Rule: a product's stock is {low} to {high} of all that is ordered of it, a share drawn from seed {seed} and "
        "its code; in order of time each line takes what it asks for, and one that finds too little is a stockout."
    )
    _say(f"{len(plot.ran_out)} of {plot.products} products ran out; {len(plot.missed)} lines came too late.")
    if len(missed) < len(plot.missed):
        _say(f"Sent: the first {len(missed)} of them.")
    nowhere = sum(not one.order.market for one in missed)
    _say(
        f"Told as of this hour, at stage in_cart; the basket is the invoice so far, in {currency} whatever the file's "
        f"currency is, the market its country{f' (unknown for {nowhere})' if nowhere else ''}. "
        f"{counted(len({one.order.customer for one in missed}), 'shopper')}."
    )
    if unnamed:
        _say(f"PUT /v1/stock cannot name {counted(unnamed, 'product')} with a slash; unmentioned, it counts as gone.")


def _print_answers(counts: Replayed) -> None:
    _head("The answers")
    known = counts.reported["known"]
    again = f", {known} of them known from an earlier run" if known else ""
    _say(f"{counted(counts.reported.total(), 'stockout')} reported{again}")
    over = f", {counts.offers['over']} of them over before they were spun" if counts.offers["over"] else ""
    _say(f"{counted(counts.offers['wheel'], 'offer')} with a wheel{over}, {counts.offers['refused']} refused")
    if counts.refusals:
        table = plain_table()
        table.add_column("  reason (one offer may have several)")
        table.add_column("offers", justify="right", no_wrap=True)
        for code, number in counts.refusals.most_common():
            table.add_row(f"  {code}", str(number))
        print_table(console, table)


def _print_wheel(digest: str, wheel: Wheel, counts: Replayed) -> None:
    drawn, given = counts.slices[digest], counts.awards[digest]
    spins = drawn.total()
    _head(f"The wheel {digest[:12]}: {counted(spins, 'spin')}")
    print_table(console, _wheel_table(wheel, drawn, spins), _wheel_table(wheel, drawn, spins, bars=False))
    _say("z: how many standard errors the draws are from the odds shown; beyond 4 is worth a question.")
    replaced = {name: number for name, number in _replaced(wheel, drawn, given).items() if number}
    if replaced:
        told = ", ".join(f"{name} {number:+}" for name, number in replaced.items())
        _say(f"Given for what was gone, against what was drawn: {told}")
    for line in _liability(digest, given, spins):
        _say(line)


def _wheel_table(wheel: Wheel, drawn: Counts, spins: int, *, bars: bool = True) -> Table:
    table = plain_table()
    table.add_column("  slice", no_wrap=True)
    for heading in ("odds", "expected", "drawn", "share", "z"):
        table.add_column(heading, justify="right", no_wrap=True)
    if bars:
        table.add_column(" drawn ▇ against odds │", no_wrap=True)
    total = sum(piece.weight for piece in wheel.slices)
    scale = max(max(Fraction(piece.weight, total), Fraction(drawn[piece.slice], spins)) for piece in wheel.slices)
    for piece in wheel.slices:
        odds, number = Fraction(piece.weight, total), drawn[piece.slice]
        expected = odds * spins
        error = sqrt(expected * (1 - odds)) or 1.0
        table.add_row(
            Text(f"  {piece.slice}"),
            percent_text(odds),
            f"{float(expected):.1f}",
            str(number),
            f"{number / spins:.1%}".replace("%", " %"),
            f"{float(number - expected) / error:+.1f}",
            *([_bar(Fraction(number, spins) / scale, odds / scale)] if bars else []),
        )
    return table


def _bar(share: Fraction, mark: Fraction) -> Text:
    """Draw a share as a bar, with a line where its odds end."""
    cells = ["▇" if place < round(share * BAR_WIDTH) else " " for place in range(BAR_WIDTH + 1)]
    cells[min(round(mark * BAR_WIDTH), BAR_WIDTH)] = "│"
    return Text(" " + "".join(cells).rstrip())


def _replaced(wheel: Wheel, drawn: Counts, given: Counts) -> Counts:
    """Return, by reward, how many more were given than drawn."""
    by_reward = type(given)()
    for piece in wheel.slices:
        by_reward[piece.reward] += drawn[piece.slice]
    difference = type(given)(given)
    difference.subtract(by_reward)
    return difference


def _liability(digest: str, given: Counts, spins: int) -> Iterator[str]:
    """Yield what the awards may cost, by the config here: the API does not tell a reward's liability."""
    folder = Path(os.environ.get("MAKEGOOD_CONFIG") or ROOT / "config")
    version = _version_of(digest, folder)
    if version is None:
        yield "Liability: not known here, since no campaign of this machine's config has this wheel (MAKEGOOD_CONFIG)."
        return
    currency, budget = version.currency, version.campaign.budget
    owed = sum(version.liability_minor(reward) * number for reward, number in given.items())
    share = percent_text(Fraction(owed, int(budget.amount))) if budget.amount else "all"
    period = {"campaign": "for the whole campaign"}.get(budget.per, f"per {budget.per}")
    yield (
        f"Liability: {format_amount(owed, currency)} at most for {counted(spins, 'award')}, {share} of the budget of "
        f"{version.slug} ({format_amount(int(budget.amount), currency)} {period}); by the config here."
    )
    mean = round(Fraction(owed, spins))
    expected = amount_text(expected_cost_minor(version.odds_rows()), currency)
    yield f"Mean of one spin: {format_amount(mean, currency)}; expected by the odds: {expected}."


def _version_of(digest: str, folder: Path) -> Version | None:
    try:
        config = campaigns.load(folder)
    except ConfigError:
        return None
    return next((version for version in config.versions if version.table.digest == digest), None)


def _print_promises(counts: Replayed) -> None:
    _head("The promises")
    replays = f" ({counted(counts.replays, 'spin')} of an earlier run told again)" if counts.replays else ""
    _say(
        f"{counted(counts.proofs['held'], 'proof')} recomputed here and held, {counts.proofs['failed']} failed{replays}"
    )
    for what, number in counts.broken.most_common():
        console.print(Text(f"{number} × unexpected: {what}", "bold red"))
    rate = counts.requests / counts.seconds if counts.seconds else 0
    tried = f", {counts.retries} of them tries again" if counts.retries else ""
    _say(f"{counted(counts.requests, 'request')}{tried} in {counts.seconds:.1f} s: {rate:.0f} requests per second")


def _head(text: str) -> None:
    console.print(Text(f"\n{text}", "bold"))


def _say(text: str) -> None:
    console.print(Text(text))
