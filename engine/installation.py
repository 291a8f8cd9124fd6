"""Where an installation keeps its things: the database it is given, or a PostgreSQL of its own in `var/`."""

import errno
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from engine import embedded
from engine.settings import PORT_MAX, ROOT, Place, SettingsError
from engine.vault import new_api_key

_SECRETS = "secrets.env"
_LEAVES_SECONDS = 2  # a process that was killed leaves its port a moment later
_CAN_SHARE = sys.platform == "linux"  # elsewhere server processes are handed one socket


def var_folder() -> Path:
    return Path(os.environ.get("MAKEGOOD_VAR") or ROOT / "var")


@contextmanager
def database() -> Iterator[Path | None]:
    """See that `DATABASE_URL` and, beside an embedded database, every secret are in the environment.

    The folder of the embedded one is yielded, or nothing where another is given.

    An embedded database makes the installation a development one unless `MAKEGOOD_ENV` says otherwise; its secrets
    are made once and kept beside the data they open. A database that is given wants its secrets given too.
    """
    if os.environ.get("DATABASE_URL"):
        yield None
        return
    os.environ.setdefault("MAKEGOOD_ENV", "development")
    folder = var_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.environ["MAKEGOOD_ENV"] != "production":
        for name, value in _kept_secrets(folder / _SECRETS).items():
            os.environ.setdefault(name, value)
    with embedded.running(folder / "postgres") as url:
        os.environ["DATABASE_URL"] = url
        try:
            yield folder / "postgres"
        finally:
            del os.environ["DATABASE_URL"]


def kept_secret(name: str) -> str | None:
    """Return one of the secrets an embedded database made for itself, or None where there are none."""
    path = var_folder() / _SECRETS
    return _kept_secrets(path).get(name) if path.is_file() else None


@contextmanager
def held(place: Place) -> Iterator[None]:
    """Keep a place to listen at for this process and those it starts; raise `SettingsError` where it cannot be had.

    Server processes share one port by the kernel's leave, and would share it with anybody's of the same account
    without a word. So the port is taken for nobody else first, and opened to our own afterwards.
    """
    with _bound(place) as taken:
        if _CAN_SHARE:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # from now on, a second one like this fails
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            # A server process that outlives this one for its last answers must not keep the port from the next.
            os.register_at_fork(after_in_child=taken.close)
        else:
            taken.close()
        yield


def _bound(place: Place) -> socket.socket:
    deadline = time.monotonic() + _LEAVES_SECONDS
    while True:
        try:
            return _taken(place)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise SettingsError(_why_not(place, error)) from None
        time.sleep(0.1)


def _taken(place: Place) -> socket.socket:
    taken = socket.socket(socket.AF_INET6 if ":" in place.host else socket.AF_INET)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before that are over are no matter
        if place.shared and _CAN_SHARE:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind((place.host, place.port))
    except OSError:
        taken.close()
        raise
    return taken


def _why_not(place: Place, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        another = place.port + 1 if place.port < PORT_MAX else place.port - 1
        return (
            f"port {place.port} is in use at {place.host}. Set PORT to another, such as {another}; or, where this is to"
            " take over from a `makegood serve` of the same account, set MAKEGOOD_SHARE_PORT=1"
        )
    return f"HOST {place.host} and PORT {place.port} cannot be listened on: {os.strerror(error.errno or 0)}"


def _kept_secrets(path: Path) -> dict[str, str]:
    """Read this installation's own secrets, made the first time; two first starts end with one set."""
    if not path.exists():
        made = {
            "MAKEGOOD_TOKEN_SECRET": secrets.token_hex(32),
            "MAKEGOOD_SEAL_KEY": Fernet.generate_key().decode(),
            "MAKEGOOD_PEPPER": secrets.token_hex(32),
            "MAKEGOOD_MERCHANT_KEY": new_api_key(),
        }
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text("".join(f"{name}={value}\n" for name, value in made.items()), encoding="utf-8")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
