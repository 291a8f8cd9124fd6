"""A thief with a merchant's key against every code there is: `python -m tests.bench.guess [--codes N] [--tries N]`.

A million codes are drawn as the engine draws them and written as live awards. A million guesses, each a code that could
be one (right letters, right check character), are then looked up where no limit stands, by the keyed digests that the
engine looks up: none is found. A million more go over HTTP, as fast as can be, and are stopped: a key gets its hundred
misses, then `429` until they come back one by one; the run says how long looking up a million would take it.
"""

import argparse
import asyncio
import re
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import psycopg

from engine import embedded
from engine.db import migrate
from engine.db.session import create_engine, transaction
from engine.errors import NotFoundError
from engine.flows import redemptions
from engine.ids import new_id
from engine.vault import Vault
from engine.versions import Versions
from rewards.codes import new_code
from tests.bench.wire import Wire, request
from tests.support import Served, ask, serving

PAGE = 20_000
CALLERS = 32
MISSES_PER_MINUTE = 100  # of the default config
_RETRY_AFTER = re.compile(rb"\r\nretry-after: ([0-9]+)\r\n", re.IGNORECASE)
_STAGE = "CREATE TEMP TABLE issued (number bigint, digest bytea, offer uuid, award uuid)"
_WRITE = (
    """INSERT INTO awards (subject, id, offer_id, version, reward, status, liability_minor, currency, campaign,
        budget_period, code_sealed, code_digest, created_at, expires_at)
    SELECT a.subject, i.award, i.offer, a.version, a.reward, 'issued', a.liability_minor, a.currency, a.campaign,
        a.budget_period, a.code_sealed, i.digest, a.created_at, a.expires_at
    FROM issued i CROSS JOIN awards a WHERE a.id = %s""",
    """INSERT INTO codes (code_digest, subject, award_id)
    SELECT i.digest, a.subject, i.award FROM issued i CROSS JOIN awards a WHERE a.id = %s""",
)
_FOUND = "SELECT count(*) FROM unnest(%s::bytea[]) tried(digest) JOIN codes c ON c.code_digest = tried.digest"


class Told(NamedTuple):
    """What a thief was told over HTTP."""

    statuses: Counter[int]
    seconds: float
    waits: set[bool]  # whether each refusal said when to come back


def drawn(number: int) -> Iterator[str]:
    """Draw codes exactly as an award's is drawn."""
    return (new_code(secrets.randbelow) for _ in range(number))


async def issue(served: Served, number: int) -> list[str]:
    """Write so many live awards with codes of their own, beside one that was really won; return some of the codes."""
    vault = Vault(served.settings)
    async with served.shop() as shop:
        won = (await (await shop.report()).won())["award"]["award_id"]
    now, kept = datetime.now(UTC), list[str]()
    with psycopg.connect(served.settings.database_url) as connection:
        connection.execute(_STAGE)
        with connection.cursor().copy("COPY issued FROM STDIN") as rows:
            for place, code in enumerate(drawn(number)):
                rows.write_row((place, vault.digest("code", code), uuid4(), new_id(now)))
                if place % max(1, number // 20) == 0:
                    kept.append(code)
        for statement in _WRITE:
            connection.execute(statement, (won,))
    return kept


def found_directly(served: Served, guesses: Iterator[str]) -> tuple[int, int]:
    """Look guesses up by their digests, where nobody counts them; return how many were tried and how many found."""
    vault = Vault(served.settings)
    tried = found = 0
    while page := list(islice(guesses, PAGE)):
        digests = [digest for code in page for digest in vault.digests("code", code)]
        found += int(ask(served.settings.database_url, _FOUND, digests))
        tried += len(page)
    return tried, found


async def found_by_the_flow(served: Served, guesses: Sequence[str]) -> int:
    """Look guesses up by the very function that a call uses."""
    database = create_engine(served.settings.database_url, pool_size=1)
    vault, versions, found = Vault(served.settings), Versions(), 0
    async with transaction(database) as session:
        for guess in guesses:
            try:
                await redemptions.look_up(session, vault, versions, guess)
            except NotFoundError:
                continue
            found += 1
    await database.dispose()
    return found


def over_http(served: Served, guesses: Iterator[str]) -> Told:
    """Ask as fast as can be, with one key, and go on whatever is answered."""
    statuses, waits = Counter[int](), set[bool]()
    wire = Wire(served.settings.port, CALLERS)
    started = time.monotonic()
    for answer in wire.told(request("GET", f"/v1/codes/{guess}", served.key) for guess in guesses):
        statuses[status := int(answer[9:12])] += 1
        if status == httpx.codes.TOO_MANY_REQUESTS:
            after = _RETRY_AFTER.search(answer)
            waits.add(after is not None and int(after[1]) > 0)
    wire.close()
    return Told(statuses, time.monotonic() - started, waits)


def main(arguments: Sequence[str] | None = None) -> int:
    """Issue, guess, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guess", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--codes", type=int, default=1_000_000)
    parser.add_argument("--tries", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=1_000_000, help="how many go over HTTP")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="makegood-guess-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with embedded.running(folder / "postgres") as url:
            migrate.upgrade(url)
            with serving(url) as served:
                return guess(served, options.codes, options.tries, options.calls)


def guess(served: Served, codes: int, tries: int, calls: int) -> int:
    """Let the thief try; return 0 where every try was in vain."""
    known = asyncio.run(issue(served, codes))
    live = ask(served.settings.database_url, "SELECT count(*) FROM codes JOIN awards USING (subject, code_digest)")
    print(f"{live:,} live codes")  # noqa: T201  # a bench prints
    assert found_directly(served, iter(known)) == (len(known), len(known)), "a code that is live is found"
    tried, found = found_directly(served, drawn(tries))
    flow = list(drawn(2000))
    found += asyncio.run(found_by_the_flow(served, flow))
    print(f"{tried + len(flow):,} guesses looked up without a limit: {found} found")  # noqa: T201  # as above
    told = over_http(served, drawn(calls))
    looked = told.statuses[404]
    days = tries / MISSES_PER_MINUTE / 60 / 24
    print(  # noqa: T201  # as above
        f"{calls:,} over HTTP in {told.seconds:.0f} s: {looked} looked up, {told.statuses[429]:,} told to wait (429);"
        f" to look up {tries:,} would take a key {days:.1f} days"
    )
    allowed = MISSES_PER_MINUTE * (1 + told.seconds / 60) + CALLERS
    stopped = looked <= allowed and told.statuses[429] == calls - looked and told.waits == {True}
    wins = found + told.statuses[200] + (0 if stopped else 1)
    print(f"guess: {wins} (aim 0) {'OK' if wins == 0 else 'SHORT'}")  # noqa: T201  # as above
    return int(wins > 0)


if __name__ == "__main__":
    sys.exit(main())
