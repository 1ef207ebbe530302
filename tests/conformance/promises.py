"""What Steward promises of each construct: one row for process owners, with the smallest model that shows it and how it is played.

`docs/promises.py` makes the table and the examples of the manual from these rows; `test_promises.py` plays each of them, so the manual
cannot say what is not so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Step = tuple[str, str, dict[str, Any]]


def complete(activity: str, **variables: Any) -> Step:
    return ("complete", activity, variables)


def fire(activity: str) -> Step:
    return ("fire", activity, {})


def deliver(activity: str, **payload: Any) -> Step:
    return ("deliver", activity, payload)


@dataclass(frozen=True)
class Promise:
    """One row. `body` is the inside of the process, in the shorthand of drive.py; `refused` is a part of the refusal's sentence."""

    construct: str
    promise: str
    body: str
    around: str = ""
    start: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    visits: str = ""  # activities in the order in which they are entered
    waiting: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)  # variables at the end, those that the row is about
    failure: str = ""  # element and kind of the incident
    thrown: str = ""  # names of the messages and signals that are sent
    refused: str = ""
    decisions: str = ""  # a DMN file


MESSAGE, SIGNAL = '<message id="m" name="paid"/>', '<signal id="g" name="rain"/>'
ERROR, ESCALATION = '<error id="x" errorCode="no_part"/>', '<escalation id="e" escalationCode="late"/>'
DMN = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://example.org">\n{}\n</definitions>'
)
TABLE = """<decision id="fee" name="fee"><decisionTable hitPolicy="{}">
<input id="i"><inputExpression><text>x</text></inputExpression></input><output id="o" name="fee"/>
<rule id="r1"><inputEntry id="c1"><text>[6..9]</text></inputEntry><outputEntry id="o1"><text>10</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c2"><text>7,8</text></inputEntry><outputEntry id="o2"><text>20</text></outputEntry></rule>
<rule id="r3"><inputEntry id="c3"><text>not(&gt; 5)</text></inputEntry><outputEntry id="o3"><text>30</text></outputEntry></rule>
</decisionTable></decision>"""
ASK_FEE = """<startEvent id="s"/><businessRuleTask id="a" camunda:decisionRef="fee" camunda:resultVariable="found"/><endEvent id="e"/>
s -> a -> e"""

TASKS = [
    Promise(
        "abstract `task`", "There is nothing to do, so it is passed through.",
        '<startEvent id="s"/><task id="a"/><endEvent id="e"/>\ns -> a -> e', visits="s a e",
    ),
    Promise(
        "service task with a topic", "A job by `camunda:topic`: whoever does that topic completes it.",
        '<startEvent id="s"/><serviceTask id="a" camunda:type="external" camunda:topic="weigh"/><endEvent id="e"/>\ns -> a -> e',
        steps=(complete("a", weight=5),), visits="s a e", values={"weight": 5},
    ),
    Promise(
        "service task without a topic", "Refused: nobody would do it.",
        '<startEvent id="s"/><serviceTask id="a"/><endEvent id="e"/>\ns -> a -> e', refused="nothing says who carries it out",
    ),
    Promise(
        "several flows out of a task, several into one", "All ways are taken, those with a condition if it holds; what several lead to is done once for each.",
        '<startEvent id="s"/><task id="a"/><userTask id="b"/><userTask id="c"/>\ns -> a -> b\na -> c if n > 5\na -> b', start={"n": 3},
        visits="s a b b", waiting="b b",
    ),
    Promise(
        "no start event", "The process begins with everything that no flow leads to.",
        '<userTask id="a"/><userTask id="b"/>\na -> b', visits="a", waiting="a",
    ),
    Promise(
        "script that fails", "The token rests before the task, and an incident names the element and the line.",
        '<startEvent id="s"/><scriptTask id="a"><script>n = 1\nm = n + missing</script></scriptTask><endEvent id="e"/>\ns -> a -> e',
        visits="s", failure="a script",
    ),
    Promise(
        "odd names in what people fill in", "`typename`, `__builtins__` and names of functions are stored and come back as they are.",
        '<startEvent id="s"/><userTask id="a"/><userTask id="b"/>\ns -> a -> b',
        steps=(complete("a", typename="x", __builtins__=1, len=2),), visits="s a b", waiting="b",
        values={"typename": "x", "__builtins__": 1, "len": 2},
    ),
]  # fmt: skip

