"""Everything an operator sets, from the environment alone; production refuses what is missing, short or an example."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
SECRET_LENGTH_MIN = 32
# Printed in the documentation, so worth nothing as a secret.
EXAMPLE_SECRETS = frozenset({"change-me-change-me-change-me-change-me", "example-secret-example-secret-example"})


class SettingsError(Exception):
    """The environment does not make a running engine; the message says what to set."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the processes of one installation share. Times are in seconds."""

    database_url: str
    redis_url: str | None
    config_folder: Path
    token_secrets: tuple[str, ...]  # the first signs, all are accepted: a secret is changed without a pause
    seal_keys: tuple[str, ...]  # Fernet keys; the first seals, all open
    pepper: str
    production: bool
    demo: bool
    demo_key: str  # the demo shop's own merchant key
    host: str
    port: int
    public_url: str  # how shoppers' browsers reach this engine
    webhook_url: str | None
    webhook_secret: str | None
    pool_size: int
    token_seconds: int


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the environment; raise `SettingsError` naming every variable that is wrong."""
    problems: list[str] = []
    production = environment.get("MAKEGOOD_ENV", "production") == "production"
    settings = Settings(
        database_url=_needed(environment, "DATABASE_URL", problems),
        redis_url=environment.get("REDIS_URL") or None,
        config_folder=Path(environment.get("MAKEGOOD_CONFIG") or ROOT / "config"),
        token_secrets=_secrets(environment, "MAKEGOOD_TOKEN_SECRET", problems, production=production),
        seal_keys=_seal_keys(environment, problems),
        pepper=(*_secrets(environment, "MAKEGOOD_PEPPER", problems, production=production), "")[0],
        production=production,
        demo=environment.get("MAKEGOOD_DEMO") == "1",
        demo_key=environment.get("MAKEGOOD_MERCHANT_KEY", ""),
        host=environment.get("HOST") or "127.0.0.1",
        port=_number(environment, "PORT", 8000, problems),
        public_url=environment.get("MAKEGOOD_PUBLIC_URL") or f"http://127.0.0.1:{environment.get('PORT') or 8000}",
        webhook_url=environment.get("MAKEGOOD_WEBHOOK_URL") or None,
        webhook_secret=environment.get("MAKEGOOD_WEBHOOK_SECRET") or None,
        pool_size=_number(environment, "MAKEGOOD_POOL_SIZE", 10, problems),
        token_seconds=_number(environment, "MAKEGOOD_TOKEN_SECONDS", 24 * 3600, problems),
    )
    if settings.demo and production:
        problems.append("MAKEGOOD_DEMO=1 goes with MAKEGOOD_ENV=development: a demo shop has no place in production")
    if settings.webhook_url and not settings.webhook_secret:
        problems.append("MAKEGOOD_WEBHOOK_SECRET is missing: announcements are signed with it")
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _needed(environment: Mapping[str, str], name: str, problems: list[str]) -> str:
    value = environment.get(name, "")
    if not value:
        problems.append(f"{name} is missing")
    return value


def _secrets(environment: Mapping[str, str], name: str, problems: list[str], *, production: bool) -> tuple[str, ...]:
    values = tuple(part.strip() for part in _needed(environment, name, problems).split(",") if part.strip())
    for value in values:
        if len(value) < SECRET_LENGTH_MIN:
            problems.append(f"{name} is shorter than {SECRET_LENGTH_MIN} characters")
        elif production and value in EXAMPLE_SECRETS:
            problems.append(f"{name} is an example from the documentation; make one with `openssl rand -hex 32`")
    return values


def _seal_keys(environment: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    name = "MAKEGOOD_SEAL_KEY"
    keys = tuple(part.strip() for part in _needed(environment, name, problems).split(",") if part.strip())
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
    return int(text)
