"""Code stays readable: short functions, modules that say what they promise, exceptions to the rules that say why."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.tidy.tree import ROOT, files, listed, modules

FUNCTION_LINES_MAX = 60
MIGRATIONS = "engine/db/migrations/versions/"
# `code  # reason`, or `code - reason`, on the same line.
_EXCUSED = re.compile(r"(?:noqa: ?[A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*|type: ?ignore\[[a-z, -]+\])(?: {2}# | - )\S.{2,}")
_EXCUSE = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b", re.IGNORECASE)


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def unexcused(comment: str) -> bool:
    """Whether a comment silences a check without naming it, or without saying why."""
    return bool(_EXCUSE.search(comment)) and not _EXCUSED.search(comment)


def test_functions_are_short() -> None:
    found = [
        f"{name}:{node.lineno}: {node.name} has {length} lines"
        for name, tree in modules()
        if not name.startswith(MIGRATIONS)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not found, listed(found, f"give a paragraph of it a name of its own; {FUNCTION_LINES_MAX} lines are enough:")


def test_every_silenced_check_is_named_and_says_why() -> None:
    found = [
        f"{name}:{line}: {comment}"
        for name in files()
        if name.endswith(".py")
        for line, comment in comments((ROOT / name).read_text())
        if unexcused(comment)
    ]
    assert not found, listed(found, "write `# noqa: CODE  # why` or `# type: ignore[code]  # why`:")


def test_every_module_opens_with_its_promise() -> None:
    found = [f"{name}:1" for name, tree in modules() if tree.body and not ast.get_docstring(tree)]
    assert not found, listed(found, "say in one sentence what the module promises:")


@pytest.mark.parametrize(
    ("comment", "wrong"),
    [
        ("# noqa", True),
        ("# noqa: S603", True),
        ("# noqa: S603  #", True),
        ("# type: ignore", True),
        ("# type: ignore[attr-defined]", True),
        ("# type: ignore  # why not", True),
        ("# noqa: S603  # our own command line", False),
        ("# noqa: S603, S607 - our own command line", False),
        ("# type: ignore[attr-defined, arg-type]  # an INSERT's result has one", False),
        ("# a comment about something else", False),
    ],
)
def test_a_silenced_check_without_code_or_reason_is_seen(comment: str, *, wrong: bool) -> None:
    assert unexcused(comment) is wrong
