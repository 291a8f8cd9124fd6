"""Runs migrations one process at a time, never waiting long for a hot table."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, text

from engine.db.session import sqlalchemy_url
from engine.db.tables import Base

# Any number; it is the same for every process, so that two never migrate at once.
_MIGRATION_LOCK = 7_262_730


def _ours(
    _thing: object, name: str | None, kind: str, _reflected: bool, _compared: object
) -> bool:  # Alembic's own signature
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, include_object=_ours, compare_type=True)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        context.run_migrations()


def _main() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        _run(given)
        return
    engine = create_engine(sqlalchemy_url(os.environ["DATABASE_URL"]))
    with engine.connect() as connection:
        _run(connection)
    engine.dispose()


_main()
