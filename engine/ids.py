"""Time-ordered ids (UUIDv7, RFC 9562): random keys lose most of the insert rate once an index outgrows memory."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import uuid_utils

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id(now: datetime) -> UUID:
    """Return a UUIDv7 whose time is `now`."""
    return UUID(int=uuid_utils.uuid7(nanoseconds=_nanoseconds(now)).int)


def new_text_id(now: datetime) -> str:
    """Return the same as text, for what is only written."""
    return str(uuid_utils.uuid7(nanoseconds=_nanoseconds(now)))


@lru_cache(maxsize=4)  # a batch's ids are of one moment
def _nanoseconds(now: datetime) -> int:
    return (now - _EPOCH) // _MILLISECOND * 1_000_000


def moment_of(made: UUID) -> datetime:
    """Return the instant inside a UUIDv7, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=made.int >> 80)


def day_of(made: UUID) -> date:
    """Return the UTC day of a UUIDv7: the epoch of the offer it names."""
    return moment_of(made).date()
