"""Runs the embedded PostgreSQL in a process of its own, for the tests that kill it, race it or change its user.

Says the URL, or `error: …`, in one line and keeps the server until its standard input ends or Ctrl-C comes.
"""

import argparse
import os
import resource
import signal
import sys
import time
from pathlib import Path

import psycopg

from engine import embedded
from engine.embedded import EmbeddedPostgresError, running


def say(line: str) -> None:
    sys.stdout.write(line.replace("\n", " ") + "\n")
    sys.stdout.flush()


def serve_until_told(url: str) -> None:
    try:
        say(url)
        sys.stdin.read()
    except KeyboardInterrupt:
        time.sleep(0.3)  # an app that finishes its requests first, and needs its database for it
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1")
        say("finished")


def become(uid: int, python: str) -> None:
    """Become an ordinary user now that everything is imported: the tests' own Python may lie in root's home."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    sys.executable = python


def main() -> None:
    # A shell that starts the tests in the background leaves all they start deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--file-bytes-max", type=int)
    wanted = parser.parse_args()
    embedded._PLACES = (wanted.place,)
    if wanted.uid is not None:
        become(wanted.uid, wanted.python)
    if wanted.file_bytes_max is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (wanted.file_bytes_max, wanted.file_bytes_max))
    try:
        with running(wanted.folder, options={"fsync": "off"}) as url:
            serve_until_told(url)
    except EmbeddedPostgresError as error:
        say(f"error: {error}")


if __name__ == "__main__":
    main()
