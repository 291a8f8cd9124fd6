"""A key may ask for codes until it has asked for too many that do not exist: guessing stops, checkouts go on.

A key that guesses is refused before its call has cost anything: no route is looked for, no database is asked.
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from engine.api import problems
from engine.api.security import Call, credential_of
from engine.errors import MakegoodError, NotSignedInError, TooManyRequestsError
from engine.limiter import Rate
from engine.services import Services
from engine.vault import api_key_digest

_CODES = "/codes/"  # in every spelling of a path that the router takes for one of theirs, such as //v1//codes/…


def refusing_guesses(next_app: ASGIApp, services: Services) -> ASGIApp:
    """Answer 429 to a key whose misses are spent. Who has none, such as an unknown key, is the router's."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and _CODES in scope["path"]:
            authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            try:
                await services.limiter.refuse_if_spent(_misses(authorization.decode("latin-1"), services))
            except TooManyRequestsError as error:
                await problems.send_answer_to(error, send)
                return
            except NotSignedInError:
                pass
        await next_app(scope, receive, send)

    return answer


class CountingMisses:
    """Counts a code that does not exist against the key that asked for it."""

    def __init__(self, services: Services, call: Call) -> None:
        self._limiter = services.limiter
        self._misses = _misses(call.headers["authorization"], services)

    async def __aenter__(self) -> None:
        # Again, now that it is this call's turn: many that came at once were let in before any of them had missed.
        await self._limiter.refuse_if_spent(self._misses)

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, MakegoodError) and error.code == "code_unknown":
            await self._limiter.hit(self._misses)


def _misses(authorization: str, services: Services) -> Rate:
    key = api_key_digest(credential_of(authorization)).hex()
    return Rate("code misses", key, services.config.shop.limits.code_misses_per_minute)
