"""Prepared statements: the driver's speed, with the columns' types and SQLAlchemy's errors."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.db import core
from engine.prepared import Prepared, detached
from engine.tables import Job, KpiPoint, Site, SiteVariable
from tests.factories import ONE_TASK, Company

SITES = core(Site)
MOMENT = datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC)
INSERT = Prepared(insert(SITES))
FIND = Prepared(select(SITES).where(SITES.c.code == bindparam("wanted")))


def row(code: str) -> dict[str, object]:
    return {"code": code, "name": "半山", "zone": "Asia/Shanghai", "created_at": MOMENT}


def test_values_go_in_and_come_out_as_the_columns_have_them(company: Company) -> None:
    with company.database.transaction() as session:
        INSERT.run(session, row("T1"))
    with company.database.transaction() as session:
        [found] = FIND.rows(session, {"wanted": "T1"})
    site = detached(Site, SITES.c.keys(), found)
    assert (site.code, site.name, site.created_at) == ("T1", "半山", MOMENT)


def test_json_and_zones_pass_through_their_types(company: Company) -> None:
    variables = core(SiteVariable)
    with company.database.transaction() as session:
        Prepared(insert(variables)).run_all(session, [{"site": "S1", "name": "limits", "value": {"日": [1, None]}}])
    with company.database.read() as session:
        found = Prepared(select(variables.c.value).where(variables.c.name == bindparam("wanted"))).rows(session, {"wanted": "limits"})
    assert found == [({"日": [1, None]},)]


def test_what_the_database_refuses_is_the_error_of_the_library(company: Company) -> None:
    with pytest.raises(IntegrityError), company.database.transaction() as session:
        INSERT.run(session, row("S1"))
    with company.database.transaction() as session:
        INSERT.run(session, row("T2"))  # and the connection goes on
    with company.database.read() as session:
        assert session.get(Site, "T2") is not None


def test_what_is_read_in_a_transaction_sees_what_it_wrote(company: Company) -> None:
    with company.database.transaction() as session:
        INSERT.run(session, row("T1"))
        assert len(FIND.rows(session, {"wanted": "T1"})) == 1


def test_an_update_tells_how_many_rows_it_met(company: Company) -> None:
    renaming = Prepared(update(SITES).where(SITES.c.code == bindparam("wanted")).values(name=bindparam("name")))
    with company.database.transaction() as session:
        assert renaming.run(session, {"wanted": "S1", "name": "新名"}) == 1
        assert renaming.run(session, {"wanted": "S9", "name": "新名"}) == 0


def test_an_insert_returns_what_the_database_has_given_out(company: Company) -> None:
    company.deploy(ONE_TASK)
    points = core(KpiPoint)
    adding = Prepared(insert(points).returning(points.c.id))
    point = {"site": "S1", "instance_id": company.start(), "clock": "answer", "code": "B09", "at": MOMENT}
    with company.database.transaction() as session:
        first, second = (adding.run_returning(session, point)[0] for _ in range(2))
    assert first < second


def test_an_insert_that_leaves_out_a_column_with_a_default_is_refused(company: Company) -> None:
    adding = Prepared(insert(core(Job)))
    with pytest.raises(TypeError, match="default"), company.database.transaction() as session:
        adding.run(session, {"instance_id": 1, "site": "S1"})
