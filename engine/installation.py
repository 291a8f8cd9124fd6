"""Where an installation keeps its things: the database it is given, or a PostgreSQL of its own in `var/`."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from engine import embedded
from engine.settings import ROOT
from engine.vault import new_api_key

_SECRETS = "secrets.env"


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


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


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
