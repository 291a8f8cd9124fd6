"""A tool of the system's that a test needs is got or asked for: no check is left out because it is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from engine.settings import ROOT
from tests.chromium import chromium

NAMED = "sudo apt-get install chromium fonts-dejavu-core systemd"


@pytest.mark.parametrize(
    ("packed", "installed"),
    [
        ("chromium-headless-shell", ["chromium-headless-shell fonts-dejavu-core systemd"]),
        ("chromium ", ["chromium-headless-shell fonts-dejavu-core systemd", "chromium fonts-dejavu-core systemd"]),
    ],
)
def test_a_missing_tool_is_installed_under_the_name_it_is_packed_under(
    tmp_path: Path, packed: str, installed: list[str]
) -> None:
    log = tmp_path / "apt.log"
    body = f'echo "$@" >> {log}; case "$*" in update*|*"{packed}"*) ;; *) exit 100 ;; esac'
    done = asked(tmp_path, apt_get=body, sudo='shift; [ "$*" = true ] || "$@"')
    assert done.returncode == 0, done.stderr
    update, *installs = log.read_text().splitlines()
    assert update.startswith("update")
    assert [line.partition("recommends ")[2] for line in installs] == installed


def test_a_tool_that_cannot_be_installed_is_named_with_the_command_that_gets_it(tmp_path: Path) -> None:
    done = asked(tmp_path, apt_get="exit 1", sudo="exit 1")
    assert done.returncode == 1
    assert NAMED in done.stderr


def test_a_browser_that_is_missing_fails_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AssertionError, match="make browser"), chromium():
        pass


def asked(folder: Path, *, apt_get: str, sudo: str) -> subprocess.CompletedProcess[str]:
    """Ask for both tools on a machine that has none, with such commands."""
    for name in ("bash", "env", "id"):
        (folder / name).symlink_to(shutil.which(name) or name)
    for name, body in (("apt-get", apt_get), ("sudo", sudo)):
        (folder / name).write_text(f"#!{shutil.which('bash')}\n{body}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        [ROOT / "scripts" / "tools", "browser", "systemd"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
