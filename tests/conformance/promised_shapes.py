"""Rows about gateways, subprocesses, repetitions and data."""

from tests.conformance.promise import Promise, complete

SIDE_BY_SIDE = [f"t{number}" for number in range(1, 501)]
BRANCHES = "".join(f'<task id="{name}"/>' for name in SIDE_BY_SIDE)
FLOWS = "\n".join(f"f -> {name} -> j" for name in SIDE_BY_SIDE)

SHAPES = [
    Promise(
        "complex gateway", "Refused by name; draw an exclusive, parallel or inclusive gateway.",
        '<startEvent id="s"/><complexGateway id="x"/><endEvent id="e"/>\ns -> x -> e', refused="complex gateway",
    ),
    Promise(
        "500 parallel branches", "Any number, as long as a file has at most 5,000 nodes.",
        f'<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/>{BRANCHES}<userTask id="a"/>\n'
        f's -> f\nj -> a\n{FLOWS}',
        drawn='<startEvent id="s"/><parallelGateway id="f"/><task id="t1"/><!-- and so on --><task id="t500"/><parallelGateway id="j"/><userTask id="a"/>\n'
        's -> f -> t1 -> j -> a\nf -> t500 -> j', visits=" ".join(["s", "f", *SIDE_BY_SIDE, "j", "a"]), waiting="a",
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
        "ad-hoc subprocess, enough while something is open", "What is open is cancelled; with `cancelRemainingInstances=\"false\"` it is waited for, and nothing new begins.",
        '<startEvent id="s"/><adHocSubProcess id="x" cancelRemainingInstances="false"><userTask id="a"/><userTask id="b"/><userTask id="c"/>\nb -> c\n'
        '<completionCondition>found</completionCondition></adHocSubProcess><endEvent id="e"/>\ns -> x -> e', start={"found": False},
        steps=(complete("b", found=True), complete("a")), visits="s x a b e",
    ),
    Promise(
        "ad-hoc subprocess, one at a time", "`ordering=\"Sequential\"`: while one task is taken or one step is at work, no other can be.",
        '<startEvent id="s"/><adHocSubProcess id="x" ordering="Sequential"><userTask id="a"/><serviceTask id="b" camunda:type="external" camunda:topic="t"/>'
        '<serviceTask id="c" camunda:type="external" camunda:topic="t"/></adHocSubProcess><endEvent id="e"/>\ns -> x -> e',
        steps=(complete("b"), complete("c"), complete("a")), visits="s x a b c e",
    ),
    Promise(
        "multi-instance", "Once for each item; knows `nrOfInstances`, `nrOfActiveInstances`, `nrOfCompletedInstances`, and ends early when it is enough.",
        '<startEvent id="s"/><userTask id="a"><multiInstanceLoopCharacteristics camunda:collection="${people}" camunda:elementVariable="one">'
        '<completionCondition>nrOfCompletedInstances == 2 and nrOfInstances == 3</completionCondition></multiInstanceLoopCharacteristics>'
        '</userTask><endEvent id="e"/>\ns -> a -> e', start={"people": ["Li", "Wang", "Zhao"]},
        steps=(complete("a"), complete("a")), visits="s a a a e",
    ),
    Promise(
        "multi-instance of 1,000", "At once or one after another; at most 5,000.",
        '<startEvent id="s"/><task id="a"><multiInstanceLoopCharacteristics><loopCardinality>1000</loopCardinality></multiInstanceLoopCharacteristics></task>'
        '<userTask id="b"/>\ns -> a -> b', visits="s " + "a " * 1_000 + "b", waiting="b",
    ),
    Promise(
        "multi-instance of too many", "An incident; nothing of it has begun.",
        '<startEvent id="s"/><task id="a"><multiInstanceLoopCharacteristics><loopCardinality>5001</loopCardinality></multiInstanceLoopCharacteristics></task>'
        '<userTask id="b"/>\ns -> a -> b', visits="s", failure="a limit",
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
        "data store", "A list of the site that outlasts the case. A data input gets its entries; a data output adds one, or takes the place of the one with its `key`.",
        '<startEvent id="s"/><dataStoreReference id="d" name="stock"/><scriptTask id="a"><ioSpecification><dataInput id="i" name="known"/>'
        '<dataOutput id="o" name="left"/></ioSpecification><dataInputAssociation><sourceRef>d</sourceRef><targetRef>i</targetRef></dataInputAssociation>'
        '<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>d</targetRef></dataOutputAssociation>'
        '<script>left = {"key": "valve", "count": known[0].count - 1}</script></scriptTask><endEvent id="e"/>\ns -> a -> e',
        visits="s a e", lists={"stock": [{"key": "valve", "count": 3}]}, stored={"stock": [{"key": "valve", "count": 2}]},
    ),
    Promise(
        "data store that is only drawn", "An arrow without a data input or output carries nothing; it loads, with a warning that says so.",
        '<startEvent id="s"/><dataStoreReference id="d" name="stock"/><task id="a"><dataOutputAssociation><targetRef>d</targetRef>'
        '</dataOutputAssociation></task><endEvent id="e"/>\ns -> a -> e', visits="s a e",
    ),
]  # fmt: skip
