"""The command line: `makegood`, for operators and marketers."""

import gc

gc.disable()  # what is loaded stays: to look through it for garbage again and again is a fifth of a start
from engine.cli.main import main  # noqa: E402  # as above

gc.enable()

__all__ = ["main"]
