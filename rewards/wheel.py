"""The draw, exactly (`makegood/1`): anyone can recompute it with SHA-256 and HMAC alone.

The formulas stand in docs/fairness.md and are a contract: a change of one byte is a new algorithm with a new name.
"""

import hashlib
import hmac
import json
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from struct import Struct
from typing import Annotated

import msgspec

from rewards.catalogue import RewardId

ALGORITHM = "makegood/1"
CLIENT_SEED_LENGTH_MAX = 64
TOTAL_WEIGHT_MAX = 1_000_000_000
SLICES_MAX = 64

_TWO_64 = 1 << 64
_u_and_inside = Struct(">QQ").unpack_from  # the first two 8-byte big-endian numbers of a block

ClientSeed = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=CLIENT_SEED_LENGTH_MAX, pattern=r"^[\x20-\x7e]+\Z", description="printable ASCII"
    ),
]
Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z", description="32 bytes in lower-case hexadecimal")]
Weight = Annotated[int, msgspec.Meta(ge=1, le=TOTAL_WEIGHT_MAX)]


class Slice(msgspec.Struct, frozen=True):
    """One slice of a table, as the draw sees it: its fields in the order of the canonical text."""

    reward: RewardId
    slice: str
    weight: Weight


class Table(msgspec.Struct, frozen=True):
    """The slices in the order shown, with everything about them that every draw needs."""

    slices: tuple[Slice, ...]
    digest: str
    total_weight: int
    edges: tuple[int, ...]  # running sums of the weights: slice i covers [edges[i] - weight, edges[i])

    @classmethod
    def of(cls, slices: Sequence[Slice]) -> "Table":
        """Make a table; raise `ValueError` for one that no wheel can show."""
        if not 1 <= len(slices) <= SLICES_MAX:
            raise ValueError(f"a wheel has 1 to {SLICES_MAX} slices, not {len(slices)}")
        if len({piece.slice for piece in slices}) < len(slices):
            raise ValueError("two slices of one wheel have the same name")
        if any(piece.weight < 1 for piece in slices):
            raise ValueError("a slice of weight 0 can never be won")
        edges = tuple(accumulate(piece.weight for piece in slices))
        if edges[-1] > TOTAL_WEIGHT_MAX:
            raise ValueError(f"the weights of a wheel add up to {TOTAL_WEIGHT_MAX} at most")
        return cls(tuple(slices), table_digest(slices), edges[-1], edges)


class Drawn(msgspec.Struct, frozen=True):
    """Where the wheel stopped. `stop` is in turns, cut (not rounded) to eight decimals."""

    round: int
    ticket: int
    slice_index: int
    slice: Slice
    stop: str


class Proof(msgspec.Struct, frozen=True):
    """Everything needed to recompute one draw; the field names are the API's."""

    algorithm: str
    offer_id: str
    table_digest: Hex32
    commitment: Hex32
    server_seed: Hex32
    client_seed: ClientSeed
    round: int
    ticket: int


def canonical(slices: Sequence[Slice]) -> bytes:
    """Return the table as the bytes that are hashed: sorted keys, no spaces, UTF-8 without escapes."""
    rows = [{"reward": piece.reward, "slice": piece.slice, "weight": piece.weight} for piece in slices]
    return json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def table_digest(slices: Sequence[Slice]) -> str:
    return hashlib.sha256(canonical(slices)).hexdigest()


def server_seed(epoch_secret: bytes, offer_id: str) -> bytes:
    """Return the 32 bytes that decide one offer's draw together with the shopper's seed."""
    return hmac.digest(epoch_secret, f"{ALGORITHM} seed {offer_id}".encode(), "sha256")


def commitment(seed: bytes) -> str:
    """Return what is published before the client seed exists."""
    return hashlib.sha256(seed).hexdigest()


def ticket_of(u: int, total_weight: int) -> int | None:
    """Map 64 random bits to a ticket, or to None beyond the last whole multiple of `total_weight`: draw again there."""
    return u % total_weight if u < _TWO_64 - _TWO_64 % total_weight else None


def draw(table: Table, seed: bytes, client_seed: str, offer_id: str) -> Drawn:
    """Draw once. Exactly uniform: bits that would favour the first slices are drawn again, never folded in."""
    number = 0
    while True:
        message = f"{ALGORITHM} draw {client_seed} {table.digest} {offer_id} {number}"
        u, inside = _u_and_inside(hmac.digest(seed, message.encode(), "sha256"))
        ticket = ticket_of(u, table.total_weight)
        if ticket is not None:
            break
        number += 1
    index = bisect_right(table.edges, ticket)
    won = table.slices[index]
    before = table.edges[index] - won.weight
    # In integers, so that every language cuts at the same digit.
    turns = ((before << 64) + inside * won.weight) * 100_000_000 // (table.total_weight << 64)
    return Drawn(number, ticket, index, won, "0." + str(turns).zfill(8))


class Check(msgspec.Struct, frozen=True):
    """One step of a verification, in the order anyone would recompute it."""

    name: str
    claimed: str
    computed: str

    @property
    def holds(self) -> bool:
        return hmac.compare_digest(self.claimed.encode(), self.computed.encode())


def verify(slices: Sequence[Slice], proof: Proof, *, shown_commitment: str, slice_index: int, stop: str) -> list[Check]:
    """Recompute a spin from what the shopper was given and return every step, held or not.

    `shown_commitment` is the one given with the offer, before the client seed existed: it, not the proof's own copy,
    is what binds the shop. Raises `ValueError` when a value is not even of its form.
    """
    if proof.algorithm != ALGORITHM:
        raise ValueError(f"this verifies {ALGORITHM}, not {proof.algorithm}")
    seed = bytes.fromhex(proof.server_seed)
    table = Table.of(slices)
    drawn = draw(table, seed, proof.client_seed, proof.offer_id)
    return [
        Check("commitment", shown_commitment, commitment(seed)),
        Check("proof_commitment", proof.commitment, shown_commitment),
        Check("table_digest", proof.table_digest, table.digest),
        Check("round", str(proof.round), str(drawn.round)),
        Check("ticket", str(proof.ticket), str(drawn.ticket)),
        Check("slice", slices[slice_index].slice if 0 <= slice_index < len(slices) else "?", drawn.slice.slice),
        Check("stop", stop, drawn.stop),
    ]


def holds(table: Table, proof: Proof, *, shown_commitment: str, slice_index: int, stop: str) -> bool:
    """Whether every step of `verify` holds, at the speed of its hashes: for audits of many spins of one table."""
    seed = bytes.fromhex(proof.server_seed)
    drawn = draw(table, seed, proof.client_seed, proof.offer_id)
    return (
        commitment(seed) == shown_commitment == proof.commitment
        and drawn.ticket == proof.ticket
        and drawn.slice_index == slice_index
        and drawn.stop == stop
        and drawn.round == proof.round
        and table.digest == proof.table_digest
        and proof.algorithm == ALGORITHM
    )
