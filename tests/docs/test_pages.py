"""The documentation is complete and leads somewhere: settings, kinds, codes, commands, links."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import msgspec
import pytest

from engine import campaigns, errors
from engine.campaigns import Budget, Campaign, CampaignSlice, Limits, Shop, Targets
from engine.cli.main import main
from engine.db.tables import REDEMPTION_STATUSES
from engine.settings import ROOT
from rewards.arms import Arm
from rewards.catalogue import Reward
from rewards.patience import Milestone, Patience, Spend, Surprise
from rules.conditions import AnyCondition
from rules.facts import Facts
from tests.docs.markdown import blocks, links, page, typed
from tests.support import CONFIG

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")),
]
ENVIRONMENT = re.compile(r"\b(MAKEGOOD_[A-Z_]+|DATABASE_URL|REDIS_URL)\b")


def sources() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "engine").rglob("*.py")):
        yield path, path.read_text(encoding="utf-8")


def anchor_of(heading: str) -> str:
    """Return a heading's address as Markdown viewers make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in links(name):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.exists(), f"{name} links to {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(anchor_of, headings), f"{name} links to {link}"


# Configuration


@pytest.mark.parametrize(
    "struct", [Shop, Targets, Limits, Budget, Campaign, CampaignSlice, Arm, Patience, Milestone, Surprise, Spend]
)
def test_every_key_of_the_config_is_documented(struct: type[msgspec.Struct]) -> None:
    known = typed("docs/config.md")
    missing = [field.encode_name for field in msgspec.structs.fields(struct) if field.encode_name not in known]
    assert not missing, f"docs/config.md says nothing of {missing}"


@pytest.mark.parametrize("struct", [*get_args(Reward), *get_args(AnyCondition)])
def test_every_kind_is_documented_with_its_keys(struct: type[msgspec.Struct]) -> None:
    config = page("docs/config.md")
    kind = str(struct.__struct_config__.tag)
    assert f'kind = "{kind}"' in config, "show an example of it"
    assert kind in typed("docs/config.md")
    for field in msgspec.structs.fields(struct):
        assert re.search(rf"\b{field.encode_name}\b", config), f"{kind} has a key {field.encode_name}"


def test_every_example_of_the_config_is_sound(tmp_path: Path) -> None:
    campaign = ""
    fragments = []
    for block in blocks("docs/config.md", "toml"):
        if name := re.match(r"# config/(\S+)\n", block.text):
            path = tmp_path / name[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            campaign = block.text if path.parent.name == "campaigns" else campaign
        else:
            assert block.text.startswith("[[eligibility]]")
            fragments.append(block.text)
    assert len(fragments) == len(get_args(AnyCondition))
    (tmp_path / "campaigns" / "all-conditions.toml").write_text(
        campaign + "\n" + "\n".join(fragments), encoding="utf-8"
    )
    (tmp_path / "messages").symlink_to(CONFIG / "messages")
    config = campaigns.load(tmp_path)
    [everything] = [version for version in config.versions if version.slug == "all-conditions"]
    assert {type(rule) for rule in everything.campaign.eligibility} == set(get_args(AnyCondition))
    for version in config.versions:
        for rule in version.rules:
            rule.failure(msgspec.convert(msgspec.to_builtins(rules_sample()), Facts))


def rules_sample() -> Facts:
    from rules.expression import _SAMPLE

    return _SAMPLE


def test_every_word_of_a_free_condition_is_documented() -> None:
    from rules.expression import _NAMES, _WORDS

    known = typed("docs/config.md")
    words = {f"{thing}.{field}" for thing, fields in _WORDS.items() for field in fields} | (set(_NAMES) - set(_WORDS))
    assert words <= known, words - known


# Operations


def test_every_environment_variable_is_documented() -> None:
    read = {name for _path, text in sources() for name in ENVIRONMENT.findall(text)} | {"HOST", "PORT"}
    settings = (ROOT / "engine" / "settings.py").read_text(encoding="utf-8")
    assert {"HOST", "PORT", "DATABASE_URL"} <= set(re.findall(r'"([A-Z_]{4,})"', settings)) & read
    table = "\n".join(line for line in page("docs/operations.md").splitlines() if line.startswith("| `"))
    missing = {name for name in read if f"`{name}`" not in table}
    assert not missing, f"docs/operations.md has no line for {sorted(missing)}"


def commands(words: list[str]) -> Iterator[list[str]]:
    """Yield each call of `makegood` in a line of shell."""
    for place, word in enumerate(words):
        if word.split("/")[-1] == "makegood":
            rest = words[place + 1 :]
            end = next((number for number, one in enumerate(rest) if one in {";", "&&", "|"}), len(rest))
            yield rest[:end]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_shown_exists_with_its_options(name: str) -> None:
    lines = [line for block in blocks(name, "sh") for line in block.text.replace("\\\n", "").splitlines()]
    lines += [phrase for phrase in typed(name) if phrase.startswith("makegood ")]
    for line in filter(re.compile(r"\bmakegood [a-z]").search, lines):
        plain = re.sub(r'"?\$\((.*?)\)"?', r" ; \1 ;", line)
        for call in commands(shlex.split(plain, comments=True)):
            known(main, call, line)


def known(command: click.Command, words: list[str], line: str) -> None:
    """Follow words down to a command, and check that it has the options named after it."""
    while isinstance(command, click.Group) and words:
        assert words[0] in command.commands, line
        command, words = command.commands[words[0]], words[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, line


def test_every_command_is_told_somewhere() -> None:
    told = "\n".join(page(name) for name in PAGES)
    assert [name for name in main.commands if f"makegood {name}" not in told] == []


# Integration


def codes() -> set[str]:
    """Return every code an answer may carry: those of the errors, and those given where they are raised."""
    found = {
        kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MakegoodError)
    }
    for _path, text in sources():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.keyword) and node.arg == "code":
                found |= set(written(node.value))
    return found


