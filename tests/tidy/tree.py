"""The files of the project: those git tracks, and new ones it does not ignore."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[str, ...]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()}))


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text file's name and content."""
    for name in files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            yield name, content.decode()


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the Python modules of some rooms, or of all, parsed."""
    for name in files():
        if name.endswith(".py") and (not rooms or name.startswith(tuple(f"{room}/" for room in rooms))):
            yield name, parsed(name)


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(), name)


def listed(findings: list[str], say: str) -> str:
    return "\n".join([say, *findings])