EVENTS = [
    Promise(
        "timers as editors write them", "`PT1H`, `P3D`, dates with or without a zone (then the site's); read when they are deployed.",
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
        '</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e', steps=(fire("t"),), visits="s t e",
    ),
    Promise(
        "negative durations", "Refused when they are deployed.",
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>-PT1H</timeDuration></timerEventDefinition>'
        '</intermediateCatchEvent><endEvent id="e"/>\ns -> t -> e', refused="cannot be",
    ),
    Promise(
        "cycles by cron", "`0 9 * * MON` and Quartz's seven fields, where a timer fires again and again.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle>0 9 * * MON</timeCycle></timerEventDefinition></boundaryEvent><userTask id="b"/>\ns -> a\nt -> b',
        steps=(fire("t"), fire("t")), visits="s a t b t b", waiting="a t b b",
    ),
    Promise(
        "boundary event that does not interrupt", "Happens every time, beside its activity.",
        '<startEvent id="s"/><userTask id="a"/><boundaryEvent id="m1" attachedToRef="a" cancelActivity="false"><messageEventDefinition '
        'messageRef="m"/></boundaryEvent><userTask id="b"/>\ns -> a\nm1 -> b', MESSAGE,
        steps=(deliver("m1"), deliver("m1")), visits="s a m1 b m1 b", waiting="a m1 b b",
    ),
    Promise(
        "signal end event", "Sends the signal to all who wait for it at the site.",
        '<startEvent id="s"/><endEvent id="e"><signalEventDefinition signalRef="g"/></endEvent>\ns -> e', SIGNAL, visits="s e", thrown="rain",
    ),
    Promise(
        "error that nobody catches", "Stays an incident; what follows the normal way is not done.",
        '<startEvent id="s"/><subProcess id="sub"><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent></subProcess>'
        '<userTask id="a"/>\ns -> sub -> a', ERROR, visits="s sub", failure="bad error",
    ),
    Promise(
        "failed script under an error event", "Caught where the code of the event names the kind of failure: `script`, `expression`, `decision`, `limit`.",
        '<startEvent id="s"/><scriptTask id="a"><script>n = missing</script></scriptTask><boundaryEvent id="b" attachedToRef="a">'
        '<errorEventDefinition errorRef="k"/></boundaryEvent><userTask id="c"/>\ns -> a\nb -> c', '<error id="k" errorCode="script"/>',
        visits="s a b c", waiting="c",
    ),
    Promise(
        "escalation that interrupts", "What would come next inside is not done any more.",
        '<startEvent id="s"/><subProcess id="sub"><startEvent id="i"/><intermediateThrowEvent id="up"><escalationEventDefinition '
        'escalationRef="e"/></intermediateThrowEvent><task id="never"/>\ni -> up -> never\n</subProcess><boundaryEvent id="b" '
        'attachedToRef="sub"><escalationEventDefinition escalationRef="e"/></boundaryEvent><userTask id="a"/>\ns -> sub\nb -> a',
        ESCALATION, visits="s sub i up b a", waiting="a",
    ),
    Promise(
        "link events", "Jump to the catching link of the same name.",
        '<startEvent id="s"/><intermediateThrowEvent id="out"><linkEventDefinition name="on"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="in"><linkEventDefinition name="on"/></intermediateCatchEvent><userTask id="a"/>\ns -> out\nin -> a',
        visits="s out in a", waiting="a",
    ),
    Promise(
        "compensation", "What was completed is taken back, the youngest first.",
        """<startEvent id="s"/><task id="a"/><task id="b"/><endEvent id="back"><compensateEventDefinition/></endEvent>
<boundaryEvent id="ca" attachedToRef="a"><compensateEventDefinition/></boundaryEvent><task id="undo_a" isForCompensation="true"/>
<boundaryEvent id="cb" attachedToRef="b"><compensateEventDefinition/></boundaryEvent><task id="undo_b" isForCompensation="true"/>
<association id="x1" sourceRef="ca" targetRef="undo_a"/><association id="x2" sourceRef="cb" targetRef="undo_b"/>
s -> a -> b -> back""", visits="s a b back cb undo_b ca undo_a",
    ),
    Promise(
        "event subprocess", "Begins when its event happens: instead of what goes on around it, or beside it.",
        '<startEvent id="s"/><userTask id="a"/><subProcess id="ev" triggeredByEvent="true"><startEvent id="m1"><messageEventDefinition '
        'messageRef="m"/></startEvent><userTask id="b"/>\nm1 -> b\n</subProcess>\ns -> a', MESSAGE,
        steps=(deliver("m1"),), visits="s a ev m1 b", waiting="b",
    ),
]  # fmt: skip

