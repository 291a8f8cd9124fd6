"""An engine started as the README says, and a shell that runs the documentation's lines against it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.processes import die_with_parent
from engine.settings import ROOT
from engine.vault import new_api_key
from tests.support import _await_http, _is_ours, free_port

START_SECONDS_MAX = 120


@dataclass
class Reader:
    """Someone who reads the documentation and types its lines, on a port and in a folder of their own."""

    port: int
    key: str
    folder: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not _is_ours(name) and name != "MAKEFLAGS"}
        if shutil.which("curl") is None:
            kept["PATH"] = f"{stand_in(self.folder.with_name('stand-in'))}:{kept['PATH']}"
        self.environment = kept | {"MAKEGOOD_VAR": str(self.folder), "MAKEGOOD_MERCHANT_KEY": self.key}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def type(self, lines: str) -> str:
        """Run lines of shell and return what they print; only the port is another than the page's."""
        lines = lines.replace("http://127.0.0.1:8000", self.url)
        told = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
            check=False,
        )
        assert told.returncode == 0, f"{lines}\n{told.stdout}\n{told.stderr}"
        return told.stdout

    def ask(self, lines: str) -> Any:
        """Run lines of shell whose last one answers in JSON, and return it; nothing where it answers nothing."""
        told = self.type(lines)
        answer = json.loads(told) if told else None
        assert "urn:makegood:problem:" not in told, f"{lines}\n{told}"
        return answer


def stand_in(folder: Path) -> Path:
    """Make a folder for the PATH with a `curl` that needs only Python."""
    folder.mkdir(exist_ok=True)
    curl = folder / "curl"
    curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("curl.py")}" "$@"\n')
    curl.chmod(0o755)
    return folder


def _as_in_the_background() -> None:
    """Start deaf to SIGINT, as a script's `make run &` does: Ctrl-C stops everything all the same."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture(scope="session")
def reader(ground: Path) -> Iterator[Reader]:
    """The README's first command, really run: `make run`, until Ctrl-C.

    Substituted: the port, the folder of the data, the merchant's key (each by its documented variable), and making
    `.venv`, which the tests run in; and `curl`, on a machine that has none.
    """
    reader = Reader(free_port(), new_api_key(), ground / "reader")
    command = ["make", "-o", ".venv/.installed", "run", f"PORT={reader.port}"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=reader.environment,
        start_new_session=True,
        preexec_fn=_as_in_the_background,  # noqa: PLW1509  # nothing here holds a lock while it forks
    ) as process:
        try:
            _await_http(f"{reader.url}/health/ready", process)
            yield reader
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
            process.wait(60)
