"""A tool of the system's that a test needs is got or asked for: no check is left out because it is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from engine.settings import ROOT


@pytest.mark.parametrize("allowed", [True, False])
def test_a_missing_tool_is_installed_or_named_with_the_command_that_gets_it(tmp_path: Path, allowed: bool) -> None:
    for name in ("bash", "env", "id"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    for name, body in (("apt-get", 'echo "$@" >> "$0.log"'), ("sudo", 'shift; [ "$*" = true ] || "$@"')):
        (tmp_path / name).write_text(f"#!{shutil.which('bash')}\n{body if allowed else 'exit 1'}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [ROOT / "scripts" / "tools", "browser", "systemd"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if allowed else 1), done.stderr
    if allowed:
        [_update, install] = (tmp_path / "apt-get.log").read_text().splitlines()
        assert {"chromium", "systemd"} <= set(install.split())
    else:
        assert "sudo apt-get install chromium fonts-dejavu-core systemd" in done.stderr
