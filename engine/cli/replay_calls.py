"""The calls of a replay: what a shop and its shoppers send for one stockout; answers are counted, proofs checked."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from engine.orders import Missed
from engine.receipts import NotAReceiptError, checks_of, read_receipt

TRIES_MAX = 8
WAIT_SECONDS_MAX = 60
BACKOFF_SECONDS = 0.1

Thing = TypeVar("Thing")
Counts = Counter[str]


class StoppedError(Exception):
    """The engine cannot be talked to, or not any longer; the message says why."""


class UnexpectedAnswerError(Exception):
    """An answer that the API does not promise; the rest of this stockout's calls make no sense."""


class Reported(msgspec.Struct, frozen=True):
    shopper_token: str


class Refusal(msgspec.Struct, frozen=True):
    code: str


class Slice(msgspec.Struct, frozen=True):
    slice: str
    reward: str
    weight: int


class Wheel(msgspec.Struct, frozen=True):
    table_digest: str
    slices: tuple[Slice, ...]


class Offer(msgspec.Struct, frozen=True):
    eligible: bool
    reasons: tuple[Refusal, ...]
    wheel: Wheel | None


class Award(msgspec.Struct, frozen=True):
    reward: str


class Spin(msgspec.Struct, frozen=True):
    slice: str
    award: Award


class Problem(msgspec.Struct, frozen=True):
    code: str = "no code"


@dataclass
class Replayed:
    """What came of a replay, counted as it happens."""

    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    reported: Counts = field(default_factory=Counter)  # new, or known from an earlier run
    offers: Counts = field(default_factory=Counter)  # wheel, refused, over
    refusals: Counts = field(default_factory=Counter)  # by code; one offer may have several
    wheels: dict[str, Wheel] = field(default_factory=dict)  # by table digest
    slices: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counter))  # drawn, by table digest
    awards: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counter))  # given, by table digest
    replays: int = 0  # spins that an earlier run had made
    proofs: Counts = field(default_factory=Counter)  # held, failed
    broken: Counts = field(default_factory=Counter)  # what the API had promised otherwise

    @property
    def kept_every_promise(self) -> bool:
        return not self.broken and not self.proofs["failed"]


class Engine:
    """A running engine over HTTP: busy answers are waited out, lost calls sent again, since every one is idempotent."""

    def __init__(self, client: httpx.AsyncClient, key: str, counts: Replayed) -> None:
        self._client = client
        self._key = key
        self._counts = counts

    async def refuse_unready(self) -> None:
        """Raise `StoppedError` where no engine answers, or one that cannot work."""
        where = self._client.base_url
        try:
            answer = await self._client.get("/health/ready")
        except httpx.UnsupportedProtocol:
            raise StoppedError(f"{where} is no address of an engine, such as http://127.0.0.1:8000") from None
        except httpx.TransportError as error:
            raise StoppedError(
                f"no engine answers at {where} ({type(error).__name__}); `make run` starts one"
            ) from None
        if not answer.is_success:
            raise StoppedError(f"the engine is not ready: {answer.status_code} {answer.text[:200]}")

    async def as_shop(self, method: str, path: str, body: Any, expected: Sequence[int]) -> httpx.Response:
        answer = await self._call(method, path, self._key, body, expected)
        if answer.status_code in {401, 403}:
            raise StoppedError(f"the engine refuses the key: {_code(answer)}; --key takes another")
        return answer

    async def as_shopper(
        self, method: str, path: str, token: str, body: Any, expected: Sequence[int]
    ) -> httpx.Response:
        return await self._call(method, path, token, body, expected)

    async def _call(self, method: str, path: str, bearer: str, body: Any, expected: Sequence[int]) -> httpx.Response:
        for attempt in range(TRIES_MAX):
            answer = await self._try(method, path, bearer, body, last=attempt == TRIES_MAX - 1)
            if answer is None:
                await asyncio.sleep(BACKOFF_SECONDS * 2**attempt)
            elif answer.status_code in {429, 503}:
                await asyncio.sleep(_wait_seconds(answer))
            elif answer.status_code in {*expected, 401, 403}:
                return answer
            else:
                break
            self._counts.retries += 1
        # The path without its id: answers of one kind are counted together.
        kind = "/".join(path.split("/")[:3])
        raise UnexpectedAnswerError(f"{method} {kind}: {answer.status_code if answer else 0} {_code(answer)}")

    async def _try(self, method: str, path: str, bearer: str, body: Any, *, last: bool) -> httpx.Response | None:
        """Return the answer, or None where the connection was lost."""
        self._counts.requests += 1
        try:
            return await self._client.request(method, path, json=body, headers={"Authorization": f"Bearer {bearer}"})
        except httpx.TransportError as error:
            if last:
                count = self._counts.requests
                raise StoppedError(f"the engine stopped answering ({type(error).__name__}, request {count})") from None
            return None


