"""A campaign with other weights: its file changed in place, comments kept, and read back before anybody sees it."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.campaigns import Config, Version
from engine.desk.sentences import Value, sentence
from engine.flows.publishing import Files, config_of
from engine.toml_files import places_of

WEIGHT_MAX = 1_000_000  # room for any slider
DIGITS_MAX = 18  # of a number that comes as text
SHOWN_MAX = 64
_NUMBER = re.compile(r"(weight[\"']?\s*=\s*)[0-9_]+")


class RefusedError(ValueError):
    """What was asked cannot be tried; `code` and `values` are of the message `console-refused-<code>`."""

    def __init__(self, code: str, **values: Value) -> None:
        super().__init__(code)
        self.sentence = sentence(f"console-refused-{code}", **values)


class Tried(NamedTuple):
    """What the sliders make of the live config."""

    config: Config
    version: Version
    files: Files
    text: str


def with_weights(files: Files, slug: str, weights: Sequence[int]) -> Tried:
    """Return the config with a campaign's weights set, in the order of its slices; raise `ConfigError` if unsound."""
    name = f"campaigns/{slug}.toml"
    text = reweighted(files[name], weights, name)
    changed = {**files, name: text}
    config = config_of(changed)
    version = next(version for version in config.versions if version.slug == slug)
    if [piece.weight for piece in version.campaign.wheel] != list(weights):
        raise RefusedError("edit-the-file", about=name)
    return Tried(config, version, changed, text)


def reweighted(text: str, weights: Sequence[int], name: str) -> str:
    """Write weights into a campaign's file, each where the old one stood."""
    lines = text.split("\n")
    places = [places_of(text, ("wheel", place, "weight")) for place in range(len(weights))]
    for (line, column), weight in sorted(zip(places, weights, strict=True), reverse=True):
        old = lines[line - 1]
        new, found = _NUMBER.subn(rf"\g<1>{weight}", old[column - 1 :], count=1)
        if not found:
            raise RefusedError("edit-the-file", about=f"{name}:{line}")
        lines[line - 1] = old[: column - 1] + new
    return "\n".join(lines)


def weights_of(version: Version, told: Mapping[str, object]) -> list[int]:
    """Read weights by slice; a slice that is not told keeps its own. Raise `RefusedError` for what is none."""
    if strange := told.keys() - {piece.slice for piece in version.table.slices}:
        raise RefusedError("slice-unknown", about=min(strange)[:SHOWN_MAX])
    weights = []
    for piece in version.table.slices:
        value = told.get(piece.slice, piece.weight)
        weight = whole_number(value)
        if weight is None or not 1 <= weight <= WEIGHT_MAX:
            raise RefusedError("weight", about=piece.slice)
        weights.append(weight)
    return weights


def whole_number(value: object) -> int | None:
    """Return a whole number that came as one or as its digits; None for anything else."""
    if isinstance(value, str) and len(value) <= DIGITS_MAX and value.isascii() and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
