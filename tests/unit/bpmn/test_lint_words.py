"""Rules about what a diagram says: expressions, scripts, timers, properties, and the names of things elsewhere."""

import json
import time

import pytest

from engine.bpmn import lint
from engine.errors import Problem
from engine.forms import compile_form
from tests.unit.bpmn.diagrams import bpmn, chain, found, lint_file, properties

USER = '<userTask id="a" camunda:candidateGroups="technician"/>'
TIMED = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
MESSAGE = '<message id="m" name="paid"/><signal id="g" name="storm"/><error id="e" errorCode="late"/>'


def user(attributes: str = "", inside: str = "") -> bytes:
    return bpmn(chain(f'<userTask id="a" {attributes}>{inside}</userTask>'))


def extension(text: str) -> str:
    return f"<extensionElements>{text}</extensionElements>"


def mapped(text: str) -> bytes:
    return user("", extension(f"<camunda:inputOutput>{text}</camunda:inputOutput>"))


def repeated(attributes: str, inside: str = "") -> bytes:
    return user("", f"<multiInstanceLoopCharacteristics {attributes}>{inside}</multiInstanceLoopCharacteristics>")


def called(text: str) -> bytes:
    return bpmn(chain(f'<callActivity id="a" calledElement="x">{extension(text)}</callActivity>'))


def conditional(condition: str) -> bytes:
    return bpmn(f'<startEvent id="s"/><endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e">{condition}</sequenceFlow>')


SCRIPTED = '<camunda:inputParameter name="x"><camunda:script>1</camunda:script></camunda:inputParameter>'
LISTED = "<camunda:list><camunda:value>${a +}</camunda:value></camunda:list>"
BROKEN_PLACES = {
    "condition": conditional("<conditionExpression>${a +}</conditionExpression>"),
    "empty condition": conditional("<conditionExpression/>"),
    "assignee": user('camunda:assignee="${a +}"'),
    "candidate users": user('camunda:candidateUsers="${a +}"'),
    "candidate groups": user('camunda:candidateGroups="x,${a +}"'),
    "due date": user('camunda:dueDate="${a +}"'),
    "follow-up date": user('camunda:followUpDate="${a +}"'),
    "priority": user('camunda:priority="${a +}"'),
    "input": mapped('<camunda:inputParameter name="x">${a +}</camunda:inputParameter>'),
    "output in a list": mapped(f'<camunda:outputParameter name="x">{LISTED}</camunda:outputParameter>'),
    "name of an input": mapped('<camunda:inputParameter name="x y">1</camunda:inputParameter>'),
    "collection": repeated('camunda:collection="${a +}"'),
    "element variable": repeated('camunda:collection="a" camunda:elementVariable="x y"'),
    "cardinality": repeated("", "<loopCardinality>${a +}</loopCardinality>"),
    "completion": repeated('camunda:collection="a"', "<completionCondition>a +</completionCondition>"),
    "called": bpmn(chain('<callActivity id="a" calledElement="${a +}"/>')),
    "passed in": called('<camunda:in sourceExpression="${a +}" target="b"/>'),
    "passed out": called('<camunda:out source="a" target="b c"/>'),
    "business key": called('<camunda:in businessKey="${a +}"/>'),
    "topic": bpmn(chain('<serviceTask id="a" camunda:type="external" camunda:topic="${a +}"/>')),
    "result variable": bpmn(chain('<businessRuleTask id="a" camunda:decisionRef="d" camunda:resultVariable="x y"/>')),
    "correlation key": bpmn(chain(f'<receiveTask id="a" messageRef="m">{properties(correlationKey="a +")}</receiveTask>'), MESSAGE),
    "name of a message": bpmn(chain(USER), '<message id="m" name="${a +}"/>'),
    "name of a task": user('name="Call ${a +}"'),
    "title": bpmn(properties(title="${a +}") + chain(USER)),
    "first responder": bpmn(properties(firstResponder="a +") + chain(USER)),
}


@pytest.mark.parametrize("place", BROKEN_PLACES)
def test_an_expression_that_does_not_compile_is_refused_wherever_it_stands(place):
    problems = found(BROKEN_PLACES[place], "expression")
    assert [problem.severity for problem in problems] == ["error"]
    repaired = BROKEN_PLACES[place].replace(b"a +", b"a").replace(b"x y", b"x").replace(b"b c", b"b")
    assert not found(repaired.replace(b"<conditionExpression/>", b""), "expression")


