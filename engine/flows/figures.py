"""The business's own figures for whoever watches: what is owed, what is left, what waits, and how late the jobs are."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from engine.flows import accrual
from engine.versions import Versions

# Each of these looks at small tables or partial indexes of what is alive, never at history.
_BUDGETS = text("""
SELECT DISTINCT ON (campaign) campaign, currency, amount_minor, remaining_minor FROM budgets
ORDER BY campaign, period DESC
""")
_LIABILITY = text("""
SELECT campaign, currency, sum(liability_minor)::bigint, count(*) FROM awards WHERE status IN ('issued', 'reserved')
GROUP BY campaign, currency
""")
_ALIVE = text("""
SELECT (SELECT count(*) FROM offers WHERE status = 'open'), (SELECT count(*) FROM holds WHERE status = 'offered'),
    (SELECT count(*) FROM enrolments WHERE status = 'active')
""")
_QUEUE = text("""
SELECT count(*), coalesce(extract(epoch FROM now() - min(coalesce(scheduled_at, deferred.at, now()))), 0)::float,
    (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('failed', 'aborted'))
FROM procrastinate_jobs jobs
LEFT JOIN LATERAL (
    SELECT min(at) AS at FROM procrastinate_events WHERE job_id = jobs.id AND type = 'deferred'
) deferred ON true
WHERE jobs.status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
""")


class Figures(NamedTuple):
    """Amounts are in minor units, by campaign and currency."""

    budget_minor: dict[tuple[str, str], int]
    left_minor: dict[tuple[str, str], int]
    owed_minor: dict[tuple[str, str], int]
    codes: dict[tuple[str, str], int]
    open_offers: int
    holds: int
    waiting: int
    pages_due: int  # cohorts' days whose points are not written yet
    accrual_lag_seconds: float
    jobs_due: int
    jobs_failed: int
    jobs_late_seconds: float


async def of(session: AsyncSession, versions: Versions, *, now: datetime) -> Figures:
    budgets = (await session.execute(_BUDGETS)).all()
    owed = (await session.execute(_LIABILITY)).all()
    offers, holds, waiting = (await session.execute(_ALIVE)).one()
    jobs, late, failed = (await session.execute(_QUEUE)).one()
    pages = await accrual.pages_due(session, versions, through=None, now=now)
    over = [(await versions.get(session, page.version)).day_over(page.day) for page in pages[:1]]
    return Figures(
        budget_minor={(campaign, currency): amount for campaign, currency, amount, _ in budgets},
        left_minor={(campaign, currency): left for campaign, currency, _, left in budgets},
        owed_minor={(campaign, currency): minor for campaign, currency, minor, _ in owed},
        codes={(campaign, currency): count for campaign, currency, _, count in owed},
        open_offers=offers,
        holds=holds,
        waiting=waiting,
        pages_due=len(pages),
        accrual_lag_seconds=max(((now - instant).total_seconds() for instant in over), default=0.0),
        jobs_due=jobs,
        jobs_failed=failed,
        jobs_late_seconds=late,
    )
