"""Sample complaints of the demonstration: just received, with a department, with the developer, waiting for acceptance, in the library."""

from collections.abc import Iterator
from typing import Any

from engine.demo_samples import PHOTOGRAPH, SIGNATURE, Act, Sample, called_back, soon

COMPLAINT = "complaint"
_MINOR = {"weight": "minor", "side": "property", "acknowledge_note": "按规定时限办理"}
_DEVELOPER = {"weight": "minor", "side": "developer", "acknowledge_note": "请项目负责人跟进"}
_FOUND = {"finding": "true", "party": "property", "told_by": "telephone"}


def _looked_into(result: str, details: str, told: str, **more: Any) -> Iterator[Act]:
    yield Act("acknowledge", "cs_supervisor", 15, _DEVELOPER if more.get("party") == "developer" else _MINOR)
    yield Act("look_into", "customer_service", 30, {**_FOUND, "look_result": result, "details": details, "told": told, **more})


def _assigned(department: str, details: str, told: str, **more: Any) -> Iterator[Act]:
    yield from _looked_into("assign", details, told, **more)
    side = "developer" if department == "developer" else "property"
    yield Act("assign", "cs_supervisor", 50, {"department": department, "side": side, "complete_by": soon(days=2)})


def _settled(who: str, measures: str, settlement: str) -> Iterator[Act]:
    yield Act("handle", who, 180, {"handle_result": "done", "measures": measures, "settlement": settlement})
    yield Act("arrange", "cs_supervisor", 200, {"department_supervisor": "保洁主管"})
    yield from called_back(300)


def _complaint(house: str, minutes_ago: float, kind: str, content: str, *acts: Act, site: str = "S1", **report: Any) -> Sample:
    said = {"receiving": "centre", "kind": kind, "content": content, **report}
    return Sample(COMPLAINT, house, minutes_ago, said, acts, site)


_NOT_OURS = {"handle_result": "not_ours", "obstacle_reason": "围挡是工程施工临时设置，秩序岗无权拆除"}
_CONVENED = {"convened": ["order_supervisor", "engineering_supervisor", "property_officer"], "convene_question": "围挡由谁、何时拆除"}
_FOLLOWED = {"handle_result": "follow", "measures": "已现场查看并拍照", "obstacle_reason": "质保期内，须地产公司维修"}
_COORDINATED = {
    "coordination": "已发函地产工程部，约定下周进场",
    "extra_service": "先做临时遮雨，每两天上门查看",
    "pursue_told": "已电话说明进度，业主表示理解",
    "pursue_result": "continue",
    "next_look_at": soon(days=3),
}
_ACCEPTED = {"accept_result": "accepted", "accept_how": "face", "accept_signature": SIGNATURE}
_TYPICAL = {
    "register_checked": True,
    "handling_checked": True,
    "typical": True,
    "library_title": "楼道杂物反复清理",
    "library_lesson": "先与住户约定时限，再清理并每周复查，比张贴通知有效",
}
COMPLAINTS = (
    _complaint("B-8", 20, "noise", "楼上深夜拖动家具，已连续三晚"),
    _complaint(
        "A-16", 200, "repair", "上周修过的阳台又渗水", *_assigned("engineering", "维修后未做闭水试验", "今天派人复修"), photos=[PHOTOGRAPH]
    ),
    _complaint(
        "C-20",
        1_900,
        "house_quality",
        "外墙渗水，次卧墙面发霉",
        *_assigned("developer", "外墙保温层脱落，在质保期内", "由项目负责人与地产联系", party="developer"),
        Act("handle", "project_manager", 120, _FOLLOWED),
        Act("pursue", "project_manager", 150, _COORDINATED),
    ),
    _complaint(
        "D-11",
        600,
        "cleaning",
        "楼道三天没有打扫",
        *_assigned("cleaning", "保洁员请假无人顶岗", "今天补扫并安排顶岗"),
        *_settled("cleaning_supervisor", "调人补扫，并排定替班表", "楼道已打扫，替班表已公示"),
    ),
    _complaint(
        "B-2",
        2_600,
        "cleaning",
        "邻居在楼道长期堆放杂物",
        *_assigned("cleaning", "多次口头劝说无效", "两天内清理"),
        *_settled("cleaning_supervisor", "与住户约定时限后清理", "杂物已清理，每周复查"),
        Act("accept", "customer_service", 400, _ACCEPTED),
        Act("review", "cs_supervisor", 1_500, _TYPICAL),
    ),
    _complaint(
        "A-9",
        300,
        "parking",
        "固定车位被围挡占用",
        *_assigned("order", "围挡占用两个车位", "查明责任后当天答复"),
        Act("handle", "order_supervisor", 90, _NOT_OURS),
        Act("convene", "project_manager", 110, _CONVENED),
        Act("give_opinion", "order_supervisor", 130, {"ours": "not_ours", "opinion_text": "可派人疏导车辆"}),
        site="S2",
    ),
)
