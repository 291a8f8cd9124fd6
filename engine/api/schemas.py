"""The shapes of the API, version 1: a contract, to the field."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from engine.errors import FieldError
from rewards.money import Currency
from rewards.wheel import ClientSeed, Proof
from rules.conditions import Stage

# PostgreSQL stores no NUL, and control characters have no business in a name. Blanks are listed one by one: `\s` means
# other ones to Python than to the readers of the document.
_CONTROL = r"\x00-\x1f\x7f"
_BLANK = r"\x20\x80-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PLAIN = rf"^[^{_CONTROL}]*\Z"
NAMING = rf"^[^{_CONTROL}]*[^{_CONTROL}{_BLANK}][^{_CONTROL}]*\Z"
Id = Annotated[str, Meta(min_length=1, max_length=100, pattern=NAMING)]
# What Litestar leaves out of the document: what each of a query's ids must be.
IDS_TOLD = {"items": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": NAMING}}
EventId = Annotated[str, Meta(min_length=1, max_length=255, pattern=NAMING)]
Line = Annotated[str, Meta(max_length=300, pattern=_PLAIN)]
Word = Annotated[str, Meta(max_length=100, pattern=_PLAIN)]
# http, https or a path of the shop's: what the widget links to must never be a script.
_LINK = rf"^(https?:|(?![{_BLANK}]|[A-Za-z][A-Za-z0-9+.-]*:))[^{_CONTROL}]*\Z"
Url = Annotated[str, Meta(max_length=2000, pattern=_LINK)]
_LABEL = rf"[^@{_CONTROL}{_BLANK}]+"
_MAIL = rf"^{_LABEL}@{_LABEL}\.{_LABEL}\Z"
Email = Annotated[str, Meta(max_length=254, pattern=_MAIL)]
TAG = r"^[A-Za-z0-9_-]*\Z"
LocaleTag = Annotated[str, Meta(max_length=35, pattern=TAG)]
# What a pattern asks for, in words: nobody should have to read one in an error.
FORMS = {
    _PLAIN: "text without control characters",
    NAMING: "text that is not blank, without control characters",
    _LINK: "an http or https address, or a path",
    _MAIL: "an e-mail address",
    TAG: "a language tag such as fr-FR",
}
Instant = Annotated[datetime, Meta(tz=True)]
AmountMinor = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
MarginMinor = Annotated[int, Meta(ge=-1_000_000_000_000, le=1_000_000_000_000)]
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
    variant: Line | None = None  # which one of it, such as "blue, 38 cm"
    price_minor: AmountMinor | None = None  # of one unit, in the cart's currency
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


class AwardView(msgspec.Struct, frozen=True):
    award_id: UUID
    reward: str
    label: str
    code: str
    expires_at: datetime
    status: str


class SurpriseView(msgspec.Struct, frozen=True):
    """What a surprise is drawn from, and the hash of the seed that will draw it."""

    algorithm: str
    draw_id: str  # stands where the draw of a wheel has its offer_id
    table_digest: str
    commitment: str
    total_weight: int
    slices: list[SliceView]


class MilestoneView(msgspec.Struct, frozen=True, omit_defaults=True):
    points: int
    reward: str  # `surprise-gift` where it is drawn
    label: str
    surprise: SurpriseView | UnsetType = UNSET


class SpendView(msgspec.Struct, frozen=True):
    reward: str
    label: str
    points: int


class PatienceView(msgspec.Struct, frozen=True):
    """The terms of waiting, all of them, before anyone agrees."""

    points_per_day: int
    starter_points: int
    milestones: list[MilestoneView]
    days_max: int
    delay_bonus_points: int
    points_expire_days: int  # after the waiting has ended
    hold_hours: int
    with_wheel: str  # `either`: spinning and waiting exclude each other
    spend: list[SpendView]


class EnrolBody(msgspec.Struct, frozen=True):
    """`POST /v1/enrolments`: the seed decides surprises together with the committed one."""

    client_seed: ClientSeed | None = None


class EntryView(msgspec.Struct, frozen=True):
    day: date
    kind: str
    points: int
    reason: str  # in the shopper's language


class EnrolledMilestone(msgspec.Struct, frozen=True, omit_defaults=True):
    points: int
    reward: str
    label: str
    status: str  # ahead, reached, missed
    expected_on: date | None  # the day its points will be there
    award: AwardView | None
    surprise: SurpriseView | UnsetType = UNSET
    proof: Proof | UnsetType = UNSET
    slice: str | UnsetType = UNSET
    slice_index: int | UnsetType = UNSET
    stop: str | UnsetType = UNSET


class NextMilestone(msgspec.Struct, frozen=True):
    points: int
    label: str
    points_missing: int
    expected_on: date | None


class PromiseView(msgspec.Struct, frozen=True):
    expected_on: date | None
    reason: str | None
    told_at: datetime  # by the clocks of the campaign: its day there is the day it was said


class RestockView(msgspec.Struct, frozen=True):
    expected_on: date | None
    reason: str | None
    arrived: bool  # units are there, for those served first
    history: list[PromiseView]


class QueueView(msgspec.Struct, frozen=True):
    before: int
    waiting: int


class HoldView(msgspec.Struct, frozen=True):
    hold_id: UUID
    quantity: int
    ends_at: datetime


class ClaimView(msgspec.Struct, frozen=True):
    claim_id: UUID
    reward: str
    label: str
    points: int
    reversed: bool
    award: AwardView


class EnrolmentSummary(msgspec.Struct, frozen=True):
    enrolment_id: UUID
    sku: str
    title: str | None
    status: str
    points: int
    started_on: date
    last_on: date
    next_milestone: NextMilestone | None
    restock: RestockView
    hold: HoldView | None


class EnrolmentView(EnrolmentSummary, frozen=True):
    """`GET /v1/enrolments/{id}`: all of it."""

    today: date
    points_per_day: int
    points_expire_days: int  # after the waiting has ended
    points_expire_at: datetime | None
    entries: list[EntryView]
    milestones: list[EnrolledMilestone]
    queue: QueueView | None
    spend: list[SpendView]
    claims: list[ClaimView]
    client_seed: str


class EnrolmentList(msgspec.Struct, frozen=True):
    enrolments: list[EnrolmentSummary]


class ClaimBody(msgspec.Struct, frozen=True):
    """`POST /v1/enrolments/{id}/claims`: buy a reward with points; the same key again is the same claim."""

    reward: Id
    claim_key: Id


class ClaimMade(msgspec.Struct, frozen=True):
    claim: ClaimView
    points: int  # what is left


class DemandView(msgspec.Struct, frozen=True):
    """`GET /v1/stock/{sku}/demand`. Liability: what milestones reached in the next seven days can cost."""

    sku: str
    waiting: int
    units_wanted: int
    holds: int
    week_liability_expected_minor: int
    week_liability_worst_minor: int
    currency: str


class ProductView(msgspec.Struct, frozen=True):
    sku: str
    expected_on: date | None
    reason: str | None
    alternatives: list[Alternative]  # the same price first, a dearer one never first


class OrderView(msgspec.Struct, frozen=True):
    """The order that waits for the product; `choice` once its shopper has made one."""

    choice: str | None


class SureView(msgspec.Struct, frozen=True):
    """A reward that needs no spin; `POST /v1/offer/accept` takes it."""

    reward: str
    label: str


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
    sure: SureView | UnsetType = UNSET  # in the arm `sure` of an experiment alone


class WordsView(msgspec.Struct, frozen=True):
    """Sentences of one language, in a form a browser can format: as `GET /widget/messages/{locale}.json` gives them."""

    locale: str
    messages: dict[str, str | dict[str, str]]
    dir: Literal["rtl"] | UnsetType = UNSET
    decimal: str | UnsetType = UNSET  # what stands before decimals, where numbers are written in our digits


class MomentView(msgspec.Struct, frozen=True):
    """`GET /v1/moment`: what the page needs to speak to this person of this product, now; the offer with it."""

    offer: OfferView
    title: str | None
    variant: str | None
    first_name: str | None
    expected: str  # when it is back as a sentence, or that nobody knows yet
    why: str | None  # the reason for the stockout as a sentence
    available: bool  # it can be bought again, the units kept for others aside
    currency: str  # of the alternatives' prices
    prices: dict[str, str]  # of the alternatives that have one, by SKU, as the reader's country writes them
    notices: bool  # the shop can send messages: that it is back, and codes
    address_known: bool  # without asking for an address
    told_when_back: bool  # a restock notice was asked for
    order: OrderView | None
    spun: bool  # the offer's reward is taken already
    waiting: EnrolmentSummary | None  # this shopper waits for this product
    words: WordsView  # to say it with: what a browser would ask for next


class SurveyBody(msgspec.Struct, frozen=True):
    """`POST /v1/offer/survey`: two questions after the moment; each may be left out."""

    csat: Annotated[int, Meta(ge=1, le=5)] | None = None
    nps: Annotated[int, Meta(ge=0, le=10)] | None = None
    declined: bool = False  # the shopper said no to what was offered, which also ends the moment


class SurveyView(msgspec.Struct, frozen=True):
    csat: int | None
    nps: int | None


class NoticeBody(msgspec.Struct, frozen=True):
    """`POST /v1/notices` and `POST /v1/awards/{id}/send`: where to, unless the shop knows."""

    email: Email | None = None


class NoticeView(msgspec.Struct, frozen=True):
    notice_id: UUID
    kind: str
    sku: str
    status: str


class OrderBody(msgspec.Struct, frozen=True):
    """`PUT /v1/offer/order`: keep the order and wait, or cancel it."""

    choice: Literal["keep", "cancel"]


class ShelfView(msgspec.Struct, frozen=True):
    """One line of `GET /v1/availability`; `left` only where few are left."""

    sku: str
    status: Literal["available", "low", "backorder", "out", "unknown"]
    left: int | None
    expected_on: date | None
    reason: str | None


class Availability(msgspec.Struct, frozen=True):
    products: list[ShelfView]


class SpinBody(msgspec.Struct, frozen=True):
    """`POST /v1/offer/spin`."""

    client_seed: ClientSeed


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
    offer_id: UUID | None  # won by a spin
    enrolment_id: UUID | None  # or by waiting
    spin_id: UUID | None
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
    hold_id: UUID | None = None  # the hold of a waiting shopper that this order uses


OutcomeKind = Literal[
    "purchased",  # the product that was missing, later; it ends the waiting for it
    "order_placed",
    "basket_abandoned",
    "alternative_bought",
    "alert_signed_up",
    "complaint",
    "csat",  # 1 to 5
    "nps",  # 0 to 10
]


class OutcomeBody(msgspec.Struct, frozen=True):
    """`POST /v1/outcomes`: what came of it. Names the stockout, the enrolment, or the shopper and the product."""

    event_id: EventId
    kind: OutcomeKind
    stockout_id: UUID | None = None
    enrolment_id: UUID | None = None
    shopper_id: Id | None = None
    sku: Id | None = None
    order_id: Id | None = None
    value_minor: AmountMinor | None = None
    margin_minor: MarginMinor | None = None  # what the order earned, every discount and gift taken off; may be a loss
    currency: Currency | None = None  # the shop's, where none is given
    score: Annotated[int, Meta(ge=0, le=10)] | None = None
    occurred_at: Instant | None = None


class OutcomeView(msgspec.Struct, frozen=True):
    event_id: str
    kind: str
    stockout_id: UUID | None  # the stockout it is about, where one is known
    enrolment_id: UUID | None  # the waiting this ended, if any


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
    patience_epochs: list[EpochView]  # of surprises: shown once the waiting of that day's offers is over
    wheels: list[RealisedWheel]


class ProblemView(msgspec.Struct, frozen=True):
    """RFC 9457 `application/problem+json`, with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []
