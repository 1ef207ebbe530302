"""Random valid diagrams: blocks within blocks, written as BPMN XML. Hypothesis draws the seed and the size, so that it can shrink them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from hypothesis import strategies as st

from tests.reference.canvas import CYCLE, HEAD, MAX_DEPTH, MAX_NODES, MESSAGE, SIGNAL, TIMER, VALUES, VARIABLES, Block, Drawing, Piece

LASTING = ("userTask", "manualTask", "serviceTask", "receiveTask", "callActivity")
SCOPES = ("subProcess", "adHocSubProcess")
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


def block(drawing: Drawing, depth: int) -> Piece:
    """Any block; only tasks when the diagram is large or deep enough."""
    if depth >= MAX_DEPTH or drawing.nodes >= drawing.size:
        return task(drawing)
    choices = ["task", "sequence", "sequence", "exclusive", "parallel", "parallel", "inclusive", "inclusive", "loop", "subprocess"]
    if drawing.rich:
        choices += [
            "boundary",
            "boundary",
            "event gateway",
            "repeated",
            "repeated",
            "error",
            "conditional task",
            "ad hoc",
            *drawing.more,
            *drawing.more,
        ]
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


def activity(drawing: Drawing, kind: str, loop: str = "") -> str:
    inside = ""
    if kind == "scriptTask":
        inside = f"<script>{drawing.script()}</script>"
    elif kind == "intermediateCatchEvent":
        inside = drawing.choose(TIMER, MESSAGE, SIGNAL)
    elif kind == "intermediateThrowEvent":
        inside = drawing.choose("", MESSAGE, SIGNAL)
    return drawing.node(kind, ATTRIBUTES.get(kind, ""), loop + inside)


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
            if drawing.rich and not is_default and drawing.may_end and drawing.count(0, 9) == 0:
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
    """With luck it holds an event subprocess, a data object, or ends everything within."""
    with scope(drawing, "scope", has_data=drawing.rich and drawing.count(0, 2) == 0) as inside:
        start = drawing.node("startEvent")
        first, last = block(drawing, depth)
        drawing.flow(start, first)
        if failing:
            end_all(drawing, last, failing)
        else:
            drawing.flow(last, drawing.node("endEvent"))
        listeners(drawing, depth)
    node = drawing.node(tag, "", loop + "\n".join(inside))
    return node, node


@contextmanager
def scope(drawing: Drawing, kind: str, has_data: bool = False) -> Iterator[list[str]]:
    """Draw into a scope of its own; its lines are given when it is left."""
    outer, drawing.lines, objects = drawing.lines, [], list(drawing.objects)
    inside = drawing.lines
    drawing.around.append(kind)
    if has_data:
        drawing.objects.append(f"d{drawing.nodes}")
        inside.append(f'<dataObject id="d{drawing.nodes}"/>')
    yield inside
    drawing.around.pop()
    drawing.lines, drawing.objects = outer, objects


def ad_hoc(drawing: Drawing, depth: int, loop: str = "") -> Piece:
    """Tasks in any order, some with something behind them."""
    with scope(drawing, "ad hoc", has_data=drawing.count(0, 3) == 0) as inside:
        for kind in ["userTask", *(drawing.choose(*LASTING, *PASSING) for _ in range(drawing.count(1, 2)))]:
            first = activity(drawing, kind)
            if drawing.count(0, 2) == 0:
                second, last = block(drawing, depth)
                drawing.flow(first, second)
                drawing.flow(last, drawing.node("task"))
    attributes = f'ordering="{drawing.choose("Parallel", "Sequential")}" cancelRemainingInstances="{drawing.choose("true", "false")}"'
    enough = f"<completionCondition>{drawing.condition()}</completionCondition>" if drawing.count(0, 2) else ""
    node = drawing.node("adHocSubProcess", attributes, loop + "\n".join(inside) + enough)
    return node, node


def listeners(drawing: Drawing, depth: int) -> None:
    """None, one or two event subprocesses."""
    if drawing.rich and depth < MAX_DEPTH:
        for _ in range(max(0, drawing.count(-4, 2))):
            event_subprocess(drawing, depth + 1)


def event_subprocess(drawing: Drawing, depth: int) -> None:
    event = drawing.choose(TIMER, MESSAGE, SIGNAL, "<errorEventDefinition/>", *drawing.starts)
    interrupting = "true" if "error" in event else drawing.choose("true", "false")
    event = CYCLE if event == TIMER and interrupting == "false" else event
    with scope(drawing, "scope") as inside:
        start = drawing.node("startEvent", f'isInterrupting="{interrupting}"', event)
        first, last = block(drawing, depth)
        drawing.flow(start, first)
        drawing.flow(last, drawing.node("endEvent"))
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
    drawing.flow(last, drawing.node("endEvent") if drawing.may_end and drawing.choose("join", "join", "end") == "end" else join)


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
    """A multi-instance or a loop, of any activity; with luck something can happen to it."""
    several = _several(drawing) if drawing.count(0, 1) else _loop(drawing)
    kind = drawing.choose("userTask", "subProcess", *SCOPES, *LASTING, *PASSING)
    if kind == "subProcess":
        node = subprocess(drawing, depth, loop=several)[0]
    elif kind == "adHocSubProcess":
        node = ad_hoc(drawing, depth, loop=several)[0]
    else:
        node = activity(drawing, "task" if kind == "intermediateThrowEvent" else kind, several)
    if kind in PASSING or drawing.count(0, 2):
        return node, node
    join = drawing.node("exclusiveGateway")
    event, interrupting = drawing.choose(TIMER, MESSAGE, SIGNAL), drawing.choose("true", "false")
    way_out(drawing, node, f'cancelActivity="{interrupting}"', event, join, depth)
    drawing.flow(node, join)
    return node, join


def _several(drawing: Drawing) -> str:
    number, sequential = drawing.count(1, 3), drawing.choose("true", "false")
    done = f"<completionCondition>nrOfCompletedInstances &gt;= {drawing.count(1, 2)}</completionCondition>" if drawing.count(0, 1) else ""
    inside = f"<loopCardinality>{number}</loopCardinality>{done}"
    return f'<multiInstanceLoopCharacteristics isSequential="{sequential}">{inside}</multiInstanceLoopCharacteristics>'


def _loop(drawing: Drawing) -> str:
    text = drawing.choose(drawing.condition(), f"loopCounter &lt; {drawing.count(1, 2)}", "")
    condition = f"<loopCondition>{text}</loopCondition>" if text else ""
    before = drawing.choose("true", "false") if text else "false"
    return (
        f'<standardLoopCharacteristics testBefore="{before}" loopMaximum="{drawing.count(1, 3)}">{condition}</standardLoopCharacteristics>'
    )


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
    "ad hoc": ad_hoc,
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
