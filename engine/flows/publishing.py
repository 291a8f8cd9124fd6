"""Publishing the config: its versions for ever, the running budgets and stocks as they now are."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.campaigns import Config, Version
from engine.db.tables import CampaignVersion, RewardStock
from engine.ledger import BudgetKey
from engine.versions import Versions

# Any number; it is the same for every process, so that two never publish at once.
_PUBLISH_LOCK = 7_262_731


async def publish(session: AsyncSession, versions: Versions, config: Config, *, now: datetime) -> None:
    """Record every campaign of `config`. The same config again changes nothing."""
    await session.execute(select(func.pg_advisory_xact_lock(_PUBLISH_LOCK)))
    for version in config.versions:
        versions.keep(version)
        row = insert(CampaignVersion).values(
            digest=version.digest, slug=version.slug, body=version.body.decode(), published_at=now
        )
        await session.execute(row.on_conflict_do_nothing())
        await _size_budget(session, version, now=now)
        await _size_stocks(session, version)


async def _size_budget(session: AsyncSession, version: Version, *, now: datetime) -> None:
    amount_minor = int(version.campaign.budget.amount)
    key = BudgetKey(version.slug, version.budget_period(now))
    await ledger.open_period(session, key, amount_minor, version.currency)
    await ledger.resize(session, key, amount_minor)


async def _size_stocks(session: AsyncSession, version: Version) -> None:
    """Set each limited reward's total; units already promised stay promised."""
    for reward, total in sorted(version.stocks.items()):
        row = insert(RewardStock).values(campaign=version.slug, reward=reward, total=total)
        await session.execute(
            row.on_conflict_do_update(
                index_elements=[RewardStock.campaign, RewardStock.reward],
                set_={"total": func.greatest(total, RewardStock.taken)},
                where=RewardStock.total != total,
            )
        )
