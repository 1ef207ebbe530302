"""Random valid diagrams: blocks within blocks, written as BPMN XML. Hypothesis draws the seed and the size, so that it can shrink them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from hypothesis import strategies as st

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' targetNamespace="http://example.org/random">\n<message id="m" name="paid"/><signal id="g" name="storm"/>'
    '<error id="e1" errorCode="late"/><error id="e2" errorCode="broken"/>'
    '<escalation id="x1" escalationCode="late"/><escalation id="x2" escalationCode="other"/>\n'
)
VARIABLES = ("v0", "v1", "v2")
VALUES = range(4)
MAX_NODES = 25  # of one block of the uppermost row
MAX_DEPTH = 4

TIMER = "<timerEventDefinition><timeDuration>PT10M</timeDuration></timerEventDefinition>"
CYCLE = "<timerEventDefinition><timeCycle>R2/PT10M</timeCycle></timerEventDefinition>"
MESSAGE = '<messageEventDefinition messageRef="m"/>'
SIGNAL = '<signalEventDefinition signalRef="g"/>'
LASTING = ("userTask", "manualTask", "serviceTask", "receiveTask", "callActivity")
PASSING = ("task", "scriptTask", "intermediateThrowEvent", "sendTask")
# The library alone loses data at joins, so that loops in branches miscount; its joins open too early in loops, the inclusive ones also
# when their branches are more than tasks in a row; branches with nothing in them make it lose tasks.
WRONG_IN_LIBRARY = {
    "loop": {"parallel", "inclusive"},
    "inclusive": {"loop", "inclusive", "parallel"},
    "exclusive": {"inclusive"},
    "parallel": {"inclusive", "loop"},
    "subprocess": {"inclusive"},
}
ATTRIBUTES = {
    "serviceTask": 'camunda:type="external" camunda:topic="t"',
    "receiveTask": 'messageRef="m"',
    "sendTask": 'messageRef="m"',
    "callActivity": 'calledElement="other"',
}


@dataclass
class Drawing:
    """The diagram as it grows."""

    chance: Random
    size: int  # no block begins beyond so many nodes
    rich: bool = True  # False: only what the library alone does right
    lines: list[str] = field(default_factory=list)
    variables: dict[str, int] = field(default_factory=dict)
    nodes: int = 0
    flows: int = 0
    around: list[str] = field(default_factory=list)  # kinds of the blocks that the next one will be in
    more: "dict[str, Block]" = field(default_factory=dict)  # blocks besides those of this file
    starts: tuple[str, ...] = ()  # what starts event subprocesses besides the usual

    def choose(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def count(self, least: int, most: int) -> int:
        return self.chance.randint(least, most)

    def node(self, tag: str, attributes: str = "", inside: str = "") -> str:
        self.nodes += 1
        node_id = f"{tag}{self.nodes}"
        self.lines.append(f'<{tag} id="{node_id}" {attributes}>{inside}</{tag}>')
        return node_id

    def flow(self, source: str, target: str, condition: str = "") -> str:
        self.flows += 1
        text = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        self.lines.append(f'<sequenceFlow id="f{self.flows}" sourceRef="{source}" targetRef="{target}">{text}</sequenceFlow>')
        return f"f{self.flows}"

    def condition(self) -> str:
        return f"{self.choose(*VARIABLES)} &gt; {self.count(0, 2)}"

    def default(self, node: str, flow: str) -> None:
        """Make the flow the default of a node that has been written."""
        at = next(index for index, line in enumerate(self.lines) if f' id="{node}" ' in line)
        self.lines[at] = self.lines[at].replace(f'id="{node}" ', f'id="{node}" default="{flow}" ', 1)


Piece = tuple[str, str]  # first and last node of a block
Block = Callable[[Drawing, int], Piece]


def block(drawing: Drawing, depth: int) -> Piece:
    """Any block; only tasks when the diagram is large or deep enough."""
    if depth >= MAX_DEPTH or drawing.nodes >= drawing.size:
        return task(drawing)
    choices = ["task", "sequence", "sequence", "exclusive", "parallel", "parallel", "inclusive", "inclusive", "loop", "subprocess"]
    if drawing.rich:
        choices += ["boundary", "boundary", "event gateway", "repeated", "error", "conditional task", *drawing.more, *drawing.more]
    else:
        choices = [choice for choice in choices if not WRONG_IN_LIBRARY.get(choice, set()) & set(drawing.around)]
    kind = drawing.choose(*choices)
    drawing.around.append(kind)
    piece = (BLOCKS | drawing.more)[kind](drawing, depth + 1)
    drawing.around.pop()
    return piece


def task(drawing: Drawing, depth: int = 0) -> Piece:
    if not drawing.rich:
        return (node := activity(drawing, drawing.choose("userTask", "manualTask"))), node
    kind = drawing.choose("userTask", "userTask", *LASTING, *PASSING, "intermediateCatchEvent")
    return (node := activity(drawing, kind)), node


def activity(drawing: Drawing, kind: str) -> str:
    inside = ""
    if kind == "scriptTask":
        # The last one cannot be computed when the variable is 3.
        inside = f"<script>{drawing.choose('v0 = 1', 'v1 = 3', 'v2 = 0', 'v1 = v2', 'v2 = 2 // (3 - v0)')}</script>"
    elif kind == "intermediateCatchEvent":
        inside = drawing.choose(TIMER, MESSAGE, SIGNAL)
    elif kind == "intermediateThrowEvent":
        inside = drawing.choose("", MESSAGE, SIGNAL)
    return drawing.node(kind, ATTRIBUTES.get(kind, ""), inside)


def sequence(drawing: Drawing, depth: int) -> Piece:
    pieces = [block(drawing, depth) for _ in range(drawing.count(2, 3))]
    return _in_a_row(drawing, pieces)


def _in_a_row(drawing: Drawing, pieces: list[Piece]) -> Piece:
    for (_, last), (first, _) in pairwise(pieces):
        drawing.flow(last, first)
    return pieces[0][0], pieces[-1][1]


def _join(drawing: Drawing, split: str, join: str, depth: int, conditions: bool) -> Piece:
    """Branches between two nodes. The last one is the default when there are conditions."""
    branches = drawing.count(2, 3)
    for number in range(branches):
        is_default = conditions and number == branches - 1
        condition = drawing.condition() if conditions and not is_default else ""
        if drawing.rich and drawing.count(0, 5) == 0:
            first = last = join  # a branch with nothing in it
            flow = drawing.flow(split, first, condition)
        else:
            first, last = block(drawing, depth)
            flow = drawing.flow(split, first, condition)
            if drawing.rich and not is_default and drawing.count(0, 9) == 0:
                end_all(drawing, last, "<terminateEventDefinition/>")
            else:
                drawing.flow(last, join)
        if is_default:
            drawing.default(split, flow)
    return split, join


def end_all(drawing: Drawing, last: str, event: str) -> None:
    """An end that stops others waits for a person first: whom it finds on their way shall not be a matter of order."""
    wait, end = drawing.node("userTask"), drawing.node("endEvent", "", event)
    drawing.flow(last, wait)
    drawing.flow(wait, end)


def exclusive(drawing: Drawing, depth: int) -> Piece:
    # Where nothing joins, each token goes on by itself: a gateway and a plain task do the same.
    join = drawing.node(drawing.choose("exclusiveGateway", "task") if drawing.rich else "exclusiveGateway")
    return _join(drawing, drawing.node("exclusiveGateway"), join, depth, conditions=True)


def parallel(drawing: Drawing, depth: int) -> Piece:
    split = drawing.node(drawing.choose("parallelGateway", "parallelGateway", "task") if drawing.rich else "parallelGateway")
    return _join(drawing, split, drawing.node("parallelGateway"), depth, conditions=False)


def inclusive(drawing: Drawing, depth: int) -> Piece:
    return _join(drawing, drawing.node("inclusiveGateway"), drawing.node("inclusiveGateway"), depth, conditions=True)


def conditional_task(drawing: Drawing, depth: int) -> Piece:
    """Conditional flows out of a task: an inclusive gateway that is not drawn."""
    return _join(drawing, drawing.node("userTask"), drawing.node("inclusiveGateway"), depth, conditions=True)


def loop(drawing: Drawing, depth: int) -> Piece:
    """Back to the start until a counter is high enough; a token that comes again later passes once."""
    counter = f"c{drawing.flows}_{drawing.nodes}"
    drawing.variables[counter] = 0
    entry = drawing.node("exclusiveGateway")
    # Joins in loops are where engines go wrong.
    first, last = inclusive(drawing, depth) if drawing.rich and drawing.count(0, 2) == 0 else block(drawing, depth)
    step = drawing.node("scriptTask", "", f"<script>{counter} = {counter} + 1</script>")
    exit_ = drawing.node("exclusiveGateway")
    drawing.flow(entry, first)
    drawing.flow(last, step)
    drawing.flow(step, exit_)
    drawing.flow(exit_, entry, f"{counter} &lt; {drawing.count(1, 4)}")
    end = drawing.node("exclusiveGateway")
    drawing.default(exit_, drawing.flow(exit_, end))
    return entry, end


def subprocess(drawing: Drawing, depth: int, loop: str = "", failing: str = "", tag: str = "subProcess") -> Piece:
    """With luck it holds an event subprocess, or ends everything within."""
    outer, drawing.lines = drawing.lines, []
    start = drawing.node("startEvent")
    first, last = block(drawing, depth)
    drawing.flow(start, first)
    if failing:
        end_all(drawing, last, failing)
    else:
        drawing.flow(last, drawing.node("endEvent"))
    listeners(drawing, depth)
    inside, drawing.lines = drawing.lines, outer
    node = drawing.node(tag, "", loop + "\n".join(inside))
    return node, node


def listeners(drawing: Drawing, depth: int) -> None:
    """None, one or two event subprocesses."""
    if drawing.rich and depth < MAX_DEPTH:
        for _ in range(max(0, drawing.count(-4, 2))):
            event_subprocess(drawing, depth + 1)


def event_subprocess(drawing: Drawing, depth: int) -> None:
    outer, drawing.lines = drawing.lines, []
    event = drawing.choose(TIMER, MESSAGE, SIGNAL, "<errorEventDefinition/>", *drawing.starts)
    interrupting = "true" if "error" in event else drawing.choose("true", "false")
    event = CYCLE if event == TIMER and interrupting == "false" else event
    start = drawing.node("startEvent", f'isInterrupting="{interrupting}"', event)
    first, last = block(drawing, depth)
    drawing.flow(start, first)
    drawing.flow(last, drawing.node("endEvent"))
    inside, drawing.lines = drawing.lines, outer
    drawing.node("subProcess", 'triggeredByEvent="true"', "\n".join(inside))


def boundary(drawing: Drawing, depth: int) -> Piece:
    """An event on something that lasts; its way comes back, or ends by itself."""
    host = subprocess(drawing, depth)[0] if drawing.count(0, 2) == 0 else activity(drawing, drawing.choose(*LASTING))
    join = drawing.node("exclusiveGateway")
    for _ in range(drawing.count(1, 2)):
        event, interrupting = drawing.choose(TIMER, MESSAGE, SIGNAL), drawing.choose("true", "false")
        if event == TIMER and interrupting == "false":
            event = drawing.choose(TIMER, CYCLE, CYCLE)
        way_out(drawing, host, f'cancelActivity="{interrupting}"', event, join, depth)
    drawing.flow(host, join)
    return host, join


def way_out(drawing: Drawing, host: str, attributes: str, event: str, join: str, depth: int) -> None:
    """A boundary event, and what follows it."""
    node = drawing.node("boundaryEvent", f'attachedToRef="{host}" {attributes}', event)
    first, last = block(drawing, depth + 1)
    drawing.flow(node, first)
    drawing.flow(last, drawing.node("endEvent") if drawing.choose("join", "join", "end") == "end" else join)


def error(drawing: Drawing, depth: int) -> Piece:
    """A subprocess that ends in an error, or a job that may report one, with a boundary that catches it."""
    raised = '<errorEventDefinition errorRef="e1"/>'
    host = subprocess(drawing, depth, failing=raised)[0] if drawing.choose("end", "job") == "end" else activity(drawing, "serviceTask")
    join = drawing.node("exclusiveGateway")
    way_out(drawing, host, "", drawing.choose(raised, "<errorEventDefinition/>"), join, depth)
    if drawing.count(0, 1):
        way_out(drawing, host, "", '<errorEventDefinition errorRef="e2"/>', join, depth)
    drawing.flow(host, join)
    return host, join


def event_gateway(drawing: Drawing, depth: int) -> Piece:
    gateway, join = drawing.node("eventBasedGateway"), drawing.node("exclusiveGateway")
    for kind in (TIMER, drawing.choose(MESSAGE, "receiveTask"), SIGNAL)[: drawing.count(2, 3)]:
        event = activity(drawing, kind) if kind == "receiveTask" else drawing.node("intermediateCatchEvent", "", kind)
        first, last = block(drawing, depth)
        drawing.flow(gateway, event)
        drawing.flow(event, first)
        drawing.flow(last, join)
    return gateway, join


def repeated(drawing: Drawing, depth: int) -> Piece:
    """A multi-instance task or subprocess."""
    number, sequential = drawing.count(1, 3), drawing.choose("true", "false")
    done = f"<completionCondition>nrOfCompletedInstances &gt;= {drawing.count(1, 2)}</completionCondition>" if drawing.count(0, 1) else ""
    inside = f"<loopCardinality>{number}</loopCardinality>{done}"
    several = f'<multiInstanceLoopCharacteristics isSequential="{sequential}">{inside}</multiInstanceLoopCharacteristics>'
    kind = drawing.choose("userTask", "callActivity", "subProcess")
    if kind == "subProcess":
        return subprocess(drawing, depth, loop=several)
    node = drawing.node(kind, ATTRIBUTES.get(kind, ""), several)
    return node, node


BLOCKS: dict[str, Block] = {
    "task": task,
    "sequence": sequence,
    "exclusive": exclusive,
    "parallel": parallel,
    "inclusive": inclusive,
    "conditional task": conditional_task,
    "loop": loop,
    "subprocess": subprocess,
    "boundary": boundary,
    "error": error,
    "event gateway": event_gateway,
    "repeated": repeated,
}


@dataclass(frozen=True)
class Model:
    xml: bytes
    variables: dict[str, int]

    def __repr__(self) -> str:
        return f"{self.xml.decode()}\n{self.variables}"


def models(rich: bool = True) -> st.SearchStrategy[Model]:
    """Processes with everything that is promised, or (`rich=False`) with what the library alone does right."""
    return st.builds(model, st.integers(0, 2**32), st.integers(1, MAX_NODES), st.just(rich))


def model(seed: int, size: int, rich: bool, more: dict[str, Block] | None = None, starts: tuple[str, ...] = ()) -> Model:
    drawing = Drawing(Random(seed), size, rich, more=more or {}, starts=starts)
    drawing.variables = {name: drawing.count(VALUES[0], VALUES[-1]) for name in VARIABLES}
    start = drawing.node("startEvent")
    pieces = []
    for _ in range(drawing.count(1, 4)):
        drawing.size = drawing.nodes + size
        pieces.append(block(drawing, 0))
    first, last = _in_a_row(drawing, pieces)
    drawing.flow(start, first)
    drawing.flow(last, drawing.node("endEvent"))
    listeners(drawing, 1)
    body = "\n".join(drawing.lines)
    return Model(f'{HEAD}<process id="p" isExecutable="true">\n{body}\n</process></definitions>'.encode(), drawing.variables)
