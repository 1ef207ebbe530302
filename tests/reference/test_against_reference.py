"""Random diagrams, random events: the engine and the reference interpreter make the same visits and wait for the same things.

Each step of the engine is done twice, by an instance kept in memory and by one that is stored and loaded again (`Drive`), so
compaction and codec are compared as well. `make soak`, or `STEWARD_RANDOM_MODELS=5000`, makes a long run, with dice that STEWARD_SEED sets.
"""

import os
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as dice
from hypothesis import strategies as st

from engine.bpmn import lint
from engine.bpmn.parser import read_xml
from engine.bpmn.triggers import Complete, Deliver, Fail, Fire, Outcome, Retry, Trigger, Wait
from engine.bpmn.vocabulary import read_processes
from engine.errors import Conflict
from tests.conformance.drive import MONDAY, Drive
from tests.crash.sizes import seed, size
from tests.reference.canvas import VALUES, VARIABLES
from tests.reference.interpreter import Interpreter, Listener, Token
from tests.reference.models import Model, models

MODELS = int(os.environ.get("STEWARD_RANDOM_MODELS") or size(short=200, full=5_000))
STEPS = 25
diced = dice(seed()) if MODELS > 200 else lambda test: test
random_models = settings(
    max_examples=MODELS,
    deadline=None,
    derandomize=MODELS <= 200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@diced
@random_models
@given(model=models(), seed=st.integers(0, 2**32))
def test_the_engine_plays_the_token_game_like_the_reference(model: Model, seed: int) -> None:
    chance = Random(seed)
    engine, reference = Drive(model.xml, model.variables), Interpreter(model.xml, model.variables)
    compare(engine, reference)
    for _ in range(STEPS):
        waits, failed = reference.waits(), reference.failed()
        if failed and (not waits or chance.random() < 0.3):
            repair(engine, reference, chance.choice(failed))
            continue
        if not waits:
            break
        if act(engine, reference, happening(waits, chance), chance):
            compare(engine, reference)


@diced
@settings(random_models, max_examples=MODELS // 4)
@given(model=models())
def test_lint_finds_no_error_in_a_random_diagram(model: Model) -> None:
    root = read_xml(model.xml, "random.bpmn")
    problems = lint.check(root, read_processes(root, "random.bpmn"), "random.bpmn", lint.Available())
    assert [str(problem) for problem in problems if problem.severity == "error"] == []


def compare(engine: Drive, reference: Interpreter) -> None:
    """The last step made the same visits and led to the same rest."""
    outcome = engine.outcomes[-1]
    assert visits(outcome) == reference.play()
    assert waiting([(wait.activity_id, wait.kind) for wait in engine.waits()]) == waiting([wait[:2] for wait in reference.waits()])
    assert engine.done == reference.is_completed
    assert engine.failed or not reference.is_deadlocked
    assert reference.is_deadlocked or not any(failure.kind == "deadlock" for failure in outcome.failures)
    assert {name: engine.values[name] for name in reference.variables} == reference.variables


def visits(outcome: Outcome) -> Counter[tuple[str, str]]:
    """What happened where: nodes entered, left and cancelled, flows taken, scripts failed, messages and signals thrown."""
    found = Counter((change.event, change.activity_id) for change in outcome.changes)
    found.update(("flow", flow) for change in outcome.changes for flow in change.flows)
    found.update(("failed", failure.activity_id) for failure in outcome.failures if failure.kind != "deadlock")
    found.update(("thrown", thrown.activity_id) for thrown in outcome.messages)
    return found


def waiting(waits: list[tuple[str, str]]) -> Counter[tuple[str, str]]:
    return Counter(waits)


def happening(waits: list[tuple[str, str, Token | Listener]], chance: Random) -> int:
    """Which of the waits ends. Mostly work is done: what interrupts makes for short stories."""
    work = [number for number, (_, _, waiter) in enumerate(waits) if isinstance(waiter, Token)]
    return chance.choice(work) if work and chance.random() < 0.75 else chance.randrange(len(waits))


def repair(engine: Drive, reference: Interpreter, token: Token) -> None:
    """An operator puts the variable right and tries again."""
    rank = [each for each in reference.failed() if each.node is token.node].index(token)
    found = [each for each, activity in engine.failed.items() if activity == token.node.id][rank]
    reference.variables["v0"] = 0
    engine.set(v0=0)
    compare(engine, reference)
    reference.retry(token)
    engine.apply(Retry(found))
    compare(engine, reference)


def act(engine: Drive, reference: Interpreter, chosen: int, chance: Random) -> bool:
    """Let the same thing happen to both: to the n-th of those who wait at the same node for the same. False: both refuse it."""
    waits = reference.waits()
    node, kind, waiter = waits[chosen]
    rank = [wait[:2] for wait in waits[:chosen]].count((node, kind))
    wait = [each for each in engine.waits() if (each.activity_id, each.kind) == (node, kind)][rank]
    if kind in ("job", "call") and chance.random() < 0.3:
        code = chance.choice(["late", "broken"])
        assert isinstance(waiter, Token)
        if reference.fail(waiter, code):
            engine.apply(Fail(wait.token, code))
            return True
    values = {}
    if kind not in ("timer", "call"):
        values = {chance.choice(VARIABLES): chance.choice(VALUES)}
    if reference.refuses(waiter):
        with pytest.raises(Conflict):
            engine.apply(trigger(wait, waiter, values))
        return False
    reference.happen(waiter, values)
    engine.apply(trigger(wait, waiter, values))
    return True


def trigger(wait: Wait, waiter: Token | Listener, values: dict[str, int]) -> Trigger:
    if wait.kind == "timer":
        return Fire(wait.token, wait.details["due_at"])
    if wait.kind in ("message", "signal"):
        return Deliver(wait.token, wait.details["name"], values, MONDAY)
    return Complete(wait.token, values)
