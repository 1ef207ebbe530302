"""Which site is meant when none is named."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.actors import Actor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def codes(session: "Session", actor: Actor) -> list[str]:
    """The actor's sites; all of them for the operator."""
    from sqlalchemy import select

    from engine.tables import Site

    return list(session.scalars(select(Site.code).order_by(Site.code))) if actor.is_system else sorted(actor.sites)


def only(known: Sequence[str]) -> str:
    """The one site that there is; wrong usage when there are more."""
    if len(known) != 1:
        raise click.UsageError(f"Expected --site, but it was left out and there are {len(known)} sites")
    return known[0]
