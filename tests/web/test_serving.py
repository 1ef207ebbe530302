"""`steward serve` where it cannot serve, and other commands where nobody reads on."""

import os
import socket
import subprocess
import sys
from pathlib import Path

STEWARD = Path(sys.executable).parent / "steward"


def test_a_port_that_somebody_else_has_is_refused_in_a_sentence(sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "STEWARD_DATABASE_URL": sqlite_url}
        command = [STEWARD, "serve", "--port", port]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Expected port {port} of 127.0.0.1 to be free, but")
    assert done.stderr.count("\n") == 1


def test_what_cannot_be_made_ready_is_told_and_nothing_is_served(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "broken.bpmn").write_text("<definitions>")
    environment = {**os.environ, "STEWARD_DATABASE_URL": sqlite_url}
    command = [sys.executable, "-c", "from web.cli import main; main()", "up", str(tmp_path), "--port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Expected" in done.stderr and "Traceback" not in done.stderr
    assert "serves" not in done.stdout


def test_who_stops_reading_is_not_told_that_files_cannot_be_used(sqlite_url: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "STEWARD_DATABASE_URL": sqlite_url}
    command = [sys.executable, "-c", "from web.cli import main; main()", "tasks"]
    done = subprocess.run(command, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writing)
    assert done.returncode == 1 and done.stderr == ""
