"""Append events to a chain, read them back, and prove that nobody has touched them.

A chain belongs to an instance (`i42`) or to a site (`sS1`). Each event's hash covers its header, the hash of its content and the hash
of the event before it, so that a change, an insertion, a reordering or a removal is found. What nobody can prove from inside is that a
whole tail was cut off and the head rewritten: that needs a seal held elsewhere.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import func, insert, select, tuple_
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.db import core, insert_unless_there
from engine.prepared import Prepared
from engine.tables import Disposal, HistoryContent, HistoryEvent, Instance, Number, NumberSeries, SiteChain
from engine.texts import storable

EMPTY = b""
COMPANY = "*"  # stands where a site would, for what belongs to no single one
_INSERT_EVENTS, _INSERT_CONTENTS = Prepared(insert(core(HistoryEvent))), Prepared(insert(core(HistoryContent)))
READ_AT_ONCE = 1_000  # events held in memory while a chain is verified


@dataclass(frozen=True)
class Event:
    """One line to be written. `at` is when it happened; left out, it happened now."""

    type: str  # noun.verb in the past tense: user_task.completed
    activity: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True)
class Line:
    """One line as read back. `data` is None when its content was disposed of."""

    chain: str
    seq: int
    site: str
    type: str
    at: datetime
    recorded_at: datetime
    actor: str | None
    activity: str | None
    source: str | None
    data: Mapping[str, Any] | None
    previous_hash: str
    hash: str

    @property
    def instance(self) -> int | None:
        return int(self.chain[1:]) if self.chain.startswith("i") else None


@dataclass(frozen=True)
class Fault:
    """The first event of a chain that does not hold."""

    chain: str
    seq: int
    reason: str


def instance_chain(instance_id: int) -> str:
    return f"i{instance_id}"


def site_chain(site: str) -> str:
    return f"s{site}"


def append(session: Session, instance: Instance, events: Sequence[Event], actor: Actor, now: datetime) -> None:
    """Add events to an instance's chain; the caller holds the instance."""
    chain = instance_chain(instance.id)
    length, head = _write(session, chain, instance.site, instance.chain_length, instance.chain_head, events, actor, now)
    instance.chain_length, instance.chain_head = length, head


def append_many(session: Session, told: Sequence[tuple[Instance, Sequence[Event]]], actor: Actor, now: datetime) -> None:
    """Add events to the chains of many instances in two statements; the caller holds them all, and writes their new heads."""
    headers: list[Mapping[str, Any]] = []
    contents: list[Mapping[str, Any]] = []
    for instance, events in told:
        chain, length, head = instance_chain(instance.id), instance.chain_length, instance.chain_head
        instance.chain_length, instance.chain_head = _chain(chain, instance.site, length, head, events, actor, now, headers, contents)
    _INSERT_EVENTS.run_all(session, headers)
    _INSERT_CONTENTS.run_all(session, contents)


