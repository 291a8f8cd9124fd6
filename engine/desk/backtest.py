"""What a campaign would have done to a shop's own order history: who would have been offered what, and the cost."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import msgspec
import numpy as np

from engine.campaigns import Version
from engine.orders import Missed, Plot
from rules.conditions import Condition, DatesBetween
from rules.decision import decide
from rules.facts import Cart, Facts, PastSpin, Shopper, Stock, Stockout

REMEMBERED_MAX = 1000
TELL_EVERY = 1000


@dataclass
class Tally:
    """What one week or one product came to. Amounts in minor units."""

    stockouts: int = 0
    offers: int = 0
    owed_minor: int = 0  # the most that was promised
    cost_minor: Fraction = Fraction(0)  # what the codes that are used take off


@dataclass
class Backtest:
    """The whole history under one campaign."""

    weeks: defaultdict[date, Tally] = field(default_factory=lambda: defaultdict(Tally))  # by their Monday
    products: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    titles: dict[str, str] = field(default_factory=dict)
    arms: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    awards: Counter[str] = field(default_factory=Counter)
    periods_short: set[date] = field(default_factory=set)  # budget periods that turned somebody away
    total: Tally = field(default_factory=Tally)


def backtest(
    version: Version,
    plot: Plot,
    progress: Callable[[float], None] = lambda _share: None,
    *,
    currency: str,
    seed: int,
    taken: Fraction = Fraction(1),
    used: Fraction = Fraction(1),
) -> Backtest:
    """Live through the missed order lines in time; chance is drawn from the seed, so a second run is the same."""
    told = Backtest()
    history = _History(version, told, np.random.default_rng(seed), float(taken), used)
    for number, missed in enumerate(plot.missed):
        if not number % TELL_EVERY:
            progress(number / len(plot.missed))
        history.live(missed, currency)
    return told


class _History:
    """What is left of budgets and stocks, and who spun when."""

    def __init__(
        self, version: Version, told: Backtest, rng: np.random.Generator, taken: float, used: Fraction
    ) -> None:
        self._version, self._told, self._rng, self._taken, self._used = version, told, rng, taken, used
        # The history's days are not the campaign's: whether it had begun is no question here.
        self._rules: Sequence[Condition] = [rule for rule in version.rules if not isinstance(rule, DatesBetween)]
        self._left = dict(version.stocks)
        self._budgets: dict[date, int] = {}
        self._spins: defaultdict[str, list[PastSpin]] = defaultdict(list)

    def live(self, missed: Missed, currency: str) -> None:
        order = missed.order
        at = order.at.replace(tzinfo=self._version.zone).astimezone(UTC)
        tallies = self._tallies(missed)
        for tally in tallies:
            tally.stockouts += 1
        period = self._version.budget_period(at)
        budget = self._budgets.setdefault(period, int(self._version.campaign.budget.amount))
        decision = decide(self._rules, self._facts(missed, at, currency, left=budget >= self._version.needed_minor))
        if not decision.eligible:
            self._told.refusals.update({reason.code for reason in decision.reasons})
            if any(reason.code == "budget_spent" for reason in decision.reasons):
                self._told.periods_short.add(period)
            return
        arm = self._version.arm_of(hashlib.sha256(f"{self._version.slug}\0{order.customer}".encode()).digest())
        self._told.arms[arm.name] += 1
        for tally in tallies:
            tally.offers += 1
        if wanted := self._wanted(arm.name):
            self._grant(wanted, missed, at, period, tallies)

    def _tallies(self, missed: Missed) -> tuple[Tally, ...]:
        order = missed.order
        self._told.titles.setdefault(order.sku, order.title)
        monday = order.at.date() - timedelta(days=order.at.weekday())
        return self._told.total, self._told.weeks[monday], self._told.products[order.sku]

    def _facts(self, missed: Missed, at: datetime, currency: str, *, left: bool) -> Facts:
        order = missed.order
        return Facts(
            now=at,
            today=self._version.local_day(at),
            stockout=Stockout(at, order.sku, "in_cart", (), order.quantity, order.market),
            shopper=Shopper(),
            cart=Cart(missed.cart_minor, currency),
            stock=Stock(),
            spins=tuple(reversed(self._spins[order.customer][-REMEMBERED_MAX:])),
            budget_left=left,
        )

    def _wanted(self, arm: str) -> str | None:
        """Return the reward that is drawn or sure, where the shopper takes it."""
        if self._rng.random() >= self._taken:
            return None
        if arm == "wheel":
            table = self._version.table
            ticket = int(self._rng.integers(table.total_weight))
            return next(piece.reward for piece, edge in zip(table.slices, table.edges, strict=True) if ticket < edge)
        return self._version.sure if arm == "sure" else None

    def _grant(self, wanted: str, missed: Missed, at: datetime, period: date, tallies: Sequence[Tally]) -> None:
        *first, last = self._version.chain(wanted)
        budget = self._budgets[period]
        granted = next(
            (name for name in first if self._version.liability_minor(name) <= budget and self._left.get(name, 1) > 0),
            last,
        )
        if granted in self._left:
            self._left[granted] -= 1
        liability = self._version.liability_minor(granted)
        self._budgets[period] -= liability
        self._told.awards[granted] += 1
        self._spins[missed.order.customer].append(PastSpin(at, liability))
        cost = self._used * _cost_minor(self._version, granted, missed.cart_minor)
        for tally in tallies:
            tally.owed_minor += liability
            tally.cost_minor += cost


def _cost_minor(version: Version, reward: str, basket_minor: int) -> int:
    """Return what a code costs when it is used on a basket like the one that was missed."""
    terms = version.reward(reward)
    if basket_minor < terms.minimum_basket:
        return 0
    return terms.discount_minor(basket_minor) or (0 if hasattr(terms, "percent") else int(terms.liability))


def weeks_of(told: Backtest) -> Iterator[tuple[date, Tally]]:
    """Yield every week from the first to the last, quiet ones included."""
    if not told.weeks:
        return
    week, last = min(told.weeks), max(told.weeks)
    while week <= last:
        yield week, told.weeks.get(week, Tally())
        week += timedelta(days=7)


def dearest(told: Backtest, most: int) -> list[tuple[str, Tally]]:
    """Return the products with the most stockouts, each beside what it cost."""
    ranked = sorted(told.products.items(), key=lambda item: (-item[1].stockouts, -item[1].cost_minor, item[0]))
    return ranked[:most]


def as_json(told: Backtest, currency: str) -> dict[str, object]:
    def plain(tally: Tally) -> Mapping[str, object]:
        return {
            "stockouts": tally.stockouts,
            "offers": tally.offers,
            "owed_minor": tally.owed_minor,
            "cost_minor": float(tally.cost_minor),
        }

    return msgspec.to_builtins(  # type: ignore[no-any-return]  # a dict of plain values
        {
            "currency": currency,
            "total": plain(told.total),
            "arms": told.arms,
            "refusals": told.refusals,
            "awards": told.awards,
            "periods_short": sorted(told.periods_short),
            "weeks": [{"week": week, **plain(tally)} for week, tally in weeks_of(told)],
            "products": [
                {"sku": sku, "title": told.titles[sku], **plain(tally)} for sku, tally in told.products.items()
            ],
        }
    )
