"""`makegood replay`: a shop's real order lines, sent as stockouts through the API of a running engine.

Each shopper's stockouts go one after the other, as they would come; shoppers go side by side.
"""

import asyncio
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
from babel.numbers import list_currencies
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from engine import clock
from engine.cli.output import EXIT_BAD_SETUP, EXIT_FAULT, errors
from engine.cli.replay_report import print_report
from engine.installation import kept_secret
from engine.orders import Missed, Orders, OrdersError, Plot, read_orders, run_out
from engine.receipts import NotAReceiptError, checks_of, read_receipt

TRIES_MAX = 8
WAIT_SECONDS_MAX = 60
TIMEOUT_SECONDS = 30
_BUSY = frozenset({429, 503})
_REFUSED_KEY = frozenset({401, 403})

Json = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What to send where. `key` is looked for in `var/` where none is given."""

    orders: Path
    url: str
    key: str | None
    seed: int
    limit: int | None
    parallel: int
    currency: str = "EUR"


@dataclass
class Replayed:
    """What came of a replay, counted as it happens."""

    requests: int = 0
    seconds: float = 0.0
    retries: int = 0
    reported: Counter[str] = field(default_factory=Counter)  # new, or known from an earlier run
    offers: Counter[str] = field(default_factory=Counter)  # with or without a wheel
    refusals: Counter[str] = field(default_factory=Counter)  # by reason; one offer may have several
    wheels: dict[str, Json] = field(default_factory=dict)  # by table digest
    slices: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # drawn, by table
    awards: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # given, by table
    again: int = 0  # spins that an earlier run had made
    proofs: Counter[str] = field(default_factory=Counter)  # held or failed
    broken: Counter[str] = field(default_factory=Counter)  # answers that break the API's promise

    @property
    def kept_every_promise(self) -> bool:
        return not self.broken and not self.proofs["failed"]


class StoppedError(Exception):
    """The engine cannot be talked to any longer; the message says why."""


class Unexpected(Exception):  # noqa: N818  # an answer, not a fault of ours
    """An answer the API does not promise; the rest of this shopper's calls make no sense."""


async def replay_orders(plan: Plan) -> int:
    """Send every stockout of the file and print what happened; return 1 when a promise broke, 2 for a bad file."""
    if plan.currency not in list_currencies():
        errors.print(f'"{plan.currency}" is not a currency: give an ISO 4217 code such as EUR', markup=False)
        return EXIT_BAD_SETUP
    try:
        orders = read_orders(plan.orders, plan.currency)
    except OrdersError as error:
        errors.print(f"no orders to replay: {error}", markup=False, soft_wrap=True)
        return EXIT_BAD_SETUP
    plot = run_out(orders.lines, plan.seed)
    missed = plot.missed[: plan.limit]
    try:
        replayed = await _send(plan, orders, missed)
    except StoppedError as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        return EXIT_FAULT
    print_report(plan, orders, plot, missed, replayed)
    return 0 if replayed.kept_every_promise else EXIT_FAULT


async def _send(plan: Plan, orders: Orders, missed: Sequence[Missed]) -> Replayed:
    key = plan.key or kept_secret("MAKEGOOD_MERCHANT_KEY")
    if not key:
        raise StoppedError("a merchant's key is needed: --key, MAKEGOOD_MERCHANT_KEY, or the demo's own in var/")
    started = clock.now()
    limits = httpx.Limits(max_connections=plan.parallel, max_keepalive_connections=plan.parallel)
    replayed = Replayed()
    try:
        client = httpx.AsyncClient(base_url=plan.url, limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False)
        async with client:
            engine = Engine(client, key, replayed)
            await engine.refuse_unready()
            run = _Run(engine, replayed, started, _name(plan, orders, started), plan.currency)
            with _progress(replayed) as progress:
                skus = list(dict.fromkeys(one.order.sku for one in missed))
                await _side_by_side(skus, run.empty_shelf, plan.parallel, progress, "shelves")
                began = time.perf_counter()
                await _side_by_side(_by_shopper(missed), run.shopper, plan.parallel, progress, "stockouts")
                replayed.seconds += time.perf_counter() - began
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise StoppedError(f"{plan.url} is not the address of an engine: {error}") from None
    return replayed
