"""The log of several processes on one stream is a log of whole lines."""

import fcntl
import json
import os
import subprocess
import sys
from contextlib import ExitStack

WRITERS, LINES, LENGTH = 4, 40, 100_000  # a line is longer than a pipe holds
WRITE = """
import sys, structlog
from engine import logs
logs.configure(production=True)
for number in range(int(sys.argv[2])):
    structlog.get_logger().warning("long", number=number, told=sys.argv[1] * int(sys.argv[3]))
"""


def writer(name: str, lines: int, length: int, stream: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITE, name, str(lines), str(length)], stderr=stream)


def test_lines_of_several_processes_stand_in_one_piece_however_long() -> None:
    out, into = os.pipe()
    with ExitStack() as stack:
        for name in range(WRITERS):
            stack.enter_context(writer(str(name), LINES, LENGTH, into))
        os.close(into)
        with os.fdopen(out, "rb") as stream:
            lines = [json.loads(line) for line in stream]
    expected = sorted((str(name) * LENGTH, number) for name in range(WRITERS) for number in range(LINES))
    assert sorted((line["told"], line["number"]) for line in lines) == expected


def test_one_who_holds_the_stream_for_ever_stops_nobody() -> None:
    out, into = os.pipe()
    fcntl.lockf(into, fcntl.LOCK_EX)
    with writer("a", 1, 1, into) as process:
        assert process.wait(60) == 0
    os.close(into)
    with os.fdopen(out, "rb") as stream:
        assert [json.loads(line)["number"] for line in stream] == [0]


TELL = """
import logging
from engine import logs
logs.configure(production=True)
logs.hear("a.library")
try:
    raise ValueError("Failing row contains (zelda@example.org)")
except ValueError as error:
    logging.getLogger("a.library").exception("%s ended: %s", "job 7", error)
"""


def test_an_error_another_library_tells_of_is_named_by_its_kind_alone() -> None:
    """PostgreSQL's words show the row that failed, and it may be a person's."""
    told = subprocess.run([sys.executable, "-c", TELL], capture_output=True, check=True, text=True).stderr
    line = json.loads(told)
    del line["timestamp"]
    assert line == {"event": "job 7 ended: ValueError", "of": "a.library", "error": "ValueError", "level": "error"}
