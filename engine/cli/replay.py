"""`makegood replay`: a shop's real order lines, sent as stockouts through the API of a running engine.

Each shopper's stockouts go one after the other, as they would come; shoppers go side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from babel.numbers import list_currencies
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from engine import clock
from engine.cli.output import EXIT_BAD_SETUP, EXIT_FAULT, errors
from engine.cli.replay_calls import Engine, Replayed, Run, StoppedError, can_be_named, side_by_side
from engine.cli.replay_report import print_report
from engine.installation import kept_secret
from engine.orders import Missed, Orders, OrdersError, read_orders, run_out

TIMEOUT_SECONDS = 30


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


async def replay_orders(plan: Plan) -> int:
    """Send every stockout of the file and print what happened; return 1 when a promise broke, 2 for a bad file."""
    if plan.currency not in list_currencies():
        errors.print(f'"{plan.currency}" is not a currency; give an ISO 4217 code such as EUR', markup=False)
        return EXIT_BAD_SETUP
    try:
        orders = read_orders(plan.orders, plan.currency)
        orders.refuse_empty()
    except OrdersError as error:
        errors.print(f"there is nothing to replay: {error}", markup=False, soft_wrap=True)
        return EXIT_BAD_SETUP
    plot = run_out(orders.lines, plan.seed)
    missed = plot.missed[: plan.limit]
    now = clock.now()
    try:
        replayed = await _send(plan, _name(plan, orders, now), missed, now)
    except StoppedError as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        return EXIT_FAULT
    print_report(orders, plot, missed, replayed, seed=plan.seed, currency=plan.currency)
    return 0 if replayed.kept_every_promise else EXIT_FAULT


def _name(plan: Plan, orders: Orders, now: datetime) -> str:
    """Name the run by all that its stockouts depend on, the hour included: until that is over, it can be repeated.

    Rules refuse old stockouts, so they are told as of this hour; the file's own dates stay out of it.
    """
    return f"replay-{now:%Y%m%dT%H}Z-{plan.seed}-{plan.currency}-{orders.digest[:8]}"


async def _send(plan: Plan, name: str, missed: Sequence[Missed], now: datetime) -> Replayed:
    key = plan.key or kept_secret("MAKEGOOD_MERCHANT_KEY")
    if not key:
        raise StoppedError("a merchant's key is needed: --key, MAKEGOOD_MERCHANT_KEY, or the demo's own in var/")
    counts = Replayed()
    hour = now.replace(minute=0, second=0, microsecond=0)
    try:
        async with _client(plan) as client:
            engine = Engine(client, key, counts)
            await engine.refuse_unready()
            await _live(Run(engine, counts, name, plan.seed, plan.currency, hour), missed, plan.parallel)
    except httpx.InvalidURL as error:
        raise StoppedError(f"{plan.url} is not an engine's address: {error}") from None
    return counts


def _client(plan: Plan) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=plan.parallel, max_keepalive_connections=plan.parallel)
    return httpx.AsyncClient(base_url=plan.url, limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False)


async def _live(run: Run, missed: Sequence[Missed], parallel: int) -> None:
    skus = list(dict.fromkeys(one.order.sku for one in missed if can_be_named(one.order.sku)))
    shoppers: dict[str, list[Missed]] = {}
    for one in missed:
        shoppers.setdefault(one.order.customer, []).append(one)
    with _progress(run.counts) as progress:
        shelves = progress.add_task("empty shelves", total=len(skus))
        stockouts = progress.add_task("stockouts", total=len(missed))

        async def empty(sku: str) -> None:
            await run.empty_shelf(sku)
            progress.advance(shelves)

        async def live(mine: Sequence[Missed]) -> None:
            await run.shopper(mine, lambda: progress.advance(stockouts))

        await side_by_side(skus, empty, parallel, run.counts)
        await side_by_side(list(shoppers.values()), live, parallel, run.counts)


class _Rate(ProgressColumn):
    """Requests per second so far, retries included."""

    def __init__(self, counts: Replayed) -> None:
        super().__init__()
        self._counts = counts

    def render(self, task: Task) -> Text:
        elapsed = task.elapsed or 0
        return Text(f"{self._counts.requests / elapsed:.0f} requests/s" if elapsed else "")


def _progress(counts: Replayed) -> Progress:
    return Progress(
        TextColumn("{task.description:13}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(counts),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    )
