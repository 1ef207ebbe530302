"""The same request with the same key does its work once and gets the same answer: the key is kept in the transaction of the work."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from engine.db import insert_unless_there
from engine.errors import Conflict
from engine.tables import IdempotencyKey

KEPT = timedelta(days=7)


def once(
    session: Session, login: str, key: str | None, request_hash: str, now: datetime, work: Callable[[], tuple[Any, int]]
) -> tuple[Any, int, bool]:
    """Do the work and keep its answer and status under the person's key, or give the kept ones; the third value tells which.

    Raises Conflict when the key was used for another request. A refused request keeps nothing: sent again, it is tried again.
    """
    if key is None:
        return *work(), False
    if not _take(session, login, key, request_hash, now):
        kept = session.get_one(IdempotencyKey, (login, key))
        if kept.request_hash != request_hash:
            raise Conflict("Expected a fresh Idempotency-Key, but this one was used for another request")
        return kept.answer, kept.status, True
    answer, status = work()
    mine = (IdempotencyKey.login == login) & (IdempotencyKey.key == key)
    session.execute(update(IdempotencyKey).where(mine).values(answer=answer, status=status))
    return answer, status, False


def _take(session: Session, login: str, key: str, request_hash: str, now: datetime) -> bool:
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.at < now - KEPT))
    # Of two requests that come together, PostgreSQL lets the second wait here until the first has committed or given up.
    row = {"login": login, "key": key, "request_hash": request_hash, "status": 0, "answer": {}, "at": now}
    return insert_unless_there(session, IdempotencyKey, row)


def hash_of(method: str, path: str, body: Any) -> str:
    """What makes two requests the same: method, path and what was said, however it was written down."""
    said = orjson.dumps([method, path, body], default=_plain, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, FileStorage):
        digest = hashlib.sha256(value.stream.read()).hexdigest()
        value.stream.seek(0)
        return [value.filename, digest]
    raise TypeError
