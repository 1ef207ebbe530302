"""Houses and residents: who finds them, who sees what, and how they come in."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from engine import history, imports, residents, sites
from engine.actors import Actor
from engine.db import Database
from engine.errors import Forbidden, Invalid, NotFound
from engine.tables import HistoryContent, House, Resident

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
OPERATOR = Actor.system("cli")
FILE = """house,address,area,name,telephone,kind
A-2,幸福路1号A座2室,80,王小明,13800000002,owner
A-12,幸福路1号A座12室,89.5,李芳,13800001234,owner
A-12,,,李雷,13900005678,family
B-1,幸福路1号B座1室,,,,
"""


def person(post: str, site: str = "S1") -> Actor:
    return Actor(f"{post}.{site.lower()}", "page", frozenset({(site, post)}))


CLERK, CLEANER, SUPERVISOR, MANAGER = (
    person(post) for post in ("customer_service", "gardener", "engineering_supervisor", "project_manager")
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Two sites; the file above is imported at S1."""
    database = Database(database_url)
    with database.transaction() as session:
        for site in ("S1", "S2"):
            sites.add(session, site, f"小区{site}", OPERATOR, NOW)
        imports.import_csv(session, FILE, "S1", MANAGER, NOW)
    yield database
    database.dispose()


def codes(database: Database, query: str, actor: Actor = CLERK) -> list[str]:
    with database.read() as session:
        return [household.code for household in residents.find(session, "S1", query, actor)]


