"""Sample cases of the demonstration: told through the same commands that people give."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import attachments, demo_pictures, identity, instances, user_tasks, worker
from engine.actors import Actor
from engine.clock import VirtualClock
from engine.db import Database
from engine.demo import login_of
from engine.demo_complaints import COMPLAINTS
from engine.demo_renovation import RENOVATIONS
from engine.demo_repairs import ORDERS
from engine.demo_samples import PHOTOGRAPH, SIGNATURE, Act, Day, Sample, Told
from engine.demo_services import SERVICES
from engine.errors import Conflict, NotFound, Rejected
from engine.states import OPEN_TASK
from engine.tables import House, Instance, Resident, TaskParticipant, UserTask


def tell(database: Database, now: datetime) -> list[Told]:
    """Tell every sample; nothing happens where its process is not deployed."""
    return [told for order in (*ORDERS, *COMPLAINTS, *SERVICES, *RENOVATIONS) if (told := _tell(database, order, now)) is not None]


def _tell(database: Database, order: Sample, now: datetime) -> Told | None:
    begin = now - timedelta(minutes=order.minutes_ago)
    clock = VirtualClock(begin)
    try:
        with database.transaction() as session:
            instance = _start(session, order, begin)
            root_id, number = instance.id, instance.number
    except NotFound:
        return None
    try:
        for act in order.acts:
            clock.set(begin + timedelta(minutes=act.minutes))
            worker.run_jobs_of(database, root_id, clock)
            with database.transaction() as session:
                _complete(session, order.site, root_id, act, clock.now())
        worker.run_jobs_of(database, root_id, clock)
    except Rejected as refusal:
        return Told(number, str(refusal))
    return Told(number, None)


def _start(session: Session, order: Sample, begin: datetime) -> Instance:
    channel = {"channel": order.channel} if order.channel else {}
    report = {**channel, **_caller(session, order), **order.report}
    actor = _actor(session, order.who, order.site, begin)
    occurred = begin - timedelta(minutes=order.occurred)
    return instances.start(
        session, order.process, order.site, actor, begin, _filled(session, report, actor, order.site, begin), occurred_at=occurred
    ).instance


def _complete(session: Session, site: str, root_id: int, act: Act, now: datetime) -> None:
    query = select(UserTask.id).join(Instance, Instance.id == UserTask.instance_id).where(UserTask.state.in_(OPEN_TASK))
    task_id = session.scalar(query.where(Instance.root_id == root_id, UserTask.activity_id == act.task).order_by(UserTask.id).limit(1))
    if task_id is None:
        raise Conflict(f"Expected an open task {act.task}, but there is none")
    actor = _actor(session, act.who or _candidate(session, task_id), site, now)
    user_tasks.complete(session, task_id, _filled(session, act.data, actor, site, now), actor, now)


def _candidate(session: Session, task_id: int) -> str:
    """The first post that may do the task."""
    query = select(TaskParticipant.who).where(TaskParticipant.task_id == task_id, TaskParticipant.kind == "group")
    return session.scalars(query.order_by(TaskParticipant.who).limit(1)).one()


def _caller(session: Session, order: Sample) -> dict[str, Any]:
    """The owner of the house, who calls; for a public place the first resident of the site."""
    query = select(House.code, Resident.name, Resident.telephone).join(Resident, Resident.house_id == House.id)
    here = query.where(House.site == order.site, House.code == order.house if order.house else House.code.is_not(None))
    code, name, telephone = session.execute(here.order_by(Resident.id).limit(1)).one()
    return {order.caller: name, "telephone": telephone} | ({"house": code} if order.house else {})


def _filled(session: Session, data: Mapping[str, Any], actor: Actor, site: str, now: datetime) -> dict[str, Any]:
    """The data with real pictures and logins in the places kept for them."""
    return {key: _value(session, key, value, actor, site, now) for key, value in data.items()}


def _value(session: Session, key: str, value: Any, actor: Actor, site: str, now: datetime) -> Any:
    if isinstance(value, list):
        return [_value(session, key, item, actor, site, now) for item in value]
    if key in ("technician", "handler"):
        return login_of(value, site)
    if isinstance(value, Day):
        return (now + timedelta(days=value.after)).date().isoformat()
    if isinstance(value, timedelta):
        return (now + value).isoformat()
    pictures = {SIGNATURE: (demo_pictures.signature, "签名.png"), PHOTOGRAPH: (demo_pictures.leak, "漏水.png")}
    if value not in pictures:
        return value
    draw, name = pictures[value]
    directory = session.info["database"].settings.attachments
    return attachments.store(session, directory, draw(), name, site, actor, now)


def _actor(session: Session, who: str, site: str, now: datetime) -> Actor:
    return identity.actor_of(session, identity.get(session, login_of(who, site)), "page", now)
