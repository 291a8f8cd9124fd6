"""Starting and stopping: the server, the worker, and both with a database and a demo shop around them."""

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from threading import Thread

import click
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import select

from engine import campaigns, clock, embedded
from engine.cli.output import console, errors
from engine.db import schema
from engine.db.session import create_engine, sqlalchemy_url, transaction
from engine.db.tables import Epoch
from engine.flows import keys
from engine.installation import database, held, var_folder
from engine.processes import die_with_parent
from engine.settings import Settings, SettingsError, config_folder_of, place_of, read
from engine.vault import Vault, new_api_key

HEADER_BYTES_MAX = 128 * 1024  # of one call, its address included, of which half may be names of products
START_SECONDS_MAX = 60
# A stop lets calls under way be answered: the slowest waits 10 s for a connection and 15 s for a statement.
CALLS_END_SECONDS_MAX = 30
STOP_SECONDS_MAX = CALLS_END_SECONDS_MAX + 5
STOP_SECONDS_WITHOUT_DATABASE = 2  # nothing that is under way can end well


def serve_api(workers: int) -> None:
    """Serve until told to stop. The config is read first: a bad one is a message and exit code 2, not a server."""
    with held(place_of()), counted_together() if workers > 1 else nullcontext():
        loading = _load_aside("engine.app")
        with database():
            loading.join()
            from engine import logs  # loaded aside with the rest

            settings = read()
            logs.configure(production=settings.production)
            campaigns.load(settings.config_folder)
            _refuse_unready(settings)
            serve("engine.app:serve_app", settings.host, settings.port, workers=workers)


