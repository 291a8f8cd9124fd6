"""Ten million draws of the default wheel through `rewards.wheel.draw`, put to every test of `tests.bench.chance`.

`python -m tests.bench.fairness [--draws N] [--workers N] [--seed N]`. Every draw is one shopper's: an offer id of its
own, the server seed made from an epoch secret and that id, a client seed. All of them follow from the printed seed,
however many workers share the draws. Then wheels that are not fair must fail the same tests, or these prove nothing.
"""

import argparse
import multiprocessing
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as Grid

from rewards.wheel import Slice, Table, draw, server_seed
from tests.bench import chance

CAMPAIGN = Path(__file__).parents[2] / "config" / "campaigns" / "always-on.toml"
CHUNK = 50_000
SEED = 20261122
RARE_DRAWS_MIN = 2_000_000  # fewer do not show a slice of 1 % being 5 % too wide


def default_table() -> Table:
    """Return the wheel of the campaign that is shipped."""
    rows = tomllib.loads(CAMPAIGN.read_text())["wheel"]
    return Table.of([Slice(reward=row["reward"], slice=row["reward"], weight=row["weight"]) for row in rows])


def weights_of(table: Table) -> list[int]:
    return [piece.weight for piece in table.slices]


def draw_chunk(number: int, *, table: Table, seed: int, size: int) -> chance.Results:
    """Draw for `size` shoppers of one epoch; chunk `number` of `seed` is always the same."""
    source = np.random.default_rng([seed, number])
    epoch_secret = source.bytes(32)
    chosen = source.bytes(19 * size).hex()
    results = bytearray()
    for start in range(0, len(chosen), 38):
        offer_id, client_seed = _offer_id(chosen[start : start + 22]), chosen[start + 22 : start + 38]
        results.append(draw(table, server_seed(epoch_secret, offer_id), client_seed, offer_id).slice_index)
    return np.frombuffer(results, dtype=np.uint8)


def _offer_id(digits: str) -> str:
    """Lay 22 hexadecimal digits out as a UUIDv7 of one second of 2026."""
    return f"0199a7c0-{digits[:4]}-7{digits[4:7]}-8{digits[7:10]}-{digits[10:]}"


def draw_all(draws: int, *, table: Table, seed: int, workers: int = 1, chunk: int = CHUNK) -> Iterator[chance.Results]:
    """Yield `draws` results in order, in chunks."""
    whole, rest = divmod(draws, chunk)
    work = partial(draw_chunk, table=table, seed=seed, size=chunk)
    if workers == 1:
        yield from map(work, range(whole))
    else:
        with multiprocessing.Pool(workers) as pool:
            yield from pool.imap(work, range(whole))
    if rest:
        yield work(whole, size=rest)


def unfair_wheels(weights: Sequence[int], draws: int) -> dict[str, Callable[..., chance.Results]]:
    """Name every mapping that must fail; a rare slice's is left out where too few draws could show it."""
    wheels = {
        "one byte, folded by %": chance.eight_bits_folded,
        "one byte, float edge": chance.float_edge,
        "rounded, not cut": chance.rounded,
        "first slice 5 % too wide": chance.favouring(0, 5),
        "one result in 25 repeated": chance.sticky,
    }
    if draws >= RARE_DRAWS_MIN:
        wheels["rarest slice 5 % too wide"] = chance.favouring(min(range(len(weights)), key=weights.__getitem__), 5)
    return wheels


def unfair_results(
    wheel: Callable[..., chance.Results], weights: Sequence[int], *, draws: int, seed: int
) -> chance.Results:
    """Draw from an unfair mapping, a million at a time."""
    sizes = [min(1_000_000, draws - start) for start in range(0, draws, 1_000_000)]
    return np.concatenate(
        [wheel(chance.random_bits(size, [seed, number]), weights) for number, size in enumerate(sizes)]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, test, print; return the exit code."""
    options = _options(arguments)
    console = Console(width=100)
    table = default_table()
    weights = weights_of(table)
    console.print(f"{options.draws:,} draws of {CAMPAIGN.name}, seed {options.seed}, {options.workers} workers")

    started = time.perf_counter()
    results = _drawn_with_progress(table, options)
    seconds = time.perf_counter() - started
    console.print(f"drawn in {seconds:.0f} s, {options.draws / seconds:,.0f} a second")

    findings = chance.battery(results, weights)
    _print_slices(console, table, results)
    _print_findings(console, findings, len(weights))

    blind = 0
    for name, wheel in unfair_wheels(weights, options.draws).items():
        caught = chance.failed(
            chance.battery(unfair_results(wheel, weights, draws=options.draws, seed=options.seed), weights)
        )
        blind += not caught
        console.print(f"unfair wheel, {name}: fails {len(caught)} tests{'' if caught else ', AND MUST FAIL'}")

    short = len(chance.failed(findings)) + blind
    print(f"fairness: {short} (aim 0) {'SHORT' if short else 'OK'}")  # noqa: T201  # the line that is read by others
    return 1 if short else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fairness", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--draws", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args(arguments)


def _drawn_with_progress(table: Table, options: argparse.Namespace) -> chance.Results:
    results = np.empty(options.draws, dtype=np.uint8)
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done = 0
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=options.draws)
        for chunk in draw_all(options.draws, table=table, seed=options.seed, workers=options.workers):
            results[done : done + len(chunk)] = chunk
            done += len(chunk)
            progress.update(task, completed=done)
    return results


def _print_slices(console: Console, table: Table, results: chance.Results) -> None:
    weights = weights_of(table)
    counts = np.bincount(results, minlength=len(weights))
    grid = Grid("slice", "weight", "expected", "realised", "standard errors")
    for piece, count, z in zip(table.slices, counts, chance.standard_errors(counts, weights), strict=True):
        expected = len(results) * piece.weight / table.total_weight
        grid.add_row(piece.slice, str(piece.weight), f"{expected:,.0f}", f"{count:,}", f"{z:+.2f}")
    console.print(grid)


def _print_findings(console: Console, findings: Sequence[chance.Finding], slices: int) -> None:
    grid = Grid("test", "statistic", "p-value", "verdict")
    for finding in findings:
        verdict = "passed" if finding.passed else "FAILED"
        grid.add_row(finding.name, f"{finding.statistic:.3f}", f"{finding.p_value:.4f}", verdict)
    console.print(grid)
    console.print(
        f"A fair wheel fails any of these {len(findings)} tests in at most {chance.ALPHA:.0%} of runs: p below "
        f"{chance.alpha_per_test(slices):.6f}, or a slice beyond {chance.STANDARD_ERRORS_MAX:.0f} standard errors.",
        soft_wrap=True,
    )


if __name__ == "__main__":
    sys.exit(main())
