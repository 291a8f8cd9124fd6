"""Every error leaves as `application/problem+json` with a stable `code` (RFC 9457)."""

import re
import traceback
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import Send
from psycopg import Error as PostgresError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.api.schemas import FORMS, ProblemView
from engine.db import faults
from engine.errors import FieldError, InvalidBodyError, MakegoodError, UnavailableError

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_ANY_CALL = (400, 401, 403, 422, 429, 503)
_ANY_BODY = (413,)
# Python 3.13 renamed these, and a code is for ever.
_PHRASES = {
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
}
_PATTERN = re.compile(r"matching regex (.+)$", re.DOTALL)
_FORMS = {repr(pattern): words for pattern, words in FORMS.items()}
_AT = re.compile(r"^(.*) - at `\$\.?(.*)`$", re.DOTALL)


def from_makegood(_request: Request[Any, Any, Any], error: MakegoodError) -> Response[bytes]:
    return _problem(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        errors=error.errors,
        headers=error.headers,
    )


def from_validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """A parameter of the wrong shape: 422, naming it. Bodies are read in `engine.api.bodies`."""
    errors = [field_error(str(item.get("message", "")), str(item.get("key", ""))) for item in _items(error)]
    detail = "; ".join(f"{item.field}: {item.message}" for item in errors) or error.detail
    return from_makegood(request, InvalidBodyError(detail, errors=errors))


def from_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Anything Litestar itself refuses: no route, wrong method, too large, wrong media type."""
    phrase = _PHRASES.get(error.status_code) or HTTPStatus(error.status_code).phrase
    code = re.sub(r"[^a-z]+", "_", phrase.lower()).strip("_")
    headers = dict(error.headers or {})
    return _problem(status=error.status_code, code=code, title=phrase, detail=error.detail, headers=headers)


def from_database(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    met = faults.cause(error)
    if faults.away(error):
        log.warning("database unavailable", error=type(met).__name__)
        return from_makegood(request, UnavailableError("the database is busy or away; try again"))
    # Not the error itself: PostgreSQL's detail shows the row that failed, and it may be a person's.
    reason = getattr(met, "diag", None)
    log.error(
        "unexpected database error",
        error=type(met).__name__,
        message=reason and reason.message_primary,
        stack="".join(traceback.format_tb(error.__traceback__)),
    )
    return _internal_error()


def from_anything(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("unexpected error", exc_info=error)
    return _internal_error()


def _internal_error() -> Response[bytes]:
    return _problem(status=500, code="internal_error", title="Something went wrong here", detail="it has been logged")


HANDLERS: dict[int | type[Exception], Any] = {
    MakegoodError: from_makegood,
    ValidationException: from_validation,
    HTTPException: from_http,
    DBAPIError: from_database,
    PostgresError: from_database,
    PoolTimeoutError: from_database,
    faults.OvertakenError: from_database,
    Exception: from_anything,
}


def answer_to(error: Exception) -> Response[bytes]:
    """Return the problem of any error, for a call that does not pass through the router."""
    kind = next(kind for kind in type(error).__mro__ if kind in HANDLERS)
    response: Response[bytes] = HANDLERS[kind](None, error)
    return response


async def send_answer_to(error: Exception, send: Send) -> None:
    """Send the problem of any error, before the router has seen the call."""
    response = answer_to(error)
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(response.content)), **response.headers}
    told = [(name.lower().encode(), str(value).encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status_code or 500, "headers": told})
    await send({"type": "http.response.body", "body": response.content, "more_body": False})


def described(*statuses: int, body: bool = False) -> dict[int, ResponseSpec]:
    """Return the problems a call of a merchant or shopper may answer with, for the OpenAPI document."""
    return {
        status: ResponseSpec(
            ProblemView, generate_examples=False, description=HTTPStatus(status).phrase, media_type=MEDIA_TYPE
        )
        for status in sorted({*_ANY_CALL, *(_ANY_BODY if body else ()), *statuses})
    }


def field_error(message: str, field: str) -> FieldError:
    """Take what msgspec says apart into a path and a sentence; `field` is named where it names none."""
    if match := _AT.match(message):
        message, field = match[1], match[2]
    if missing := re.match(r"^Object missing required field `(.+)`$", message):
        field = f"{field}.{missing[1]}" if match else missing[1]
        message = "is missing"
    if form := _PATTERN.search(message):
        message = f"expected {_FORMS.get(form[1], 'another form of text')}"
    return FieldError(field, message[:1].lower() + message[1:])


def _items(error: ValidationException) -> list[dict[str, Any]]:
    """Return what Litestar found wrong. Where a parameter is, it also blames the body, which was not read yet."""
    items = [item for item in error.extra if isinstance(item, dict)] if error.extra else []
    return [item for item in items if item.get("key") != "data"] or items


def _problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    body: dict[str, Any] = {
        "type": f"urn:makegood:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = [msgspec.to_builtins(error) for error in errors]
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )
