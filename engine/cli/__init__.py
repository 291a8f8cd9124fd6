"""The command line: `makegood`, for operators and marketers."""

from engine.cli.main import main

__all__ = ["main"]
