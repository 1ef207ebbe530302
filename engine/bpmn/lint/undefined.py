"""What is read must be set by something: a form, a script, a decision, a mapping."""

from collections.abc import Iterator, Set
from difflib import SequenceMatcher
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.lint.variables import KNOWN, Variables
from engine.bpmn.vocabulary import executable_processes
from engine.errors import Problem

UNDEFINED: Final = "undefined-variable"
NEVER_SET: Final = "never-set"
SEARCHABLE: Final = "steward:searchable"
ALIKE: Final = 0.85
SHORTEST: Final = 5  # names that are shorter are alike by chance


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: a condition about a field of the start form. Bad: one about 'pirce', where the form says 'price'; a read-only field that
    nothing fills. Where a message, a worker or the API may bring variables of any name, only what looks misspelt is named."""
    for process in executable_processes(diagram.root):
        variables = Variables.of(diagram, process)
        yield from _undefined(diagram, variables)
        if not variables.is_open:
            for node, key in variables.shown:
                if key not in variables.defined:
                    message = f"Expected something that fills the read-only field '{key[:60]}', but no form, script or mapping sets it"
                    yield diagram.warning(node.element, NEVER_SET, message)


def _undefined(diagram: Diagram, variables: Variables) -> Iterator[Problem]:
    known = variables.defined | {key for _, key in variables.shown} | KNOWN
    said: set[str] = set()
    reads = [(read.element, read.what, name) for read in variables.reads for name in sorted(read.names)]
    reads += [(element, SEARCHABLE, name) for element, name in variables.searchable]
    for element, what, name in reads:
        meant = _alike(name, known)
        may_be_brought = variables.is_open or what == SEARCHABLE  # which does no harm where there is no such variable
        if name in known or name in said or (may_be_brought and meant is None):
            continue
        said.add(name)
        asked = f". Is '{meant}' meant?" if meant else ""
        message = f"Expected something that sets '{name[:60]}', which {what} reads, but nothing does{asked}"
        yield diagram.warning(element, UNDEFINED, message)


def _alike(name: str, known: Set[str]) -> str | None:
    """The known name of which this one is most likely a misspelling. Names that differ by a figure or an s are others."""
    if len(name) < SHORTEST:
        return None
    for other in sorted(known):
        if len(other) < SHORTEST or _bare(other) == _bare(name) or abs(len(other) - len(name)) > 1:
            continue
        if _swapped(name, other):
            return other
        if SequenceMatcher(None, name, other).ratio() >= ALIKE and (sorted(name) == sorted(other) or _one_apart(name, other)):
            return other
    return None


def _bare(name: str) -> str:
    return name.rstrip("0123456789").rstrip("s").rstrip("_")


def _one_apart(name: str, other: str) -> bool:
    """Whether one letter was changed, left out or added."""
    shorter, longer = sorted((name, other), key=len)
    begins = next((place for place, pair in enumerate(zip(shorter, longer, strict=False)) if pair[0] != pair[1]), len(shorter))
    skip = len(shorter) == len(longer)
    return shorter[begins + skip :] == longer[begins + 1 :]


def _swapped(name: str, other: str) -> bool:
    """Whether two neighbouring letters have changed places, which is no other word even in a short one."""
    apart = [place for place, pair in enumerate(zip(name, other, strict=False)) if pair[0] != pair[1]]
    return len(name) == len(other) and len(apart) == 2 and apart[1] == apart[0] + 1 and sorted(name) == sorted(other)
