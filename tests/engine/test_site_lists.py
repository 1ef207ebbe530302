"""Lists that the processes of a site write and read: what one case has entered, the next one finds."""

import json

import pytest
from sqlalchemy import select

from engine import history, site_lists, sites
from engine.actors import Actor
from engine.errors import Forbidden, Invalid, LimitExceeded, NotFound
from engine.tables import ListEntry
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, script, task
from tests.people import ANNA, CHEN, EMMA, OPERATOR

ADD = (
    '<serviceTask id="add" camunda:type="external" camunda:topic="site_list"><extensionElements><camunda:inputOutput>'
    '<camunda:inputParameter name="list">services</camunda:inputParameter>'
    '<camunda:inputParameter name="entry">${{"key": wanted, "price": price}}</camunda:inputParameter>'
    "</camunda:inputOutput></extensionElements></serviceTask>"
)
READ = 'known = [one.key for one in entries("services")]\nalike = [one.key for one in entries("services", wanted, 2)]'
ORDER = diagram(chain(START_EVENT, script("read", READ), task("decide"), ADD, END_EVENT))
CHOICE = {
    "type": "default",
    "id": "choose",
    "components": [{"type": "select", "key": "service", "label": "服务", "id": "f", "values": [{"label": "其他", "value": "other"}],
                    "properties": {"list": "services"}}],
}  # fmt: skip


def enter(company: Company, wanted: object, price: int = 80, site: str = "S1") -> int:
    instance = company.start(variables={"wanted": wanted}, site=site, actor=CHEN if site == "S1" else OPERATOR)
    company.complete("decide", ANNA if site == "S1" else OPERATOR, {"price": price}, instance)
    company.work()
    return instance


def add(company: Company, key: str, site: str = "S1") -> None:
    with company.database.transaction() as session:
        site_lists.add(session, site, "services", {"key": key}, OPERATOR, company.now)


def of(company: Company, site: str = "S1") -> dict[str, object]:
    with company.database.read() as session:
        return dict(session.execute(select(ListEntry.key, ListEntry.content).where(ListEntry.site == site)).all())


def test_what_one_case_enters_the_next_one_finds(company: Company) -> None:
    company.deploy(ORDER)
    first = enter(company, "高空擦窗")
    assert (company.variables(first)["known"], company.instance(first).state) == ([], "completed")
    second = company.start(variables={"wanted": "擦窗"})
    assert company.variables(second)["known"] == ["高空擦窗"]
    assert of(company) == {"高空擦窗": {"price": 80}}


def test_a_list_belongs_to_its_site(company: Company) -> None:
    add(company, "擦窗", "S2")
    company.deploy(ORDER)
    instance = company.start(variables={"wanted": "擦窗"})
    assert company.variables(instance)["known"] == []


def test_the_same_key_takes_the_place_of_the_entry_and_the_site_remembers_both(company: Company) -> None:
    company.deploy(ORDER)
    enter(company, "擦窗", 80)
    enter(company, " 擦窗 ", 90)
    assert of(company) == {"擦窗": {"price": 90}}
    with company.database.read() as session:
        told = [line.data for line in history.lines(session, history.site_chain("S1")) if line.type == "list_entry.set"]
    assert [(one["before"], one["after"]) for one in told] == [(None, {"price": 80}), ({"price": 80}, {"price": 90})]


def test_entries_like_a_text_come_the_most_alike_first(company: Company) -> None:
    for key in ("电动车充电怎么收费", "快递放在哪里", "电动车停在哪里"):
        add(company, key)
    company.deploy(ORDER)
    instance = company.start(variables={"wanted": "电动车充电多少钱"})
    assert company.variables(instance)["alike"] == ["电动车充电怎么收费", "电动车停在哪里"]


@pytest.mark.parametrize("wanted", ["", 7, "x" * 201])
def test_an_entry_without_a_usable_key_is_an_incident(company: Company, wanted: object) -> None:
    company.deploy(ORDER)
    instance = enter(company, wanted)
    for _ in range(4):  # its tries, each later than the one before
        company.pass_time(hours=1)
    [incident] = company.incidents()
    assert (incident.activity_id, incident.kind, of(company)) == ("add", "job", {})
    assert company.instance(instance).state == "running"


def test_a_form_offers_the_entries_of_a_list_and_takes_no_others(company: Company) -> None:
    start = '<startEvent id="start"/>'
    body = chain(start, task("choose", "customer_service", formRef="choose"), END_EVENT)
    company.deploy(diagram(body), **{"choose.form": json.dumps(CHOICE).encode()})
    add(company, "擦窗")
    company.start()
    with company.database.read() as session:
        assert site_lists.keys(session, "S1", "services") == ["擦窗"]
    with pytest.raises(Invalid) as refused:
        company.complete("choose", CHEN, {"service": "吊灯"})
    assert "吊灯" in refused.value.fields["service"]
    company.complete("choose", CHEN, {"service": "擦窗"})
    company.start()
    company.complete("choose", CHEN, {"service": "other"})
    assert company.waiting() == []


def test_a_list_has_an_end_and_keeps_what_it_has(company: Company) -> None:
    with company.database.transaction() as session:
        rows = [ListEntry(site="S1", list="services", key=f"{n}", content={}, added_at=company.now) for n in range(site_lists.MAX_ENTRIES)]
        session.add_all(rows)
    with pytest.raises(LimitExceeded):
        add(company, "one more")
    add(company, "7")
    assert len(of(company)) == site_lists.MAX_ENTRIES


def test_who_administers_the_site_takes_an_entry_off_the_list(company: Company) -> None:
    add(company, "擦窗")
    for actor, error in ((ANNA, Forbidden), (Actor("hua", "page", frozenset({("S2", "project_manager")})), NotFound)):
        with pytest.raises(error), company.database.transaction() as session:
            site_lists.remove(session, "S1", "services", "擦窗", actor, company.now)
    with company.database.transaction() as session:
        site_lists.remove(session, "S1", "services", "擦窗", EMMA, company.now)
    with company.database.read() as session:
        assert sites.facts(session, "S1").entries("services") == []
    with pytest.raises(NotFound), company.database.transaction() as session:
        site_lists.remove(session, "S1", "services", "擦窗", EMMA, company.now)
