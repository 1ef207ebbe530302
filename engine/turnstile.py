"""Lets the processes that write to one SQLite file through, so that none of them waits for ever.

SQLite by itself sleeps for up to a tenth of a second before it looks again whether the file is free. Who writes without a pause would keep
everybody else out for as long as that lasts. So whoever has waited for a while shuts the turnstile, and is then the only one who waits.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

LOOK_AGAIN_SECONDS = 0.002
BARGING_SECONDS = 0.3  # after which whoever waits goes before those who come later


class Turnstile:
    """The turnstile before one file. Its lock is the system's: it ends with the process that holds it."""

    def __init__(self, file: str, patience_seconds: float) -> None:
        self._name = f"{file}-turnstile"
        self._patience = patience_seconds

    def enter(self, begin: Callable[[float], object]) -> None:
        """Begin to write, which fails when somebody else writes for so many seconds; raises its error when patience is at its end."""
        deadline = time.monotonic() + self._patience
        with self._held(fcntl.LOCK_SH, deadline):  # somebody who has waited for long goes first
            pass
        if self._begun(begin, BARGING_SECONDS, deadline):
            return
        with self._held(fcntl.LOCK_EX, deadline):
            while not self._begun(begin, 0, deadline):
                time.sleep(LOOK_AGAIN_SECONDS)

    def _begun(self, begin: Callable[[float], object], seconds: float, deadline: float) -> bool:
        try:
            begin(seconds)
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
            return False
        return True

    @contextmanager
    def _held(self, kind: int, deadline: float) -> Iterator[None]:
        handle = os.open(self._name, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            while not _locked(handle, kind):
                if time.monotonic() > deadline:
                    cause = sqlite3.OperationalError("database is locked by another process")
                    raise OperationalError("BEGIN IMMEDIATE", None, cause)
                time.sleep(LOOK_AGAIN_SECONDS)
            yield
        finally:
            os.close(handle)  # which gives the lock back


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
