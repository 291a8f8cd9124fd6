"""`makegood audit`: every part of it run in one snapshot, counted, and each fault named as soon as it is found."""

import asyncio
from collections import Counter

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from engine.audit import PAGE, PARTS, Auditor, Part
from engine.audit_patience import PARTS as PATIENCE
from engine.cli.opened import opened
from engine.cli.output import EXIT_FAULT, console, errors
from engine.cli.tables import plain_table, print_table
from engine.vault import Vault

# A table that is wrong from end to end is told by its first rows; the count tells the rest.
FAULTS_SHOWN_MAX = 100


def audit_everything() -> int:
    """Look at every row, print what was looked at and what disagrees; return 1 when anything does."""
    checked, faulty = asyncio.run(_audit())
    print_table(console, _summary(checked, faulty))
    rows = f"{checked.total()} rows were recomputed"
    if faulty.total():
        console.print(f"\n{rows}; {faulty.total()} of them disagree with what they follow from.")
        return EXIT_FAULT
    console.print(f"\n{rows}; everything agrees.")
    return 0


async def _audit() -> tuple[Counter[str], Counter[str]]:
    checked: Counter[str] = Counter()
    faulty: Counter[str] = Counter()
    async with opened() as (settings, connection):
        auditor = Auditor(connection, Vault(settings))
        await auditor.begin()
        with _progress() as progress:
            for part in (*PARTS, *PATIENCE):
                await _look(auditor, part, progress, checked, faulty)
    return checked, faulty


async def _look(auditor: Auditor, part: Part, progress: Progress, checked: Counter[str], faulty: Counter[str]) -> None:
    task = progress.add_task(part.table, total=await auditor.size(part))
    seen = 0
    async for row, faults in part.look(auditor):
        seen += 1
        if seen % PAGE == 0:
            progress.update(task, completed=seen)
        if not faults:
            continue
        faulty[part.table] += 1
        if faulty[part.table] <= FAULTS_SHOWN_MAX:
            for fault in faults:
                console.print(Text(f"{part.table} {row}: {fault}"), soft_wrap=True)
        elif faulty[part.table] == FAULTS_SHOWN_MAX + 1:
            console.print(Text(f"{part.table}: … and more, counted below"))
    checked[part.table] = seen
    progress.update(task, completed=seen)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    )


def _summary(checked: Counter[str], faulty: Counter[str]) -> Table:
    table = plain_table()
    table.add_column("table", no_wrap=True)
    table.add_column("recomputed")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("faulty", justify="right", no_wrap=True)
    for part in (*PARTS, *PATIENCE):
        wrong = faulty[part.table]
        table.add_row(part.table, part.what, str(checked[part.table]), Text(str(wrong), "bold red" if wrong else ""))
    return table
