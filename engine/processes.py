"""Processes that end with the one that started them, and know that they are to end before they do."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import Callable
from types import FrameType

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to stop this process when its parent is gone, even by SIGKILL; only Linux can be asked."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def when_told_to_stop(end: Callable[[], None]) -> None:
    """Call `end` in the running event loop once this process is told to stop; whoever listened to that still does.

    The server that runs us waits for every answer under way, and says nothing to those who give it: an answer that
    ends by no other reason must hear of it from the signal itself.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        _beside(signal.getsignal(number), number, lambda: loop.call_soon_threadsafe(end))


def _beside(before: object, number: signal.Signals, tell: Callable[[], object]) -> None:
    def told(caught: int, frame: FrameType | None) -> None:
        tell()
        if callable(before):
            before(caught, frame)

    # The loop's own listeners hear of a signal by its wake-up line, which this leaves alone.
    signal.signal(number, told)
    signal.siginterrupt(number, False)  # noqa: FBT003  # as the loop had it; it takes no names
