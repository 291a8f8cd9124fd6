"""Secrets stand nowhere in the clear, are compared in a time that tells nothing, and never reach a log or a dump."""

import ast
import asyncio
import json
import os
import re
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import clock, night
from engine.cli.main import main
from engine.db.session import create_engine
from engine.settings import SECRET_LENGTH_MIN
from rules.addresses import fold
from tests.conftest import Postgres
from tests.engine.test_privacy import HEARD, everything, found, words_of, zelda
from tests.patience.support import books_balance, patient
from tests.support import (
    SECRETS,
    OpenShop,
    Shop,
    admit,
    bearer,
    config_copy,
    do,
    environment,
    problem,
    rows,
    serving,
    soon,
)
from tests.tidy.tree import modules

# Comparing one of these byte by byte tells how much of it was right.
_SECRET = re.compile(r"(signature|csrf|secret|password|api_?key|token|pepper)s?$")


def compared(tree: ast.Module) -> list[tuple[int, str]]:
    """Return every `==` and `!=` between two values of which one is named as a secret."""
    hits = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            sides = [node.left, *node.comparators]
            names = [getattr(side, "attr", getattr(side, "id", "")) for side in sides]
            text = ast.unparse(node)
            if any(_SECRET.search(name) for name in names) and not any(isinstance(one, ast.Constant) for one in sides):
                hits.append((node.lineno, text))
    return hits


def test_secrets_are_compared_in_a_time_that_tells_nothing() -> None:
    found_here = [f"{name}:{line}: {text}" for name, tree in modules("engine") for line, text in compared(tree)]
    assert not found_here, found_here


def test_a_comparison_of_secrets_is_seen() -> None:
    assert compared(ast.parse("if form['csrf'] == visitor.csrf: pass"))
    assert compared(ast.parse("ok = signature != expected"))
    assert not compared(ast.parse("ok = hmac.compare_digest(signature, expected)"))


async def test_no_key_no_cookie_and_no_secret_stands_in_the_database(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(shop.database_url).items():
        monkeypatch.setenv(name, value)
    made = await asyncio.to_thread(CliRunner().invoke, main, ["keys", "create", "--role", "marketer"])
    key = made.output.strip()
    assert len(key) >= SECRET_LENGTH_MIN
    signed = await shop.http.post("/console/sign-in", data={"key": key, "locale": "en"})
    cookie = signed.headers["set-cookie"].partition("=")[2].partition(";")[0]
    shopper = await shop.report()
    code = (await shopper.won())["award"]["code"]
    kept = everything(shop.database_url)
    assert found([key, cookie, shop.key, shopper.token, code, *SECRETS.values()], kept) == []


async def test_a_role_opens_its_own_calls_only(shop: Shop) -> None:
    for role in ("marketer", "auditor"):
        key = admit(shop.database_url, role=role)
        for method, path in (("GET", "/v1/codes/none"), ("DELETE", "/v1/shoppers/c-1"), ("GET", "/v1/stock/LAMP-38")):
            problem(await shop.http.request(method, path, headers=bearer(key)), 403, "not_allowed")
    assert (
        "error=key-wrong"
        in (await shop.http.post("/console/sign-in", data={"key": shop.key, "locale": "en"})).headers["location"]
    )


async def test_in_production_every_line_of_the_log_is_json_and_named_by_its_request(
    postgres: Postgres, template: str, tmp_path: Path
) -> None:
    url, written = postgres.create(template), tmp_path / "log"
    with written.open("wb") as log, serving(url, log=log, MAKEGOOD_ENV="production") as served:
        async with served.shop() as shop:
            shopper = await shop.report()
            do(url, "ALTER TABLE offers ADD CONSTRAINT surprise CHECK (status = 'x') NOT VALID")
            problem(await shopper.offer(), 500, "internal_error")
            do(url, "ALTER TABLE stockouts ADD CONSTRAINT surprise CHECK (sku = 'x') NOT VALID")
            shop.http.headers["x-request-id"] = "from-the-shop"
            answer = await shop.post_stockout({**shopper.body, "event_id": "another"})
            problem(answer, 500, "internal_error")
            assert answer.headers["x-request-id"] == "from-the-shop"
    lines = [json.loads(line) for line in written.read_text().splitlines() if line.strip()]
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    faults = [line for line in lines if line["level"] == "error"]
    assert len(faults) == 2
    assert faults[1]["request_id"] == "from-the-shop"
    postgres.drop(url)


def test_the_line_of_a_server_process_that_died_is_json_too(postgres: Postgres, template: str, tmp_path: Path) -> None:
    url, written = postgres.create(template), tmp_path / "log"
    with written.open("wb") as log, serving(url, log=log, MAKEGOOD_ENV="production") as served:
        server = served.process.pid
        [child, *_] = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        asyncio.run(soon(lambda: "Unexpected exit" in written.read_text()))
    lines = [json.loads(line) for line in written.read_text().splitlines() if line.strip()]
    [died] = [line for line in lines if "Unexpected exit" in line["event"]]
    assert (died["level"], died["of"]) == ("error", "_granian")
    postgres.drop(url)


async def test_one_who_waited_was_told_and_answered_leaves_no_trace_but_the_books(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    who = zelda()
    other = f"second-{who['first_name'].lower()}@mail.example.org"
    async with open_shop(config=config_copy(tmp_path, waiting=patient()), **HEARD) as shop:
        shopper = await shop.report(shopper=who, sku="CHAIR-7", stage="ordered", variant=None)
        await shopper.offered()
        headers = bearer(shopper.token)
        joined = await shop.http.post("/v1/enrolments", headers=headers, json={"client_seed": "mine"})
        assert joined.status_code == 201, joined.text
        asked = await shop.http.post("/v1/notices", headers=headers, json={"email": other})
        assert asked.status_code == 201, asked.text
        won = await shop.report(shopper=who, sku="CHAIR-8")
        award = (await won.won())["award"]
        sent = await shop.http.post(f"/v1/awards/{award['award_id']}/send", headers=bearer(won.token), json=None)
        assert sent.status_code == 202, sent.text
        survey = await shop.http.post("/v1/offer/survey", headers=bearer(won.token), json={"csat": 4, "nps": 9})
        assert survey.status_code == 200, survey.text
        told = {"event_id": "out-1", "kind": "complaint", "shopper_id": who["id"], "sku": "CHAIR-8"}
        assert (await shop.http.post("/v1/outcomes", headers=shop.headers, json=told)).status_code in {200, 201}
        held = await shop.put_stock("CHAIR-7", available=1)
        assert held.status_code == 200
        words = [*words_of(who), other, fold(other)]
        assert found(words, everything(shop.database_url))
        digests = [shop.inside.vault.digest("address", fold(one)).hex() for one in (who["email"], other)]

        assert (await shop.erase(who["id"])).status_code == 204

        left = everything(shop.database_url)
        assert found([*words, *digests, award["code"]], left) == []
        assert rows(shop.database_url, "SELECT 1 FROM procrastinate_jobs WHERE args::text LIKE '%@%'") == []
        books_balance(shop.database_url)
        engine = create_engine(shop.database_url)
        await night.run(engine, shop.inside.kit, now=clock.now())
        await engine.dispose()
        books_balance(shop.database_url)
        assert found([*words, *digests], everything(shop.database_url)) == []
