"""Traces for an OpenTelemetry collector, over OTLP/HTTP: what took how long, and never whom it was for.

Attributes are written one by one from a list of harmless ones: a path as its template, a statement without its values,
an error by its kind. The ready-made instrumentations write whole addresses, and ours hold codes and shoppers' ids.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Generic

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanLimits, SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from procrastinate import JobContext
from procrastinate.middleware import AsyncCallNext, WorkerMiddleware
from procrastinate.worker import Worker
from psycopg import Error

from engine import logs
from engine.batches import SIZE_MAX, Batcher
from engine.db.watched import watched_by
from engine.tracing import Alone, Answer, Ask, Asked, Together, Untraced

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
# Asked every few seconds by machines: nobody looks for these.
UNWATCHED = ("/health/", "/metrics")
FLUSH_SECONDS = 5
FAULT = 500

_headers = TraceContextTextMapPropagator()


class Traced(Untraced):
    """Spans of this process: one a request, a batch, a statement, a job."""

    def __init__(self, url: str, role: str) -> None:
        logs.hear("opentelemetry")
        self._exporter = OTLPSpanExporter(endpoint=url)
        sent = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call]  # the library's own lacks types
        sent.add_span_processor(BatchSpanProcessor(self._exporter))
        resource = Resource.create()
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: f"makegood-{role}"}))
        # Closed by us, within bounds, rather than at exit.
        self._provider = TracerProvider(resource=resource, active_span_processor=sent, shutdown_on_exit=False)
        self._tracer = self._provider.get_tracer("makegood")
        # A batch is kept where one of its callers is: it has several, so no parent could decide.
        kept = TracerProvider(
            resource=resource,
            active_span_processor=sent,
            shutdown_on_exit=False,
            sampler=ALWAYS_ON,
            span_limits=SpanLimits(max_links=SIZE_MAX),
        )
        self._batches = kept.get_tracer("makegood")
        self.connection = watched_by(self._statement)
        self.jobs: Sequence[WorkerMiddleware] = (self._job,)

    def requests(self, app: ASGIApp) -> ASGIApp:
        tracer = self._tracer

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP or scope["path"].startswith(UNWATCHED):
                await app(scope, receive, send)
                return
            method = scope["method"] if scope["method"] in METHODS else "HTTP"

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, message["status"], message["headers"])
                await send(message)

            with _span(tracer, method, SpanKind.SERVER, parent=_caller(scope)) as span:
                try:
                    await app(scope, receive, send_noted)
                finally:
                    span.set_attribute("http.request.method", method)
                    if route := scope.get("path_template"):
                        span.update_name(f"{method} {route}")
                        span.set_attribute("http.route", route)

        return answer

    def batcher(self, name: str, together: Together[Ask, Answer], alone: Alone[Ask, Answer]) -> Asked[Ask, Answer]:
        return _Linked(self._batches, name, together, alone)

    async def aclose(self) -> None:
        closing = asyncio.create_task(asyncio.to_thread(self._provider.shutdown))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(closing), FLUSH_SECONDS)
        if not closing.done():
            # The collector is away: it is not waited for, and not asked again.
            await asyncio.to_thread(self._exporter.shutdown)
            await closing

    @contextmanager
    def _statement(self, text: str) -> Iterator[None]:
        """Watch a statement of a request, batch or job; what the process asks for itself is nobody's."""
        if not trace.get_current_span().is_recording():
            yield
            return
        name = text.split(None, 1)[0].upper() if text.strip(" \n;") else "PING"
        with _span(self._tracer, name, SpanKind.CLIENT) as span:
            span.set_attributes({"db.system.name": "postgresql", "db.operation.name": name, "db.query.text": text})
            try:
                yield
            except Error as error:
                if error.sqlstate:
                    span.set_attribute("db.response.status_code", error.sqlstate)
                raise

    async def _job(self, call_next: AsyncCallNext, context: JobContext, _worker: Worker) -> Any:
        job = context.job
        with _span(self._tracer, f"job {job.task_name}", SpanKind.CONSUMER, parent=Context()) as span:
            span.set_attributes({"makegood.job.id": job.id or 0, "makegood.job.attempts": job.attempts})
            return await call_next()


class _Linked(Generic[Ask, Answer]):
    """A batcher whose every batch is a span of its own, tied to those of its callers in both directions."""

    def __init__(self, tracer: Tracer, name: str, together: Together[Ask, Answer], alone: Alone[Ask, Answer]) -> None:
        self._tracer, self._name = tracer, name
        self._together, self._alone = together, alone
        self._batcher: Batcher[tuple[Ask, Span], Answer] = Batcher(name, self._watched, self._by_itself)

    async def ask(self, ask: Ask) -> Answer:
        return await self._batcher.ask((ask, trace.get_current_span()))

    async def _watched(self, asks: Sequence[tuple[Ask, Span]]) -> Sequence[Answer | Exception]:
        alike = [ask for ask, _ in asks]
        callers = [span for _, span in asks if span.is_recording()]
        if not callers:
            return await self._together(alike)
        links = [Link(caller.get_span_context()) for caller in callers]
        # The flusher was started by one of them, and this is not that one's work alone.
        with _span(self._tracer, f"batch {self._name}", SpanKind.INTERNAL, parent=Context(), links=links) as span:
            span.set_attribute("makegood.batch.size", len(asks))
            for caller in callers:
                caller.add_link(span.get_span_context())
            return await self._together(alike)

    async def _by_itself(self, ask: tuple[Ask, Span]) -> Answer:
        return await self._alone(ask[0])


@contextmanager
def _span(
    tracer: Tracer, name: str, kind: SpanKind, *, parent: Context | None = None, links: Sequence[Link] = ()
) -> Iterator[Span]:
    """Open a span that names the kind of an error and not its words: they may hold a person's row."""
    with tracer.start_as_current_span(
        name, parent, kind, links=links, record_exception=False, set_status_on_exception=False
    ) as span:
        token = logs.TRACE_ID.set(f"{span.get_span_context().trace_id:032x}")
        try:
            yield span
        except Exception as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__qualname__)
            raise
        finally:
            logs.TRACE_ID.reset(token)


def _caller(scope: Scope) -> Context:
    """Return the trace the caller says this call is part of, or none."""
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name[:5] == b"trace"}
    return _headers.extract(told, Context())


def _note(span: Span, status: int, headers: Any) -> None:
    span.set_attribute("http.response.status_code", status)
    for name, value in headers:
        if name == b"x-request-id":
            span.set_attribute("makegood.request_id", value.decode("latin-1"))
    if status >= FAULT:
        span.set_status(StatusCode.ERROR)
        span.set_attribute("error.type", str(status))