def count(database: Database, table: type[House] | type[Resident]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_house_is_found_by_code_telephone_and_name(database: Database) -> None:
    for query in ("A-12", "a-12", " A-12 ", "13800001234", "138 0000 1234", "1234", "5678", "李芳", "雷"):
        assert codes(database, query) == ["A-12"], query


def test_what_fits_nothing_finds_nothing(database: Database) -> None:
    for query in ("", "C", "4321", "12", "张", "%", "_"):
        assert codes(database, query) == [], query


def test_the_beginning_of_a_code_finds_houses_in_natural_order(database: Database) -> None:
    assert codes(database, "a-") == ["A-2", "A-12"]


def test_another_sites_houses_are_not_found(database: Database) -> None:
    with database.read() as session:
        with pytest.raises(NotFound):
            residents.find(session, "S1", "A-12", person("customer_service", "S2"))
        with pytest.raises(NotFound):
            residents.house(session, "S1", "A-12", person("project_manager", "S2"))
        with pytest.raises(NotFound):
            residents.house(session, "S1", "Z-99", CLERK)


def test_who_calls_residents_sees_their_numbers_and_others_see_them_masked(database: Database) -> None:
    with database.read() as session:
        (owner, _) = residents.house(session, "S1", "a-12", CLERK).residents
        assert (owner.name, owner.telephone, owner.is_masked) == ("李芳", "13800001234", False)
        (owner, family) = residents.house(session, "S1", "a-12", CLEANER).residents
        assert (owner.name, owner.telephone, owner.is_masked) == ("李*", "138****1234", True)
        assert (family.telephone, family.kind) == ("139****5678", "family")


def test_each_unmasking_is_in_the_sites_history_without_the_number(database: Database) -> None:
    with database.transaction() as session:
        (owner, _) = residents.house(session, "S1", "A-12", SUPERVISOR).residents
        assert owner.is_masked
        assert residents.unmask(session, owner.id, "called about water", SUPERVISOR, NOW).telephone == "13800001234"
    with database.read() as session:
        line = history.lines(session, history.site_chain("S1"))[-1]
        assert (line.type, line.actor) == ("resident.unmasked", "engineering_supervisor.s1")
        assert line.data == {"resident": owner.id, "house": "A-12", "reason": "called about water"}
        assert "13800001234" not in "".join(session.scalars(select(HistoryContent.content)))


def test_unmasking_is_refused_without_need_and_unknown_at_another_site(database: Database) -> None:
    with database.transaction() as session:
        (owner, _) = residents.house(session, "S1", "A-12", CLERK).residents
        with pytest.raises(Forbidden):
            residents.unmask(session, owner.id, "curious", CLEANER, NOW)
        with pytest.raises(NotFound):
            residents.unmask(session, owner.id, "curious", person("project_manager", "S2"), NOW)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_unmasking_without_a_reason_shows_nothing_and_tells_nothing(database: Database, reason: str) -> None:
    with database.transaction() as session:
        (owner, _) = residents.house(session, "S1", "A-12", SUPERVISOR).residents
        with pytest.raises(Invalid):
            residents.unmask(session, owner.id, reason, SUPERVISOR, NOW)
        assert "resident.unmasked" not in [line.type for line in history.lines(session, history.site_chain("S1"))]


@pytest.mark.parametrize(
    ("telephone", "shown"), [("13800001234", "138****1234"), ("88123456", "****3456"), ("075588123456", "0755****3456"), ("95588", "*****")]
)
def test_a_masked_number_keeps_its_last_four_digits_at_most(telephone: str, shown: str) -> None:
    assert residents.masked(telephone) == shown


def test_importing_again_changes_nothing_and_says_so(database: Database) -> None:
    with database.transaction() as session:
        report = imports.import_csv(session, FILE, "S1", MANAGER, NOW)
    assert report == imports.Report(0, 0, 0, 0, unchanged=4)
    assert (count(database, House), count(database, Resident)) == (3, 3)


def test_a_later_file_changes_what_it_says_and_keeps_what_it_leaves_out(database: Database) -> None:
    later = "房号;地址;姓名;联系电话;身份\nＡ-12;幸福路2号;李芳;+86 137-0000-9999;\nA-12;;周瑜;13600001111;租户\n"
    with database.transaction() as session:
        assert imports.import_csv(session, later, "S1", MANAGER, NOW) == imports.Report(0, 1, 1, 1, unchanged=0)
        household = residents.house(session, "S1", "A-12", CLERK)
    assert (household.address, household.area) == ("幸福路2号", 89.5)
    assert [(dweller.name, dweller.telephone, dweller.kind) for dweller in household.residents] == [
        ("李芳", "13700009999", "owner"),
        ("李雷", "13900005678", "family"),
        ("周瑜", "13600001111", "tenant"),
    ]


def test_every_problem_is_named_by_its_line_and_nothing_stays(database: Database) -> None:
    bad = """site,house,address,area,name,telephone,kind
S1,C-1,路1号,80,赵云,13800001111,owner
S1,,路1号,80,赵云,13800001111,owner
S1,C-2,路1号,big,赵云,call me,king
S9,C-3,路1号,80,赵云,13800001111,owner
S1,C-1,路2号,80,赵云,1.38E+10,owner
S1,C-4,,,,13800001111,
S1,C-1,路2号,80,赵云,13800001111,owner
"""
    with pytest.raises(Invalid) as refusal, database.transaction() as session:
        imports.import_csv(session, bad, None, OPERATOR, NOW)
    fields = refusal.value.fields
    assert set(fields) == {"line 3", "line 4", "line 5", "line 6", "line 7", "line 8"}
    assert all(word in fields["line 4"] for word in ("area", "telephone", "kind"))
    assert "spreadsheet" in fields["line 6"]
    assert all(word in fields["line 8"] for word in ("address", "once"))
    assert (count(database, House), count(database, Resident)) == (3, 3)


def test_a_file_without_its_columns_or_lines_is_refused(database: Database) -> None:
    for text in ("", "name,telephone\n王,138\n", "house,colour\nA-1,red\n", "house,house\nA-1,A-1\n", "house\n"):
        with database.transaction() as session, pytest.raises(Invalid):
            imports.import_csv(session, text, "S1", MANAGER, NOW)


def test_a_file_for_a_site_is_imported_by_its_administrators_only(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(Forbidden):
            imports.import_csv(session, "house\nZ-1\n", "S1", CLERK, NOW)
        with pytest.raises(Invalid):
            imports.import_csv(session, "house\nZ-1\n", "S2", MANAGER, NOW)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_file_is_read_in_the_encodings_of_spreadsheets(encoding: str) -> None:
    assert imports.decode("房号,姓名\nA-1,王小明\n".encode(encoding)) == "房号,姓名\nA-1,王小明\n"


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(Invalid):
        imports.decode(b"\x89PNG\xff\xff\x00")
