"""What a server loads before it can answer: the second somebody waits for a restart is made of imports."""

import subprocess
import sys
from datetime import UTC, datetime

import jwt

from engine.ids import new_id
from engine.vault import Vault
from tests.support import SECRETS, environment, settings_for

SELDOM = {
    *("alembic", "httpx", "jinja2", "jwt", "locust", "matplotlib", "numpy", "procrastinate", "pydantic"),
    *("redis", "cryptography.x509"),
}
MADE = "import sys; from engine.app import create_app; create_app(); "
SOON = datetime(2026, 11, 22, 9, 30, 0, 999_999, tzinfo=UTC)


def said(code: str, database_url: str, **more: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(database_url, **more), capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_server_starts_without_what_only_few_pages_need(database_url: str) -> None:
    assert SELDOM & said(MADE + "print(*sys.modules)", database_url) == set()


def test_a_server_that_announces_has_the_queue_loaded_before_the_first_spin(database_url: str) -> None:
    hook = {"MAKEGOOD_WEBHOOK_URL": "http://127.0.0.1:9/", "MAKEGOOD_WEBHOOK_SECRET": "s" * 40}
    assert "procrastinate" in said(MADE + "print(*sys.modules)", database_url, **hook)


def test_what_a_server_loads_was_compiled_when_it_was_installed(database_url: str) -> None:
    """A service's account may not write where the code is, so each of its starts would compile it all again."""
    uncompiled = (
        "from pathlib import Path; "
        "names = [name for name, one in sys.modules.items() if (kept := getattr(one, '__cached__', None)) "
        "and 'site-packages' in kept and not Path(kept).exists()]; print(*names)"
    )
    assert said(MADE + uncompiled, database_url) == set(), "run scripts/compile"


def test_a_server_looks_for_garbage_again_once_it_is_ready(database_url: str) -> None:
    code = "import gc; gc.disable(); from engine.app import serve_app; serve_app(); print(gc.isenabled())"
    assert said(code, database_url) == {"True"}


def test_a_token_is_signed_as_the_library_signs_it(database_url: str) -> None:
    for shopper in ("c-42", 'é "/\\'):
        stockout = new_id(SOON)
        claims = {"sub": shopper, "sto": str(stockout), "exp": SOON}
        signed = Vault(settings_for(database_url)).sign_token(shopper, stockout, SOON)
        secret = SECRETS["MAKEGOOD_TOKEN_SECRET"]
        assert jwt.decode(signed, secret, algorithms=["HS256"], options={"verify_exp": False}) == claims | {
            "exp": int(SOON.timestamp())
        }
        if shopper.isascii():
            assert signed == jwt.encode(dict(claims), secret, algorithm="HS256")
