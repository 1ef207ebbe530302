"""Rules about the shape of a diagram: its nodes, flows, gateways and events."""

import pytest

from tests.unit.bpmn.diagrams import HEAD, bpmn, chain, found, lint_file

USER = '<userTask id="a" camunda:candidateGroups="technician"/>'
MESSAGE = '<message id="m" name="paid"/>'


def test_a_plain_process_has_nothing_but_the_missing_form():
    assert [problem.rule for problem in lint_file(bpmn(chain(USER)))] == ["no-form"]


def test_problems_name_file_line_element_rule_and_a_sentence():
    [problem] = found(bpmn(chain('<task id="a"/>', '<complexGateway id="c"/>')), "unsupported")
    assert (problem.file, problem.line, problem.element, problem.severity) == ("test.bpmn", 7, "c", "error")
    assert problem.message.startswith("Expected only what Steward runs, but found a complex gateway")


@pytest.mark.parametrize(
    "node",
    [
        '<complexGateway id="x"/>',
        '<adHocSubProcess id="x" ordering="Random"><task id="y"/></adHocSubProcess>',
        '<adHocSubProcess id="x" triggeredByEvent="true"><task id="y"/></adHocSubProcess>',
        '<userTask id="x"><standardLoopCharacteristics loopMaximum="1"/><multiInstanceLoopCharacteristics/></userTask>',
        '<exclusiveGateway id="x"><standardLoopCharacteristics loopMaximum="1"/></exclusiveGateway>',
        '<userTask id="x"><multiInstanceLoopCharacteristics behavior="One"/></userTask>',
        '<userTask id="x" instantiate="true"/>',
        '<subProcess id="p"><receiveTask id="x" instantiate="true" messageRef="m"/></subProcess>',
        '<eventBasedGateway id="x" eventGatewayType="Parallel"/>',
        '<exclusiveGateway id="x"><ioSpecification/></exclusiveGateway>',
        '<scriptTask id="x"><potentialOwner/><script>a = 1</script></scriptTask>',
        '<task id="x" startQuantity="0"/>',
        '<task id="x" completionQuantity="many"/>',
        '<exclusiveGateway id="x" startQuantity="2"/>',
        '<userTask id="x"><messageEventDefinition messageRef="m"/></userTask>',
        '<intermediateThrowEvent id="x"><timerEventDefinition/></intermediateThrowEvent>',
        '<intermediateCatchEvent id="x"><conditionalEventDefinition/></intermediateCatchEvent>',
        '<intermediateCatchEvent id="x"/>',
        '<subProcess id="x" triggeredByEvent="yes"><task id="y"/></subProcess>',
        '<intermediateCatchEvent id="x"><linkEventDefinition name="l"/><messageEventDefinition messageRef="m"/></intermediateCatchEvent>',
        '<endEvent id="x"><terminateEventDefinition/><messageEventDefinition messageRef="m"/></endEvent>',
        '<subProcess id="x"><startEvent id="y"><messageEventDefinition messageRef="m"/></startEvent></subProcess>',
    ],
)
def test_a_construct_that_was_not_shown_to_be_right_is_refused_by_name(node):
    problems = found(bpmn(chain(node), around=MESSAGE), "unsupported")
    assert problems
    assert all(problem.element in ("x", "y") and problem.severity == "error" for problem in problems)


def test_what_may_stand_once_is_refused_the_second_time():
    assert found(bpmn(chain('<scriptTask id="a"><script>a = 1</script><script>a = 2</script></scriptTask>')), "unsupported")
    assert not found(bpmn(chain('<scriptTask id="a"><script>a = 1</script></scriptTask>')), "unsupported")


def test_a_process_starts_by_no_condition_escalation_or_error():
    for event in ("conditional", "escalation", "error", "compensate", "cancel"):
        start = f'<startEvent id="s"><{event}EventDefinition/></startEvent>'
        assert found(bpmn(start), "unsupported"), event


@pytest.mark.parametrize("kind", ["dataInputAssociation", "correlationSubscription"])
def test_data_elements_beside_the_flow_are_refused(kind):
    assert found(bpmn(chain(USER) + f'<{kind} id="d"/>'), "unsupported")


