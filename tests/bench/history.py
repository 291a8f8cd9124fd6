"""Past spins, as many as one likes, written by PostgreSQL itself: a shop that has been open for years."""

from collections.abc import Callable

import psycopg

# One spin each of so many shoppers, a second apart, up to an hour ago; ids are time-ordered, as real ones.
_ID = """
CREATE FUNCTION pg_temp.at(moment timestamptz, number bigint, kind int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
        || 'b' || lpad(to_hex(number), 15, '0'))::uuid
$$
"""
_ROWS = """
CREATE TEMP TABLE past AS
SELECT n, at, pg_temp.at(at, n, 1) AS subject, pg_temp.at(at, n, 2) AS stockout, pg_temp.at(at, n, 3) AS offer,
    pg_temp.at(at, n, 4) AS award, sha256(n::text::bytea) AS digest
FROM (
    SELECT n, now() - interval '1 hour' - (%s::bigint - n) * interval '0.2 seconds' AS at
    FROM generate_series(%s::bigint, %s::bigint) n
) t
"""
_WRITE = (
    """INSERT INTO shoppers (shopper_id, subject, address_digest, locale, segments, created_at, updated_at)
    SELECT 'past-' || n, subject, digest, 'fr', '{}', at, at FROM past""",
    """INSERT INTO stockouts (subject, id, occurred_at, sku, categories, quantity, stage, market, alternatives,
        created_at)
    SELECT subject, stockout, at, 'LAMP-' || n % 500, '{}', 1, 'in_cart', 'FR', '[]', at FROM past""",
    """INSERT INTO offers (subject, id, stockout_id, status, version, arm, reasons, facts, table_digest, commitment,
        epoch_day, budget_period, floor_minor, created_at, expires_at, arm_probability)
    SELECT subject, offer, stockout, 'spun', 'past', 'wheel', '[]', '{}', 'past', 'past', at::date, at::date, 800, at,
        at + interval '1 day', 1 FROM past""",
    """INSERT INTO awards (subject, id, offer_id, version, reward, status, liability_minor, currency, campaign,
        budget_period, code_sealed, code_digest, created_at, expires_at)
    SELECT subject, award, offer, 'past', 'discount-5', 'expired', 800, 'EUR', 'past', at::date, digest, digest, at,
        at + interval '14 days' FROM past""",
    """INSERT INTO spins (subject, offer_id, id, award_id, table_digest, client_seed, round, ticket, slice_index, slice,
        stop, created_at, slice_weight, total_weight)
    SELECT subject, offer, offer, award, 'past', 'past', 0, 1, 0, 'discount-5', '0.10000000', at, 40, 100 FROM past""",
    "INSERT INTO codes (code_digest, subject, award_id) SELECT digest, subject, award FROM past",
    """INSERT INTO liability_entries (subject, id, campaign, period, source, target, amount_minor, cause, cause_id,
        created_at)
    SELECT subject, pg_temp.at(at, n, 5), 'past', at::date, 'available', 'owed', 800, 'offer_made', offer, at FROM past
    UNION ALL
    SELECT subject, pg_temp.at(at, n, 6), 'past', at::date, 'owed', 'available', 800, 'offer_settled', offer, at
    FROM past
    UNION ALL
    SELECT subject, pg_temp.at(at, n, 7), 'past', at::date, 'available', 'owed', 800, 'award_granted', award, at
    FROM past""",
)
_ONCE = (
    """INSERT INTO budgets (campaign, period, amount_minor, remaining_minor, currency)
    SELECT 'past-' || c, current_date - d, 1000, 1000, 'EUR'
    FROM generate_series(1, 10) c, generate_series(1, 700) d""",
    """INSERT INTO reward_stocks (campaign, reward, total)
    SELECT 'past-' || c, 'reward-' || r, 10 FROM generate_series(1, 100) c, generate_series(1, 20) r""",
    """INSERT INTO enrolments (subject, id, offer_id, version, campaign, budget_period, sku, quantity, status,
        client_seed, started_on, last_on, created_at)
    SELECT subject, offer, offer, 'past', 'past', at::date, 'LAMP-1', 1, 'left', 'past', at::date, at::date, at
    FROM past LIMIT 5000""",
)
PAGE = 250_000


def live_through(url: str, spins: int, progress: Callable[[int], object] = lambda _done: None) -> None:
    """Write so many past spins with all that belongs to them, and what the planner must know of them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        # The rows refer to each other rightly by how they are made; asking for each of them would take hours.
        connection.execute("SET session_replication_role = replica")
        connection.execute(_ID)
        for first in range(1, spins + 1, PAGE):
            last = min(first + PAGE - 1, spins)
            connection.execute("DROP TABLE IF EXISTS past")
            connection.execute(psycopg.sql.SQL(_ROWS).format(), (spins, first, last))
            for statement in _WRITE:
                connection.execute(statement.encode())
            progress(last)
        for statement in _ONCE:
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")
