"""What an open page listens to: that stock or points have changed, as server-sent events; the page then asks again."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from engine import clock
from engine import live as topics
from engine.api import problems
from engine.api.assets import COMPRESSED
from engine.api.security import Call, Engine, refuse_too_many, shopper_of
from engine.errors import StockoutNotYoursError, UnavailableError
from engine.flows import enrolments, stockouts
from engine.services import Services
from engine.vault import ShopperToken

STREAMS_MAX = 20_000  # of one process; a page beyond asks now and then instead
STREAM_MINUTES_MAX = 30  # then the page connects again, with a token that is still good
BUSY_SECONDS = 60
PRODUCTS_MAX = 100

Skus = Annotated[list[str] | None, QueryParameter(max_items=PRODUCTS_MAX)]


class LiveController(Controller):
    """One stream for a page."""

    path = "/v1/live"
    tags = ["shopper"]  # noqa: RUF012  # Litestar reads this class attribute

    @get(
        summary="Hear when stock or points change: products anyone may name, and what the token's shopper waits for",
        responses=problems.described(),
        security=[{"shopperToken": []}, {}],
        opt=COMPRESSED,
    )
    async def listen(self, request: Call, services: Engine, sku: Skus = None) -> ServerSentEvent:
        named = frozenset(topics.of_product(one) for one in sku or ())
        ends_at = clock.now() + timedelta(minutes=STREAM_MINUTES_MAX)
        if request.headers.get("authorization"):
            token = await shopper_of(request, services)
            named |= await _of_shopper(services, token)
            ends_at = min(ends_at, token.expires_at)
        else:
            await refuse_too_many(request, services)
        if services.pages.listeners >= STREAMS_MAX:
            raise UnavailableError("too many pages listen", BUSY_SECONDS)
        return ServerSentEvent(_events(services, named, ends_at), headers={"Cache-Control": "no-store"})


async def _of_shopper(services: Services, token: ShopperToken) -> frozenset[str]:
    async with services.transaction() as session:
        owned = await stockouts.of_token(session, token.shopper_id, token.stockout_id)
        if owned is None:
            raise StockoutNotYoursError
        shopper, stockout = owned
        waits_for = await enrolments.products_of(session, shopper.subject)
    products = (topics.of_product(sku) for sku in {stockout.sku, *waits_for})
    return frozenset([topics.POINTS, topics.of_shopper(shopper.subject), *products])


async def _events(
    services: Services, named: frozenset[str], ends_at: datetime
) -> AsyncIterator[ServerSentEventMessage]:
    """Say hello, then which kind of thing changed; whose it is, nobody else's stream can tell."""
    yield ServerSentEventMessage(event="hello", data="")
    async for topic in services.pages.heard(named):
        if clock.now() >= ends_at or services.pages.closing:
            return
        if topic is None:
            yield ServerSentEventMessage(comment="", data=None)
        else:
            kind, _, about = topic.partition(" ")
            yield ServerSentEventMessage(event=kind, data=about if kind == "stock" else "")
