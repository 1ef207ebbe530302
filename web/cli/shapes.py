"""Rows as the API shows them: `--json` prints the same shapes."""

from collections.abc import Iterable
from typing import Any


def tasks(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return _dump("UserTask", rows)


def instances(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return _dump("Instance", rows)


def incidents(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return _dump("Incident", rows)


def events(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return _dump("HistoryEvent", rows)


def _dump(name: str, rows: Iterable[Any]) -> list[dict[str, Any]]:
    # Imported here, since the schemas bring the web framework with them.
    from web.api import schemas

    dumped: list[dict[str, Any]] = getattr(schemas, name)(many=True).dump(list(rows))
    return dumped
