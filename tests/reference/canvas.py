"""What random diagrams are drawn on: a file that grows node by node, and the words that are written into it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

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
    objects: list[str] = field(default_factory=list)  # data objects that can be seen from there

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

    @property
    def may_end(self) -> bool:
        """Whether an end event may stand here: not in an ad-hoc subprocess."""
        scopes = [kind for kind in self.around if kind in ("ad hoc", "scope")]
        return scopes[-1:] != ["ad hoc"]

    def script(self) -> str:
        # The last one cannot be computed when the variable is 3.
        choices = ["v0 = 1", "v1 = 3", "v2 = 0", "v1 = v2", "v2 = 2 // (3 - v0)"]
        for name in self.objects[-1:]:
            choices += [f"{name} = v1", f"v0 = {name} or 2", f"{name} = v2"]
        return self.choose(*choices)


Piece = tuple[str, str]  # first and last node of a block
Block = Callable[[Drawing, int], Piece]