def written(value: ast.expr) -> Iterator[str]:
    """Yield what a `code=` may be: its text, or with each status where one is put into it."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        fixed = "".join(str(part.value) for part in value.values if isinstance(part, ast.Constant))
        yield from (f"{fixed}{status}" for status in REDEMPTION_STATUSES if status in {"reserved", "confirmed"})


def test_every_code_of_an_error_is_documented() -> None:
    assert {"redemption_not_reserved", "code_unknown", "invalid_field", "internal_error"} <= codes()
    table = page("docs/integration.md").partition("## Errors")[2]
    documented = set(re.findall(r"^\| \d{3} \| `(\w+)` \|", table, re.MULTILINE))
    assert codes() <= documented, codes() - documented


def test_every_status_of_a_code_is_the_one_documented() -> None:
    table = page("docs/integration.md").partition("## Errors")[2]
    documented = {code: int(status) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", table, re.MULTILINE)}
    kinds = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MakegoodError)
    }
    for kind in kinds:
        assert documented[kind.code] == kind.status
    by_name = {kind.__name__: kind.status for kind in kinds}
    for _path, text in sources():
        for name, code in re.findall(r"raise (\w+Error)\((?:[^()]|\([^()]*\))*?code=\"(\w+)\"", text):
            assert documented[code] == by_name[name], code


def test_every_announcement_is_documented() -> None:
    told = {kind for _path, text in sources() for kind in re.findall(r'announce\(session, "([\w.]+)"', text)}
    assert {"award.issued", "hold.offered"} <= told
    assert told <= typed("docs/integration.md"), told - typed("docs/integration.md")


# Theming


def test_every_property_and_part_is_documented_and_real() -> None:
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "ui").glob("widget/*.js"))
    written = page("docs/theming.md")
    for name in set(re.findall(r"--makegood-[a-z]+(?:-[a-z]+)*", scripts)) - {"--makegood-slice"}:
        assert f"`{name}`" in written, name
    documented = written.partition("## Parts")[2].partition("## No jump")[0]
    parts = {one for given in re.findall(r'part: "([\w -]+)"', scripts) for one in given.split()}
    told = set(re.findall(r"`([a-z-]+)`", documented)) - {"makegood-stockout", "makegood-patience", "makegood-stock"}
    assert parts <= told, parts - told