def test_annotations_groups_lanes_and_collaborations_are_only_drawn():
    around = '<collaboration id="c"><participant id="pool" name="报修" processRef="p"/></collaboration><category id="k"/>'
    body = chain(USER) + '<textAnnotation id="n"><text>note</text></textAnnotation><association id="as" sourceRef="a" targetRef="n"/>'
    assert not found(bpmn(body, around), "unsupported")


def event_subprocess(event: str, attributes: str = "") -> bytes:
    inside = (
        f'<startEvent id="es" {attributes}>{event}</startEvent><endEvent id="ee"/><sequenceFlow id="ef" sourceRef="es" targetRef="ee"/>'
    )
    return bpmn(chain(USER) + f'<subProcess id="ev" triggeredByEvent="true">{inside}</subProcess>', MESSAGE)


CONDITION = "<conditionalEventDefinition><condition>x &gt; 1</condition></conditionalEventDefinition>"
PAID = '<messageEventDefinition messageRef="m"/>'


@pytest.mark.parametrize("event", [PAID, CONDITION, "<errorEventDefinition/>", "<escalationEventDefinition/>", PAID + CONDITION])
def test_an_event_subprocess_starts_by_what_may_happen_meanwhile(event):
    assert not found(event_subprocess(event), "unsupported")


@pytest.mark.parametrize("event", ["", "<linkEventDefinition/>", "<conditionalEventDefinition/>", "<terminateEventDefinition/>"])
def test_an_event_subprocess_starts_by_nothing_else(event):
    assert found(event_subprocess(event), "unsupported")


def test_all_of_several_definitions_are_only_waited_for_by_what_interrupts():
    all_of = 'parallelMultiple="true"'
    assert not found(event_subprocess(PAID + CONDITION, all_of), "unsupported")
    assert found(event_subprocess(PAID + CONDITION, f'{all_of} isInterrupting="false"'), "unsupported")
    assert found(event_subprocess(PAID + "<errorEventDefinition/>", all_of), "unsupported")


def test_an_escalation_boundary_sits_where_escalations_come_from():
    def boundary(host: str) -> bytes:
        event = '<boundaryEvent id="b" attachedToRef="h" cancelActivity="false"><escalationEventDefinition/></boundaryEvent>'
        return bpmn(chain(host) + event + '<endEvent id="e2"/><sequenceFlow id="bf" sourceRef="b" targetRef="e2"/>')

    assert not found(boundary('<callActivity id="h" calledElement="p"/>'), "unsupported")
    assert not found(boundary('<subProcess id="h"><task id="t"/></subProcess>'), "unsupported")
    assert found(boundary('<userTask id="h"/>'), "unsupported")


def test_who_throws_an_escalation_says_which():
    def thrown(definition: str, around: str) -> bytes:
        return bpmn(chain(f'<intermediateThrowEvent id="t">{definition}</intermediateThrowEvent>'), around)

    late = '<escalation id="x" escalationCode="late"/>'
    assert not found(thrown('<escalationEventDefinition escalationRef="x"/>', late), "message")
    assert found(thrown("<escalationEventDefinition/>", late), "message")
    assert found(thrown('<escalationEventDefinition escalationRef="y"/>', late), "message")
    assert found(thrown('<escalationEventDefinition escalationRef="x"/>', '<escalation id="x"/>'), "message")


def test_an_error_boundary_interrupts_and_sits_where_errors_come_from():
    def boundary(host: str, attributes: str = "") -> bytes:
        event = f'<boundaryEvent id="b" attachedToRef="h" {attributes}><errorEventDefinition/></boundaryEvent>'
        return bpmn(chain(host) + event + '<endEvent id="e2"/><sequenceFlow id="bf" sourceRef="b" targetRef="e2"/>')

    script = '<scriptTask id="h"><script>a = 1</script></scriptTask>'
    assert not found(boundary(script), "unsupported")
    assert found(boundary(script, 'cancelActivity="false"'), "unsupported")
    assert found(boundary('<userTask id="h"/>'), "unsupported")


@pytest.mark.parametrize("event", ["startEvent", "endEvent"])
def test_an_ad_hoc_subprocess_has_no_start_and_no_end(event):
    assert found(bpmn(chain(f'<adHocSubProcess id="x"><task id="y"/><{event} id="w"/></adHocSubProcess>')), "start")
    assert not found(bpmn(chain('<adHocSubProcess id="x"><task id="y"/></adHocSubProcess>')), "start")


