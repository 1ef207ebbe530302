"""Takes finished tokens out of the tree, so that an instance holds only where it stands now and a loop may turn for ever."""

from typing import Any


def splice(token: Any) -> None:
    """Remove a finished or cancelled token.

    Nothing can still ask about it: joins count arrivals on their flows, a multi-instance body counts its items, and what was
    thrown or changed has been noted. What came after it hangs on the same owner already.
    """
    owner = token.owner
    if token.phase == "arrived":
        token.task_spec.withdraw(token)
    token.workflow.touch(token)
    token.workflow.tasks.pop(token.id, None)
    if owner is not None:
        owner._children.pop(token.id, None)
        owner.listeners.pop(token.id, None)