def append_site(session: Session, site: str, event_type: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    """Add one event to a site's chain: logins, deployments, administration."""
    chain = hold_site(session, site)
    events = [Event(event_type, data=data or {})]
    chain.length, chain.head = _write(session, chain.chain, site, chain.length, chain.head, events, actor, now)


def hold_site(session: Session, site: str) -> SiteChain:
    """Lock a site's chain until the end of the transaction; opens it when it is the site's first."""
    chain = session.get(SiteChain, site_chain(site), with_for_update=True)
    if chain is None:
        # Two first events may come together on PostgreSQL: the key decides, the loser takes the winner's row.
        row = {"chain": site_chain(site), "length": 0, "head": EMPTY}
        insert_unless_there(session, SiteChain, row)
        chain = session.get_one(SiteChain, site_chain(site), with_for_update=True)
    return chain


def _write(
    session: Session, chain: str, site: str, length: int, head: bytes, events: Sequence[Event], actor: Actor, now: datetime
) -> tuple[int, bytes]:
    headers: list[Mapping[str, Any]] = []
    contents: list[Mapping[str, Any]] = []
    end = _chain(chain, site, length, head, events, actor, now, headers, contents)
    _INSERT_EVENTS.run_all(session, headers)
    _INSERT_CONTENTS.run_all(session, contents)
    return end


def _chain(
    chain: str, site: str, length: int, head: bytes, events: Sequence[Event], actor: Actor, now: datetime,
    headers: list[Mapping[str, Any]], contents: list[Mapping[str, Any]],
) -> tuple[int, bytes]:  # fmt: skip
    """The events as rows that follow from the head of the chain; returns its new end."""
    for event in events:
        content = canonical({"actor": actor.login, "source": actor.source, "activity": event.activity, "data": event.data})
        header = {
            "chain": chain,
            "seq": length + 1,
            "site": site,
            "type": event.type,
            "at": event.at or now,
            "recorded_at": now,
            "content_hash": hashlib.sha256(content.encode()).digest(),
            "previous_hash": head,
        }
        header["hash"] = head = header_hash(header)
        length += 1
        headers.append(header)
        contents.append({"chain": chain, "seq": length, "content": content})
    return length, head


def canonical(value: Any) -> str:
    """The one way in which a content is written: sorted keys, no spaces, UTF-8."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # half a character in what somebody typed
        return orjson.dumps(_storable(value), option=orjson.OPT_SORT_KEYS).decode()


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case Mapping():
            return {storable(name): _storable(each) for name, each in value.items()}
        case list() | tuple():
            return [_storable(each) for each in value]
    return value


def header_hash(header: Mapping[str, Any]) -> bytes:
    """SHA-256 over the previous hash and the header in canonical form."""
    facts = [
        header["chain"],
        header["seq"],
        header["site"],
        header["type"],
        _stamp(header["at"]),
        _stamp(header["recorded_at"]),
        header["content_hash"].hex(),
    ]
    return hashlib.sha256(header["previous_hash"] + orjson.dumps(facts)).digest()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def lines(session: Session, chain: str, after: int = 0, limit: int | None = None) -> list[Line]:
    """The events of a chain, oldest first, from the one after `after` on."""
    query = joined().where(HistoryEvent.chain == chain, HistoryEvent.seq > after).order_by(HistoryEvent.seq).limit(limit)
    return [read(event, content) for event, content in session.execute(query)]


def across(session: Session, sites: Sequence[str], before: tuple[datetime, str, int] | None = None, limit: int = 50) -> list[Line]:
    """The newest events of whole sites, newest first; `before` is the place where the last page ended."""
    place = tuple_(HistoryEvent.recorded_at, HistoryEvent.chain, HistoryEvent.seq)
    newest = (HistoryEvent.recorded_at.desc(), HistoryEvent.chain.desc(), HistoryEvent.seq.desc())
    query = joined().where(HistoryEvent.site.in_(sites)).order_by(*newest).limit(limit)
    if before is not None:
        query = query.where(place < tuple_(*before))
    return [read(event, content) for event, content in session.execute(query)]


def joined() -> Any:
    """Events with their contents, where these are still there."""
    return select(HistoryEvent, HistoryContent.content).outerjoin(
        HistoryContent, (HistoryContent.chain == HistoryEvent.chain) & (HistoryContent.seq == HistoryEvent.seq)
    )


def read(event: HistoryEvent, content: str | None) -> Line:
    said = orjson.loads(content) if content is not None else {}
    return Line(
        chain=event.chain,
        seq=event.seq,
        site=event.site,
        type=event.type,
        at=event.at,
        recorded_at=event.recorded_at,
        actor=said.get("actor"),
        activity=said.get("activity"),
        source=said.get("source"),
        data=said.get("data"),
        previous_hash=event.previous_hash.hex(),
        hash=event.hash.hex(),
    )


def verify(session: Session, instance_id: int | None = None) -> Iterator[Fault]:
    """Walk the chains (or the one of an instance) and yield the first fault of each."""
    heads = _heads(session, instance_id)
    faulty = set()
    for chain, (length, head) in heads.items():
        fault = _verify_chain(session, chain, length, head)
        if fault is not None:
            faulty.add(chain)
            yield fault
    if instance_id is None:
        for chain in session.scalars(select(HistoryEvent.chain).distinct()):
            if chain not in heads:
                yield Fault(chain, 1, "events of a chain that nobody owns")
        yield from (fault for fault in _added_contents(session) if fault.chain not in faulty)
        yield from _lost_numbers(session)


def _heads(session: Session, instance_id: int | None) -> dict[str, tuple[int, bytes]]:
    instances = select(Instance.id, Instance.chain_length, Instance.chain_head)
    if instance_id is not None:
        instances = instances.where(Instance.id == instance_id)
    heads = {instance_chain(key): (length, head) for key, length, head in session.execute(instances)}
    if instance_id is None:
        sites = select(SiteChain.chain, SiteChain.length, SiteChain.head)
        heads |= {chain: (length, head) for chain, length, head in session.execute(sites)}
    return heads


def _verify_chain(session: Session, chain: str, length: int, head: bytes) -> Fault | None:
    seq, previous = 0, EMPTY
    while True:
        query = joined().where(HistoryEvent.chain == chain, HistoryEvent.seq > seq).order_by(HistoryEvent.seq).limit(READ_AT_ONCE)
        rows = session.execute(query).all()
        for event, content in rows:
            fault = _check(event, content, seq + 1, previous)
            if fault is None and content is None and session.get(Disposal, chain) is None:
                fault = "its content is missing, and no record says that it was disposed of"
            if fault is not None:
                return Fault(chain, event.seq, fault)
            seq, previous = event.seq, event.hash
        session.expunge_all()
        if len(rows) < READ_AT_ONCE:
            break
    if seq != length or previous != head:
        return Fault(chain, seq + 1, f"the chain ends at {seq}, but its owner counts {length} events")
    return None


def _added_contents(session: Session) -> Iterator[Fault]:
    same = (HistoryEvent.chain == HistoryContent.chain) & (HistoryEvent.seq == HistoryContent.seq)
    first = select(HistoryContent.chain, func.min(HistoryContent.seq)).outerjoin(HistoryEvent, same).where(HistoryEvent.seq.is_(None))
    for chain, seq in session.execute(first.group_by(HistoryContent.chain).order_by(HistoryContent.chain)):
        yield Fault(chain, seq, "a content without its event")


def _lost_numbers(session: Session) -> Iterator[Fault]:
    """Each number of a series up to its last was given out once and stays, used or void (A30)."""
    for series in session.scalars(select(NumberSeries)):
        begins = f"{series.series}-{series.site}-{series.month}-"
        there = set(session.scalars(select(Number.number).where(Number.number.startswith(begins, autoescape=True))))
        for place in range(1, series.last + 1):
            if f"{begins}{place:04d}" not in there:
                yield Fault(site_chain(series.site), 0, f"the number {begins}{place:04d} was given out, but is missing")
                break


def _check(event: HistoryEvent, content: str | None, seq: int, previous: bytes) -> str | None:
    header = {name: getattr(event, name) for name in ("chain", "seq", "site", "type", "at", "recorded_at", "content_hash", "previous_hash")}
    if event.seq != seq:
        return f"expected event {seq}, but found {event.seq}: one is missing"
    if event.previous_hash != previous:
        return "does not follow from the event before it"
    if header_hash(header) != event.hash:
        return "its header was changed"
    if content is None:
        return None  # disposed of, when there is a record of that
    if hashlib.sha256(content.encode()).digest() != event.content_hash:
        return "its content was changed"
    return None
