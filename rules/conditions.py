"""Every condition a campaign can set. Each answers with the reason it fails, or None."""

from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec

from rules.expression import Expression
from rules.facts import Facts
from rules.reasons import Code, Reason

WINDOW_DAYS_MAX = 366
AMOUNT_MINOR_MAX = 1_000_000_000_000

Stage = Literal["viewed", "saved", "in_cart", "ordered"]
WindowDays = Annotated[int, msgspec.Meta(ge=1, le=WINDOW_DAYS_MAX)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Hours = Annotated[int, msgspec.Meta(ge=1, le=24 * 366)]
Words = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...], msgspec.Meta(max_length=10_000)
]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z", description='an ISO 4217 code such as "EUR"')]
AmountMinor = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """One line of a campaign's eligibility; its TOML `kind` is the tag."""

    def failure(self, facts: Facts) -> Reason | None:
        raise NotImplementedError


class StageIn(Condition, frozen=True, tag="stage_in"):
    """How committed the shopper was."""

    stages: Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1)]

    def failure(self, facts: Facts) -> Reason | None:
        if facts.stockout.stage in self.stages:
            return None
        return Reason("stage_not_covered", f"{facts.stockout.stage} is not one of {', '.join(self.stages)}")


class DatesBetween(Condition, frozen=True, tag="dates_between"):
    """Local days on which an offer may be made, both included."""

    starts_on: date | None = None
    ends_on: date | None = None

    def __post_init__(self) -> None:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("`ends_on` is before `starts_on`")

    def failure(self, facts: Facts) -> Reason | None:
        if self.starts_on and facts.today < self.starts_on:
            return Reason("campaign_not_started", f"{facts.today} is before {self.starts_on}")
        if self.ends_on and facts.today > self.ends_on:
            return Reason("campaign_over", f"{facts.today} is after {self.ends_on}")
        return None


class MarketIn(Condition, frozen=True, tag="market_in"):
    markets: Annotated[Words, msgspec.Meta(min_length=1)]

    def failure(self, facts: Facts) -> Reason | None:
        return _within(facts.stockout.market, self.markets, "market_not_covered")


class CurrencyIn(Condition, frozen=True, tag="currency_in"):
    currencies: Annotated[tuple[Currency, ...], msgspec.Meta(min_length=1)]

    def failure(self, facts: Facts) -> Reason | None:
        if facts.cart is None:
            return Reason("cart_unknown", "the shop did not report a basket")
        return _within(facts.cart.currency, self.currencies, "currency_not_covered")


class CartBetween(Condition, frozen=True, tag="cart_between"):
    """The basket's value, both bounds included; an amount in another currency is never compared."""

    currency: Currency
    minor_min: AmountMinor = 0
    minor_max: AmountMinor | None = None

    def __post_init__(self) -> None:
        if self.minor_max is not None and self.minor_max < self.minor_min:
            raise ValueError("`minor_max` is smaller than `minor_min`")

    def failure(self, facts: Facts) -> Reason | None:
        if facts.cart is None:
            return Reason("cart_unknown", "the shop did not report a basket")
        if facts.cart.currency != self.currency:
            return Reason("currency_not_covered", f"{facts.cart.currency} is not {self.currency}")
        total = facts.cart.total_minor
        if total < self.minor_min:
            return Reason("cart_too_small", f"{total} < {self.minor_min}")
        if self.minor_max is not None and total > self.minor_max:
            return Reason("cart_too_large", f"{total} > {self.minor_max}")
        return None


class Skus(Condition, frozen=True, tag="skus"):
    """Products covered; `*` stands for any characters, and what is excluded stays excluded."""

    include: Words = ()
    exclude: Words = ()

    def __post_init__(self) -> None:
        _needs_a_list(self.include, self.exclude)

    def failure(self, facts: Facts) -> Reason | None:
        return _covered((facts.stockout.sku,), self.include, self.exclude, "product_not_covered")


class Categories(Condition, frozen=True, tag="categories"):
    """Categories covered: one in `include` is enough, one in `exclude` is too much."""

    include: Words = ()
    exclude: Words = ()

    def __post_init__(self) -> None:
        _needs_a_list(self.include, self.exclude)

    def failure(self, facts: Facts) -> Reason | None:
        return _covered(facts.stockout.categories, self.include, self.exclude, "category_not_covered")


class Segments(Condition, frozen=True, tag="segments"):
    """Shoppers covered, by the segments the shop put them in."""

    include: Words = ()
    exclude: Words = ()

    def __post_init__(self) -> None:
        _needs_a_list(self.include, self.exclude)

    def failure(self, facts: Facts) -> Reason | None:
        return _covered(facts.shopper.segments, self.include, self.exclude, "shopper_not_covered")


