"""The calls of a flash sale, answered before the router: the same flows, bodies, limits and problems without its share.

Whatever is not plain (another query, an odd body or media type) goes the ordinary way, which answers it as ever.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import msgspec
from litestar import Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from engine.api import problems
from engine.api.security import shopper_by
from engine.services import Services
from engine.vault import ShopperToken

BODY_BYTES_MAX = 64 * 1024
_LOCALE = re.compile(rb"(?:locale=([A-Za-z0-9_-]{1,35}))?")
_JSON = (b"content-type", b"application/json")


class Plain(NamedTuple):
    """A call without oddities: who asks, in which language, with what body."""

    token: ShopperToken
    locale: str | None
    body: bytes


class Told(NamedTuple):
    """What is answered with 200, and the headers that go with it."""

    view: msgspec.Struct
    headers: tuple[tuple[bytes, bytes], ...] = ()


HotCall = Callable[[Services, Plain], Awaitable[Told]]


def before_router(next_app: ASGIApp, services: Services, calls: Mapping[tuple[str, str], HotCall]) -> ASGIApp:
    """Answer `calls`, by method and path; everything else is the router's."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        call = calls.get((scope["method"], scope["path"])) if scope["type"] == ScopeType.HTTP else None
        query = _LOCALE.fullmatch(scope["query_string"]) if call is not None else None
        if call is None or query is None or not _is_plain(headers := dict(scope["headers"])):
            await next_app(scope, receive, send)
            return
        scope["path_template"] = scope["path"]
        try:
            body = await _body(receive)
            authorization = headers.get(b"authorization", b"").decode("latin-1")
            client = scope.get("client")
            token = await shopper_by(authorization, client[0] if client else "unknown", services)
            locale = query[1].decode() if query[1] else None
            told = await call(services, Plain(token, locale, body))
        except Exception as error:  # noqa: BLE001  # every error has its answer
            await _send(send, *_problem(error))
        else:
            await _send(send, 200, msgspec.json.encode(told.view), (_JSON, *told.headers))

    return answer


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


def _problem(error: Exception) -> tuple[int, bytes, tuple[tuple[bytes, bytes], ...]]:
    response: Response[bytes] = problems.answer_to(error)
    headers = [(b"content-type", problems.MEDIA_TYPE.encode())]
    headers += [(name.lower().encode(), str(value).encode()) for name, value in response.headers.items()]
    return response.status_code, response.content, tuple(headers)


async def _send(send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
