"""The raw library on the same diagrams: SpiffWorkflow alone, in memory, keeping nothing.

The repair order is the delivered file, nodes, flows, timers and event subprocesses all in place, rewritten only where the library does not
know what stands there: `${…}` becomes Python; a decision becomes a script that sets what its table answers in this story, and then the
outputs as they are written; a notice becomes a script that does nothing; the gateway that several flows out of a task imply is drawn. Its
expressions and scripts are given to `eval` and `exec`.
"""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.orders import PROCESSES, story

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
NOTICES = ("serviceTask", "sendTask")
ANSWERS = {  # of the decision tables, in this story
    "repair_class": 'urgency = "emergency"',
    "repair_tariff": 'price_item = record(charged=True, item="pipe")',
    "repair_route": 'dispatchers = "engineering_supervisor"',
    "callback_limit": 'callback_rule = record(setting="callback_urgent_limit", standard="P1D")',
}
UNSAID = {"sign_by_link": False}  # what nobody fills in in this story: the library knows no names without a value
WORDS = {"null": "None", "true": "True", "false": "False"}


def row(diagram: bytes, instances: int, tasks: int) -> float:
    """User tasks done a second in the row of tasks."""
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.parse(io.BytesIO(diagram)))
    specification = parser.get_spec("row")
    workflows = [BpmnWorkflow(specification) for _ in range(instances)]
    begun = perf_counter()
    for workflow in workflows:
        workflow.do_engine_steps()
        for _ in range(tasks):
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.data["done"] = True
            task.run()
            workflow.do_engine_steps()
        assert workflow.is_completed()
    return instances * tasks / (perf_counter() - begun)


def repair_orders(orders: int) -> float:
    """User tasks done a second in the repair order; its start is not counted."""
    report, acts = story()
    workflows = [_called(report) for _ in range(orders)]
    spent = 0.0
    for workflow in workflows:
        for act in acts:
            task = next(iter(workflow.get_tasks(state=TaskState.READY, spec_name=act.activity, manual=True)))
            begun = perf_counter()
            task.data.update(act.data)
            task.run()
            workflow.do_engine_steps()
            spent += perf_counter() - begun
        assert workflow.get_tasks(state=TaskState.COMPLETED, spec_name="closed")
    return orders * len(acts) / spent


def _called(report: Mapping[str, Any]) -> BpmnWorkflow:
    specification, called = specifications()
    workflow = BpmnWorkflow(specification, called, script_engine=PythonScriptEngine(_Environment()))
    workflow.task_tree.data.update({**UNSAID, **report})
    workflow.do_engine_steps()
    return workflow


@cache
def specifications() -> tuple[BpmnProcessSpec, Mapping[str, BpmnProcessSpec]]:
    """The repair order as the raw library reads it, with all that it calls."""
    parser = BpmnParser()
    for key in ("repair", "callback", "material_request"):
        tree = etree.parse(str(PROCESSES / key / f"{key}.bpmn"))
        rewrite(tree.getroot())
        parser.add_bpmn_xml(tree, filename=key)
    return parser.get_spec("repair"), parser.get_subprocess_specs("repair")


def rewrite(root: etree._Element) -> None:
    """Write what the raw library does not know in its own terms; the shape stays as it was drawn."""
    for decision in list(root.iter(BPMN + "businessRuleTask")):
        answer = ANSWERS.get(decision.get(CAMUNDA + "decisionRef", ""), "")
        _become_script(decision, "\n".join((*_mapped(decision, "inputParameter"), answer, *_mapped(decision, "outputParameter"))))
    for name in NOTICES:
        for task in list(root.iter(BPMN + name)):
            _become_script(task, "pass")
    for start in [one for one in root.iter(BPMN + "startEvent") if one.find(BPMN + "messageEventDefinition") is not None]:
        _remove(start)  # the library would wait there for ever
    for task in list(root.iter(BPMN + "userTask")):
        _split_openly(task)
    for expression in root.iter(BPMN + "conditionExpression", BPMN + "timeDuration"):
        expression.text = python(expression.text or "")
    for date in root.iter(BPMN + "timeDate"):
        date.text = f"iso({python(date.text or '')})"


def python(text: str) -> str:
    """An expression of ours as Python."""
    inner = re.fullmatch(r"\s*\$\{(.*)\}\s*", text, re.DOTALL)
    return re.sub(r"\b(null|true|false)\b", lambda word: WORDS[word[0]], inner[1] if inner else repr(text))


def _mapped(task: etree._Element, kind: str) -> Sequence[str]:
    return [f"{one.get('name')} = {python(one.text or '')}" for one in task.iter(CAMUNDA + kind)]


def _become_script(task: etree._Element, text: str) -> None:
    task.tag = BPMN + "scriptTask"
    for extension in task.findall(BPMN + "extensionElements"):
        task.remove(extension)
    etree.SubElement(task, BPMN + "script").text = text


def _split_openly(task: etree._Element) -> None:
    """Draw the gateway that BPMN implies behind a task with several outgoing flows: the library refuses such tasks."""
    process = task.getparent()
    leaving = [flow for flow in process.findall(BPMN + "sequenceFlow") if flow.get("sourceRef") == task.get("id")]
    if len(leaving) < 2:
        return
    split = etree.SubElement(process, BPMN + "inclusiveGateway", id=f"{task.get('id')}_split")
    for flow in leaving:
        flow.set("sourceRef", split.get("id"))
        if flow.find(BPMN + "conditionExpression") is None:
            etree.SubElement(flow, BPMN + "conditionExpression").text = "${true}"
    for outgoing in task.findall(BPMN + "outgoing"):
        task.remove(outgoing)
    etree.SubElement(process, BPMN + "sequenceFlow", id=f"{split.get('id')}_in", sourceRef=task.get("id"), targetRef=split.get("id"))


def _remove(start: etree._Element) -> None:
    process = start.getparent()
    for flow in process.findall(BPMN + "sequenceFlow"):
        if flow.get("sourceRef") == start.get("id"):
            for incoming in [one for one in process.iter(BPMN + "incoming") if one.text == flow.get("id")]:
                incoming.getparent().remove(incoming)
            process.remove(flow)
    for reference in [one for one in process.iter(BPMN + "flowNodeRef") if one.text == start.get("id")]:
        reference.getparent().remove(reference)
    process.remove(start)


class _Environment(TaskDataEnvironment):
    """What the diagrams call, in its plainest form."""

    def __init__(self) -> None:
        self._context: Mapping[str, Any] = {}
        case = SimpleNamespace(number="WX-1", occurred_at=datetime.now(UTC).isoformat(), first_responder="")
        super().__init__(
            {
                "has": lambda name: name in self._context,
                "site": lambda _name, default: default,
                "now": lambda: datetime.now(UTC),
                "iso": lambda moment: moment.isoformat(),
                "str": lambda value: value.isoformat() if isinstance(value, datetime) else str(value),
                "datetime": lambda moment: datetime.fromisoformat(moment) if isinstance(moment, str) else moment,
                "duration": _duration,
                "split": lambda text, sign: text.split(sign),
                "strip": lambda text: text.strip(),
                "empty": lambda value: value is None or value == "",
                "performer": lambda _activity: "",
                "record": SimpleNamespace,
                "case": case,
            }
        )

    def _prepare_context(self, context: Mapping[str, Any]) -> None:
        self._context = context


def _duration(text: str) -> timedelta:
    days, hours, minutes = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text).groups(default="0")  # type: ignore[union-attr]
    return timedelta(days=int(days), hours=int(hours), minutes=int(minutes))
