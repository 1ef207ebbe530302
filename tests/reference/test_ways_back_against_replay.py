"""Random diagrams, random events, random ways back: what is left stands where an instance stands in which the undone was never done.

The reference knows nothing of lineage: it replays the story from its beginning, leaves the undone task out, and with it all that can then
not happen, or would take that task away. Conditions and scripts of the diagrams are made constant: what is undone keeps its variables.

Where two tokens come to one join by one flow, the reference lets the one do what the other did. For the engine they are two: what came of
the one is undone with it, and the task behind the join is there again. There the story is told without such tasks too.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import given, settings
from hypothesis import seed as dice
from hypothesis import strategies as st

from engine.bpmn.executable import Executable
from engine.bpmn.gateways import Join
from engine.bpmn.triggers import Complete, Deliver, Fire, Outcome, Return, Start, Trigger, Wait, Withdraw
from engine.bpmn.workflow import Workflow
from engine.errors import Conflict
from tests.conformance.drive import MONDAY, Drive
from tests.crash.sizes import seed
from tests.reference.canvas import MAX_NODES, Block
from tests.reference.models import Model, model
from tests.reference.models_of_events import UNDO, escalation, told, transaction, undoable, undone
from tests.reference.test_against_reference import MODELS, random_models

STEPS = 30
WAY = (
    '<extensionElements><camunda:properties><camunda:property name="steward:returnTo" value="earlier"/>'
    "</camunda:properties></extensionElements>"
)
Place = tuple[object, ...]


@dataclass(frozen=True)
class Act:
    """Something that happened from outside, at the place where it happened."""

    place: Place
    kind: str


def with_ways_back(drawn: Model) -> bytes:
    """The model with ways back from every task; loops turn once, scripts write nothing that a condition asks for."""
    text = re.sub(r"<userTask ([^>]*)>", rf"<userTask \1>{WAY}", drawn.xml.decode())
    text = re.sub(r"<script>[^<]*</script>", "<script>other = 1</script>", text)
    # Of ad-hoc subprocesses that wait for what has begun, what depends on nothing but the order in which things ended is not undone.
    text = text.replace('cancelRemainingInstances="false"', 'cancelRemainingInstances="true"')
    return re.sub(r"c\d+_\d+ &lt; \d+", "False", text).encode()


def place_of(workflow: Workflow, token_id: str) -> Place:
    """The element, and those around it, with the numbers of their items."""
    found: list[object] = []
    at = workflow._instance.tasks[token_id]
    while at is not None and at.owner is not None:
        found.append((at.task_spec.name, at.item))
        at = at.owner
    return tuple(found)


def places(workflow: Workflow) -> Counter[Act]:
    return Counter(Act(place_of(workflow, wait.token), wait.kind) for wait in workflow.waits())


def apart_from(hosts: set[Place], workflow: Workflow) -> Counter[Act]:
    """Without the boundary events of what was begun anew: their cycles have begun anew as well."""
    bodies = {place[1:] for place in hosts}
    return Counter({act: count for act, count in places(workflow).items() if act.kind != "timer" or act.place[1:] not in hosts | bodies})


def trigger(wait: Wait) -> Trigger:
    if wait.kind == "timer":
        return Fire(wait.token, wait.details["due_at"])
    if wait.kind in ("message", "signal"):
        return Deliver(wait.token, wait.details["name"], {}, MONDAY)
    return Complete(wait.token)


class AmbiguousError(Exception):
    """Two tokens wait at one place: the story does not tell to which of them it happened."""


class Replay:
    """An instance that does a story again, without some of it."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.executable: Executable = drive.executable
        self.workflow = Workflow.begin(self.executable, drive.variables)
        self.joined: Counter[tuple[str, str, str]] = Counter()  # tokens that joins took, by scope, join and flow
        self.count(self.workflow.advance(Start(), drive.context))

    def count(self, outcome: Outcome) -> None:
        entered = [each for each in outcome.changes if each.event == "entered"]
        joins = [each for each in entered if isinstance(self.workflow._instance.specs[each.activity_id], Join)]
        self.joined.update((each.scope, each.activity_id, flow) for each in joins for flow in each.flows)

    def joins_alike(self) -> bool:
        """Whether two tokens came to one join by one flow: the one may take the other's place."""
        standing = [token for token in self.workflow._instance.tasks.values() if token.phase == "arrived"]
        came = Counter((token.owner.id, token.task_spec.name, flow) for token in standing for flow in token.flows)
        return any(count > 1 for count in (self.joined + came).values())

    def play(self, story: Sequence[Act], left_out: frozenset[int]) -> list[Act]:
        """What of the story has happened in the end."""
        kept: list[Act] = []
        held: set[str] = set()
        for number, act in enumerate(story):
            wait = self.find(act, held)
            if wait is None:
                continue
            if number in left_out:
                held.add(wait.token)
            elif self.happens(wait, held):
                kept.append(act)
        return kept

    def find(self, act: Act, held: set[str]) -> Wait | None:
        waits = [wait for wait in self.workflow.waits() if wait.token not in held]
        found = [wait for wait in waits if Act(place_of(self.workflow, wait.token), wait.kind) == act]
        if len(found) > 1:
            raise AmbiguousError
        return found[0] if found else None

    def happens(self, wait: Wait, held: set[str]) -> bool:
        """Let it happen, unless it takes away what was left out."""
        before = self.workflow.dump()
        try:
            outcome = self.workflow.advance(trigger(wait), self.drive.context)
        except Conflict:
            return False
        if held <= {each.token for each in self.workflow.waits()}:
            self.count(outcome)
            return True
        self.workflow = Workflow.load(self.executable, before)
        return False


