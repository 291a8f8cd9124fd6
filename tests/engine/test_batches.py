"""Callers answered together: none waits for a timer, none pays for another, none hears of what is not committed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from httpx import Response

from engine.batches import AskedAloneError, Batcher
from engine.errors import UnavailableError
from engine.flows import awards
from rewards.codes import new_code
from tests.support import (
    OpenShop,
    Shopper,
    ask,
    balances,
    bearer,
    campaign,
    config_copy,
    desk,
    do,
    many_offered,
    problem,
    rows,
    slice_,
    soon,
)

Together = Callable[[Sequence[int]], Awaitable[Sequence[int | Exception]]]


class Book:
    """What a batcher was asked to do, and what it is to answer."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def together(self, asks: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(asks))
        await self.gate.wait()
        return [self.answer(number) for number in asks]

    async def alone(self, number: int) -> int:
        self.batches.append([number])
        return -number

    def answer(self, number: int) -> int | Exception:
        return number * 10


async def test_one_caller_waits_for_nobody() -> None:
    book = Book()
    assert await Batcher("test", book.together, book.alone).ask(7) == 70
    assert book.batches == [[7]]


async def test_what_queues_while_a_batch_is_written_is_the_next_batch() -> None:
    book = Book()
    batcher = Batcher("test", book.together, book.alone)
    book.gate.clear()
    first = asyncio.create_task(batcher.ask(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(batcher.ask(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    book.gate.set()
    assert await asyncio.gather(first, *others) == [0, 10, 20, 30, 40, 50]
    assert book.batches == [[0], [1, 2, 3, 4, 5]]


async def test_a_batch_has_a_size() -> None:
    book = Book()
    batcher = Batcher("test", book.together, book.alone, size_max=3)
    await asyncio.gather(*(batcher.ask(number) for number in range(8)))
    assert [len(batch) for batch in book.batches] == [3, 3, 2]


async def test_who_asks_just_as_the_flusher_ends_is_answered_too() -> None:
    book = Book()
    batcher = Batcher("test", book.together, book.alone)

    async def again_and_again(number: int) -> None:
        for turn in range(50):
            assert await batcher.ask(number + turn) == (number + turn) * 10

    async with asyncio.timeout(20):
        await asyncio.gather(*(again_and_again(number) for number in range(5)))


async def test_beyond_a_bound_a_caller_is_told_to_come_back() -> None:
    book = Book()
    batcher = Batcher("test", book.together, book.alone, waiting_max=2)
    book.gate.clear()
    first = asyncio.create_task(batcher.ask(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(batcher.ask(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError) as caught:
        await batcher.ask(3)
    assert caught.value.headers["Retry-After"] == "1"
    book.gate.set()
    assert await asyncio.gather(first, *waiting) == [0, 10, 20]


async def test_whoever_has_hung_up_is_not_drawn_for() -> None:
    book = Book()
    batcher = Batcher("test", book.together, book.alone)
    book.gate.clear()
    first = asyncio.create_task(batcher.ask(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone, stays = asyncio.create_task(batcher.ask(1)), asyncio.create_task(batcher.ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    book.gate.set()
    assert (await first, await stays) == (0, 20)
    assert book.batches == [[0], [2]]


async def test_an_answer_that_is_an_error_is_one_callers_alone() -> None:
    class Refusing(Book):
        def answer(self, number: int) -> int | Exception:
            return KeyError(number) if number == 2 else number * 10

    book = Refusing()
    batcher = Batcher("test", book.together, book.alone)
    answers = await asyncio.gather(*(batcher.ask(number) for number in range(4)), return_exceptions=True)
    assert [answers[0], answers[1], answers[3]] == [0, 10, 30]
    assert isinstance(answers[2], KeyError)


async def test_one_that_breaks_the_batch_breaks_nobody_else() -> None:
    class Breaking(Book):
        async def together(self, asks: Sequence[int]) -> Sequence[int | Exception]:
            if 5 in asks:
                raise ZeroDivisionError
            return await super().together(asks)

    batcher = Batcher("test", (book := Breaking()).together, book.alone)
    answers = await asyncio.gather(*(batcher.ask(number) for number in range(16)), return_exceptions=True)
    assert isinstance(answers.pop(5), ZeroDivisionError)
    assert answers == [number * 10 for number in range(16) if number != 5]


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (psycopg.errors.SerializationFailure, 4),
        (psycopg.errors.DeadlockDetected, 4),
        (psycopg.errors.AdminShutdown, 4),
        (psycopg.errors.QueryCanceled, 1),
    ],
)
async def test_a_collision_is_tried_again_a_bounded_number_of_times(error: type[Exception], tries: int) -> None:
    tried = 0

    async def together(_asks: Sequence[int]) -> Sequence[int | Exception]:
        nonlocal tried
        tried += 1
        raise error

    batcher = Batcher("test", together, Book().alone)
    answers = await asyncio.gather(*(batcher.ask(number) for number in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [error] * 3
    assert tried == tries, "the database is away for all of them: nobody is tried by himself"


async def test_one_that_would_make_the_others_wait_is_asked_alone() -> None:
    class Slow(Book):
        def answer(self, number: int) -> int | Exception:
            return AskedAloneError() if number == 1 else number * 10

    book = Slow()
    batcher = Batcher("test", book.together, book.alone)
    assert await asyncio.gather(*(batcher.ask(number) for number in range(3))) == [0, -1, 20]


# The batches of a real shop


@asynccontextmanager
async def held(url: str, statement: str, *values: object) -> AsyncIterator[None]:
    """Keep rows locked while the block runs, as a transaction that takes its time."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(statement.encode(), values)
        yield
        await connection.rollback()


async def test_a_spin_that_must_wait_makes_nobody_wait(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        slow, *others = await many_offered(shop, 12)
        lock = "SELECT 1 FROM offers WHERE stockout_id = %s FOR UPDATE"
        async with held(shop.database_url, lock, slow.stockout_id):
            waiting = asyncio.create_task(slow.spin())
            answers = await asyncio.gather(*(shopper.spin() for shopper in others))
            assert {answer.status_code for answer in answers} == {200}
            assert not waiting.done()
        assert (await waiting).status_code == 200
        balances(shop.database_url)


async def test_an_offer_that_must_wait_makes_nobody_wait(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        slow, *others = [await shop.report() for _ in range(5)]
        async with held(shop.database_url, "SELECT 1 FROM shoppers WHERE shopper_id = %s FOR UPDATE", slow.id):
            waiting = asyncio.create_task(slow.offer())
            answers = await asyncio.gather(*(shopper.offer() for shopper in others))
            assert {answer.status_code for answer in answers} == {200}
            assert not waiting.done()
        assert (await waiting).status_code == 200
        balances(shop.database_url)


async def test_spins_that_may_not_be_spoil_nothing_for_their_mates(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        shoppers = await many_offered(shop, 8)
        fresh = await shop.report()
        over = shoppers[0]
        desk.at(shop.database_url).execute(
            "UPDATE offers SET expires_at = now() - interval '1 hour' WHERE stockout_id = %s", (over.stockout_id,)
        )
        twice = shoppers[1]
        answers = await asyncio.gather(
            *(shopper.spin() for shopper in (over, fresh, twice, twice, *shoppers[2:])),
        )
        problem(answers[0], 410, "offer_expired")
        problem(answers[1], 409, "no_offer")
        assert {answer.status_code for answer in answers[2:]} == {200}
        assert answers[2].json() == answers[3].json()
        assert sorted("idempotent-replayed" in answer.headers for answer in answers[2:4]) == [False, True]
        assert ask(shop.database_url, "SELECT count(*) FROM spins") == 7
        balances(shop.database_url)


async def test_what_a_process_remembers_of_the_stock_is_never_the_last_word(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    """Others take from it, or give back, behind its back: it looks again, and a slice is replaced only when gone."""
    config = config_copy(tmp_path, only=campaign(slice_("sample", stock=1000, when_gone="free-shipping")))
    async with open_shop(config=config) as shop:
        first, *others = await many_offered(shop, 41)
        assert won(await first.spin()) == "sample"
        do(shop.database_url, "UPDATE reward_stocks SET taken = total - 3")
        assert Counter(map(won, await at_once(others))) == {"sample": 3, "free-shipping": 37}
        do(shop.database_url, "UPDATE reward_stocks SET taken = taken - 2")
        assert Counter(map(won, await at_once(await many_offered(shop, 5)))) == {"sample": 2, "free-shipping": 3}
        assert ask(shop.database_url, "SELECT total - taken FROM reward_stocks") == 0


async def test_a_budget_that_others_used_up_is_found_out(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path, only=campaign(slice_("discount-20", when_gone="free-shipping")))
    async with open_shop(config=config) as shop:
        first, *others = await many_offered(shop, 31)
        assert won(await first.spin()) == "discount-20"
        do(shop.database_url, "UPDATE budgets SET remaining_minor = 0")
        assert Counter(map(won, await at_once(others))) == {"free-shipping": 30}
        assert ask(shop.database_url, "SELECT remaining_minor >= 0 FROM budgets")


async def test_a_code_that_is_somebodys_already_is_drawn_again(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_shop() as shop:
        first, second, third = await many_offered(shop, 3)
        taken = (await first.spin()).json()["award"]["code"]
        drawn = iter([taken, taken, taken])
        monkeypatch.setattr(awards, "new_code", lambda randbelow: next(drawn, None) or new_code(randbelow))
        answers = await at_once([second, third])
        assert next(drawn, None) is None, "the code was really drawn"
        assert len({taken, *(answer.json()["award"]["code"] for answer in answers)}) == 3
        assert rows(shop.database_url, "SELECT count(*), count(DISTINCT code_digest) FROM codes") == [(3, 3)]
        balances(shop.database_url)


async def test_a_batch_never_waits_for_the_connections_of_those_who_wait(open_shop: OpenShop) -> None:
    async with open_shop(MAKEGOOD_POOL_SIZE="1") as shop:
        again, fresh, stuck = await many_offered(shop, 3)
        won = (await again.spin()).json()
        with psycopg.connect(shop.database_url) as outside:
            outside.execute(
                "SELECT FROM offers JOIN shoppers USING (subject) WHERE shopper_id = %s FOR UPDATE OF offers",
                (stuck.id,),
            )
            waits = asyncio.create_task(shop.http.post("/v1/offer/accept", headers=bearer(stuck.token)))
            await soon(lambda: ask(shop.database_url, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
            shop.inside.vault.epoch_secrets.clear()
            shop.inside.versions.__init__()  # type: ignore[misc]  # as a process that has read nothing yet
            replayed, drawn = await at_once([again, fresh])
            assert replayed.json() == won
            assert drawn.status_code == 200
            assert not waits.done(), "the only connection of the pool was taken all the while"
        problem(await waits, 409, "no_sure_reward")


async def at_once(shoppers: Iterable[Shopper]) -> list[Response]:
    return await asyncio.gather(*(shopper.spin() for shopper in shoppers))


def won(answer: Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["award"]["reward"])


async def test_what_a_killed_connection_had_not_committed_is_done_once(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        shoppers = await many_offered(shop, 40)
        kill = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        async with held(shop.database_url, "SELECT 1 FROM budgets FOR UPDATE"):
            spins = [asyncio.create_task(shopper.spin()) for shopper in shoppers]
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            await soon(lambda: ask(shop.database_url, waits) > 0)
            ask(shop.database_url, f"{kill} AND wait_event_type = 'Lock'")
        answers = await asyncio.gather(*spins)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["award"]["code"] for answer in answers}) == 40
        assert rows(shop.database_url, "SELECT count(*), count(DISTINCT offer_id) FROM spins") == [(40, 40)]
        balances(shop.database_url)
