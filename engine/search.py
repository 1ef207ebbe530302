"""Find cases by what people remember of them: two characters of the fault, a house, a name, the end of a number.

Each case has its terms as rows, so that every search is an equality on an index, on both databases alike.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import ColumnElement, Select, bindparam, delete, false, func, insert, select
from sqlalchemy.orm import Session, aliased

from engine.db import core
from engine.prepared import Prepared
from engine.tables import Instance, SearchTerm

FIELD_LENGTH = 500  # characters of a field that are searched: what somebody remembers stands in the first sentences
TERM_LENGTH = 64
COMMON = 100  # cases that share a term
QUERY_TERMS = 12  # more would not narrow it any further
LONG_NUMBER = 7  # digits from which on a number is also known by its last four
_TERM = core(SearchTerm)
_TERMS = Prepared(select(_TERM.c.term).where(_TERM.c.instance_id == bindparam("of_instance")))
_REMOVE = Prepared(delete(_TERM).where(_TERM.c.instance_id == bindparam("of_instance"), _TERM.c.term == bindparam("gone")))
_INSERT = Prepared(insert(_TERM))
_CHINESE = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]+")
_WORD = re.compile(r"[^\W_]+(?:[-_./][^\W_]+)*")
_SEPARATORS = re.compile(r"[-_./]")
_GROUPED_DIGITS = re.compile(r"\+?\d(?:[ -]?\d){9,13}")
_TELEPHONE = re.compile(r"(?:86)?(1\d{10}|0\d{9,11})")


def terms_of(fields: Mapping[str, str]) -> set[str]:
    """Everything by which a case with these fields is found."""
    found: set[str] = set()
    for value in fields.values():
        text = _plain(value)
        for run in _CHINESE.findall(text):
            found.update(run, _pairs(run))
        for word in _words(text):
            found.update(_forms(word))
        for digits in _telephones(text):
            found.update((digits, digits[-4:]))
    return {term for term in found if len(term) <= TERM_LENGTH}


def terms_of_query(text: str) -> list[str]:
    """What a case must have, all of it, to be found by this text; rarest (longest) first. Empty when the text says nothing."""
    plain = _plain(text)
    wanted: set[str] = set()
    for digits in _telephones(plain):
        wanted.add(digits)
    if not wanted:
        wanted.update("-".join(_SEPARATORS.split(word)) for word in _words(plain))
    for run in _CHINESE.findall(plain):
        wanted.update(_pairs(run) if len(run) > 1 else run)
    return sorted(wanted, key=lambda term: (-len(term), term))[:QUERY_TERMS]


def index(session: Session, instance_id: int, site: str, fields: Mapping[str, str]) -> None:
    """Let the case be found by these fields, and no longer by what it had before."""
    terms = terms_of(fields)
    before = {term for (term,) in _TERMS.rows(session, {"of_instance": instance_id})}
    _REMOVE.run_all(session, [{"of_instance": instance_id, "gone": term} for term in sorted(before - terms)])
    _INSERT.run_all(session, [{"site": site, "term": term, "instance_id": instance_id} for term in sorted(terms - before)])


def matching(query: str, sites: Collection[str]) -> Select[int]:
    """The ids of the cases at these sites that have every term of the query, for use as a subquery."""
    terms = terms_of_query(query)
    if not terms:
        return select(SearchTerm.instance_id).where(false())
    # The first, rarest term gives the candidates; each further one is a look into the primary key.
    first = aliased(SearchTerm)
    found = select(first.instance_id).where(first.site.in_(sorted(sites)), first.term == terms[0])
    for term in terms[1:]:
        other = aliased(SearchTerm)
        same = (other.site == first.site, other.term == term, other.instance_id == first.instance_id)
        found = found.where(select(other.instance_id).where(*same).exists())
    return found


def is_common(session: Session, query: str, sites: Collection[str]) -> bool:
    """Whether so many cases have the rarest term of the query that going through all of them takes longer than looking at a list."""
    terms = terms_of_query(query)
    if not terms:
        return False
    some = select(SearchTerm.instance_id).where(SearchTerm.site.in_(sorted(sites)), SearchTerm.term == terms[0]).limit(COMMON)
    return session.scalar(select(func.count()).select_from(some.subquery())) == COMMON


def matches(instance_id: ColumnElement[int], query: str, sites: Collection[str]) -> list[ColumnElement[bool]]:
    """The conditions under which the case of an instance, at these sites, has every term of the query: to look at one after the other."""
    conditions: list[ColumnElement[bool]] = []
    for term in terms_of_query(query):
        one, its = aliased(SearchTerm), aliased(Instance)
        having = select(one.term).join(its, its.root_id == one.instance_id).where(its.id == instance_id)
        conditions.append(having.where(one.site.in_(sorted(sites)), one.term == term).exists())
    return conditions


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()[:FIELD_LENGTH]


def _pairs(run: str) -> Iterator[str]:
    return (run[place : place + 2] for place in range(len(run) - 1))


def _words(text: str) -> list[str]:
    return _WORD.findall(_CHINESE.sub(" ", text))


def _telephones(text: str) -> Iterator[str]:
    """Numbers written in one piece or in groups, without their groups and the country's prefix."""
    for number in _GROUPED_DIGITS.findall(text):
        telephone = _TELEPHONE.fullmatch(re.sub(r"\D", "", number))
        if telephone:
            yield telephone[1]


def _forms(word: str) -> Iterator[str]:
    """A word as it is; a code also without its hyphens and by each of its tails; a long number by its last four digits."""
    parts = _SEPARATORS.split(word)
    for place in range(len(parts)):
        yield "-".join(parts[place:])
    yield "".join(parts)
    if parts[-1].isdigit() and len(parts[-1]) >= LONG_NUMBER:
        yield parts[-1][-4:]
