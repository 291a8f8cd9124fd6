"""Headers every answer carries, and the name each request is logged by."""

import os
import re
import time
from collections.abc import Iterable
from functools import lru_cache

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from engine.logs import REQUEST_ID

_REQUEST_ID = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"referrer-policy", b"no-referrer"),
]
NO_STORE = (b"cache-control", b"no-store")
REQUESTS = Counter("makegood_requests_total", "Requests answered", ["method", "status"])
SECONDS = Histogram("makegood_request_seconds", "Time to answer a request", ["method"])


def answering(next_app: ASGIApp) -> ASGIApp:
    """Security headers, a request id and two metrics for each answer.

    It goes around the router, so that answers of no route (404, 405, preflights) are like all others.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"])
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                there = {name.lower() for name, _ in headers}
                headers.append((b"x-request-id", request_id.encode()))
                headers += [header for header in SECURITY if header[0] not in there]
                if scope["path"].startswith("/v1/") and NO_STORE[0] not in there:
                    headers.append(NO_STORE)
                message["headers"] = headers
                note(scope, message["status"], started)
            await send(message)

        token = REQUEST_ID.set(request_id)
        try:
            await next_app(scope, receive, send_with_headers)
        finally:
            REQUEST_ID.reset(token)

    return answer


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the id the caller gave, where it cannot harm a log, or a new one."""
    for name, value in headers:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return given if _REQUEST_ID.match(given) else os.urandom(16).hex()
    return os.urandom(16).hex()


def note(scope: Scope, status: int, started: float) -> None:
    counted, timed = _kept(str(scope.get("method", "")), status)
    counted.inc()
    timed.observe(time.perf_counter() - started)


@lru_cache(maxsize=1000)
def _kept(method: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, str(status)), SECONDS.labels(method)
