"""The rooms keep their promises: the pure ones stay pure, one place reads the clock, the edge alone commits."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.tidy.tree import listed, modules

# Parts of the standard library that open no file, ask no clock, network or chance.
PURE = {
    *("abc", "base64", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "difflib", "enum"),
    *("fnmatch", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator", "re"),
    *("statistics", "string", "struct", "textwrap", "types", "typing", "unicodedata"),
}
ALLOWED = {"rules": PURE | {"msgspec", "cel", "rules"}, "rewards": PURE | {"msgspec", "numpy", "rewards"}}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}
CLOCK = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"),
    *("time.localtime", "time.gmtime", "time.ctime", "time.strftime"),
}
CLIENTS = ("httpx", "requests", "aiohttp", "urllib3", "urllib.request", "http.client", "smtplib", "ftplib")
# A person at a terminal, and the demo shop, call an engine of their own.
MAY_CALL_OUT = ("engine/connectors/", "engine/cli/", "engine/demo.py")
# `begin` is a transaction's only where a transaction can be begun; others may have beginnings of their own.
COMMITS = re.compile(r"\.commit$|(?:session|connection|engine)(?:\(\))?\.begin$")


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def clock_reads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = ".".join(ast.unparse(node).split(".")[-2:])
            if name in CLOCK:
                yield node.lineno, name
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((node.lineno, f"time.{alias.name}") for alias in node.names if f"time.{alias.name}" in CLOCK)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_pure_room_imports_nothing_that_reaches_out(room: str) -> None:
    found = [
        f"{name}:{line}: imports {module}"
        for name, tree in modules(room)
        for line, module in imports(tree)
        if module.split(".")[0] not in ALLOWED[room]
    ]
    say = f"{room}/ is pure: take what this gives as an argument, or move the code to engine/ (ALLOWED in {__name__}):"
    assert not found, listed(found, say)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_pure_room_reads_and_writes_nothing(room: str) -> None:
    found = [
        f"{name}:{line}: calls {called}"
        for name, tree in modules(room)
        for line, called in calls(tree)
        if called in IMPURE_CALLS
    ]
    assert not found, listed(found, f"{room}/ is pure: return the value and let engine/ read or write it:")


def test_only_the_clock_reads_the_clock() -> None:
    found = [
        f"{name}:{line}: reads {call}"
        for name, tree in modules("engine", "rewards", "rules")
        if name != "engine/clock.py"
        for line, call in clock_reads(tree)
    ]
    assert not found, listed(found, "take `now` as an argument; at the edge, ask engine.clock.now():")


def test_only_the_database_room_commits() -> None:
    found = [
        f"{name}:{line}: calls {called}"
        for name, tree in modules("engine")
        if not name.startswith("engine/db/")
        for line, called in calls(tree)
        if COMMITS.search(called)
    ]
    say = "one request or job is one transaction: open it with engine.db.session.transaction() and let its end commit:"
    assert not found, listed(found, say)


def test_only_the_command_line_imports_the_command_line() -> None:
    found = [
        f"{name}:{line}: imports {module}"
        for name, tree in modules("engine")
        if not name.startswith("engine/cli/")
        for line, module in imports(tree)
        if module.startswith("engine.cli")
    ]
    assert not found, listed(
        found, "what others need too is no business of a terminal: move it to engine/desk or a flow:"
    )


def test_only_the_connectors_call_out() -> None:
    found = [
        f"{name}:{line}: imports {module}"
        for name, tree in modules("engine", "rewards", "rules")
        if not name.startswith(MAY_CALL_OUT)
        for line, module in imports(tree)
        if module.startswith(CLIENTS)
    ]
    say = "nothing a caller sends is ever fetched: announce a fact, and a job tells it through engine/connectors:"
    assert not found, listed(found, say)


def test_a_flow_works_in_the_transaction_it_is_given() -> None:
    found = [
        f"{name}:{line}: calls {called}"
        for name, tree in modules("engine/flows")
        for line, called in calls(tree)
        if called.split(".")[-1] == "transaction"
    ]
    assert not found, listed(
        found, "a flow takes a session; the API, the jobs or the command line open the transaction:"
    )


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "dt.date.today()",
        "time.time()",
        "from time import time",
        "f=time.time",
    ],
)
def test_a_reading_of_the_clock_is_seen(source: str) -> None:
    assert list(clock_reads(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["time.monotonic()", "time.perf_counter()", "clock.now()", "time.sleep(1)", "facts.now"]
)
def test_what_is_no_clock_is_left_alone(source: str) -> None:
    assert not list(clock_reads(ast.parse(source)))
