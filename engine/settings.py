"""Everything an operator sets, from the environment alone; production refuses what is missing, short or an example."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.fernet import Fernet

from engine.db.address import is_address

ROOT = Path(__file__).resolve().parent.parent
SECRET_LENGTH_MIN = 32
# Printed in the documentation, so worth nothing as a secret.
EXAMPLE_SECRETS = frozenset({"change-me-change-me-change-me-change-me", "example-secret-example-secret-example"})

_ENVIRONMENTS = ("production", "development")
_REDIS_SCHEMES = {"redis", "rediss", "redis+cluster"}
_FOLLOWED = ("folder", "published")
PORT_MAX = 65535
_MOST = {"PORT": PORT_MAX, "MAKEGOOD_POOL_SIZE": 1000, "MAKEGOOD_TOKEN_SECONDS": 100 * 366 * 24 * 3600}
_HOSTS = re.compile(r"[^\s/:@]+(?::([0-9]{1,5}))?|\[[0-9A-Fa-f:.]+\](?::([0-9]{1,5}))?")


class SettingsError(Exception):
    """The environment does not make a running engine; the message says what to set."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the processes of one installation share. Times are in seconds."""

    database_url: str
    redis_url: str | None
    config_folder: Path
    follow: str  # "folder": a changed folder is live within seconds; "published": only what is published is
    token_secrets: tuple[str, ...]  # the first signs, all are accepted: a secret is changed without a pause
    seal_keys: tuple[str, ...]  # Fernet keys; the first seals, all open
    peppers: tuple[str, ...]  # the first keys digests, those of all are found
    production: bool
    demo: bool
    demo_key: str  # the demo shop's own merchant key
    host: str
    port: int
    public_url: str  # how shoppers' browsers reach this engine
    webhook_url: str | None
    webhook_secrets: tuple[str, ...]  # all sign: the shop's server may know the old one or the new one
    pool_size: int
    token_seconds: int
    traces_url: str | None  # where an OpenTelemetry collector takes spans


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the environment; raise `SettingsError` naming every variable that is wrong."""
    problems: list[str] = []
    kind = environment.get("MAKEGOOD_ENV") or "production"
    if kind not in _ENVIRONMENTS:
        # A typo must not open a production installation to what only development may have.
        problems.append(f'MAKEGOOD_ENV is "{kind}"; expected {" or ".join(_ENVIRONMENTS)}')
    production = kind != "development"
    settings = Settings(
        database_url=_database_url(environment, problems),
        redis_url=_redis_url(environment, problems),
        config_folder=config_folder_of(environment),
        follow=_follow(environment, problems),
        token_secrets=_secrets(environment, "MAKEGOOD_TOKEN_SECRET", problems, production=production),
        seal_keys=_seal_keys(environment, problems),
        peppers=_secrets(environment, "MAKEGOOD_PEPPER", problems, production=production),
        production=production,
        demo=environment.get("MAKEGOOD_DEMO") == "1",
        demo_key=environment.get("MAKEGOOD_MERCHANT_KEY", ""),
        host=_host(environment, problems),
        port=_port(environment, problems),
        public_url=environment.get("MAKEGOOD_PUBLIC_URL") or f"http://127.0.0.1:{environment.get('PORT') or 8000}",
        webhook_url=environment.get("MAKEGOOD_WEBHOOK_URL") or None,
        webhook_secrets=_parts(environment, "MAKEGOOD_WEBHOOK_SECRET"),
        pool_size=_number(environment, "MAKEGOOD_POOL_SIZE", 10, problems),
        token_seconds=_number(environment, "MAKEGOOD_TOKEN_SECONDS", 24 * 3600, problems),
        traces_url=_traces_url(environment, problems),
    )
    if settings.demo and production:
        problems.append("MAKEGOOD_DEMO=1 goes with MAKEGOOD_ENV=development: a demo shop has no place in production")
    if settings.webhook_url and not settings.webhook_secrets:
        problems.append("MAKEGOOD_WEBHOOK_SECRET is missing: announcements are signed with it")
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def config_folder_of(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where a marketer's files are; known before there is a database."""
    return Path(environment.get("MAKEGOOD_CONFIG") or ROOT / "config")


