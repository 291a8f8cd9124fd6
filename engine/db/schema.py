"""Whether a database has every migration of this code: told without loading any of them."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

MIGRATIONS: Final = Path(__file__).resolve().parent / "migrations"
# Their files begin with their number, and each follows the one before.
HEAD: Final = max(path.stem.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
IS_THERE: Final = "SELECT to_regclass('alembic_version') IS NOT NULL"
VERSION: Final = "SELECT version_num FROM alembic_version"


def is_current(connection: Connection) -> bool:
    """Whether the database has every migration of this code; one that is ahead has, while the next version comes."""
    if not connection.execute(text(IS_THERE)).scalar():
        return False
    # Revisions are numbers with leading noughts, so they sort as they follow each other.
    return (connection.execute(text(VERSION)).scalar() or "") >= HEAD
