"""The draw is the one that was published, to the byte, and whoever changes anything afterwards is found out."""

import hmac
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import wheel
from rewards.wheel import (
    ALGORITHM,
    SLICES_MAX,
    TOTAL_WEIGHT_MAX,
    Check,
    ClientSeed,
    Proof,
    Slice,
    Table,
    commitment,
    draw,
    holds,
    server_seed,
    table_digest,
    ticket_of,
    verify,
)
from tests.golden.reference import GOLDEN, drawn

Claims = dict[str, Any]

_GOLDEN = json.loads(GOLDEN.read_text())
_CASES = [pytest.param(case, id=case["name"]) for case in _GOLDEN["cases"]]
_KNOWN = _GOLDEN["cases"][0]


def slices_of(case: dict[str, Any]) -> list[Slice]:
    return [Slice(row["reward"], row["slice"], row["weight"]) for row in case["slices"]]


def claims_of(case: dict[str, Any]) -> Claims:
    """Return what a shopper was given, as the arguments of `verify`."""
    proof = {key: case[key] for key in Proof.__struct_fields__ if key != "algorithm"}
    return {
        "slices": slices_of(case),
        "proof": Proof(algorithm=ALGORITHM, **proof),
        "shown_commitment": case["commitment"],
        "slice_index": case["slice_index"],
        "stop": case["stop"],
    }


def believed(claims: Claims) -> bool:
    """Whether `verify` believes the claims; `holds` must say the same."""
    answer = all(check.holds for check in verify(**claims))
    rest = {key: value for key, value in claims.items() if key not in {"slices", "proof"}}
    assert holds(Table.of(claims["slices"]), claims["proof"], **rest) is answer
    return answer


# The golden vectors.


@pytest.mark.parametrize("case", _CASES)
def test_the_draw_gives_the_golden_answer(case: dict[str, Any]) -> None:
    slices = slices_of(case)
    seed = server_seed(bytes.fromhex(case["epoch_secret"]), case["offer_id"])
    assert seed.hex() == case["server_seed"]
    assert commitment(seed) == case["commitment"]
    assert table_digest(slices) == case["table_digest"]
    answer = draw(Table.of(slices), seed, case["client_seed"], case["offer_id"])
    assert (answer.round, answer.ticket, answer.slice_index) == (case["round"], case["ticket"], case["slice_index"])
    assert (answer.slice, answer.stop) == (slices[case["slice_index"]], case["stop"])


@pytest.mark.parametrize("case", _CASES)
def test_a_golden_proof_is_believed(case: dict[str, Any]) -> None:
    assert believed(claims_of(case))


@pytest.mark.parametrize("row", _GOLDEN["mapping"], ids=lambda row: f"{row['u']} of {row['total_weight']}")
def test_random_bits_map_to_the_golden_ticket_or_are_drawn_again(row: dict[str, Any]) -> None:
    assert ticket_of(int(row["u"]), row["total_weight"]) == row["ticket"]
    assert (row["ticket"] is None) is not row["accepted"]


# The mapping.


@given(st.integers(0, 2**64 - 1), st.integers(1, TOTAL_WEIGHT_MAX))
def test_a_ticket_is_below_the_total(u: int, total: int) -> None:
    ticket = ticket_of(u, total)
    assert ticket is None or 0 <= ticket < total


@given(st.integers(1, TOTAL_WEIGHT_MAX))
def test_every_ticket_has_equally_many_numbers_behind_it(total: int) -> None:
    accepted = 2**64 - 2**64 % total
    assert accepted % total == 0
    assert ticket_of(accepted - 1, total) == total - 1
    assert accepted == 2**64 or ticket_of(accepted, total) is None
    assert 2**64 - accepted < total


def test_bits_beyond_the_limit_are_drawn_again_with_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """No search finds such bits (one draw in 2^34 at most), so the first two blocks are made of ones."""
    messages: list[str] = []

    def digest(key: bytes, message: bytes, name: str) -> bytes:
        messages.append(message.decode())
        return b"\xff" * 32 if len(messages) < 3 else hmac.digest(key, message, name)

    monkeypatch.setattr(wheel, "hmac", type("Hmac", (), {"digest": staticmethod(digest)}))
    answer = draw(Table.of(slices_of(_KNOWN)), b"k" * 32, "seed", "offer")
    assert answer.round == 2
    assert messages == [f"makegood/1 draw seed {_KNOWN['table_digest']} offer {number}" for number in range(3)]


