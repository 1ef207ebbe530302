"""Events, and scopes within scopes."""

from tests.conformance.drive import bpmn
from tests.samples.drawing import BROKEN, HELP, JOB, MESSAGE, NAMES, SIGNAL, boundary, correlated, over, timer
from tests.samples.plays import Story, step

EVENTS = [
    Story(
        "boundary_events_of_a_task",
        bpmn(
            f"""<startEvent id="s"/><userTask id="a"/><userTask id="n"/><endEvent id="e"/>
            {boundary("late", "a", timer("P1D"))}{boundary("again", "a", timer("R3/PT1H", "timeCycle"), False)}
            {boundary("asked", "a", correlated("order") + MESSAGE, False)}{boundary("rain", "a", SIGNAL)}
            {boundary("helped", "a", HELP)}{boundary("thunder", "a", SIGNAL, False)}
            <userTask id="w1"/><userTask id="w2"/><userTask id="w3"/><userTask id="w4"/><userTask id="w5"/><userTask id="w6"/>
            s -> a -> n -> e
            late -> w1 -> e
            again -> w2 -> e
            asked -> w3 -> e
            rain -> w4 -> e
            helped -> w5 -> e
            thunder -> w6 -> e""",
            NAMES,
        ),
        [
            step("fire", "again"),
            step("deliver", "asked", why="?"),
            step("deliver", "thunder", loud=True),
            step("fire", "again", late=7200),
            step("complete", "w2"),
            step("deliver", "rain", wet=1),
            step("complete", "w2"),
            step("complete", "w3"),
            step("complete", "w6"),
            step("complete", "w4"),
        ],
        {"order": 7},
    ),
    Story(
        "timers_on_the_way",
        bpmn(
            f"""<startEvent id="s"/><intermediateCatchEvent id="t1">{timer("${wait}")}</intermediateCatchEvent>
            <intermediateCatchEvent id="t2">{timer("2026-03-09T09:00:00", "timeDate")}</intermediateCatchEvent>
            <userTask id="a"/>{boundary("t3", "a", timer("R/2026-04-01T09:00:00/P1D", "timeCycle"), False)}
            <userTask id="w"/><endEvent id="e"/>
            s -> t1 -> t2 -> a -> e
            t3 -> w"""
        ),
        [step("fire", "t1"), step("fire", "t2"), step("fire", "t3"), step("complete", "w"), step("complete", "a")],
        {"wait": "PT30M"},
    ),
    Story(
        "event_subprocesses",
        bpmn(
            f"""<startEvent id="i"/><userTask id="a"/><endEvent id="e"/>
            i -> a -> e
            <subProcess id="es" triggeredByEvent="true"><startEvent id="es1" isInterrupting="false">{HELP}</startEvent><userTask id="h"/>
              es1 -> h
            </subProcess>
            <subProcess id="et" triggeredByEvent="true">
              <startEvent id="et1" isInterrupting="false">{timer("PT1H")}</startEvent><userTask id="k"/>
              et1 -> k
            </subProcess>
            <subProcess id="eg" triggeredByEvent="true"><startEvent id="eg1">{SIGNAL}</startEvent><userTask id="q"/>
              eg1 -> q
            </subProcess>""",
            NAMES,
        ),
        [
            step("deliver", "es1", n=1),
            step("deliver", "es1", n=2),
            step("complete", "h"),
            step("fire", "et1"),
            step("deliver", "eg1"),
            step("complete", "q"),
        ],
        {"order": 7},
    ),
    Story(
        "errors_and_event_subprocesses_within",
        bpmn(
            f"""<startEvent id="s"/><subProcess id="p1"><startEvent id="i"/><userTask id="a"/>{JOB.format("j", "t", "")}
              i -> a -> j
              <subProcess id="er" triggeredByEvent="true"><startEvent id="er1">
                <errorEventDefinition errorRef="x" camunda:errorMessageVariable="text"/></startEvent><userTask id="h"/>
                <endEvent id="again">{BROKEN}</endEvent>
                er1 -> h -> again
              </subProcess>
            </subProcess>{boundary("b", "p1", BROKEN)}<userTask id="z"/><endEvent id="e"/>
            s -> p1 -> e
            b -> z -> e""",
            NAMES,
        ),
        [step("complete", "a"), step("fail", "j", code="broken", message="断了"), step("complete", "h"), step("complete", "z")],
    ),
    Story(
        "started_by_a_message",
        bpmn(
            f"""<startEvent id="s"/><startEvent id="m1">{HELP}</startEvent><userTask id="a"/><userTask id="b"/><endEvent id="e"/>
            s -> a -> e
            m1 -> b -> e""",
            NAMES,
        ),
        [step("complete", "b")],
        {"x": 1},
        start_event="m1",
    ),
]

