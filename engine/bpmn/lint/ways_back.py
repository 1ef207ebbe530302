"""Ways back: where a task may be returned to (user tasks done before it, in its scope or one around it), and what ends withdrawing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.lint.properties import UNTIL
from engine.bpmn.model import Activity, Process
from engine.bpmn.vocabulary import STEWARD, camunda_properties, children, flow_nodes, name_of
from engine.errors import Problem

RULE: Final = "ways-back"
MAX_STEPS: Final = 1_000_000
WORDS: Final = frozenset({"earlier", "initiator", "end"})


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:returnTo="fill_in" on the task that follows it, or "earlier, end". Bad: the id of a later task, or "none, end"."""
    yield from _last_chances(diagram)
    for process in diagram.processes:
        ways = _Ways(diagram, process)
        for activity in process.activities.values():
            if activity.type == "userTask" and "returnTo" in activity.properties:
                for message in _wrong(ways, process, activity):
                    yield diagram.problem(diagram.by_id[activity.id].element, RULE, message)
            if activity.id in WORDS | {"none"} and activity.type == "userTask":
                message = f"Expected another id: '{activity.id}' is a word of steward:returnTo, which could not name this task"
                yield diagram.warning(diagram.by_id[activity.id].element, RULE, message)


def _last_chances(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:withdraw="until:approve" on the process. Bad: until: without an id, or with that of what is no user task."""
    for element in children(diagram.root, "process"):
        known = {node.get("id") for node, _ in flow_nodes(element) if name_of(node) == "userTask"}
        for prop in camunda_properties(element):
            before, until, after = (prop.get("value") or "").strip().partition(UNTIL)
            if prop.get("name") == f"{STEWARD}withdraw" and until and not before:
                for name in (part.strip() for part in after.split(",")):
                    if name not in known:
                        message = f"Expected steward:withdraw to name user tasks of this process after until:, but '{name[:60]}' is none"
                        yield diagram.problem(prop, RULE, message)


def _wrong(ways: "_Ways", process: Process, activity: Activity) -> Iterator[str]:
    names = [name.strip() for name in activity.properties["returnTo"].split(",") if name.strip()]
    if "none" in names and len(names) > 1:
        yield "Expected steward:returnTo to be 'none' or to name ways back, but it does both"
    for name in names:
        target = process.activities.get(name)
        if name in WORDS | {"none"}:
            continue
        if target is None or target.type != "userTask" or target is activity:
            yield f"Expected steward:returnTo to name other user tasks, earlier, initiator, end or none, but '{name[:60]}' is none of them"
        elif (here := _in_scope(process, activity, target.scope)) is None:
            yield f"Expected '{name}' in the scope of '{activity.id}' or one around it, but it is in a subprocess that is over by then"
        elif not ways.is_reached(target.id, here):
            yield f"Expected a way from '{name}' to '{activity.id}', as it is to be done before it, but there is none"


def _in_scope(process: Process, activity: Activity, scope: str) -> Activity | None:
    """The activity, or the subprocess around it, that stands in this scope."""
    at: Activity | None = activity
    while at is not None and at.scope != scope:
        at = process.activities.get(at.scope)
    return at


@dataclass
class _Ways:
    """What comes after what in a process. Of very many questions, those that come after a million steps are answered with yes."""

    diagram: Diagram
    process: Process
    known: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    steps: int = 0

    def is_reached(self, source: str, target: Activity) -> bool:
        """Whether something leads from one to the other; an event subprocess may follow on everything in its scope."""
        if self.diagram.by_id[target.id].is_event_subprocess:
            return True
        key = (source, target.scope)
        if key not in self.known:
            if self.steps > MAX_STEPS:
                return True
            self.known[key] = self._after(source, target.scope)
            self.steps += len(self.known[key])
        return target.id in self.known[key]

    def _after(self, source: str, scope: str) -> set[str]:
        ahead, seen = [source, *self._links.get(scope, ())], set[str]()
        while ahead:
            at = ahead.pop()
            if at not in seen:
                seen.add(at)
                ahead += [flow.target for flow in self.diagram.outgoing.get(at, ())]
                ahead += self._events.get(at, ())
        return seen

    @cached_property
    def _events(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in self.process.activities.values():
            if each.attached_to:
                found.setdefault(each.attached_to, []).append(each.id)
        return found

    @cached_property
    def _links(self) -> Mapping[str, list[str]]:
        """The nodes of each scope to which a link leads: which one is told by its name, and any will do here."""
        found: dict[str, list[str]] = {}
        for each in self.process.activities.values():
            if each.type == "intermediateCatchEvent" and each.event == "link":
                found.setdefault(each.scope, []).append(each.id)
        return found
