"""Every place of a diagram, a decision table or a form that is computed goes through the safe language: what is not part of it is refused
when it is deployed, and what takes too long fails where it stands, with the element, the line and the limit."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from engine.definitions import lint_files
from tests.conformance.drive import Drive
from tests.conformance.drive import bpmn as short
from tests.unit.bpmn.diagrams import bpmn, chain, properties

ATTACK = "().__class__.__base__.__subclasses__()"
ENDLESS = "len([1 for a in range(9000) for b in range(9000)])"


def user(attributes: str = "", inside: str = "") -> str:
    return f'<userTask id="a" {attributes}>{inside}</userTask>'


def catching(kind: str, inside: str) -> str:
    return f'<intermediateCatchEvent id="a"><{kind}EventDefinition>{inside}</{kind}EventDefinition></intermediateCatchEvent>'


def mapped(kind: str, inside: str) -> str:
    parameter = f"<camunda:{kind} name='v'>{inside}</camunda:{kind}>"
    return f"<extensionElements><camunda:inputOutput>{parameter}</camunda:inputOutput></extensionElements>"


def repeated(inside: str, attributes: str = "") -> str:
    return user(inside=f"<multiInstanceLoopCharacteristics {attributes}>{inside}</multiInstanceLoopCharacteristics>")


SITE = '<intermediateThrowEvent id="a">{}<messageEventDefinition messageRef="m"/></intermediateThrowEvent>'
MESSAGE = '<message id="m" name="paid"/><message id="n" name="{X}"/><signal id="g" name="rain"/>'
BODIES = {
    "the script": '<scriptTask id="a"><script>x = {X}</script></scriptTask>',
    "a date": catching("timer", "<timeDate>${{X}}</timeDate>"),
    "a duration": catching("timer", "<timeDuration>${{X}}</timeDuration>"),
    "a cycle": user() + '<boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition><timeCycle>${{X}}</timeCycle>'
    "</timerEventDefinition></boundaryEvent>",
    "the collection of a multi-instance": repeated("", 'camunda:collection="${{X}}"'),
    "the number of a multi-instance": repeated("<loopCardinality>${{X}}</loopCardinality>"),
    "the completion condition of a multi-instance": repeated(
        "<loopCardinality>2</loopCardinality><completionCondition>${{X}}</completionCondition>"
    ),
    "the condition of a loop": '<task id="a"><standardLoopCharacteristics testBefore="true"><loopCondition>${{X}}</loopCondition>'
    "</standardLoopCharacteristics></task>",
    "the condition of an event": catching("conditional", "<condition>${{X}}</condition>"),
    "the completion condition of an ad-hoc subprocess": '<adHocSubProcess id="a"><task id="b"/><completionCondition>${{X}}'
    "</completionCondition></adHocSubProcess>",
    "what a message carries": SITE.format(mapped("inputParameter", "${{X}}")),
    "what a message is correlated by": catching("message", "").replace(
        "<messageEventDefinition>", properties(correlationKey="{X}") + '<messageEventDefinition messageRef="m">'
    ),
    "who does it": user('camunda:assignee="${{X}}"'),
    "who may do it": user('camunda:candidateGroups="technician,${{X}}"'),
    "when it is due": user('camunda:dueDate="${{X}}"'),
    "how it is called": user('name="for ${{X}}"'),
    "what goes into an activity": user(inside=mapped("inputParameter", "${{X}}")),
    "what comes out of an activity": user(inside=mapped("outputParameter", "${{X}}")),
    "what is handed to a called process": '<callActivity id="a" calledElement="p2"><extensionElements>'
    '<camunda:in sourceExpression="${{X}}" target="v"/></extensionElements></callActivity>',
    "which process is called": '<callActivity id="a" calledElement="${{X}}"/>',
    "the topic of a job": '<serviceTask id="a" camunda:type="external" camunda:topic="${{X}}"/>',
}
FLOW = (
    '<startEvent id="s"/><exclusiveGateway id="a" default="g"/><endEvent id="e"/><endEvent id="o"/>'
    '<sequenceFlow id="f" sourceRef="s" targetRef="a"/>'
    '<sequenceFlow id="g" sourceRef="a" targetRef="e"/><sequenceFlow id="h" sourceRef="a" targetRef="o"><conditionExpression>${{X}}'
    "</conditionExpression></sequenceFlow>"
)


def content(body: str, text: str) -> bytes:
    escaped = text.replace('"', "&quot;")
    return bpmn(chain(body).replace("{X}", escaped), around=MESSAGE.replace("{X}", "told"))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_is_outside_of_the_language_is_refused_wherever_it_stands(body: str) -> None:
    errors = [problem for problem in lint_files({"p.bpmn": content(body, ATTACK)}) if problem.severity == "error"]
    assert errors, "it was taken"
    assert {problem.element for problem in errors} <= {"a", "t", "s"}
    assert all(problem.line > 1 for problem in errors)
    harmless = lint_files({"p.bpmn": content(body, "v")})
    assert not [problem for problem in harmless if problem.severity == "error"], harmless


CLOCK = "from=start.started; to=end.completed; limit={X}"
SIGNAL = MESSAGE.replace("rain", "${" + ATTACK + "}").replace("{X}", "told")
FIELD = {"type": "textfield", "id": "x", "key": "x", "label": "x", "conditional": {"hide": "=" + ATTACK}}


def process(body: str) -> bytes:
    return bpmn(body.replace("{X}", ATTACK))


@pytest.mark.parametrize(
    ("what", "files"),
    [
        ("a condition", {"p.bpmn": process(FLOW)}),
        ("the title", {"p.bpmn": process(properties(title="${{X}}") + chain(user()))}),
        ("the first responder", {"p.bpmn": process(properties(firstResponder="{X}") + chain(user()))}),
        ("the limit of a clock", {"p.bpmn": process(properties(clock_x=CLOCK) + chain(user()))}),
        ("the name of a signal", {"p.bpmn": bpmn(chain(user()), around=SIGNAL)}),
        (
            "a form",
            {
                "p.bpmn": bpmn(chain(user('camunda:formRef="f"'))),
                "f.form": json.dumps({"type": "default", "id": "f", "components": [FIELD]}).encode(),
            },
        ),
    ],
)
def test_so_it_is_beside_the_activities(what: str, files: dict[str, bytes]) -> None:
    assert [problem for problem in lint_files(files) if problem.severity == "error"], what


CELL = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">
<decision id="t"><decisionTable id="tt">
<input id="i"><inputExpression><text>{0}</text></inputExpression><inputValues><text>{1}</text></inputValues></input>
<output id="o"><outputValues><text>{2}</text></outputValues><defaultOutputEntry><text>{3}</text></defaultOutputEntry></output>
<rule id="r"><inputEntry id="c"><text>{4}</text></inputEntry><outputEntry id="c2"><text>{5}</text></outputEntry></rule>
</decisionTable></decision>
</definitions>"""


