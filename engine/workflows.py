"""Decoded workflows kept in memory: taken out for a command, and back only after its commit."""

import threading
from collections import OrderedDict

from engine.bpmn.workflow import Workflow

KEPT = 512


class WorkflowCache:
    """The last-used workflows by instance and number of moves: one that was moved elsewhere is never found."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._kept: OrderedDict[int, tuple[int, Workflow]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, instance_id: int, moves: int) -> Workflow | None:
        """The workflow as it stood after so many moves, now the caller's alone; None when it is not here."""
        with self._lock:
            known_moves, workflow = self._kept.pop(instance_id, (None, None))
        return workflow if known_moves == moves else None

    def give_back(self, instance_id: int, moves: int, workflow: Workflow) -> None:
        with self._lock:
            self._kept[instance_id] = (moves, workflow)
            self._kept.move_to_end(instance_id)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
