"""Tables for a terminal: as wide as it is, and as wide as they need to be in a file or a pipe."""

from collections.abc import Sequence

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

PIPE_WIDTH_MAX = 1000


def plain_table() -> Table:
    """Return a table of columns alone, without lines to draw."""
    return Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")


def print_table(console: Console, *tables: Table) -> None:
    """Print the first table that fits without cutting a word or a figure, or the last; a pipe takes the first whole."""
    if not console.is_terminal:
        widest = _measure(console, tables[0]).maximum
        Console(file=console.file, width=widest, highlight=False, emoji=False, no_color=True).print(tables[0])
        return
    console.print(_fitting(console, tables))


def print_rows(*rows: Sequence[str]) -> None:
    """Print for other programs: a row a line, a tab between two cells and in none of them."""
    for row in rows:
        click.echo("\t".join(" ".join(cell.split()) for cell in row))


def _fitting(console: Console, tables: Sequence[Table]) -> Table:
    return next((table for table in tables if _measure(console, table).minimum <= console.width), tables[-1])


def _measure(console: Console, table: Table) -> Measurement:
    return Measurement.get(console, console.options.update(max_width=PIPE_WIDTH_MAX), table)


def counted(number: int, noun: str) -> str:
    """Return `1 spin`, `2 spins`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
