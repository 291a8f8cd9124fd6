"""A path's segments as the caller wrote them: `%2F` inside a SKU or an id is part of it and never parts the path."""

from typing import Any
from urllib.parse import unquote

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

# A private-use character stands for the slash between the router, which would split there, and the handler.
_STAND_IN = "\ue02f"


def keeping_slashes(next_app: ASGIApp) -> ASGIApp:
    """Route by the path as it was written. It goes around the router."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            written = raw.decode("latin-1").replace("%2F", "%2f").replace("%2f", _STAND_IN)
            scope["path"] = unquote(written)
        await next_app(scope, receive, send)

    return answer


class SlashesAgain(ASGIMiddleware):
    """Give the slashes back to the ids that had them."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        given: dict[str, Any] = dict(scope["path_params"])  # parsed already: an id may be a UUID
        if any(isinstance(value, str) and _STAND_IN in value for value in given.values()):
            scope["path_params"] = {
                name: value.replace(_STAND_IN, "/") if isinstance(value, str) else value
                for name, value in given.items()
            }
        await next_app(scope, receive, send)
