"""Houses and residents from a CSV file: all of it, or nothing and a list of every problem by line."""

import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, rights
from engine.actors import Actor
from engine.errors import Invalid
from engine.residents import KINDS, normal_telephone
from engine.tables import House, Resident, Site

MAX_ROWS = 50_000
MAX_PROBLEMS = 200  # named; more are only counted
_COLUMNS = {
    "site": ("site", "小区", "项目", "管理处"),
    "house": ("house", "房号", "房屋", "房间", "门牌"),
    "address": ("address", "地址"),
    "area": ("area", "面积", "建筑面积"),
    "name": ("name", "姓名", "业主", "住户"),
    "telephone": ("telephone", "phone", "电话", "手机", "联系电话"),
    "kind": ("kind", "类型", "身份", "关系"),
}
_KINDS = {
    "owner": ("owner", "业主", "产权人"),
    "tenant": ("tenant", "租户", "租客", "承租人"),
    "family": ("family", "家属", "家人", "家庭成员"),
}  # fmt: skip
_LENGTHS = {"house": 40, "address": 200, "name": 100}


@dataclass(frozen=True)
class Report:
    """What an import did."""

    houses_added: int
    houses_changed: int
    residents_added: int
    residents_changed: int
    unchanged: int  # lines that said what was known already


@dataclass
class _Line:
    number: int
    site: str
    house: str
    address: str
    area: float | None
    name: str
    telephone: str
    kind: str  # empty when the file does not say


@dataclass
class _Reading:
    """The lines of a file and what is wrong with them."""

    lines: list[_Line] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, line: int, problem: str) -> None:
        self.problems.append((line, problem))


