"""What a decision may look at. Plain values, gathered by the engine; no name, no e-mail address."""

from datetime import date, datetime

import msgspec


class Cart(msgspec.Struct, frozen=True):
    total_minor: int
    currency: str


class Shopper(msgspec.Struct, frozen=True):
    segments: tuple[str, ...] = ()
    locale: str = ""
    address_disposable: bool = False  # the e-mail's domain is on the deny list


class Stockout(msgspec.Struct, frozen=True):
    occurred_at: datetime
    sku: str
    stage: str
    categories: tuple[str, ...] = ()
    quantity: int = 1
    market: str = ""


class Stock(msgspec.Struct, frozen=True):
    """What `PUT /v1/stock` last said; a product never mentioned counts as out of stock on the shop's word."""

    available: int = 0
    backorderable: bool = False


class PastSpin(msgspec.Struct, frozen=True):
    at: datetime
    value_minor: int  # the liability of what was awarded


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one decision saw, `now` and the campaign's local `today` included."""

    now: datetime
    today: date
    stockout: Stockout
    shopper: Shopper
    cart: Cart | None = None
    stock: Stock = Stock()
    spins: tuple[PastSpin, ...] = ()  # this shopper's, newest first
    address_spins: tuple[datetime, ...] = ()  # other shoppers' with the same folded e-mail address
    budget_left: bool = True
