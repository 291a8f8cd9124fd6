"""Spins by the million as the engine would have left them: true draws, codes that open, books that balance."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import sql

from engine.campaigns import Version
from engine.ids import new_id
from engine.vault import Vault
from rewards.wheel import commitment, draw, server_seed

PAGE = 20_000
COLUMNS = {
    "stockouts": (
        *("subject", "id", "occurred_at", "sku", "categories", "quantity", "stage", "market", "alternatives"),
        "created_at",
    ),
    "offers": (
        *("subject", "id", "stockout_id", "status", "version", "arm", "arm_probability", "reasons", "facts"),
        *("table_digest", "commitment", "epoch_day", "budget_period", "floor_minor", "created_at", "expires_at"),
    ),
    "awards": (
        *("subject", "id", "offer_id", "version", "reward", "status", "liability_minor", "currency", "campaign"),
        *("budget_period", "code_sealed", "code_digest", "created_at", "expires_at"),
    ),
    "spins": (
        *("subject", "offer_id", "id", "award_id", "table_digest", "client_seed", "round", "ticket", "slice_index"),
        *("slice", "slice_weight", "total_weight", "stop", "created_at"),
    ),
    "codes": ("code_digest", "subject", "award_id"),
    "liability_entries": (
        *("subject", "id", "campaign", "period", "source", "target", "amount_minor", "cause", "cause_id"),
        "created_at",
    ),
}
Rows = dict[str, list[tuple[Any, ...]]]


class Books:
    """What one campaign version's spins of one UTC day leave behind, whose epoch has this secret."""

    def __init__(self, url: str, version: Version, vault: Vault, secret: bytes) -> None:
        self._url, self._version, self._vault, self._secret = url, version, vault, secret

    def open(self, day: datetime) -> None:
        """Publish the version and open the day's epoch."""
        version, secret = self._version, self._secret
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO campaign_versions (digest, slug, body, published_at) VALUES (%s, %s, %s, now())",
                (version.digest, version.slug, version.body.decode()),
            )
            connection.execute(
                "INSERT INTO epochs (day, purpose, secret_sealed, secret_digest, opened_at)"
                " VALUES (%s, 'wheel', %s, %s, %s)",
                (day.date(), self._vault.seal(secret), sha256(secret).hexdigest(), day),
            )

    def spin(self, spins: int, day: datetime, told: Callable[[int], object]) -> None:
        """Write so many spins, a millisecond apart."""
        taken: Counter[str] = Counter()
        used = 0
        with psycopg.connect(self._url) as connection:
            connection.execute("SET session_replication_role = replica")
            for first in range(0, spins, PAGE):
                rows: Rows = {table: [] for table in COLUMNS}
                for number in range(first, min(first + PAGE, spins)):
                    reward, liability = self._one(rows, day + timedelta(milliseconds=number))
                    taken[reward] += 1
                    used += liability
                for table, columns in COLUMNS.items():
                    _copy(connection, table, columns, rows[table])
                told(min(first + PAGE, spins))
            self._sum_up(connection, taken, used, self._version.budget_period(day))

    def _sum_up(self, connection: psycopg.Connection[Any], taken: Counter[str], used: int, period: date) -> None:
        version = self._version
        for reward in version.stocks:
            connection.execute(
                "INSERT INTO reward_stocks (campaign, reward, total, taken) VALUES (%s, %s, %s, %s)",
                (version.slug, reward, taken.total(), taken[reward]),
            )
        connection.execute(
            "INSERT INTO budgets (campaign, period, amount_minor, remaining_minor, currency)"
            " VALUES (%s, %s, %s, %s, %s)",
            (version.slug, period, used * 2, used, version.currency),
        )

    def _one(self, rows: Rows, at: datetime) -> tuple[str, int]:
        """Add the rows of one spin; return the reward and what it may cost."""
        version, vault = self._version, self._vault
        subject, stockout, offer, award = uuid.uuid4(), new_id(at), new_id(at), new_id(at)
        period = version.budget_period(at)
        seed = server_seed(self._secret, str(offer))
        drawn = draw(version.table, seed, "bench", str(offer))
        terms = version.reward(drawn.slice.reward)
        code = f"BENCH{award.hex}"
        digest, liability, floor = vault.digest("code", code), int(terms.liability), version.aside_minor("wheel")
        ends = at + timedelta(days=1)
        rows["stockouts"].append((subject, stockout, at, "LAMP-38", [], 1, "in_cart", "FR", "[]", at))
        made = (subject, offer, stockout, "spun", version.digest, "wheel", 1, "[]", "{}", version.table.digest)
        rows["offers"].append((*made, commitment(seed), at.date(), period, floor, at, ends))
        won = (subject, award, offer, version.digest, drawn.slice.reward, "issued", liability, version.currency)
        kept = (version.slug, period, vault.seal(code.encode()), digest, at, at + timedelta(days=terms.valid_days))
        rows["awards"].append((*won, *kept))
        ticket = (drawn.round, drawn.ticket, drawn.slice_index, drawn.slice.slice, drawn.slice.weight)
        drew = (subject, offer, new_id(at), award, version.table.digest, "bench", *ticket)
        rows["spins"].append((*drew, version.table.total_weight, drawn.stop, at))
        rows["codes"].append((digest, subject, award))
        for entry in _entries(offer, award, floor, liability):
            rows["liability_entries"].append((subject, new_id(at), version.slug, period, *entry, at))
        return drawn.slice.reward, liability


def _entries(offer: uuid.UUID, award: uuid.UUID, floor: int, liability: int) -> Iterator[tuple[Any, ...]]:
    yield "available", "owed", floor, "offer_made", offer
    yield "owed", "available", floor, "offer_settled", offer
    yield "available", "owed", liability, "award_granted", award


def _copy(connection: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
