"""What traces hook into: requests, batches, connections, jobs. Where no collector is named, each hook does nothing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from litestar.types import ASGIApp
from psycopg import AsyncConnection

from engine.batches import Batcher
from engine.settings import Settings

if TYPE_CHECKING:
    from procrastinate.middleware import WorkerMiddleware  # only a worker loads it

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
AskT_contra = TypeVar("AskT_contra", contravariant=True)
AnswerT_co = TypeVar("AnswerT_co", covariant=True)

Together = Callable[[Sequence[Ask]], Awaitable[Sequence[Answer | Exception]]]
Alone = Callable[[Ask], Awaitable[Answer]]


class Asked(Protocol[AskT_contra, AnswerT_co]):
    """Whom a call asks for its answer."""

    async def ask(self, ask: AskT_contra) -> AnswerT_co: ...


class Untraced:
    """Nothing is watched: every hook gives back what it was given."""

    connection: type[AsyncConnection[Any]] | None = None
    jobs: "Sequence[WorkerMiddleware]" = ()

    def requests(self, app: ASGIApp) -> ASGIApp:
        return app

    def batcher(self, name: str, together: Together[Ask, Answer], alone: Alone[Ask, Answer]) -> Asked[Ask, Answer]:
        return Batcher(name, together, alone)

    async def aclose(self) -> None:
        """Send what is not sent yet."""


def of(settings: Settings, role: str) -> Untraced:
    """Return what watches this process; its libraries are only loaded where a collector is named."""
    if settings.traces_url is None:
        return Untraced()
    from engine.tracing_otlp import Traced

    return Traced(settings.traces_url, role)
