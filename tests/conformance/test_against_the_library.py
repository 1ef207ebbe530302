"""Random block-structured models take the same way here and in SpiffWorkflow alone, where the library is right.

Left out is what it is known to do wrong: parallel branches inside loops, inclusive joins, and data that parallel branches write.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from tests.conformance.drive import HEAD, Drive

Block = tuple[str, list["Block"]]


def blocks(depth: int, in_loop: bool) -> st.SearchStrategy[Block]:
    """A task; or a sequence, a choice, parallel branches, a loop or a subprocess of blocks."""
    task = st.just(("task", []))
    if depth == 0:
        return task
    inner = blocks(depth - 1, in_loop)
    several = st.lists(inner, min_size=2, max_size=3)
    kinds = [task, st.tuples(st.just("row"), several), st.tuples(st.just("choice"), several)]
    kinds.append(st.tuples(st.just("subprocess"), st.lists(inner, min_size=1, max_size=1)))
    kinds.append(st.tuples(st.just("loop"), st.lists(blocks(depth - 1, True), min_size=1, max_size=1)))
    if not in_loop:
        kinds.append(st.tuples(st.just("parallel"), several))
    return st.one_of(kinds)


@dataclass
class Drawing:
    """Writes a block as BPMN; every fragment has one node where it begins and one where it ends."""

    parts: list[str] = field(default_factory=list)
    count: int = 0

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def flow(self, source: str, target: str, condition: str = "") -> str:
        flow = self.name("f")
        inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        self.parts.append(f'<sequenceFlow id="{flow}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>')
        return flow

    def gateway(self, kind: str) -> str:
        gateway = self.name("g")
        self.parts.append(f'<{kind}Gateway id="{gateway}"/>')
        return gateway

    def task(self) -> tuple[str, str]:
        task = self.name("t")
        self.parts.append(f'<userTask id="{task}"/>')
        return task, task

    def draw(self, block: Block) -> tuple[str, str]:
        kind, inner = block
        return self.task() if kind == "task" else getattr(self, kind)(inner)

    def row(self, inner: list[Block]) -> tuple[str, str]:
        drawn = [self.draw(each) for each in inner]
        for (_, end), (begin, _) in pairwise(drawn):
            self.flow(end, begin)
        return drawn[0][0], drawn[-1][1]

    def choice(self, inner: list[Block]) -> tuple[str, str]:
        asked, _ = self.task()
        fork, join = self.gateway("exclusive"), self.gateway("exclusive")
        self.flow(asked, fork)
        for number, each in enumerate(inner):
            begin, end = self.draw(each)
            flow = self.flow(fork, begin, f"answer % {len(inner)} == {number}" if number else "")
            if not number:
                fork_part = self.parts.index(f'<exclusiveGateway id="{fork}"/>')
                self.parts[fork_part] = f'<exclusiveGateway id="{fork}" default="{flow}"/>'
            self.flow(end, join)
        return asked, join

    def parallel(self, inner: list[Block]) -> tuple[str, str]:
        fork, join = self.gateway("parallel"), self.gateway("parallel")
        for each in inner:
            begin, end = self.draw(each)
            self.flow(fork, begin)
            self.flow(end, join)
        return fork, join

    def loop(self, inner: list[Block]) -> tuple[str, str]:
        merge = self.gateway("exclusive")
        begin, end = self.draw(inner[0])
        asked, _ = self.task()
        fork, leave = self.gateway("exclusive"), self.gateway("exclusive")
        self.flow(merge, begin)
        self.flow(end, asked)
        self.flow(asked, fork)
        self.flow(fork, merge, "answer % 3 == 1")
        flow = self.flow(fork, leave)
        self.parts[self.parts.index(f'<exclusiveGateway id="{fork}"/>')] = f'<exclusiveGateway id="{fork}" default="{flow}"/>'
        return merge, leave

    def subprocess(self, inner: list[Block]) -> tuple[str, str]:
        held = Drawing(count=self.count)
        held.framed(inner[0])
        self.count = held.count
        subprocess = self.name("p")
        self.parts.append(f'<subProcess id="{subprocess}">{"".join(held.parts)}</subProcess>')
        return subprocess, subprocess

    def framed(self, block: Block) -> None:
        start, end = self.name("s"), self.name("e")
        self.parts += [f'<startEvent id="{start}"/>', f'<endEvent id="{end}"/>']
        begin, finish = self.draw(block)
        self.flow(start, begin)
        self.flow(finish, end)


class Library:
    """The same model in SpiffWorkflow alone."""

    def __init__(self, content: bytes) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(content))
        self.workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
        self.workflow.do_engine_steps()

    def ready(self) -> list[str]:
        return sorted(task.task_spec.name for task in self.workflow.get_tasks(state=TaskState.READY, manual=True))

    def complete(self, name: str, answer: int) -> None:
        task = next(task for task in self.workflow.get_tasks(state=TaskState.READY, manual=True) if task.task_spec.name == name)
        task.data["answer"] = answer
        task.run()
        self.workflow.do_engine_steps()

    def visited(self) -> Counter[str]:
        done = self.workflow.get_tasks(state=TaskState.COMPLETED)
        return Counter(task.task_spec.name for task in done if task.task_spec.bpmn_id is not None)


@given(blocks(3, in_loop=False), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_models_take_the_same_way(block: Block, answers: list[tuple[int, int]]) -> None:
    drawing = Drawing()
    drawing.framed(block)
    content = f'{HEAD}<process id="p" isExecutable="true">{"".join(drawing.parts)}</process></definitions>'.encode()
    ours, library = Drive(content), Library(content)
    for pick, answer in answers:
        assert sorted(ours.waiting) == library.ready()
        left = Counter(change.activity_id for outcome in ours.outcomes for change in outcome.changes if change.event == "left")
        assert left == library.visited()
        if ours.done:
            break
        chosen = sorted(ours.waiting)[pick % len(ours.waiting)]
        ours.complete(chosen, answer=answer)
        library.complete(chosen, answer)
    assert ours.done == library.workflow.is_completed()


def test_the_library_still_shares_what_we_build_upon() -> None:
    """Names of SpiffWorkflow that are overridden; a new version that renames one must not pass unnoticed."""
    from SpiffWorkflow.specs.base import TaskSpec
    from SpiffWorkflow.task import Task

    for holder, names in (
        (TaskSpec, ["_run", "_on_complete", "_on_cancel"]),
        (Task, ["_set_state", "run", "complete", "parent", "_ready"]),
    ):
        for name in names:
            assert hasattr(holder, name), name
