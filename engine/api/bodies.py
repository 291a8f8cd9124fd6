"""Bodies, read strictly into the type their handler asks for: `"1"` is no number here, and `1` no date."""

from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State

from engine.api.problems import field_error
from engine.api.security import ROLES, merchant_of
from engine.errors import InvalidBodyError, MakegoodError, MalformedBodyError
from engine.services import Services

Body = TypeVar("Body")
_EMPTY = "the body is empty"


class JsonRequest(Request[None, None, State]):
    """A request whose `json` is already what the handler's `data` says; Litestar's own reading would be lax."""

    async def body(self) -> bytes:
        body = await super().body()
        wanted = self.route_handler.parsed_data_field
        if not body and wanted is not None and not wanted.is_optional:
            await self._refuse_other_key()
            raise MalformedBodyError(_EMPTY)
        return body

    async def json(self) -> Any:
        wanted = self.route_handler.parsed_data_field
        try:
            return read(await self.body(), Any if wanted is None else wanted.annotation)
        except MakegoodError:
            await self._refuse_other_key()
            raise

    async def _refuse_other_key(self) -> None:
        """Tell whose key may not call here at all so first: what is wrong with the body is no concern of theirs."""
        if roles := self.route_handler.opt.get(ROLES):
            services: Services = self.app.state.services
            async with services.transaction() as session:
                await merchant_of(self, services, session, roles=roles)


def read_needed(body: bytes, type_: type[Body]) -> Body:
    """Decode a body that must be there."""
    if not body:
        raise MalformedBodyError(_EMPTY)
    decoded: Body = read(body, type_)
    return decoded


def read(body: bytes, type_: Any) -> Any:
    """Decode JSON; raise `MalformedBodyError` where it is none, `InvalidBodyError` naming the field that is wrong."""
    try:
        return _decoder(type_).decode(body)
    except msgspec.ValidationError as error:
        # A body can be both; that it is not JSON comes first.
        _decode(body)
        wrong = field_error(str(error), "body")
        raise InvalidBodyError(f"{wrong.field}: {wrong.message}", errors=[wrong]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError(_why(error)) from None


def _decode(body: bytes) -> None:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError(_why(error)) from None


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the body is nested too deeply"
    return str(error) if isinstance(error, msgspec.DecodeError) else "the body is not UTF-8"


@lru_cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)
