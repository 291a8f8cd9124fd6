"""The shapes of the API, version 1: a contract, to the field."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from rewards.money import Currency
from rewards.wheel import ClientSeed, Proof
from rules.conditions import Stage

# PostgreSQL stores no NUL, and control characters have no business in a name.
_PLAIN = r"^[^\x00-\x1f\x7f]*\Z"
Id = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)]
EventId = Annotated[str, Meta(min_length=1, max_length=255, pattern=_PLAIN)]
Line = Annotated[str, Meta(max_length=300, pattern=_PLAIN)]
Word = Annotated[str, Meta(max_length=100, pattern=_PLAIN)]
Url = Annotated[str, Meta(max_length=2000, pattern=_PLAIN)]
_LABEL = r"[^@\s\x00-\x1f\x7f]+"
Email = Annotated[str, Meta(max_length=254, pattern=rf"^{_LABEL}@{_LABEL}\.{_LABEL}\Z")]
LocaleTag = Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z0-9_-]*\Z")]
Instant = Annotated[datetime, Meta(tz=True)]
AmountMinor = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Units = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class ShopperBody(msgspec.Struct, frozen=True):
    id: Id
    email: Email | None = None
    first_name: Word | None = None
    locale: LocaleTag = ""
    segments: Annotated[tuple[Word, ...], Meta(max_length=100)] = ()


class CartBody(msgspec.Struct, frozen=True):
    total_minor: AmountMinor
    currency: Currency


class RestockBody(msgspec.Struct, frozen=True):
    expected_on: date | None = None
    reason: Line | None = None


class Alternative(msgspec.Struct, frozen=True):
    sku: Id
    title: Line | None = None
    url: Url | None = None
    image_url: Url | None = None
    price_minor: AmountMinor | None = None


class StockoutReport(msgspec.Struct, frozen=True):
    """`POST /v1/stockouts`: a shopper met a sold-out product."""

    event_id: EventId
    occurred_at: Instant
    shopper: ShopperBody
    sku: Id
    stage: Stage
    title: Line | None = None
    categories: Annotated[tuple[Word, ...], Meta(max_length=100)] = ()
    quantity: Quantity = 1
    cart: CartBody | None = None
    market: Word = ""
    restock: RestockBody | None = None
    alternatives: Annotated[tuple[Alternative, ...], Meta(max_length=20)] = ()


class StockoutReported(msgspec.Struct, frozen=True):
    stockout_id: UUID
    shopper_token: str
    expires_at: datetime


class StockBody(msgspec.Struct, frozen=True):
    """`PUT /v1/stock/{sku}`: what is there, and when more comes."""

    available: Units
    expected_on: date | None = None
    reason: Line | None = None
    backorderable: bool = False
    as_of: Instant | None = None  # now, where none is given


class StockView(msgspec.Struct, frozen=True):
    sku: str
    available: int
    expected_on: date | None
    reason: str | None
    backorderable: bool
    as_of: datetime


class StockChanged(StockView, frozen=True):
    applied: bool  # false when an `as_of` at least as new was already known


class ReasonView(msgspec.Struct, frozen=True):
    code: str
    message: str


class WhenGone(msgspec.Struct, frozen=True):
    reward: str
    label: str


class SliceView(msgspec.Struct, frozen=True, omit_defaults=True):
    slice: str
    reward: str
    label: str
    weight: int
    odds: str
    when_gone: WhenGone | UnsetType = UNSET


class WheelView(msgspec.Struct, frozen=True):
    algorithm: str
    table_digest: str
    commitment: str
    total_weight: int
    slices: list[SliceView]


class MilestoneView(msgspec.Struct, frozen=True):
    points: int
    reward: str
    label: str


class PatienceView(msgspec.Struct, frozen=True):
    points_per_day: int
    starter_points: int
    milestones: list[MilestoneView]


class ProductView(msgspec.Struct, frozen=True):
    sku: str
    expected_on: date | None
    reason: str | None
    alternatives: list[Alternative]


class OfferView(msgspec.Struct, frozen=True):
    """`GET /v1/offer`."""

    offer_id: UUID
    eligible: bool
    reasons: list[ReasonView]
    arm: str | None
    expires_at: datetime
    wheel: WheelView | None
    patience: PatienceView | None
    product: ProductView


class SpinBody(msgspec.Struct, frozen=True):
    """`POST /v1/offer/spin`."""

    client_seed: ClientSeed


class AwardView(msgspec.Struct, frozen=True):
    award_id: UUID
    reward: str
    label: str
    code: str
    expires_at: datetime
    status: str


class SpinView(msgspec.Struct, frozen=True):
    spin_id: UUID
    slice: str
    slice_index: int
    stop: str
    award: AwardView
    proof: Proof


class TermsView(msgspec.Struct, frozen=True):
    """What a reward gives, by its kind; what does not apply is null."""

    currency: str
    minimum_basket_minor: int
    stacks: bool
    max_discount_minor: int
    percent: int | None = None
    amount_minor: int | None = None
    sku: str | None = None
    event: str | None = None
    on: date | None = None


class WonView(msgspec.Struct, frozen=True):
    """One award of `GET /v1/awards`."""

    award_id: UUID
    offer_id: UUID
    spin_id: UUID
    reward: str
    kind: str
    label: str
    code: str
    created_at: datetime
    expires_at: datetime
    status: str
    terms: TermsView


class WonList(msgspec.Struct, frozen=True):
    awards: list[WonView]


class CodeView(msgspec.Struct, frozen=True):
    """`GET /v1/codes/{code}`: is it valid, for whom, on what terms."""

    code: str
    valid: bool
    status: str
    reward: str
    kind: str
    label: str
    terms: TermsView
    shopper_id: str | None
    expires_at: datetime


class RedemptionBody(msgspec.Struct, frozen=True):
    """`POST /v1/codes/{code}/redemptions`: an order wants to use the code."""

    order_id: Id
    shopper_id: Id | None = None  # who is paying; a code is refused to anybody else
    cart: CartBody | None = None


class ConfirmBody(msgspec.Struct, frozen=True):
    """What the order really took off, where the shop knows better; at most the award's liability."""

    discount_minor: AmountMinor | None = None


class RedemptionView(msgspec.Struct, frozen=True):
    redemption_id: UUID
    order_id: str
    status: Literal["reserved", "confirmed", "released", "refunded"]
    reserved_until: datetime
    reward: str
    kind: str
    label: str
    discount_minor: int
    currency: str
    free_shipping: bool
    gift_sku: str | None
    stacks: bool


class EpochView(msgspec.Struct, frozen=True):
    day: date
    secret_digest: str
    secret: str | None
    revealed_at: datetime | None


class RealisedSlice(msgspec.Struct, frozen=True):
    slice: str
    reward: str
    weight: int
    odds: str
    spins: int
    share: str


class RealisedWheel(msgspec.Struct, frozen=True):
    """Disclosed odds beside what really came out, over all spins of one table."""

    campaign: str
    version: str
    table_digest: str
    spins: int
    slices: list[RealisedSlice]


class FairnessView(msgspec.Struct, frozen=True):
    algorithm: str
    epochs: list[EpochView]
    wheels: list[RealisedWheel]


class ProblemView(msgspec.Struct, frozen=True):
    """RFC 9457 `application/problem+json`, with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] = []
