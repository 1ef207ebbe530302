"""Passwords: kept as argon2id, chosen by people within rules, made at random for them."""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import TooManyAtOnce

MIN_LENGTH = 10
MAX_LENGTH = 200  # a longer one would only cost the server
MIN_DIFFERENT = 5  # different characters
_LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"  # without what looks alike on paper: i l o 0 1
_GROUPS = 4  # of four: 79 bits

# 19 MiB and two passes: what OWASP recommends as the least. More would hold up everyone else's commands.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# One at a time, in 20 to 40 ms: a whole shift that logs in at eight o'clock takes those 19 MiB once.
_IN_TURN = threading.RLock()
AT_ONCE = 8  # who has a turn or waits for it: half of the server's threads at most, the others serve everybody else
_PLACES = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def in_turn() -> Iterator[None]:
    """Have the passwords to oneself. Wait here before a transaction begins: whoever waits holds no connection and no lock.

    Raises TooManyAtOnce, without waiting, when so many wait already.
    """
    if not _PLACES.acquire(blocking=False):
        raise TooManyAtOnce(f"Expected at most {AT_ONCE} passwords to be checked at once, but there are more; try again in a few seconds")
    try:
        with _IN_TURN:
            yield
    finally:
        _PLACES.release()


def hashed(password: str) -> str:
    with _IN_TURN:
        return _hasher.hash(_plain(password))


def fits(password: str, password_hash: str | None) -> bool:
    """Whether this is the password. Takes as long when there is none to compare with, so that the time tells nothing."""
    known = password_hash or _nobodys()
    try:
        with _IN_TURN:
            return _hasher.verify(known, _plain(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def random_password() -> str:
    """Easy to read out and to type."""
    return "-".join("".join(secrets.choice(_LEGIBLE) for _ in range(4)) for _ in range(_GROUPS))


def objection(password: str, login: str) -> str | None:
    """What is wrong with a password that somebody chose; None when it may be used."""
    plain = _plain(password)
    if len(plain) < MIN_LENGTH:
        return f"Expected at least {MIN_LENGTH} characters, but there are {len(plain)}"
    if len(plain) > MAX_LENGTH:
        return f"Expected at most {MAX_LENGTH} characters, but there are {len(plain)}"
    if len(set(plain)) < MIN_DIFFERENT:
        return f"Expected at least {MIN_DIFFERENT} different characters, but there are {len(set(plain))}"
    if login.lower() in plain.lower():
        return "Expected a password that does not contain the login name, but it does"
    return None


def _plain(password: str) -> str:
    # The same characters typed through another keyboard are the same password.
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return hashed(secrets.token_urlsafe())
