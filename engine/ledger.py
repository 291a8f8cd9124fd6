"""The books of what campaigns owe: value moves between `available`, `owed` and `spent`, one way, once per cause."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import Update, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.session import raw_connection
from engine.db.tables import Budget, LiabilityEntry
from engine.ids import new_id

Account = Literal["available", "owed", "spent"]
Cause = Literal[
    "offer_made",  # available → owed: the floor of an open offer
    "offer_settled",  # owed → available: that floor, once spun or lapsed
    "milestone_promised",  # available → owed: what a milestone ahead may cost
    "milestone_settled",  # owed → available: that, once reached or missed
    "award_granted",  # available → owed: the award's liability
    "award_spent",  # owed → spent: what the order really took off
    "award_unspent",  # owed → available: what it could have cost and did not
    "award_refunded",  # spent → available
]


class BudgetKey(NamedTuple):
    """One campaign's budget in one period, by the period's first local day."""

    campaign: str
    period: date


class Left(NamedTuple):
    """What budgets (in minor units) and limited rewards (in units, by campaign and reward) can still give."""

    budgets: dict[BudgetKey, int]
    units: dict[tuple[str, str], int]


class Memory:
    """What this process last saw left under the lock, less what it took since; others take too, so it may be wrong."""

    def __init__(self) -> None:
        self._left = Left({}, {})

    def left(self, budgets: AbstractSet[BudgetKey], units: AbstractSet[tuple[str, str]]) -> Left | None:
        """Return what is left of these, or None where something of it was never looked at."""
        if budgets <= self._left.budgets.keys() and units <= self._left.units.keys():
            return Left(
                {key: self._left.budgets[key] for key in budgets}, {key: self._left.units[key] for key in units}
            )
        return None

    def keep(self, seen: Left) -> None:
        self._left.budgets.update(seen.budgets)
        self._left.units.update(seen.units)

    def take(self, before: Left, after: Left) -> None:
        for key, minor in before.budgets.items():
            self._left.budgets[key] += after.budgets[key] - minor
        for one, units in before.units.items():
            self._left.units[one] += after.units[one] - units

    def forget(self) -> None:
        """Look anew: a transaction that relied on this was undone."""
        self._left = Left({}, {})


async def transfer(
    session: AsyncSession,
    key: BudgetKey,
    source: Account,
    target: Account,
    amount_minor: int,
    *,
    cause: Cause,
    cause_id: UUID,
    subject: UUID,
    now: datetime,
) -> None:
    """Move an amount once; a second call with the same cause changes nothing.

    The budget's CHECK refuses what `available` cannot pay; callers that expect that ask `lock_remaining_minor` first.
    """
    if amount_minor == 0:
        return
    entry = insert(LiabilityEntry).values(
        subject=subject,
        id=new_id(now),
        campaign=key.campaign,
        period=key.period,
        source=source,
        target=target,
        amount_minor=amount_minor,
        cause=cause,
        cause_id=cause_id,
        created_at=now,
    )
    done = await session.execute(entry.on_conflict_do_nothing().returning(LiabilityEntry.id))
    if done.first() is None:
        return
    change = (amount_minor if target == "available" else 0) - (amount_minor if source == "available" else 0)
    if change:
        await session.execute(_at(key).values(remaining_minor=Budget.remaining_minor + change))


async def set_aside(
    session: AsyncSession,
    key: BudgetKey,
    amounts_minor: Mapping[UUID, int],
    *,
    cause: Cause,
    subject: UUID,
    now: datetime,
) -> None:
    """Move amounts, by their cause's id, from `available` to `owed`.

    One statement, for the end of a transaction: others wait for the budget no longer than the commit takes. Its CHECK
    refuses what `available` cannot pay.
    """
    some = {cause_id: minor for cause_id, minor in amounts_minor.items() if minor}
    if not some:
        return
    connection = await raw_connection(session)
    values = {
        "subject": subject,
        "ids": [new_id(now) for _ in some],
        "campaign": key.campaign,
        "period": key.period,
        "amounts": list(some.values()),
        "sum": sum(some.values()),
        "cause": cause,
        "cause_ids": list(some),
        "now": now,
    }
    await connection.execute(_SET_ASIDE, values)


async def open_period(session: AsyncSession, key: BudgetKey, amount_minor: int, currency: str) -> None:
    """Make the period's budget the first time it is needed."""
    connection = await raw_connection(session)
    await connection.execute(_OPEN, (*key, amount_minor, amount_minor, currency))


async def remaining_minor(session: AsyncSession, key: BudgetKey) -> int | None:
    """Return what is left, without waiting for anyone; None where the period has not been opened."""
    found = select(Budget.remaining_minor).where(Budget.campaign == key.campaign, Budget.period == key.period)
    return (await session.execute(found)).scalar_one_or_none()


