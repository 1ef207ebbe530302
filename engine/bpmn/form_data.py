"""Forms that are written into the diagram itself (`camunda:formData`), as the form files that they stand for."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from lxml.etree import _Element

from engine.bpmn.vocabulary import CAMUNDA, FLOW_NODES, camunda, form_data, form_name, name_of

WHOLE_NUMBER: Final = re.compile(r"-?\d{1,15}", re.ASCII)
COMPONENTS: Final = {"string": "textfield", "long": "number", "boolean": "checkbox", "date": "datetime", "enum": "select"}
CHECKS: Final = {
    "string": {"required": "required", "minlength": "minLength", "maxlength": "maxLength"},
    "long": {"required": "required", "min": "min", "max": "max"},
    "boolean": {"required": "required"},
    "date": {"required": "required"},
    "enum": {"required": "required"},
}


def forms_within(root: _Element) -> dict[str, bytes]:
    """By name, the form-js file for each form of the diagram. What cannot be one is named by `complaints`, and left out here."""
    found: dict[str, bytes] = {}
    for element in root.iter():
        if name_of(element) in FLOW_NODES and (data := form_data(element)) is not None and not any(complaints(element)):
            name = form_name(element) or ""
            schema = {"type": "default", "id": name, "components": [_component(field) for field in _fields(data)]}
            found[name] = json.dumps(schema, ensure_ascii=False, indent=1).encode()
    return found


def complaints(element: _Element) -> Iterator[str]:
    """What is wrong with the form of a node, in sentences."""
    data = form_data(element)
    if data is None:
        return
    if camunda(element, "formRef") or camunda(element, "formKey"):
        yield "Expected either camunda:formData or the name of a form file, but found both"
    if data.get("businessKey"):
        yield "Expected camunda:formData without businessKey, which is not built yet, but it has one"
    for field in _fields(data):
        yield from _about(field)


def _about(field: _Element) -> Iterator[str]:
    name, kind = field.get("id") or "", field.get("type") or ""
    if kind not in COMPONENTS:
        yield f"Expected field '{name[:60]}' to be of the type {', '.join(COMPONENTS)}, but it is '{kind[:60]}'"
        return
    if "${" in (field.get("defaultValue") or ""):
        yield f"Expected a plain default of field '{name[:60]}', but it is an expression"
    elif kind == "long" and not WHOLE_NUMBER.fullmatch(field.get("defaultValue") or "0"):
        yield f"Expected a number as the default of field '{name[:60]}', but it is '{field.get('defaultValue')}'"
    for check, config in _checks(field):
        if check not in CHECKS[kind] and check != "readonly":
            yield f"Expected field '{name[:60]}' to be checked by {', '.join(CHECKS[kind])} or readonly, but found '{check[:60]}'"
        elif check not in ("required", "readonly") and not WHOLE_NUMBER.fullmatch(config):
            yield f"Expected a number for {check} of field '{name[:60]}', but it is '{config[:60]}'"


def _fields(data: _Element) -> list[_Element]:
    return data.findall(CAMUNDA + "formField")


def _checks(field: _Element) -> list[tuple[str, str]]:
    found = field.findall(f"{CAMUNDA}validation/{CAMUNDA}constraint")
    return [(each.get("name") or "", (each.get("config") or "").strip()) for each in found if each.get("config") != "false"]


def _component(field: _Element) -> dict[str, Any]:
    name, kind = field.get("id") or "", field.get("type") or ""
    component: dict[str, Any] = {"type": COMPONENTS[kind], "id": name, "key": name, "label": field.get("label") or name}
    if kind == "long":
        component["decimalDigits"] = 0
    elif kind == "date":
        component["subtype"] = "date"
    elif kind == "enum":
        choices = field.findall(CAMUNDA + "value")
        component["values"] = [{"value": each.get("id") or "", "label": each.get("name") or each.get("id") or ""} for each in choices]
    if default := field.get("defaultValue"):
        component["defaultValue"] = int(default) if kind == "long" else default == "true" if kind == "boolean" else default
    checks = dict(_checks(field))
    if "readonly" in checks:
        component["readonly"] = True
    component["validate"] = {CHECKS[kind][each]: each == "required" or int(config) for each, config in checks.items() if each != "readonly"}
    properties = field.findall(f"{CAMUNDA}properties/{CAMUNDA}property")
    component["properties"] = {each.get("id") or each.get("name") or "": each.get("value") or "" for each in properties}
    return component
