"""What processes worked, as the kernel counts it: whatever else the machine does meanwhile takes no part."""

import os
from pathlib import Path

import psycopg

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def worked(pid: int) -> float:
    """Return the processor seconds of a process, its children and those it has outlived."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in _words(path)]
    except FileNotFoundError:
        return 0.0
    return sum(map(int, stat[11:15])) * TICK_SECONDS + sum(map(worked, children))


def postmaster_of(url: str) -> int:
    """Return the process above all others of a PostgreSQL on this machine."""
    with psycopg.connect(url) as connection:
        ((pid,),) = connection.execute("SELECT pg_read_file('postmaster.pid', 0, 20)").fetchall()
        return int(pid.split()[0])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except FileNotFoundError:
        return []
