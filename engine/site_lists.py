"""Lists that the processes of a site write and read: the standing services, the known answers to questions.

A process adds by the topic `site_list`, reads by `entries("name")`, and a select of a form offers the keys of a list. So what one case has
decided, the next one finds.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import db, history, sites
from engine.actors import Actor
from engine.errors import Invalid, LimitExceeded, NotFound
from engine.form_messages import CHINESE, sentence
from engine.forms import Form
from engine.rights import may_administer, require
from engine.tables import ListEntry, Site

TOPIC = "site_list"
MAX_ENTRIES = 1_000  # of one list: it is read as a whole
MAX_KEY = 200


def add(
    session: Session, site: str, name: Any, entry: Any, actor: Actor, now: datetime, *, instance_id: int | None = None
) -> None:  # fmt: skip
    """Add an entry, or replace the one of the same key; twice is as once. The caller has asked who may."""
    key, content = _read(name, entry)
    session.get(Site, site, with_for_update=True)  # two that add at once: one after the other, so that the limit holds
    row = session.get(ListEntry, (site, name, key), populate_existing=True)
    before = row.content if row else None
    if row is None:
        here = select(func.count()).select_from(ListEntry).where(ListEntry.site == site, ListEntry.list == name)
        if (session.scalar(here) or 0) >= MAX_ENTRIES:
            raise LimitExceeded(f"Expected at most {MAX_ENTRIES} entries in the list {name!r}, but this would be one more")
        session.add(ListEntry(site=site, list=name, key=key, content=content, instance_id=instance_id, added_at=now))
    else:
        row.content, row.instance_id = content, instance_id
    data = {"list": name, "key": key, "before": before, "after": content, "instance": instance_id}
    _tell(session, site, "list_entry.set", actor, now, data)


def enter(session: Session, site: str, name: Any, entry: Any, actor: Actor, now: datetime) -> None:
    """Add or replace an entry by hand; whoever administers the site may."""
    sites.get(session, site, actor)
    require(may_administer(actor, site), "change the lists of this site")
    add(session, site, name, entry, actor, now)


def remove(session: Session, site: str, name: str, key: str, actor: Actor, now: datetime) -> None:
    """Take an entry off a list; whoever administers the site may."""
    sites.get(session, site, actor)
    require(may_administer(actor, site), "change the lists of this site")
    row = session.get(ListEntry, (site, name, key))
    if row is None:
        raise NotFound(f"Expected an entry {key!r} in the list {name!r}, but there is none")
    data = {"list": name, "key": key, "before": row.content, "after": None}
    session.delete(row)
    _tell(session, site, "list_entry.removed", actor, now, data)


def require_listed(session: Session, form: Form, answers: Mapping[str, Any], site: str) -> None:
    """Raise Invalid for an entry chosen in a form that is not in the list which the field asks for."""
    fields = {}
    for key, one in form.fields.items():
        chosen = answers.get(key)
        if one.answer != "entry" or chosen is None:
            continue
        if chosen not in (*keys(session, site, one.properties["list"]), *(choice["value"] for choice in one.values)):
            fields[key] = sentence("choice", CHINESE, label=one.name(CHINESE), found=str(chosen)[:40])
    if fields:
        raise Invalid(f"Expected entries of the lists of {site}, but {', '.join(fields)} names others", fields)


def keys(session: Session, site: str, name: str) -> list[str]:
    """What a select offers of a list."""
    return [entry["key"] for entry in sites.facts(session, site).lists.get(name, ())]


def _read(name: Any, entry: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(name, str) or not name.isidentifier() or len(name) > MAX_KEY:
        raise Invalid(f"Expected the name of a list, but found {str(name)[:40]!r}")
    key = entry.get("key") if isinstance(entry, Mapping) else None
    if not isinstance(key, str) or not 0 < len(key.strip()) <= MAX_KEY:
        raise Invalid(f"Expected an entry with a key of 1 to {MAX_KEY} characters, but found {str(key)[:40]!r}")
    return key.strip(), {field: value for field, value in entry.items() if field != "key"}


def _tell(session: Session, site: str, kind: str, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    history.append_site(session, site, kind, actor, now, data)
    session.flush()
    sites.forget(session, site)
    db.on_commit(session, lambda: sites.forget(session, site))
