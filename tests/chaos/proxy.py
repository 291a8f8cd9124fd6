"""A wire between two processes that can be slowed, stalled and cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from pathlib import Path

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Open = Callable[[], Awaitable[Ends]]


class Proxy:
    """Passes bytes on, until told otherwise."""

    def __init__(self, beyond: Open) -> None:
        """`beyond` opens a connection to where the bytes go, as it is at that moment."""
        self._beyond = beyond
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.lags = cycle([0.0])  # how long each answer is held back, in seconds, one after the other
        self.answers = 0

    @asynccontextmanager
    async def on_port(self, port: int) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._pass, "127.0.0.1", port):
            yield
            self.cut()

    @asynccontextmanager
    async def on_socket(self, path: Path) -> AsyncIterator[None]:
        async with await asyncio.start_unix_server(self._pass, path):
            await asyncio.to_thread(path.chmod, 0o777)
            yield
            self.cut()

    async def stall(self, seconds: float) -> None:
        self._flows.clear()
        await asyncio.sleep(seconds)
        self._flows.set()

    def cut(self) -> None:
        """Break every connection at once, without a word."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._beyond()
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer, answers=True))
        except asyncio.CancelledError:
            return  # the whole run is over, and asyncio's server would complain of it
        finally:
            self._writers -= both
            for one in both:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if answers:
                    self.answers += 1
                    await asyncio.sleep(next(self.lags))
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
