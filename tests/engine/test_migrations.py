"""The schema comes from migrations alone: up, down, and the same as the tables in the code."""

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from engine.db import migrate, schema
from engine.db.session import sqlalchemy_url
from tests.support import ask, do, rows

_THINGS = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'
UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typname NOT LIKE '%alembic%'
"""


def test_up_and_down_and_up_again_leaves_no_trace_and_ends_the_same(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    first = rows(empty_database_url, _THINGS)
    migrate.downgrade(empty_database_url, "base")
    assert rows(empty_database_url, _THINGS) == []

    migrate.upgrade(empty_database_url)

    assert sorted(rows(empty_database_url, _THINGS)) == sorted(first)


def test_every_single_step_goes_down_and_up(empty_database_url: str) -> None:
    for revision in ("0001", "0002", "0003", "0004", "0005", "0006"):
        migrate.upgrade(empty_database_url, revision)
        before = sorted(rows(empty_database_url, _THINGS))
        migrate.downgrade(empty_database_url, "-1")
        assert sorted(rows(empty_database_url, _THINGS)) != before
        migrate.upgrade(empty_database_url, revision)
        assert sorted(rows(empty_database_url, _THINGS)) == before


def test_the_tables_of_the_code_are_those_of_the_migrations(database_url: str) -> None:
    migrate.check(database_url)


def test_check_finds_a_column_the_code_does_not_know(database_url: str) -> None:
    do(database_url, "ALTER TABLE offers ADD COLUMN stray text")
    with pytest.raises(Exception, match="stray"):
        migrate.check(database_url)


def test_a_database_is_current_only_with_every_migration(empty_database_url: str) -> None:
    engine = create_engine(sqlalchemy_url(empty_database_url))
    migrate.upgrade(empty_database_url, "0001")
    with engine.connect() as connection:
        assert not schema.is_current(connection)
    migrate.upgrade(empty_database_url)
    with engine.connect() as connection:
        assert schema.is_current(connection)
    engine.dispose()


def test_the_newest_migration_is_known_without_loading_any(empty_database_url: str) -> None:
    engine = create_engine(sqlalchemy_url(empty_database_url))
    with engine.connect() as connection:
        assert not schema.is_current(connection), "an empty database"
    engine.dispose()
    assert ScriptDirectory.from_config(migrate.alembic_config()).get_heads() == [schema.HEAD]


def test_a_database_ahead_of_the_code_is_current_or_an_upgrade_would_be_a_pause(database_url: str) -> None:
    do(database_url, "UPDATE alembic_version SET version_num = '9999'")
    engine = create_engine(sqlalchemy_url(database_url))
    with engine.connect() as connection:
        assert schema.is_current(connection)
    engine.dispose()


def test_migrations_are_numbered_in_their_order() -> None:
    scripts = ScriptDirectory.from_config(migrate.alembic_config())
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
    assert {len(revision) for revision in revisions} == {4}


def test_going_down_with_data_keeps_what_the_older_schema_knows(database_url: str) -> None:
    do(
        database_url,
        "INSERT INTO epochs (day, purpose, secret_sealed, secret_digest, opened_at)"
        " VALUES ('2026-11-22', 'wheel', '', 'a', now()), ('2026-11-22', 'patience', '', 'b', now())",
    )
    migrate.downgrade(database_url, "0002")
    assert rows(database_url, "SELECT secret_digest FROM epochs") == [("a",)]


@pytest.mark.parametrize("table", ["liability_entries", "campaign_versions", "point_entries"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_books_and_published_versions_refuse_every_change(database_url: str, table: str, statement: str) -> None:
    column = ask(database_url, "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", table)
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement.format(table, column, column).encode())
