"""What a newcomer meets first: the set-up says what is missing, and its locks name no place to fetch from."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def check_system(python: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "system-packages", f"PYTHON={python}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def stand_in(directory: Path, script: str) -> str:
    """A python that behaves as the shell script says."""
    path = directory / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_missing_python_is_named_with_the_line_that_installs_it() -> None:
    done = check_system("no-such-python")
    assert done.returncode != 0
    assert "sudo apt install python3 python3-venv" in done.stderr


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    done = check_system(stand_in(tmp_path, 'case "$2" in *version_info*) exit 1;; esac; echo "Python 3.9.2"'))
    assert done.returncode != 0
    assert "Expected Python 3.11 or later" in done.stderr
    assert "3.9.2" in done.stderr


def test_a_missing_venv_is_named_with_the_line_that_installs_it(tmp_path: Path) -> None:
    done = check_system(stand_in(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac'))
    assert done.returncode != 0
    assert "sudo apt install python3-venv" in done.stderr


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_requirement_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = re.findall(r"^[\w.-]+==.*(?:\n    .*)*", text, flags=re.MULTILINE)
    assert len(pinned) > 20
    assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_the_lock_of_the_web_assets_has_hashes_and_no_address() -> None:
    lock = json.loads((ROOT / "web/frontend/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_ci_is_a_script_that_can_be_run() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / ".ci/run")], check=True)
