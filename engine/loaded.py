"""What is stored of a definition: read for its words, compiled to run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from engine.bpmn import decisions, executable, parser, vocabulary
from engine.bpmn.clock_rules import Rule, rules_of
from engine.bpmn.model import Process
from engine.errors import NotRunnable
from engine.forms import Form, compile_form
from engine.tables import Definition, DefinitionResource


@dataclass(frozen=True)
class Described:
    """What a page needs of a definition: its words and its forms. Of one that cannot be read, nothing but its key."""

    id: int
    key: str
    version: int
    process: Process
    forms: Mapping[str, Form]

    @property
    def is_known(self) -> bool:
        return bool(self.process.activities)


@dataclass(frozen=True)
class Loaded(Described):
    """A definition ready to run: compiled, with its forms, its decisions and its clocks."""

    executable: executable.Executable
    clocks: Sequence[Rule]


def unknown(definition_id: int, key: str, version: int) -> Described:
    """What there is to say of a definition that cannot be read."""
    return Described(definition_id, key, version, Process(key, key, None, None, (), (), {}, {}, {}, {}), {})


def described(definition: Definition, files: Sequence[DefinitionResource]) -> Described:
    """Its process and its forms; raises NotRunnable when they cannot be read."""
    with _runnable(definition.key, definition.version):
        diagram = next(file for file in files if file.kind == "bpmn")
        root, _ = vocabulary.read_bpmn(diagram.content, diagram.name, executable=True)  # it was deployed: the question has been answered
        process = next(process for process in vocabulary.read_processes(root, diagram.name) if process.key == definition.key)
        forms = {PurePosixPath(file.name).stem: compile_form(file.content, file.name) for file in files if file.kind == "form"}
        return Described(definition.id, definition.key, definition.version, process, forms)


def compiled(found: Described, files: Sequence[DefinitionResource]) -> Loaded:
    """The same with its diagram and its decisions compiled; raises NotRunnable when they cannot be."""
    with _runnable(found.key, found.version):
        usable: dict[str, decisions.Decision] = {}
        for file in files:
            if file.kind == "dmn":
                usable |= decisions.compile_decisions(parser.read_xml(file.content, file.name), file.name)
        # As it was normalised when it was deployed: a later release may normalise otherwise, and running instances must not notice.
        normalised = next(file for file in files if file.kind == "normalised")
        diagram = executable.compile_stored(parser.read_xml(normalised.content, normalised.name), found.process, usable)
        return Loaded(found.id, found.key, found.version, found.process, found.forms, diagram, rules_of(found.process))


@contextmanager
def _runnable(key: str, version: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever is wrong with a stored definition is wrong with its instances, not with the program
        reason = f"{type(error).__name__}: {error}"
        raise NotRunnable(f"Expected a definition that can be run, but {key} {version} cannot: {reason}") from error
