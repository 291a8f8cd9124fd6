"""Structured logs: JSON lines in production, readable ones elsewhere; no body, no address, no code ever enters them."""

import logging
import sys
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, WrappedLogger

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
TRACE_ID: ContextVar[str] = ContextVar("trace_id")


def configure(*, production: bool) -> None:
    renderer = structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            _named,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # A line in one piece: several processes write to one stream.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    hear("procrastinate")
    hear("psycopg")  # of a pipeline that broke, it also tells that what followed was undone


def _named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say which request a line belongs to."""
    if (request_id := REQUEST_ID.get(None)) is not None:
        event["request_id"] = request_id
    if (trace_id := TRACE_ID.get(None)) is not None:
        event["trace_id"] = trace_id
    return event


class _Heard(logging.Handler):
    """Another library's warnings, written as our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning(record.getMessage(), of=record.name)


def hear(library: str) -> None:
    """Write what a library warns of into the same log."""
    logger = logging.getLogger(library)
    if not any(isinstance(handler, _Heard) for handler in logger.handlers):
        logger.addHandler(_Heard(logging.WARNING))
        logger.propagate = False
