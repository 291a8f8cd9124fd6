"""What a server loads before it can answer: the second somebody waits for a restart is made of imports."""

import subprocess
import sys

from tests.support import environment

SELDOM = {"numpy", "matplotlib", "jinja2", "alembic", "redis", "locust"}


def test_a_server_starts_without_what_only_few_pages_need(database_url: str) -> None:
    made = "import sys; from engine.app import create_app; create_app(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", made], env=environment(database_url), capture_output=True, text=True, check=True
    )
    assert SELDOM & set(done.stdout.split()) == set()
