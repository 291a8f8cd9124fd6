"""Brings a database to the schema of this code."""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from engine.db.schema import MIGRATIONS
from engine.db.session import sqlalchemy_url


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Run every migration that is missing; nothing happens where none is."""
    _with_connection(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    _with_connection(database_url, lambda config: command.downgrade(config, revision))


def check(database_url: str) -> None:
    """Raise where the tables of the code and of the migrations differ."""
    _with_connection(database_url, command.check)


def _with_connection(database_url: str, run: Callable[[Config], object]) -> None:
    engine = create_engine(sqlalchemy_url(database_url))
    config = alembic_config()
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            run(config)
    finally:
        engine.dispose()
