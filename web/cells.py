"""Tables as CSV files that offices open: a byte order mark for the sake of spreadsheets, and no cell that one of them would calculate."""

import csv
import io
from collections.abc import Iterable, Sequence

MARK = "\ufeff"
_CALCULATED = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")  # also as wide as Chinese characters


def harmless(cell: object) -> str:
    """The cell as text; an apostrophe before what a spreadsheet would take for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_CALCULATED) else text


def lines(rows: Iterable[Sequence[object]]) -> str:
    """The rows as lines of a file."""
    file = io.StringIO()
    csv.writer(file).writerows([harmless(cell) for cell in row] for row in rows)
    return file.getvalue()
