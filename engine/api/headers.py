"""Headers every answer carries, and the name each request is logged by."""

import re
import time
from uuid import uuid4

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}
REQUESTS = Counter("makegood_requests_total", "Requests answered", ["method", "status"])
SECONDS = Histogram("makegood_request_seconds", "Time to answer a request", ["method"])


def answering(next_app: ASGIApp) -> ASGIApp:
    """Security headers, a request id, one log line and two metrics for each answer; never a body or an address.

    It goes around the router, so that answers of no route (404, 405, preflights) are like all others.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        request_id = _request_id(scope)
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                headers["X-Request-Id"] = request_id
                for name, value in _SECURITY.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/v1/"):
                    headers.setdefault("Cache-Control", "no-store")
                _note(scope, message["status"], time.perf_counter() - started)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await next_app(scope, receive, send_with_headers)

    return answer


def _request_id(scope: Scope) -> str:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if _REQUEST_ID.match(given) else uuid4().hex


def _note(scope: Scope, status: int, seconds: float) -> None:
    method = str(scope.get("method", ""))
    REQUESTS.labels(method, str(status)).inc()
    SECONDS.labels(method).observe(seconds)
    # The route's pattern, not the path: a path can hold a code or a shopper's id.
    log.debug("answered", method=method, route=scope.get("path_template", ""), status=status, seconds=round(seconds, 4))
