"""Data objects and associations, BPMN 2.0.2 §10.4: variables of the scope that declares them, carried in and out of activities."""

from collections.abc import Mapping

import pytest

from engine.bpmn import lint
from engine.bpmn.parser import read_xml
from engine.bpmn.vocabulary import read_processes
from engine.bpmn.workflow import Complete
from engine.definitions import lint_files
from tests.conformance.drive import Drive, bpmn


def refused(content: bytes) -> list[str]:
    root = read_xml(content, "p.bpmn")
    problems = lint.check(root, read_processes(root, "p.bpmn"), "p.bpmn", lint.Available())
    return [problem.rule for problem in problems if problem.severity == "error"]


ORDER = '<dataObject id="d1" name="order"/><dataObjectReference id="r1" name="Order" dataObjectRef="d1"/>'


def carried(inputs: str = "", outputs: str = "", source: str = "r1", target: str = "r1") -> str:
    """The input/output specification and the associations of one activity, by the names of its data inputs and outputs."""
    ins, outs = inputs.split(), outputs.split()
    declared = "".join(f'<dataInput id="in_{name}" name="{name}"/>' for name in ins)
    declared += "".join(f'<dataOutput id="out_{name}" name="{name}"/>' for name in outs)
    text = f"<ioSpecification>{declared}<inputSet/><outputSet/></ioSpecification>"
    text += "".join(
        f"<dataInputAssociation><sourceRef>{source}</sourceRef><targetRef>in_{name}</targetRef></dataInputAssociation>" for name in ins
    )
    return text + "".join(
        f"<dataOutputAssociation><sourceRef>out_{name}</sourceRef><targetRef>{target}</targetRef></dataOutputAssociation>" for name in outs
    )


def test_a_data_object_is_a_variable_without_a_value_at_first() -> None:
    run = Drive(bpmn(f'{ORDER}<startEvent id="s"/><userTask id="a"/>\ns -> a'))
    assert run.values == {"order": None}


def test_what_an_instance_is_started_with_is_the_data_objects_value() -> None:
    run = Drive(bpmn(f'{ORDER}<startEvent id="s"/><userTask id="a"/>\ns -> a'), {"order": 7})
    assert run.values == {"order": 7}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('<dataObject id="total"/>', "total"),
        ('<dataObject id="d" name="报价"/>', "报价"),
        ('<dataObject id="total" name="The total"/>', "total"),
        ('<dataObject id="d_9"/><dataObjectReference id="r" name="total" dataObjectRef="d_9"/>', "total"),
        ('<dataObjectReference id="r" name="total" dataObjectRef="d_9"/><dataObject id="d_9"/>', "total"),
        ('<dataObjectReference id="r" name="total"/>', "total"),
        ('<property id="pr" name="total"/>', "total"),
    ],
)
def test_the_variable_has_the_name_that_was_drawn_else_the_id(written: str, name: str) -> None:
    assert Drive(bpmn(f'{written}<startEvent id="s"/><userTask id="a"/>\ns -> a')).values == {name: None}


def test_a_data_object_is_read_and_written_two_subprocesses_down() -> None:
    deep = '<scriptTask id="deep"><script>order = order + 1</script></scriptTask><userTask id="u" name="${order}"/>\ndeep -> u\n'
    nested = f'<subProcess id="p1"><subProcess id="p2">{deep}</subProcess></subProcess>'
    run = Drive(bpmn(f'{ORDER}<startEvent id="s"/>{nested}<userTask id="z"/>\ns -> p1 -> z'), {"order": 1})
    assert run.wait("u").details["name"] == "2"
    run.complete("u")
    assert run.waiting == ["z"]
    assert run.values == {"order": 2}


