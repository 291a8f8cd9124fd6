"""`makegood replay`: a dirty file against a real served engine, and every way an engine can misbehave."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner

from engine.cli import replay_calls
from engine.cli.main import main
from engine.cli.replay import Plan, replay_orders
from engine.cli.replay_calls import Engine, Replayed, Run, StoppedError, side_by_side
from engine.orders import Missed, OrderLine, read_orders, run_out
from tests.engine.test_cli_proof import SOUND
from tests.support import Served

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
DIRT = [
    "1,D-1,no customer,1,01/12/2010 08:26,1.00,,France",
    "C2,D-1,returned,-1,01/12/2010 08:26,1.00,7,France",
    "3,D-1,given away,1,01/12/2010 08:26,0.00,7,France",
    "4,D-1,some day,1,soon,1.00,7,France",
    "5,,nameless,1,01/12/2010 08:26,1.00,7,France",
    "6,POST,POSTAGE,1,01/12/2010 08:26,1.00,7,France",
    "7,D-1",
]


def orders_file(tmp_path: Path, *, shoppers: int = 12, products: int = 5) -> Path:
    """Write a dirty file of order lines whose shoppers and products no other test has."""
    own = uuid4().hex[:8]
    rows = [HEADER, *DIRT]
    for number in range(shoppers * 3):
        # The last product's code holds a slash, which no path can.
        sku, shopper = (
            f"{own}{'/' if number % products == 4 else '-'}{number % products} é",
            f"{own}{number % shoppers}",
        )
        rows.append(f"{own}{number},{sku},LAMP {number},1,{1 + number % 28:02}/12/2010 09:00,45.90,{shopper}.0,EIRE")
    path = tmp_path / f"{own}.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def plan(path: Path, served: Served, **changes: Any) -> Plan:
    return replace(Plan(path, served.url, served.key, seed=3, limit=None, parallel=8), **changes)


async def test_a_dirty_file_is_replayed_and_told_in_full(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = orders_file(tmp_path)
    expected = run_out(read_orders(path, "EUR").lines, 3)
    assert await replay_orders(plan(path, served)) == 0
    told = capsys.readouterr().out
    # Each product's code is new, and with it what is left of it: some shoppers may come too late more than once.
    number, shoppers = len(expected.missed), len({one.order.customer for one in expected.missed})
    assert "43 rows, UTF-8, dates read as day/month/year" in told
    assert "36 order lines; 7 rows left out:" in told
    for reason in ("no customer", "columns missing", "unreadable date", "price is zero or below", "no stock code"):
        [line] = [line for line in told.splitlines() if line.strip().startswith(reason)]
        assert line.split()[-2] == "1"
    assert "drawn from seed 3" in " ".join(told.split())
    assert f"{number} stockouts reported" in told
    assert f"{shoppers} offers with a wheel, {number - shoppers} refused" in told
    assert (f"too_many_spins {number - shoppers}" in " ".join(told.split())) == (number > shoppers)
    assert f": {shoppers} spins" in told
    assert f"{shoppers} proofs recomputed here and held, 0 failed" in told
    assert "of the budget of always-on" in " ".join(told.split())
    assert "PUT /v1/stock cannot name 1 product with a slash" in " ".join(told.split())
    assert "requests per second" in told


async def test_the_same_replay_again_is_the_same_stockouts_and_the_same_awards(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    within_the_hour = datetime.now(UTC)
    monkeypatch.setattr("engine.cli.replay.clock.now", lambda: within_the_hour)
    path = orders_file(tmp_path)
    assert await replay_orders(plan(path, served)) == 0
    first = capsys.readouterr().out
    assert await replay_orders(plan(path, served)) == 0
    again = capsys.readouterr().out
    number = len(run_out(read_orders(path, "EUR").lines, 3).missed)
    assert f"{number} stockouts reported, {number} of them known from an earlier run" in again
    assert "spins of an earlier run told again)" in " ".join(again.split())

    def wheel(told: str) -> str:
        return told.partition("The wheel")[2].partition("The promises")[0]

    assert wheel(again) == wheel(first)


async def test_only_so_many_are_sent_where_a_limit_is_set(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await replay_orders(plan(orders_file(tmp_path), served, limit=2, parallel=1)) == 0
    told = capsys.readouterr().out
    assert "Sent: the first 2 of them." in told
    assert "2 stockouts reported" in told
    assert "1 proof recomputed" in told or "2 proofs recomputed" in told


async def test_a_file_without_an_order_line_is_refused(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + "\n")
    assert await replay_orders(plan(path, served)) == 2
    assert "there is nothing to replay" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "exit_code", "says"),
    [
        ({"url": "http://127.0.0.1:1"}, 1, "no engine answers at http://127.0.0.1:1"),
        ({"url": "nonsense"}, 1, "is no address of an engine"),
        ({"url": "http://[::bad"}, 1, "is not an engine's address"),
        ({"key": "mk_unknown"}, 1, "the engine refuses the key: key_refused"),
        ({"currency": "EURO"}, 2, '"EURO" is not a currency'),
    ],
)
async def test_what_cannot_work_is_a_sentence(
    served: Served,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    changes: dict[str, Any],
    exit_code: int,
    says: str,
) -> None:
    assert await replay_orders(plan(orders_file(tmp_path), served, **changes)) == exit_code
    assert says in capsys.readouterr().err


async def test_the_key_of_this_installation_is_found_where_none_is_given(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAKEGOOD_VAR", str(tmp_path))
    path = orders_file(tmp_path)
    assert await replay_orders(plan(path, served, key=None)) == 1
    assert "a merchant's key is needed" in capsys.readouterr().err
    assert not (tmp_path / "secrets.env").exists()
    (tmp_path / "secrets.env").write_text(f"MAKEGOOD_MERCHANT_KEY={served.key}\n")
    assert await replay_orders(plan(path, served, key=None, limit=1)) == 0


def test_a_file_that_is_no_orders_is_refused_by_the_command(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("a,b\n1,2\n")
    told = CliRunner().invoke(main, ["replay", str(path)])
    assert told.exit_code == 2
    assert "the first line lacks InvoiceNo, StockCode" in told.stderr
    assert CliRunner().invoke(main, ["replay", str(tmp_path / "nowhere.csv")]).exit_code == 2


# An engine that misbehaves

OFFER = {"offer_id": SOUND["spin"]["proof"]["offer_id"], "eligible": True, "reasons": [], "wheel": SOUND["wheel"]}
MISSED = Missed(OrderLine(7, "1", "A", "", 1, datetime(2010, 12, 1), 100, "c", "FR"), 4590)  # noqa: DTZ001  # as files have it

Answers = dict[str, list[httpx.Response | Exception]]


def sound_answers() -> Answers:
    """What an honest engine answers to one stockout whose shopper sends the golden seed."""
    return {
        "/v1/stockouts": [httpx.Response(201, json={"shopper_token": "t"})],
        "/v1/offer": [httpx.Response(200, json=OFFER)],
        "/v1/offer/spin": [httpx.Response(200, json=SOUND["spin"])],
    }


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], Any]:
    """What sends one stockout to an engine of given answers, in turn, and returns the counts."""
    monkeypatch.setattr(replay_calls, "BACKOFF_SECONDS", 0)
    # The golden spin was drawn with another seed than a replay's; the proof's own is taken instead.
    monkeypatch.setattr(replay_calls, "_seed", lambda _seed, _line: SOUND["spin"]["proof"]["client_seed"])

    async def live(answers: Answers) -> Replayed:
        def answer(request: httpx.Request) -> httpx.Response:
            told = answers[request.url.path]
            found = told.pop(0) if len(told) > 1 else told[0]
            if isinstance(found, Exception):
                raise found
            return found

        counts = Replayed()
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(base_url="http://engine.test", transport=transport) as client:
            run = Run(Engine(client, "mk_x", counts), counts, "run", 1, "EUR", datetime.now(UTC))
            await run.shopper([MISSED], lambda: None)
        return counts

    return live


async def test_an_honest_engine_keeps_every_promise(live: Callable[[Answers], Any]) -> None:
    counts = await live(sound_answers())
    assert counts.kept_every_promise
    assert (counts.proofs["held"], counts.requests, counts.retries) == (1, 3, 0)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_engine_is_waited_for(live: Callable[[Answers], Any], status: int) -> None:
    answers = sound_answers()
    answers["/v1/offer"].insert(0, httpx.Response(status, headers={"Retry-After": "0"}))
    counts = await live(answers)
    assert counts.kept_every_promise
    assert (counts.requests, counts.retries) == (4, 1)


async def test_an_engine_that_stays_busy_breaks_a_promise_after_some_tries(live: Callable[[Answers], Any]) -> None:
    answers = sound_answers()
    answers["/v1/offer"] = [httpx.Response(503, headers={"Retry-After": "0"}, json={"code": "unavailable"})]
    counts = await live(answers)
    assert counts.broken == {"GET /v1/offer: 503 unavailable": 1}


async def test_a_lost_call_is_sent_again(live: Callable[[Answers], Any]) -> None:
    answers = sound_answers()
    answers["/v1/offer/spin"].insert(0, httpx.ReadTimeout("slow"))
    counts = await live(answers)
    assert counts.kept_every_promise
    assert counts.retries == 1


async def test_an_engine_that_is_gone_stops_the_replay(live: Callable[[Answers], Any]) -> None:
    answers = sound_answers()
    answers["/v1/offer"] = [httpx.ConnectError("gone")]
    with pytest.raises(StoppedError, match="the engine stopped answering"):
        await live(answers)


@pytest.mark.parametrize(
    ("path", "answer", "says"),
    [
        ("/v1/stockouts", httpx.Response(409, json={"code": "idempotency_mismatch"}), "409 idempotency_mismatch"),
        ("/v1/stockouts", httpx.Response(500, text="oops"), "500 not a problem of this API"),
        ("/v1/stockouts", httpx.Response(201, text="oops"), "reported: "),
        ("/v1/offer", httpx.Response(200, json={"eligible": True}), "offer: "),
        ("/v1/offer/spin", httpx.Response(200, json={}), "spin: "),
        ("/v1/offer/spin", httpx.Response(409, json={"code": "no_offer"}), "POST /v1/offer: 409 no_offer"),
    ],
)
async def test_an_answer_the_api_does_not_promise_is_counted(
    live: Callable[[Answers], Any], path: str, answer: httpx.Response, says: str
) -> None:
    counts = await live(sound_answers() | {path: [answer]})
    assert not counts.kept_every_promise
    assert any(says in what for what in counts.broken), counts.broken


async def test_a_spin_that_does_not_follow_from_its_proof_is_a_broken_promise(live: Callable[[Answers], Any]) -> None:
    answers = sound_answers()
    answers["/v1/offer/spin"] = [httpx.Response(200, json={**SOUND["spin"], "stop": "0.00000000"})]
    counts = await live(answers)
    assert not counts.kept_every_promise
    assert counts.proofs == {"failed": 1}


async def test_an_offer_whose_time_is_over_is_counted_as_such(live: Callable[[Answers], Any]) -> None:
    answers = sound_answers() | {"/v1/offer/spin": [httpx.Response(410, json={"code": "offer_expired"})]}
    counts = await live(answers)
    assert counts.kept_every_promise
    assert counts.offers == {"wheel": 1, "over": 1}


async def test_never_more_than_so_many_calls_run_at_once() -> None:
    now, most = 0, 0

    async def work(_item: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1

    await side_by_side(range(50), work, 7, Replayed())
    assert most == 7
    assert now == 0
