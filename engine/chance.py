"""Numbers from the system's source of chance, read in bulk: asking it once a code costs more than the code."""

import os
from array import array

_BULK_BYTES = 4096
_WORD = 1 << 64
_words = iter(array("Q"))


def below(size: int) -> int:
    """Return a number in [0, size), each as likely, for sizes up to 2^64: words that would favour some are dropped."""
    global _words  # noqa: PLW0603  # what is read ahead is one thing for the process
    if not 0 < size <= _WORD:
        raise ValueError(f"{size} is not within 1 to 2^64")
    whole = _WORD - _WORD % size
    while True:
        for word in _words:
            if word < whole:
                return word % size
        _words = iter(array("Q", os.urandom(_BULK_BYTES)))


def _forget() -> None:
    """Drop what was read ahead: a process that forks must not share it with its child."""
    global _words  # noqa: PLW0603  # as above
    _words = iter(array("Q"))


os.register_at_fork(after_in_child=_forget)