def test_a_data_object_of_a_subprocess_ends_with_it_and_hides_its_namesake() -> None:
    script = '<scriptTask id="c"><script>order = "inner"\nother = "outer"</script></scriptTask>'
    inner = f'{ORDER}{script}<userTask id="u" name="${{order}}"/>\nc -> u\n'
    run = Drive(bpmn(f'<startEvent id="s"/><subProcess id="p1">{inner}</subProcess><userTask id="z"/>\ns -> p1 -> z'), {"order": "mine"})
    assert run.wait("u").details["name"] == "inner"
    assert run.scopes[run.wait("u").scope] == {"order": "inner"}
    run.complete("u")
    assert run.values == {"order": "mine", "other": "outer"}


def test_each_round_of_a_subprocess_has_its_own_data_objects() -> None:
    several = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    run = Drive(bpmn(f'<startEvent id="s"/><subProcess id="p1">{ORDER}<userTask id="u"/>{several}</subProcess>\ns -> p1'))
    run.complete("u", order=1)
    assert run.done is False
    assert "order" not in run.values
    assert [scope.get("order", "none") for scope in run.scopes.values()].count(1) == 0  # the first one's ended with it


def test_a_data_input_is_a_variable_of_its_activity_alone() -> None:
    body = f'{ORDER}<startEvent id="s"/><userTask id="a" name="${{price}}">{carried("price")}</userTask>\ns -> a'
    run = Drive(bpmn(body), {"order": 12})
    assert run.wait("a").details["variables"] == {"price": 12}
    assert run.wait("a").details["name"] == "12"
    run.complete("a", price=13)
    assert run.values == {"order": 12}


def test_a_data_output_leaves_under_the_name_of_the_data_object() -> None:
    body = f'{ORDER}<startEvent id="s"/><userTask id="a">{carried(outputs="price")}</userTask><userTask id="z"/>\ns -> a -> z'
    run = Drive(bpmn(body))
    run.complete("a", price=13, note="x")
    assert run.values == {"order": 13, "note": "x"}


def test_an_output_that_was_not_made_is_not_carried() -> None:
    body = f'{ORDER}<startEvent id="s"/><userTask id="a">{carried(outputs="price")}</userTask><userTask id="z"/>\ns -> a -> z'
    run = Drive(bpmn(body), {"order": 1})
    run.complete("a")
    assert run.values == {"order": 1}


class Double:
    def evaluate(self, variables: Mapping[str, int], functions: object, deadline: float | None) -> object:
        return variables["n"] * 2


@pytest.mark.parametrize(
    ("tag", "inside", "extra"),
    [
        ("scriptTask", "<script>m = n * 2</script>", ""),
        ("businessRuleTask", "", 'camunda:decisionRef="d" camunda:resultVariable="m"'),
        ("userTask", "", ""),
        ("serviceTask", "", 'camunda:type="external" camunda:topic="t"'),
        ("callActivity", "", 'calledElement="other"'),
        ("subProcess", '<scriptTask id="c"><script>m = n * 2</script></scriptTask>', ""),
    ],
)
def test_every_activity_takes_data_in_and_gives_data_out(tag: str, inside: str, extra: str) -> None:
    body = f'{ORDER}<startEvent id="s"/><{tag} id="a" {extra}>{carried("n", "m")}{inside}</{tag}><userTask id="z"/>\ns -> a -> z'
    run = Drive(bpmn(body), {"order": 4}, decisions={"d": Double()})
    if run.waiting == ["a"]:
        assert run.wait("a").details["variables"] == {"m": None, "n": 4} if tag != "callActivity" else {"n": 4}
        run.complete("a", m=8)
    assert run.waiting == ["z"]
    assert run.values == {"order": 8}


def test_the_called_process_hands_back_only_what_is_asked_for() -> None:
    call = f'<callActivity id="a" calledElement="o">{carried("n", "m")}</callActivity>'
    run = Drive(bpmn(f'{ORDER}<startEvent id="s"/>{call}<userTask id="z"/>\ns -> a -> z'), {"order": 4})
    run.complete("a", m=8, n=5, secret=1)
    assert run.values == {"order": 8}