SHAPES = [
    Promise(
        "complex gateway", "Refused by name; draw an exclusive, parallel or inclusive gateway.",
        '<startEvent id="s"/><complexGateway id="x"/><endEvent id="e"/>\ns -> x -> e', refused="complex gateway",
    ),
    Promise(
        "inclusive join within a loop", "Waits for what can still come, in every round.",
        """<startEvent id="s"/><exclusiveGateway id="in"/><inclusiveGateway id="f" default="other"/><task id="a"/><task id="b"/>
<inclusiveGateway id="j"/><scriptTask id="n1"><script>n = n + 1</script></scriptTask><exclusiveGateway id="x" default="on"/><endEvent id="e"/>
<sequenceFlow id="other" sourceRef="f" targetRef="b"/><sequenceFlow id="on" sourceRef="x" targetRef="e"/>
s -> in -> f
f -> a if n < 9
a -> j
b -> j -> n1 -> x
x -> in if n < 2""", start={"n": 0}, visits="s in f a j n1 x in f a j n1 x e", values={"n": 2},
    ),
    Promise(
        "subprocess without start or end event", "Begins with what no flow leads to, and ends when nothing is left in it.",
        '<startEvent id="s"/><subProcess id="sub"><userTask id="a"/><task id="b"/>\na -> b\n</subProcess><endEvent id="e"/>\ns -> sub -> e',
        steps=(complete("a"),), visits="s sub a b e",
    ),
    Promise(
        "ad-hoc subprocess", "Its tasks are done in any order, until it is enough.",
        '<startEvent id="s"/><adHocSubProcess id="x"><userTask id="a"/><userTask id="b"/><completionCondition>found</completionCondition>'
        '</adHocSubProcess><endEvent id="e"/>\ns -> x -> e', start={"found": False}, steps=(complete("b", found=True),), visits="s x a b e",
    ),
    Promise(
        "multi-instance", "Once for each item; knows `nrOfInstances`, `nrOfActiveInstances`, `nrOfCompletedInstances`, and ends early when it is enough.",
        '<startEvent id="s"/><userTask id="a"><multiInstanceLoopCharacteristics camunda:collection="${people}" camunda:elementVariable="one">'
        '<completionCondition>nrOfCompletedInstances == 2 and nrOfInstances == 3</completionCondition></multiInstanceLoopCharacteristics>'
        '</userTask><endEvent id="e"/>\ns -> a -> e', start={"people": ["Li", "Wang", "Zhao"]},
        steps=(complete("a"), complete("a")), visits="s a a a e",
    ),
    Promise(
        "loop of many rounds", "Any number: a finished round leaves nothing behind.",
        '<startEvent id="s"/><exclusiveGateway id="in"/><scriptTask id="a"><script>n = n + 1</script></scriptTask>'
        '<exclusiveGateway id="x" default="on"/><endEvent id="e"/><sequenceFlow id="on" sourceRef="x" targetRef="e"/>\n'
        's -> in -> a -> x\nx -> in if n < 400', start={"n": 0}, visits="s " + "in a x " * 400 + "e", values={"n": 400},
    ),
    Promise(
        "data object, read two subprocesses down", "A variable of the scope in which it is drawn.",
        '<dataObject id="d" name="size"/><dataObjectReference id="dr" dataObjectRef="d" name="size"/><startEvent id="s"/>'
        '<subProcess id="one"><subProcess id="two"><scriptTask id="a"><script>found = size + 1</script></scriptTask></subProcess></subProcess>'
        '<endEvent id="e"/>\ns -> one -> e', start={"size": 4}, visits="s one two a e", values={"found": 5},
    ),
    Promise(
        "variables set in parallel branches", "One value in each scope; the last write wins.",
        '<startEvent id="s"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><parallelGateway id="j"/><endEvent id="e"/>\n'
        's -> f -> a -> j -> e\nf -> b -> j', steps=(complete("b", x=2, y=2), complete("a", x=1)), visits="s f a b j e", values={"x": 1, "y": 2},
    ),
]  # fmt: skip

