"""The only place that reads the clock; everything else is told what time it is.

A demo installation may be some days ahead: its offset stands in a file that all of its processes read.
"""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

DEMO_DAYS_MAX = 3650


def now() -> datetime:
    """Return the current instant, in UTC; in a demo that was moved ahead, that many days later."""
    return datetime.now(UTC) if _demo_file() is None else datetime.now(UTC) + timedelta(days=_demo_days())


def move_demo_a_day() -> None:
    """Move a demo's clock to the same time tomorrow; raise `PermissionError` where this is no demo."""
    file = _demo_file()
    if file is None:
        raise PermissionError("only a demo's clock can be moved")
    fresh = file.with_suffix(".new")
    fresh.write_text(str(min(_demo_days() + 1, DEMO_DAYS_MAX)), encoding="ascii")
    fresh.replace(file)


def _demo_days() -> int:
    file = _demo_file()
    if file is None:
        return 0
    try:
        return int(file.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0


@cache  # of the environment, which stays as the process found it
def _demo_file() -> Path | None:
    path = os.environ.get("MAKEGOOD_DEMO_CLOCK")
    return Path(path) if path and os.environ.get("MAKEGOOD_DEMO") == "1" else None