@pytest.mark.parametrize("place", range(6))
def test_every_cell_of_a_decision_table_is_feel(place: int) -> None:
    def errors(text: str) -> int:
        cells = ["x", "1,2", "3,4", "3", "1", "3"]
        cells[place] = text
        files = {"p.bpmn": bpmn(chain(user())), "t.dmn": CELL.format(*cells).encode()}
        return sum(problem.severity == "error" for problem in lint_files(files))

    assert errors("3") == 0
    assert errors(ATTACK) >= 1


@dataclass(frozen=True)
class Case:
    """A model whose place takes too long, and how the token comes to it."""

    body: str
    reach: Callable[[Drive], object] = lambda run: None
    element: str = "a"


COMPLETED = ("what comes out of an activity", "the completion condition of a multi-instance")
NOT_YET = ("the completion condition of an ad-hoc subprocess",)  # it asks at the end of a task that somebody chooses
RUNNING = {name: Case(body) for name, body in BODIES.items() if name not in NOT_YET}
RUNNING |= {name: Case(BODIES[name], lambda run: run.complete("a")) for name in COMPLETED}
RUNNING["a cycle"] = Case(BODIES["a cycle"], element="t")


@pytest.mark.parametrize("case", RUNNING.values(), ids=RUNNING)
def test_what_takes_too_long_fails_at_its_element_and_names_line_and_limit(case: Case) -> None:
    nodes = case.body.replace("{X}", ENDLESS)
    run = Drive(short(f'<startEvent id="s"/>{nodes}<endEvent id="e"/>\ns -> a\na -> e', around=MESSAGE.replace("{X}", "told")))
    case.reach(run)
    assert run.failures, run.visits
    failure = run.failures[-1]
    assert failure.activity_id in (case.element, "a")
    assert failure.message.startswith("Expected the evaluation to end within ")
    assert "000 steps" in failure.message
    assert failure.line == 1
