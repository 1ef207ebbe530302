"""Sites: who adds them, who sees them, and what they set for themselves."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from engine import history, sites
from engine.db import Database
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.tables import SiteVariable
from tests.people import ANNA, EMMA, HUA, OPERATOR, START


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.transaction() as session:
        for code in ("S1", "S2"):
            sites.add(session, code, f"小区{code}", OPERATOR, START)
    yield database
    database.dispose()


def test_the_operator_adds_sites_and_their_people_do_not(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(Forbidden):
            sites.add(session, "S3", "滨江", EMMA, START)
        with pytest.raises(Conflict):
            sites.add(session, "S1", "又一个", OPERATOR, START)
        with pytest.raises(Invalid) as refusal:
            sites.add(session, "s-3", " ", OPERATOR, START, zone="Mars/Olympus")
        assert set(refusal.value.fields) == {"code", "name", "zone"}
        assert [line.type for line in history.lines(session, history.site_chain("S1"))] == ["site.added"]


def test_people_see_the_sites_at_which_they_hold_a_post(database: Database) -> None:
    with database.read() as session:
        assert [site.code for site in sites.of(session, HUA)] == ["S2"]
        assert [site.code for site in sites.of(session, OPERATOR)] == ["S1", "S2"]
        assert sites.get(session, "S1", ANNA).name == "小区S1"
        for code in ("S2", "S9"):
            with pytest.raises(NotFound):
                sites.get(session, code, ANNA)


def test_a_site_sets_its_figures_and_goes_back_to_the_default(database: Database) -> None:
    with database.transaction() as session:
        sites.set_variable(session, "S1", "repair_take_limit", "PT7M", EMMA, START)
    with database.transaction() as session:
        assert sites.facts(session, "S1").variables == {"repair_take_limit": "PT7M"}
        assert sites.facts(session, "S2").variables == {}
        sites.set_variable(session, "S1", "repair_take_limit", None, EMMA, START)
    with database.read() as session:
        assert sites.facts(session, "S1").variables == {}
        said = [line.data for line in history.lines(session, history.site_chain("S1"))][1:]
    assert said == [
        {"name": "repair_take_limit", "before": None, "after": "PT7M"},
        {"name": "repair_take_limit", "before": "PT7M", "after": None},
    ]


def test_a_figure_that_was_set_and_undone_was_never_there(database: Database) -> None:
    def limit() -> object:
        with database.read() as session:
            return sites.facts(session, "S1").variables.get("repair_take_limit")

    with pytest.raises(OSError, match="undone"), database.transaction() as session:
        sites.set_variable(session, "S1", "repair_take_limit", "PT7M", EMMA, START)
        assert sites.facts(session, "S1").variables["repair_take_limit"] == "PT7M"
        raise OSError("undone")
    assert limit() is None
    with database.transaction() as session:
        sites.set_variable(session, "S1", "repair_take_limit", "PT9M", EMMA, START)
    assert limit() == "PT9M"


def test_what_was_read_before_a_change_is_not_kept_after_it(database: Database) -> None:
    with database.read() as early:
        before = sites.facts(early, "S1")
        with database.engine.connect() as connection:  # somebody else, in the meantime: on SQLite a thread is in one transaction only
            connection.execute(insert(SiteVariable).values(site="S1", name="limit", value=7))
            connection.commit()
        sites.staff_changed(early, ["S1"])
        assert sites.facts(early, "S1").variables == before.variables
    with database.read() as session:
        assert sites.facts(session, "S1").variables == {"limit": 7}


def test_figures_are_set_by_the_administrators_of_the_site_only(database: Database) -> None:
    for actor, refusal in ((ANNA, Forbidden), (HUA, NotFound)):
        with database.transaction() as session, pytest.raises(refusal):
            sites.set_variable(session, "S1", "repair_take_limit", "PT7M", actor, START)
