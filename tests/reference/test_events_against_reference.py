"""Random diagrams with escalations, conditions, compensation and transactions: the engine and the reference play them alike."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import lint
from engine.bpmn.parser import read_xml
from engine.bpmn.vocabulary import read_processes
from tests.conformance.drive import Drive
from tests.reference.canvas import VALUES, VARIABLES
from tests.reference.interpreter_of_events import InterpreterOfEvents
from tests.reference.models import Model
from tests.reference.models_of_events import models_of_events
from tests.reference.test_against_reference import MODELS, STEPS, act, compare, diced, happening, random_models, repair


@diced
@settings(random_models, max_examples=MODELS // 2)
@given(model=models_of_events(), seed=st.integers(0, 2**32))
def test_the_engine_plays_events_like_the_reference(model: Model, seed: int) -> None:
    chance = Random(seed)
    engine, reference = Drive(model.xml, model.variables), InterpreterOfEvents(model.xml, model.variables)
    compare(engine, reference)
    for _ in range(STEPS):
        waits, failed = reference.waits(), reference.failed()
        happens = [number for number, (_, kind, _) in enumerate(waits) if kind != "condition"]
        if failed and (not happens or chance.random() < 0.3):
            repair(engine, reference, chance.choice(failed))
        elif waits and (not happens or chance.random() < 0.2):
            change(engine, reference, chance)
        elif happens:
            if act(engine, reference, happens[happening([waits[number] for number in happens], chance)], chance):
                compare(engine, reference)
        else:
            break


def change(engine: Drive, reference: InterpreterOfEvents, chance: Random) -> None:
    """Somebody writes a variable: conditions may become true, or false again."""
    values = {chance.choice(VARIABLES): chance.choice(VALUES)}
    reference.variables |= values
    engine.set(**values)
    compare(engine, reference)


@diced
@settings(random_models, max_examples=MODELS // 8)
@given(model=models_of_events())
def test_lint_finds_no_error_in_a_random_diagram_of_events(model: Model) -> None:
    root = read_xml(model.xml, "random.bpmn")
    problems = lint.check(root, read_processes(root, "random.bpmn"), "random.bpmn", lint.Available())
    assert [str(problem) for problem in problems if problem.severity == "error"] == []