def test_a_message_brings_data_and_takes_data_along() -> None:
    body = f"""{ORDER}<startEvent id="s"/>
    <intermediateCatchEvent id="c"><dataOutput id="out_p" name="p"/><dataOutputAssociation><sourceRef>out_p</sourceRef>
    <targetRef>r1</targetRef></dataOutputAssociation><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
    <intermediateThrowEvent id="t"><dataInput id="in_q" name="q"/><dataInputAssociation><sourceRef>r1</sourceRef>
    <targetRef>in_q</targetRef></dataInputAssociation><messageEventDefinition messageRef="m"/></intermediateThrowEvent>
    <userTask id="z"/>
    s -> c -> t -> z"""
    run = Drive(bpmn(body, '<message id="m" name="m"/>'))
    run.deliver("c", p=5)
    assert run.values == {"order": 5}
    assert [thrown.payload for thrown in run.thrown] == [{"q": 5}]


@pytest.mark.parametrize("kind", ["start", "boundary"])
def test_what_starts_or_interrupts_brings_data(kind: str) -> None:
    output = (
        '<dataOutput id="o" name="p"/><dataOutputAssociation><sourceRef>o</sourceRef><targetRef>r1</targetRef></dataOutputAssociation>'
        '<messageEventDefinition messageRef="m"/>'
    )
    body = f'{ORDER}<startEvent id="s">{output if kind == "start" else ""}</startEvent><userTask id="a"/><userTask id="z"/>\ns -> a\n'
    if kind == "boundary":
        body += f'<boundaryEvent id="b" attachedToRef="a">{output}</boundaryEvent>\nb -> z'
    run = Drive(bpmn(body, '<message id="m" name="m"/>'), {"p": 5} if kind == "start" else {}, start_event="s")
    if kind == "boundary":
        run.deliver("b", p=5)
    assert run.values["order"] == 5


def test_a_transformation_and_an_assignment_say_what_is_carried() -> None:
    io = """<ioSpecification><dataInput id="i" name="n"/><dataInput id="k" name="k"/><dataOutput id="o" name="m"/></ioSpecification>
    <dataInputAssociation><sourceRef>r1</sourceRef><targetRef>i</targetRef>
    <transformation>order * 10</transformation></dataInputAssociation>
    <dataInputAssociation><targetRef>k</targetRef><assignment><from>${order + 1}</from><to>k</to></assignment></dataInputAssociation>
    <dataOutputAssociation><sourceRef>o</sourceRef><targetRef>r1</targetRef>
    <transformation>m + n + k</transformation></dataOutputAssociation>"""
    run = Drive(bpmn(f'{ORDER}<startEvent id="s"/><scriptTask id="a">{io}<script>m = 1000</script></scriptTask>\ns -> a'), {"order": 4})
    assert run.values == {"order": 1045}


def test_a_transformation_that_fails_rests_and_is_tried_again() -> None:
    io = """<ioSpecification><dataOutput id="o" name="m"/></ioSpecification>
    <dataOutputAssociation><sourceRef>o</sourceRef><targetRef>r1</targetRef>
    <transformation>m / n</transformation></dataOutputAssociation>"""
    run = Drive(bpmn(f'{ORDER}<startEvent id="s"/><userTask id="a">{io}</userTask><userTask id="z"/>\ns -> a -> z'), {"n": 0})
    run.complete("a", m=6)
    assert [failure.kind for failure in run.failures] == ["expression"]
    run.set(n=3)
    run.retry()
    assert run.values["order"] == 2


def test_associations_that_an_editor_draws_without_ends_only_show_where_data_goes() -> None:
    io = """<property id="P1" name="__targetRef_placeholder"/>
    <dataInputAssociation><sourceRef>r1</sourceRef><targetRef>P1</targetRef></dataInputAssociation>
    <dataOutputAssociation><targetRef>r1</targetRef></dataOutputAssociation>"""
    run = Drive(
        bpmn(f'{ORDER}<startEvent id="s"/><scriptTask id="a">{io}<script>order = order + 1</script></scriptTask>\ns -> a'), {"order": 1}
    )
    assert run.values == {"order": 2}
    assert refused(bpmn(f'{ORDER}<startEvent id="s"/><userTask id="a">{io}</userTask>\ns -> a')) == []


