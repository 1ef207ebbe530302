"""SpiffWorkflow's parser with our elements. It reads every node on its own and connects them afterwards, so no chain is too long."""

from typing import Any

from lxml.etree import _Element
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec

from engine.bpmn.activities import Body, Call, EventSubprocess, External, Subprocess, Transaction
from engine.bpmn.ad_hoc import AdHoc
from engine.bpmn.elements import BusinessRule, Element, PassThrough, Script, Throw
from engine.bpmn.events import Boundary, Catch, Start, ThrowEvent
from engine.bpmn.gateways import EventBased, Exclusive, Inclusive, Parallel
from engine.bpmn.user_task import UserTask
from engine.bpmn.vocabulary import BPMN, FLOW_NODES, name_of


class NodeParser(TaskParser):  # type: ignore[misc]  # the library is not typed
    """Reads one node. Connections and extensions come later, when every node is there."""

    def parse_node(self) -> Any:
        self.task = self.create_task()
        return self.task

    def parse_incoming_data_references(self) -> list[Any]:
        return []  # the library never ends on some; data objects carry no behaviour here

    def parse_outgoing_data_references(self) -> list[Any]:
        return []


class SubprocessParser(NodeParser):
    """Reads a subprocess and, as a specification of its own, what it holds."""

    def create_task(self) -> Any:
        spec_class = EventSubprocess if self.node.get("triggeredByEvent") in ("true", "1") else self.spec_class
        task = spec_class(self.spec, self.bpmn_id, **self.bpmn_attributes)
        parser = self.process_parser.parser
        parser.create_parser(self.node, filename=self.filename, lane=self.lane)
        task.body = Body(self.bpmn_id, parser.get_process_parser(self.bpmn_id).get_spec())
        return task


class Specification(BpmnProcessSpec):  # type: ignore[misc]  # the library is not typed
    """The elements of one scope, and only they: what the library puts in itself would take the ids Start and End."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.task_specs.clear()


class ScopeParser(ProcessParser):  # type: ignore[misc]  # the library is not typed
    """Reads every node of a process or subprocess, whether a flow leads to it or not."""

    def create_spec(self) -> Specification:
        return Specification(name=self.bpmn_id, description=self.get_name(), filename=self.filename)

    def add_tasks(self) -> None:
        for node in self.node:
            if name_of(node) in FLOW_NODES:
                self.parse_node(node)


def _tag(name: str) -> str:
    return BPMN + name


class Parser(BpmnParser):  # type: ignore[misc]  # the library is not typed
    """The library's parser, told which of our elements stands for which tag."""

    PROCESS_PARSER_CLASS = ScopeParser
    PARSER_CLASSES = {  # noqa: RUF012  # named and read so by the library
        _tag("startEvent"): (NodeParser, Start),
        _tag("endEvent"): (NodeParser, ThrowEvent),
        _tag("intermediateThrowEvent"): (NodeParser, ThrowEvent),
        _tag("intermediateCatchEvent"): (NodeParser, Catch),
        _tag("boundaryEvent"): (NodeParser, Boundary),
        _tag("task"): (NodeParser, PassThrough),
        _tag("userTask"): (NodeParser, UserTask),
        _tag("manualTask"): (NodeParser, UserTask),
        _tag("scriptTask"): (NodeParser, Script),
        _tag("businessRuleTask"): (NodeParser, BusinessRule),
        _tag("serviceTask"): (NodeParser, External),
        _tag("sendTask"): (NodeParser, Throw),
        _tag("receiveTask"): (NodeParser, Catch),
        _tag("callActivity"): (NodeParser, Call),
        _tag("subProcess"): (SubprocessParser, Subprocess),
        _tag("adHocSubProcess"): (SubprocessParser, AdHoc),
        _tag("transaction"): (SubprocessParser, Transaction),
        _tag("exclusiveGateway"): (NodeParser, Exclusive),
        _tag("parallelGateway"): (NodeParser, Parallel),
        _tag("inclusiveGateway"): (NodeParser, Inclusive),
        _tag("eventBasedGateway"): (NodeParser, EventBased),
    }

    def add_bpmn_xml(self, bpmn: _Element, filename: str | None = None) -> None:
        """Without what we do not use: collaborations, correlations, data stores; events are read by the elements themselves."""
        self._add_diagram_indexes(bpmn)
        self._add_processes(bpmn, filename)


def parse(root: _Element, key: str, file: str) -> tuple[Body, dict[str, Element]]:
    """The body of the process and every element of it, subprocesses included, by id. Raises SpiffWorkflow's ValidationException."""
    parser = Parser()
    parser.add_bpmn_xml(root, file)
    body = Body(key, parser.get_spec(key))
    specs = [scope.spec for scope in parser.process_parsers.values() if scope.spec is not None]
    return body, {name: task for spec in specs for name, task in spec.task_specs.items() if isinstance(task, Element)}
