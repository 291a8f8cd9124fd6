"""`makegood diff` and `makegood rules-text`: what a change does, and what a shop must publish."""

import re
import shutil
import tempfile
from pathlib import Path

import click

from engine import campaigns
from engine.campaigns import SLUG_LENGTH_MAX, Config
from engine.cli.config import config_folder
from engine.cli.output import console
from engine.cli.simulate import refuse, the_campaign
from engine.desk.difference import differences
from engine.desk.rules_text import rules_text
from engine.desk.sentences import all_told
from engine.desk.words import LOCALES, spoken, words
from engine.messages import Messages
from engine.toml_files import nearest


def print_difference(old: str, new: str, locale: str) -> None:
    """Print what NEW changes against OLD, one sentence a line."""
    say = words_or_refuse(locale)
    names = _file_name(old), _file_name(new)
    if all(names):  # two files are two states of one campaign, whatever they are called
        console.print(f"{old} → {new}", markup=False, soft_wrap=True)
        names = names[1], names[1]
    told = all_told(differences(_config(old, names[0]), _config(new, names[1])), say)
    for sentence in told:
        console.print(f"- {sentence}", markup=False, soft_wrap=True)
    if not told:
        console.print(say.text("console-wheel-same"))


def words_or_refuse(locale: str) -> Messages:
    """Return the desk's sentences in a language it speaks; end the command for another one."""
    if spoken(locale) is None:
        refuse(f"the desk speaks {' and '.join(LOCALES)}, not {locale}")
    return words(locale)


def print_rules(slug: str | None, locale: str, folder: Path | None) -> None:
    version = the_campaign(slug, folder)
    config = campaigns.load(config_folder(folder))
    if locale not in config.messages:
        refuse(f'the shop does not speak "{locale}"; {nearest(locale, config.messages)}')
    click.echo(rules_text(config, version, config.messages[locale]), nl=False)


def _file_name(named: str) -> str:
    """Return the campaign that a file is of by its name, or nothing where no file is named."""
    path = Path(named)
    return re.sub(r"[^\w-]+", "-", path.stem)[:SLUG_LENGTH_MAX] if path.is_file() else ""


def _config(named: str, slug: str) -> Config:
    """Read a config: a folder, one campaign's file under the name `slug`, or the number of a publication."""
    path = Path(named)
    if path.is_dir():
        return campaigns.load(path)
    if path.is_file():
        return _with_campaign(path, slug)
    if named.isdecimal() or named == "live":
        from engine.cli.publish import published_config

        return published_config(None if named == "live" else int(named))
    refuse(f'"{named}" is no folder, no file and no number of a publication (`makegood versions` lists them)')
    raise AssertionError


def _with_campaign(path: Path, slug: str) -> Config:
    """Read one campaign's file with the shop and rewards beside it, else with those of the config folder."""
    own = path.resolve().parent.parent
    around = own if (own / "shop.toml").is_file() else config_folder(None)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("shop.toml", "rewards.toml"):
            shutil.copy(around / name, folder / name)
        shutil.copytree(around / "messages", folder / "messages")
        (folder / "campaigns").mkdir()
        shutil.copy(path, folder / "campaigns" / f"{slug}.toml")
        return campaigns.load(folder)
