"""Sample repair orders of the demonstration, in every state that an order knows."""

from collections.abc import Iterator
from typing import Any

from engine.demo_samples import PHOTOGRAPH, SIGNATURE, Act, Sample, called_back

REPAIR = "repair"
_ENTER = {"entry_result": "admitted"} | dict.fromkeys(
    ("verified", "uniform", "badge", "order_shown", "shoe_covers", "tool_mat", "explained"), True
)
_DONE = {"work_result": "done", "found_verified": True, "done_text": "更换角阀与软管,试水无渗漏"}
_SIGNED = {"cleaned": True, "resident_signature": SIGNATURE, "rating": "5"}


def _sent(minutes: float = 1, who: str = "technician", instruction: str = "") -> Iterator[Act]:
    yield Act("dispatch", None, minutes, {"technician": who, "instruction": instruction or "请带齐工具"})


def _arrived(who: str = "technician") -> Iterator[Act]:
    yield from _sent(who=who)
    yield Act("take", who, 3)
    yield Act("arrive", who, 8, {"arrival_result": "arrived"})


def _working(who: str = "technician", amount: float | None = None) -> Iterator[Act]:
    yield from _arrived(who)
    yield Act("enter", who, 10, _ENTER)
    if amount is not None:
        agreed = {"quote_items": "人工与配件", "amount": amount, "quote_result": "agreed", "quote_signature": SIGNATURE}
        yield Act("quote", who, 14, agreed)


def _repaired(who: str = "technician", amount: float | None = None) -> Iterator[Act]:
    yield from _working(who, amount)
    yield Act("work", who, 45, _DONE)
    yield Act("confirm", who, 50, _SIGNED if amount is None else {**_SIGNED, "amount": amount})
    yield Act("receive_order", "customer_service", 90, {"told_by": "telephone"})


def _indoor(house: str, minutes_ago: float, kind: str, room: str, content: str, *acts: Act, site: str = "S1", **report: Any) -> Sample:
    return Sample(REPAIR, house, minutes_ago, {"area": "indoor", "kind": kind, "room": room, "content": content, **report}, acts, site)


_NO_MATERIAL = {
    "work_result": "material",
    "found_verified": True,
    "material": "压缩机启动电容 35μF",
    "hold_reason": "仓库无此型号",
}
_AWAY = {"arrival_result": "returned", "return_reason": "住户临时外出,约不到时间"}
_AT_NIGHT = {
    "area": "indoor",
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
ORDERS = (
    _indoor("A-7", 1, "pipe_leak", "厨房", "厨房水管漏水,地面已积水", photos=[PHOTOGRAPH]),
    _indoor("B-3", 26, "door_window", "阳台", "阳台推拉门脱轨,关不上"),
    _indoor("C-18", 42, "drain", "卫生间", "卫生间地漏堵塞,返臭味", *_sent(who="technician_2")),
    _indoor("D-5", 55, "power_out", "全屋", "全屋停电,空气开关合不上", *_sent(), extent="room"),
    _indoor("A-21", 35, "wiring", "客厅", "客厅插座冒火花", *_sent(), Act("take", "technician", 2)),
    _indoor("B-14", 170, "tap", "厨房", "水龙头关不紧,一直滴水", *_arrived(), Act("enter", "technician", 10, _ENTER)),
    _indoor(
        "C-2",
        300,
        "appliance",
        "主卧",
        "空调不制冷,外机有异响",
        *_working("technician_2", 180),
        Act("work", "technician_2", 40, _NO_MATERIAL),
    ),
    _indoor("D-19", 1_500, "tap_leak", "卫生间", "面盆下水漏水", *_repaired(amount=60)),
    _indoor("B-22", 2_000, "door_window", "次卧", "窗户把手断裂", *_repaired(), *called_back(600), warranty=True),
    Sample(REPAIR, "A-3", 400, _AT_NIGHT, who="duty_officer", occurred=300),
    _indoor(
        "C-9",
        240,
        "other",
        "客厅",
        "吊灯坠落隐患,住户要求更换",
        *_sent(),
        Act("take", "technician", 3),
        Act("arrive", "technician", 9, _AWAY),
    ),
    Sample(REPAIR, None, 180, _LIFT_HALL, (*_arrived("technician_2"), Act("work", "technician_2", 60, _DONE))),
    _indoor("A-12", 18, "seepage", "书房", "外墙渗水,墙皮起泡", site="S2"),
    _indoor("B-6", 80, "phone_out", "客厅", "对讲机没有声音", *_sent(), site="S2", extent="room"),
    _indoor("C-11", 130, "drain", "厨房", "厨房下水堵塞", *_arrived(), site="S3"),
)
