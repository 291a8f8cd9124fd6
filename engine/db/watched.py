"""A connection that lets somebody watch each statement and each commit: their text, never their values."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, Error
from psycopg.abc import Query
from psycopg.sql import Composable

Watch = Callable[[str], AbstractContextManager[None]]


class Watched(AsyncConnection[Any]):
    """`watch` is entered around whatever goes to the database."""

    watch: Watch

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_factory = _Cursor

    async def commit(self) -> None:
        with self.watch("COMMIT"):
            await super().commit()


class _Cursor(AsyncCursor[Any]):
    _asked: Query = ""

    async def execute(self, query: Query, *args: Any, **options: Any) -> Any:
        self._asked = query
        with _watching(self.connection, query):
            return await super().execute(query, *args, **options)

    async def fetchone(self) -> Any:
        with self._late():
            return await super().fetchone()

    async def fetchall(self) -> list[Any]:
        with self._late():
            return await super().fetchall()

    @contextmanager
    def _late(self) -> Iterator[None]:
        """Show an error as its statement's: down a pipeline, it may come only when the rows are asked for."""
        try:
            yield
        except Error:
            with _watching(self.connection, self._asked):
                raise

    async def executemany(self, query: Query, *args: Any, **options: Any) -> None:
        with _watching(self.connection, query):
            await super().executemany(query, *args, **options)


def watched_by(watch: Watch) -> type[AsyncConnection[Any]]:
    """Return what connects so that `watch` sees it."""
    return type("WatchedConnection", (Watched,), {"watch": staticmethod(watch)})


def _watching(connection: AsyncConnection[Any], query: Query) -> AbstractContextManager[None]:
    if not isinstance(connection, Watched):
        raise TypeError(f"expected a watched connection, got {type(connection)}")
    if isinstance(query, Composable):
        return connection.watch(query.as_string())
    return connection.watch(query.decode() if isinstance(query, bytes) else str(query))
