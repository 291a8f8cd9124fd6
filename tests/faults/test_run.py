"""`makegood run` does not go on without its database."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from engine import embedded
from tests.support import free_port, soon, started


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).is_success
    except httpx.HTTPError:
        return False


def _soon(happens: Callable[[], bool]) -> None:
    asyncio.run(soon(happens))


@pytest.mark.xdist_group("served")
def test_a_killed_database_ends_the_run_and_says_so(ground: Path) -> None:
    with TemporaryDirectory(dir=ground) as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o711)
        given = {"MAKEGOOD_VAR": str(folder / "var"), "PORT": str(port)}
        with (
            (folder / "log").open("wb") as log,
            started([sys.executable, "-m", "engine.cli", "run"], given, log) as run,
        ):
            _soon(lambda: _answers(port) or run.poll() is not None)
            data = (folder / "var" / "postgres" / "data").resolve()
            assert embedded.is_served(folder / "var" / "postgres")
            os.kill(int((data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
            _soon(lambda: run.poll() is not None)
        assert run.returncode == 1
        assert "PostgreSQL ended by itself" in (folder / "log").read_text()
        assert not embedded.is_served(folder / "var" / "postgres")
