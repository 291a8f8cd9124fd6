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
from tests.support import config_copy, serving


def load(folder: Path, seconds: float, report: Path) -> int:
    """Run Locust headless against `makegood serve`; return its exit code."""
    config = config_copy(folder)
    with embedded.running(folder / "postgres") as url:
        migrate.upgrade(url)
        with serving(url, MAKEGOOD_CONFIG=str(config)) as served:
            command = [str(Path(sys.executable).with_name("locust")), "-f", "loadtests/locustfile.py", "--headless"]
            command += ["--host", served.url, "--html", str(report), "--only-summary"]
            given = {"MAKEGOOD_MERCHANT_KEY": served.key, "MAKEGOOD_CONFIG": str(config), "LOAD_SECONDS": str(seconds)}
            done = subprocess.run(command, cwd=ROOT, env=os.environ | given, check=False)  # our own
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
