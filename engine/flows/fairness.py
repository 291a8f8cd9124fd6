"""What anyone may check: the epochs' digests and secrets, and disclosed odds beside what really came out."""

from collections import Counter, defaultdict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.api.schemas import RealisedSlice, RealisedWheel
from engine.db.tables import Offer, Spin
from engine.versions import Versions
from rewards.odds import odds_text

WHEELS_SHOWN_MAX = 50


async def realised(session: AsyncSession, versions: Versions) -> list[RealisedWheel]:
    """Count every spin by table and slice; a wheel nobody has spun is not listed."""
    counted = (
        select(Offer.version, Spin.slice, func.count())
        .join(Offer, (Offer.subject == Spin.subject) & (Offer.id == Spin.offer_id))
        .group_by(Offer.version, Spin.slice)
    )
    spins: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for digest, slice_name, number in await session.execute(counted):
        spins[digest][slice_name] = number
    most = sorted(spins, key=lambda digest: -spins[digest].total())[:WHEELS_SHOWN_MAX]
    return [await _wheel(session, versions, digest, spins[digest]) for digest in most]


async def _wheel(session: AsyncSession, versions: Versions, digest: str, counts: Counter[str]) -> RealisedWheel:
    version = await versions.get(session, digest)
    total = version.table.total_weight
    return RealisedWheel(
        campaign=version.slug,
        version=digest,
        table_digest=version.table.digest,
        spins=counts.total(),
        slices=[
            RealisedSlice(
                slice=piece.slice,
                reward=piece.reward,
                weight=piece.weight,
                odds=odds_text(piece.weight, total),
                spins=counts[piece.slice],
                share=odds_text(counts[piece.slice], counts.total()),
            )
            for piece in version.table.slices
        ],
    )
