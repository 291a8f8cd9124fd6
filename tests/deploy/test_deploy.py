"""What an operator copies from deploy/ fits the engine: units, container files, dashboard, alerts."""

import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import UniqueConstraint

from engine.api.figures import exposition
from engine.cli.main import main as cli
from engine.cli.run import STOP_SECONDS_MAX
from engine.db.tables import Base
from engine.flows.figures import Figures
from engine.settings import ROOT
from tests.docs.markdown import blocks
from tests.support import environment

DEPLOY = ROOT / "deploy"
# Small tables, one row a campaign, day or product, which a cluster keeps whole on every machine.
REFERENCE = {
    "accrual_pages",
    "api_keys",
    "budgets",
    "campaign_versions",
    "console_sessions",
    "epochs",
    "promises",
    "publications",
    "reward_stocks",
    "stock",
}
# Found by a key of the shop's own: they are spread by that key.
BY_OTHER_KEY = {"events": "event_id", "outcomes": "event_id", "codes": "code_digest", "shoppers": "shopper_id"}


@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").glob("*.service")))
def test_a_unit_is_sound(tmp_path: Path, unit: str) -> None:
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing; `make tools` gets it or says how"
    text = (DEPLOY / "systemd" / unit).read_text()
    # A program that is there, and a user that is there: neither is of this machine.
    here = text.replace("/opt/makegood/.venv/bin/makegood", sys.executable).replace("makegood\nGroup", "root\nGroup")
    (tmp_path / unit).write_text(here.replace("Group=makegood", "Group=root"))
    done = subprocess.run(  # a system's own tool
        ["systemd-analyze", "verify", str(tmp_path / unit)],  # as above
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit in line]) == (0, [])


@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").glob("*.service")))
def test_a_unit_starts_a_command_that_exists_and_stops_it_in_time(unit: str) -> None:
    text = (DEPLOY / "systemd" / unit).read_text()
    [command] = re.findall(r"^ExecStart=/opt/makegood/\.venv/bin/makegood (.+)$", text, re.MULTILINE)
    name, *options = command.split()
    made = cli.commands[name].make_context(name, options)
    assert made.params.get("workers", 1) >= 1
    assert re.search(r"^EnvironmentFile=/etc/makegood/environment$", text, re.MULTILINE)
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert int(seconds) > STOP_SECONDS_MAX
    assert name == "worker" or "\nKillMode=mixed\n" in text, "the server tells its own processes to stop, in order"


