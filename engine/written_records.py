"""Records that must be their author's own: one that repeats an earlier one is taken, but marked as copied.

A user task names such fields by `steward:individual`. Each text and photograph of them is compared with the earlier ones of the same order
and of the same person at the site: photographs by their content, texts without blanks and punctuation, and as nearly the same where few
letters differ. What is found becomes the variable `copied_from`, stands in the history with the completion, and is counted.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, UnaryExpression, and_, func, or_, select, union_all
from sqlalchemy.orm import Session

from engine import db, rights
from engine.actors import Actor
from engine.tables import Instance, Person, UserTask, WrittenRecord

VARIABLE = "copied_from"
SAME, ALIKE = "same", "alike"
ALIKE_FROM = 0.95  # share of letters in common: of twenty one may differ
COMPARED = 50  # latest texts of the order, and of the person, that are compared letter by letter
LETTERS = 300  # of a text that are compared letter by letter

_COLUMNS = (WrittenRecord.id, WrittenRecord.digest, WrittenRecord.text, WrittenRecord.author, WrittenRecord.at, Instance.number)


@dataclass(frozen=True)
class Compared:
    """What a person has just written, with the earlier records that it repeats."""

    records: Sequence[WrittenRecord] = ()
    copied: Sequence[Mapping[str, Any]] = ()

    @property
    def variables(self) -> dict[str, Any]:
        return {VARIABLE: list(self.copied)} if self.records else {}


@dataclass(frozen=True)
class Copied:
    """A copied record as a supervisor sees it."""

    number: str | None
    instance_id: int
    key: str  # of the process
    activity_id: str
    author: str
    at: datetime
    earlier_number: str | None
    earlier_instance_id: int
    earlier_author: str
    earlier_at: datetime


@dataclass(frozen=True)
class _Said:
    """One answer, as it is compared."""

    field: str
    digest: str
    text: str | None = None


def compare(
    session: Session, instance: Instance, task: UserTask, named: str, answers: Mapping[str, Any], actor: Actor, now: datetime
) -> Compared:
    """Compare the fields that `steward:individual` names with what was written before. Nothing is stored yet, nothing refused."""
    keys = [key.strip() for key in named.split(",") if key.strip()]
    said = [one for key in keys for one in _said(key, answers.get(key))]
    if not said:
        return Compared()
    author = actor.login or actor.source
    _one_at_a_time(session, author)
    before = _earlier(session, instance, author, said)
    records, copied = [], []
    for one in said:
        likeness, earlier = _repeated(one, before)
        records.append(_record(instance, task, one, author, now, None if earlier is None else earlier.id))
        if earlier is not None:
            told = {"field": one.field, "likeness": likeness, "number": earlier.number, "by": earlier.author, "at": earlier.at.isoformat()}
            copied.append(told)
    return Compared(records, copied)


def keep(session: Session, compared: Compared) -> None:
    """Store what was compared, for those that come later."""
    session.add_all(compared.records)


def copied(session: Session, site: str, actor: Actor, since: datetime, limit: int = 200) -> list[Copied]:
    """The copied records of a site, the latest first, text and photographs of one task as one: for its supervisors and auditors."""
    rights.require(rights.may_supervise(actor, site) or rights.may_audit(actor, site), "see copied records")
    earlier, of_earlier = WrittenRecord.__table__.alias("earlier"), Instance.__table__.alias("of_earlier")
    query = (
        select(Instance.number, Instance.id, Instance.key, WrittenRecord.activity_id, WrittenRecord.author, WrittenRecord.at)
        .add_columns(of_earlier.c.number, of_earlier.c.id, earlier.c.author, earlier.c.at)
        .join(Instance, Instance.id == WrittenRecord.instance_id)
        .join(earlier, earlier.c.id == WrittenRecord.earlier_id)
        .join(of_earlier, of_earlier.c.id == earlier.c.instance_id)
        .where(WrittenRecord.site == site, WrittenRecord.at >= since)
    )
    rows = session.execute(query.order_by(WrittenRecord.at.desc(), WrittenRecord.id.desc()).limit(limit))
    return list(dict.fromkeys(Copied(*row) for row in rows))


def counted(session: Session, site: str, actor: Actor, since: datetime) -> dict[str, int]:
    """How many copied records each person of a site has written."""
    rights.require(rights.may_supervise(actor, site) or rights.may_audit(actor, site), "see copied records")
    query = select(WrittenRecord.author, func.count()).where(
        WrittenRecord.site == site, WrittenRecord.at >= since, WrittenRecord.earlier_id.is_not(None)
    )
    return dict(session.execute(query.group_by(WrittenRecord.author)).all())


def bare(text: str) -> str:
    """A text by which two are compared: letters and figures alone, whichever width and case they are written in."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if unicodedata.category(letter)[0] in "LN")


