"""Load over plain sockets: one thread and little work of its own, so that the server is what is measured."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Line:
    """One kept connection and the call on it."""

    socket: socket.socket
    got: bytearray = field(default_factory=bytearray)
    since: float = 0.0
    answer: bytes = b""


class Wire:
    """Connections to one server, and what it answered."""

    def __init__(self, port: int, connections: int) -> None:
        self._selector = selectors.DefaultSelector()
        self.lines = [Line(self._connect(port)) for _ in range(connections)]
        for line in self.lines:
            self._selector.register(line.socket, selectors.EVENT_READ, line)

    def closed_loop(self, calls: Iterable[bytes], seconds: float) -> float:
        """Keep every connection busy for so long; return calls answered a second."""
        source, done = iter(calls), 0
        started = time.perf_counter()
        end = started + seconds
        busy = sum(self._send(line, next(source)) for line in self.lines)
        while busy:
            for line in self._answered():
                done += 1
                if time.perf_counter() < end:
                    self._send(line, next(source))
                else:
                    busy -= 1
        return done / (time.perf_counter() - started)

    def exactly(self, calls: Sequence[bytes]) -> None:
        """Make these calls, each once, on as many connections as there are."""
        source, busy = iter(calls), 0
        for line, call in zip(self.lines, source, strict=False):
            busy += self._send(line, call)
        while busy:
            for line in self._answered():
                call = next(source, b"")
                busy += self._send(line, call) if call else 0
                busy -= 1

    def told(self, calls: Iterable[bytes]) -> Iterator[bytes]:
        """Make these calls, each once, and yield what is answered, whatever that is."""
        source = iter(calls)
        busy = sum(self._send(line, call) for line, call in zip(self.lines, source, strict=False))
        while busy:
            for line in self._answered(refused=True):
                yield line.answer
                call = next(source, b"")
                busy += self._send(line, call) if call else 0
                busy -= 1

    def open_loop(self, calls: Iterable[bytes], per_second: float, seconds: float) -> list[float]:
        """Send at a fixed rate, whatever comes back; return each call's seconds from when it was due."""
        source = iter(calls)
        took: list[float] = []
        free = deque(self.lines)
        due: deque[float] = deque()
        started = time.perf_counter()
        total, sent = int(per_second * seconds), 0
        while len(took) < total:
            now = time.perf_counter()
            while sent + len(due) < total and started + (sent + len(due)) / per_second <= now:
                due.append(started + (sent + len(due)) / per_second)
            while due and free:
                line = free.popleft()
                self._send(line, next(source))
                line.since = due.popleft()
                sent += 1
            following = started + (sent + len(due)) / per_second - time.perf_counter()
            for line in self._answered(max(0.0, min(following, 0.05))):
                took.append(time.perf_counter() - line.since)
                free.append(line)
        return took

    def close(self) -> None:
        for line in self.lines:
            line.socket.close()
        self._selector.close()

    def _answered(self, timeout: float | None = None, *, refused: bool = False) -> Iterator[Line]:
        for key, _ in self._selector.select(timeout):
            line: Line = key.data
            if not (came := line.socket.recv(65536)):
                raise ConnectionError("the server hung up")
            line.got += came
            if _whole(line.got):
                if not refused and not line.got.startswith(b"HTTP/1.1 200"):
                    raise AssertionError(line.got.decode(errors="replace"))
                line.answer = bytes(line.got)
                line.got.clear()
                yield line

    @staticmethod
    def _send(line: Line, call: bytes) -> int:
        line.socket.sendall(call)
        return 1

    @staticmethod
    def _connect(port: int) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: engine\r\nAuthorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def _whole(got: bytearray) -> bool:
    head = got.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = got.find(b"content-length: ", 0, head)
    end = got.find(b"\r\n", at)
    return len(got) >= head + 4 + int(got[at + 16 : end])
