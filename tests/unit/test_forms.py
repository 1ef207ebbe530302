"""Forms check what people fill in, and name everything that is wrong at once."""

import json
import time
from typing import Any

import pytest

from engine.errors import DeploymentRefused, Invalid
from engine.forms import Form, compile_form

HASH = "a" * 64
CHOICES = [{"label": "漏水", "value": "leak"}, {"label": "停电", "value": "power"}]


def compiled(*components: dict[str, Any], **schema: Any) -> Form:
    return compile_form(json.dumps({"type": "default", "id": "f", "components": components, **schema}).encode(), "f.form")


def text(key: str = "name", kind: str = "textfield", **more: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "label": more.pop("label", "名称"), "validate": more.pop("validate", {}), **more}


def checked(component: dict[str, Any], value: Any) -> Any:
    return compiled(component).check({component["key"]: value}, {})[component["key"]]


def complaints(form: Form, payload: Any, language: str = "zh", **variables: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        form.check(payload, variables, language=language)
    return refused.value.fields


@pytest.mark.parametrize(
    ("component", "given", "stored"),
    [
        (text(), " 王芳 ", "王芳"),
        (text(kind="textarea"), "一\r\n二", "一\n二"),
        (text(validate={"pattern": "^A-[0-9]+$"}), "A-12", "A-12"),
        (text(validate={"pattern": "(?V1)^[a-z--c]+$"}), "ab", "ab"),
        (text(validate={"validationType": "email"}), "a@b.cn", "a@b.cn"),
        (text(properties={"telephone": "true"}), "021-5555 1234", "021-5555 1234"),
        (text(validate={"validationType": "phone"}), "+86 138 0000 1111", "+86 138 0000 1111"),
        (text(properties={"house": "true"}), "A-12", "A-12"),
        (text(properties={"house": "true"}), "东＿12", "东＿12"),
        (text(properties={"signature": "true"}), HASH, HASH),
        (text(kind="number"), "12.5", 12.5),
        (text(kind="number"), "12", 12),
        (text(kind="number"), 0, 0),
        (text(kind="number", decimalDigits=2), 12.35, 12.35),
        (text(kind="number", serializeToString=True), "12.50", "12.5"),
        (text(kind="checkbox"), True, True),
        (text(kind="checkbox"), "on", True),
        (text(kind="checkbox"), False, False),
        (text(kind="select", values=CHOICES), "leak", "leak"),
        (text(kind="select", values=[{"label": "一", "value": 1}]), "1", 1),
        (text(kind="select", properties={"user": "technician"}), "zhang.wei", "zhang.wei"),
        (text(kind="radio", values=CHOICES), "power", "power"),
        (text(kind="checklist", values=CHOICES), ["leak", "leak"], ["leak"]),
        (text(kind="taglist", values=CHOICES), "leak", ["leak"]),
        (text(kind="filepicker"), [HASH, HASH], [HASH]),
        (text(properties={"photo": "true"}), HASH, [HASH]),
        (text(kind="datetime", subtype="date"), "2026-03-02", "2026-03-02"),
        (text(kind="datetime", subtype="time"), "09:30", "09:30:00"),
        (text(kind="datetime", subtype="datetime"), "2026-03-02T09:30:00+08:00", "2026-03-02T09:30:00+08:00"),
        (text(kind="datetime"), "2026-03-02T01:30:00Z", "2026-03-02T01:30:00+00:00"),
    ],
)
def test_good_answers_are_stored(component: dict[str, Any], given: Any, stored: Any) -> None:
    assert checked(component, given) == stored
    assert type(checked(component, given)) is type(stored)


@pytest.mark.parametrize(
    ("component", "given", "sentence"),
    [
        (text(), 10**5000, "“名称”应为文字。"),
        (text(), ["a"], "“名称”应为文字。"),
        (text(), {"a": 1}, "“名称”应为文字。"),
        (text(), True, "“名称”应为文字。"),
        (text(), "a" * 10_001, "“名称”最多 10000 个字,现有 10001 个字。"),
        (text(validate={"maxLength": 3}), "四个字了", "“名称”最多 3 个字,现有 4 个字。"),
        (text(validate={"minLength": 3}), "两字", "“名称”至少 3 个字"),
        (text(), "a\x00b", "无法保存的字符"),
        (text(), "a\ud800", "无法保存的字符"),
        (text(validate={"pattern": "^A-[0-9]+$"}), "B-12", "“名称”的格式不对。"),
        (text(validate={"validationType": "email"}), "a@b", "电子邮箱"),
        (text(properties={"telephone": "true"}), "call me", "“名称”应为电话号码。"),
        (text(properties={"telephone": "true"}), "12", "“名称”应为电话号码。"),
        (text(properties={"house": "true"}), "<b>", "应为房号"),
        (text(properties={"signature": "true"}), "data:image/png", "应为已上传的签名"),
        (text(kind="number"), "12,5", "“名称”应为数字。"),
        (text(kind="number"), "nan", "“名称”应为数字。"),
        (text(kind="number"), float("nan"), "“名称”应为数字。"),
        (text(kind="number"), float("inf"), "“名称”应为数字。"),
        (text(kind="number"), "1e999", "“名称”应为数字。"),
        (text(kind="number"), 10**5000, "“名称”应为数字。"),
        (text(kind="number"), "9" * 39, "“名称”应为数字。"),
        (text(kind="number"), True, "“名称”应为数字。"),
        (text(kind="number", validate={"min": 1}), 0, "“名称”不能小于 1。"),
        (text(kind="number", validate={"max": "9"}), 10, "“名称”不能大于 9"),
        (text(kind="number", decimalDigits=2), 1.234, "“名称”最多 2 位小数。"),
        (text(kind="checkbox"), "maybe", "应为是或否"),
        (text(kind="checkbox", validate={"required": True}), False, "请勾选“名称”。"),
        (text(kind="select", values=CHOICES), "other", "没有“other”这个选项"),
        (text(kind="select", values=CHOICES), ["leak"], "没有"),
        (text(kind="select", properties={"user": "technician"}), "a b<c", "选择人员"),
        (text(kind="checklist", values=CHOICES), ["leak", "fire"], "没有“fire”这个选项"),
        (text(kind="checklist", values=CHOICES), ["leak"] * 3, "最多 2 项"),
        (text(kind="checklist", values=CHOICES, validate={"required": True}, properties={"all": "true"}), ["leak"], "逐项勾选"),
        (text(kind="filepicker"), ["x"], "应为已上传的附件"),
        (text(kind="filepicker"), [HASH] * 21, "最多 20 项"),
        (text(kind="datetime", subtype="date"), "2026-02-30", "应为日期"),
        (text(kind="datetime", subtype="time"), "25:00", "应为时间"),
        (text(kind="datetime"), "tomorrow", "应为日期和时间"),
        (text(kind="datetime"), 5, "应为日期和时间"),
    ],
    ids=lambda value: "" if isinstance(value, int) else None,  # some have thousands of digits
)
def test_wrong_answers_are_said_to_be_wrong(component: dict[str, Any], given: Any, sentence: str) -> None:
    assert sentence in complaints(compiled(component), {"name": given})["name"]


@pytest.mark.parametrize("empty", [None, "", "  ", []])
@pytest.mark.parametrize(
    ("component", "sentence"),
    [
        (text(), "请填写“名称”。"),
        (text(kind="number"), "请填写“名称”。"),
        (text(kind="checkbox"), "请勾选“名称”。"),
        (text(kind="radio", values=CHOICES), "请选择“名称”。"),
        (text(kind="checklist", values=CHOICES), "请选择“名称”。"),
        (text(kind="filepicker"), "请上传“名称”。"),
        (text(properties={"signature": "true"}), "请在“名称”处签名。"),
        (text(kind="datetime"), "请填写“名称”。"),
    ],
)
def test_required_fields_must_be_answered(component: dict[str, Any], sentence: str, empty: Any) -> None:
    form = compiled({**component, "validate": {"required": True}})
    assert complaints(form, {"name": empty})["name"] == sentence
    assert complaints(form, {})["name"] == sentence


def test_every_wrong_missing_and_unknown_field_is_named_at_once_in_the_order_of_the_form() -> None:
    form = compiled(
        text("name", validate={"required": True}, properties={"label_en": "Name"}),
        text("price", "number", label="价格", properties={"label_en": "Price"}),
        text("kind", "select", label="类别", values=CHOICES),
        text("note", label="备注"),
    )
    payload = {"price": "x", "kind": "fire", "note": "好", "__builtins__": 1, "typename": 2}
    fields = complaints(form, payload)
    assert list(fields) == ["name", "price", "kind", "__builtins__", "typename"]
    assert fields["typename"] == "表单里没有“typename”这一项。"
    assert complaints(form, payload, language="en")["price"] == "“Price” should be a number."
    with pytest.raises(Invalid, match="请更正 5 处:名称、价格、类别、__builtins__、typename。"):
        form.check(payload, {})
    with pytest.raises(Invalid, match="Expected a form that is filled in right, but 5 fields need correcting: Name, Price"):
        form.check(payload, {}, language="en")


def test_fields_may_be_called_like_things_of_the_library() -> None:
    names = ["Meta", "fields", "context", "load", "opts", "dump", "unknown", "validate", "typename", "_schema", "价格"]
    form = compiled(*[text(name) for name in names])
    assert form.keys == set(names)
    assert form.check(dict.fromkeys(names, "x"), {}) == dict.fromkeys(names, "x")


def test_fields_left_out_become_readable_but_never_lose_a_value() -> None:
    form = compiled(
        text("a"), text("b", defaultValue="usual"), text("c", "checkbox"), text("d"), text("e", "checklist", values=CHOICES)
    )  # fmt: skip
    assert form.check({}, {}) == {"a": None, "b": "usual", "c": False, "d": None, "e": []}
    assert form.check({"d": ""}, {"a": "kept", "b": "kept", "c": True, "d": "old"}) == {"d": None, "e": []}


def test_read_only_fields_take_no_answer() -> None:
    form = compiled(text("a", readonly=True), text("b", disabled=True))
    assert form.check({"a": "forged", "b": "forged"}, {"a": "true", "b": "true"}) == {}


HIDING = (
    text("area", "radio", values=[{"label": "室内", "value": "indoor"}, {"label": "公共", "value": "public"}], defaultValue="indoor"),
    text("house", validate={"required": True}, conditional={"hide": '=area = "public"'}),
    {
        "type": "group",
        "id": "paid",
        "label": "收费",
        "conditional": {"hide": "=charged != true"},
        "components": [text("price", "number", validate={"required": True})],
    },
    text("why", validate={"required": True}, conditional={"hide": "=price = null or price < 100"}),
)


def test_hidden_fields_are_not_required_and_not_taken() -> None:
    form = compiled(*HIDING)
    assert form.check({"area": "public", "house": "A-1", "price": "x"}, {}) == {"area": "public", "house": None, "price": None, "why": None}
    assert complaints(form, {}).keys() == {"house"}  # the default counts: indoor
    assert complaints(form, {"house": "A-1"}, charged=True).keys() == {"price"}
    assert complaints(form, {"house": "A-1", "price": "200"}, charged=True).keys() == {"why"}
    assert form.check({"house": "A-1", "price": "20"}, {"charged": True})["price"] == 20


def test_what_is_hidden_counts_for_nothing_in_later_conditions() -> None:
    form = compiled(*HIDING)
    assert "why" not in complaints(form, {"price": "200"}, charged=False)


def test_a_hidden_field_keeps_the_value_that_the_case_has() -> None:
    assert "house" not in compiled(*HIDING).check({"area": "public", "house": "B-2"}, {"house": "A-1"})


def test_pages_can_ask_what_is_hidden() -> None:
    form = compiled(*HIDING)
    ids = {component.key or component.id: component.id for component in form.components}
    assert form.hidden({"area": "public"}, {"charged": True}) == {ids["house"], ids["why"]}
    assert "paid" in form.hidden({}, {})


def test_a_condition_that_cannot_be_computed_refuses_the_submission() -> None:
    form = compiled(text("a"), text("b", conditional={"hide": '=contains(a, "x")'}))
    with pytest.raises(Invalid, match="显示条件"):
        form.check({"a": 5}, {})
    assert form.hidden({"a": 5}, {}) == frozenset()  # while somebody types, it is shown


def test_a_pattern_that_takes_for_ever_is_stopped() -> None:
    form = compiled(text(validate={"pattern": "^(a+)+$"}))
    begun = time.process_time()
    assert complaints(form, {"name": "a" * 5_000 + "b"})["name"] == "“名称”的格式不对。"
    assert time.process_time() - begun < 2


def test_components_are_kept_as_in_the_file() -> None:
    form = compiled(
        {"type": "text", "id": "t", "text": "报修人 {{ name }}"},
        text(description="谁报的", properties={"label_en": "Caller"}, validate={"required": True, "maxLength": 5}),
        {"type": "button", "id": "submit", "label": "提交"},
        {"type": "separator", "id": "s"},
    )
    shown, name, line = form.components
    assert (shown.type, shown.text, line.type) == ("text", "报修人 {{ name }}", "separator")
    assert (name.key, name.label, name.description, name.required, name.max_length) == ("name", "名称", "谁报的", True, 5)
    assert (name.name(), name.name("en"), form.id, form.keys) == ("名称", "Caller", "f", {"name"})


@pytest.mark.parametrize(
    ("component", "message"),
    [
        ({"type": "dynamiclist", "id": "d"}, "'dynamiclist' is not"),
        ({"type": "iframe", "id": "d"}, "'iframe' is not"),
        ({"type": "html", "id": "d"}, "'html' is not"),
        ({"id": "d"}, "type"),
        ("text", "type"),
        (text("a.b"), "Expected a key"),
        (text("__class__"), "Expected a key"),
        (text("case"), "Expected a key"),
        (text(""), "Expected a key"),
        (text(validate={"required": "yes"}), "Expected true or false"),
        (text(validate={"maxLength": "=x"}), "Expected a number for maxLength"),
        (text(validate={"maxLength": -1}), "Expected a whole number"),
        (text(validate={"maxLength": 1.5}), "Expected a whole number"),
        (text(validate={"pattern": "("}), "does not compile"),
        (text(validate={"validationType": "iban"}), "Expected email, phone"),
        (text(validate={"surprise": 1}), "'surprise' is not"),
        (text(validate=[1]), "Expected the checks"),
        (text(kind="select"), "Expected choices"),
        (text(kind="select", values=[1]), "label and a value"),
        (text(kind="select", values=CHOICES, valuesKey="x"), "valuesKey, which is not built yet"),
        (text(kind="datetime", subtype="week"), "Expected date, time or datetime"),
        (text(kind="datetime", disallowPassedDates=True), "not built yet"),
        (text(kind="radio", values=CHOICES, defaultValue="fire"), "Expected a default that the field takes"),
        (text(kind="number", defaultValue="many"), "Expected a default"),
        (text(conditional={"hide": "=a b"}), "Expected a name without spaces"),
        (text(conditional={"hide": 5}), "Expected a condition in FEEL"),
        (text(readonly="=x"), "Expected true or false for readonly"),
        (text(label="=x"), "Expected plain text"),
        ({"type": "group", "id": "g", "components": [{"type": "group"}], "path": "x"}, "path, which is not built yet"),
        ({"type": "group", "id": "g", "components": "x"}, "Expected a list of components"),
    ],
)
def test_what_the_server_would_not_do_is_refused_by_name(component: Any, message: str) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        compiled(component)
    assert any(message in problem.message for problem in refused.value.problems)


def test_every_problem_is_named_with_its_line() -> None:
    content = json.dumps(
        {"id": "f", "components": [text("a", "dynamiclist"), text("b", "iframe"), text("c"), text("c")]}, indent=1
    ).encode()
    with pytest.raises(DeploymentRefused) as refused:
        compile_form(content, "forms/f.form")
    problems = refused.value.problems
    assert [(problem.file, problem.element) for problem in problems] == [("forms/f.form", name) for name in "abc"]
    assert all(f'"{problem.element}"' in content.decode().splitlines()[problem.line - 1] for problem in problems)


def nested(depth: int) -> str:
    return '{"type":"group","components":[' * depth + "]}" * depth


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"5",
        b'{"components": []',
        b'{"components": [], "components": []}',
        b'{"components": NaN}',
        b'{"components": Infinity}',
        b'{"components": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"components": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"components": [' + nested(10).encode() + b"]}",
        b'{"components": ' + b"9" * 10_000 + b"}",
        b'{"components": [' + b" " * 500_001 + b"]}",
        b'{"components": [' + b'{"type":"spacer"},' * 501 + b'{"type":"spacer"}]}',
        b'{"type": "other", "components": []}',
        b'{"id": 5, "components": []}',
    ],
)
def test_hostile_files_are_refused_at_once(content: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(DeploymentRefused):
        compile_form(content, "f.form")
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("payload", [[], "x", None, 5])
def test_a_submission_that_is_no_mapping_is_refused(payload: Any) -> None:
    with pytest.raises(Invalid):
        compiled(text()).check(payload, {})
