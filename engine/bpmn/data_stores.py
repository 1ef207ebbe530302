"""Data stores, BPMN 2.0.2 §10.4.1: data that outlasts the case. Each is a list of the site, read as a whole and written entry by entry.

What a case writes leaves it as something thrown, as messages do: whoever keeps the lists stores it after the step. Until then the case
itself sees what it has written, so that a later step reads what an earlier one wrote.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lxml.etree import _Element

from engine.bpmn.triggers import Thrown
from engine.bpmn.vocabulary import BPMN, VARIABLE

KIND: Final = "data_store"  # of what is thrown
_MARK: Final = "store:"  # no variable has a colon
Entries = Callable[..., list[dict[str, Any]]]


def names(root: _Element) -> dict[str, str]:
    """What each data store of the file is called, by its id and by those of its references: its name where that can be one, else its id."""
    found = {store.get("id") or "": _name(store) for store in root.iter(BPMN + "dataStore")}
    for reference in root.iter(BPMN + "dataStoreReference"):
        target = (reference.get("dataStoreRef") or "").rpartition(":")[2]
        if found.get(target, target) == target:  # modelers write the name at either
            found[target] = _name(reference, target)
        found[reference.get("id") or ""] = found[target]
    return {element: name for element, name in found.items() if element}


def _name(element: _Element, otherwise: str = "") -> str:
    name = (element.get("name") or "").strip()
    return name if VARIABLE.fullmatch(name) else otherwise or element.get("id") or ""


def marked(root: _Element) -> dict[str, str]:
    """The same as names that stand among those of variables, and are none."""
    return {element: _MARK + name for element, name in names(root).items()}


def is_store(name: str) -> bool:
    return name.startswith(_MARK)


def reading(name: str) -> str:
    """The expression that reads a store."""
    return f'entries("{name.removeprefix(_MARK)}")'


def written_by(activity_id: str, name: str) -> str:
    """The target of an output that goes to a store."""
    return f"{_MARK}{activity_id}:{name.removeprefix(_MARK)}"


def put(target: str, value: Any, case: Mapping[str, Any]) -> Thrown:
    """What leaves the case for a store: an entry, or several. One without a `key` has the number of the case."""
    _, activity_id, name = target.split(":", 2)
    own = str(case.get("number") or f"#{case.get('id')}")
    entries = [_entry(each, own) for each in (value if isinstance(value, list) else [value])]
    return Thrown(KIND, name, activity_id, payload={"entries": entries})


def _entry(value: Any, own: str) -> dict[str, Any]:
    return {"key": own, **value} if isinstance(value, dict) else {"key": own, "value": value}


def with_written(entries: Entries, thrown: Sequence[Thrown]) -> Entries:
    """`entries` as the case sees them that has just written some."""
    written = [one for one in thrown if one.kind == KIND]
    if not written:
        return entries

    def seen(name: str, *alike: Any) -> list[dict[str, Any]]:
        found = entries(name, *alike)
        if alike:
            return found
        by_key = {entry["key"]: entry for entry in found}
        for one in written:
            by_key |= {entry["key"]: entry for entry in one.payload["entries"] if one.name == name}
        return list(by_key.values())

    return seen