def test_a_loop_says_what_ends_it():
    def loop(attributes: str, inside: str = "") -> bytes:
        return bpmn(chain(f'<userTask id="a"><standardLoopCharacteristics {attributes}>{inside}</standardLoopCharacteristics></userTask>'))

    assert found(loop(""), "loop")
    assert found(loop('loopMaximum="0"'), "loop")
    assert found(loop('loopMaximum="many"'), "loop")
    assert not found(loop('loopMaximum="3"'), "loop")
    assert not found(loop("", "<loopCondition>again</loopCondition>"), "loop")
    assert found(loop("", "<loopCondition>again and</loopCondition>"), "expression")


def test_a_flow_to_nowhere_is_refused():
    body = chain(USER) + '<sequenceFlow id="x" sourceRef="a" targetRef="gone"/><sequenceFlow id="y" sourceRef="lost" targetRef="a"/>'
    assert [problem.element for problem in found(bpmn(body), "flow")] == ["x", "y"]


def test_a_flow_across_the_border_of_a_subprocess_is_refused():
    body = chain(USER, '<subProcess id="sub"><task id="inner"/></subProcess>')
    assert found(bpmn(body + '<sequenceFlow id="x" sourceRef="a" targetRef="inner"/>'), "flow")
    assert not found(bpmn(body), "flow")


def test_a_node_that_names_a_missing_flow_is_refused():
    assert found(bpmn(chain('<task id="a"><incoming>gone</incoming></task>')), "flow")
    assert not found(bpmn(chain('<task id="a"><incoming>to_a</incoming></task>')), "flow")


@pytest.mark.parametrize("flow", ['sourceRef="end" targetRef="a"', 'sourceRef="a" targetRef="start"'])
def test_nothing_follows_an_end_or_precedes_a_start(flow):
    assert found(bpmn(chain(USER) + f'<sequenceFlow id="x" {flow}/>'), "flow")


def test_flows_need_no_ids():
    assert not found(bpmn('<startEvent id="s"/><endEvent id="e"/><sequenceFlow sourceRef="s" targetRef="e"/>'), "flow")


def test_two_plain_starts_are_refused_and_a_message_start_beside_one_is_fine():
    assert found(bpmn(chain(USER) + '<startEvent id="s2"/>'), "start")
    second = '<startEvent id="s2"><messageEventDefinition messageRef="m"/></startEvent><sequenceFlow id="x" sourceRef="s2" targetRef="a"/>'
    assert not found(bpmn(chain(USER) + second, MESSAGE), "start")


def test_a_message_starts_a_process_at_one_place():
    def start(name: str, message: str) -> str:
        return f'<startEvent id="{name}"><messageEventDefinition messageRef="{message}"/></startEvent>'

    two = MESSAGE + '<message id="n" name="other"/>'
    assert not found(bpmn(start("s1", "m") + start("s2", "n"), two), "message")
    assert [problem.element for problem in found(bpmn(start("s1", "m") + start("s2", "m"), two), "message")] == ["s2"]


def test_a_reference_to_an_event_definition_that_is_not_there_is_refused():
    def referring(name: str) -> bytes:
        event = f'<intermediateCatchEvent id="c"><eventDefinitionRef>{name}</eventDefinitionRef></intermediateCatchEvent>'
        return bpmn(chain(event), MESSAGE + '<messageEventDefinition id="d" messageRef="m"/>')

    assert not [each for each in lint_file(referring("d")) if each.severity == "error"]
    assert found(referring("gone"), "unsupported")


def test_a_process_that_throws_the_signal_that_starts_it_is_a_warning():
    def process(thrown: str) -> bytes:
        start = '<startEvent id="s1"><signalEventDefinition signalRef="g"/></startEvent>'
        end = f'<endEvent id="e1"><signalEventDefinition signalRef="{thrown}"/></endEvent>'
        end += '<sequenceFlow id="x" sourceRef="s1" targetRef="e1"/>'
        return bpmn(start + end, '<signal id="g" name="storm"/><signal id="h" name="over"/>')

    assert not found(process("h"), "message")
    assert [(each.element, each.severity) for each in found(process("g"), "message")] == [("e1", "warning")]


