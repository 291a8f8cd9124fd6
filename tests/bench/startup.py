"""How long after `makegood serve` the first request is answered: `python -m tests.bench.startup [--rounds N]`.

On a database that is there already: a PostgreSQL that runs, and the one of its own that `serve` starts itself where
none is given. The first request is a shop's report, asked again and again from the start, so that what is measured ends
with a fact in the database. Seconds on the wall, the median of the rounds; the slower of the two is the verdict.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from engine import embedded
from engine.db import migrate
from tests.support import admit, environment, free_port, started, stockout

AIM_SECONDS = 2.0
GIVE_UP_SECONDS = 120


def first_answer(given: Mapping[str, str], port: int, key: str) -> float:
    """Start `makegood serve`; return the seconds until a report was taken."""
    body = json.dumps(stockout()).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    began = time.perf_counter()
    command = [str(Path(sys.executable).with_name("makegood")), "serve"]
    with started(command, {**given, "PORT": str(port)}, log=None) as process:
        while time.perf_counter() - began < GIVE_UP_SECONDS and process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_SECONDS)
            try:
                connection.request("POST", "/v1/stockouts", body, headers)
                status = connection.getresponse().status
            except OSError:
                time.sleep(0.005)
                continue
            finally:
                connection.close()
            if status != http.HTTPStatus.CREATED:
                raise AssertionError(f"answered {status}")
            return time.perf_counter() - began
    raise AssertionError("makegood serve does not answer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.startup", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    console = Console(width=100)
    took: dict[str, list[float]] = {"a PostgreSQL that runs": [], "a PostgreSQL of its own": []}
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        var = folder / "var"
        own = {"MAKEGOOD_VAR": str(var)}
        subprocess.run([sys.executable, "-m", "engine.cli", "migrate"], env={**_clean(), **own}, check=True)
        with embedded.running(var / "postgres") as url:
            own_key = admit(url)
        with embedded.running(folder / "postgres") as url:
            migrate.upgrade(url)
            key = admit(url)
            for number in range(-1, rounds):
                each = (
                    first_answer(environment(url), free_port(), key),
                    first_answer(own, free_port(), own_key),
                )
                if number >= 0:  # the first reads every file from the disk
                    console.print(f"round {number + 1}: {each[0]:.2f} s, {each[1]:.2f} s")
                    for kept, seconds in zip(took.values(), each, strict=True):
                        kept.append(seconds)
    for what, rounds_took in took.items():
        low, high = min(rounds_took), max(rounds_took)
        console.print(f"{what}: {statistics.median(rounds_took):.2f} s, {low:.2f} to {high:.2f}")
    slower = max(map(statistics.median, took.values()))
    met = slower <= AIM_SECONDS
    print(f"startup: {slower:.2f} s (aim {AIM_SECONDS:g}) {'OK' if met else 'SHORT'}")  # noqa: T201  # a bench prints
    return int(not met)


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "MAKEGOOD_ENV"}}


if __name__ == "__main__":
    sys.exit(main())
