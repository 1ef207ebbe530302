"""Rows by the hundred thousand, past the commands that would write them."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert

from engine.db import core
from engine.tables import Base

FIRST = 1_000_000  # ids far from those of real instances
ROWS_AT_ONCE = 5_000


def insert_rows(connection: Connection, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    remaining = iter(rows)
    while batch := list(islice(remaining, ROWS_AT_ONCE)):
        connection.execute(insert(core(table)), batch)
