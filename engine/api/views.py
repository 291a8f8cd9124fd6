"""From rows to what callers see, in the shopper's language."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from engine.api.schemas import (
    Alternative,
    AwardView,
    CodeView,
    NoticeView,
    OfferView,
    PatienceView,
    ProductView,
    ReasonView,
    RedemptionView,
    ShelfView,
    SliceView,
    SpinView,
    StockView,
    SureView,
    TermsView,
    WheelView,
    WhenGone,
    WonView,
)
from engine.campaigns import Version
from engine.clock import now
from engine.db.tables import Award, Notice, Stock
from engine.flows.awards import Given, status_at
from engine.flows.offers import Made
from engine.flows.redemptions import Held, Known
from engine.flows.spins import Spun
from engine.messages import Messages
from engine.vault import Vault
from rewards.catalogue import AmountOff, FreeShipping, PercentOff, Reward, Sample, VipAccess
from rewards.odds import odds_text
from rewards.wheel import ALGORITHM, Table


def offer(made: Made, messages: Messages) -> OfferView:
    row, met = made.offer, made.met
    return OfferView(
        offer_id=row.id,
        eligible=row.status != "refused",
        reasons=[reason(item["code"], messages) for item in row.reasons],
        arm=row.arm,
        expires_at=row.expires_at,
        wheel=_wheel(made, messages) if row.commitment else None,
        patience=_patience(made, messages),
        sure=_sure(made, messages),
        product=ProductView(
            sku=met.sku,
            expected_on=met.expected_on,
            reason=met.reason,
            alternatives=[Alternative(**item) for item in met.alternatives],
        ),
    )


def _patience(made: Made, messages: Messages) -> PatienceView | None:
    from engine.api import patience_views

    if made.version.patience_left(made.offer.arm, made.offer.reasons) is None:
        return None
    return patience_views.terms(made.version, made.offer.id, made.surprises, messages)


def _sure(made: Made, messages: Messages) -> SureView | UnsetType:
    reward = made.version.sure if made.offer.arm == "sure" else None
    return UNSET if reward is None else SureView(reward, label_of(made.version, reward, messages))


def over(offer: OfferView, messages: Messages, *, waits: bool) -> OfferView:
    """Return an offer whose time is over as a page should show it: without what it still held, and saying so.

    Nothing is said to who had nothing in it to lose, or took the waiting in time.
    """
    empty = replace(offer, wheel=None, patience=None, sure=UNSET)
    if waits or empty == offer:
        return empty
    return replace(empty, eligible=False, reasons=[reason("offer_expired", messages)])


def still_true(offer: OfferView, *, available: bool, backorder: bool) -> OfferView:
    """Return an offer without the good news that was true when it was made and is not any more."""
    past = {"still_available": not available, "available_on_backorder": not backorder}
    return replace(offer, reasons=[one for one in offer.reasons if not past.get(one.code)])


def reason(code: str, messages: Messages) -> ReasonView:
    return ReasonView(code, messages.text(f"reason-{code.replace('_', '-')}"))


def _wheel(made: Made, messages: Messages) -> WheelView:
    version, table = made.version, made.version.table
    return WheelView(
        algorithm=ALGORITHM,
        table_digest=table.digest,
        commitment=made.offer.commitment or "",
        total_weight=table.total_weight,
        slices=messages.once(("wheel", version.digest), lambda: slices(version, table, messages, gone=True)),
    )


def slices(version: Version, table: Table, messages: Messages, *, gone: bool = False) -> list[SliceView]:
    """Return the slices of a table with their odds; `gone` adds what replaces each."""
    views = []
    for piece in table.slices:
        after = version.when_gone[piece.reward] if gone else None
        views.append(
            SliceView(
                slice=piece.slice,
                reward=piece.reward,
                label=label_of(version, piece.reward, messages),
                weight=piece.weight,
                odds=odds_text(piece.weight, table.total_weight),
                when_gone=UNSET if after is None else WhenGone(after, label_of(version, after, messages)),
            )
        )
    return views


def spin(spun: Spun, vault: Vault, messages: Messages) -> SpinView:
    award = spun.award
    return SpinView(
        spin_id=spun.spin.id,
        slice=spun.spin.slice,
        slice_index=spun.spin.slice_index,
        stop=spun.spin.stop,
        award=award_view(award, spun.version, vault, messages),
        proof=spun.proof,
    )


def award_view(award: Award | Given, version: Version, vault: Vault, messages: Messages) -> AwardView:
    known = award.code if isinstance(award, Given) else UNSET
    return AwardView(
        award_id=award.id,
        reward=award.reward,
        label=label_of(version, award.reward, messages),
        code=vault.open(award.code_sealed).decode() if known is UNSET else known,
        expires_at=award.expires_at,
        status=status_at(award, now()),
    )


def won(award: Award, spin_id: UUID | None, version: Version, vault: Vault, messages: Messages) -> WonView:
    return WonView(
        award_id=award.id,
        offer_id=award.offer_id,
        enrolment_id=award.enrolment_id,
        spin_id=spin_id,
        reward=award.reward,
        kind=_kind(version.reward(award.reward)),
        label=label_of(version, award.reward, messages),
        code=vault.open(award.code_sealed).decode(),
        created_at=award.created_at,
        expires_at=award.expires_at,
        status=status_at(award, now()),
        terms=_terms(version.reward(award.reward), version.currency),
    )


def code(known: Known, vault: Vault, messages: Messages) -> CodeView:
    award, version = known.award, known.version
    status = status_at(award, now())
    return CodeView(
        code=vault.open(award.code_sealed).decode(),
        valid=status == "issued",
        status=status,
        reward=award.reward,
        kind=_kind(version.reward(award.reward)),
        label=label_of(version, award.reward, messages),
        terms=_terms(version.reward(award.reward), version.currency),
        shopper_id=known.shopper_id,
        expires_at=award.expires_at,
    )


def redemption(held: Held, messages: Messages) -> RedemptionView:
    terms = held.version.reward(held.award.reward)
    return RedemptionView(
        redemption_id=held.redemption.id,
        order_id=held.redemption.order_id,
        status=held.redemption.status,  # type: ignore[arg-type]  # the database's CHECK allows these four only
        reserved_until=held.redemption.reserved_until,
        reward=held.award.reward,
        kind=_kind(terms),
        label=label_of(held.version, held.award.reward, messages),
        discount_minor=held.redemption.discount_minor,
        currency=held.version.currency,
        free_shipping=isinstance(terms, FreeShipping),
        gift_sku=terms.sku if isinstance(terms, Sample) else None,
        stacks=terms.stacks,
    )


def why(reason: str | None, messages: Messages) -> str | None:
    """Return a known reason in words, or the shop's own words; a code nobody knows is not shown to a shopper."""
    sentence = messages.text(f"widget-wait-why-{(reason or '').replace('_', '-')}")
    if not sentence.startswith("widget-"):
        return sentence
    return reason if reason and " " in reason.strip() else None


