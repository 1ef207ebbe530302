"""For whom a person stands in at this moment: asked at every request, together with the person's own posts."""

from datetime import datetime

import orjson
from sqlalchemy import String, bindparam, cast, null, select, union_all
from sqlalchemy.orm import Session, aliased

from engine.actors import Absent
from engine.prepared import Prepared
from engine.tables import Membership, Person, Proxy, UtcDateTime

_NOW = bindparam("now", type_=UtcDateTime)
_PRINCIPAL = aliased(Person)
# Of who is disabled nobody stands in for anything any more.
_POSTS_AND_ABSENT = Prepared(
    union_all(
        select(Membership.site, Membership.post, cast(null(), String), cast(null(), String))
        .join(Person, Person.id == Membership.person_id)
        .where(Person.login == bindparam("wanted"), Person.disabled_at.is_(None)),
        select(Membership.site, Membership.post, Proxy.principal, cast(Proxy.keys, String))
        .join(_PRINCIPAL, (_PRINCIPAL.login == Proxy.principal) & _PRINCIPAL.disabled_at.is_(None))
        .join(Membership, (Membership.person_id == _PRINCIPAL.id) & (Membership.site == Proxy.site))
        .where(Proxy.proxy == bindparam("wanted"), Proxy.until_at > _NOW, Proxy.from_at <= _NOW),
    )
)


def posts_and_absent(session: Session, login: str, now: datetime) -> tuple[frozenset[tuple[str, str]], tuple[Absent, ...]]:
    """What the person holds as (site, post), and for whom they stand in. Of the absent one's posts, those of that moment count."""
    posts: set[tuple[str, str]] = set()
    absent: dict[tuple[str, str, str | None], set[str]] = {}
    for site, post, principal, keys in _POSTS_AND_ABSENT.rows(session, {"wanted": login, "now": now}):
        if principal is None:
            posts.add((site, post))
        else:
            absent.setdefault((principal, site, keys), set()).add(post)
    found = (Absent(who, site, frozenset(held), _keys(keys)) for (who, site, keys), held in sorted(absent.items(), key=str))
    return frozenset(posts), tuple(found)


def _keys(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(orjson.loads(text))
