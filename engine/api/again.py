"""A call that PostgreSQL undid in favour of another one is made again before its caller hears of it."""

from litestar import Litestar
from litestar.routes import HTTPRoute

from engine.db.again import retried


def retry_what_clashed(app: Litestar) -> None:
    """Do so for every call of the router: each is one transaction, and what it announces goes with it."""
    for route in (one for one in app.routes if isinstance(one, HTTPRoute)):
        for handler in (one for one in route.route_handlers if not one.has_sync_callable):
            handler._fn = retried(handler.fn)  # noqa: SLF001  # no public way to stand around the handler alone
