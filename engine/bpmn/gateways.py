"""Gateways. Joins count the tokens that have arrived on each incoming flow; they never look at the past."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from engine.bpmn import catching, compaction, lineage
from engine.bpmn.elements import Element, Flow
from engine.bpmn.extensions import Reader
from engine.bpmn.instance import StepFailed, Token
from engine.bpmn.scopes import View, holds

NOWHERE: frozenset[str] = frozenset()


class Exclusive(Element):
    """The first flow whose condition holds, else the default flow, else a failure."""

    def enter(self, token: Token) -> bool:
        token.chosen = [self._choice(token)]
        token.entered()
        return True

    def _choice(self, token: Token) -> Flow:
        view = View(token)
        for flow in self.outgoing:
            if not flow.default and (flow.condition is None or holds(view, flow.condition)):
                return flow
        for flow in self.outgoing:
            if flow.default:
                return flow
        raise nothing_holds(self)

    def taken(self, token: Token) -> list[Flow]:
        return token.chosen


def nothing_holds(gateway: Element) -> StepFailed:
    conditions = ", ".join(f"'{flow.condition.text.strip()}'" for flow in gateway.outgoing if flow.condition is not None)
    return StepFailed("expression", f"Expected one of the conditions {conditions} to hold or a default flow, but there is none")


class Join(Element):
    """Where tokens may wait for one another."""

    def arrive(self, token: Token) -> dict[str, deque[Token]]:
        """Put the token down at its flow; give all that have arrived."""
        assert token.owner is not None
        token.phase = "arrived"
        arrivals = token.owner.arrivals.setdefault(self.name, {})
        arrivals.setdefault(token.flows[0], deque()).append(token)
        token.workflow.joins[token.owner.id, self.name] = self
        return arrivals

    def gather(self, owner: Token) -> Token:
        """Take one token from each flow that has one, and make them the oldest of them."""
        arrivals = owner.arrivals[self.name]
        gathered = sorted((tokens.popleft() for tokens in arrivals.values()), key=lambda each: each.number)
        self._keep(owner, {flow: tokens for flow, tokens in arrivals.items() if tokens})
        first = gathered[0]
        if (past := owner.workflow.past) is not None:
            past.unite(gathered, self.also_descends_from(owner, {each.flows[0] for each in gathered}))
            past.placed(first)
        first.flows = tuple(each.flows[0] for each in gathered)
        for each in gathered:
            each.phase = "fork"
        for each in gathered[1:]:
            compaction.splice(each)
        return first

    def also_descends_from(self, owner: Token, reached: set[str]) -> lineage.Lineage:
        """The visits without which it would have waited longer, when tokens have come by these flows."""
        return lineage.NONE

    def withdraw(self, token: Token) -> None:
        """A token that waited here is cancelled."""
        assert token.owner is not None
        arrivals = token.owner.arrivals[self.name]
        arrivals[token.flows[0]].remove(token)
        self._keep(token.owner, {flow: tokens for flow, tokens in arrivals.items() if tokens})

    def _keep(self, owner: Token, arrivals: dict[str, deque[Token]]) -> None:
        owner.arrivals[self.name] = arrivals
        if not arrivals:
            del owner.arrivals[self.name]
            owner.workflow.joins.pop((owner.id, self.name), None)

    def open_if_due(self, owner: Token) -> bool:
        """Whether the join, asked when nothing else can move, goes on with the tokens that it has."""
        return False


class Parallel(Join):
    """Waits for a token on every incoming flow; excess tokens stay for the next round (BPMN 2.0.2 §13.4.1)."""

    def enter(self, token: Token) -> bool | None:
        if len(self.incoming) < 2:
            token.entered()
            return True
        if len(self.arrive(token)) == len(self.incoming):
            assert token.owner is not None
            self.gather(token.owner).go_on("fork")
        return None

    def fork(self, token: Token) -> bool:
        token.entered()
        return True


class Inclusive(Join):
    """Waits for every token that can still come by a flow on which none has arrived (BPMN 2.0.2 §13.4.3); takes all flows that hold."""

    def __init__(self, wf_spec: Any, bpmn_id: str, **given: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **given)
        self._leads_to: dict[str, frozenset[str]] | None = None

    def enter(self, token: Token) -> bool | None:
        if len(self.incoming) < 2:
            return self.fork(token)
        self.arrive(token)
        return None

    def open_if_due(self, owner: Token) -> bool:
        """It does, unless a token can still come by a flow on which none has arrived, and by no other."""
        reached, leads_to = set(owner.arrivals[self.name]), self.leads_to()
        for token in owner.within():
            ways = leads_to.get(token.task_spec.name)
            if ways and not (token.phase == "arrived" and token.task_spec is self) and not (ways & reached):
                return False
        self.gather(owner).go_on("fork")
        return True

    def also_descends_from(self, owner: Token, reached: set[str]) -> lineage.Lineage:
        """It opens because others that could have come have gone elsewhere: done again, they may come."""
        assert owner.workflow.past is not None
        visits, specs, within = owner.workflow.past.visits, owner.workflow.specs, owner.task_spec.name
        done = owner.ended.union(*(token.lineage for token in owner.within()))
        ways = {number: self.leads_to().get(_around(visits[number].activity, within, specs), NOWHERE) for number in done}
        return frozenset(number for number in done if ways[number] and not ways[number] & reached)

    def fork(self, token: Token) -> bool:
        token.chosen = self._choice(token)
        token.entered()
        return True

    def _choice(self, token: Token) -> list[Flow]:
        view = View(token)
        held = [flow for flow in self.outgoing if not flow.default and (flow.condition is None or holds(view, flow.condition))]
        chosen = held or [flow for flow in self.outgoing if flow.default]
        if not chosen and self.outgoing:
            raise nothing_holds(self)
        return chosen

    def taken(self, token: Token) -> list[Flow]:
        return token.chosen

    def leads_to(self) -> dict[str, frozenset[str]]:
        """For each element, the incoming flows of this gateway to which a path leads without visiting it."""
        if self._leads_to is None:
            found: dict[str, set[str]] = {}
            for flow in self.incoming:
                ahead = [flow.source]
                while ahead:
                    element = ahead.pop()
                    ways = found.setdefault(element.name, set())
                    if element is not self and flow.id not in ways:
                        ways.add(flow.id)
                        ahead += [each.source for each in element.incoming]
            found.pop(self.name, None)
            self._leads_to = {name: frozenset(ways) for name, ways in found.items()}
        return self._leads_to


def _around(name: str, within: str, specs: Mapping[str, Element]) -> str:
    """The element of this scope that is the named one, or holds it."""
    while name in specs and (activity := specs[name].activity) is not None and activity.scope != within:
        name = activity.scope
    return name


class EventBased(Element):
    """Listens for all events behind it; the first one decides, or starts the instance when nothing leads to the gateway."""

    instantiates = False
    wants_all = False  # the first event starts the instance, the others are waited for in it

    def configure(self, reader: Reader) -> None:
        self.instantiates = reader.element.get("instantiate") == "true"
        self.wants_all = reader.element.get("eventGatewayType") == "Parallel"

    def decided(self, token: Token, event: Element) -> None:
        """One of its events has started the instance: the token stands at that event, and the way to it is told."""
        instance, owner = token.workflow, token.owner
        assert owner is not None
        gateway = instance.place(self, owner)
        gateway.entered()
        gateway.left()
        compaction.splice(gateway)
        for flow in self.outgoing:
            if flow.target is event:
                token.flows = (flow.id,)
            elif self.wants_all:
                instance.send(flow.target, owner, flow.id)

    def enter(self, token: Token) -> None:
        prepared = catching.prepare([flow.target for flow in self.outgoing], View(token))
        token.entered()
        catching.listen(token, prepared)
