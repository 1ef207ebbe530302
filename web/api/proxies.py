"""Who stands in for whom."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from engine import proxies
from engine.actors import Actor
from web import current
from web.api import schemas_people
from web.api.routing import commands, reads

nouns = APIBlueprint("proxies", __name__, tag="proxies")
Said = Mapping[str, Any]


@reads(nouns, "/proxies", schemas_people.Proxies, schemas_people.ProxyFilter)
def list_proxies(session: Session, actor: Actor, asked: Said) -> Any:
    """Where the person is away or stands in, and whatever is agreed at the sites that they supervise: in force, to come, or just over."""
    return proxies.of(session, actor, current.now(), **asked)


@commands(nouns, "/proxies", schemas_people.Proxy, schemas_people.NewProxy, status=201)
def appoint(session: Session, actor: Actor, now: datetime, said: Said) -> Any:
    """Let somebody do one's tasks at a site from one moment to another; supervisors do that for others too."""
    principal, start = said.get("principal") or actor.login or "", said.get("start") or now
    return proxies.appoint(session, principal, said["proxy"], said["site"], start, said["until"], actor, now, keys=said["keys"])


@commands(nouns, "/proxies/<id:proxy_id>", schemas_people.Proxy, method="DELETE")
def end(session: Session, actor: Actor, now: datetime, said: Said, proxy_id: int) -> Any:
    """End it before its time."""
    return proxies.end(session, proxy_id, actor, now)


@commands(nouns, "/proxies", schemas_people.Proxy, schemas_people.WhichProxy, method="DELETE")
def end_one(session: Session, actor: Actor, now: datetime, said: Said) -> Any:
    """The same, with the id in the body."""
    return proxies.end(session, said["id"], actor, now)
