"""Houses and who lives in them: found by house, name or telephone, and masked for whoever needs no number."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from engine import history, rights
from engine.actors import Actor
from engine.errors import NotFound
from engine.tables import House, Resident
from engine.task_work import checked_reason

KINDS = ("owner", "tenant", "family")
SHOWN = 20  # houses of one search


@dataclass(frozen=True)
class Dweller:
    """A resident as the asking person may see them."""

    id: int
    name: str
    telephone: str
    kind: str
    is_masked: bool


@dataclass(frozen=True)
class Household:
    """A house with its residents."""

    id: int
    site: str
    code: str
    address: str
    area: float | None
    residents: tuple[Dweller, ...]


def masked(telephone: str) -> str:
    """138****1234: enough to recognise a number that one knows, not enough to call it."""
    if len(telephone) < 8:
        return "*" * len(telephone)
    return f"{telephone[:-8]}****{telephone[-4:]}"


def masked_name(name: str) -> str:
    """The surname's first character, and a star for the rest."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def normal_telephone(text: str) -> str:
    """A number as it is kept: digits only, without the country's prefix."""
    digits = re.sub(r"[\s()+-]", "", unicodedata.normalize("NFKC", text))
    return digits[2:] if re.fullmatch(r"861\d{10}", digits) else digits


def house(session: Session, site: str, code: str, actor: Actor) -> Household:
    """The house of that code; raise NotFound when the site has none."""
    rights.require_site(actor, site)
    row = session.scalar(select(House).where(House.site == site, func.upper(House.code) == _code(code)))
    if row is None:
        raise NotFound(f"Expected a house {code!r} at {site}, but there is none")
    (household,) = _households(session, [row], actor)
    return household


def find(session: Session, site: str, query: str, actor: Actor, limit: int = SHOWN) -> list[Household]:
    """Houses whose code begins with the query, or where somebody has this name or telephone (whole, or its last four digits)."""
    rights.require_site(actor, site)
    wanted = unicodedata.normalize("NFKC", query).strip()
    if not wanted:
        return []
    conditions: list[ColumnElement[bool]] = [func.upper(House.code).startswith(_code(wanted), autoescape=True)]
    people = _people(wanted)
    if people is not None:
        conditions.append(House.id.in_(select(Resident.house_id).where(Resident.site == site, people)))
    rows = session.scalars(select(House).where(House.site == site, or_(*conditions))).all()
    first = sorted(rows, key=lambda row: (row.code.upper() != _code(wanted), _natural(row.code)))
    return _households(session, first[:limit], actor)


def unmask(session: Session, resident_id: int, reason: str, actor: Actor, now: datetime) -> Dweller:
    """The resident in the open; the site's history tells each time for whom it was opened, and why."""
    row = session.get(Resident, resident_id)
    if row is None or not rights.may_see_site(actor, row.site):
        raise NotFound(f"Expected a resident {resident_id}, but there is none")
    rights.require(rights.may_unmask(actor, row.site), "see residents' numbers")
    why = checked_reason(reason)
    code = session.scalar(select(House.code).where(House.id == row.house_id))
    history.append_site(session, row.site, "resident.unmasked", actor, now, {"resident": row.id, "house": code, "reason": why})
    return Dweller(row.id, row.name, row.telephone, row.kind, is_masked=False)


def _people(wanted: str) -> ColumnElement[bool] | None:
    digits = normal_telephone(wanted)
    if digits.isdigit():
        if len(digits) == 4:
            return Resident.telephone.endswith(digits)
        return Resident.telephone == digits if len(digits) >= 5 else None
    return Resident.name.contains(wanted, autoescape=True)


def _households(session: Session, houses: Iterable[House], actor: Actor) -> list[Household]:
    rows = {row.id: row for row in houses}
    living: dict[int, list[Dweller]] = {}
    query = select(Resident).where(Resident.house_id.in_(rows)).order_by(Resident.id)
    for resident in session.scalars(query):
        living.setdefault(resident.house_id, []).append(_dweller(resident, actor))
    return [Household(row.id, row.site, row.code, row.address, row.area, tuple(living.get(row.id, ()))) for row in rows.values()]


def _dweller(row: Resident, actor: Actor) -> Dweller:
    if rights.may_see_telephone(actor, row.site):
        return Dweller(row.id, row.name, row.telephone, row.kind, is_masked=False)
    return Dweller(row.id, masked_name(row.name), masked(row.telephone), row.kind, is_masked=True)


def _code(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def _natural(code: str) -> list[tuple[int, str]]:
    """A-2 before A-12."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", code)]
