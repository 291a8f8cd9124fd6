"""The audit of dependencies names what is flawed, and says so when it could not look."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.settings import ROOT

AUDIT = ROOT / "scripts" / "audit-dependencies"
FLAWED = {"name": "shelf", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SOUND = {"name": "chair", "version": "2.0", "vulns": []}
UNKNOWN = {"name": "lamp", "skip_reason": "Dependency not found"}


def audited(folder: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Run the audit with a `pip-audit` beside it that answers as it is bid: its own sources are somebody else's."""
    (folder / "python").symlink_to(sys.executable)
    stand_in = folder / "pip-audit"
    stand_in.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    stand_in.chmod(0o755)
    return subprocess.run([folder / "python", AUDIT], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("known", "status", "said"),
    [
        ([SOUND, FLAWED], 1, "shelf 1.0: PYSEC-1, mended in 1.1"),
        ([SOUND, UNKNOWN], 0, "1 looked up at pypi, 0 with known flaws; 1 could not be looked up"),
        ([UNKNOWN], 0, "nothing was checked"),
    ],
)
def test_the_audit_tells_flaws_and_what_it_could_not_look_up(
    tmp_path: Path, known: list[dict[str, object]], status: int, said: str
) -> None:
    told = audited(tmp_path, json.dumps({"dependencies": known}))
    assert (told.returncode, told.stderr) == (status, "")
    assert said in told.stdout


def test_where_no_source_answers_the_audit_says_so_and_goes_on(tmp_path: Path) -> None:
    told = audited(tmp_path, "no route to host")
    assert told.returncode == 0
    assert "could not be looked up" in told.stdout


def test_every_locked_package_is_pinned_with_a_hash() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        packages = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
        loose = [line[:40] for line in packages if line.strip() and ("==" not in line or "--hash=sha256:" not in line)]
        assert not loose, f"{lock}: {loose}"
