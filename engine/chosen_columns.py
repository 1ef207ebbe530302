"""Which business fields of a process a person has chosen to see in their lists."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import Forbidden, Invalid
from engine.tables import ChosenColumns

MOST, MAX_NAME = 20, 255


def of(session: Session, key: str, actor: Actor) -> list[str] | None:
    """The chosen fields in their order; None when the person has not chosen."""
    row = session.get(ChosenColumns, (actor.login or "", key))
    return None if row is None else list(row.names)


def choose(session: Session, key: str, names: Sequence[str], actor: Actor) -> None:
    """Show these fields from now on, in this order; none at all is a choice too."""
    if actor.login is None:
        raise Forbidden("Expected a person, but nobody is named")
    if len(names) > MOST or any(not 0 < len(name) <= MAX_NAME for name in (key, *names)):
        raise Invalid(f"Expected at most {MOST} fields of a process, but these are others", {"columns": f"最多选 {MOST} 列"})
    session.merge(ChosenColumns(login=actor.login, key=key, names=list(dict.fromkeys(names))))
