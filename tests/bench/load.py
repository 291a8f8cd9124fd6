"""A shop's traffic on an installation of its own: `python -m tests.bench.load [--seconds S] [--report FILE]`."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine import embedded
from engine.db import migrate
from engine.settings import ROOT
from tests.patience.support import books_balance
from tests.support import admit, config_copy, serving


def locust(host: str, seconds: float, report: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Locust headless against an engine; what it prints stands in what is returned."""
    command = [str(Path(sys.executable).with_name("locust")), "-f", "loadtests/locustfile.py", "--headless"]
    command += ["--host", host, "--html", str(report), "--only-summary", "--stop-timeout", "15"]
    given = {**os.environ, "LOAD_SECONDS": str(seconds), **more}
    return subprocess.run(command, cwd=ROOT, env=given, check=False, stdout=subprocess.PIPE, text=True)  # our own


def load(folder: Path, seconds: float, report: Path) -> int:
    """Send a shop's traffic to `makegood serve` on a database of its own; return Locust's exit code."""
    config = config_copy(folder)
    with embedded.running(folder / "postgres") as url:
        migrate.upgrade(url)
        keys = {"MAKEGOOD_MARKETER_KEY": admit(url, role="marketer")}
        with serving(url, MAKEGOOD_CONFIG=str(config)) as served:
            done = locust(served.url, seconds, report, MAKEGOOD_MERCHANT_KEY=served.key, **keys)
        books_balance(url)
    print(done.stdout, end="")  # noqa: T201  # a bench prints
    return done.returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--report", type=Path, default=Path("var/load.html"))
    options = parser.parse_args(arguments)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="makegood-load-") as name:
        Path(name).chmod(0o711)
        return load(Path(name), options.seconds, options.report.absolute())


if __name__ == "__main__":
    sys.exit(main())
