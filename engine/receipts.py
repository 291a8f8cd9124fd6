"""The receipt of a spin: what its shopper was given, and everything in it recomputed. No database, no secret."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from rewards.odds import fallbacks, odds_text
from rewards.wheel import ALGORITHM, Check, Proof, Slice, Weight, verify


class _WhenGone(msgspec.Struct, frozen=True):
    reward: str


class _ShownSlice(msgspec.Struct, frozen=True):
    reward: str
    slice: str
    weight: Weight
    odds: str | None = None
    when_gone: _WhenGone | None = None


class _Wheel(msgspec.Struct, frozen=True):
    algorithm: str
    table_digest: str
    commitment: str
    total_weight: int
    slices: tuple[_ShownSlice, ...]


class _Award(msgspec.Struct, frozen=True):
    reward: str


class _Spin(msgspec.Struct, frozen=True):
    slice: str
    slice_index: int
    stop: str
    award: _Award
    proof: Proof


class _Offer(msgspec.Struct, frozen=True):
    offer_id: str
    wheel: _Wheel


class Receipt(msgspec.Struct, frozen=True):
    """What a shopper was given: the wheel, or the whole offer, before the spin, and the answer to it."""

    spin: _Spin
    wheel: _Wheel | UnsetType = UNSET
    offer: _Offer | UnsetType = UNSET
    offer_id: str | None = None  # as the shopper's browser knew them before the draw
    client_seed: str | None = None


class NotAReceiptError(ValueError):
    """The text is not a receipt; the message names what is missing."""


def read_receipt(raw: bytes) -> Receipt:
    """Read a receipt's JSON; raise `NotAReceiptError` naming what is missing or not of its form."""
    try:
        receipt = msgspec.json.decode(raw.decode("utf-8-sig"), type=Receipt)
    except UnicodeDecodeError:
        raise NotAReceiptError("it is not UTF-8 text") from None
    except msgspec.ValidationError as error:
        raise NotAReceiptError(_in_words(str(error))) from None
    except (msgspec.DecodeError, RecursionError):
        raise NotAReceiptError("it is not JSON") from None
    if receipt.wheel is UNSET and receipt.offer is UNSET:
        raise NotAReceiptError("`wheel` is missing (or `offer`, the whole answer to GET /v1/offer)")
    return receipt


def checks_of(receipt: Receipt) -> list[Check]:
    """Recompute the draw and everything repeated around it; raise `NotAReceiptError` for a wheel nobody could show."""
    wheel, spin = _wheel(receipt), receipt.spin
    slices = [Slice(one.reward, one.slice, one.weight) for one in wheel.slices]
    try:
        drawn = verify(
            slices, spin.proof, shown_commitment=wheel.commitment, slice_index=spin.slice_index, stop=spin.stop
        )
    except ValueError as error:
        raise NotAReceiptError(str(error)) from None
    known_id = receipt.offer_id or (receipt.offer.offer_id if receipt.offer else spin.proof.offer_id)
    allowed = _chain(wheel, drawn)
    return [
        Check("algorithm", wheel.algorithm, ALGORITHM),
        Check("offer_id", spin.proof.offer_id, known_id),
        Check("client_seed", spin.proof.client_seed, receipt.client_seed or spin.proof.client_seed),
        *drawn,
        Check("shown_digest", wheel.table_digest, spin.proof.table_digest),
        Check("total_weight", str(wheel.total_weight), str(sum(one.weight for one in slices))),
        *_odds(wheel),
        Check("slice_name", spin.slice, next(check.computed for check in drawn if check.name == "slice")),
        Check("award", spin.award.reward, spin.award.reward if spin.award.reward in allowed else " or ".join(allowed)),
    ]


def _wheel(receipt: Receipt) -> _Wheel:
    if receipt.wheel:
        return receipt.wheel
    assert receipt.offer  # noqa: S101  # read_receipt has seen to it
    return receipt.offer.wheel


def _odds(wheel: _Wheel) -> list[Check]:
    """Compare the odds in words with the weights that drew, where the wheel showed any."""
    shown = [one for one in wheel.slices if one.odds is not None]
    if not shown:
        return []
    total = sum(one.weight for one in wheel.slices)
    true = [odds_text(one.weight, total) for one in shown]
    return [Check("odds", " ".join(one.odds or "" for one in shown), " ".join(true))]


def _chain(wheel: _Wheel, drawn: Sequence[Check]) -> list[str]:
    """Return the reward of the slice that the computation drew, and what the wheel showed as its replacements."""
    name = next(check.computed for check in drawn if check.name == "slice")
    reward = next(one.reward for one in wheel.slices if one.slice == name)
    when_gone = {one.reward: one.when_gone.reward if one.when_gone else None for one in wheel.slices}
    try:
        return fallbacks(reward, when_gone)
    except ValueError as error:
        raise NotAReceiptError(f"the replacements it shows go round: {error}") from None


def award_sentence(receipt: Receipt) -> str:
    awarded = receipt.spin.award.reward
    drawn = next(one.reward for one in _wheel(receipt).slices if one.slice == receipt.spin.slice)
    if awarded == drawn:
        return f"The reward given, “{awarded}”, is that slice's own."
    return f"“{drawn}” was gone; “{awarded}” replaces it, as the wheel had said."


def _in_words(message: str) -> str:
    """Name the place first: "Object missing required field `spin`" is a sentence about the reader's own library."""
    said, _, place = message.partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    if said.startswith("Object missing required field `"):
        field = said.split("`")[1]
        return f"`{f'{place}.{field}' if place else field}` is missing"
    return f"{f'`{place}`' if place else 'the whole'}: {said[:1].lower()}{said[1:]}"