@dataclass(frozen=True)
class Run:
    """One replay: its name is part of every event id, so the same replay again is told from another."""

    engine: Engine
    counts: Replayed
    name: str
    seed: int
    currency: str
    occurred_at: datetime

    async def empty_shelf(self, sku: str) -> None:
        """Say that a product is gone."""
        try:
            await self.engine.as_shop("PUT", f"/v1/stock/{quote(sku, safe='')}", {"available": 0}, [200])
        except UnexpectedAnswerError as error:
            self.counts.broken[str(error)] += 1

    async def shopper(self, missed: Sequence[Missed], advance: Callable[[], None]) -> None:
        """Live one shopper's stockouts in the order they came."""
        for one in missed:
            try:
                await self._stockout(one)
            except UnexpectedAnswerError as error:
                self.counts.broken[str(error)] += 1
            advance()

    async def _stockout(self, missed: Missed) -> None:
        answer = await self.engine.as_shop("POST", "/v1/stockouts", self._body(missed), [200, 201])
        self.counts.reported["new" if answer.status_code == 201 else "known"] += 1  # noqa: PLR2004  # Created
        token = _read(answer, Reported).shopper_token
        asked = await self.engine.as_shopper("GET", "/v1/offer", token, None, [200])
        offer = _read(asked, Offer)
        if offer.wheel is None:
            self.counts.offers["refused"] += 1
            self.counts.refusals.update({reason.code for reason in offer.reasons})
            return
        self.counts.offers["wheel"] += 1
        await self._spin(missed, token, asked.content, offer.wheel)

    async def _spin(self, missed: Missed, token: str, offer: bytes, wheel: Wheel) -> None:
        seed = _seed(self.seed, missed.order.line)
        body = {"client_seed": seed}
        answer = await self.engine.as_shopper("POST", "/v1/offer/spin", token, body, [200, 410])
        if answer.status_code == 410:  # noqa: PLR2004  # Gone: an earlier run was offered this wheel and never spun it
            self.counts.offers["over"] += 1
            return
        spin = _read(answer, Spin)
        self.counts.wheels.setdefault(wheel.table_digest, wheel)
        self.counts.slices[wheel.table_digest][spin.slice] += 1
        self.counts.awards[wheel.table_digest][spin.award.reward] += 1
        self.counts.replays += "idempotent-replayed" in answer.headers
        self.counts.proofs["held" if _proof_holds(offer, answer.content, seed) else "failed"] += 1

    def _body(self, missed: Missed) -> dict[str, Any]:
        order = missed.order
        return {
            "event_id": f"{self.name}-{order.line}",
            "occurred_at": self.occurred_at.isoformat(),
            "shopper": {"id": f"customer-{order.customer}"},
            "sku": order.sku,
            "title": order.title,
            "quantity": order.quantity,
            "stage": "in_cart",
            "cart": {"total_minor": missed.cart_minor, "currency": self.currency},
            "market": order.market,
        }


def can_be_named(sku: str) -> bool:
    """Whether a product's code fits into the path of `PUT /v1/stock/{sku}`, where a slash ends it."""
    return "/" not in sku


async def side_by_side(items: Sequence[Thing], work: Callable[[Thing], Any], parallel: int, counts: Replayed) -> None:
    """Do `work` for every item, at most `parallel` at once and none waiting in a queue; one that cannot stops all."""
    waiting = iter(items)
    began = time.perf_counter()

    async def worker() -> None:
        for item in waiting:
            await work(item)

    workers = [asyncio.create_task(worker()) for _ in range(min(parallel, len(items)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        counts.seconds += time.perf_counter() - began


def _seed(seed: int, line: int) -> str:
    """Return the shopper's share of the chance: another for each line, the same when a replay is repeated."""
    return f"replay {seed} {line}"


def _proof_holds(offer: bytes, spin: bytes, seed: str) -> bool:
    """Recompute the draw from what the shopper was given; the seed is the one that was sent."""
    receipt = b'{"offer":%b,"spin":%b,"client_seed":%b}' % (offer, spin, msgspec.json.encode(seed))
    try:
        return all(check.holds for check in checks_of(read_receipt(receipt)))
    except NotAReceiptError:
        return False


def _read(answer: httpx.Response, type_: type[Thing]) -> Thing:
    try:
        return msgspec.json.decode(answer.content, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnexpectedAnswerError(f"{type_.__name__.lower()}: {error}") from None


def _code(answer: httpx.Response | None) -> str:
    if answer is None:
        return "no answer"
    try:
        return msgspec.json.decode(answer.content, type=Problem).code
    except msgspec.DecodeError:
        return "not a problem of this API"


def _wait_seconds(answer: httpx.Response) -> float:
    told = answer.headers.get("Retry-After", "")
    return min(int(told) if told.isdecimal() else 1, WAIT_SECONDS_MAX)
