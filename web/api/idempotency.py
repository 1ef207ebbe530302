"""The same request with the same key does its work once and gets the same answer: the key is kept in the transaction of the work."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from engine.db import Database, core, insert_unless_there
from engine.errors import Conflict, Rejected
from engine.prepared import Prepared
from engine.tables import IdempotencyKey

KEPT = timedelta(days=7)
Work = Callable[[Session], tuple[Any, int]]
_KEY = core(IdempotencyKey).c
_MINE = (_KEY.login == bindparam("of_login")) & (_KEY.key == bindparam("wanted"))
_FIND = Prepared(select(_KEY.request_hash, _KEY.answer, _KEY.status, _KEY.at).where(_MINE))
_FORGET = Prepared(delete(core(IdempotencyKey)).where(_MINE, _KEY.at < bindparam("long_ago")))


class Beaten(Conflict):
    """The same request came at the same moment and was faster."""


def once(db: Database, login: str, key: str | None, request_hash: str, now: datetime, work: Work) -> tuple[Any, int, bool]:
    """Do the work in a transaction and keep its answer and status under the person's key, or give the kept ones.

    The third value tells which. Raises Conflict when the key was used for another request. A refused request keeps nothing: sent
    again, it is tried again.
    """
    if key is None:
        with db.transaction() as session:
            return *work(session), False
    row = {"login": login, "key": key, "request_hash": request_hash, "at": now}
    try:
        with db.transaction() as session:
            return _kept(session, row) or _first(session, row, work)
    except Rejected:  # its twin may have done the work meanwhile
        with db.transaction() as session:
            session.info["connection"].writing()  # so that a twin whose commit is still shared with others is seen
            kept = _kept(session, row)
            if kept is None:
                raise
            return kept


def _kept(session: Session, row: dict[str, Any]) -> tuple[Any, int, bool] | None:
    found = _FIND.rows(session, {"of_login": row["login"], "wanted": row["key"]})
    if not found or found[0][3] < row["at"] - KEPT:
        return None
    request_hash, answer, status, _ = found[0]
    if request_hash != row["request_hash"]:
        raise Conflict("Expected a fresh Idempotency-Key, but this one was used for another request")
    return answer, status, True


def _first(session: Session, row: dict[str, Any], work: Work) -> tuple[Any, int, bool]:
    # The key comes last: on SQLite others write while the work reads and reckons.
    answer, status = work(session)
    _FORGET.run(session, {"of_login": row["login"], "wanted": row["key"], "long_ago": row["at"] - KEPT})
    if not insert_unless_there(session, IdempotencyKey, row | {"answer": answer, "status": status}):
        raise Beaten("Expected this request once, but it came twice at the same moment, and the other one was given up: send it again")
    return answer, status, False


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
