"""A Steward as `make run` makes it, in a directory of its own, driven through its pages only."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

ROOT = Path(__file__).parents[2]
STEWARD = Path(sys.executable).parent / "steward"
PASSWORD = re.compile(r"^\s*(?P<login>[\w.@-]+)\s.*?(?P<password>\S+)\s*$")


@dataclass
class LiveSteward:
    """One running server with the demonstration sites."""

    directory: Path
    database_url: str
    address: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "STEWARD_DATABASE_URL": self.database_url,
            "STEWARD_ATTACHMENTS": str(self.directory / "attachments"),
            "PYTHONUNBUFFERED": "1",
        }

    def command(self, *arguments: str) -> str:
        """Run `steward …` and give back what it printed; a refusal fails the test with its sentence."""
        done = subprocess.run(
            [str(STEWARD), *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"Expected steward {' '.join(arguments)} to work, but: {done.stdout}{done.stderr}"
        return done.stdout

    def prepare(self) -> None:
        self.command("init")
        self.command("deploy", *(str(path) for path in sorted((ROOT / "processes").iterdir()) if path.is_dir()))
        self.passwords = passwords_in(self.command("demo"))

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(STEWARD), "serve", "--port", "0"], cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://\S+", line)
            if found:
                self.address = found.group()
                return
        raise RuntimeError("Expected the server to print its address, but it ended")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=30)
            self.process = None

    def log_in(self, context: BrowserContext, login: str) -> Page:
        page = context.new_page()
        page.goto(f"{self.address}/login")
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill(self.passwords[login])
        page.locator("form[data-login] button").click()
        expect(page.locator("form[data-login]")).to_have_count(0)
        return page


def passwords_in(printed: str) -> dict[str, str]:
    """The logins and passwords that `steward demo` prints, one person a line: login first, password last."""
    found = filter(None, map(PASSWORD.match, printed.splitlines()))
    return {match["login"]: match["password"] for match in found}
