"""The calls of a flash sale, answered before the router: the same flows, bodies, limits and problems without its share.

Whatever is not plain (another query, an odd body or media type) goes the ordinary way, which answers it as ever.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import msgspec
from litestar import Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from engine.api import problems
from engine.api.headers import NO_STORE, SECURITY, note, request_id_of
from engine.api.security import shopper_by
from engine.logs import REQUEST_ID
from engine.services import Services
from engine.vault import ShopperToken

BODY_BYTES_MAX = 64 * 1024
_LOCALE = re.compile(rb"(?:locale=([A-Za-z0-9_-]{1,35}))?")
_JSON = (b"content-type", b"application/json")
_ALWAYS = (*SECURITY, NO_STORE)
_encode = msgspec.json.Encoder().encode


class Plain(NamedTuple):
    """A call without oddities: who asks, in which language, with what body."""

    token: ShopperToken
    locale: str | None
    body: bytes


class Told(NamedTuple):
    """What is answered with 200, and the headers that go with it."""

    view: msgspec.Struct
    headers: tuple[tuple[bytes, bytes], ...] = ()


Answer = tuple[int, bytes, tuple[tuple[bytes, bytes], ...]]
HotCall = Callable[[Services, Plain], Awaitable[Told]]


def before_router(
    next_app: ASGIApp,
    services: Services,
    calls: Mapping[tuple[str, str], HotCall],
    cross_origin: Callable[[str], list[tuple[bytes, bytes]]],
) -> ASGIApp:
    """Answer `calls`, by method and path; everything else is the router's.

    `cross_origin` gives the headers that let a page of some origin read the answer.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        call = calls.get((scope["method"], scope["path"])) if scope["type"] == ScopeType.HTTP else None
        query = _LOCALE.fullmatch(scope["query_string"]) if call is not None else None
        if call is None or query is None or not _is_plain(headers := dict(scope["headers"])):
            await next_app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = request_id_of(scope["headers"])
        token = REQUEST_ID.set(request_id)
        scope["path_template"] = scope["path"]
        try:
            status, body, more = await _answer(call, query[1], scope, receive, services)
        except Exception as error:  # noqa: BLE001  # every error has its answer
            status, body, more = _problem(error)
        finally:
            REQUEST_ID.reset(token)
        sent = [*more, (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode()), *_ALWAYS]
        if origin := headers.get(b"origin"):
            sent += cross_origin(origin.decode("latin-1"))
        note(scope, status, started)
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return answer


async def _answer(call: HotCall, locale: bytes | None, scope: Scope, receive: Receive, services: Services) -> Answer:
    body = await _body(receive)
    client = scope["client"]
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    token = await shopper_by(authorization.decode("latin-1"), client[0] if client else "unknown", services)
    told = await call(services, Plain(token, locale.decode() if locale else None, body))
    return 200, _encode(told.view), (_JSON, *told.headers)


def _is_plain(headers: dict[bytes, bytes]) -> bool:
    """Whether the body is JSON of a known and modest length; Litestar has answers for all that is not."""
    length = headers.get(b"content-length", b"0")
    kind = headers.get(b"content-type", b"application/json")
    return (
        b"transfer-encoding" not in headers
        and length.isdigit()
        and int(length) <= BODY_BYTES_MAX
        and kind.startswith(b"application/json")
    )


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the caller has hung up
            return body
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _problem(error: Exception) -> Answer:
    response: Response[bytes] = problems.answer_to(error)
    headers = [(b"content-type", problems.MEDIA_TYPE.encode())]
    headers += [(name.lower().encode(), str(value).encode()) for name, value in response.headers.items()]
    return response.status_code or 500, response.content, tuple(headers)
