"""What a task may do with each field of its form: hide it, show it only, demand it. Written at the task, so that forms can be shared."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from engine.form_components import Component, fields_of

HIDDEN, READ, WRITE, REQUIRED = "hidden", "read", "write", "required"
RIGHTS: Final = (HIDDEN, READ, WRITE, REQUIRED)
SIGNERS: Final = ("performer", "resident")  # whose signature steward:signatures can demand
_NAME: Final = re.compile(r"[^\W\d]\w*")


class Unreadable(ValueError):
    """The property does not say what it should; the message completes "Expected …, but"."""


def read(text: str) -> dict[str, str]:
    """`price=read; reason=required; phone=hidden`: right by field. Raises Unreadable."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, _, right = (piece.strip() for piece in part.partition("="))
        if not _NAME.fullmatch(name):
            raise Unreadable(f"'{name[:60]}' is no name of a field")
        if right not in RIGHTS:
            raise Unreadable(f"'{right[:40]}' is none of {', '.join(RIGHTS)}")
        if name in found:
            raise Unreadable(f"'{name}' is there twice")
        found[name] = right
    if not found:
        raise Unreadable("there is none")
    return found


def rights_of(properties: Mapping[str, str], components: Sequence[Component]) -> dict[str, str]:
    """The right of each field that a task's properties single out: `steward:fields`, and what `steward:signatures` demands."""
    try:
        rights = read(properties["fields"]) if properties.get("fields") else {}
    except Unreadable:
        rights = {}  # lint has said so
    if (signer := properties.get("signatures")) in SIGNERS:
        rights |= dict.fromkeys(signatures_of(signer, components), REQUIRED)
    return rights


def signatures_of(signer: str, components: Sequence[Component]) -> list[str]:
    """The fields in which this one signs: those with the property `signer`, else those without it."""
    fields = [one for one in fields_of(components) if one.key and one.answer == "signature"]
    named = [one for one in fields if one.properties.get("signer") == signer] or [one for one in fields if "signer" not in one.properties]
    return [one.key for one in named if one.key]


def restricted(components: Sequence[Component], rights: Mapping[str, str]) -> list[Component]:
    """The components as a task may use them."""
    return [_restricted(one, rights) for one in components]


def _restricted(component: Component, rights: Mapping[str, str]) -> Component:
    if component.components:
        return replace(component, components=restricted(component.components, rights))
    right = rights.get(component.key or "")
    if right == HIDDEN:
        return replace(component, withheld=True, required=False)
    if right == READ:
        return replace(component, readonly=True, required=False)
    if right in (WRITE, REQUIRED):
        return replace(component, readonly=False, required=component.required or right == REQUIRED)
    return component


def shown(components: Sequence[Component]) -> list[Component]:
    """Without what is withheld from who does the task."""
    return [replace(one, components=shown(one.components)) if one.components else one for one in components if not one.withheld]


def restricted_file(content: Mapping[str, Any], rights: Mapping[str, str]) -> dict[str, Any]:
    """A form file as who does the task may have it: without the hidden fields, the others marked."""
    components = [_restricted_entry(one, rights) for one in content.get("components") or () if rights.get(one.get("key")) != HIDDEN]
    return {**content, "components": components}


def _restricted_entry(entry: Mapping[str, Any], rights: Mapping[str, str]) -> dict[str, Any]:
    if entry.get("components"):
        return restricted_file(entry, rights)
    right = rights.get(entry.get("key") or "")
    if right == READ:
        return {**entry, "readonly": True, "validate": {**(entry.get("validate") or {}), "required": False}}
    if right in (WRITE, REQUIRED):
        needed = {"required": True} if right == REQUIRED else {}
        return {**entry, "readonly": False, "validate": {**(entry.get("validate") or {}), **needed}}
    return dict(entry)
