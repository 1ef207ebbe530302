"""Tasks, gateways, and what went wrong at them."""

from tests.conformance.drive import bpmn
from tests.samples.drawing import BROKEN, HELP, JOB, MESSAGE, NAMES, RETRIES, SIGNAL, boundary, correlated, mapping, over, timer
from tests.samples.plays import Story, step

AWKWARD = {
    "中文名": "业主在家吗？🏠",
    "huge": 2**63 - 1,
    "minus": -(2**63),
    "nested": [[[]], {"空": {}}, [None, True, 0, 0.1, 1e300, ""]],
    "empty": {},
    "nul": "a\x00b",
    "long": "水" * 2000,
}

TASKS = [
    Story(
        "user_tasks_in_parallel",
        bpmn(
            """<laneSet id="l"><lane id="technician"><flowNodeRef>c</flowNodeRef></lane></laneSet>
            <startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/><endEvent id="e"/>
            <userTask id="a" name="到 ${house} 去" camunda:assignee="${first}" camunda:dueDate="${now() + duration('PT2H')}"
              camunda:followUpDate="2026-03-05T09:00:00" camunda:priority="70"/>
            <userTask id="b" camunda:candidateUsers="ben, ${second}" camunda:candidateGroups="${groups}"/><userTask id="c"/>
            <userTask id="z" camunda:candidateGroups="technician"/>
            s -> f -> a -> j -> z -> e
            f -> b -> j
            f -> c -> j"""
        ),
        [
            step("complete", "b", by="ben", note="好"),
            step("complete", "a", by="anna"),
            step("complete", "c"),
            step("complete", "z", by="anna"),
        ],
        {"house": "A-12", "first": "anna", "second": "carl", "groups": ["technician", "clerk"]},
    ),
    Story(
        "awkward_variables",
        bpmn('<startEvent id="s"/><userTask id="a"/><userTask id="b"/><endEvent id="e"/>\ns -> a -> b -> e'),
        [step("complete", "a", 再来="\uffff", more=[{"": 1e-300}]), step("set", "", huge=-1.5e300, empty=[]), step("complete", "b")],
        AWKWARD,
    ),
    Story("no_variables", bpmn('<startEvent id="s"/><userTask id="a"/>\ns -> a'), [step("complete", "a")]),
    Story("cancelled", bpmn('<startEvent id="s"/><userTask id="a"/>\ns -> a'), [step("cancel")], {"x": 1}),
    Story(
        "scopes_of_mappings",
        bpmn(
            f"""<startEvent id="s"/><userTask id="a">{mapping("n=${n + 1};copy=${n}!;plain=text", "result=${answer * n}")}</userTask>
            <subProcess id="p1">{mapping("n=${n + 10}", "inner=${n}")}<startEvent id="i"/><userTask id="u"/>
              <scriptTask id="c"><script>n = n + 1
free = n</script></scriptTask>
              i -> u -> c
            </subProcess><endEvent id="e"/>
            s -> a -> p1 -> e"""
        ),
        [step("complete", "a", answer=21), step("complete", "u", n=5)],
        {"n": 1},
    ),
    Story(
        "every_other_task",
        bpmn(
            f"""<startEvent id="s"/><task id="t"/><manualTask id="m1"/>
            <receiveTask id="r" messageRef="m">{correlated("order")}</receiveTask>
            <sendTask id="send" messageRef="m2"/><intermediateThrowEvent id="th">{SIGNAL}</intermediateThrowEvent>
            <businessRuleTask id="d" camunda:decisionRef="size" camunda:resultVariable="size"/><userTask id="u"/>
            <endEvent id="e">{HELP}</endEvent>
            s -> t -> m1 -> r -> send -> th -> d -> u -> e""",
            NAMES,
        ),
        [step("complete", "m1", by="anna"), step("deliver", "r", level=3), step("complete", "u")],
        {"order": 7, "level": 0},
        {
            "size.dmn": b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">'
            b'<decision id="size" name="size"><decisionTable id="size_table" hitPolicy="UNIQUE">'
            b'<input id="i1"><inputExpression id="ie1" typeRef="number"><text>level</text></inputExpression></input>'
            b'<output id="o1" name="size" typeRef="string"/>'
            b'<rule id="r1"><inputEntry id="e1"><text>&lt; 2</text></inputEntry>'
            b'<outputEntry id="x1"><text>"small"</text></outputEntry></rule>'
            b'<rule id="r2"><inputEntry id="e2"><text>&gt;= 2</text></inputEntry>'
            b'<outputEntry id="x2"><text>"large"</text></outputEntry></rule>'
            b"</decisionTable></decision></definitions>"
        },
    ),
    Story(
        "external_jobs",
        bpmn(
            "<startEvent id='s'/>"
            + JOB.format("a", "${topic}", mapping("amount=${price * 2}"))
            + JOB.format("b", "print", RETRIES)
            + JOB.format("c", "print", "")
            + f"<userTask id='sorry'/>{boundary('caught', 'b', BROKEN)}<endEvent id='e'/>\ns -> a -> b -> e\ncaught -> sorry -> c -> e",
            NAMES,
        ),
        [
            step("complete", "a", paid=True),
            step("fail", "b", code="broken", message="no paper"),
            step("complete", "sorry"),
            step("fail", "c", code="unknown"),
            step("retry", "c"),
            step("complete", "c"),
        ],
        {"topic": "pay", "price": 21},
    ),
]

