"""A shop's traffic finds no fault with the engine, and every fault of one that lies."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.settings import ROOT
from loadtests.promises import Promises
from loadtests.verdict import EMPTY, Times, judged
from tests.bench.load import locust
from tests.conftest import Postgres
from tests.load.liar import LIES, lying
from tests.patience.support import books_balance
from tests.support import Json, Served, admit, ask, config_copy, serving

MINUTE = 60  # as `make load`, with fewer users
# Lies are found sooner; later only where the machine is too busy for everybody to come.
SECONDS = (8, 40)
# How long calls take is for `make load`: this machine does other things beside.
GENTLY = {"LOAD_JUDGE": "promises", "LOAD_USERS": "0.25"}
BUDGETS = tomllib.loads((ROOT / "loadtests" / "budgets.toml").read_text())


_CAME = """
SELECT (SELECT count(*) FROM spins) > 0 AND (SELECT count(*) FROM enrolments) > 0
    AND (SELECT count(*) FROM redemptions WHERE status = 'confirmed') > 0 AND (SELECT count(*) FROM publications) > 1
"""


@pytest.fixture
def installed(postgres: Postgres, template: str, tmp_path: Path) -> Iterator[Served]:
    """An engine for a load of its own."""
    url = postgres.create(template)
    with serving(url, MAKEGOOD_CONFIG=str(config_copy(tmp_path))) as served:
        yield served
    postgres.drop(url)


def test_a_shops_traffic_and_a_sale_in_it_break_no_promise(installed: Served, tmp_path: Path) -> None:
    url, report = installed.settings.database_url, tmp_path / "load.html"
    keys = {"MAKEGOOD_MERCHANT_KEY": installed.key, "MAKEGOOD_MARKETER_KEY": admit(url, role="marketer")}
    done = locust(installed.url, MINUTE, report, **GENTLY, **keys)
    assert " 0 broken promises" in done.stdout, done.stdout
    assert ask(url, _CAME), "nobody spun, waited, redeemed or published"
    assert done.returncode == 0, done.stdout
    assert "<html" in report.read_text()
    books_balance(url)


def test_every_lie_is_found_and_ends_the_run_with_1(installed: Served, tmp_path: Path) -> None:
    lies = {
        "broken: a second award for offer",
        "broken: another offer for stockout",
        "broken: a code used twice",
        "broken: points were lost",
        "failed: GET /v1/availability: ",
    }
    with lying(installed.url, *LIES) as liar:
        for seconds in SECONDS:
            keys = {"MAKEGOOD_MERCHANT_KEY": installed.key}
            done = locust(liar, seconds, tmp_path / "load.html", **GENTLY, **keys)
            if not (missed := {lie for lie in lies if lie not in done.stdout}):
                break
    assert missed == set(), done.stdout
    assert done.returncode == 1
    assert done.stdout.rstrip().endswith("SHORT")


# Each promise by itself


def spin(award: str = "a-1", code: str = "C-1") -> Json:
    return {"spin_id": "s-1", "stop": "0.1", "award": {"award_id": award, "code": code, "reward": "discount-5"}}


def offer(offer_id: str = "o-1", digest: str = "d-1") -> Json:
    return {"offer_id": offer_id, "arm": "wheel", "wheel": {"table_digest": digest, "commitment": "c"}}


def test_the_same_answer_again_breaks_nothing() -> None:
    promises = Promises()
    for _ in range(2):
        promises.offered("x", offer())
        promises.spun("o-1", spin())
        promises.listed("o-1", [{"offer_id": "o-1", "award_id": "a-1", "code": "C-1"}])
        promises.counted("e-1", {"points": 2, "entries": [{"points": 2}]})
    promises.held("C-1", "order-1")
    promises.released("C-1")
    promises.held("C-1", "order-2")
    promises.redeemed("C-1", "order-2")
    assert promises.broken == []


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (lambda p: p.spun("o-1", spin()), lambda p: p.spun("o-1", spin("a-2")), "a second award for offer o-1"),
        (lambda p: p.spun("o-1", spin()), lambda p: p.spun("o-1", spin(code="C-2")), "a second award for offer o-1"),
        (lambda p: p.spun("o-1", spin()), lambda p: p.spun("o-2", spin()), "one code for two offers: o-2"),
        (lambda p: p.spun("o-1", spin()), lambda p: p.listed("o-1", []), "0 awards listed for offer o-1"),
        (lambda p: p.offered("x", offer()), lambda p: p.offered("x", offer("o-2")), "another offer for stockout x"),
        (
            lambda p: p.offered("x", offer()),
            lambda p: p.offered("x", offer(digest="d")),
            "another offer for stockout x",
        ),
        (lambda p: p.held("C", "1"), lambda p: p.held("C", "2"), "a code used twice, by order 2"),
        (
            lambda p: (p.held("C", "1"), p.redeemed("C", "1")),
            lambda p: p.held("C", "1"),
            "a code used twice, by order 1",
        ),
        (lambda p: p.held("C", "1"), lambda p: p.redeemed("C", "2"), "a code redeemed twice, by order 2"),
        (
            lambda p: p.counted("e", {"points": 2, "entries": [{"points": 2}]}),
            lambda p: p.counted("e", {"points": 1, "entries": [{"points": 1}]}),
            "points were lost by enrolment e",
        ),
        (
            lambda _p: None,
            lambda p: p.counted("e", {"points": 3, "entries": [{"points": 2}]}),
            "points that no entries explain, of enrolment e",
        ),
    ],
)
def test_each_broken_promise_is_seen(first: object, second: object, found: str) -> None:
    promises = Promises()
    first(promises)  # type: ignore[operator]  # a step of the case
    assert promises.broken == []
    second(promises)  # type: ignore[operator]  # as above
    assert promises.broken == [found]


def timed(**milliseconds: float) -> Times:
    times = Times()
    for call, took in milliseconds.items():
        for number in range(100):
            times.note("steady", EMPTY if call == "empty" else call, took if number >= 50 else 0.1)
    return times


@pytest.mark.parametrize(
    ("took", "faults"),
    [
        ({"empty": 2.0, "call": 19.0}, []),
        ({"empty": 2.0, "call": 21.0}, ["slow: steady: call: 10.5 times an empty handler's, at most 10"]),
        ({"empty": 2.0}, ["steady: call was hardly called: 0 times"]),
        ({"call": 2.0}, ["steady: the empty handler was hardly called, so nothing can be compared"]),
    ],
)
def test_times_are_judged_as_multiples_of_an_empty_handlers(took: dict[str, float], faults: list[str]) -> None:
    lines, found = judged(timed(**took), {"steady": {"call": 10}})
    assert found == faults
    assert bool(lines) is ("empty" in took)


def test_the_budgets_cover_every_journey_in_both_phases() -> None:
    assert sum(BUDGETS["journeys"].values()) == 100
    assert set(BUDGETS["p95_times_empty"]) == {"steady", "sale"}
    for calls in BUDGETS["p95_times_empty"].values():
        assert {"POST /v1/stockouts", "GET /v1/offer", "POST /v1/offer/spin"} <= set(calls)