class Place(NamedTuple):
    """Where `serve` listens."""

    host: str
    port: int
    shared: bool  # with another `serve` of the same account, such as the one it takes over from


def place_of(environment: Mapping[str, str] = os.environ) -> Place:
    """Return where to serve, known before there is a database; raise `SettingsError` for what is no place."""
    problems: list[str] = []
    place = Place(
        _host(environment, problems), _port(environment, problems), environment.get("MAKEGOOD_SHARE_PORT") == "1"
    )
    if problems:
        raise SettingsError("\n".join(problems))
    return place


def _port(environment: Mapping[str, str], problems: list[str]) -> int:
    return _number(environment, "PORT", 8000, problems)


def _follow(environment: Mapping[str, str], problems: list[str]) -> str:
    follow = environment.get("MAKEGOOD_FOLLOW") or "folder"
    if follow not in _FOLLOWED:
        problems.append(f'MAKEGOOD_FOLLOW is "{follow}"; expected {" or ".join(_FOLLOWED)}')
    return follow


def _database_url(environment: Mapping[str, str], problems: list[str]) -> str:
    url = environment.get("DATABASE_URL", "")
    # The value itself is not told: it holds a password.
    if not url:
        problems.append("DATABASE_URL is missing")
    elif not is_address(url):
        problems.append("DATABASE_URL is not an address such as postgresql://user:password@host/database")
    return url


def _redis_url(environment: Mapping[str, str], problems: list[str]) -> str | None:
    url = environment.get("REDIS_URL") or None
    scheme, _, rest = (url or "").partition("://")
    *_, places = rest.partition("/")[0].rpartition("@")
    found = [_HOSTS.fullmatch(place) for place in places.split(",")]
    sound = all(one is not None and int(one[1] or one[2] or 0) <= _MOST["PORT"] for one in found)
    # The value itself is not told: it may hold a password.
    if url and not (scheme in _REDIS_SCHEMES and sound and (len(found) == 1 or scheme == "redis+cluster")):
        problems.append("REDIS_URL is not an address such as redis://host:6379/0 or redis+cluster://host:6379")
    return url


def _host(environment: Mapping[str, str], problems: list[str]) -> str:
    host = environment.get("HOST") or "127.0.0.1"
    try:
        ip_address(host)
    except ValueError:
        problems.append(f'HOST is "{host}"; expected an IP address to listen on, such as 0.0.0.0')
    return host


def _traces_url(environment: Mapping[str, str], problems: list[str]) -> str | None:
    """Return where spans go, by the names every OpenTelemetry library reads; None where tracing is off."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip().rstrip("/")
    url = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip() or (base and f"{base}/v1/traces")
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        problems.append("OTEL_EXPORTER_OTLP_ENDPOINT is not an address such as http://127.0.0.1:4318")
    spoken = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if spoken not in {None, "", "http/protobuf"}:
        problems.append(f'OTEL_EXPORTER_OTLP_PROTOCOL is "{spoken}"; spans leave as http/protobuf')
    return url


def _listed(environment: Mapping[str, str], name: str, problems: list[str]) -> tuple[str, ...]:
    """Return the parts of a comma-separated value, of which there is at least one."""
    parts = _parts(environment, name)
    if not parts:
        problems.append(f"{name} is missing")
    return parts


def _parts(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())


def _secrets(environment: Mapping[str, str], name: str, problems: list[str], *, production: bool) -> tuple[str, ...]:
    values = _listed(environment, name, problems)
    for value in values:
        if len(value) < SECRET_LENGTH_MIN:
            problems.append(f"{name} is shorter than {SECRET_LENGTH_MIN} characters")
        elif production and value in EXAMPLE_SECRETS:
            problems.append(f"{name} is an example from the documentation; make one with `openssl rand -hex 32`")
    return values


def _seal_keys(environment: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    name = "MAKEGOOD_SEAL_KEY"
    keys = _listed(environment, name, problems)
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            problems.append(f"{name} is not a Fernet key; make one with `makegood keys seal`")
    return keys


def _number(environment: Mapping[str, str], name: str, default: int, problems: list[str]) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        problems.append(f'{name} is "{text}"; expected a positive whole number')
        return default
    most = _MOST.get(name, int(text))
    if int(text) > most:
        problems.append(f'{name} is "{text}"; expected {most} at most')
        return default
    return int(text)
