"""What people are called on the pages: staff by their names, residents who acted by a personal link as such."""

from collections.abc import Collection

from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import identity
from engine.actors import LINK


def names_of(session: Session, logins: Collection[str]) -> dict[str, str]:
    """The names behind these logins; unknown ones are left out."""
    return identity.names_of(session, logins) | {login: by_link(login) for login in logins if login.startswith(f"{LINK}:")}


def by_link(login: str) -> str:
    """A resident, named by the link by which they acted."""
    return gettext("住户（链接 %(number)s）", number=login.partition(":")[2])
