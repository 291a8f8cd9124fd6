"""Structured logs: JSON lines in production, readable ones elsewhere; no body, no address, no code ever enters them."""

import fcntl
import logging
import sys
import time
from contextvars import ContextVar
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
TRACE_ID: ContextVar[str] = ContextVar("trace_id")

TURN_SECONDS_MAX = 2
TURNLESS_SECONDS = 60  # who waited in vain does not wait again at each of its next lines


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
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Shared(sys.stderr))),
    )
    hear("procrastinate")
    hear("psycopg")  # of a pipeline that broke, it also tells that what followed was undone


class _Shared:
    """A stream that several processes write to: each line stands in one piece, however long it is.

    A pipe takes some thousand bytes in one piece; a traceback is longer, and would be torn by its neighbours' lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waits_from = 0.0

    def write(self, line: str) -> None:
        taken = self._take()
        try:
            self._stream.write(line)
            self._stream.flush()
        finally:
            if taken:
                fcntl.lockf(self._stream.fileno(), fcntl.LOCK_UN)

    def flush(self) -> None:
        """Nothing is left to write."""

    def _take(self) -> bool:
        """Wait for the stream, within a bound: one who was stopped with it in hand must not stop all others."""
        deadline = time.monotonic() + TURN_SECONDS_MAX
        while self._waits_from < time.monotonic() < deadline:
            try:
                fcntl.lockf(self._stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                time.sleep(0.001)
            except OSError:  # no file of the system's, such as a test's
                return False
            else:
                return True
        if self._waits_from < time.monotonic():
            self._waits_from = time.monotonic() + TURNLESS_SECONDS
        return False


def _named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say which request a line belongs to."""
    if (request_id := REQUEST_ID.get(None)) is not None:
        event["request_id"] = request_id
    if (trace_id := TRACE_ID.get(None)) is not None:
        event["trace_id"] = trace_id
    return event


class Heard(logging.Handler):
    """What another library says, written as our own lines; of an error its kind: its words may be a person's row."""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple):
            record.args = tuple(type(one).__name__ if isinstance(one, BaseException) else one for one in record.args)
        kind = record.exc_info[0] if record.exc_info else None
        told = {"error": kind.__name__} if kind else {}
        structlog.get_logger().log(record.levelno, record.getMessage(), of=record.name, **told)


# The server's own lines, such as of a process that ended by itself: in its form of settings.
OF_THE_SERVER = {
    "handlers": {"ours": {"()": Heard}},
    "loggers": {"_granian": {"handlers": ["ours"], "propagate": False}},
}


def hear(library: str) -> None:
    """Write what a library warns of into the same log."""
    logger = logging.getLogger(library)
    if not any(isinstance(handler, Heard) for handler in logger.handlers):
        logger.addHandler(Heard(logging.WARNING))
        logger.propagate = False