_tables = st.lists(
    st.tuples(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), st.integers(1, 10**7)),
    min_size=1,
    max_size=SLICES_MAX,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: [Slice("reward", name, weight) for name, weight in pairs])
_seeds = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=64)


@given(_tables, st.binary(min_size=32, max_size=32), _seeds)
def test_any_draw_is_the_reference_s_and_stops_inside_its_slice(
    slices: list[Slice], secret: bytes, client_seed: str
) -> None:
    seed = server_seed(secret, "offer")
    answer = draw(Table.of(slices), seed, client_seed, "offer")
    rows = [msgspec.structs.asdict(piece) for piece in slices]
    assert drawn(rows, seed, client_seed, "offer") == {
        "round": answer.round,
        "ticket": answer.ticket,
        "slice": answer.slice.slice,
        "slice_index": answer.slice_index,
        "stop": answer.stop,
    }
    total = sum(piece.weight for piece in slices)
    before = sum(piece.weight for piece in slices[: answer.slice_index])
    assert before <= answer.ticket < before + answer.slice.weight
    cut = int(answer.stop.removeprefix("0."))
    assert before * 10**8 // total <= cut <= ((before + answer.slice.weight) * 10**8 - 1) // total


def test_another_client_seed_is_another_draw() -> None:
    table = Table.of(slices_of(_KNOWN))
    assert len({draw(table, b"k" * 32, str(number), "offer").stop for number in range(1000)}) == 1000


def test_another_offer_of_the_day_has_another_seed() -> None:
    assert len({server_seed(b"k" * 32, str(number)) for number in range(1000)}) == 1000


# Tables.


