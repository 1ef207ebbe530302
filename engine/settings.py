"""The only reader of the environment. Everything that can be set, with its default and unit."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What is too much; each is refused clearly when passed. Sizes in bytes."""

    variable: int = 1_000_000
    instance: int = 8_000_000
    steps: int = 10_000  # of one instance until it rests
    seconds: float = 10.0  # of the processor, likewise
    call_depth: int = 50
    multi_instance: int = 5_000
    attachment: int = 25_000_000
    request: int = 30_000_000
    body: int = 12_000_000  # of a request without files: JSON, or the fields of a page


@dataclass(frozen=True)
class Settings:
    database_url: str = "sqlite:///var/steward.db"
    attachments: Path = Path("var/attachments")
    public_url: str = ""  # the address people use; https makes cookies __Host-
    trusted_proxy: str = ""  # the address of the reverse proxy whose X-Forwarded-* headers are believed; nobody's else are
    poll_seconds: float = 0.5
    session_idle_minutes: int = 8 * 60
    session_hours: int = 24 * 7
    message_days: int = 7
    smtp_host: str = ""  # of the mail server; without it no mail is sent
    smtp_port: int = 587
    smtp_security: str = "starttls"  # starttls, tls, none
    smtp_user: str = ""
    smtp_password: str = ""
    mail_from: str = ""  # the sender's address
    robot_hosts: str = ""  # host:port of robots of one's own installations of WeCom, DingTalk or Feishu, comma-separated
    limits: Limits = field(default_factory=Limits)

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read STEWARD_<NAME> for each setting and STEWARD_LIMIT_<NAME> for each limit; raise ValueError for what cannot be read."""
    limits = {
        limit.name: _READ[limit.type](name, environment[name])
        for limit in fields(Limits)
        if environment.get(name := f"STEWARD_LIMIT_{limit.name.upper()}")
    }
    values: dict[str, object] = {"limits": Limits(**limits)}  # type: ignore[arg-type]
    for setting in fields(Settings):
        name = f"STEWARD_{setting.name.upper()}"
        if setting.name != "limits" and environment.get(name):
            values[setting.name] = _READ[setting.type](name, environment[name])
    return Settings(**values)  # type: ignore[arg-type]


def language_of_terminal(environment: Mapping[str, str] = os.environ) -> str:
    """`zh` or `en`: what the first of the terminal's own variables says that is set; without them English, as in the output of programs."""
    said = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"


def _whole(name: str, text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"Expected {name} to be a whole number, but it is {text!r}")
    return int(text)


def _decimal(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"Expected {name} to be a number, but it is {text!r}") from None


_READ: Mapping[object, Callable[[str, str], object]] = {
    str: lambda _, text: text,
    Path: lambda _, text: Path(text),
    int: _whole,
    float: _decimal,
}