@pytest.mark.parametrize("text", ["${a.__class__}", "__import__('os')", "lambda: 1", "open('x')"])
def test_an_expression_that_reaches_for_the_interpreter_is_refused(text):
    flow = f'<sequenceFlow id="f" sourceRef="s" targetRef="e"><conditionExpression>{text}</conditionExpression></sequenceFlow>'
    assert found(bpmn(f'<startEvent id="s"/><endEvent id="e"/>{flow}'), "expression")


@pytest.mark.parametrize(
    ("script", "right"),
    [
        ("<script>total = price * 2</script>", True),
        ("<script>import os</script>", False),
        ("<script>total = </script>", False),
        ("<script>for line in lines:\n    line.done = true</script>", False),
        ("<script>for line in lines:\n    for i in line.parts:\n        line.parts[0] += 1</script>", False),
        ("<script>for i in range(len(lines)):\n    lines[i].done = true</script>", True),
        ("<script>for line in lines:\n    line = merge(line, {'done': true})\n    done = line</script>", True),
        ("<script/>", False),
        ("", False),
    ],
)
def test_scripts_compile(script, right):
    assert bool(found(bpmn(chain(f'<scriptTask id="a">{script}</scriptTask>')), "script")) is not right


def test_a_script_in_another_language_is_refused():
    assert found(bpmn(chain('<scriptTask id="a" scriptFormat="groovy"><script>a = 1</script></scriptTask>')), "script")
    assert not found(bpmn(chain('<scriptTask id="a" scriptFormat="python"><script>a = 1</script></scriptTask>')), "script")


def timer(kind: str, text: str) -> bytes:
    definition = f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"
    return bpmn(chain(f'<intermediateCatchEvent id="t">{definition}</intermediateCatchEvent>'))


def cycle(text: str, attributes: str = 'cancelActivity="false"') -> bytes:
    definition = f"<timerEventDefinition><timeCycle>{text}</timeCycle></timerEventDefinition>"
    return bpmn(chain(USER) + f'<boundaryEvent id="b" attachedToRef="a" {attributes}>{definition}</boundaryEvent>')


@pytest.mark.parametrize("text", ["PT1H", "P1DT2H30M", "P2W", "${limit}", 'site("limit", duration("PT2M"))', "limit"])
def test_durations_that_can_be_read(text):
    assert not found(timer("timeDuration", text), "timer")


@pytest.mark.parametrize("text", ["", "-PT1H", "1 hour", "PT", "2026-01-01", "${limit", "limit +", "PT1H30"])
def test_durations_that_cannot_be_read_are_refused(text):
    assert found(timer("timeDuration", text), "timer")


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00+08:00", "2026-03-02T09:00", "2026-03-02", "${wanted_at}"])
def test_dates_that_can_be_read(text):
    assert not found(timer("timeDate", text), "timer")


@pytest.mark.parametrize("text", ["2026-13-02", "02.03.2026", "PT1H", ""])
def test_dates_that_cannot_be_read_are_refused(text):
    assert found(timer("timeDate", text), "timer")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("R3/PT10M", True),
        ("R/P1D", True),
        ("R3/-PT10M", False),
        ("R3/PT0S", False),
        ("3 times", False),
        ("0 9 * * MON", True),
        ("* * * * *", True),
        ("0 0 9 ? * 8", False),
        ("@daily", True),
    ],
)
def test_cycles(text, right):
    assert bool(found(cycle(text), "timer")) is not right


def test_a_timer_has_one_definition():
    assert found(bpmn(chain('<intermediateCatchEvent id="t"><timerEventDefinition/></intermediateCatchEvent>')), "timer")
    both = "<timerEventDefinition><timeDuration>PT1H</timeDuration><timeDate>2026-01-01</timeDate></timerEventDefinition>"
    assert found(bpmn(chain(f'<intermediateCatchEvent id="t">{both}</intermediateCatchEvent>')), "timer")


def test_plain_due_dates_are_dates_or_durations():
    assert not found(user('camunda:dueDate="2026-03-02T09:00"'), "timer")
    assert not found(user('camunda:dueDate="PT4H"'), "timer")
    assert found(user('camunda:dueDate="tomorrow"'), "timer")


