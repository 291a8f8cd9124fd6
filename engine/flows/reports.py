"""What the report is made of: units, outcomes and spins, added up where they are stored.

A unit is a shopper's first stockout in the experiment. Later ones are not counted: whether they were eligible at all
depends on what the arm did before, and then the arms would not be alike any more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Targets, Version
from engine.desk.findings import Metric, Report, WhatIfView
from engine.desk.report import METRICS, Counts, judge_what_if, report
from engine.errors import FieldError, InvalidBodyError
from engine.messages import Messages
from engine.versions import Versions
from rewards.intervals import Moments
from rewards.whatif import SPINS_MIN, Log

SPINS_MAX = 500_000
WEIGHTED_SUM = 100.0

_UNITS = """
units AS MATERIALIZED (
    SELECT DISTINCT ON (o.subject) o.subject, o.arm, o.arm_probability, o.version, o.stockout_id,
        s.occurred_at AS met_at, o.created_at
    FROM offers o
    JOIN campaign_versions v ON v.digest = o.version
    JOIN stockouts s ON s.subject = o.subject AND s.id = o.stockout_id
    WHERE v.slug = :slug AND o.arm IS NOT NULL AND (o.arm_probability < 1 OR NOT :experiment)
    ORDER BY o.subject, o.created_at
)
"""
# An order told twice, as placed and as the purchase of what was missing, is one order.
_ORDERS = """
orders AS (
    SELECT subject, sum(margin) FILTER (WHERE at < met_at + interval '30 days') AS m30, sum(margin) AS m90
    FROM (
        SELECT DISTINCT ON (u.subject, coalesce(k.order_id, k.event_id)) u.subject, u.met_at, k.occurred_at AS at,
            k.margin_minor AS margin
        FROM units u JOIN outcomes k ON k.subject = u.subject
        WHERE k.kind IN ('purchased', 'order_placed', 'alternative_bought') AND k.margin_minor IS NOT NULL
            AND k.occurred_at >= u.met_at AND k.occurred_at < u.met_at + interval '90 days'
        ORDER BY u.subject, coalesce(k.order_id, k.event_id), k.occurred_at, k.event_id
    ) each_order GROUP BY subject
)
"""
_COUNTS = f"""
WITH {_UNITS}, {_ORDERS}, told AS (
    SELECT u.subject,
        bool_or(k.kind = 'basket_abandoned') AND NOT bool_or(k.kind IN ('purchased', 'order_placed')) AS abandoned,
        bool_or(k.kind = 'alternative_bought') AS alternative,
        bool_or(k.kind = 'alert_signed_up') AS alert,
        bool_or(k.kind = 'complaint') AS complaint,
        (array_agg(k.score ORDER BY k.occurred_at, k.event_id) FILTER (WHERE k.kind = 'csat'))[1] AS csat,
        (array_agg(k.score ORDER BY k.occurred_at, k.event_id) FILTER (WHERE k.kind = 'nps'))[1] AS nps
    FROM units u JOIN outcomes k ON k.subject = u.subject AND k.stockout_id = u.stockout_id
    GROUP BY u.subject
)
SELECT u.version, u.arm, max(u.arm_probability) AS probability, max(u.created_at) AS newest, count(*) AS n,
    count(*) FILTER (WHERE t.abandoned) AS abandonment,
    count(*) FILTER (WHERE t.alternative) AS alternatives,
    count(*) FILTER (WHERE t.alert) AS alerts,
    count(*) FILTER (WHERE t.complaint) AS complaints,
    count(t.csat) AS csat_n, count(*) FILTER (WHERE t.csat >= 4) AS csat_good,
    count(t.nps) AS nps_n, count(*) FILTER (WHERE t.nps >= 9) AS promoters,
    count(*) FILTER (WHERE t.nps <= 6) AS detractors,
    count(*) FILTER (WHERE u.met_at <= :now30) AS m30_n,
    coalesce(sum(r.m30) FILTER (WHERE u.met_at <= :now30), 0) AS m30,
    coalesce(sum(r.m30 * r.m30) FILTER (WHERE u.met_at <= :now30), 0) AS m30_square,
    coalesce(sum(r.m30 * r.m30 * r.m30) FILTER (WHERE u.met_at <= :now30), 0) AS m30_cube,
    count(*) FILTER (WHERE u.met_at <= :now30 AND r.m30 <> 0) AS m30_events,
    greatest(max(r.m30) FILTER (WHERE u.met_at <= :now30), 0) AS m30_largest,
    least(min(r.m30) FILTER (WHERE u.met_at <= :now30), 0) AS m30_smallest,
    count(*) FILTER (WHERE u.met_at <= :now90) AS m90_n,
    coalesce(sum(r.m90) FILTER (WHERE u.met_at <= :now90), 0) AS m90,
    coalesce(sum(r.m90 * r.m90) FILTER (WHERE u.met_at <= :now90), 0) AS m90_square,
    coalesce(sum(r.m90 * r.m90 * r.m90) FILTER (WHERE u.met_at <= :now90), 0) AS m90_cube,
    count(*) FILTER (WHERE u.met_at <= :now90 AND r.m90 <> 0) AS m90_events,
    greatest(max(r.m90) FILTER (WHERE u.met_at <= :now90), 0) AS m90_largest,
    least(min(r.m90) FILTER (WHERE u.met_at <= :now90), 0) AS m90_smallest
