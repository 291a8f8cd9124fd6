"""Every command of the README is run, and its five lines put the wheel on a page."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from engine.settings import ROOT
from tests.chromium import chromium
from tests.docs.conftest import Reader, stand_in
from tests.docs.markdown import blocks, page

# One worker does them all: what they share is dear to make.
pytestmark = pytest.mark.xdist_group("reader")

SHELL = [block.text for block in blocks("README.md", "sh")]


def only(beginning: str) -> str:
    [block] = [block for block in SHELL if block.startswith(beginning)]
    return block


def test_the_commands_are_those_tested_here() -> None:
    tested = ("make run\n", "make test\n", "curl ", ".venv/bin/makegood check\n", ".venv/bin/makegood audit\n")
    assert [block for block in SHELL if not block.startswith(tested)] == []
    assert len(SHELL) == len(tested)


def test_make_run_serves_the_demo_shop(reader: Reader) -> None:
    assert only("make run") == "make run\n"  # what the fixture runs
    assert "<html" in reader.type("curl -sS http://127.0.0.1:8000/")


def test_make_test_runs_every_check() -> None:
    """Substituted: `-n`, which prints what would be run; these tests are a part of it."""
    assert only("make test") == "make test\n"
    told = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for check in ("ruff format --check", "ruff check", "mypy", "tsc --project ui", "pytest"):
        assert check in told


def test_config_commands_work_as_shown(reader: Reader) -> None:
    told = reader.type(only(".venv/bin/makegood check"))
    assert "config is sound: " in told
    assert "Expected cost of one spin" in told


def test_the_audit_of_the_running_engine_agrees(reader: Reader) -> None:
    assert "everything agrees" in reader.type(only(".venv/bin/makegood audit"))


def test_five_lines_put_the_wheel_on_a_page(reader: Reader) -> None:
    """Substituted: the port, and the token's place in the page, which a shop's template would fill."""
    told = reader.ask(only("curl "))
    [lines] = [block.text for block in blocks("README.md", "html")]
    assert len(only("curl ").splitlines()) + len(lines.splitlines()) == 5
    html = lines.replace("{shopper_token}", told["shopper_token"]).replace("http://127.0.0.1:8000", reader.url)
    with opened(f"{reader.url}/a-product", html) as shown:
        shown.locator("makegood-stockout [part=card]").wait_for()
        assert shown.locator("makegood-stockout [part=spin]").is_visible()


def test_the_stand_in_for_curl_says_what_curl_says(reader: Reader, tmp_path: Path) -> None:
    line = "curl -sS http://127.0.0.1:8000/v1/stock/NEVER -H 'Authorization: Bearer '$MAKEGOOD_MERCHANT_KEY"
    plain = reader.type(line)
    assert "sku_unknown" in plain
    assert reader.type(f"export PATH={stand_in(tmp_path)}:$PATH; {line}") == plain


@contextmanager
def opened(address: str, html: str) -> Iterator[Page]:
    """Open a shop's page at an address of the engine's own origin, so that no `allowed_origins` is needed."""
    with chromium() as browser:
        page = browser.new_page()
        whole = f"<!doctype html><html lang=en><meta charset=utf-8><title>A shop</title><body>{html}</body></html>"
        page.route(address, lambda route: route.fulfill(content_type="text/html", body=whole))
        page.goto(address)
        yield page


def test_the_screenshot_is_there() -> None:
    assert "docs/img/wheel.png" in page("README.md")
    assert (ROOT / "docs/img/wheel.png").read_bytes().startswith(b"\x89PNG")


# The whole journey of docs/integration.md, in its own order


@pytest.fixture(scope="module")
def answers(reader: Reader) -> list[Any]:
    """What each line of the page answers, one after the other; what the text calls `$NAME` is taken from answers."""
    lines = [block.text for block in blocks("docs/integration.md", "sh")]
    known = {"MAKEGOOD": reader.url}
    told: list[Any] = []
    for block in lines[1:]:  # the first only names the address and the key
        for call in filter(None, block.replace("\ncurl", "\0curl").split("\0")):
            reader.environment |= known
            answer = reader.ask(call)
            told.append(answer)
            known |= taken(answer)
    return told


def taken(answer: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(answer, dict):
        found |= {"STOCKOUT_ID": answer["stockout_id"]} if "shopper_token" in answer else {}
        found |= {"SHOPPER_TOKEN": answer["shopper_token"]} if "shopper_token" in answer else {}
        found |= {"CODE": answer["award"]["code"]} if "award" in answer else {}
        found |= {"REDEMPTION_ID": answer["redemption_id"]} if "redemption_id" in answer else {}
    return found


def test_the_journey_of_the_integration_page_works_from_stock_to_refund(answers: list[Any]) -> None:
    stock, stockout, offer, spin, code, reserved, confirmed, refunded, outcome, survey, exported, erased = answers
    assert stock["applied"] is True
    assert set(stockout) == {"stockout_id", "shopper_token", "expires_at"}
    assert offer["eligible"] is True
    assert code["code"] == spin["award"]["code"]
    assert code["valid"] is True
    assert (reserved["status"], confirmed["status"], refunded["status"]) == ("reserved", "confirmed", "refunded")
    assert (outcome["kind"], outcome["stockout_id"]) == ("order_placed", stockout["stockout_id"])
    assert survey == {"csat": 5, "nps": 9}
    assert exported["shopper"]["shopper_id"] == "c-77"
    assert erased is None
