"""Published campaign versions, by digest: immutable, so a process keeps each one it has read."""

from sqlalchemy.ext.asyncio import AsyncSession

from engine.campaigns import Version
from engine.db.tables import CampaignVersion

KEPT_MAX = 1000


class Versions:
    """The versions this process has met."""

    def __init__(self) -> None:
        self._kept: dict[str, Version] = {}

    def keep(self, version: Version) -> Version:
        if len(self._kept) >= KEPT_MAX:
            self._kept.pop(next(iter(self._kept)))
        return self._kept.setdefault(version.digest, version)

    async def get(self, session: AsyncSession, digest: str) -> Version:
        """Return a published version; its body is the one the digest is of, or `ValueError` is raised."""
        if (kept := self._kept.get(digest)) is not None:
            return kept
        row = await session.get_one(CampaignVersion, digest)
        version = Version.stored(row.body.encode())
        if version.digest != digest:
            raise ValueError(f"campaign version {digest} has been altered")
        return self.keep(version)