def test_a_circle_without_a_way_in_is_refused():
    circle = '<sequenceFlow id="x" sourceRef="a" targetRef="b"/><sequenceFlow id="y" sourceRef="b" targetRef="a"/>'
    assert found(bpmn(f'<task id="a"/><task id="b"/>{circle}'), "start")
    assert not found(bpmn('<task id="a"/><task id="b"/><sequenceFlow id="x" sourceRef="a" targetRef="b"/>'), "start")


def test_an_empty_subprocess_and_an_event_subprocess_without_a_start_are_refused():
    assert found(bpmn(chain('<subProcess id="s"></subProcess>')), "start")
    assert found(bpmn(chain(USER) + '<subProcess id="s" triggeredByEvent="true"><task id="t"/></subProcess>'), "start")


def test_a_node_that_no_way_leads_to_is_a_warning():
    [problem] = found(bpmn(chain(USER) + '<task id="island"/>'), "unreachable")
    assert (problem.element, problem.severity) == ("island", "warning")
    boundary = '<boundaryEvent id="b" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
    way = '</boundaryEvent><task id="late"/><sequenceFlow id="x" sourceRef="b" targetRef="late"/>'
    assert not found(bpmn(chain(USER) + boundary + way), "unreachable")


def fork(kind: str, first: str, second: str, default: str = "") -> bytes:
    def flow(name: str, condition: str) -> str:
        inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        return f'<endEvent id="{name}"/><sequenceFlow id="to_{name}" sourceRef="g" targetRef="{name}">{inside}</sequenceFlow>'

    start = f'<startEvent id="s"/><{kind} id="g" {default}/><sequenceFlow id="f" sourceRef="s" targetRef="g"/>'
    return bpmn(start + flow("e1", first) + flow("e2", second))


def test_a_way_out_of_an_exclusive_gateway_without_condition_is_refused():
    assert not found(fork("exclusiveGateway", "x &gt; 1", "", 'default="to_e2"'), "gateway")
    assert [problem.element for problem in found(fork("exclusiveGateway", "x", ""), "gateway")] == ["to_e2"]


def test_an_inclusive_gateway_may_have_an_unconditional_way():
    assert not found(fork("inclusiveGateway", "x", ""), "gateway")


@pytest.mark.parametrize("kind", ["exclusiveGateway", "inclusiveGateway"])
def test_a_missing_default_is_a_warning(kind):
    [problem] = found(fork(kind, "x", "not x"), "missing-default")
    assert (problem.element, problem.severity) == ("g", "warning")
    assert not found(fork(kind, "x", "", 'default="to_e2"'), "missing-default")


def test_a_default_that_is_elsewhere_or_has_a_condition_is_refused():
    assert found(fork("exclusiveGateway", "x", "y", 'default="f"'), "gateway")
    assert found(fork("exclusiveGateway", "x", "y", 'default="to_e2"'), "gateway")


def test_conditions_behind_a_parallel_gateway_are_refused():
    assert found(fork("parallelGateway", "x", ""), "gateway")
    assert not found(fork("parallelGateway", "", ""), "gateway")


def event_gateway(*targets: str) -> bytes:
    flows = "".join(
        f'{target}<sequenceFlow id="f{number}" sourceRef="g" targetRef="t{number}"/>' for number, target in enumerate(targets, start=1)
    )
    return bpmn(f'<startEvent id="s"/><eventBasedGateway id="g"/><sequenceFlow id="f" sourceRef="s" targetRef="g"/>{flows}', MESSAGE)


def test_behind_an_event_gateway_stand_only_events():
    timer = '<intermediateCatchEvent id="t1"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>'
    timer += "</intermediateCatchEvent>"
    message = '<receiveTask id="t2" messageRef="m"/>'
    assert not found(event_gateway(timer, message), "event-gateway")
    assert found(event_gateway(timer, '<userTask id="t2"/>'), "event-gateway")
    assert found(event_gateway(timer), "event-gateway")


def test_a_boundary_event_sits_on_an_activity_beside_it():
    def boundary(host: str) -> bytes:
        timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
        event = f'<boundaryEvent id="b" attachedToRef="{host}">{timer}</boundaryEvent><endEvent id="e2"/>'
        return bpmn(chain(USER, '<exclusiveGateway id="g"/>') + event + '<sequenceFlow id="x" sourceRef="b" targetRef="e2"/>')

    assert not found(boundary("a"), "boundary")
    assert found(boundary("g"), "boundary")
    assert found(boundary("gone"), "boundary")


