"""Where the tokens of one scope can go: every course that the drawing allows, whatever its conditions say.

A node takes a token from one of its ways in, and puts tokens on its ways out; a parallel gateway takes one from each. Steps that do not
matter to each other are played in one order only. Of a scope with very many courses, some are looked at.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from lxml.etree import _Element

from engine.bpmn.lint.diagram import Diagram, Flow, Node
from engine.bpmn.vocabulary import BPMN

MAX_WORK = 100_000  # tokens of all the states that are looked at
MAX_REACH = 1_000_000  # flows from which something can be reached, of all that is asked for
MAX_WAYS = 5  # out of an inclusive gateway: more have too many combinations

State = frozenset[int]  # the flows on which a token is, by their numbers
END_AT_ONCE = frozenset({"terminate", "error", "cancel"})


class TooMany(Exception):
    """The scope has more courses than are looked at. What was found so far is true."""


@dataclass
class Scope:
    """The nodes of one process or subprocess with the flows between them."""

    diagram: Diagram
    element: _Element
    stuck: dict[str, set[int]] = field(default_factory=dict)  # joins that can wait for ever, with the ways that stay empty
    doubled: set[str] = field(default_factory=set)  # merges that two tokens can reach at the same time
    allowed: int = MAX_WORK
    work: int = 0
    reached: int = 0

    @cached_property
    def nodes(self) -> dict[str, Node]:
        return {node.id: node for node in self.diagram.within(self.element)}

    @cached_property
    def flows(self) -> list[Flow]:
        found = (flow for node in self.nodes for flow in self.diagram.outgoing.get(node, ()))
        return [flow for flow in found if flow.target in self.nodes and flow.source in self.nodes]

    @cached_property
    def incoming(self) -> Mapping[str, list[int]]:
        return self._numbered("target")

    @cached_property
    def _into(self) -> Mapping[str, State]:
        return {node: frozenset(flows) for node, flows in self.incoming.items()}

    @cached_property
    def _outgoing(self) -> Mapping[str, list[int]]:
        return self._numbered("source")

    def _numbered(self, end: str) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {node: [] for node in self.nodes}
        for number, flow in enumerate(self.flows):
            found[getattr(flow, end)].append(number)
        return found

    @cached_property
    def boundaries(self) -> Mapping[str, list[Node]]:
        """The events on each activity; compensation is no way of the token."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.kind == "boundaryEvent" and "compensate" not in node.events:
                found.setdefault(node.element.get("attachedToRef") or "", []).append(node)
        return found

    def outgoing(self, node: Node) -> list[int]:
        return self._outgoing[node.id]

    @cached_property
    def links(self) -> dict[str, Node]:
        return {_link(node): node for node in self.nodes.values() if node.kind == "intermediateCatchEvent" and _link(node)}

    def left_by(self, node: Node) -> list[State]:
        """The sets of flows on which a token may leave the node. An empty set: it ends here."""
        if node.kind == "intermediateThrowEvent" and _link(node):
            caught = self.links.get(_link(node))
            return [frozenset()] if caught is None else self.left_by(caught)
        ways = self.outgoing(node)
        choices = self._chosen(node, ways)
        for event in self.boundaries.get(node.id, ()):
            if event.interrupts:
                choices = [*choices, frozenset(self.outgoing(event))]
        return choices

    def _chosen(self, node: Node, ways: list[int]) -> list[State]:
        if node.kind in ("exclusiveGateway", "eventBasedGateway", "complexGateway") and ways:
            return [frozenset({way}) for way in ways]
        if node.kind == "parallelGateway":
            return [frozenset(ways)]
        default = {way for way in ways if self.flows[way].id and self.flows[way].id == node.element.get("default")}
        free = [way for way in ways if way not in default and (node.kind == "inclusiveGateway" or self.flows[way].condition is not None)]
        if not free:
            return [frozenset(ways)]
        if node.kind != "inclusiveGateway":  # conditions behind a task mostly exclude each other
            always = frozenset(ways) - default - frozenset(free)
            return [*(always | {way} for way in free), always | default]
        if len(free) > MAX_WAYS:
            raise TooMany
        some = [frozenset(part) for size in range(1, len(free) + 1) for part in combinations(free, size)]
        return [*some, frozenset(default)] if default else some

    # playing ----------------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Follow every course from each beginning; `stuck` and `doubled` are what can happen."""
        for beginning in self.beginnings():
            self._play(frozenset(beginning))

    def beginnings(self) -> Iterator[State]:
        """The flows that have a token at first: behind each start event, else behind everything that no flow leads to, and
        behind each event that goes on beside its activity."""
        starts = [node for node in self.nodes.values() if node.kind == "startEvent"]
        if starts:
            for start in starts:
                yield from self.left_by(start)
        else:
            first = [node for node in self.nodes.values() if not self.incoming[node.id] and node.kind != "boundaryEvent"]
            first = [
                node for node in first if not node.is_event_subprocess and not node.is_for_compensation and node.id not in self._caught
            ]
            yield frozenset(way for node in first for way in self.outgoing(node))
        for events in self.boundaries.values():
            yield from (frozenset(self.outgoing(event)) for event in events if not event.interrupts)

    @cached_property
    def _caught(self) -> set[str]:
        return {node.id for node in self.links.values()}

    def _play(self, beginning: State) -> None:
        waiting, seen = [beginning], self.seen
        while waiting:
            state = self._settled(waiting.pop())
            if state is None or state in seen:
                continue
            seen.add(state)
            self.work += len(state) + 1
            if self.work > self.allowed:
                raise TooMany
            if not self._merges_twice(state):
                following = list(self._following(state))
                waiting += following
                if state and not following:
                    self._remember_stuck(state)

    def _settled(self, state: State) -> State | None:
        """Every step that is sure and that nothing else depends on has been done; None when a token meets another on a flow."""
        tokens, looking, looked_at = set(state), sorted(state), set[int]()
        while looking:
            flow = looking.pop()
            if flow in looked_at:
                continue  # once round a circle without a way out is enough
            looked_at.add(flow)
            node = self.nodes[self.flows[flow].target]
            if flow not in tokens or (node.kind == "inclusiveGateway" and len(self.incoming[node.id]) > 1):
                continue
            if self._is_merge(node) and not self._leading_to(node.id).isdisjoint(tokens - {flow}):
                continue
            taken, choices = self._taken(node, flow, tokens), self.choices[node.id]
            if taken is None or len(choices) > 1:
                continue
            if _ends_all(node):
                return frozenset()
            tokens -= taken
            if choices[0] & tokens:
                return None
            tokens |= choices[0]
            looking += sorted(choices[0])
        return frozenset(tokens)

    @cached_property
    def seen(self) -> set[State]:
        return set()

    @cached_property
    def choices(self) -> Mapping[str, list[State]]:
        return {node_id: self.left_by(node) for node_id, node in self.nodes.items()}

    def _taken(self, node: Node, flow: int, state: Set[int]) -> State | None:
        """The tokens that the node takes for the one on this flow; None while it waits for others."""
        ways = self._into[node.id]
        if node.kind == "parallelGateway" and len(ways) > 1:
            return ways if ways <= state else None
        if node.kind == "inclusiveGateway" and len(ways) > 1:
            return frozenset(ways & state) if self._none_can_come(node, ways, state) else None
        return frozenset({flow})

    def _is_merge(self, node: Node) -> bool:
        return len(self.incoming[node.id]) > 1 and node.kind not in ("parallelGateway", "inclusiveGateway") and not _is_end(self, node)

    def _merges_twice(self, state: State) -> bool:
        found = [node for node in {self.flows[flow].target for flow in state} if self._is_merge(self.nodes[node])]
        twice = {node for node in found if len(state & self._into[node]) > 1}
        self.doubled |= twice
        return bool(twice)

    def _following(self, state: State) -> Iterator[State]:
        """What may happen next: one choice at a time; merges only when nothing else is left to choose."""
        merging = []
        for flow in sorted(state):
            node = self.nodes[self.flows[flow].target]
            if (taken := self._taken(node, flow, state)) is None:
                continue
            if self._is_merge(node):
                merging.append((node, taken))
                continue
            yield from self._after(node, taken, state)
            return
        for node, taken in merging:
            yield from self._after(node, taken, state)

    def _after(self, node: Node, taken: State, state: State) -> Iterator[State]:
        if _ends_all(node):
            yield frozenset()
            return
        for chosen in self.choices[node.id]:
            yield (state - taken) | chosen

    # joins ------------------------------------------------------------------------------------------------------------

    def _none_can_come(self, join: Node, ways: State, state: Set[int]) -> bool:
        """BPMN's rule: no token elsewhere can reach an empty way in, unless it can reach one that has a token as well."""
        empty, full = ways - state, ways & state
        return not any(
            flow in self._upstream(join.id, way) and not any(flow in self._upstream(join.id, other) for other in full)
            for way in empty
            for flow in state - ways
        )

    def _leading_to(self, node: str) -> set[int]:
        """The flows from which the node can be reached."""
        if node not in self._leading:
            self._leading[node] = self._upwards("", self.incoming[node])
        return self._leading[node]

    @cached_property
    def _leading(self) -> dict[str, set[int]]:
        return {}

    def _upstream(self, join: str, way: int) -> set[int]:
        """The flows from which the way can be reached without passing the join."""
        key = (join, way)
        if key not in self._known:
            self._known[key] = self._upwards(join, [way])
        return self._known[key]

    def _upwards(self, join: str, ways: list[int]) -> set[int]:
        found, waiting, passed = set(ways), [self.flows[way].source for way in ways], {join}
        while waiting:
            node = waiting.pop()
            if node in passed:
                continue
            passed.add(node)
            host = self.nodes[node].element.get("attachedToRef") if node in self.nodes else None
            into = [*self.incoming.get(node, ()), *(self.incoming.get(host, ()) if host else ())]
            waiting += [self.flows[flow].source for flow in into]
            found.update(into)
        self.reached += len(found)
        if self.reached > MAX_REACH:
            raise TooMany
        return found

    @cached_property
    def _known(self) -> dict[tuple[str, int], set[int]]:
        return {}

    def _remember_stuck(self, state: State) -> None:
        for flow in state:
            node = self.flows[flow].target
            if self.nodes[node].kind == "parallelGateway":
                self.stuck.setdefault(node, set()).update(set(self.incoming[node]) - state)


def _link(node: Node) -> str:
    for definition in node.element.iter(BPMN + "linkEventDefinition"):
        return definition.get("name") or ""
    return ""


def _ends_all(node: Node) -> bool:
    return node.kind == "endEvent" and any(event in END_AT_ONCE for event in node.events)


def _is_end(scope: Scope, node: Node) -> bool:
    """Two tokens that end at the same place do no harm."""
    return node.kind == "endEvent" or (not scope.outgoing(node) and node.kind.endswith("Event"))
