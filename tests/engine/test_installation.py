"""An engine listens where nobody else does, or says that it cannot."""

import asyncio
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Timer

import httpx
import pytest

from engine import installation
from engine.installation import held
from engine.settings import Place, SettingsError
from tests.support import Served, environment, free_port, serving, soon, started

HERE = "127.0.0.1"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_LEAVES_SECONDS", 0)


def place(port: int | None = None, host: str = HERE, *, shared: bool = False) -> Place:
    return Place(host, port or free_port(), shared)


def refused(where: Place) -> str:
    with pytest.raises(SettingsError) as told, held(where):
        pass
    return str(told.value)


def listening(port: int, *, shares: bool = False) -> socket.socket:
    """Listen as a server process does, or as a stranger."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shares))
    line.bind((HERE, port))
    line.listen()
    return line


@pytest.mark.parametrize("shares", [False, True])
def test_a_port_somebody_listens_at_is_refused(*, shares: bool) -> None:
    port = free_port()
    with closing(listening(port, shares=shares)):
        assert f"port {port} is in use at {HERE}" in refused(place(port))
        assert f"port {port} is in use at 0.0.0.0" in refused(place(port, "0.0.0.0"))  # noqa: S104  # nothing listens there


def test_of_two_that_start_at_once_one_is_refused() -> None:
    where = place()
    with held(where):  # and nobody listens yet
        assert "in use" in refused(where)
    with held(where):
        pass


def test_a_held_port_is_open_to_our_own_server_processes() -> None:
    where = place()
    with (
        held(where),
        closing(listening(where.port, shares=True)),
        closing(listening(where.port, shares=True)),
        closing(socket.create_connection((HERE, where.port))),
    ):
        assert "in use" in refused(where)


def test_one_that_takes_over_shares_a_port_that_is_held_but_no_strangers() -> None:
    where = place()
    with held(where), closing(listening(where.port, shares=True)), held(where._replace(shared=True)):
        pass
    with closing(listening(where.port)):
        assert "in use" in refused(where._replace(shared=True))


def test_connections_of_before_do_not_keep_a_restart_waiting() -> None:
    where = place()
    with closing(listening(where.port)) as line, closing(socket.create_connection((HERE, where.port))) as caller:
        line.accept()[0].close()  # whoever hangs up first keeps the port in mind for a minute
        assert caller.recv(1) == b""
    with held(where):
        pass


def test_a_port_that_is_left_a_moment_later_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_LEAVES_SECONDS", 60)
    where = place()
    leaving = Timer(0.2, listening(where.port).close)
    leaving.start()
    with held(where):
        leaving.join()


def test_an_address_of_another_machine_is_refused_as_such() -> None:
    assert "HOST 192.0.2.1 and PORT" in refused(place(host="192.0.2.1"))


@pytest.mark.xdist_group("served")
@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_second_engine_on_one_port_says_so_and_leaves_the_first_alone(served: Served, command: str) -> None:
    given = environment(served.settings.database_url, PORT=str(served.settings.port))
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", command], env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert f"port {served.settings.port} is in use" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert httpx.get(f"{served.url}/health/ready").is_success


@pytest.mark.xdist_group("served")
def test_one_engine_takes_over_from_another_on_one_port(database_url: str) -> None:
    with serving(database_url) as old:
        given = environment(database_url, PORT=str(old.settings.port), MAKEGOOD_SHARE_PORT="1")
        with started([sys.executable, "-m", "engine.cli", "serve"], given) as new:
            alone = len(listeners(old.settings.port))
            asyncio.run(soon(lambda: len(listeners(old.settings.port)) > alone or new.poll() is not None))
            old.process.terminate()
            assert old.process.wait(30) == 0
            assert httpx.get(f"{old.url}/health/ready").is_success
            assert new.poll() is None


def listeners(port: int) -> list[str]:
    """Return who listens at a port, as Linux tells it."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return [row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"]