class SpinsAtMost(Condition, frozen=True, tag="spins_at_most"):
    """At most `count` spins of one shopper in the last `window_days` times 24 hours, this one included."""

    count: Count
    window_days: WindowDays

    def failure(self, facts: Facts) -> Reason | None:
        spun = 0
        for spin in facts.spins:
            if (facts.now - spin.at).days < self.window_days:
                spun += 1
        return None if spun < self.count else Reason("too_many_spins", f"{spun} spins in {self.window_days} days")


class AwardsAtMost(Condition, frozen=True, tag="awards_at_most"):
    """The liability of one shopper's awards in the last `window_days` stays below `minor`."""

    minor: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)]
    window_days: WindowDays

    def failure(self, facts: Facts) -> Reason | None:
        won = 0
        for spin in facts.spins:
            if (facts.now - spin.at).days < self.window_days:
                won += spin.value_minor
        return None if won < self.minor else Reason("award_limit_reached", f"{won} >= {self.minor}")


class StockoutWithin(Condition, frozen=True, tag="stockout_within"):
    """The stockout is no older than `hours`."""

    hours: Hours

    def failure(self, facts: Facts) -> Reason | None:
        age_seconds = (facts.now - facts.stockout.occurred_at).total_seconds()
        if age_seconds <= self.hours * 3600:
            return None
        return Reason("stockout_too_old", f"{age_seconds / 3600:.1f} h > {self.hours} h")


class OutOfStock(Condition, frozen=True, tag="out_of_stock"):
    """No phantom: what the shop last counted would not have served this shopper."""

    def failure(self, facts: Facts) -> Reason | None:
        if facts.stock.available < facts.stockout.quantity:
            return None
        return Reason("still_available", f"{facts.stock.available} there, {facts.stockout.quantity} wanted")


class NotBackorderable(Condition, frozen=True, tag="not_backorderable"):
    """The product cannot simply be ordered for later."""

    def failure(self, facts: Facts) -> Reason | None:
        return Reason("available_on_backorder") if facts.stock.backorderable else None


class AddressAccepted(Condition, frozen=True, tag="address_accepted"):
    """The e-mail address, if there is one, is not at a throw-away provider."""

    def failure(self, facts: Facts) -> Reason | None:
        return Reason("address_not_accepted", "disposable domain") if facts.shopper.address_disposable else None


class OnePersonPerAddress(Condition, frozen=True, tag="one_person_per_address"):
    """No other shopper spun under another spelling of the same e-mail address in the last `window_days`."""

    window_days: WindowDays

    def failure(self, facts: Facts) -> Reason | None:
        others = len([at for at in facts.address_spins if (facts.now - at).days < self.window_days])
        return Reason("address_already_used", f"{others} spins by others at this address") if others else None


class BudgetLeft(Condition, frozen=True, tag="budget_left"):
    """The campaign can still afford what this wheel may give; every campaign has this condition, written or not."""

    def failure(self, facts: Facts) -> Reason | None:
        return None if facts.budget_left else Reason("budget_spent", "the budget of this period is used up")


class When(Condition, frozen=True, tag="when"):
    """A free condition in CEL over `cart`, `shopper`, `stockout`, `stock` and `now`; anything but true says no."""

    expression: Expression

    def failure(self, facts: Facts) -> Reason | None:
        problem = self.expression.problem(facts)
        return None if problem is None else Reason("condition_not_met", problem)


AnyCondition = (
    StageIn
    | DatesBetween
    | MarketIn
    | CurrencyIn
    | CartBetween
    | Skus
    | Categories
    | Segments
    | SpinsAtMost
    | AwardsAtMost
    | StockoutWithin
    | OutOfStock
    | NotBackorderable
    | AddressAccepted
    | OnePersonPerAddress
    | BudgetLeft
    | When
)


def _within(value: str, allowed: tuple[str, ...], code: Code) -> Reason | None:
    return None if value in allowed else Reason(code, f"{value or 'nothing'} is not one of {', '.join(allowed)}")


def _covered(values: tuple[str, ...], include: tuple[str, ...], exclude: tuple[str, ...], code: Code) -> Reason | None:
    for value in values:
        for pattern in exclude:
            if _matches(value, pattern):
                return Reason(code, f"{value} is excluded")
    for value in values:
        for pattern in include:
            if _matches(value, pattern):
                return None
    return Reason(code, f"{', '.join(values) or 'nothing'} is not included") if include else None


def _matches(value: str, pattern: str) -> bool:
    if "*" not in pattern:
        return value == pattern
    # `?` and `[` are ordinary characters of a SKU; only `*` is a pattern here.
    return fnmatchcase(value, pattern.replace("[", "[[]").replace("?", "[?]"))


def _needs_a_list(include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    if not include and not exclude:
        raise ValueError("give `include`, `exclude` or both")
