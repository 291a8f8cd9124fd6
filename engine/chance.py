"""Numbers from the system's source of chance, read in bulk: asking it once a character costs more than the code."""

import os

_BULK = 4096
_BYTE = 256
_bytes = iter(b"")


def below(size: int) -> int:
    """Return a number in [0, size), each as likely, for sizes up to 256: bytes that would favour some are dropped."""
    global _bytes  # noqa: PLW0603  # what is read ahead is one thing for the process
    if not 0 < size <= _BYTE:
        raise ValueError(f"{size} is not within 1 to {_BYTE}")
    whole = _BYTE - _BYTE % size
    while True:
        for byte in _bytes:
            if byte < whole:
                return byte % size
        _bytes = iter(os.urandom(_BULK))


def _forget() -> None:
    """Drop what was read ahead: a process that forks must not share it with its child."""
    global _bytes  # noqa: PLW0603  # as above
    _bytes = iter(b"")


os.register_at_fork(after_in_child=_forget)