def test_retry_cycles_are_read():
    def retried(text: str) -> bytes:
        inside = extension(f"<camunda:failedJobRetryTimeCycle>{text}</camunda:failedJobRetryTimeCycle>")
        return bpmn(chain(f'<serviceTask id="a" camunda:type="external" camunda:topic="x">{inside}</serviceTask>'))

    assert not found(retried("R3/PT10M"), "timer")
    # What the jobs cannot carry out would silently become the default.
    for cycle in ("3 times", "PT10M", "R/PT10M", "R0/PT10M", "PT1M,PT10M", "R3/2026-01-01/PT1M", "R3/-PT1M", "R3/P1M"):
        assert found(retried(cycle), "timer"), cycle


def test_a_priority_is_a_whole_number_or_an_expression():
    assert not found(user('camunda:priority="70"'), "expression")
    assert not found(user('camunda:priority="${urgent}"'), "expression")
    assert found(user('camunda:priority="high"'), "expression")


def test_a_condition_in_another_language_is_refused():
    condition = "<conditionExpression>a</conditionExpression>"
    assert not found(conditional(condition), "expression")
    assert found(conditional(condition.replace("Expression>a", 'Expression language="javascript">a')), "expression")


def test_who_may_start_is_said_by_names():
    def started_by(groups: str) -> list[str]:
        content = bpmn(chain(USER), attributes=f'camunda:candidateStarterGroups="{groups}"')
        return [problem.severity for problem in found(content, "performer")]

    assert started_by("customer_service, butler") == []
    assert started_by("${groups}") == ["error"]
    assert started_by("custumer_service") == ["warning"]


def test_a_multi_instance_says_how_often():
    assert not found(repeated('camunda:collection="a" camunda:elementVariable="x"'), "multi-instance")
    assert not found(repeated("", "<loopCardinality>3</loopCardinality>"), "multi-instance")
    assert found(repeated(""), "multi-instance")
    assert found(repeated('camunda:collection="a"', "<loopCardinality>3</loopCardinality>"), "multi-instance")
    assert found(repeated('camunda:elementVariable="x"', "<loopCardinality>3</loopCardinality>"), "multi-instance")


@pytest.mark.parametrize(
    "node",
    [
        '<receiveTask id="a"/>',
        '<sendTask id="a"/>',
        '<receiveTask id="a" messageRef="gone"/>',
        '<receiveTask id="a" messageRef="nameless"/>',
        '<intermediateThrowEvent id="a"><signalEventDefinition/></intermediateThrowEvent>',
        '<intermediateThrowEvent id="a"><signalEventDefinition signalRef="m"/></intermediateThrowEvent>',
    ],
)
def test_messages_and_signals_need_names(node):
    around = MESSAGE + '<message id="nameless"/>'
    assert found(bpmn(chain(node), around), "message")


def test_a_message_that_starts_a_process_has_a_fixed_name():
    start = '<startEvent id="s"><messageEventDefinition messageRef="computed"/></startEvent>'
    assert found(bpmn(start, '<message id="computed" name="${x}"/>'), "message")
    assert not found(bpmn(chain('<receiveTask id="a" messageRef="computed"/>'), '<message id="computed" name="${x}"/>'), "message")


def test_messages_and_signals_with_names_pass():
    nodes = (
        '<receiveTask id="a" messageRef="m"/>',
        '<intermediateThrowEvent id="b"><signalEventDefinition signalRef="g"/></intermediateThrowEvent>',
    )
    assert not found(bpmn(chain(*nodes), MESSAGE), "message")


def test_an_error_end_names_its_code():
    def error_end(reference: str) -> bytes:
        return bpmn(f'<startEvent id="s"/><endEvent id="x"><errorEventDefinition {reference}/></endEvent>', MESSAGE)

    assert not found(error_end('errorRef="e"'), "message")
    assert found(error_end(""), "message")


def test_a_service_task_needs_a_topic():
    assert not found(bpmn(chain('<serviceTask id="a" camunda:type="external" camunda:topic="notify"/>')), "service-task")
    assert found(bpmn(chain('<serviceTask id="a" camunda:type="external"/>')), "service-task")
    assert found(bpmn(chain('<serviceTask id="a"/>')), "service-task")


