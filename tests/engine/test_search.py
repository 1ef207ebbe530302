"""Cases are found by index, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from engine import search
from engine.db import Database
from engine.tables import SearchTerm

CASES = 300


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Leaks and power cuts in turn, at two sites; each case has its own number and house."""
    database = Database(database_url)
    with database.transaction() as session:
        rows = []
        for case in range(1, CASES + 1):
            fields = {"number": f"WX-S1-202611-{case:04}", "house": f"A-{case}", "content": "厨房漏水" if case % 2 else "卧室停电"}
            site = "S1" if case % 3 else "S2"
            rows += [{"site": site, "term": term, "instance_id": case} for term in search.terms_of(fields)]
        session.execute(insert(SearchTerm), rows)
    yield database
    database.dispose()


def found(session: Session, query: str, *sites: str) -> list[int]:
    return sorted(session.scalars(search.matching(query, sites)))


def test_a_two_character_word_finds_the_cases_of_the_asked_sites_only(database: Database) -> None:
    with database.read() as session:
        assert found(session, "漏水", "S1") == [case for case in range(1, CASES + 1) if case % 2 and case % 3]
        assert found(session, "漏水", "S1", "S2") == [case for case in range(1, CASES + 1) if case % 2]
        assert found(session, "漏水") == []


def test_every_term_must_be_there(database: Database) -> None:
    with database.read() as session:
        assert found(session, "漏水 A-7", "S1", "S2") == [7]
        assert found(session, "停电 A-7", "S1", "S2") == []
        assert found(session, "0008", "S1", "S2") == [8]


def test_a_query_that_says_nothing_finds_nothing(database: Database) -> None:
    with database.read() as session:
        assert found(session, "。。", "S1") == []


def test_indexing_again_replaces_what_was_there(database: Database) -> None:
    with database.transaction() as session:
        search.index(session, 7, "S1", {"house": "B-7", "content": "厨房停电"})
        assert found(session, "漏水 A-7", "S1") == []
        assert found(session, "停电 B-7", "S1") == [7]
        count = session.scalar(select(func.count()).where(SearchTerm.instance_id == 7))
        search.index(session, 7, "S1", {"house": "B-7", "content": "厨房停电"})
        assert session.scalar(select(func.count()).where(SearchTerm.instance_id == 7)) == count


def test_a_search_reads_the_primary_key_and_never_the_whole_table(database: Database) -> None:
    with database.transaction() as session:
        query = search.matching("漏水 A-7", ["S1", "S2"]).compile(session.connection(), compile_kwargs={"literal_binds": True})
        if database.is_sqlite:
            plan = "\n".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
            assert "SCAN" not in plan
            assert plan.count("USING COVERING INDEX sqlite_autoindex_search_term_1") == 2
            assert "(site=? AND term=?)" in plan
        else:
            session.execute(text("SET LOCAL enable_seqscan = off"))  # so small a table would be read whole
            plan = "\n".join(session.scalars(text(f"EXPLAIN {query}")))
            assert plan.count("pk_search_term") == 2
            assert "Seq Scan" not in plan
