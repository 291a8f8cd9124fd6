"""Time-ordered ids (UUIDv7, RFC 9562): random keys lose most of the insert rate once an index outgrows memory."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import uuid_utils

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(now: datetime) -> UUID:
    """Return a UUIDv7 whose time is `now`."""
    milliseconds = (now - _EPOCH) // timedelta(milliseconds=1)
    return UUID(bytes=uuid_utils.uuid7(nanoseconds=milliseconds * 1_000_000).bytes)


def moment_of(made: UUID) -> datetime:
    """Return the instant inside a UUIDv7, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=made.int >> 80)


def day_of(made: UUID) -> date:
    """Return the UTC day of a UUIDv7: the epoch of the offer it names."""
    return moment_of(made).date()
