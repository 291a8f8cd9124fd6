"""What open pages listen to: that something about a product has changed, as server-sent events; it then asks.

The stream says nothing else, so it needs no token: an address with a token in it would end in somebody's log.
"""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from secrets import randbelow
from typing import Annotated

from litestar import Controller, get
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from engine import clock
from engine import live as topics
from engine.api import problems
from engine.api.assets import COMPRESSED
from engine.api.schemas import IDS_TOLD, Id
from engine.api.security import Call, Engine, refuse_too_many
from engine.errors import UnavailableError
from engine.services import Services

STREAMS_MAX = 20_000  # of one process; a page beyond asks now and then instead
STREAM_MINUTES_MAX = 30  # then the page connects again, perhaps to another process
BUSY_SECONDS = 60
RETRY_MS = 5000
SPREAD_MS = 5000  # a process that stops lets all its pages go at once, and they need not all come back at once
PRODUCTS_MAX = 500
TIME = re.compile(r"[0-9]{13}")  # Unix time in milliseconds

# The browser sends it when its line fell, so that nothing said in between is missed; what is no time of ours says
# nothing, as for a page that has just come.
LastEventId = Annotated[str, HeaderParameter(name="Last-Event-ID")]
Skus = Annotated[list[Id], QueryParameter(min_items=1, max_items=PRODUCTS_MAX, schema_extra=IDS_TOLD)]


class LiveController(Controller):
    """One stream for a page."""

    path = "/v1/live"
    tags = ["public"]  # noqa: RUF012  # Litestar reads this class attribute

    @get(
        summary="Hear when stock, points or the line of one of these products change",
        responses=problems.described(422, 503),
        opt=COMPRESSED,
    )
    async def listen(
        self, request: Call, services: Engine, sku: Skus, last_event_id: LastEventId = ""
    ) -> ServerSentEvent:
        await refuse_too_many(request, services)
        if services.pages.listeners >= STREAMS_MAX:
            raise UnavailableError("too many pages listen", BUSY_SECONDS)
        named = frozenset([topics.POINTS, *map(topics.of_product, sku)])
        ends_at = clock.now() + timedelta(minutes=STREAM_MINUTES_MAX)
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
        heard_until = int(last_event_id) / 1000 if TIME.fullmatch(last_event_id) else None
        return ServerSentEvent(_events(services, named, heard_until, ends_at), headers=headers)


async def _events(
    services: Services, named: frozenset[str], heard_until: float | None, ends_at: datetime
) -> AsyncIterator[ServerSentEventMessage]:
    greeted = False
    async for topic in services.pages.heard(named, heard_until):
        if clock.now() >= ends_at:
            return
        now = int(clock.now().timestamp() * 1000)
        if topic is None:
            # A page sees this, as it sees no comment: where none comes, something on the way holds the line back.
            # The first says nothing of when: what was missed is still on its way behind it.
            retry = RETRY_MS + randbelow(SPREAD_MS)
            yield ServerSentEventMessage(event="beat", data=now, id=now if greeted else None, retry=retry)
            greeted = True
        else:
            yield ServerSentEventMessage(event="change", data=topic.partition(" ")[0], id=now)
