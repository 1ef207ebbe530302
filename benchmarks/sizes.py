"""Large diagrams and many items: what twice as much costs beside once as much, and a thousand items beside ten.

Times are those of this process on the processor: what the disk and the neighbours do is no matter of size.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from time import process_time

from sqlalchemy import select

from benchmarks.diagrams import HEAD
from benchmarks.figure import Figure, beside
from benchmarks.stage import Stage, empty_company
from engine import worker
from engine.states import OPEN_TASK
from engine.tables import Incident, Instance, UserTask

TASKS, BRANCHES, ITEMS, CALLS, STEPS = 1_000, 500, 1_000, 50, 10_000
FEW = 10  # items beside which the many are measured
LINEAR = 1.5  # the cost of one, among so many, beside its cost among a tenth of them
OPENING_SECONDS = 2.0
REPEATS = 5


def measure() -> Iterator[Figure]:
    for name, draw, size in (("sizes.row", row, TASKS), ("sizes.parallel", parallel, BRANCHES), ("sizes.calls", calls, CALLS)):
        with of_size(draw, size) as many, of_size(draw, size // 10, times=10) as few:
            each, beside_few = beside(many, few, REPEATS)
        yield Figure(name, each, f"ms each of {size:,}", beside_few, LINEAR, at_most=True)
    yield from items()
    yield from limit()


@contextmanager
def of_size(draw: Callable[[int], bytes], size: int, times: int = 1) -> Iterator[Callable[[], float]]:
    """How to measure the milliseconds from start to end for each of so many, in so many instances, after a first one that compiles."""
    with empty_company(durable=False) as stage:
        stage.deploy(draw(size))
        whole(stage)
        yield lambda: sum(whole(stage) for _ in range(times)) / times / size * 1_000


def whole(stage: Stage) -> float:
    """Seconds that one instance takes, with the jobs that it leaves and the tasks that it opens."""
    begun = process_time()
    instance = stage.start("large")
    worker.run_jobs_of(stage.database, instance, stage.clock)
    for task in open_tasks(stage, instance):
        stage.complete(task, {"done": True})
    with stage.database.read() as session:
        state = session.scalars(select(Instance.state).where(Instance.id == instance)).one()
    assert state == "completed", state
    return process_time() - begun


def open_tasks(stage: Stage, instance: int) -> list[int]:
    with stage.database.read() as session:
        query = select(UserTask.id).where(UserTask.instance_id == instance, UserTask.state.in_(OPEN_TASK)).order_by(UserTask.id)
        return list(session.scalars(query))


def items() -> Iterator[Figure]:
    """A multi-instance task: how long it takes to open, and each completion of many beside each of few."""
    for kind, sequential in (("parallel", False), ("sequential", True)):
        with repeating(ITEMS, sequential) as crowd, repeating(FEW, sequential) as handful:
            begun = process_time()
            crowd.start("large")
            opened = process_time() - begun
            many, few = beside(partial(completed, crowd), partial(completed, handful), REPEATS)
        yield Figure(f"sizes.items_{kind}.open", opened, f"s for {ITEMS:,}", OPENING_SECONDS, 1.0, at_most=True)
        yield Figure(f"sizes.items_{kind}", many, f"ms a completion of {ITEMS:,}", few, LINEAR, at_most=True)


@contextmanager
def repeating(count: int, sequential: bool) -> Iterator[Stage]:
    """A company with a task that is done so many times, after a first instance, which compiles."""
    with empty_company(durable=False) as stage:
        stage.deploy(repeated(count, sequential))
        finish(stage, stage.start("large"))
        yield stage


def completed(stage: Stage) -> float:
    """Milliseconds for each completion, of as many as the many items are: few ones several times over."""
    spent, done = 0.0, 0
    while done < ITEMS:
        instance = stage.start("large")
        begun = process_time()
        done += finish(stage, instance)
        spent += process_time() - begun
    return spent / done * 1_000


def finish(stage: Stage, instance: int) -> int:
    """Complete every item; how many there were."""
    done = 0
    waiting = open_tasks(stage, instance)
    while waiting:
        following = stage.complete(waiting.pop(0), {"answer": done})
        waiting += [following] if following is not None else []
        done += 1
    return done


def limit() -> Iterator[Figure]:
    """A script that goes round without end stands still at the limit, with a reason."""
    with empty_company(durable=False) as stage:
        stage.deploy(endless())
        begun = process_time()
        instance = stage.start("large")
        seconds = process_time() - begun
        with stage.database.read() as session:
            kinds = list(session.scalars(select(Incident.kind).where(Incident.instance_id == instance)))
        assert kinds == ["limit"], kinds
        yield Figure("sizes.endless", seconds / STEPS * 1_000_000, f"µs a step of {STEPS:,}, then an incident")


# -- diagrams -------------------------------------------------------------------------------------------------------------


def _file(inside: str, key: str = "large", more: str = "") -> bytes:
    process = f'<bpmn:process id="{key}" isExecutable="true"><bpmn:startEvent id="begin"/>{inside}</bpmn:process>'
    return f"{HEAD}{process}{more}</bpmn:definitions>".encode()


def _flow(source: str, target: str, condition: str = "") -> str:
    inside = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'


def row(count: int) -> bytes:
    """Abstract tasks in a row."""
    names = ["begin", *(f"t{number}" for number in range(count))]
    return _file("".join(f'<bpmn:task id="{after}"/>{_flow(before, after)}' for before, after in pairwise(names)))


def parallel(count: int) -> bytes:
    """As many branches with a user task each, joined again."""
    gates = '<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>' + _flow("begin", "fork")
    task = '<bpmn:userTask id="{0}" camunda:candidateGroups="technician"/>'
    names = [f"t{number}" for number in range(count)]
    return _file(gates + "".join(task.format(name) + _flow("fork", name) + _flow(name, "join") for name in names) + _end("join"))


def _end(source: str) -> str:
    return '<bpmn:endEvent id="end"/>' + _flow(source, "end")


def calls(count: int) -> bytes:
    """Processes that call one another, so many deep."""
    keys = ["large", *(f"large_{number}" for number in range(1, count + 1))]
    processes = "".join(
        f'<bpmn:process id="{key}" isExecutable="true"><bpmn:startEvent id="{key}_s"/>'
        f'<bpmn:callActivity id="{key}_c" calledElement="{called}"/>{_flow(f"{key}_s", f"{key}_c")}</bpmn:process>'
        for key, called in pairwise(keys[1:])
    )
    last = f'<bpmn:process id="{keys[-1]}" isExecutable="true"><bpmn:startEvent id="{keys[-1]}_s"/></bpmn:process>'
    return _file(f'<bpmn:callActivity id="call" calledElement="{keys[1]}"/>' + _flow("begin", "call"), more=processes + last)


def repeated(count: int, sequential: bool) -> bytes:
    loop = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"><bpmn:loopCardinality>{count}'
        "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    return _file(f'<bpmn:userTask id="work" camunda:candidateGroups="technician">{loop}</bpmn:userTask>' + _flow("begin", "work"))


def endless() -> bytes:
    gate = '<bpmn:exclusiveGateway id="again"/><bpmn:scriptTask id="count"><bpmn:script>n = 1</bpmn:script></bpmn:scriptTask>'
    return _file(gate + _flow("begin", "again") + _flow("again", "count") + _flow("count", "again"))
