"""`python -m tests.chaos [--faults N] [--seed S] [--clients N]`: an installation under load and under faults."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.run import run

LOG_SHOWN = 6000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--clients", type=int, default=12)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="makegood-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        found = asyncio.run(run(folder, seed=options.seed, faults=options.faults, clients=options.clients, say=print))
        if found:
            log = (folder / "log").read_text(errors="replace")
            print("the end of what the processes said:", log[-LOG_SHOWN:], sep="\n")  # noqa: T201  # as below
    print(f"chaos: {len(found)} broken promises (aim 0) {'SHORT' if found else 'OK'}")  # noqa: T201  # its result
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