def test_a_decision_must_be_there():
    task = bpmn(chain('<businessRuleTask id="a" camunda:decisionRef="repair_class" camunda:resultVariable="class"/>'))
    assert not found(task, "decision", lint.Available(decisions={"repair_class"}))
    assert found(task, "decision")
    assert found(bpmn(chain('<businessRuleTask id="a"/>')), "decision")
    without_result = bpmn(chain('<businessRuleTask id="a" camunda:decisionRef="repair_class"/>'))
    assert found(without_result, "decision", lint.Available(decisions={"repair_class"}))


def test_a_called_process_that_is_not_there_yet_is_a_warning_and_none_at_all_an_error():
    call = bpmn(chain('<callActivity id="a" calledElement="callback"/>'))
    assert not found(call, "called-process", lint.Available(processes={"callback"}))
    assert [problem.severity for problem in found(call, "called-process")] == ["warning"]
    assert [problem.severity for problem in found(bpmn(chain('<callActivity id="a"/>')), "called-process")] == ["error"]
    assert not found(bpmn(chain('<callActivity id="a" calledElement="p"/>')), "called-process")


def test_a_form_must_be_there():
    available = lint.Available(forms={"record"})
    assert not found(user('camunda:formRef="record"'), "form", available)
    assert found(user('camunda:formRef="other"'), "form", available)
    assert not found(user('camunda:formKey="camunda-forms:deployment:forms/record.form"'), "form", available)
    start = '<startEvent id="start" camunda:formRef="gone"/>'
    assert found(bpmn(chain(USER).replace('<startEvent id="start"/>', start)), "form", available)


def test_a_form_on_a_start_that_nobody_fills_in_is_refused():
    start = '<startEvent id="s" camunda:formRef="record"><messageEventDefinition messageRef="m"/></startEvent>'
    assert found(bpmn(start, MESSAGE), "form", lint.Available(forms={"record"}))


def test_a_user_task_without_a_form_is_a_warning():
    assert [problem.severity for problem in found(user(), "no-form")] == ["warning"]
    assert not found(user('camunda:formRef="record"'), "no-form")


def test_a_user_task_that_nobody_may_do_is_a_warning():
    lane = '<laneSet id="l"><lane id="technician"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    assert [problem.severity for problem in found(user(), "performer")] == ["warning"]
    assert not found(user('camunda:assignee="${who}"'), "performer")
    assert not found(user('camunda:candidateGroups="technician, buyer"'), "performer")
    assert not found(bpmn(lane + chain('<userTask id="a"/>')), "performer")
    assert found(bpmn(lane.replace('"technician"', '"lane_1"') + chain('<userTask id="a"/>')), "performer")


def test_a_candidate_group_that_is_no_post_is_a_warning():
    [problem] = found(user('camunda:candidateGroups="technican"'), "performer")
    assert "no post 'technican'" in problem.message


@pytest.mark.parametrize(
    "attributes",
    ['camunda:class="x.Y"', 'camunda:expression="${x}"', 'camunda:delegateExpression="${x}"', 'camunda:type="mail"', 'camunda:wrong="1"'],
)
def test_a_camunda_attribute_that_nobody_carries_out_is_refused(attributes):
    assert found(bpmn(chain(f'<serviceTask id="a" {attributes}/>')), "extension")


def test_camunda_attributes_of_the_contract_pass():
    attributes = 'camunda:assignee="a" camunda:dueDate="PT1H" camunda:priority="50" camunda:asyncBefore="true" camunda:formRef="x"'
    process = 'camunda:historyTimeToLive="P10Y" camunda:versionTag="1" camunda:candidateStarterGroups="technician"'
    assert not found(bpmn(chain(f'<userTask id="a" {attributes}/>'), attributes=process), "extension")


@pytest.mark.parametrize(
    "inside",
    [
        '<camunda:executionListener event="start" expression="x"/>',
        '<camunda:taskListener event="create" expression="x"/>',
        "<camunda:connector/>",
        '<camunda:in source="a" target="b"/>',
        '<zeebe:ioMapping xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"/>',
        f"<camunda:inputOutput>{SCRIPTED}</camunda:inputOutput>",
    ],
)
def test_an_extension_element_that_nobody_carries_out_is_refused(inside):
    assert [problem.severity for problem in found(user("", extension(inside)), "extension")] == ["error"]


