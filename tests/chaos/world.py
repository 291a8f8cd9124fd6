"""A whole installation, of which any part may be killed at any moment and comes back."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import psycopg
from procrastinate.exceptions import AlreadyEnqueued

from engine import embedded, jobs
from engine.db import migrate
from engine.settings import read
from tests.chaos.proxy import Ends, Proxy
from tests.chaos.schedule import Fault
from tests.support import Redis, admit, environment, free_port, redis_program, started

STALL_SECONDS = 2.0
LOG_SHOWN = 3000
UP_SECONDS_MAX = 150  # a machine may be very busy
SOCKET = ".s.PGSQL.5432"
ZONE = ZoneInfo("Europe/Paris")


class World:
    """PostgreSQL, Redis, two API processes and a worker, with a wire before PostgreSQL and one before the API."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._folder, self._config = folder, config
        self._database = ExitStack()
        self._processes = ExitStack()
        self.days = 0
        self.real_url = ""
        self.log = (folder / "log").open("wb")
        self.redis = Redis(redis_program(), folder, free_port())
        self._ports = [free_port(), free_port()]
        self._apis: list[subprocess.Popen[bytes] | None] = [None, None]
        self._worker: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._to_database = Proxy(self._open_database)
        self._to_api = Proxy(self._open_api)
        self._turn = 0
        self.key = ""
        self._suffered: dict[str, Callable[[], Awaitable[None]]] = {
            "kill an API process": self._kill_an_api,
            "kill the worker": self._kill_the_worker,
            "kill PostgreSQL": self._lose_the_database,
            "kill Redis": self._lose_redis,
            "empty Redis": self._empty_redis,
            "stall callers": partial(self._to_api.stall, STALL_SECONDS),
            "cut callers": partial(self._cut, self._to_api),
            "stall PostgreSQL": partial(self._to_database.stall, STALL_SECONDS),
            "cut PostgreSQL": partial(self._cut, self._to_database),
            "pass midnight": self._pass_midnight,
            "pass a change of the clocks": self._change_the_clocks,
        }

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(self.log.close)
            stack.callback(self._database.close)
            stack.callback(self.redis.kill)
            stack.callback(self._processes.close)
            stack.callback(self._kill_all)  # the shells' children too, which would outlive them
            await asyncio.to_thread(self._start_database)
            await asyncio.to_thread(migrate.upgrade, self.real_url)
            self.key = admit(self.real_url)
            self._set_days(0)
            self.redis.start()
            (wires := self._folder / "wires").mkdir(mode=0o755)
            await stack.enter_async_context(self._to_database.on_socket(wires / SOCKET))
            await stack.enter_async_context(self._to_api.on_port(self.port))
            for number in range(2):
                self._start_api(number)
            self._start_worker()
            await self.up()
            yield

    def now(self) -> datetime:
        """Return what the engine's processes take for now."""
        return datetime.now(UTC) + timedelta(days=self.days)

    async def suffer(self, fault: Fault) -> None:
        """Let one fault happen, and bring back what it has killed."""
        await self._suffered[fault.kind]()

    async def _kill_an_api(self) -> None:
        self._turn += 1
        self._kill(self._apis[self._turn % 2])
        self._start_api(self._turn % 2)

    async def _kill_the_worker(self) -> None:
        self._kill(self._worker)
        self._start_worker()

    async def _lose_the_database(self) -> None:
        await asyncio.to_thread(self._kill_database)
        await asyncio.to_thread(self._start_database)

    async def _lose_redis(self) -> None:
        self.redis.kill()
        await asyncio.sleep(0.5)
        await asyncio.to_thread(self.redis.start)

    async def _empty_redis(self) -> None:
        self.redis.command("FLUSHALL")

    async def _cut(self, wire: Proxy) -> None:
        wire.cut()

    async def _pass_midnight(self) -> None:
        self._set_days(self.days + 1)

    async def _change_the_clocks(self) -> None:
        self._set_days(self.days + _days_to_change(self.now().astimezone(ZONE).date()))

    async def accrue(self) -> None:
        """Enqueue a night's points for the worker, unless they are enqueued already."""
        async with jobs.connected(read(self._environment(DATABASE_URL=self.real_url))) as app:
            with suppress(AlreadyEnqueued):
                await app.configure_task("accrue", queueing_lock="accrue").defer_async(timestamp=0)

    def accrue_by_hand(self) -> None:
        """Write what no worker was left to write."""
        command = [sys.executable, "-m", "engine.cli", "accrue"]
        with started(command, self._environment(DATABASE_URL=self.real_url), self.log) as process:
            assert process.wait(UP_SECONDS_MAX) == 0, _end_of(self.log.name)

    def yesterday(self) -> date:
        return self.now().astimezone(ZONE).date() - timedelta(days=1)

    async def up(self) -> None:
        """Wait until the engine answers again."""
        deadline = time.monotonic() + UP_SECONDS_MAX
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=5) as http:
            while time.monotonic() < deadline:
                with suppress(httpx.HTTPError):
                    if (await http.get("/health/ready")).is_success:
                        return
                await asyncio.sleep(0.1)
        raise AssertionError(f"the engine is not up after {UP_SECONDS_MAX} s:\n{_end_of(self.log.name)}")

    def _engine_url(self) -> str:
        """Return where the engine's processes find PostgreSQL: behind the wire."""
        return self.real_url.partition("host=")[0] + f"host={self._folder / 'wires'}"

    def _environment(self, **more: str) -> dict[str, str]:
        given = environment(
            self._engine_url(),
            REDIS_URL=self.redis.url,
            MAKEGOOD_CONFIG=str(self._config),
            MAKEGOOD_DEMO="1",
            MAKEGOOD_DEMO_CLOCK=str(self._folder / "days"),
            MAKEGOOD_MERCHANT_KEY=self.key,
            MAKEGOOD_TOKEN_SECONDS=str(3 * 365 * 24 * 3600),
        )
        return given | more

    def _start_api(self, number: int) -> None:
        given = self._environment(PORT=str(self._ports[number]))
        self._apis[number] = self._start("serve", given)

    def _start_worker(self) -> None:
        self._worker = self._start("worker", self._environment())

    def _start(self, command: str, given: dict[str, str]) -> subprocess.Popen[bytes]:
        # A part that cannot start yet, since the database is away, is started again, as systemd does.
        script = f"until {sys.executable} -m engine.cli {command}; do sleep 0.2; done"
        return self._processes.enter_context(started(["/bin/sh", "-c", script], given, self.log))

    def _kill_all(self) -> None:
        for process in (*self._apis, self._worker):
            if process is not None and process.poll() is None:
                self._kill(process)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes] | None) -> None:
        assert process is not None
        _kill_tree(process.pid)
        process.wait()

    def _start_database(self) -> None:
        self.real_url = self._database.enter_context(embedded.running(self._folder / "postgres"))

    def _kill_database(self) -> None:
        """Stop it at once, as a power cut does: SIGQUIT leaves recovery to the next start."""
        pid = int((self._folder / "postgres" / "data" / "postmaster.pid").read_text().split("\n", maxsplit=1)[0])
        os.kill(pid, signal.SIGQUIT)
        self._database.close()  # it waits until the server is gone
        self._database = ExitStack()

    def _set_days(self, days: int) -> None:
        self.days = days
        fresh = self._folder / "days.new"
        fresh.write_text(str(days), encoding="ascii")
        fresh.replace(self._folder / "days")

    async def _open_database(self) -> Ends:
        return await asyncio.open_unix_connection(Path(_socket_folder(self.real_url)) / SOCKET)

    async def _open_api(self) -> Ends:
        """Open the next API process that answers, as a load balancer does."""
        for _ in self._ports:
            self._turn += 1
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self._ports[self._turn % 2])
        raise ConnectionRefusedError


def _end_of(log: str) -> str:
    return Path(log).read_text(errors="replace")[-LOG_SHOWN:]


def _socket_folder(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url)["host"])


def _days_to_change(day: date) -> int:
    """Return how many days until the clocks have changed."""
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE).utcoffset()
    for days in range(1, 366):
        later = day + timedelta(days=days)
        if datetime(later.year, later.month, later.day, 12, tzinfo=ZONE).utcoffset() != offset:
            return days
    return 1


def _kill_tree(pid: int) -> None:
    """Kill a process and its children, none of which is given a last word."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):
            _kill_tree(int(child))
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
