"""What a database error means: it is away, or two transactions were in each other's way."""

from psycopg import errors as postgres
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class OvertakenError(Exception):
    """Another transaction did meanwhile what ours was about to do: undo it, and look again."""


# Ours was undone, and may be tried again.
_COLLIDED = (
    OvertakenError,
    postgres.DeadlockDetected,
    postgres.LockNotAvailable,
    postgres.SerializationFailure,
)
# Ours relied on what another transaction took meanwhile: the budget, the unit, or the code drawn.
_TAKEN = ("budgets_remaining_check", "reward_stocks_taken_check", "codes_pkey")
# Away, shutting down, out of connections or slower than its bounds.
_AWAY = (postgres.OperationalError, postgres.AdminShutdown, postgres.QueryCanceled)


def cause(error: BaseException) -> BaseException:
    """Return the driver's own error under SQLAlchemy's."""
    return (error.orig or error) if isinstance(error, DBAPIError) else error


def collided(error: BaseException) -> bool:
    """Whether the transaction met another one; it was undone, and trying it again is safe and may well succeed."""
    met = cause(error)
    return isinstance(met, _COLLIDED) or (
        isinstance(met, postgres.IntegrityError) and met.diag.constraint_name in _TAKEN
    )


def clashed(error: BaseException) -> bool:
    """Whether PostgreSQL undid the transaction in favour of another; not one that waited for a lock in vain."""
    return collided(error) and not isinstance(cause(error), postgres.LockNotAvailable)


def away(error: BaseException) -> bool:
    """Whether the database could not answer: the caller is told to come back, 503."""
    return isinstance(error, PoolTimeoutError) or isinstance(cause(error), (*_AWAY, *_COLLIDED))


def lost(error: BaseException) -> bool:
    """Whether the connection itself is gone: the database restarted, or another one took over."""
    met = cause(error)
    return isinstance(met, postgres.OperationalError) and (met.sqlstate is None or met.sqlstate[:3] in {"57P", "080"})