def test_an_unknown_vendors_extension_is_a_warning():
    problems = found(user("", extension('<v:note xmlns:v="http://example.org/vendor"/>')), "extension")
    assert [problem.severity for problem in problems] == ["warning"]


def test_properties_for_other_engines_are_refused():
    assert found(user('xmlns:f="http://flowable.org/bpmn" f:skipExpression="x"'), "extension")


def test_elements_of_a_wrong_namespace_are_refused():
    assert found(bpmn(chain(USER) + '<x:userTask xmlns:x="http://example.org/x" id="x"/>'), "extension")
    assert found(bpmn(chain(USER) + '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'), "extension")


GOOD_PROPERTIES = properties(
    numberSeries="WX",
    retention="10y",
    title="${house}",
    searchable="house, telephone",
    ledger="kind, urgency",
    residentSees="house, content",
    firstResponder="case.starter",
    clock_record="from=start.started; to=a.completed; limit=duration(&quot;PT3M&quot;); time=working; pause=a; warn=0.8; kpi=B09",
)


def test_the_properties_of_the_contract_pass():
    content = bpmn(
        GOOD_PROPERTIES
        + '<laneSet id="l"><lane id="x"><extensionElements><camunda:properties><camunda:property name="steward:group" value="buyer"/>'
        + "</camunda:properties></extensionElements></lane></laneSet>"
        + chain(f'<userTask id="a" camunda:assignee="x">{properties(signatures="none")}</userTask>')
    )
    assert [problem for problem in lint_file(content) if problem.rule != "no-form"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("differsfrom", "a"),
        ("withdraw", "perhaps"),
        ("returnTo", ""),
        ("copyTo", "x"),
        ("catchUp", "once"),
        ("numberSeries", "WX"),
        ("signatures", "three_people"),
        ("differsFrom", ""),
        ("approval", ""),
    ],
)
def test_properties_that_are_unknown_not_built_or_misplaced_are_refused_on_a_user_task(name, value):
    assert [problem.severity for problem in found(user("", properties(**{name: value})), "property")] == ["error"]


def test_copies_go_to_posts_and_to_whom_an_expression_names():
    assert not found(user("", properties(copyTo="cs_supervisor, ${case.starter}")), "property")
    assert found(user("", properties(copyTo="${case.}")), "expression")


@pytest.mark.parametrize(
    "named",
    [{"scenarioGate": "required"}, {"retention": "3y"}, {"searchable": "a b"}, {"ledger": "a b"}, {"register": "a b"}, {"colour": "red"}],
)
def test_properties_that_are_unknown_or_not_built_are_refused_on_a_process(named):
    assert [problem.severity for problem in found(bpmn(properties(**named) + chain(USER)), "property")] == ["error"]


TOLD = properties(residentStep="已到场 | A technician has arrived", residentAsk="请确认报价")


@pytest.mark.parametrize(
    ("inside", "right"),
    [
        (TOLD, True),
        (properties(residentStep="a | b | c"), False),
        (properties(residentStep="已到场 | "), False),
        (properties(residentAsk="长" * 61), False),
        (properties(residentAsk=""), False),
        (properties(residentSees="house"), False),
        (properties(ledgerStep="接单人 | Taken by"), True),
        (properties(ledgerStep="a | b | c"), False),
    ],
)
def test_what_is_told_to_residents_is_short_and_in_one_or_two_languages(inside, right):
    assert bool(found(user("", inside), "property")) is not right


def test_a_gateway_tells_residents_nothing_and_a_list_for_them_names_variables():
    assert found(bpmn(chain(f'<exclusiveGateway id="g">{properties(residentStep="x")}</exclusiveGateway>')), "property")
    assert found(bpmn(properties(residentSees="a b") + chain(USER)), "property")


def test_properties_that_are_not_ours_are_left_alone():
    inside = extension('<camunda:properties><camunda:property name="colour" value="red"/></camunda:properties>')
    assert not found(user("", inside), "property")


