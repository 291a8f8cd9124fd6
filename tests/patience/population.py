"""Many who wait, made in a few statements: as enrolling one by one would have left them, only faster."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from engine.campaigns import Version
from rewards.patience import last_day, reached_on


class Cohort(NamedTuple):
    """So many enrolments that started on one day."""

    started_on: date
    number: int


def populate(url: str, version: Version, cohorts: Sequence[Cohort], *, through: date, offers: bool = True) -> None:
    """Enrol whole cohorts, with their milestones, and every page through `through` written.

    Without `offers` only the rows accrual reads are made: no money is set aside, no earlier day stands in the ledger.
    """
    with psycopg.connect(url) as connection:
        indexes = [] if offers else _without_indexes(connection)
        _publish(connection, version)
        for cohort in cohorts:
            _enrol(connection, version, cohort, offers=offers)
            _mark(connection, version, cohort, through=through, entries=offers)
        if offers:
            _set_aside(connection, version)
        for index in indexes:
            connection.execute(index)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _without_indexes(connection: psycopg.Connection[Any]) -> list[bytes]:
    """Drop the indexes of what is to be filled, and every check of a key elsewhere; return how to make them again."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '512MB'")
    found = connection.execute(
        """SELECT indexname, indexdef FROM pg_indexes
        WHERE tablename IN ('enrolments', 'enrolment_milestones') AND indexname NOT LIKE '%_pkey'"""
    ).fetchall()
    for name, _definition in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition.encode() for _name, definition in found]


def _publish(connection: psycopg.Connection[Any], version: Version) -> None:
    connection.execute(
        "INSERT INTO campaign_versions (digest, slug, body, published_at) VALUES (%s, %s, %s, now())"
        " ON CONFLICT DO NOTHING",
        (version.digest, version.slug, version.body.decode()),
    )


def _enrol(connection: psycopg.Connection[Any], version: Version, cohort: Cohort, *, offers: bool) -> None:
    terms = version.patience
    known = {
        "version": version.digest,
        "slug": version.slug,
        "number": cohort.number,
        "started_on": cohort.started_on,
        "last_on": last_day(cohort.started_on, terms.days_max),
        "made": version.day_over(cohort.started_on) - timedelta(hours=12),
    }
    connection.execute("DROP TABLE IF EXISTS made")
    connection.execute(
        """CREATE TEMP TABLE made AS SELECT uuidv7(%(made)s - now()) AS subject, uuidv7(%(made)s - now()) AS id,
            uuidv7(%(made)s - now()) AS offer_id, uuidv7(%(made)s - now()) AS stockout_id,
            %(made)s::timestamptz AS created_at, number FROM generate_series(1, %(number)s) AS number""",
        known,
    )
    if offers:
        _offer(connection, known)
    connection.execute(
        """INSERT INTO enrolments (subject, id, offer_id, version, campaign, budget_period, sku, quantity, status,
            client_seed, started_on, last_on, created_at)
        SELECT subject, id, offer_id, %(version)s, %(slug)s, %(started_on)s, 'SKU-' || number %% 1000, 1, 'active',
            'bench ' || number, %(started_on)s, %(last_on)s, created_at FROM made""",
        known,
    )
    for milestone in terms.milestone:
        mine = known | {
            "points": milestone.points,
            "due_on": reached_on(terms, cohort.started_on, milestone.points),
            "aside": version.worst_minor(milestone.rewards),
            "drawn": bool(milestone.surprise),
        }
        connection.execute(
            """INSERT INTO enrolment_milestones (subject, enrolment_id, points, id, status, due_on, aside_minor,
                draw_id)
            SELECT subject, id, %(points)s, uuidv7(), 'ahead', %(due_on)s, %(aside)s,
                CASE WHEN %(drawn)s THEN offer_id || '/milestone/' || %(points)s END FROM made""",
            mine,
        )


def _set_aside(connection: psycopg.Connection[Any], version: Version) -> None:
    connection.execute(
        """INSERT INTO liability_entries (subject, id, campaign, period, source, target, amount_minor, cause, cause_id,
            created_at)
        SELECT n.subject, uuidv7(), n.campaign, n.budget_period, 'available', 'owed', m.aside_minor,
            'milestone_promised', m.id, n.created_at
        FROM enrolment_milestones m JOIN enrolments n ON n.subject = m.subject AND n.id = m.enrolment_id"""
    )
    connection.execute(
        """INSERT INTO budgets (campaign, period, amount_minor, remaining_minor, currency)
        SELECT campaign, period, sum(amount_minor) * 3, sum(amount_minor) * 2, %s FROM liability_entries
        GROUP BY campaign, period""",
        (version.currency,),
    )


def _offer(connection: psycopg.Connection[Any], known: dict[str, Any]) -> None:
    connection.execute(
        """INSERT INTO stockouts (subject, id, occurred_at, sku, categories, quantity, stage, market, alternatives,
            created_at)
        SELECT subject, stockout_id, created_at, 'SKU-' || number %% 1000, '{}', 1, 'in_cart', '', '[]', created_at
        FROM made""",
        known,
    )
    connection.execute(
        """INSERT INTO offers (subject, id, stockout_id, status, version, arm, arm_probability, reasons,
            facts, created_at, expires_at)
        SELECT subject, offer_id, stockout_id, 'lapsed', %(version)s, 'wheel', 1, '[]', '{}', created_at,
            created_at + interval '1 day' FROM made""",
        known,
    )


def _mark(
    connection: psycopg.Connection[Any], version: Version, cohort: Cohort, *, through: date, entries: bool
) -> None:
    known = {
        "version": version.digest,
        "started_on": cohort.started_on,
        "through": through,
        "starter": version.patience.starter_points,
        "points": version.patience.points_per_day,
    }
    connection.execute(
        """INSERT INTO accrual_pages SELECT %(version)s, %(started_on)s, day::date
        FROM generate_series(%(started_on)s::date, %(through)s::date, '1 day') AS day""",
        known,
    )
    if not entries:
        return
    connection.execute(
        """INSERT INTO point_entries (subject, enrolment_id, day, kind, ref, points, at)
        SELECT subject, id, %(started_on)s, 'welcome', '00000000-0000-0000-0000-000000000000', %(starter)s, created_at
        FROM made""",
        known,
    )
    for number in range((through - cohort.started_on).days + 1):
        day = cohort.started_on + timedelta(days=number)
        connection.execute(
            """INSERT INTO point_entries (subject, enrolment_id, day, kind, ref, points, at)
            SELECT subject, id, %(day)s, 'accrual', '00000000-0000-0000-0000-000000000000', %(points)s, %(over)s
            FROM made""",
            known | {"day": day, "over": version.day_over(day)},
        )