def decode(content: bytes) -> str:
    """The text of a file as spreadsheets save it: UTF-8 with or without its mark, UTF-16 with its mark, or GBK."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("Expected a text file in UTF-8 or GBK, but it is neither", {"file": "Expected UTF-8 or GBK, but it is neither"})


def import_csv(session: Session, text: str, site: str | None, actor: Actor, now: datetime) -> Report:
    """Add and change houses and residents; nobody is removed. `site` stands where a line names none.

    A house is known by its code, a resident by house and name. Raises Invalid with every problem by line, and then nothing stays.
    """
    reading = _read(text, site)
    _check_sites(session, reading, actor)
    _check_against_each_other(reading)
    if reading.problems:
        raise _refusal(reading)
    done: Counter[str] = Counter()
    for code in sorted({line.site for line in reading.lines}):
        counts = _store(session, code, [line for line in reading.lines if line.site == code])
        history.append_site(session, code, "directory.imported", actor, now, dict(counts))
        done += counts
    return Report(**{name: done[name] for name in Report.__dataclass_fields__})


# Reading


def _read(text: str, site: str | None) -> _Reading:
    reading = _Reading()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    header = next(rows, [])
    places = _places(header, reading)
    if reading.problems:
        return reading
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                _read_row(reading, rows.line_num, {name: _cell(row, place) for name, place in places.items()}, site)
            if len(reading.lines) > MAX_ROWS:
                reading.refuse(rows.line_num, f"Expected at most {MAX_ROWS} lines, but there are more")
                break
    except csv.Error as error:
        reading.refuse(rows.line_num, f"Expected comma-separated values, but {error}")
    if not reading.lines and not reading.problems:
        reading.refuse(1, "Expected at least one line below the header, but there is none")
    return reading


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _places(header: list[str], reading: _Reading) -> dict[str, int]:
    names = {alias: name for name, aliases in _COLUMNS.items() for alias in aliases}
    places: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = names.get(_plain(cell).lower())
        if name is None and cell.strip():
            reading.refuse(1, f"Expected one of the columns {', '.join(_COLUMNS)}, but {cell.strip()!r} is none")
        elif name in places:
            reading.refuse(1, f"Expected the column {name} once, but it is there twice")
        elif name is not None:
            places[name] = place
    if "house" not in places:
        reading.refuse(1, "Expected a column house (房号), but there is none")
    return places


def _read_row(reading: _Reading, number: int, cells: dict[str, str], site: str | None) -> None:
    before = len(reading.problems)
    line = _Line(
        number=number,
        site=cells.get("site", "").upper() or site or "",
        house=cells.get("house", "").upper(),
        address=cells.get("address", ""),
        area=_area(reading, number, cells.get("area", "")),
        name=cells.get("name", ""),
        telephone=_telephone(reading, number, cells.get("telephone", "")),
        kind=_kind(reading, number, cells.get("kind", "")),
    )
    if not line.site:
        reading.refuse(number, "site: Expected a site, but there is none, neither here nor as the default")
    if not line.house:
        reading.refuse(number, "house: Expected a house, but it is empty")
    if line.telephone and not line.name:
        reading.refuse(number, "name: Expected whose telephone this is, but it is empty")
    if line.name and not line.telephone and len(reading.problems) == before:
        reading.refuse(number, f"telephone: Expected the telephone of {line.name}, but it is empty")
    for name, longest in _LENGTHS.items():
        if len(cells.get(name, "")) > longest:
            reading.refuse(number, f"{name}: Expected at most {longest} characters, but there are {len(cells[name])}")
    if len(reading.problems) == before:
        reading.lines.append(line)


def _area(reading: _Reading, number: int, text: str) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text):
        reading.refuse(number, f"area: Expected square metres, but it is {text!r}")
        return None
    return float(text)


def _telephone(reading: _Reading, number: int, text: str) -> str:
    telephone = normal_telephone(text)
    if re.fullmatch(r"[\d.]+E\d+", telephone.upper()):
        reading.refuse(number, f"telephone: Expected digits, but {text!r} is how a spreadsheet shortens a number: make the column text")
    elif telephone and not re.fullmatch(r"\d{5,20}", telephone):
        reading.refuse(number, f"telephone: Expected 5 to 20 digits, but it is {text!r}")
    return telephone


def _kind(reading: _Reading, number: int, text: str) -> str:
    for kind, words in _KINDS.items():
        if text.lower() in words:
            return kind
    if text:
        reading.refuse(number, f"kind: Expected one of {', '.join(KINDS)} (业主, 租户, 家属), but it is {text!r}")
    return ""


def _cell(row: list[str], place: int) -> str:
    return _plain(row[place]) if place < len(row) else ""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


# Checking


def _check_sites(session: Session, reading: _Reading, actor: Actor) -> None:
    known = {code for code in session.scalars(select(Site.code)) if rights.may_see_site(actor, code)}
    for line in reading.lines:
        if line.site not in known:
            reading.refuse(line.number, f"site: Expected one of your sites, but {line.site!r} is none")
    for code in sorted({line.site for line in reading.lines} & known):
        rights.require(rights.may_administer(actor, code), f"change the houses of {code}")


def _check_against_each_other(reading: _Reading) -> None:
    said: dict[tuple[str, str, str], tuple[object, int]] = {}
    people: dict[tuple[str, str, str], int] = {}
    for line in reading.lines:
        for name, value in (("address", line.address or None), ("area", line.area)):
            first, number = said.setdefault((line.site, line.house, name), (value, line.number)) if value is not None else (None, 0)
            if first != value:
                reading.refuse(line.number, f"{name}: Expected the same {name} as in line {number}, but it is another")
        if line.name and (other := people.setdefault((line.site, line.house, line.name), line.number)) != line.number:
            reading.refuse(line.number, f"name: Expected {line.name} once in {line.house}, but line {other} has the same")


def _refusal(reading: _Reading) -> Invalid:
    problems = sorted(reading.problems)
    fields: dict[str, str] = {}
    for line, problem in problems[:MAX_PROBLEMS]:
        key = f"line {line}"
        fields[key] = f"{fields[key]}; {problem}" if key in fields else problem
    line, problem = problems[0]
    return Invalid(
        f"Expected a file that can be imported, but it has {len(problems)} problem(s); the first: line {line}: {problem}", fields
    )


# Storing


def _store(session: Session, site: str, lines: list[_Line]) -> Counter[str]:
    done: Counter[str] = Counter()
    changed: set[int] = set()
    houses = {row.code.upper(): row for row in session.scalars(select(House).where(House.site == site))}
    for line in lines:
        _count(done, changed, line, "houses", _store_house(session, houses, line))
    session.flush()
    people = {(row.house_id, row.name): row for row in session.scalars(select(Resident).where(Resident.site == site))}
    for line in lines:
        if line.name:
            _count(done, changed, line, "residents", _store_resident(session, houses[line.house].id, people, line))
    session.flush()
    done["unchanged"] = len(lines) - len(changed)
    return done


def _count(done: Counter[str], changed: set[int], line: _Line, what: str, outcome: str | None) -> None:
    if outcome is not None:
        done[f"{what}_{outcome}"] += 1
        changed.add(line.number)


def _store_house(session: Session, houses: dict[str, House], line: _Line) -> str | None:
    row = houses.get(line.house)
    if row is None:
        row = houses[line.house] = House(site=line.site, code=line.house, address=line.address, area=line.area)
        session.add(row)
        return "added"
    address, area = line.address or row.address, row.area if line.area is None else line.area
    if (address, area) == (row.address, row.area):
        return None
    row.address, row.area = address, area
    return "changed"


def _store_resident(session: Session, house_id: int, people: dict[tuple[int, str], Resident], line: _Line) -> str | None:
    row = people.get((house_id, line.name))
    if row is None:
        session.add(Resident(site=line.site, house_id=house_id, name=line.name, telephone=line.telephone, kind=line.kind or KINDS[0]))
        return "added"
    kind = line.kind or row.kind
    if (line.telephone, kind) == (row.telephone, row.kind):
        return None
    row.telephone, row.kind = line.telephone, kind
    return "changed"