GATEWAYS = [
    Story(
        "inclusive_join_half_arrived",
        bpmn(
            """<startEvent id="s"/><inclusiveGateway id="f" default="fd"/><inclusiveGateway id="j"/><userTask id="z"/><endEvent id="e"/>
            <userTask id="a"/><userTask id="b"/><userTask id="b2"/><userTask id="c"/><userTask id="d"/>
            s -> f
            f -> a if n > 1
            f -> b if n > 2
            f -> c if n > 3
            <sequenceFlow id="fd" sourceRef="f" targetRef="d"/>
            a -> j
            b -> b2 -> j
            c -> j
            d -> j
            j -> z -> e"""
        ),
        [step("complete", "a"), step("complete", "b"), step("complete", "b2"), step("complete", "z")],
        {"n": 3},
    ),
    Story(
        "forks_that_are_not_drawn",
        bpmn(
            """<startEvent id="s"/><userTask id="a" default="ad"/><userTask id="x"/><userTask id="y"/><userTask id="w"/><endEvent id="e"/>
            s -> a
            a -> x if n > 1
            a -> y if n > 2
            <sequenceFlow id="ad" sourceRef="a" targetRef="w"/>
            x -> e
            y -> e
            w -> x
            w -> y"""
        ),
        [step("complete", "a", n=3), step("complete", "x"), step("complete", "y")],
    ),
    Story(
        "a_loop_and_a_fork_that_failed",
        bpmn(
            """<startEvent id="s"/><exclusiveGateway id="in"/><userTask id="a"/><exclusiveGateway id="f" default="fb"/><endEvent id="e"/>
            <userTask id="b"/>
            s -> in -> a -> f
            f -> in if rounds > count
            <sequenceFlow id="fb" sourceRef="f" targetRef="b"/>
            b -> e"""
        ),
        [
            step("complete", "a", count=1),
            step("complete", "a", count=2),
            step("complete", "a", rounds=None),
            step("set", "", rounds=2),
            step("retry", "f"),
            step("complete", "b"),
        ],
        {"rounds": 3},
    ),
    Story(
        "a_join_in_a_loop",
        bpmn(
            """<startEvent id="s"/><exclusiveGateway id="in"/><parallelGateway id="f"/><parallelGateway id="j"/>
            <exclusiveGateway id="x" default="xe"/><userTask id="a"/><userTask id="b"/><endEvent id="e"/>
            s -> in -> f -> a -> j -> x
            f -> b -> j
            x -> in if again
            <sequenceFlow id="xe" sourceRef="x" targetRef="e"/>"""
        ),
        [step("complete", "b", again=True), step("complete", "a"), step("complete", "a", again=False), step("complete", "b")],
    ),
    Story(
        "event_gateway",
        bpmn(
            f"""<startEvent id="s"/><eventBasedGateway id="g1"/><endEvent id="e"/><userTask id="z"/>
            <intermediateCatchEvent id="m1">{correlated("order")}{MESSAGE}</intermediateCatchEvent>
            <intermediateCatchEvent id="g2">{SIGNAL}</intermediateCatchEvent>
            <intermediateCatchEvent id="t">{timer("PT1H")}</intermediateCatchEvent>
            s -> g1 -> m1 -> z -> e
            g1 -> g2 -> e
            g1 -> t -> e""",
            NAMES,
        ),
        [step("deliver", "m1", amount=5), step("complete", "z")],
        {"order": "42"},
    ),
    Story(
        "deadlock",
        bpmn(
            """<startEvent id="s"/><userTask id="a"/><exclusiveGateway id="x" default="xb"/><parallelGateway id="j"/><endEvent id="e"/>
            s -> a -> x
            x -> j if n > 1
            <sequenceFlow id="xb" sourceRef="x" targetRef="j"/>
            j -> e"""
        ),
        [step("complete", "a", n=2), step("cancel")],
    ),
    Story(
        "links",
        bpmn(
            """<startEvent id="s"/><userTask id="a"/>
            <intermediateThrowEvent id="th"><linkEventDefinition name="over"/></intermediateThrowEvent>
            <intermediateCatchEvent id="ca"><linkEventDefinition name="over"/></intermediateCatchEvent><userTask id="b"/><endEvent id="e"/>
            s -> a -> th
            ca -> b -> e"""
        ),
        [step("complete", "a"), step("complete", "b")],
    ),
]

