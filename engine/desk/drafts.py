"""A campaign with other weights: its file changed in place, comments kept, and read back before anybody sees it."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.campaigns import Config, Version
from engine.flows.publishing import Files, config_of
from engine.toml_files import ConfigError, Problem, places_of

_NUMBER = re.compile(r"(weight[\"']?\s*=\s*)[0-9_]+")


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
        raise ConfigError([Problem(name, 1, 1, "its weights stand where this page cannot change them: edit the file")])
    return Tried(config, version, changed, text)


def reweighted(text: str, weights: Sequence[int], name: str) -> str:
    """Write weights into a campaign's file, each where the old one stood."""
    lines = text.split("\n")
    places = [places_of(text, ("wheel", place, "weight")) for place in range(len(weights))]
    for (line, column), weight in sorted(zip(places, weights, strict=True), reverse=True):
        old = lines[line - 1]
        new, found = _NUMBER.subn(rf"\g<1>{weight}", old[column - 1 :], count=1)
        if not found:
            message = "a weight stands where this page cannot change it: edit the file"
            raise ConfigError([Problem(name, line, column, message)])
        lines[line - 1] = old[: column - 1] + new
    return "\n".join(lines)


def weights_of(version: Version, told: Mapping[str, object]) -> list[int]:
    """Read weights by slice; a slice that is not told keeps its own. Raise `ValueError` for what is no weight."""
    weights = []
    for piece in version.table.slices:
        value = told.get(piece.slice, piece.weight)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000_000:  # noqa: PLR2004  # room for any slider
            raise ValueError(f'the weight of "{piece.slice}" is a whole number from 1 to 1000000')
        weights.append(value)
    return weights