def _said(key: str, answer: Any) -> Iterator[_Said]:
    if isinstance(answer, list):
        yield from (_Said(key, str(photograph)) for photograph in dict.fromkeys(answer))
    elif isinstance(answer, str) and (letters := bare(answer)):
        yield _Said(key, hashlib.sha256(letters.encode()).hexdigest(), letters[:LETTERS])


def _one_at_a_time(session: Session, author: str) -> None:
    """One person's records are compared one after the other, also those of two orders at once."""
    if db.of(session).is_sqlite:
        session.connection()  # the turn to write
    else:
        session.execute(select(Person.id).where(Person.login == author).with_for_update(key_share=True))


def _earlier(session: Session, instance: Instance, author: str, said: Sequence[_Said]) -> list[Row[Any]]:
    """Earlier records that may be meant: the first with the same digest, and the latest texts; the oldest first."""
    of_order = WrittenRecord.root_id == (instance.root_id or instance.id)
    of_person = and_(WrittenRecord.site == instance.site, WrittenRecord.author == author)
    parts = [_ids(WrittenRecord.digest.in_({one.digest for one in said}), or_(of_order, of_person), order=WrittenRecord.id.asc())]
    if any(one.text is not None for one in said):
        parts += [_ids(mine, WrittenRecord.text.is_not(None), order=WrittenRecord.id.desc()) for mine in (of_order, of_person)]
    query = select(*_COLUMNS).join(Instance, Instance.id == WrittenRecord.instance_id).where(WrittenRecord.id.in_(union_all(*parts)))
    return list(session.execute(query.order_by(WrittenRecord.id)))


def _ids(*conditions: ColumnElement[bool], order: UnaryExpression[int]) -> Select[tuple[int]]:
    # Each limit within a query of its own: SQLite knows none in the middle of a union.
    few = select(WrittenRecord.id).where(*conditions).order_by(order).limit(COMPARED).subquery()
    return select(few.c.id)


def _repeated(one: _Said, before: Sequence[Row[Any]]) -> tuple[str, Row[Any] | None]:
    same = next((row for row in before if row.digest == one.digest), None)
    if same is not None or one.text is None:
        return SAME, same
    return ALIKE, next((row for row in before if row.text is not None and _is_alike(one.text, row.text)), None)


def _is_alike(text: str, other: str) -> bool:
    matcher = SequenceMatcher(None, text, other, autojunk=False)
    # The first two are upper bounds of the third, and cheap.
    return min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= ALIKE_FROM and matcher.ratio() >= ALIKE_FROM


def _record(instance: Instance, task: UserTask, one: _Said, author: str, now: datetime, earlier_id: int | None) -> WrittenRecord:
    return WrittenRecord(
        site=instance.site,
        root_id=instance.root_id or instance.id,
        instance_id=instance.id,
        task_id=task.id,
        activity_id=task.activity_id,
        field=one.field,
        author=author,
        digest=one.digest,
        text=one.text,
        at=now,
        earlier_id=earlier_id,
    )