@pytest.mark.parametrize(("catch_up", "right"), [("once", True), ("all", True), ("skip", True), ("never", False)])
def test_a_timer_says_how_it_catches_up(catch_up, right):
    definition = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    event = f'<intermediateCatchEvent id="t">{properties(catchUp=catch_up)}{definition}</intermediateCatchEvent>'
    assert bool(found(bpmn(chain(event)), "property")) is not right


@pytest.mark.parametrize(
    ("series", "right"), [("WX", True), ("A1", True), ("wx", False), ("WX-1", False), ("报", False), ("ABCDEFGHIJK", False)]
)
def test_number_series(series, right):
    assert bool(found(bpmn(properties(numberSeries=series) + chain(USER)), "number-series")) is not right


@pytest.mark.parametrize(
    "clock",
    [
        "",
        "from=start.started; to=a.completed",
        "from=start.started; to=gone.completed; limit=1",
        "from=start.begun; to=a.completed; limit=1",
        "from=start.started; to=a.completed; limit=x +",
        "from=start.started; to=a.completed; limit=x; warn=80",
        "from=start.started; to=a.completed; limit=x; time=slow",
        "from=start.started; to=a.completed; limit=x; pause=gone",
        "from=start.started; to=a.completed; limit=x; until=y",
        "from=start.started; to=a.completed; limit=x; tell=${boss",
        "from=start.started; to=a.completed; limit=x; escalate=late",
        "from=start.started; from=a.started; to=a.completed; limit=x",
        "tomorrow",
    ],
)
def test_clocks_that_are_malformed_or_name_unknown_activities_are_refused(clock):
    problems = lint_file(bpmn(properties(clock_record=clock) + chain(USER)))
    assert [problem.severity for problem in problems if problem.rule in ("clock", "property")] == ["error"] * (2 if not clock else 1)


@pytest.mark.parametrize(("code", "right"), [("late", True), ("other", False)])
def test_the_escalation_of_a_clock_is_caught_by_an_event_subprocess_of_the_process(code, right):
    clock = f"from=start.started; to=a.completed; limit=duration('PT1M'); tell=cs_supervisor,${{case.starter}}; escalate={code}"
    start = '<startEvent id="e" isInterrupting="false"><escalationEventDefinition escalationRef="x"/></startEvent>'
    inside = f'{start}<endEvent id="z"/><sequenceFlow id="f" sourceRef="e" targetRef="z"/>'
    sub = f'<subProcess id="q" triggeredByEvent="true">{inside}</subProcess>'
    content = bpmn(properties(clock_record=clock) + chain(USER) + sub, around='<escalation id="x" escalationCode="late"/>')
    assert bool(found(content, "clock")) is not right


def test_a_limit_may_hold_a_semicolon():
    clock = "from=start.started; to=a.completed; limit=site('a;b', duration('PT1M')); kpi=B09"
    assert not found(bpmn(properties(clock_record=clock) + chain(USER)), "clock")


def test_two_person_rules_name_other_user_tasks():
    def differs(name: str) -> bytes:
        return bpmn(chain(f'<userTask id="a">{properties(differsFrom=name)}</userTask>', '<userTask id="b"/>', '<task id="c"/>'))

    assert not found(differs("b"), "differs-from")
    for name in ("a", "c", "gone", "b, gone"):
        assert found(differs(name), "differs-from"), name


def test_ways_back_name_user_tasks_that_come_before():
    def back(name: str) -> bytes:
        tasks = ['<userTask id="a"/>', '<task id="t"/>', f'<userTask id="b">{properties(returnTo=name)}</userTask>', '<userTask id="c"/>']
        inside = chain('<userTask id="x"/>').replace('id="start"', 'id="s2"').replace('"end"', '"e2"').replace('"start"', '"s2"')
        return bpmn(chain(*tasks, f'<subProcess id="sub">{inside}</subProcess>'))

    for name in ("a", "earlier", "none", "initiator, end", "a, end"):
        assert not found(back(name), "ways-back"), name
    for name in ("b", "c", "t", "x", "gone", "a, gone", "none, end"):
        assert found(back(name), "ways-back"), name


