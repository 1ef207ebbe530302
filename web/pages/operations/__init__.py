"""The register of what a person may do with a task besides doing it: shown on its page under “more”, carried out at one address.

A new operation is an entry in a file of this package, and its name in REGISTER.
"""

from collections.abc import Mapping
from typing import Any

from engine.errors import NotFound
from web.pages.operations.assigning import ASSIGN
from web.pages.operations.entry import Offer, Operation, Situation
from web.pages.operations.helping import CALL_OFF, COPY, DELEGATE, REMIND
from web.pages.operations.ordering import PRIORITIZE, PUT_OFF, TAKE_UP
from web.pages.operations.returning import RETURN
from web.pages.operations.signing import ADD_SIGNER, REMOVE_SIGNER

# In the order in which the page shows them.
REGISTER: tuple[Operation, ...] = (
    CALL_OFF,
    RETURN,
    ASSIGN,
    DELEGATE,
    ADD_SIGNER,
    REMOVE_SIGNER,
    REMIND,
    COPY,
    PUT_OFF,
    TAKE_UP,
    PRIORITIZE,
)


def offers(
    situation: Situation, refused: str | None = None, typed: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> list[Offer]:
    """What the person may do with the task now; `refused` names the operation whose form was sent back, with what was typed."""
    found = [Offer(one, one.fields(situation)) for one in REGISTER if one.offered(situation)]
    return [Offer(one.operation, one.fields, typed or {}, errors or {}) if one.operation.name == refused else one for one in found]


def find(name: str) -> Operation:
    """The operation of that name; raises NotFound."""
    for operation in REGISTER:
        if operation.name == name:
            return operation
    raise NotFound(f"Expected an operation on tasks, but there is none called {name!r}")