NESTED = [
    Story(
        "subprocess_in_subprocess",
        bpmn(
            f"""<startEvent id="s"/><subProcess id="p1"><startEvent id="i1"/><parallelGateway id="f"/><userTask id="v"/>
              <subProcess id="p2"><startEvent id="i2"/><userTask id="u"/><userTask id="u2"/><endEvent id="e2"/>
              i2 -> u -> u2 -> e2
              </subProcess><endEvent id="stop"><terminateEventDefinition/></endEvent>
            i1 -> f -> p2 -> stop
            f -> v
            </subProcess><userTask id="z"/>{boundary("b", "p1", timer("PT1H"), False)}<userTask id="late"/>
            <subProcess id="p3"><userTask id="y"/></subProcess>
            s -> p1 -> z -> p3
            b -> late"""
        ),
        [
            step("complete", "u"),
            step("fire", "b"),
            step("complete", "u2"),
            step("complete", "z"),
            step("complete", "late"),
            step("complete", "y"),
        ],
    ),
    *(
        Story(
            f"items_{'in_a_row' if sequential else 'at_once'}",
            bpmn(
                f"""<startEvent id="s"/>
                <userTask id="a" camunda:assignee="${{person}}">{over("people", sequential, "nrOfCompletedInstances == 3")}</userTask>
                {boundary("b", "a", timer("PT1H"), False)}<userTask id="late"/><userTask id="z"/>
                s -> a -> z
                b -> late"""
            ),
            [
                step("complete", "a", by="anna", said="嗯"),
                step("fire", "b"),
                step("complete", "a"),
                step("complete", "a"),
                step("complete", "z"),
                step("complete", "late"),
            ],
            {"people": ["anna", "ben", "carl", "dora"]},
        )
        for sequential in (False, True)
    ),
    *(
        Story(
            f"subprocesses_{'in_a_row' if sequential else 'at_once'}",
            bpmn(
                f"""<startEvent id="s"/><subProcess id="p1">{over("people", sequential)}<startEvent id="i"/>
                <userTask id="u" camunda:assignee="${{person}}"/><userTask id="w">{over("[1, 2]")}</userTask>
                i -> u -> w
                </subProcess><endEvent id="e"/>
                s -> p1 -> e"""
            ),
            [step("complete", activity) for activity in ("u", "w", "w", "u", "w", "w")]
            if sequential
            else [step("complete", "u", number=1), step("complete", "w"), step("complete", "u"), *[step("complete", "w")] * 3],
            {"people": ["anna", "ben"]},
        )
        for sequential in (False, True)
    ),
    Story(
        "calls",
        bpmn(
            f"""<startEvent id="s"/><callActivity id="c" calledElement="callback"><extensionElements>
              <camunda:in businessKey="${{number}}"/><camunda:in source="house" target="where"/>
              <camunda:in sourceExpression="${{n + 1}}" target="n"/>
              <camunda:out source="satisfied" target="happy"/><camunda:out sourceExpression="score / parts" target="score"/>
            </extensionElements></callActivity><userTask id="z"/>{boundary("b", "c", BROKEN)}<userTask id="sorry"/>
            <callActivity id="all" calledElement="callback"><extensionElements><camunda:in variables="all"/><camunda:out variables="all"/>
            </extensionElements>{over("[1, 2]")}</callActivity>
            s -> c -> z -> all
            b -> sorry -> all""",
            NAMES,
        ),
        [
            step("complete", "c", satisfied=True, score=4, secret="x", parts=0),
            step("set", "", happy=False),
            step("retry", "c"),
            step("cancel"),
        ],
        {"house": "A-12", "n": 1, "number": "WX-1"},
    ),
    Story(
        "calls_that_return",
        bpmn(
            f"""<startEvent id="s"/><callActivity id="c" calledElement="callback"/>{boundary("b", "c", BROKEN)}<userTask id="sorry"/>
            <callActivity id="all" calledElement="callback"><extensionElements><camunda:in variables="all"/><camunda:out variables="all"/>
            </extensionElements>{over("[1, 2]")}</callActivity>
            s -> c -> all
            b -> sorry -> all""",
            NAMES,
        ),
        [
            step("fail", "c", code="broken"),
            step("complete", "sorry"),
            step("complete", "all", n=2, m=3),
            step("complete", "all", n=5),
        ],
        {"n": 1},
    ),
]