def test_a_case_is_withdrawn_until_user_tasks_of_the_process_are_done():
    def until(value: str) -> bytes:
        return bpmn(properties(withdraw=value) + chain('<userTask id="a"/>', '<task id="t"/>'))

    assert not found(until("until:a"), "ways-back") and not found(until("until:a"), "property")
    for value in ("until:", "until:t", "until:a,gone"):
        assert found(until(value), "ways-back"), value
    assert found(user("", properties(withdraw="until:a")), "property")


def test_messages_are_offered_to_posts_where_a_running_case_waits_for_them():
    message = '<messageEventDefinition messageRef="m"/>'

    def offered(element: str, posts: str = "butler, customer_service") -> bytes:
        event = f'<{element} id="e">{properties(offeredTo=posts)}{message}</{element}>'
        return bpmn(chain('<userTask id="a"/>', event), around='<message id="m" name="paid"/>')

    waiting = offered("intermediateCatchEvent")
    assert not found(waiting, "property") and not found(waiting, "message")
    assert found(offered("intermediateCatchEvent", "butlers"), "property")
    assert found(offered("intermediateThrowEvent"), "message")
    assert found(user("", properties(offeredTo="butler")), "property")
    begins = f'<startEvent id="again">{properties(offeredTo="butler")}{message}</startEvent>'
    begins += '<sequenceFlow id="x" sourceRef="again" targetRef="a"/>'
    assert found(bpmn(chain('<userTask id="a"/>') + begins, around='<message id="m" name="paid"/>'), "message")


def test_ways_back_lead_out_of_subprocesses_over_boundary_events_and_round_loops():
    way = properties(returnTo="a")
    inside = f'<startEvent id="s2"/><userTask id="b">{way}</userTask><sequenceFlow id="g" sourceRef="s2" targetRef="b"/>'
    assert not found(bpmn(chain('<userTask id="a"/>', f'<subProcess id="sub">{inside}</subProcess>')), "ways-back")
    late = f'<boundaryEvent id="t" attachedToRef="a">{TIMED}</boundaryEvent><userTask id="b">{way}</userTask>'
    assert not found(bpmn(chain('<userTask id="a"/>') + late + '<sequenceFlow id="h" sourceRef="t" targetRef="b"/>'), "ways-back")
    begun = f'<startEvent id="s3">{TIMED}</startEvent><userTask id="b">{way}</userTask>'
    beside = f'<subProcess id="ev" triggeredByEvent="true">{begun}</subProcess>'
    assert not found(bpmn(chain('<userTask id="a"/>') + beside), "ways-back")
    round_ = f'<userTask id="b">{way}</userTask>', '<exclusiveGateway id="x"/>', '<userTask id="a"/>'
    again = '<sequenceFlow id="again" sourceRef="a" targetRef="b"/>'
    assert not found(bpmn(chain(*round_) + again), "ways-back")


def test_a_task_that_is_called_like_a_way_back_is_warned_of():
    assert [problem.severity for problem in found(bpmn(chain('<userTask id="earlier"/>')), "ways-back")] == ["warning"]


def test_records_that_must_be_individual_are_texts_and_photographs_of_the_form():
    fields = [
        {"type": "textarea", "key": "note", "id": "a"},
        {"type": "filepicker", "key": "photos", "id": "b", "properties": {"photo": "true"}},
        {"type": "number", "key": "floors", "id": "c"},
    ]
    content = json.dumps({"type": "default", "id": "patrol", "components": fields}).encode()
    available = lint.Available(forms={"patrol": compile_form(content, "patrol.form")})

    def named(value: str, form: str = 'camunda:formRef="patrol"') -> list[Problem]:
        return found(user(form, properties(individual=value)), "individual", available)

    assert not named("note, photos")
    assert not named("note", 'camunda:formRef="missing"')  # said by the rule about forms
    assert [problem.severity for problem in [*named("floors"), *named("note, gone"), *named("note", "")]] == ["error"] * 3


def test_who_is_excluded_is_an_expression():
    assert not found(user("", properties(excludes="[case.starter]")), "expression")
    assert found(user("", properties(excludes="case.")), "expression")


def test_lint_of_a_hundred_nodes_takes_less_than_a_tenth_of_a_second():
    content = bpmn(chain(*(f'<userTask id="t{i}" camunda:assignee="${{who == {i}}}"/>' for i in range(100))))
    lint_file(content)
    began = time.process_time()
    lint_file(content)
    assert time.process_time() - began < 0.1