EACH = "<multiInstanceLoopCharacteristics {}>{}</multiInstanceLoopCharacteristics>"
ITEMS = (
    '<loopDataInputRef>{}</loopDataInputRef><loopDataOutputRef>{}</loopDataOutputRef><inputDataItem name="x"/><outputDataItem name="y"/>'
)
LISTS = '<dataObject id="d1" name="xs" isCollection="true"/><dataObject id="d2" name="ys" isCollection="true"/>'


@pytest.mark.parametrize("sequential", ["true", "false"])
@pytest.mark.parametrize(
    ("tag", "inside", "extra"),
    [
        ("scriptTask", "<script>y = x * x</script>", ""),
        ("subProcess", '<scriptTask id="c"><script>y = x * x</script></scriptTask>', ""),
        ("userTask", "", ""),
        ("callActivity", '<extensionElements><camunda:out source="y" target="y"/></extensionElements>', 'calledElement="o"'),
        (
            "serviceTask",
            '<extensionElements><camunda:inputOutput><camunda:outputParameter name="y">${got}</camunda:outputParameter>'
            "</camunda:inputOutput></extensionElements>",
            'camunda:type="external" camunda:topic="t"',
        ),
    ],
)
def test_items_come_from_a_collection_and_their_results_make_one(tag: str, inside: str, extra: str, sequential: str) -> None:
    loop = EACH.format(f'isSequential="{sequential}"', ITEMS.format("d1", "d2"))
    body = f'{LISTS}<startEvent id="s"/><{tag} id="a" {extra}>{inside}{loop}</{tag}><userTask id="z"/>\ns -> a -> z'
    run = Drive(bpmn(body), {"xs": [3, 1, 2]})
    for number in (0, 1, 2):
        if run.waiting != ["z"]:
            square = [9, 1, 4][number]
            run.complete("a", got=square) if tag == "serviceTask" else run.complete("a", y=square)
    assert run.waiting == ["z"]
    assert {name: run.values[name] for name in ("xs", "ys")} == {"xs": [3, 1, 2], "ys": [9, 1, 4]}
    assert "y" not in run.values


def test_the_results_are_in_the_order_of_the_items_whoever_is_first() -> None:
    loop = EACH.format("", ITEMS.format("d1", "d2"))
    run = Drive(bpmn(f'{LISTS}<startEvent id="s"/><userTask id="a">{loop}</userTask>\ns -> a'), {"xs": [1, 2]})
    first, second = (wait.token for wait in run.waits())
    run.apply(Complete(second, {"y": "two"}))
    run.apply(Complete(first, {"y": "one"}))
    assert run.values["ys"] == ["one", "two"]


def test_only_the_items_that_were_done_have_results() -> None:
    loop = EACH.format("", ITEMS.format("d1", "d2") + "<completionCondition>nrOfCompletedInstances == 2</completionCondition>")
    run = Drive(bpmn(f'{LISTS}<startEvent id="s"/><userTask id="a">{loop}</userTask><userTask id="z"/>\ns -> a -> z'), {"xs": [1, 2, 3]})
    run.complete("a", y=1)
    run.complete("a", y=2)
    assert run.values["ys"] == [1, 2]


def test_nothing_gives_an_empty_list_of_results() -> None:
    loop = EACH.format("", ITEMS.format("d1", "d2"))
    run = Drive(bpmn(f'{LISTS}<startEvent id="s"/><userTask id="a">{loop}</userTask>\ns -> a'), {"xs": []})
    assert run.values == {"xs": [], "ys": []}


def test_an_interrupted_multi_instance_gives_no_results() -> None:
    loop = EACH.format("", ITEMS.format("d1", "d2"))
    boundary = '<boundaryEvent id="b" attachedToRef="a"><signalEventDefinition signalRef="g"/></boundaryEvent>'
    run = Drive(
        bpmn(f'{LISTS}<startEvent id="s"/><userTask id="a">{loop}</userTask>{boundary}\ns -> a', '<signal id="g" name="g"/>'),
        {"xs": [1, 2]},
    )
    run.complete("a", y=1)
    run.deliver("b")
    assert run.values == {"xs": [1, 2], "ys": None}


