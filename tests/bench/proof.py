"""Proofs recomputed and checked, against the same work in a bare loop: `python -m tests.bench.proof`.

The bare loop has no functions, no objects and no case but the common one: the commitment's SHA-256, the draw's message
and `hmac.digest`, the ticket, its slice and the stop, each compared with the claim. `rewards.wheel.holds` does that
from a proof as a shopper holds it, for any table. Both take turns every thousand proofs, so a busy machine slows both.
The draw's HMAC alone, which proves nothing yet, is printed for comparison.
"""

import hmac
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from rewards.wheel import ALGORITHM, Proof, Table, commitment, draw, holds, server_seed
from tests.bench.fairness import default_table

AIM = 0.7
ROUNDS = 5
PROOFS = 20_000
TURN = 1_000


class Spun(NamedTuple):
    """One spin as it was given to a shopper, and its seed as bytes for the bare loop."""

    proof: Proof
    slice_index: int
    stop: str
    seed: bytes


def spins(table: Table, count: int) -> list[Spun]:
    epoch_secret = bytes(range(32))
    made = []
    for number in range(count):
        offer_id, client_seed = f"0199a7c0-0000-7000-8000-{number:012x}", f"{number * 7919:016x}"
        seed = server_seed(epoch_secret, offer_id)
        drawn = draw(table, seed, client_seed, offer_id)
        proof = Proof(
            ALGORITHM, offer_id, table.digest, commitment(seed), seed.hex(), client_seed, drawn.round, drawn.ticket
        )
        made.append(Spun(proof, drawn.slice_index, drawn.stop, seed))
    return made


def checked(table: Table, spun: Sequence[Spun]) -> None:
    for proof, slice_index, stop, _ in spun:
        assert holds(table, proof, shown_commitment=proof.commitment, slice_index=slice_index, stop=stop)


def bare_loop(table: Table, spun: Sequence[Spun]) -> None:
    digest, total, edges = table.digest, table.total_weight, table.edges
    weights = [piece.weight for piece in table.slices]
    for proof, slice_index, stop, seed in spun:
        assert sha256(seed).hexdigest() == proof.commitment
        message = f"makegood/1 draw {proof.client_seed} {digest} {proof.offer_id} 0"
        block = hmac.digest(seed, message.encode(), "sha256")
        ticket = int.from_bytes(block[:8]) % total
        assert ticket == proof.ticket
        index = 0
        while edges[index] <= ticket:
            index += 1
        assert index == slice_index
        before, inside = edges[index] - weights[index], int.from_bytes(block[8:16])
        turns = ((before << 64) + inside * weights[index]) * 100_000_000 // (total << 64)
        assert "0." + str(turns).zfill(8) == stop


def hmac_alone(table: Table, spun: Sequence[Spun]) -> None:
    for proof, _, _, seed in spun:
        message = f"makegood/1 draw {proof.client_seed} {table.digest} {proof.offer_id} 0"
        hmac.digest(seed, message.encode(), "sha256")


def seconds(work: Callable[[Table, Sequence[Spun]], None], table: Table, spun: Sequence[Spun]) -> float:
    started = time.perf_counter()
    work(table, spun)
    return time.perf_counter() - started


def main() -> int:
    """Measure five rounds, print each, then the median ratio; return the exit code."""
    table = default_table()
    spun = spins(table, PROOFS)
    ratios = []
    for number in range(1, ROUNDS + 1):
        ours = bare = alone = 0.0
        for start in range(0, PROOFS, TURN):
            turn = spun[start : start + TURN]
            ours += seconds(checked, table, turn)
            bare += seconds(bare_loop, table, turn)
            alone += seconds(hmac_alone, table, turn)
        ratios.append(bare / ours)
        print(  # noqa: T201  # a bench prints
            f"round {number}: {PROOFS / ours:,.0f} proofs/s, bare loop {PROOFS / bare:,.0f}/s, "
            f"draw's HMAC alone {PROOFS / alone:,.0f}/s"
        )
    ratio = statistics.median(ratios)
    print(f"proof: {ratio:.2f} (aim {AIM}) {'OK' if ratio >= AIM else 'SHORT'}")  # noqa: T201  # as above
    return 0 if ratio >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
