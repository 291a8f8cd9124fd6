"""Real servers for every test: a PostgreSQL of its own for each xdist worker, a Redis, the served application."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import pytest_asyncio
from litestar import Litestar
from psycopg import sql

from engine import embedded
from engine.app import create_app
from engine.db import migrate
from engine.services import Services
from engine.settings import Settings
from tests.chaos.schedule import SEED
from tests.support import (
    CONFIG,
    OpenShop,
    Redis,
    Served,
    Shop,
    client_of,
    desk,
    in_one_task,
    redis_server,
    serving,
    settings_for,
    shop_on,
)

# What a test loses in a power cut may be lost.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "250"}


def pytest_report_header() -> str:
    return f"chaos: seed {SEED} (CHAOS_SEED)"


@dataclass(frozen=True)
class Postgres:
    """The server of this run, and the only one on which databases are made and dropped."""

    url: str
    data: Path

    def create(self, template: str = "template0") -> str:
        """Make a database and return its URL."""
        name = f"test_{uuid4().hex}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        return self.url_of(name)

    def drop(self, url: str) -> None:
        desk.leave(url)
        self._run("DROP DATABASE {} WITH (FORCE)", self.name_of(url))

    def url_of(self, name: str) -> str:
        return self.url.replace("/makegood?", f"/{name}?", 1)

    def name_of(self, url: str) -> str:
        return url.partition("?")[0].rpartition("/")[2]

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            assert row == (str(self.data),), f"this is not the tests' own server: {row}"
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A folder that any account may walk through, unlike pytest's own: root's PostgreSQL runs under another."""
    ground = Path(tempfile.mkdtemp(prefix="makegood-tests-", dir="/tmp" if os.geteuid() == 0 else None))  # noqa: S108 - mkdtemp's is ours
    ground.chmod(0o711)
    yield ground
    shutil.rmtree(ground, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(ground: Path) -> Iterator[Postgres]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "_PLACES", (ground / "place",))
        server = embedded.running(ground / "postgres", options=_FAST)
        url = server.__enter__()
    try:
        yield Postgres(url, (ground / "postgres" / "data").resolve())
    finally:
        desk.leave()
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a migrated, empty database to copy."""
    url = postgres.create()
    migrate.upgrade(url)
    return postgres.name_of(url)


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """A fresh database without a single table."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture
def database_url(postgres: Postgres, template: str) -> Iterator[str]:
    """A fresh migrated database."""
    url = postgres.create(template)
    yield url
    postgres.drop(url)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The settings of a fresh installation with the default config."""
    return settings_for(database_url)


@pytest_asyncio.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """The parts of a fresh running engine, for flows without HTTP."""
    services = Services(settings)
    async with in_one_task(services.running()):
        yield services


@pytest_asyncio.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """A fresh running application."""
    app = create_app(settings)
    async with in_one_task(app.lifespan()):
        yield app


@pytest_asyncio.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever calls the fresh application, without a key or token."""
    async with client_of(app) as http:
        yield http


@pytest_asyncio.fixture(scope="module")
async def shop(postgres: Postgres, template: str) -> AsyncIterator[Shop]:
    """A shop with the default config, shared by the tests of a module: each brings shoppers of its own."""
    url = postgres.create(template)
    async with in_one_task(shop_on(settings_for(url))) as shop:
        yield shop
    postgres.drop(url)


@pytest.fixture
def open_shop(database_url: str) -> OpenShop:
    """What opens a shop on a fresh database, with `config`, `redis_url` and more settings where given."""

    @asynccontextmanager
    async def open_shop(*, config: Path = CONFIG, redis_url: str | None = None, **more: str) -> AsyncIterator[Shop]:
        given = settings_for(database_url, config=config, redis_url=redis_url, **more)
        async with in_one_task(shop_on(given)) as shop:
            yield shop

    return open_shop


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own, to empty, kill and start again."""
    with redis_server(tmp_path) as redis:
        yield redis


@pytest.fixture
def redis_url(redis: Redis) -> str:
    return redis.url


@pytest.fixture(scope="session")
def served(postgres: Postgres, template: str) -> Iterator[Served]:
    """The application served by `makegood serve` with the default config, shared by the whole run."""
    with serving(postgres.create(template)) as served:
        yield served


@pytest.fixture(scope="session")
def served_demo(postgres: Postgres, template: str) -> Iterator[Served]:
    """The same with the demo shop at `/`."""
    with serving(postgres.create(template), demo=True) as served:
        yield served