def equal(number: int, weight: int = 1) -> list[Slice]:
    return [Slice("reward", f"slice {index}", weight) for index in range(number)]


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ([], "a wheel has 1 to 64 slices, not 0"),
        (equal(SLICES_MAX + 1), "a wheel has 1 to 64 slices, not 65"),
        ([*equal(2), *equal(1)], "two slices of one wheel have the same name"),
        ([*equal(1), Slice("reward", "empty", 0)], "a slice of weight 0"),
        ([*equal(1), Slice("reward", "negative", -1)], "a slice of weight 0"),
        (equal(2, TOTAL_WEIGHT_MAX // 2 + 1), "add up to 1000000000 at most"),
    ],
)
def test_a_wheel_that_cannot_be_shown_is_refused(slices: list[Slice], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table.of(slices)


def test_the_largest_wheel_there_is_can_be_made() -> None:
    table = Table.of(equal(SLICES_MAX, TOTAL_WEIGHT_MAX // SLICES_MAX))
    assert (len(table.slices), table.total_weight) == (SLICES_MAX, TOTAL_WEIGHT_MAX)


def test_the_digest_is_of_the_slices_in_the_order_shown() -> None:
    slices = slices_of(_KNOWN)
    assert table_digest(slices) != table_digest(slices[::-1])


@pytest.mark.parametrize("weight", [0, -1, TOTAL_WEIGHT_MAX + 1, 1.5, "1", None])
def test_a_weight_that_is_not_a_whole_number_above_zero_is_refused(weight: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"reward": "r", "slice": "s", "weight": weight}, Slice)


# Client seeds.


@pytest.mark.parametrize("seed", ["x", " ", "~", "hello 42", "\"'\\", "".join(map(chr, range(0x20, 0x60))), "~" * 64])
def test_a_client_seed_of_1_to_64_printable_characters_is_taken(seed: str) -> None:
    assert msgspec.json.decode(msgspec.json.encode(seed), type=ClientSeed) == seed


@pytest.mark.parametrize(
    "seed", ["", "x" * 65, "é", "🎁", "a\n", "\n", "a\tb", "\x7f", "\x00", "\u00a0", "\u200b", 42, None]
)
def test_any_other_client_seed_is_refused(seed: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(seed), type=ClientSeed)


# Verification.


def _with_proof(**changes: object) -> Callable[[Claims], Claims]:
    return lambda claims: claims | {"proof": msgspec.structs.replace(claims["proof"], **changes)}


def _with_slices(change: Callable[[list[Slice]], list[Slice]]) -> Callable[[Claims], Claims]:
    return lambda claims: claims | {"slices": change(claims["slices"])}


def _first_slice(**changes: object) -> Callable[[Claims], Claims]:
    return _with_slices(lambda slices: [msgspec.structs.replace(slices[0], **changes), *slices[1:]])


_OTHER = "0" * 64
_TAMPERED: dict[str, tuple[Callable[[Claims], Claims], set[str]]] = {
    "proof.offer_id": (_with_proof(offer_id="0199a7c0-0000-7000-8000-000000000002"), {"ticket", "stop"}),
    "proof.table_digest": (_with_proof(table_digest=_OTHER), {"table_digest"}),
    "proof.commitment": (_with_proof(commitment=_OTHER), {"proof_commitment"}),
    "proof.server_seed": (_with_proof(server_seed=_OTHER), {"commitment", "ticket", "stop"}),
    "proof.client_seed": (_with_proof(client_seed="hello 43"), {"ticket", "stop"}),
    "proof.round": (_with_proof(round=1), {"round"}),
    "proof.ticket": (_with_proof(ticket=86), {"ticket"}),
    "shown_commitment": (lambda claims: claims | {"shown_commitment": _OTHER}, {"commitment", "proof_commitment"}),
    "slice_index": (lambda claims: claims | {"slice_index": 0}, {"slice"}),
    "slice_index, out of range": (lambda claims: claims | {"slice_index": 6}, {"slice"}),
    "slice_index, from the end": (lambda claims: claims | {"slice_index": -3}, {"slice"}),
    "stop": (lambda claims: claims | {"stop": "0.91532233"}, {"stop"}),
    "stop, other digits": (lambda claims: claims | {"stop": "0.915322320"}, {"stop"}),
    "slices, weight": (_first_slice(weight=41), {"table_digest", "ticket", "stop"}),
    "slices, name": (_first_slice(slice="discount-6"), {"table_digest", "ticket", "stop"}),
    "slices, reward": (_first_slice(reward="discount-6"), {"table_digest", "ticket", "stop"}),
    "slices, order": (_with_slices(lambda slices: slices[::-1]), {"table_digest", "ticket", "stop"}),
    "slices, one dropped": (_with_slices(lambda slices: slices[:-1]), {"table_digest", "ticket", "stop"}),
    "slices, one added": (_with_slices(lambda s: [*s, Slice("x", "x", 1)]), {"table_digest", "ticket", "stop"}),
}


@pytest.mark.parametrize("name", _TAMPERED)
def test_a_tampered_value_is_found_out(name: str) -> None:
    tamper, caught_by = _TAMPERED[name]
    claims = tamper(claims_of(_KNOWN))
    assert not believed(claims)
    assert {check.name for check in verify(**claims) if not check.holds} >= caught_by


def test_another_algorithm_is_refused() -> None:
    claims = _with_proof(algorithm="makegood/2")(claims_of(_KNOWN))
    with pytest.raises(ValueError, match="this verifies makegood/1, not makegood/2"):
        verify(**claims)
    table = Table.of(claims.pop("slices"))
    assert not holds(table, claims.pop("proof"), **claims)


def test_every_value_a_shopper_is_given_is_among_the_tampered_ones() -> None:
    given_values = {f"proof.{field}" for field in Proof.__struct_fields__} | {
        f"slices, {f}" for f in ("name", "reward")
    }
    given_values |= {"slices, weight", "slice_index", "stop", "shown_commitment"}
    assert given_values <= set(_TAMPERED) | {"proof.algorithm"}


@pytest.mark.parametrize("seed", ["xyz", "é", "0" * 63])
def test_a_server_seed_that_is_no_hexadecimal_is_refused(seed: str) -> None:
    claims = _with_proof(server_seed=seed)(claims_of(_KNOWN))
    with pytest.raises(ValueError, match="fromhex"):
        verify(**claims)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("server_seed", _KNOWN["server_seed"].upper()),
        ("server_seed", "0" * 62),
        ("commitment", _OTHER + "\n"),
        ("table_digest", "g" * 64),
        ("client_seed", ""),
        ("client_seed", "é"),
        ("round", "0"),
        ("ticket", 87.5),
    ],
)
def test_a_proof_whose_values_are_not_of_their_form_cannot_be_read(field: str, value: object) -> None:
    text = msgspec.json.encode(msgspec.structs.asdict(claims_of(_KNOWN)["proof"]) | {field: value})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Proof)


def test_a_check_shows_what_was_claimed_beside_what_comes_out() -> None:
    claims = claims_of(_KNOWN) | {"stop": "0.5"}
    assert Check("stop", "0.5", "0.91532232") in verify(**claims)