@contextmanager
def counted_together() -> Iterator[None]:
    """Let the processes of one port add up what they count: whichever of them Prometheus meets answers for all.

    The library reads this when it is first imported, so each process must find it there.
    """
    with tempfile.TemporaryDirectory(prefix="makegood-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _load_aside(module: str) -> Thread:
    """Load what the server processes run, once for all of them, while an embedded database starts.

    Only where they are forked from this one; elsewhere each loads it for itself.
    """
    forked = multiprocessing.get_start_method() == "fork"
    loading = Thread(target=import_module, args=(module if forked else "engine.cli.run",))
    loading.start()
    return loading


def serve(factory: str, host: str, port: int, *, workers: int) -> None:
    """Serve the application that a factory makes, until told to stop."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings, HTTP2Settings
    from granian.log import LogLevels

    from engine import logs

    gc.freeze()  # what the server processes share with this one, they need not look through
    Granian(
        factory,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BYTES_MAX),
        http2_settings=HTTP2Settings(max_headers_size=HEADER_BYTES_MAX),
        workers=workers,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=logs.OF_THE_SERVER,
        respawn_failed_workers=True,
        workers_kill_timeout=CALLS_END_SECONDS_MAX,
    ).serve()


def run_worker() -> None:
    from engine import jobs, logs

    with database():
        settings = read()
        logs.configure(production=settings.production)
        _refuse_unready(settings)
        asyncio.run(jobs.work(settings))


def run_migrations() -> None:
    from engine.db import migrate

    with database():
        migrate.upgrade(os.environ["DATABASE_URL"])
    console.print("the database is at this version's schema")


async def create_key(role: str, label: str) -> str:
    key = new_api_key()
    with database():
        await _admit(read(), key, role, label)
    return key


def run_demo() -> int:
    """Run everything until Ctrl-C, or until a part of it ends by itself."""
    from engine.db import migrate

    place = place_of()
    with held(place):
        pass  # better said now than by a part, once there is a database
    campaigns.load(config_folder_of())  # before a database is made for a folder that cannot be used
    # Both: a shell that starts this in the background leaves it deaf to SIGINT.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _interrupt)
    with database() as own:
        os.environ["MAKEGOOD_DEMO"] = "1"
        os.environ["MAKEGOOD_DEMO_CLOCK"] = str(var_folder().resolve() / "demo-clock")
        # A demo's days pass at a click: a token must outlive a patient shopper's season.
        os.environ.setdefault("MAKEGOOD_TOKEN_SECONDS", str(400 * 24 * 3600))
        if not os.environ.get("MAKEGOOD_WEBHOOK_URL"):
            # The demo shop hears what a shop's server would, and shows the letters it would send.
            os.environ["MAKEGOOD_WEBHOOK_URL"] = f"http://127.0.0.1:{place.port}/demo/api/announcements"
            os.environ["MAKEGOOD_WEBHOOK_SECRET"] = token_hex()
        settings = read()
        migrate.upgrade(settings.database_url)
        if not settings.demo_key:
            raise SettingsError("MAKEGOOD_MERCHANT_KEY is missing: the demo shop needs a key")
        asyncio.run(_admit(settings, settings.demo_key, "merchant", "demo shop"))
        return _run_parts(settings, own)


def _run_parts(settings: Settings, own_database: Path | None) -> int:
    parts: list[subprocess.Popen[bytes]] = []
    patience_seconds = STOP_SECONDS_MAX
    try:
        parts.append(_start("serve"))
        parts.append(_start("worker"))
        started = _answers(settings, parts[0])
        if started:
            _print_addresses(settings)
        while started and all(part.poll() is None for part in parts) and not _is_lost(own_database):
            time.sleep(0.3)
        if _is_lost(own_database):
            patience_seconds = STOP_SECONDS_WITHOUT_DATABASE
            errors.print("PostgreSQL ended by itself; stopping the rest")
        elif started:
            errors.print("a part of makegood ended by itself; stopping the rest")
        else:
            errors.print("the engine did not start; what it said stands above")
    except KeyboardInterrupt:
        console.print("\nstopping …")
        return 0
    else:
        return 1
    finally:
        _stop(parts, patience_seconds)


def _is_lost(own_database: Path | None) -> bool:
    return own_database is not None and not embedded.is_served(own_database)


def _start(command: str) -> subprocess.Popen[bytes]:
    """Start a part in a session of its own: Ctrl-C reaches this process alone, which then stops the parts in order."""
    return subprocess.Popen(  # noqa: S603  # our own command line
        [sys.executable, "-m", "engine.cli", command],
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509  # this process has one thread here
    )


def _stop(parts: Sequence[subprocess.Popen[bytes]], patience_seconds: float) -> None:
    for part in parts:
        if part.poll() is None:
            part.terminate()
    for part in parts:
        try:
            part.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            part.kill()
            part.wait()


def _answers(settings: Settings, server: subprocess.Popen[bytes]) -> bool:
    import httpx

    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"http://{settings.host}:{settings.port}/health/ready", timeout=2).is_success:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    return False


def _print_addresses(settings: Settings) -> None:
    base = settings.public_url
    console.print("\n[bold]Makegood is running.[/bold]")
    # Not through Rich: an address or a key must not be wrapped.
    click.echo(f"""
  demo shop      {base}/
  check a spin   {base}/verify
  console        {base}/console   (a key: makegood keys create --role marketer)
  fairness       {base}/v1/fairness
  API            {base}/schema
  merchant key   {settings.demo_key}

  config in {settings.config_folder}, data in {var_folder()}; Ctrl-C stops everything.
""")


async def _admit(settings: Settings, key: str, role: str, label: str) -> None:
    engine = create_engine(settings.database_url)
    async with transaction(engine) as session:
        await keys.admit(session, key, role, label, now=clock.now())
    await engine.dispose()


def _refuse_unready(settings: Settings) -> None:
    """Say what is missing before anything listens: migrations, or the key that opens what is sealed."""
    engine = create_sync_engine(sqlalchemy_url(settings.database_url))
    try:
        with engine.connect() as connection:
            if not schema.is_current(connection):
                raise SettingsError("the database lacks migrations: run `makegood migrate`")
            sealed = connection.execute(select(Epoch.secret_sealed).order_by(Epoch.day.desc()).limit(1)).scalar()
    finally:
        engine.dispose()
    if sealed is not None:
        Vault(settings).open(sealed)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