FAILED = [
    Story(
        "failed_steps_beside_work",
        bpmn(
            f"""<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/><endEvent id="e"/><userTask id="u"/>
            <scriptTask id="a"><script>x = 1 / n</script></scriptTask>
            <userTask id="b" camunda:assignee="${{boss}}"/>
            <userTask id="c">{mapping("", "half=${amount / parts}")}</userTask>
            <userTask id="d">{over("[1, 2]", False, "${enough}")}</userTask>
            s -> f -> a -> j -> e
            f -> b -> j
            f -> c -> j
            f -> d -> j
            f -> u -> j"""
        ),
        [
            step("complete", "c", amount=4, parts=0),
            step("complete", "d"),
            step("set", "", n=2, boss="emma", parts=2, enough=True),
            step("retry", "a"),
            step("retry", "b"),
            step("retry", "c"),
            step("complete", "u"),
            step("retry", "d"),
            step("complete", "b", by="emma"),
        ],
        {"n": 0, "boss": 1},
    ),
    Story(
        "stopped_at_the_limit_of_steps",
        bpmn(
            """<startEvent id="s"/><exclusiveGateway id="in"/><scriptTask id="c"><script>n = n + 1</script></scriptTask>
            <exclusiveGateway id="x" default="xe"/><userTask id="u"/>
            s -> in -> c -> x
            x -> in if n < 30
            <sequenceFlow id="xe" sourceRef="x" targetRef="u"/>"""
        ),
        [step("retry", "c"), step("complete", "u")],
        {"n": 0},
        max_steps=50,
    ),
    Story(
        "an_error_that_nobody_caught",
        bpmn(
            f"""<startEvent id="s"/><userTask id="u"/><endEvent id="bad">{BROKEN}</endEvent>
            s -> u -> bad""",
            NAMES,
        ),
        [step("complete", "u"), step("retry", "bad"), step("cancel")],
    ),
]
