"""More callers than the database can serve: a bounded wait, then 503 with Retry-After, and all is well afterwards."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.db import again, pool, session
from tests.support import OpenShop, Shop, ask, do, problem, rows, soon, stockout

FAIL = """
CREATE SEQUENCE tries_{table};
CREATE FUNCTION fail_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries_{table}') <= {times} THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER in_the_way BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail_{table}();
"""
TRIES = "SELECT last_value FROM pg_sequences WHERE sequencename = 'tries_' || %s"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
SERIALIZATION_FAILURE, DEADLOCK_DETECTED = "40001", "40P01"


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Keep everybody from a table, as a migration or a runaway statement does."""
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield
        connection.rollback()


def fails(url: str, table: str, *, times: int, code: str) -> None:
    """Make PostgreSQL undo so many transactions that insert into a table."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FAIL.format(table=table, times=times, code=code).encode())


async def reports(shop: Shop, number: int) -> list[httpx.Response]:
    return await asyncio.gather(*(shop.post_stockout(stockout()) for _ in range(number)))


async def test_a_pool_that_is_used_up_answers_503_and_recovers(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "POOL_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(session, "LOCK_TIMEOUT_SECONDS", 1)
    async with open_shop(MAKEGOOD_POOL_SIZE="2") as shop:
        with locked(shop.database_url, "shoppers"):
            answers = await reports(shop, 40)
        for answer in answers:
            problem(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert ask(shop.database_url, "SELECT count(*) FROM stockouts") == 0

        assert Counter(answer.status_code for answer in await reports(shop, 2)) == {201: 2}


async def test_only_so_many_wait_for_a_connection(open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WAITING_MAX", 6)
    async with open_shop(MAKEGOOD_POOL_SIZE="2") as shop:
        await reports(shop, 2)  # both connections are open
        with locked(shop.database_url, "shoppers"):
            calls = [asyncio.create_task(shop.post_stockout(stockout())) for _ in range(20)]
            # The others wait: two at the lock, six for a connection.
            await soon(lambda: sum(call.done() for call in calls) == 12)
        for answer in (answers := await asyncio.gather(*calls)):
            if answer.status_code == 503:
                problem(answer, 503, "unavailable")
        assert Counter(answer.status_code for answer in answers) == {201: 8, 503: 12}


async def test_a_connection_goes_to_whoever_has_waited_longest(database_url: str) -> None:
    engine = session.create_engine(database_url, pool_size=1)
    served: list[str] = []

    async def use(name: str, times: int = 1) -> None:
        for _ in range(times):
            async with engine.connect():
                served.append(name)
                await asyncio.sleep(0)

    await use("opened")
    async with engine.connect():
        early = asyncio.create_task(use("early"))
        await asyncio.sleep(0.01)
        late = asyncio.create_task(use("late"))
        await asyncio.sleep(0.01)
    # Whoever asks as it comes back, and again, comes after those.
    await use("greedy", times=3)
    await asyncio.gather(early, late)
    assert served == ["opened", "early", "late", "greedy", "greedy", "greedy"]
    await engine.dispose()


async def test_who_goes_while_waiting_takes_no_connection_along(database_url: str) -> None:
    engine = session.create_engine(database_url, pool_size=1)

    async def use() -> None:
        async with engine.connect():
            pass

    for pause in (0.01, 0):  # gone before a connection comes, and just as it comes
        async with engine.connect():
            gone, stays = asyncio.create_task(use()), asyncio.create_task(use())
            await asyncio.sleep(0.01)
            if pause:
                gone.cancel()
                await asyncio.sleep(pause)
        gone.cancel()
        await asyncio.wait_for(stays, 5)
        with pytest.raises(asyncio.CancelledError):
            await gone
    await asyncio.wait_for(use(), 5)
    await engine.dispose()


async def test_whoever_waits_too_long_is_told_so_even_as_a_connection_comes_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "POOL_TIMEOUT_SECONDS", 0.05)
    engine = session.create_engine(database_url, pool_size=1)

    async def use() -> None:
        async with engine.connect():
            pass

    async with engine.connect():
        late = [asyncio.create_task(use()) for _ in range(20)]
        await asyncio.sleep(0.04)
        time.sleep(0.05)  # noqa: ASYNC251  # all of them are over at once, and this connection comes back in the same moment
    told = await asyncio.gather(*late, return_exceptions=True)
    assert {type(one) for one in told} <= {type(None), PoolTimeoutError}
    await asyncio.wait_for(use(), 5)
    await engine.dispose()


async def test_where_no_connection_can_be_made_nobody_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "POOL_TIMEOUT_SECONDS", 120)

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        engine = session.create_engine(f"postgresql://makegood@127.0.0.1:{port}/makegood", pool_size=2)

        async def use() -> None:
            async with engine.connect():
                pass

        told = await asyncio.wait_for(asyncio.gather(*(use() for _ in range(10)), return_exceptions=True), 60)
        assert {type(one) for one in told} == {OperationalError}
        await engine.dispose()


async def test_a_burst_of_calls_waits_for_its_turn(open_shop: OpenShop) -> None:
    async with open_shop(MAKEGOOD_POOL_SIZE="2") as shop:
        answers = await reports(shop, 50)
        assert Counter(answer.status_code for answer in answers) == {201: 50}


@pytest.mark.parametrize("code", [SERIALIZATION_FAILURE, DEADLOCK_DETECTED])
async def test_what_clashed_is_done_again_before_its_caller_hears_of_it(open_shop: OpenShop, code: str) -> None:
    tables = ("stockouts", "offers", "spins", "enrolments", "redemptions")
    async with open_shop() as shop:
        for table in tables:
            fails(shop.database_url, table, times=2, code=code)
        shopper = await shop.report()
        await shopper.offered()
        enrolled = await shopper.http.post(
            "/v1/enrolments", headers={"Authorization": f"Bearer {shopper.token}"}, json={"client_seed": "wait"}
        )
        assert enrolled.status_code == 201, enrolled.text
        won = await shopper.won()
        await shop.reserved(won["award"]["code"])
        for table in tables:
            assert ask(shop.database_url, TRIES, table) == 3
        counted = rows(shop.database_url, "SELECT (SELECT count(*) FROM stockouts), (SELECT count(*) FROM redemptions)")
        assert counted == [(1, 1)]


async def test_a_spin_that_waits_alone_is_done_again_too(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        shopper = await shop.report()
        offer = await shopper.offered()
        with psycopg.connect(shop.database_url) as other:
            other.execute("SELECT FROM offers WHERE id = %s FOR UPDATE", (offer["offer_id"],))
            spin = asyncio.create_task(shopper.spin())
            await soon(lambda: bool(ask(shop.database_url, WAITING)))
            fails(shop.database_url, "spins", times=2, code=DEADLOCK_DETECTED)
            other.rollback()
        assert (await spin).status_code == 200


async def test_what_clashes_for_ever_is_given_up(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        fails(shop.database_url, "stockouts", times=1_000_000, code=SERIALIZATION_FAILURE)
        answer = await shop.post_stockout(stockout())
        problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert ask(shop.database_url, TRIES, "stockouts") == again.TRIES_MAX
        do(shop.database_url, "DROP TRIGGER in_the_way ON stockouts")
        assert (await shop.post_stockout(stockout())).status_code == 201
