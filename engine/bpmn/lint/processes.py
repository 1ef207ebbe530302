"""A file must hold something to execute, under keys that can be used in addresses and commands."""

import re
from collections.abc import Iterator
from typing import Final

from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.vocabulary import children, executable_processes
from engine.errors import Problem

RULE: Final = "process"
KEY: Final = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
MAX_KEY: Final = 100
QUESTION: Final = (
    "shall it run? Then deploy it with --executable (over the API: executable=true), or tick 'Executable' in the editor. "
    "Is the pool only there to be looked at? Then draw it collapsed"
)


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: <process id="repair" isExecutable="true">. Bad: isExecutable="false", no process at all, id="9 repairs"."""
    executable = executable_processes(diagram.root)
    drawn = [process for process in children(diagram.root, "process") if process.get("isExecutable") == "false"]
    for process in drawn if not executable else []:
        yield diagram.problem(process, RULE, f'Expected an executable process, but it says isExecutable="false": {QUESTION}')
    if not executable and not drawn:
        yield diagram.problem(diagram.root, RULE, "Expected an executable process with flow nodes, but the file has none")
    for process in executable:
        key = process.get("id") or ""
        if not KEY.fullmatch(key) or len(key) > MAX_KEY:
            message = f"Expected a process id of letters, digits, '_' and '-', at most {MAX_KEY} long and not beginning with a digit"
            yield diagram.problem(process, RULE, f"{message}, but it is '{key[:MAX_KEY]}'")
