"""Where the database is, as libpq reads it: several hosts may be named, for a standby that takes over."""

import re

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

_SCHEME = re.compile(r"postgres(ql)?(\+psycopg)?://")


def libpq_url(database_url: str) -> str:
    """Return the address without SQLAlchemy's way of naming a driver, which may stand in it."""
    return _SCHEME.sub("postgresql://", database_url, count=1)


def is_address(text: str) -> bool:
    if not _SCHEME.match(text):
        return False
    try:
        ports = str(conninfo_to_dict(libpq_url(text)).get("port", ""))
    except ProgrammingError:
        return False
    return all(not port or port.isdecimal() for port in ports.split(","))