def expected(day: date | None, messages: Messages, region: str, today: date) -> str:
    """Say when it is back; a date that has passed is not a promise any more."""
    if day is None or day < today:
        return messages.text("widget-wait-expected-unknown")
    return messages.text("widget-wait-expected", date=messages.day(day, "long", region))


def prices(alternatives: Iterable[dict[str, Any]], currency: str, messages: Messages, region: str) -> dict[str, str]:
    """Return what each alternative costs, in words."""
    return {
        one["sku"]: messages.money(one["price_minor"], currency, region)
        for one in alternatives
        if one.get("price_minor") is not None
    }


def stock(row: Stock) -> StockView:
    return StockView(row.sku, row.available, row.expected_on, row.reason, row.backorderable, row.as_of)


def shelf(sku: str, known: tuple[Stock, int] | None, low_stock: int) -> ShelfView:
    """Say what anyone may know of a product: how many are left is told only where few are."""
    if known is None:
        return ShelfView(sku, "unknown", None, None, None)
    row, left = known
    if left <= 0:
        return ShelfView(sku, "backorder" if row.backorderable else "out", None, row.expected_on, row.reason)
    low = left <= low_stock
    return ShelfView(sku, "low" if low else "available", left if low else None, None, None)


def notice(row: Notice) -> NoticeView:
    return NoticeView(row.id, row.kind, row.sku, row.status)


def label_of(version: Version, reward_id: str, messages: Messages) -> str:
    return messages.once(
        ("label", version.digest, reward_id),
        lambda: messages.label(reward_id, version.reward(reward_id), version.currency),
    )


def _kind(terms: Reward) -> str:
    return str(type(terms).__struct_config__.tag)


def _terms(terms: Reward, currency: str) -> TermsView:
    return TermsView(
        currency=currency,
        minimum_basket_minor=int(terms.minimum_basket),
        stacks=terms.stacks,
        max_discount_minor=int(terms.liability) if isinstance(terms, PercentOff | AmountOff) else 0,
        percent=terms.percent if isinstance(terms, PercentOff) else None,
        amount_minor=int(terms.amount) if isinstance(terms, AmountOff) else None,
        sku=terms.sku if isinstance(terms, Sample) else None,
        event=terms.event if isinstance(terms, VipAccess) else None,
        on=terms.on if isinstance(terms, VipAccess) else None,
    )
