"""A form of every kind of field, for the pages' tests."""

from typing import Any

import orjson

from tests.factories import END_EVENT, START_EVENT, chain, diagram, task


def form(name: str, *components: dict[str, Any]) -> bytes:
    """A form-js file; what a component leaves out is filled in."""
    rows = [{"id": f"field_{row.get('key', number)}", **row} for number, row in enumerate(components)]
    return orjson.dumps({"type": "default", "id": name, "schemaVersion": 18, "components": rows})


def field(key: str, label: str, type: str = "textfield", required: bool = False, **more: Any) -> dict[str, Any]:  # noqa: A002
    return {"key": key, "label": label, "type": type, **({"validate": {"required": True}} if required else {}), **more}


def choices(**labels: str) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in labels.items()]


REPORT = form(
    "report",
    field("house", "房屋", required=True, properties={"house": "true"}),
    field("caller_name", "报修人", properties={"label_en": "Caller"}),
    field("telephone", "电话", properties={"telephone": "true"}),
    field("content", "内容", "textarea", required=True),
    field("photos", "照片", "filepicker"),
)
REPAIR = form(
    "repair",
    {"type": "text", "text": "去 {{ house }}：{{ content }}，电话 {{ telephone }}"},
    field("result", "结果", "radio", True, values=choices(done="修好了", returned="退单"), defaultValue="done"),
    field("done_text", "维修情况", "textarea", True, conditional={"hide": '=result != "done"'}),
    field("reason", "退单原因", "textarea", True, conditional={"hide": '=result != "returned"'}),
    field("checks", "检查", "checklist", values=choices(badge="工牌", covers="鞋套")),
    field("price", "金额", "number", validate={"min": 0}),
    field("next_visit", "下次上门", "datetime", subtype="datetime", dateLabel="下次上门"),
    field("helper", "帮手", "select", properties={"user": "technician"}),
    field("paid", "已付", "checkbox"),
)
PROCESS = diagram(
    chain(
        START_EVENT.replace("/>", ' camunda:formRef="report"/>'),
        task("repair", formRef="repair"),
        task("check", "engineering_supervisor"),
        END_EVENT,
    ),
    name="报修",
    properties={"numberSeries": "WX", "title": "${house + ' ' + content}", "searchable": "house,caller_name,telephone,content"},
)
FILES = {"repair.form": REPAIR, "report.form": REPORT}
CALL = {"house": "A-12", "caller_name": "李雷", "telephone": "13800001234", "content": "厨房漏水"}
