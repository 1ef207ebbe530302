"""What every command is given: the Steward it works on (opened when first used), who acts, and how answers are printed."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine import settings as engine_settings
from engine.actors import Actor
from engine.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from web.wiring import Steward


@dataclass
class Console:
    """The command line as its commands see it."""

    settings: Settings
    _opened: list["Steward"] = field(default_factory=list)

    @classmethod
    def of(cls, database: str | None) -> "Console":
        try:
            settings = engine_settings.from_environment()
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        return cls(replace(settings, database_url=database) if database else settings)

    @cached_property
    def steward(self) -> "Steward":
        from sqlalchemy.exc import ArgumentError

        from web import wiring

        try:
            steward = wiring.build(self.settings)
        except (ArgumentError, ImportError) as error:
            raise click.UsageError(f"Expected the address of a database, but: {error}") from None
        self._opened.append(steward)
        return steward

    def close(self) -> None:
        for steward in self._opened:
            steward.db.dispose()

    def now(self) -> datetime:
        return self.steward.clock.now()

    def actor(self, session: "Session", login: str | None) -> Actor:
        """The person of that login; without one, whoever operates this machine."""
        from engine import identity

        return identity.actor_of(session, identity.get(session, login), "cli", self.now()) if login else Actor.system("cli")


pass_console = click.make_pass_decorator(Console)
as_person = click.option("--as", "login", metavar="USER", help="Who acts; without it, the operator of this machine.")
as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON.")


class JsonData(click.ParamType):
    """A JSON object, given as it is or as @FILE."""

    name = "JSON|@FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        try:
            text = Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
            found = json.loads(text, parse_constant=_refuse)
        except OSError as error:
            self.fail(f"Expected a file that can be read, but: {error}", param, ctx)
        except ValueError as error:
            self.fail(f"Expected JSON, but: {error}", param, ctx)
        if not isinstance(found, dict):
            self.fail(f"Expected a JSON object, but got {value!r}", param, ctx)
        return found


class Moment(click.ParamType):
    """A moment in ISO 8601, with its zone or without."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"Expected a time such as 2026-03-02T09:00+08:00, but got {value!r}", param, ctx)


class Pair(click.ParamType):
    """NAME=VALUE."""

    name = "K=V"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name:
            self.fail(f"Expected NAME=VALUE, but got {value!r}", param, ctx)
        return name, text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def show(rows: Sequence[Mapping[str, Any]], columns: Iterable[str], wants_json: bool) -> None:
    """Print rows as an aligned table, or as a JSON list with everything in them."""
    if wants_json:
        print_json(list(rows))
        return
    chosen = list(columns)
    table = [chosen, *([_cell(row.get(column)) for column in chosen] for row in rows)]
    widths = [max(_width(line[index]) for line in table) for index in range(len(chosen))]
    for line in table:
        click.echo("  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)).rstrip())


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "-"
    return " ".join(str(value).split())


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"Expected a JSON value, but got {type(value).__name__}")


def every_page(page: Callable[[str | None], Any]) -> list[Any]:
    """All items of a list that comes in pages."""
    items: list[Any] = []
    cursor = None
    while True:
        found = page(cursor)
        items += found.items
        cursor = found.next
        if cursor is None:
            return items
