"""What a page of the documentation holds for a test: its blocks of code, and the words it sets in `type`."""

import re
from typing import NamedTuple

from engine.settings import ROOT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"`([^`\n]+)`")


class Block(NamedTuple):
    """One fenced block, and the line it begins on."""

    language: str
    text: str
    line: int


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[Block]:
    text = page(name)
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start()) + 1)
        for match in _BLOCK.finditer(text)
        if match[1] == language
    ]


def typed(name: str) -> set[str]:
    """Return every word or phrase of a page that stands in backquotes, outside its blocks."""
    return set(_TYPED.findall(_BLOCK.sub("", page(name))))


def links(name: str) -> list[str]:
    """Return where a page's links and pictures lead, outside its blocks."""
    return re.findall(r"\]\(([^)\s]+)\)", _BLOCK.sub("", page(name)))
