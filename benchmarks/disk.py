"""How often the disk can flush: nothing durable is faster than that for one caller."""

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

FLUSHES = 200
BYTES = 4_000  # about what a completion writes


def flushes() -> float:
    """Commits a second of one small row each, on a temporary SQLite file as production opens it."""
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as directory:
        connection = sqlite3.connect(Path(directory) / "flush.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (row BLOB)")
        spent = [_flush(connection) for _ in range(FLUSHES)]
        connection.close()
    return 1 / statistics.mean(spent)


def _flush(connection: sqlite3.Connection) -> float:
    begun = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t VALUES (?)", (bytes(BYTES),))
    connection.execute("COMMIT")
    return time.perf_counter() - begun
