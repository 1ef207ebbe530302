"""Sample orders of the demonstration: told through the same commands that people give, at times that have just passed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import attachments, demo_pictures, identity, instances, user_tasks, worker
from engine.actors import Actor
from engine.clock import VirtualClock
from engine.db import Database
from engine.demo import login_of
from engine.errors import Conflict, NotFound, Rejected
from engine.states import OPEN_TASK
from engine.tables import House, Instance, Resident, TaskParticipant, UserTask

REPAIR = "repair"
SIGNATURE, PHOTOGRAPH = "<signature>", "<photograph>"  # stand for the hashes of pictures


@dataclass(frozen=True)
class _Act:
    """Somebody completes a task, so many minutes after the call."""

    task: str
    who: str | None  # None: whoever is a candidate, which differs by night
    minutes: float
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Order:
    """A call, so many minutes ago, and what came of it."""

    house: str | None
    minutes_ago: float
    report: Mapping[str, Any]
    acts: Sequence[_Act] = ()
    site: str = "S1"
    who: str = "customer_service"
    occurred: float = 0.0  # minutes before it was entered


@dataclass(frozen=True)
class Told:
    """How far a sample came: `refused` says why it stopped early, when the processes were changed meanwhile."""

    number: str | None
    refused: str | None


_ENTER = {"entry_result": "admitted"} | dict.fromkeys(
    ("verified", "uniform", "badge", "order_shown", "shoe_covers", "tool_mat", "explained"), True
)
_DONE = {"work_result": "done", "found_verified": True, "done_text": "更换角阀与软管,试水无渗漏"}
_SIGNED = {"cleaned": True, "resident_signature": SIGNATURE, "rating": "5"}


def _sent(minutes: float = 1, who: str = "technician", instruction: str = "") -> Iterator[_Act]:
    yield _Act("dispatch", None, minutes, {"technician": who, "instruction": instruction or "请带齐工具"})


def _arrived(who: str = "technician") -> Iterator[_Act]:
    yield from _sent(who=who)
    yield _Act("take", who, 3)
    yield _Act("arrive", who, 8, {"arrival_result": "arrived"})


def _working(who: str = "technician", amount: float | None = None) -> Iterator[_Act]:
    yield from _arrived(who)
    yield _Act("enter", who, 10, _ENTER)
    if amount is not None:
        agreed = {"quote_items": "人工与配件", "amount": amount, "quote_result": "agreed", "quote_signature": SIGNATURE}
        yield _Act("quote", who, 14, agreed)


def _repaired(who: str = "technician", amount: float | None = None) -> Iterator[_Act]:
    yield from _working(who, amount)
    yield _Act("work", who, 45, _DONE)
    yield _Act("confirm", who, 50, _SIGNED if amount is None else {**_SIGNED, "amount": amount})
    yield _Act("receive_order", "customer_service", 90, {"told_by": "telephone"})


def _called_back() -> Iterator[_Act]:
    verdict = {"reached": "yes", "attitude": "5", "manners": "5", "quality": "5", "verdict": "satisfied", "channel": "telephone"}
    yield _Act("call_back", "customer_service", 600, verdict)
    yield _Act("countersign", "customer_service_2", 620, {"countersigned": True})


def _indoor(house: str, minutes_ago: float, kind: str, room: str, content: str, *acts: _Act, site: str = "S1", **report: Any) -> _Order:
    return _Order(house, minutes_ago, {"kind": kind, "room": room, "content": content, **report}, acts, site)


_NO_MATERIAL = {
    "work_result": "material",
    "found_verified": True,
    "material": "压缩机启动电容 35μF",
    "hold_reason": "仓库无此型号",
}
_AWAY = {"arrival_result": "returned", "return_reason": "住户临时外出,约不到时间"}
_AT_NIGHT = {
    "kind": "pipe_leak",
    "room": "卫生间",
    "content": "夜间爆管,已先关阀抢修",
    "late_entry": True,
    "late_reason": "夜间抢修,次日补单",
}
_LIFT_HALL = {
    "area": "public",
    "place": "2号楼电梯厅",
    "kind": "public_facility",
    "content": "电梯厅照明不亮",
    "damage": "ordinary",
}
_ORDERS = (
    _indoor("A-7", 1, "pipe_leak", "厨房", "厨房水管漏水,地面已积水", photos=[PHOTOGRAPH]),
    _indoor("B-3", 26, "door_window", "阳台", "阳台推拉门脱轨,关不上"),
    _indoor("C-18", 42, "drain", "卫生间", "卫生间地漏堵塞,返臭味", *_sent(who="technician_2")),
    _indoor("D-5", 55, "power_out", "全屋", "全屋停电,空气开关合不上", *_sent(), extent="room"),
    _indoor("A-21", 35, "wiring", "客厅", "客厅插座冒火花", *_sent(), _Act("take", "technician", 2)),
    _indoor("B-14", 170, "tap", "厨房", "水龙头关不紧,一直滴水", *_arrived(), _Act("enter", "technician", 10, _ENTER)),
    _indoor(
        "C-2",
        300,
        "appliance",
        "主卧",
        "空调不制冷,外机有异响",
        *_working("technician_2", 180),
        _Act("work", "technician_2", 40, _NO_MATERIAL),
    ),
    _indoor("D-19", 1_500, "tap_leak", "卫生间", "面盆下水漏水", *_repaired(amount=60)),
    _indoor("B-22", 2_000, "door_window", "次卧", "窗户把手断裂", *_repaired(), *_called_back(), warranty=True),
    _Order("A-3", 400, _AT_NIGHT, who="duty_officer", occurred=300),
    _indoor(
        "C-9",
        240,
        "other",
        "客厅",
        "吊灯坠落隐患,住户要求更换",
        *_sent(),
        _Act("take", "technician", 3),
        _Act("arrive", "technician", 9, _AWAY),
    ),
    _Order(None, 180, _LIFT_HALL, (*_arrived("technician_2"), _Act("work", "technician_2", 60, _DONE))),
    _indoor("A-12", 18, "seepage", "书房", "外墙渗水,墙皮起泡", site="S2"),
    _indoor("B-6", 80, "phone_out", "客厅", "对讲机没有声音", *_sent(), site="S2", extent="room"),
    _indoor("C-11", 130, "drain", "厨房", "厨房下水堵塞", *_arrived(), site="S3"),
)


def tell(database: Database, now: datetime) -> list[Told]:
    """Tell every sample; nothing happens where the process of repairs is not deployed."""
    return [told for order in _ORDERS if (told := _tell(database, order, now)) is not None]


def _tell(database: Database, order: _Order, now: datetime) -> Told | None:
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


def _start(session: Session, order: _Order, begin: datetime) -> Instance:
    report = {"channel": "telephone", "area": "indoor", **_caller(session, order), **order.report}
    actor = _actor(session, order.who, order.site, begin)
    occurred = begin - timedelta(minutes=order.occurred)
    return instances.start(
        session, REPAIR, order.site, actor, begin, _filled(session, report, actor, order.site, begin), occurred_at=occurred
    ).instance


def _complete(session: Session, site: str, root_id: int, act: _Act, now: datetime) -> None:
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


def _caller(session: Session, order: _Order) -> dict[str, Any]:
    """The owner of the house, who calls; for a public place the first resident of the site."""
    query = select(House.code, Resident.name, Resident.telephone).join(Resident, Resident.house_id == House.id)
    here = query.where(House.site == order.site, House.code == order.house if order.house else House.code.is_not(None))
    code, name, telephone = session.execute(here.order_by(Resident.id).limit(1)).one()
    return {"caller_name": name, "telephone": telephone} | ({"house": code} if order.house else {})


def _filled(session: Session, data: Mapping[str, Any], actor: Actor, site: str, now: datetime) -> dict[str, Any]:
    """The data with real pictures and logins in the places kept for them."""
    return {key: _value(session, key, value, actor, site, now) for key, value in data.items()}


def _value(session: Session, key: str, value: Any, actor: Actor, site: str, now: datetime) -> Any:
    if isinstance(value, list):
        return [_value(session, key, item, actor, site, now) for item in value]
    if key == "technician":
        return login_of(value, site)
    pictures = {SIGNATURE: (demo_pictures.signature, "签名.png"), PHOTOGRAPH: (demo_pictures.leak, "漏水.png")}
    if value not in pictures:
        return value
    draw, name = pictures[value]
    directory = session.info["database"].settings.attachments
    return attachments.store(session, directory, draw(), name, site, actor, now)


def _actor(session: Session, who: str, site: str, now: datetime) -> Actor:
    return identity.actor_of(session, identity.get(session, login_of(who, site)), "page", now)