FROM units u LEFT JOIN told t USING (subject) LEFT JOIN orders r USING (subject)
GROUP BY u.version, u.arm ORDER BY u.version, u.arm
"""  # noqa: S608  # its parts are the constants above
_SPINS = f"""
WITH {_UNITS}, {_ORDERS}
SELECT p.slice, u.version, coalesce(r.m30, 0) AS outcome, coalesce(s.cart_total_minor, 0) AS basket,
    (s.stage = 'in_cart')::int AS in_cart
FROM units u
JOIN offers o ON o.subject = u.subject AND o.stockout_id = u.stockout_id
JOIN spins p ON p.subject = o.subject AND p.offer_id = o.id
JOIN stockouts s ON s.subject = u.subject AND s.id = u.stockout_id
LEFT JOIN orders r ON r.subject = u.subject
WHERE u.met_at <= :now30 ORDER BY p.id LIMIT {SPINS_MAX}
"""  # noqa: S608  # as above

_SPUN = f"""
WITH {_UNITS}
SELECT count(*) FROM units u
JOIN offers o ON o.subject = u.subject AND o.stockout_id = u.stockout_id
JOIN spins p ON p.subject = o.subject AND p.offer_id = o.id
"""  # noqa: S608  # as above


async def of_campaign(
    session: AsyncSession,
    versions: Versions,
    version: Version,
    targets: Targets,
    messages: Messages,
    *,
    wanted: Mapping[str, float] | None = None,
    now: datetime,
) -> Report:
    """Report on one campaign, all its versions together; `wanted` asks what other odds would have done."""
    experiment = await _is_experiment(session, version.slug)
    asked = {
        "slug": version.slug,
        "experiment": experiment,
        "now30": now - timedelta(days=30),
        "now90": now - timedelta(days=90),
    }
    await _expect_much(session)
    rows = [_counts(row) for row in (await session.execute(text(_COUNTS), asked)).mappings()]
    designs: dict[str, dict[str, float]] = {}
    for digest in dict.fromkeys(row.version for row in rows):
        designs[digest] = {arm.name: arm.percent / 100 for arm in (await versions.get(session, digest)).arms}
    what_if = await _what_if(session, versions, version, wanted, messages, asked=asked) if wanted else None
    return report(
        campaign=version.slug,
        currency=version.currency,
        rows=rows,
        designs=designs,
        targets=targets,
        messages=messages,
        what_if=what_if,
    )


async def _expect_much(session: AsyncSession) -> None:
    """Read whole tables side by side for the rest of the transaction.

    The planner cannot know how many shoppers an experiment has, and row by row a hundred thousand take minutes.
    """
    await session.execute(text("SET LOCAL enable_nestloop = off"))
    await session.execute(text("SET LOCAL statement_timeout = '60s'"))


async def _is_experiment(session: AsyncSession, slug: str) -> bool:
    found = text(
        "SELECT EXISTS (SELECT FROM offers o JOIN campaign_versions v ON v.digest = o.version"
        " WHERE v.slug = :slug AND o.arm_probability < 1)"
    )
    return bool((await session.execute(found, {"slug": slug})).scalar_one())


def _counts(row: RowMapping) -> Counts:
    n = int(row["n"])
    sums: dict[Metric, Moments] = {}
    yes_or_no: tuple[Metric, ...] = ("abandonment", "alternatives", "alerts", "complaints")
    for metric in yes_or_no:
        sums[metric] = _share(n, row[metric])
    sums["csat"] = _share(int(row["csat_n"]), row["csat_good"])
    sums["nps"] = _score(int(row["nps_n"]), int(row["promoters"]), int(row["detractors"]))
    margins: tuple[tuple[int, Metric], ...] = ((30, "margin_30"), (90, "margin_90"))
    for days, metric in margins:
        names = ("_n", "", "_square", "_cube", "_events", "_largest", "_smallest")
        sums[metric] = Moments(*(float(row[f"m{days}{name}"]) for name in names))
    assert set(sums) == set(METRICS)  # noqa: S101  # a metric without sums would be a gap in the report
    return Counts(row["version"], row["arm"], float(Decimal(row["probability"])), n, sums, row["newest"])


def _share(n: int, number: Any) -> Moments:
    """Return the sums of a yes or no."""
    yes = int(number)
    return Moments(n, yes, yes, yes, yes)


def _score(n: int, promoters: int, detractors: int) -> Moments:
    """Return the sums of NPS answers as a score: 1 of a promoter, 0 of a detractor, half of one between."""
    between = n - promoters - detractors
    first, second, third = (promoters + between / 2**power for power in (1, 2, 3))
    return Moments(n, first, second, third, promoters + between)


async def _what_if(
    session: AsyncSession,
    versions: Versions,
    version: Version,
    wanted: Mapping[str, float],
    messages: Messages,
    *,
    asked: Mapping[str, Any],
) -> WhatIfView:
    names = [piece.slice for piece in version.table.slices]
    chances = chances_of(version, wanted)
    rows = (await session.execute(text(_SPINS), dict(asked))).all()
    odds = {digest: await _odds(session, versions, digest, names) for digest in {row.version for row in rows}}
    sound = [row for row in rows if odds[row.version] is not None and row.slice in names]
    log = Log(
        np.array([names.index(row.slice) for row in sound], np.int64),
        np.array([odds[row.version] for row in sound], np.float64).reshape(len(sound), len(names)),
        np.array([float(row.outcome) for row in sound], np.float64),
        np.array([[row.basket / 1000, row.in_cart] for row in sound], np.float64).reshape(len(sound), 2),
    )
    spun = (await session.execute(text(_SPUN), dict(asked))).scalar_one() if len(sound) < SPINS_MIN else len(sound)
    return judge_what_if(log, wanted, chances, version.currency, messages, spun=spun)


async def _odds(session: AsyncSession, versions: Versions, digest: str, names: Sequence[str]) -> list[float] | None:
    """Return the probability each slice had in a version; None where it had other slices."""
    table = (await versions.get(session, digest)).table
    weights = {piece.slice: piece.weight for piece in table.slices}
    if not set(weights) <= set(names):
        return None
    return [weights.get(name, 0) / table.total_weight for name in names]


def chances_of(version: Version, wanted: Mapping[str, float]) -> list[float]:
    """Return every slice's probability with those in `wanted` (in percent) set, the others in their old proportions."""
    table = version.table
    given = sum(wanted.values())
    free = sum(piece.weight for piece in table.slices if piece.slice not in wanted)
    unknown = [name for name in wanted if name not in {piece.slice for piece in table.slices}]
    flaw = f'the wheel has no slice "{unknown[0]}"' if unknown else ""
    if any(percent < 0 for percent in wanted.values()) or given > WEIGHTED_SUM:
        flaw = flaw or "percentages are 0 to 100, all together 100 at most"
    if not free and abs(given - WEIGHTED_SUM) > 1e-9:  # noqa: PLR2004  # all slices are given
        flaw = flaw or "all slices are given, and they do not add up to 100"
    if flaw:
        raise InvalidBodyError(flaw, errors=[FieldError("what_if", flaw)])
    return [
        wanted[piece.slice] / WEIGHTED_SUM
        if piece.slice in wanted
        else (1 - given / WEIGHTED_SUM) * piece.weight / free
        for piece in table.slices
    ]
