"""Random blocks for escalations, conditions, compensation and transactions, drawn among those of `models`."""

from itertools import pairwise
from random import Random

from hypothesis import strategies as st

from tests.reference.canvas import MAX_NODES, Block, Drawing, Piece
from tests.reference.models import LASTING, Model, activity, block, model, subprocess, way_out

CODES = ('escalationRef="x1"', 'escalationRef="x2"', "")
UNDO = "compensateEventDefinition"


def condition(drawing: Drawing) -> str:
    return f"<conditionalEventDefinition><condition>{drawing.condition()}</condition></conditionalEventDefinition>"


def caught(drawing: Drawing) -> str:
    return f"<escalationEventDefinition {drawing.choose(*CODES)}/>"


def escalation(drawing: Drawing, depth: int) -> Piece:
    """An escalation that is thrown on the way."""
    node = drawing.node("intermediateThrowEvent", "", f"<escalationEventDefinition {drawing.choose(*CODES[:2])}/>")
    return node, node


def told(drawing: Drawing, depth: int) -> Piece:
    """A subprocess in which somebody escalates, and who is told."""
    event = f"<escalationEventDefinition {drawing.choose(*CODES[:2])}/>"
    host = subprocess(drawing, depth, failing=drawing.choose(event, ""))[0]
    join = drawing.node("exclusiveGateway")
    for _ in range(drawing.count(1, 2)):
        way_out(drawing, host, f'cancelActivity="{drawing.choose("true", "false")}"', caught(drawing), join, depth)
    drawing.flow(host, join)
    return host, join


def waited(drawing: Drawing, depth: int) -> Piece:
    """An event that waits for a condition."""
    node = drawing.node("intermediateCatchEvent", "", condition(drawing))
    return node, node


def watched(drawing: Drawing, depth: int) -> Piece:
    """Something that lasts, with conditions at its boundary."""
    host = subprocess(drawing, depth)[0] if drawing.count(0, 2) == 0 else activity(drawing, drawing.choose(*LASTING))
    join = drawing.node("exclusiveGateway")
    for _ in range(drawing.count(1, 2)):
        way_out(drawing, host, f'cancelActivity="{drawing.choose("true", "false")}"', condition(drawing), join, depth)
    drawing.flow(host, join)
    return host, join


def undoable(drawing: Drawing, depth: int) -> Piece:
    """An activity, or what a subprocess does, that can be taken back."""
    several = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    kind = drawing.choose("userTask", "userTask", "scriptTask", "several", "subProcess")
    if kind == "subProcess":
        host = subprocess(drawing, depth)[0]
        if drawing.count(0, 1):
            return host, host
    else:
        host = drawing.node("userTask", "", several) if kind == "several" else activity(drawing, kind)
    event = drawing.node("boundaryEvent", f'attachedToRef="{host}"', f"<{UNDO}/>")
    handler = drawing.choose("userTask", "userTask", "scriptTask")
    inside = "<script>v1 = v1 + 1</script>" if handler == "scriptTask" else ""
    node = drawing.node(handler, 'isForCompensation="true"', inside)
    drawing.lines.append(f'<association id="as{event}" sourceRef="{event}" targetRef="{node}"/>')
    return host, host


def undo(drawing: Drawing, depth: int) -> Piece:
    """What was done so far in this scope is taken back."""
    node = drawing.node("intermediateThrowEvent", "", f'<{UNDO} waitForCompletion="{drawing.choose("true", "true", "false")}"/>')
    return node, node


def undone(drawing: Drawing, depth: int) -> Piece:
    """Some things are done, then all that was done here is taken back."""
    pieces = [undoable(drawing, depth), drawing.choose("more", "less") == "more" and block(drawing, depth), undo(drawing, depth)]
    row = [piece for piece in pieces if piece]
    for (_, last), (first, _) in pairwise(row):
        drawing.flow(last, first)
    return row[0][0], row[-1][1]


def transaction(drawing: Drawing, depth: int) -> Piece:
    """It succeeds, or it is cancelled by somebody in it."""
    host = subprocess(drawing, depth, failing="<cancelEventDefinition/>", tag="transaction")[0]
    join = drawing.node("exclusiveGateway")
    way_out(drawing, host, "", "<cancelEventDefinition/>", join, depth)
    drawing.flow(host, join)
    return host, join


MORE: dict[str, Block] = {
    "escalation": escalation,
    "told": told,
    "waited": waited,
    "watched": watched,
    "undoable": undoable,
    "undone": undone,
    "transaction": transaction,
}


def models_of_events() -> st.SearchStrategy[Model]:
    return st.builds(model_of_events, st.integers(0, 2**32), st.integers(1, MAX_NODES))


def model_of_events(seed: int, size: int) -> Model:
    chance = Random(seed)
    conditions = tuple(
        f"<conditionalEventDefinition><condition>v{number} &gt; {chance.randint(0, 2)}</condition></conditionalEventDefinition>"
        for number in range(2)
    )
    return model(seed, size, True, MORE, (*conditions, '<escalationEventDefinition escalationRef="x1"/>', "<escalationEventDefinition/>"))
