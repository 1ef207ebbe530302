"""`steward serve` where it cannot serve."""

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
