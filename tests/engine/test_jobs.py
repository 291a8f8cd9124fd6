"""What happens by itself: a real worker on a real queue, and a shop's server that listens."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from itertools import chain, repeat

import msgspec
import pytest

from engine import jobs
from engine.announcements import by_job
from engine.connectors import webhooks
from engine.connectors.webhooks import NotHeardError
from engine.db.session import create_engine, transaction
from engine.settings import Settings
from tests.support import OpenShop, Shop, ask, do, free_port, rows, settings_for, soon

_SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()


class Listener:
    """A shop's server: remembers what it is told, and answers as it is bid."""

    def __init__(self) -> None:
        self.port = free_port()
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        async with server:
            yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.heard.append((headers, body))
        status = self.answers.pop(0) if self.answers else 204
        writer.write(f"HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """Run a worker as `makegood worker` does, until the block ends."""
    task = asyncio.create_task(jobs.work(settings, install_signal_handlers=False))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def heard_by(listener: Listener, database_url: str) -> Settings:
    settings = settings_for(database_url)
    return msgspec.structs.replace(settings, webhook_url=listener.url, webhook_secrets=(_SECRET,))


async def tell(settings: Settings, *, undone: bool = False) -> None:
    engine = create_engine(settings.database_url, pool_size=1)
    with suppress(ZeroDivisionError):
        async with transaction(engine) as session:
            await by_job(session, "award.issued", {"award_id": "a-1"}, now=datetime(2026, 11, 22, tzinfo=UTC))
            if undone:
                raise ZeroDivisionError
    await engine.dispose()


async def test_an_announcement_reaches_the_shop_signed_as_standard_webhooks_says(database_url: str) -> None:
    listener = Listener()
    settings = heard_by(listener, database_url)
    await tell(settings)
    async with listener.listening(), working(settings):
        await soon(lambda: len(listener.heard) == 1)

    headers, body = listener.heard[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"k" * 24, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(body) == {
        "type": "award.issued",
        "timestamp": "2026-11-22T00:00:00+00:00",
        "data": {"award_id": "a-1"},
    }


async def test_what_is_undone_is_told_to_nobody(database_url: str) -> None:
    await tell(heard_by(Listener(), database_url), undone=True)
    assert rows(database_url, "SELECT * FROM procrastinate_jobs") == []


async def test_an_announcement_not_heard_is_kept_and_told_again_later(database_url: str) -> None:
    listener = Listener()
    listener.answers = [500]
    settings = heard_by(listener, database_url)
    await tell(settings)
    async with listener.listening(), working(settings):
        await soon(lambda: len(listener.heard) == 1)
        await soon(
            lambda: (
                ask(database_url, "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'deliver'") == "todo"
            )
        )
        # Standard Webhooks waits five seconds; the test does not.
        # Beside the loop: the worker in it may hold this very row, and has yet to commit.
        later = "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE task_name = 'deliver'"
        await asyncio.to_thread(do, database_url, later)
        await soon(lambda: len(listener.heard) == 2, seconds_max=30)
    first, second = listener.heard
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]


async def test_a_redirect_is_not_followed_and_not_an_answer() -> None:
    listener = Listener()
    listener.answers = [302]
    async with listener.listening():
        with pytest.raises(NotHeardError, match="302"):
            await webhooks.send(listener.url, _SECRET, "m", {}, now=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize("status", [200, 500])
async def test_what_a_shop_answers_is_not_read_beyond_its_status(status: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} Said\r\ncontent-length: 99\r\n\r\nand no more".encode())
        await writer.drain()
        await reader.read()
        writer.close()

    async with asyncio.timeout(webhooks.TIMEOUT_SECONDS / 2):
        heard = await _sent_to(answer)
    assert heard == (status == 200)


async def test_a_shop_that_answers_a_byte_at_a_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for line in chain([b"HTTP/1.1 200 Said\r\n"], repeat(b"x: y\r\n")):
                writer.write(line)
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.close()

    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.5)
    async with asyncio.timeout(20):
        assert not await _sent_to(answer)


async def _sent_to(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> bool:
    """Send one announcement to a shop that answers so; return whether it counts as heard."""
    port = free_port()
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        try:
            await webhooks.send(f"http://127.0.0.1:{port}/", [_SECRET], "m", {}, now=datetime(2026, 11, 22, tzinfo=UTC))
        except NotHeardError:
            return False
    return True


async def test_a_worker_ends_what_is_over_and_turns_epochs_by_itself(open_shop: OpenShop, database_url: str) -> None:
    async with open_shop() as shop:
        await _overdue(shop)
    do(database_url, "DELETE FROM epochs WHERE NOT EXISTS (SELECT FROM offers WHERE epoch_day = day)")
    async with working(settings_for(database_url)):
        # Periodic tasks that were due within the last minutes are caught up with at the start.
        await soon(lambda: ask(database_url, "SELECT count(*) FROM offers WHERE status = 'open'") == 0, seconds_max=90)


async def _overdue(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.offered()
    do(shop.database_url, "UPDATE offers SET expires_at = now() - interval '1 minute'")


async def test_the_night_runs_from_the_queue_as_from_anywhere(database_url: str) -> None:
    settings = settings_for(database_url)
    async with jobs.connected(settings) as app:
        await app.configure_task("turn_epochs").defer_async(timestamp=0)
        await app.configure_task("lapse").defer_async(timestamp=0)
        await app.configure_task("accrue").defer_async(timestamp=0)
    async with working(settings):
        await soon(lambda: rows(database_url, "SELECT 1 FROM procrastinate_jobs WHERE status <> 'succeeded'") == [])
    days = rows(database_url, "SELECT day, purpose FROM epochs ORDER BY day, purpose")
    today = datetime.now(UTC).date()
    tomorrow = date.fromordinal(today.toordinal() + 1)
    assert days == [(day, purpose) for day in (today, tomorrow) for purpose in ("patience", "wheel")]


async def test_the_job_shows_the_secret_of_a_day_that_is_over(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        await (await shop.report()).offered()
        do(shop.database_url, "UPDATE epochs SET day = day - 3 WHERE day = (now() AT TIME ZONE 'UTC')::date")
        [promised] = [epoch for epoch in (await shop.fairness())["epochs"] if _days_ago(epoch["day"]) == 3]
        assert promised["secret"] is None
        async with jobs.connected(shop.settings) as app:
            await app.configure_task("turn_epochs").defer_async(timestamp=0)
        async with working(shop.settings):
            await soon(lambda: ask(shop.database_url, "SELECT count(*) FROM epochs WHERE revealed_at IS NOT NULL") > 0)
        epochs = {_days_ago(epoch["day"]): epoch for epoch in (await shop.fairness())["epochs"]}
    assert hashlib.sha256(bytes.fromhex(epochs[3]["secret"])).hexdigest() == promised["secret_digest"]
    assert [epochs[day]["secret"] for day in (0, -1)] == [None, None], "today and tomorrow stay secret"


def _days_ago(day: str) -> int:
    return (datetime.now(UTC).date() - date.fromisoformat(day)).days


async def test_the_jobs_of_a_worker_that_died_are_taken_up_again(database_url: str) -> None:
    listener = Listener()
    settings = heard_by(listener, database_url)
    await tell(settings)
    # A worker took the job and was killed: its heartbeat is long past, and nobody finished.
    do(
        database_url,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')",
    )
    do(
        database_url,
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM procrastinate_workers)",
    )
    async with jobs.connected(settings) as app:
        await app.configure_task("retry_stalled").defer_async(timestamp=0)
    async with listener.listening(), working(settings):
        await soon(lambda: len(listener.heard) == 1, seconds_max=30)


async def test_a_worker_goes_on_when_the_database_is_back(database_url: str) -> None:
    listener = Listener()
    settings = heard_by(listener, database_url)
    everybody = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    async with listener.listening(), working(settings):
        await tell(settings)
        await soon(lambda: len(listener.heard) == 1)
        await asyncio.to_thread(do, database_url, everybody)
        await tell(settings)
        await soon(lambda: len(listener.heard) == 2)