SHAPES += [
    Promise(
        "standard loop", "Again while its condition holds, or so often at most.",
        '<startEvent id="s"/><scriptTask id="a"><standardLoopCharacteristics testBefore="true" loopMaximum="5"><loopCondition>n &lt; 2'
        '</loopCondition></standardLoopCharacteristics><script>n = n + 1</script></scriptTask><endEvent id="e"/>\ns -> a -> e',
        start={"n": 0}, visits="s a a e", values={"n": 2},
    ),
    Promise(
        "transaction", "When it is cancelled, what was done in it is taken back, and the way goes on at the cancel event.",
        """<startEvent id="s"/><transaction id="tx"><task id="a"/><endEvent id="no"><cancelEventDefinition/></endEvent>
<boundaryEvent id="ca" attachedToRef="a"><compensateEventDefinition/></boundaryEvent><task id="undo" isForCompensation="true"/>
<association id="x1" sourceRef="ca" targetRef="undo"/>
a -> no
</transaction><boundaryEvent id="c" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent><userTask id="b"/><endEvent id="e"/>
s -> tx -> e
c -> b""", visits="s tx a no ca undo c b", waiting="b",
    ),
    Promise(
        "data store", "Drawn only, it loads with a warning. What would read or write it is refused; draw an external task that does.",
        '<startEvent id="s"/><task id="a"><ioSpecification><dataOutput id="o" name="n"/></ioSpecification>'
        "<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>d</targetRef></dataOutputAssociation></task>"
        '<dataStoreReference id="d"/>\ns -> a', refused="data store",
    ),
]  # fmt: skip

DECISIONS = [
    Promise(
        "decision table with `COLLECT` and `SUM`", "Every hit policy and aggregation gives what DMN says; cells are FEEL: ranges, lists, `not`.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": 30}, decisions=DMN.format(TABLE.format('COLLECT" aggregation="SUM')),
    ),
    Promise(
        "decision table with `RULE ORDER`", "A list, in the order of the rules.",
        ASK_FEE, start={"x": 7}, visits="s a e", values={"found": [10, 20]}, decisions=DMN.format(TABLE.format("RULE ORDER")),
    ),
    Promise(
        "two rules under `UNIQUE`", "An incident that names the decision and the rules.",
        ASK_FEE, start={"x": 7}, visits="s", failure="a decision", decisions=DMN.format(TABLE.format("UNIQUE")),
    ),
    Promise(
        "required decision, business knowledge model", "Made first and read by its name; a model is a function.",
        ASK_FEE, start={"hours": 2}, visits="s a e", values={"found": 61}, decisions=DMN.format(
            '<businessKnowledgeModel id="pay" name="pay"><encapsulatedLogic><formalParameter name="h"/><literalExpression><text>h * 30</text>'
            '</literalExpression></encapsulatedLogic></businessKnowledgeModel>\n<decision id="base" name="base"><literalExpression><text>1</text>'
            '</literalExpression></decision>\n<decision id="fee" name="fee"><informationRequirement><requiredDecision href="#base"/>'
            '</informationRequirement><knowledgeRequirement><requiredKnowledge href="#pay"/></knowledgeRequirement><literalExpression>'
            '<text>base + pay(hours)</text></literalExpression></decision>'),
    ),
]  # fmt: skip

CHAPTERS = {"Tasks": TASKS, "Events": EVENTS, "Gateways, subprocesses, repetitions, data": SHAPES, "Decisions": DECISIONS}
