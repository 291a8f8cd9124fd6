"""A place for a whole installation."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, which an ordinary account may walk through: sockets and root's PostgreSQL need it."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-chaos-", dir="/tmp" if os.geteuid() == 0 else None))  # noqa: S108 - mkdtemp's is ours
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
