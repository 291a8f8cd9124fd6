"""Everything that can go wrong for a caller, each with a status and a stable code (RFC 9457).

MakegoodError
├── 400 MalformedBodyError
├── 401 NotSignedInError · TokenRefusedError · TokenExpiredError
├── 403 NotAllowedError · StockoutNotYoursError · CodeOfAnotherShopperError
├── 404 NotFoundError
├── 409 IdempotencyMismatchError · ConflictError (BudgetSpentError)
├── 410 GoneError
├── 422 InvalidBodyError
├── 429 TooManyRequestsError
└── 503 UnavailableError
"""

from collections.abc import Sequence

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One field at fault; `field` is its path in the body, such as `shopper.id`."""

    field: str
    message: str


class MakegoodError(Exception):
    """The base: `code` is stable and for machines, `detail` is a sentence for people."""

    status = 500
    code = "internal_error"
    title = "Something went wrong here"

    def __init__(self, detail: str = "", *, code: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.code = code or self.code
        self.errors = tuple(errors)
        self.headers: dict[str, str] = {}


class MalformedBodyError(MakegoodError):
    status, code, title = 400, "malformed_json", "The body is not JSON"


class NotSignedInError(MakegoodError):
    status, code, title = 401, "not_signed_in", "A key or token is needed in the Authorization header"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": "Bearer"}


class KeyRefusedError(NotSignedInError):
    code, title = "key_refused", "The key is not known here"


class TokenRefusedError(NotSignedInError):
    code, title = "token_refused", "The token is not valid"


class TokenExpiredError(NotSignedInError):
    code, title = "token_expired", "The token has expired"


class NotAllowedError(MakegoodError):
    status, code, title = 403, "not_allowed", "This key may not do that"


class StockoutNotYoursError(MakegoodError):
    # One answer for "not there" and "somebody else's": the difference would tell what exists.
    status, code, title = 403, "stockout_not_yours", "The token gives no access to this stockout"


class CodeOfAnotherShopperError(MakegoodError):
    status, code, title = 403, "code_of_another_shopper", "The code was given to somebody else"


class NotFoundError(MakegoodError):
    status, code, title = 404, "not_found", "There is nothing here"


class IdempotencyMismatchError(MakegoodError):
    status, code, title = 409, "idempotency_mismatch", "This id was already used with another body"


class ConflictError(MakegoodError):
    status, code, title = 409, "conflict", "This cannot be done in the present state"


class BudgetSpentError(ConflictError):
    code = "budget_spent"

    def __init__(self) -> None:
        super().__init__("the budget of this campaign is used up for now")


class GoneError(MakegoodError):
    status, code, title = 410, "gone", "It is over"


class InvalidBodyError(MakegoodError):
    status, code, title = 422, "invalid_field", "The body does not fit"


class TooManyRequestsError(MakegoodError):
    status, code, title = 429, "too_many_requests", "Too many requests"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"try again in {retry_after_seconds} s")
        self.headers = {"Retry-After": str(retry_after_seconds)}


class UnavailableError(MakegoodError):
    status, code, title = 503, "unavailable", "The engine cannot answer just now"

    def __init__(self, detail: str = "", retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after_seconds)}