def test_a_task_repeats_over_its_data_input_and_gives_its_data_output() -> None:
    io = """<ioSpecification><dataInput id="i" name="all"/><dataOutput id="o" name="made"/></ioSpecification>
    <dataInputAssociation><sourceRef>d1</sourceRef><targetRef>i</targetRef></dataInputAssociation>
    <dataOutputAssociation><sourceRef>o</sourceRef><targetRef>d2</targetRef></dataOutputAssociation>"""
    loop = EACH.format("", ITEMS.format("i", "o"))
    run = Drive(bpmn(f'{LISTS}<startEvent id="s"/><userTask id="a">{io}{loop}</userTask><userTask id="z"/>\ns -> a -> z'), {"xs": [5, 6]})
    assert [wait.details["variables"] for wait in run.waits()] == [
        {"made": None, "loopCounter": number, "x": x, "y": None} for number, x in enumerate([5, 6])
    ]
    run.complete("a", y=1)
    run.complete("a", y=2)
    assert run.values == {"xs": [5, 6], "ys": [1, 2]}


@pytest.mark.parametrize(
    "wrong",
    [
        "<dataInputAssociation><sourceRef>no thing</sourceRef><targetRef>i</targetRef></dataInputAssociation>",
        "<dataInputAssociation><sourceRef>r1</sourceRef><sourceRef>r1</sourceRef><targetRef>i</targetRef></dataInputAssociation>",
        "<dataInputAssociation><targetRef>i</targetRef></dataInputAssociation>",
        "<dataInputAssociation><targetRef>i</targetRef><transformation>1 +</transformation></dataInputAssociation>",
        "<dataInputAssociation><sourceRef>hidden</sourceRef><targetRef>i</targetRef></dataInputAssociation>",
        "<dataOutputAssociation><sourceRef>i</sourceRef></dataOutputAssociation>",
    ],
)
def test_an_association_that_leads_nowhere_is_refused(wrong: str) -> None:
    inner = '<subProcess id="x"><dataObject id="hidden"/><task id="y"/></subProcess>'
    io = '<ioSpecification><dataInput id="i" name="n"/></ioSpecification>'
    assert refused(bpmn(f'{ORDER}<startEvent id="s"/><userTask id="a">{io}{wrong}</userTask>{inner}\ns -> a -> x'))
    assert not refused(bpmn(f'{ORDER}<startEvent id="s"/><userTask id="a">{io}</userTask>{inner}\ns -> a -> x'))


def test_a_reference_to_no_data_object_is_refused() -> None:
    assert refused(bpmn('<dataObjectReference id="r" dataObjectRef="gone"/><startEvent id="s"/><userTask id="a"/>\ns -> a')) == ["data"]


STORE = '<dataStoreReference id="st" name="库存" dataStoreRef="ds"/>'


def test_a_data_store_that_is_only_drawn_is_a_warning_for_each_arrow_and_does_nothing() -> None:
    io = """<property id="P1" name="__targetRef_placeholder"/>
    <dataInputAssociation><sourceRef>st</sourceRef><targetRef>P1</targetRef></dataInputAssociation>
    <dataOutputAssociation><targetRef>st</targetRef></dataOutputAssociation>"""
    content = bpmn(f'{STORE}<startEvent id="s"/><userTask id="a">{io}</userTask>\ns -> a', '<dataStore id="ds"/>')
    assert refused(content) == []
    warned = [problem.message for problem in lint_files({"p.bpmn": content}) if problem.rule == "data"]
    assert warned == ["Expected a data input or output between 'a' and '库存', but the arrow has none and carries nothing"] * 2
    run = Drive(content)
    run.complete("a", n=1)
    assert run.values == {"n": 1}
    assert run.thrown == []
