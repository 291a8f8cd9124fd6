"""A primary and a streaming standby that every commit waits for; the primary dies and the standby takes over."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from engine import embedded

SYNC_SECONDS_MAX = 60
# A commit is told once the standby can show it.
DURABLE = {"synchronous_commit": "remote_apply", "wal_sender_timeout": "10s", "hot_standby": "on"}


class Pair:
    """Two servers of one installation; `url` names both, as an operator writes it."""

    def __init__(self, folder: Path, primary: str, standby: str) -> None:
        self._folder, self.primary, self.standby = folder, primary, standby
        of = conninfo_to_dict(primary)
        hosts = ",".join(quote(str(conninfo_to_dict(one)["host"])) for one in (primary, standby))
        self.url = (
            f"postgresql://{of['user']}:{quote(str(of['password']))}@/{of['dbname']}"
            f"?host={hosts}&target_session_attrs=read-write"
        )

    def fail_over(self) -> None:
        """Kill the primary with all its processes, as a power cut does, and promote the standby."""
        lines = (self._folder / "primary" / "data" / "postmaster.pid").read_text().split("\n")
        postmaster = int(lines[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with psycopg.connect(self.standby, autocommit=True) as connection:
            assert connection.execute("SELECT pg_promote()").fetchone() == (True,)


@contextmanager
def paired(folder: Path) -> Iterator[Pair]:
    """Run a primary and, from `pg_basebackup`, a synchronous standby of it."""
    with ExitStack() as stack:
        primary = stack.enter_context(embedded.running(folder / "primary", options=DURABLE))
        _base_backup(primary, folder)
        standby = stack.enter_context(embedded.running(folder / "standby", options=DURABLE))
        with psycopg.connect(primary, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + SYNC_SECONDS_MAX
            while connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall() != [("sync",)]:
                assert time.monotonic() < deadline, "the standby does not follow"
                time.sleep(0.05)
        yield Pair(folder, primary, standby)


def _base_backup(primary: str, folder: Path) -> None:
    """Copy the primary's data; the copy knows how to follow it."""
    of = conninfo_to_dict(primary)
    account = embedded._account(folder / "primary")
    home, data = folder / "standby", folder / "standby" / "data"
    embedded._make_folder(home, account)
    data.mkdir(mode=0o700)
    os.chown(data, account.uid, account.gid)
    shutil.copy2(folder / "primary" / "password", home / "password")
    command = [str(embedded._programs(account) / "pg_basebackup"), "--pgdata", str(data), "--write-recovery-conf"]
    command += ["--checkpoint=fast", "--host", str(of["host"]), "--username", str(of["user"]), "--no-password"]
    # As root's PostgreSQL runs under another account, so does what writes its data.
    other: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []}
    subprocess.run(
        command,
        env={"PGPASSWORD": str(of["password"]), "PATH": os.environ["PATH"], "LC_ALL": "C"},
        cwd=data,
        check=True,
        **(other if os.geteuid() == 0 else {}),
    )