def test_a_link_is_caught_once_and_by_name():
    def links(throw: str, *catches: str) -> bytes:
        thrown = f'<intermediateThrowEvent id="t"><linkEventDefinition name="{throw}"/></intermediateThrowEvent>'
        caught = "".join(
            f'<intermediateCatchEvent id="c{i}"><linkEventDefinition name="{name}"/></intermediateCatchEvent>'
            for i, name in enumerate(catches)
        )
        return bpmn(f'<startEvent id="s"/>{thrown}{caught}<sequenceFlow id="f" sourceRef="s" targetRef="t"/>')

    assert not found(links("A", "A"), "link")
    assert found(links("A", "B"), "link")
    assert found(links("A", "A", "A"), "link")
    assert found(links("", ""), "link")


def test_ids_are_there_once():
    assert not found(bpmn(chain(USER)), "id")
    assert found(bpmn(chain(USER) + '<task id="a"/>'), "id")
    assert found(bpmn("<startEvent/>"), "id")
    assert found(bpmn('<startEvent id="two words"/>'), "id")


def test_a_process_that_is_only_drawn_is_a_question_and_the_answer_is_named():
    [problem] = found(bpmn(chain(USER)).replace(b'isExecutable="true"', b'isExecutable="false"'), "process")
    assert "shall it run? Then deploy it with --executable" in problem.message
    assert not found(bpmn(chain(USER)).replace(b'isExecutable="true"', b""), "process")


def test_of_a_process_that_is_only_drawn_it_is_not_said_that_nothing_leads_to_it():
    assert not found(bpmn(chain(USER)).replace(b'isExecutable="true"', b'isExecutable="false"'), "unreachable")


def test_a_file_without_a_process_is_refused():
    assert found(f'{HEAD}<collaboration id="c"/></definitions>'.encode(), "process")


@pytest.mark.parametrize(("key", "right"), [("repair", True), ("_a-1", True), ("1a", False), ("a.b", False), ("报修", False), ("", False)])
def test_a_process_key_can_stand_in_an_address(key, right):
    assert bool(found(bpmn(chain(USER), key=key), "process")) is not right


def test_names_and_nesting_have_limits():
    assert found(bpmn(chain(f'<task id="a" name="{"长" * 1001}"/>')), "size")
    assert found(bpmn('<startEvent id="s"/>' + "".join(f'<subProcess id="n{i}">' for i in range(21)) + "</subProcess>" * 21), "size")
    assert not found(bpmn('<startEvent id="s"/>' + "".join(f'<subProcess id="n{i}">' for i in range(20)) + "</subProcess>" * 20), "size")


WAITS = '<receiveTask id="r" messageRef="m" instantiate="true"/>'


def test_a_receive_task_that_starts_a_process_is_led_to_by_nothing():
    assert not [each for each in lint_file(bpmn(WAITS, MESSAGE)) if each.severity == "error"]
    assert not found(bpmn(chain(USER) + WAITS, MESSAGE), "unreachable")
    assert [each.element for each in found(bpmn(chain(WAITS), MESSAGE), "instantiating")] == ["r"]


def test_a_gateway_that_starts_a_process_waits_for_messages_and_signals():
    def gateway(event: str, kind: str = "Exclusive") -> bytes:
        first = f'<intermediateCatchEvent id="c">{event}</intermediateCatchEvent><receiveTask id="r" messageRef="m"/>'
        flows = '<sequenceFlow id="f1" sourceRef="g" targetRef="c"/><sequenceFlow id="f2" sourceRef="g" targetRef="r"/>'
        around = MESSAGE + '<signal id="s" name="storm"/>'
        return bpmn(f'<eventBasedGateway id="g" instantiate="true" eventGatewayType="{kind}"/>{first}{flows}', around)

    signal = '<signalEventDefinition signalRef="s"/>'
    assert not [each for each in lint_file(gateway(signal)) if each.severity == "error"]
    assert found(gateway(signal, "Parallel"), "unsupported")
    assert found(gateway("<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"), "unsupported")
    assert [each.element for each in found(gateway('<messageEventDefinition messageRef="m"/>'), "message")] == ["r"]
