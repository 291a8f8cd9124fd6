"""Brings a database to the schema of this code, and says whether it is there."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from engine.db.session import sqlalchemy_url

_FOLDER = Path(__file__).resolve().parent / "migrations"


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Run every migration that is missing; nothing happens where none is."""
    _with_connection(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    _with_connection(database_url, lambda config: command.downgrade(config, revision))


def check(database_url: str) -> None:
    """Raise where the tables of the code and of the migrations differ."""
    _with_connection(database_url, command.check)


def is_current(connection: Connection) -> bool:
    """Whether the database has every migration of this code; one that is ahead has, while the next version comes."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head() or ""
    # Revisions are numbers with leading noughts, so they sort as they follow each other.
    return (MigrationContext.configure(connection).get_current_revision() or "") >= head


def _with_connection(database_url: str, run: Callable[[Config], object]) -> None:
    engine = create_engine(sqlalchemy_url(database_url))
    config = alembic_config()
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            run(config)
    finally:
        engine.dispose()
