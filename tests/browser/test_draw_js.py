"""The browser's draw is the engine's, to the byte: the golden vectors, run by ui/widget/draw.js in a real Chromium."""

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page

from rewards.odds import odds_text
from tests.chromium import chromium

ROOT = Path(__file__).parents[2]
CASES: list[dict[str, Any]] = json.loads((ROOT / "tests/golden/draw.json").read_text(encoding="utf-8"))["cases"]
DRAWN = ("table_digest", "server_seed", "commitment", "round", "ticket", "slice", "slice_index", "stop")

RECOMPUTE = """
async (given) => {
  const { draw, sha256, tableDigest, unhex } = await import("/widget/draw.js");
  const { serverSeed } = await import("/verify/checks.js");
  const server_seed = await serverSeed(given.epoch_secret, given.offer_id);
  return {
    table_digest: await tableDigest(given.slices),
    server_seed,
    commitment: await sha256(unhex(server_seed)),
    ...(await draw(given.slices, server_seed, given.client_seed, given.offer_id)),
  };
}
"""
VERIFY = """async (receipt) => (await import("/verify/checks.js")).verifyAll(receipt)"""

pytestmark = pytest.mark.xdist_group("draw_js")  # one browser is enough

Receipt = dict[str, Any]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: a test's output is its failures."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page on 127.0.0.1, where the browser offers its cryptography; it serves ui/ and nothing else."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT / "ui"))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with chromium() as browser:
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/jsconfig.json")
            yield page
        server.shutdown()


def receipt_of(case: dict[str, Any]) -> Receipt:
    """What the shopper of a golden case would have been given."""
    total = sum(one["weight"] for one in case["slices"])
    slices = [{**one, "label": one["slice"], "odds": odds_text(one["weight"], total)} for one in case["slices"]]
    shared = {name: case[name] for name in ("table_digest", "commitment")}
    proof = {name: case[name] for name in ("offer_id", "server_seed", "client_seed", "round", "ticket")}
    reward = slices[case["slice_index"]]["reward"]
    total_weight = sum(one["weight"] for one in slices)
    return {
        "wheel": {"algorithm": "makegood/1", "total_weight": total_weight, "slices": slices, **shared},
        "spin": {
            **{name: case[name] for name in ("slice", "slice_index", "stop")},
            "award": {"reward": reward, "label": reward},
            "proof": {"algorithm": "makegood/1", **shared, **proof},
        },
    }


def failed(page: Page, receipt: Receipt) -> set[str]:
    verdict = page.evaluate(VERIFY, receipt)
    assert verdict["ok"] is all(check["ok"] for check in verdict["checks"])
    assert verdict["checks"]
    return {check["name"] for check in verdict["checks"] if not check["ok"]}


def test_the_browser_draws_every_golden_case_as_the_engine_does(page: Page) -> None:
    assert len(CASES) >= 2
    for case in CASES:
        drawn = page.evaluate(RECOMPUTE, case)
        assert {name: drawn[name] for name in DRAWN} == {name: case[name] for name in DRAWN}


def test_every_honest_receipt_passes_in_the_browser(page: Page) -> None:
    assert [failed(page, receipt_of(case)) for case in CASES] == [set()] * len(CASES)


def test_a_reward_that_was_announced_as_a_replacement_passes(page: Page) -> None:
    receipt = receipt_of(CASES[0])
    won = receipt["wheel"]["slices"][receipt["spin"]["slice_index"]]
    won["when_gone"] = {"reward": "instead", "label": "instead"}
    receipt["spin"]["award"]["reward"] = "instead"
    assert failed(page, receipt) == set()


def rewrite(*path: str | int, value: object) -> Callable[[Receipt], None]:
    def apply(receipt: Receipt) -> None:
        place: Any = receipt
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != value
        place[path[-1]] = value

    return apply


def heavier_first_slice(receipt: Receipt) -> None:
    receipt["wheel"]["slices"][0]["weight"] += 1


def other_order(receipt: Receipt) -> None:
    receipt["wheel"]["slices"].reverse()


@pytest.mark.parametrize(
    ("tamper", "caught_by"),
    [
        (rewrite("spin", "proof", "server_seed", value="00" * 32), "commitment"),
        (rewrite("spin", "proof", "server_seed", value="not hexadecimal"), "readable"),
        (rewrite("wheel", "commitment", value="00" * 32), "commitment"),
        (rewrite("spin", "proof", "commitment", value="00" * 32), "commitment_kept"),
        (rewrite("spin", "proof", "table_digest", value="00" * 32), "table_digest_kept"),
        (heavier_first_slice, "table_digest"),
        (other_order, "table_digest"),
        (rewrite("wheel", "total_weight", value=1), "total_weight"),
        (rewrite("wheel", "slices", 0, "odds", value="0.91"), "odds"),
        (rewrite("wheel", "slices", 0, "weight", value=0), "readable"),
        (rewrite("offer_id", value="another offer"), "offer_id"),
        (rewrite("client_seed", value="the seed that was sent"), "client_seed"),
        (rewrite("spin", "proof", "client_seed", value="another seed"), "ticket"),
        (rewrite("spin", "proof", "client_seed", value="naïve"), "readable"),
        (rewrite("spin", "proof", "round", value=1), "round"),
        (rewrite("spin", "proof", "ticket", value=0), "ticket"),
        (rewrite("spin", "slice", value="vip-evening"), "slice"),
        (rewrite("spin", "slice_index", value=5), "slice_index"),
        (rewrite("spin", "stop", value="0.91532233"), "stop"),
        (rewrite("spin", "award", "reward", value="vip-evening"), "reward"),
        (rewrite("spin", "proof", "algorithm", value="makegood/2"), "algorithm_kept"),
        (rewrite("wheel", "algorithm", value="makegood/2"), "algorithm"),
    ],
)
def test_a_tampered_receipt_is_refused(page: Page, tamper: Callable[[Receipt], None], caught_by: str) -> None:
    receipt = copy.deepcopy(receipt_of(CASES[0]))
    proof = receipt["spin"]["proof"]
    receipt |= {"offer_id": proof["offer_id"], "client_seed": proof["client_seed"]}
    assert failed(page, receipt) == set()
    tamper(receipt)
    assert caught_by in failed(page, receipt)


def test_a_receipt_with_holes_is_refused_and_breaks_nothing(page: Page) -> None:
    assert failed(page, {}) == {"readable"}
    assert failed(page, {"wheel": {}, "spin": {"proof": {}}}) >= {"readable"}