async def lock_remaining_minor(session: AsyncSession, key: BudgetKey) -> int:
    """Return what is left and keep others from moving it until this transaction ends."""
    found = select(Budget.remaining_minor).where(Budget.campaign == key.campaign, Budget.period == key.period)
    return (await session.execute(found.with_for_update())).scalar_one()


# Looked for first: the INSERT alone would wait for whoever is just moving the budget that is there.
_OPEN = """
INSERT INTO budgets (campaign, period, amount_minor, remaining_minor, currency)
SELECT * FROM (VALUES (%s::text, %s::date, %s::bigint, %s::bigint, %s::text))
    AS v(campaign, period, amount_minor, remaining_minor, currency)
WHERE NOT EXISTS (SELECT FROM budgets b WHERE b.campaign = v.campaign AND b.period = v.period)
ON CONFLICT DO NOTHING
"""
_SET_ASIDE = """
WITH paid AS (
    UPDATE budgets SET remaining_minor = remaining_minor - %(sum)s
    WHERE campaign = %(campaign)s AND period = %(period)s
    RETURNING campaign, period
)
INSERT INTO liability_entries (subject, id, campaign, period, source, target, amount_minor, cause, cause_id, created_at)
SELECT %(subject)s, e.id, paid.campaign, paid.period, 'available', 'owed', e.amount_minor, %(cause)s, e.cause_id,
    %(now)s
FROM paid, unnest(%(ids)s::uuid[], %(amounts)s::bigint[], %(cause_ids)s::uuid[]) AS e(id, amount_minor, cause_id)
"""
_LOOK = """
SELECT b.campaign, b.period, b.remaining_minor
FROM budgets b JOIN unnest(%s::text[], %s::date[]) AS k(campaign, period) USING (campaign, period)
"""
_LOCK = f"{_LOOK} ORDER BY b.campaign, b.period FOR UPDATE OF b"
_SHIFT = """
UPDATE budgets b SET remaining_minor = remaining_minor + change
FROM unnest(%s::text[], %s::date[], %s::bigint[]) AS k(campaign, period, change)
WHERE b.campaign = k.campaign AND b.period = k.period
"""


async def lock_remaining(connection: AsyncConnection, keys: Iterable[BudgetKey]) -> dict[BudgetKey, int]:
    """Return what is left of several budgets, locked in the order of all batches."""
    campaigns, periods = zip(*sorted(set(keys)), strict=True)
    found = await (await connection.execute(_LOCK, (list(campaigns), list(periods)))).fetchall()
    return {BudgetKey(campaign, period): minor for campaign, period, minor in found}


async def remaining_of(session: AsyncSession, wanted: Sequence[tuple[Version, BudgetKey]]) -> dict[BudgetKey, int]:
    """Return what is left of campaigns' budgets, without waiting for anyone; a period not yet begun is opened."""
    keys = [key for _, key in wanted]
    connection = await raw_connection(session)
    found = await connection.execute(_LOOK, ([key.campaign for key in keys], [key.period for key in keys]))
    left = {BudgetKey(campaign, period): minor for campaign, period, minor in await found.fetchall()}
    for version, key in wanted:
        if key not in left:
            left[key] = int(version.campaign.budget.amount)
            await open_period(session, key, left[key], version.currency)
    return left


async def shift(connection: AsyncConnection, changes: dict[BudgetKey, int]) -> None:
    """Change what is left of locked budgets, by the sums of entries that the caller writes in this transaction."""
    some = [(key.campaign, key.period, change) for key, change in sorted(changes.items()) if change]
    if some:
        await connection.execute(_SHIFT, [list(column) for column in zip(*some, strict=True)])


async def lock_all(session: AsyncSession, keys: Iterable[BudgetKey]) -> None:
    """Lock the budgets of a batch, in the order of all batches and before any unit of stock, as a spin does.

    Without it, a spin that holds a budget and a batch that holds a unit of stock would wait for each other.
    """
    for key in sorted(set(keys)):
        await lock_remaining_minor(session, key)


async def resize(session: AsyncSession, key: BudgetKey, amount_minor: int) -> None:
    """Give a running period another amount; what is already promised stays covered."""
    used = Budget.amount_minor - Budget.remaining_minor
    amount = func.greatest(amount_minor, used)
    changed = _at(key).where(Budget.amount_minor != amount_minor)
    await session.execute(changed.values(amount_minor=amount, remaining_minor=amount - used))


def _at(key: BudgetKey) -> Update:
    return update(Budget).where(Budget.campaign == key.campaign, Budget.period == key.period)