def test_a_container_is_given_the_time_that_a_stop_takes() -> None:
    services = msgspec.yaml.decode((DEPLOY / "compose.yaml").read_text())["services"]
    for role in ("serve", "worker"):
        assert int(services[role]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS_MAX


@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").glob("*.service")))
def test_a_unit_is_tried_again_for_as_long_as_the_database_is_away(unit: str) -> None:
    told = ConfigParser(strict=False, interpolation=None)
    told.read_string((DEPLOY / "systemd" / unit).read_text())
    assert told["Unit"]["StartLimitIntervalSec"] == "0", "with a limit, systemd gives a unit up after some starts"
    assert told["Service"]["Restart"] == "always"
    assert int(told["Service"]["RestartSec"]) >= 1


def test_every_variable_of_the_example_is_one_the_engine_reads() -> None:
    given = re.findall(r"^([A-Z_]+)=", (DEPLOY / "environment.example").read_text(), re.MULTILINE)
    told = (ROOT / "docs" / "operations.md").read_text()
    assert {"DATABASE_URL", "MAKEGOOD_TOKEN_SECRET", "MAKEGOOD_PEPPER", "MAKEGOOD_SEAL_KEY"} <= set(given)
    for name in set(given) - {"PGPASSWORD"}:  # libpq's own
        assert f"`{name}`" in told, name


def test_what_the_container_copies_is_all_that_serving_needs(tmp_path: Path, database_url: str) -> None:
    """Do what the container file does, as far as that goes without containers: copy, and start from there."""
    for line in (DEPLOY / "Containerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            *names, target = line.split()[1:]
            for name in names:
                place = tmp_path / target if target != "./" else tmp_path / name
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, place)
    given = environment(database_url, MAKEGOOD_CONFIG=str(tmp_path / "config"))
    started_from = "import engine, engine.jobs; from engine.app import create_app; create_app(); print(engine.__file__)"
    for arguments in (["-m", "engine.cli", "migrate"], ["-m", "engine.cli", "check"], ["-c", started_from]):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == str(tmp_path / "engine" / "__init__.py")


def test_the_container_answers_ready_by_the_call_it_makes() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    assert "http://127.0.0.1:8000/health/ready" in text
    assert re.search(r"^USER makegood$", text, re.MULTILINE), "nothing runs as root"
    [command] = re.findall(r"^CMD (\[.+\])$", text, re.MULTILINE)
    program, name, *options = json.loads(command)
    assert program == "makegood"
    cli.commands[name].make_context(name, list(options))


def test_the_compose_file_runs_both_roles_on_a_database_that_is_migrated() -> None:
    compose = msgspec.yaml.decode((DEPLOY / "compose.yaml").read_text())
    services: dict[str, Any] = compose["services"]
    assert {"postgres", "redis", "migrate", "serve", "worker"} == set(services)
    assert services["worker"]["command"] == ["makegood", "worker"]
    for role in ("serve", "worker"):
        assert services[role]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "appendonly" in " ".join(services["redis"]["command"])


def test_every_file_the_container_copies_is_there() -> None:
    for line in (DEPLOY / "Containerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for name in line.split()[1:-1]:
                assert (ROOT / name).exists(), line


def known_metrics() -> set[str]:
    keys = {("c", "EUR"): 1}
    text = exposition(Figures(keys, keys, keys, keys, 1, 1, 1, 1, 1.0, 1, 1, 1.0), redis_answers=True).decode()
    # The time at which each counter began is told beside it, and is no figure of its own.
    return {name for name in re.findall(r"^# TYPE (\w+)", text, re.MULTILINE) if not name.endswith("_created")}


def expressions(name: str) -> list[str]:
    """Return every question to Prometheus in a file."""
    if name == "alerts.yaml":
        [group] = msgspec.yaml.decode((DEPLOY / name).read_text())["groups"]
        return [rule["expr"] for rule in group["rules"]]
    dashboard = json.loads((DEPLOY / name).read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("name", ["grafana.json", "alerts.yaml"])
def test_every_figure_that_is_watched_is_told(name: str) -> None:
    known = known_metrics()
    for expression in expressions(name):
        used = set(re.findall(r"\bmakegood_\w+", expression))
        assert used, expression
        for metric in used:
            assert re.sub(r"_(bucket|sum|count)$", "", metric) in known, metric


def test_every_figure_of_the_business_is_on_the_dashboard() -> None:
    shown = " ".join(expressions("grafana.json"))
    missing = {name for name in known_metrics() if name.startswith("makegood_") and name not in shown}
    assert not missing, "deploy/grafana.json shows each"


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]) >= 10
    assert all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


def test_every_alert_says_what_to_do() -> None:
    [group] = msgspec.yaml.decode((DEPLOY / "alerts.yaml").read_text())["groups"]
    page = (ROOT / "docs" / "production.md").read_text()
    for rule in group["rules"]:
        assert rule["annotations"]["summary"]
        assert len(rule["annotations"]["do"]) > 20
        assert rule["alert"] in page, "docs/production.md tells what to do for each"


def test_every_test_that_the_security_page_names_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len(named) >= 10
    assert all(test for _, test in named), "a row names a test, not a file"
    for path, test in named:
        assert f"def {test}(" in (ROOT / path).read_text(), (path, test)
    risks = re.findall(r"^\| (API\d+:2023) .*\| (.*) \|$", page, re.MULTILINE)
    assert [risk for risk, _ in risks] == [f"API{number}:2023" for number in range(1, 11)]
    assert all("tests/" in shown for _, shown in risks)


def test_the_steps_of_the_page_put_things_where_the_units_look() -> None:
    steps = "\n".join(block.text for block in blocks("docs/production.md", "sh"))
    units = "\n".join(path.read_text() for path in (DEPLOY / "systemd").glob("*.service"))
    [home] = set(re.findall(r"^ExecStart=(\S+)/\.venv/bin/makegood", units, re.MULTILINE))
    assert f"cp -r . {home} && cd {home} && make env" in steps
    assert set(re.findall(rf"{home}/\.venv/bin/makegood (\w+)", steps)) == {"migrate", "check", "keys"}
    [environment_file] = set(re.findall(r"^EnvironmentFile=(\S+)$", units, re.MULTILINE))
    # With -D: the folder is not there yet.
    assert f"install -D -m 600 deploy/environment.example {environment_file}" in steps
    [config] = re.findall(r"^MAKEGOOD_CONFIG=(\S+)$", (DEPLOY / "environment.example").read_text(), re.MULTILINE)
    assert f"cp -r config {config}" in steps
    [user] = set(re.findall(r"^User=(\S+)$", units, re.MULTILINE))
    assert re.search(rf"^useradd --system .* {user}$", steps, re.MULTILINE)


def test_the_compose_file_finds_its_environment_where_the_page_puts_it() -> None:
    serve = msgspec.yaml.decode((DEPLOY / "compose.yaml").read_text())["services"]["serve"]
    assert serve["env_file"] == "environment"  # beside the compose file
    assert "`deploy/environment.example` to `deploy/environment`" in " ".join(
        (ROOT / "docs" / "production.md").read_text().split()
    )


# One PostgreSQL today, a distributed one tomorrow


@pytest.mark.parametrize("table", sorted(set(Base.metadata.tables) - REFERENCE))
def test_every_unique_key_holds_the_key_its_table_is_spread_by(table: str) -> None:
    spread_by = BY_OTHER_KEY.get(table, "subject")
    columns = Base.metadata.tables[table]
    unique = [set(columns.primary_key.columns.keys())]
    unique += [set(one.columns.keys()) for one in columns.constraints if isinstance(one, UniqueConstraint)]
    unique += [set(one.columns.keys()) for one in columns.indexes if one.unique]
    for keys in unique:
        # A shopper is found by the shop's id and by the subject: each is unique by itself, by how it is made.
        assert spread_by in keys or (table, keys) == ("shoppers", {"subject"}), (table, keys)


@pytest.mark.parametrize("table", sorted(set(Base.metadata.tables) - REFERENCE))
def test_every_foreign_key_stays_with_one_shopper(table: str) -> None:
    for key in Base.metadata.tables[table].foreign_key_constraints:
        assert "subject" in key.columns.keys(), key.name  # noqa: SIM118  # SQLAlchemy's columns are no plain mapping