class Story:
    """A drive that remembers what happened to it."""

    def __init__(self, content: bytes, drawn: Model) -> None:
        self.drive = Drive(content, drawn.variables)
        self.acts: list[Act] = []
        self.tokens: list[str] = []  # of each act
        self.renewed: set[Place] = set()  # where a task was there again
        self.went_back = False

    @property
    def workflow(self) -> Workflow:
        return self.drive._live

    def go_on(self, chance: Random) -> bool:
        """One thing happens at a place where only one token waits; False when nothing can."""
        here = places(self.workflow)
        waits = [wait for wait in self.drive.waits() if here[Act(place_of(self.workflow, wait.token), wait.kind)] == 1]
        work = [wait for wait in waits if wait.kind == "user_task"]
        if not waits:
            return False
        wait = chance.choice(work) if work and chance.random() < 0.7 else chance.choice(waits)
        act = Act(place_of(self.workflow, wait.token), wait.kind)
        if any(act == each and wait.token != token for each, token in zip(self.acts, self.tokens, strict=True)):
            raise AmbiguousError  # an ad-hoc subprocess offers its tasks once more, a loop turns again
        if self.done_by(trigger(wait)):
            self.acts.append(act)
            self.tokens.append(wait.token)
        return True

    def done_by(self, trigger: Trigger) -> bool:
        before = self.workflow.dump()
        try:
            self.drive.apply(trigger)
        except Conflict:
            self.drive._live = Workflow.load(self.drive.executable, before)
            return False
        return True

    def withdraw(self, number: int) -> None:
        if self.workflow.acts_after(self.tokens[number]) is not None and self.done_by(Withdraw(self.tokens[number])):
            self.compare(frozenset({number}))
            self.went_back = True

    def return_to(self, wait: Wait, way: int) -> None:
        visit = self.workflow._instance.past.visits[way]
        token = str(visit.token)
        if token in self.tokens:
            left_out = frozenset({self.tokens.index(token)})
        else:  # a repetition as a whole
            items = [each for each in self.workflow._instance.past.visits.values() if each.scope == visit.token]
            left_out = frozenset(self.tokens.index(str(each.token)) for each in items)
            if len(items) != self.items_of(visit.activity):
                return  # a sequence remembers its last item only
        if self.done_by(Return(wait.token, way)):
            self.compare(left_out)
            self.went_back = True

    def items_of(self, activity: str) -> int:
        return len([act for act in self.acts if act.place[0][0] == activity])  # type: ignore[index]

    def replay(self, left_out: frozenset[int] = frozenset()) -> tuple[Replay, list[Act]]:
        replay = Replay(self.drive)
        return replay, replay.play(self.acts, left_out)

    def joins_alike(self) -> bool:
        return self.replay()[0].joins_alike()

    def compare(self, left_out: frozenset[int]) -> None:
        self.renewed |= {self.acts[number].place for number in left_out}
        replay, kept = self.replay(left_out)
        stands, expected = apart_from(self.renewed, self.workflow), apart_from(self.renewed, replay.workflow)
        if stands != expected and self.joins_alike():
            left_out |= {number for number, act in enumerate(self.acts) if act in stands - expected}
            self.renewed |= {self.acts[number].place for number in left_out}
            replay, kept = self.replay(left_out)
            stands, expected = apart_from(self.renewed, self.workflow), apart_from(self.renewed, replay.workflow)
        assert stands == expected, (self.acts, left_out)
        tokens = []
        rest = list(zip(self.acts, self.tokens, strict=True))
        for number in sorted(left_out, reverse=True):
            del rest[number]
        for act in kept:
            place = next(index for index, (each, _) in enumerate(rest) if each == act)
            tokens.append(rest[place][1])
            del rest[: place + 1]
        self.acts, self.tokens = kept, tokens


MORE: dict[str, dict[str, Block]] = {
    "plain": {},
    "escalations": {"escalation": escalation, "told": told},
    "compensation": {"undoable": undoable, "undone": undone, "transaction": transaction},
}


def drawn_models(kind: str) -> st.SearchStrategy[Model]:
    more = MORE[kind]
    starts = ('<escalationEventDefinition escalationRef="x1"/>', "<escalationEventDefinition/>") if kind == "escalations" else ()
    return st.builds(lambda seed, size: model(seed, size, True, more, starts), st.integers(0, 2**32), st.integers(1, MAX_NODES))


@settings(random_models, max_examples=MODELS)
@(dice(seed()) if MODELS > 200 else lambda test: test)
@given(drawn=st.sampled_from(sorted(MORE)).flatmap(drawn_models), seed=st.integers(0, 2**32))
def test_what_is_left_stands_where_it_stood_had_the_undone_never_been_done(drawn: Model, seed: int) -> None:
    chance = Random(seed)
    story = Story(with_ways_back(drawn), drawn)
    for _ in range(STEPS):
        tasks = [number for number, act in enumerate(story.acts) if act.kind == "user_task"]
        ways = [(wait, way) for wait in story.drive.waits() if wait.kind == "user_task" for way in story.workflow.ways_from(wait.token)]
        # What could be compensated stays so when its task is undone, and what was compensated stays that: from then on they differ.
        if story.drive.done or (story.went_back and UNDO.encode() in drawn.xml):
            break
        try:
            if ways and chance.random() < 0.15:
                wait, way = chance.choice(ways)
                story.return_to(wait, way.visit)
            elif tasks and chance.random() < 0.25:
                story.withdraw(chance.choice(tasks))
            elif not story.go_on(chance):
                break
        except AmbiguousError:
            break
