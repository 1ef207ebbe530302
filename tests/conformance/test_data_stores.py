"""Data stores, BPMN 2.0.2 §10.4.1: what outlasts the case is a list of the site, read as a whole and written entry by entry."""

from collections.abc import Mapping

import pytest

from engine import history
from tests.conformance.drive import Drive, bpmn
from tests.conformance.test_data import STORE, carried, refused
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram
from tests.people import ANNA


def stored(inside: str, entries: Mapping[str, list[dict[str, object]]] | None = None, **variables: object) -> Drive:
    """A process with a data store, played where the site has these entries."""
    known = entries or {}
    functions = {"entries": lambda name: [dict(entry) for entry in known.get(name, [])]}
    return Drive(bpmn(f'{STORE}<startEvent id="s"/>{inside}', '<dataStore id="ds"/>'), variables, functions=functions)


def entries_of(run: Drive) -> list[tuple[str, str, object]]:
    return [(one.activity_id, one.name, one.payload["entries"]) for one in run.thrown]


def test_a_data_store_is_read_as_the_entries_that_it_has() -> None:
    task = f'<userTask id="a" name="${{len(known)}}">{carried("known", source="st")}</userTask>\ns -> a'
    run = stored(task, {"库存": [{"key": "阀门", "count": 3}]})
    assert run.wait("a").details["variables"] == {"known": [{"key": "阀门", "count": 3}]}
    run.complete("a")
    assert (run.values, run.thrown) == ({}, [])


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ({"key": "阀门", "count": 2}, [{"key": "阀门", "count": 2}]),
        ({"count": 2}, [{"key": "WX-1", "count": 2}]),
        (7, [{"key": "WX-1", "value": 7}]),
        ([{"key": "a"}, {"key": "b", "n": 1}], [{"key": "a"}, {"key": "b", "n": 1}]),
        ([], []),
    ],
)
def test_what_goes_to_a_data_store_leaves_the_case_as_entries(value: object, entries: list[object]) -> None:
    run = stored(f'<userTask id="a">{carried(outputs="found", target="st")}</userTask>\ns -> a')
    run.complete("a", found=value)
    assert entries_of(run) == [("a", "库存", entries)]
    assert run.values == {}


def test_an_output_that_was_not_made_is_not_stored() -> None:
    run = stored(f'<userTask id="a">{carried(outputs="found", target="st")}</userTask>\ns -> a')
    run.complete("a")
    assert run.thrown == []


def test_a_later_step_reads_what_an_earlier_one_has_written() -> None:
    write = f'<scriptTask id="w">{carried(outputs="found", target="st")}<script>found = {{"key": "b", "n": 2}}</script></scriptTask>'
    read = f'<scriptTask id="r">{carried("known", source="st")}<script>total = sum([one.n for one in known])</script></scriptTask>'
    run = stored(f'{write}{read}<userTask id="z"/>\ns -> w -> r -> z', {"库存": [{"key": "a", "n": 1}, {"key": "b", "n": 9}]})
    assert run.values == {"total": 3}


def test_an_assignment_writes_and_a_transformation_says_what() -> None:
    for said in (
        "<targetRef>st</targetRef><transformation>{'key': 'k', 'n': n + 1}</transformation>",
        "<assignment><from>{'key': 'k', 'n': n + 1}</from><to>st</to></assignment>",
    ):
        run = stored(f'<task id="a"><dataOutputAssociation>{said}</dataOutputAssociation></task>\ns -> a', n=1)
        assert entries_of(run) == [("a", "库存", [{"key": "k", "n": 2}])]


def test_each_item_of_a_multi_instance_writes_its_own_entry() -> None:
    io = carried(outputs="found", target="st")
    loop = '<multiInstanceLoopCharacteristics camunda:collection="${parts}" camunda:elementVariable="part"/>'
    run = stored(f'<scriptTask id="a">{io}{loop}<script>found = {{"key": part}}</script></scriptTask>\ns -> a', parts=["x", "y"])
    assert [entries for _, _, entries in entries_of(run)] == [[{"key": "x"}], [{"key": "y"}]]


def test_a_multi_instance_goes_over_what_is_stored() -> None:
    loop = '<multiInstanceLoopCharacteristics><loopDataInputRef>in_known</loopDataInputRef><inputDataItem id="i" name="one"/>'
    task = f'<userTask id="a" name="${{one.key}}">{carried("known", source="st")}{loop}</multiInstanceLoopCharacteristics></userTask>'
    run = stored(f"{task}\ns -> a", {"库存": [{"key": "x"}, {"key": "y"}]})
    assert [wait.details["name"] for wait in run.waits()] == ["x", "y"]


def test_what_fails_before_it_is_done_writes_nothing() -> None:
    io = carried(outputs="found", target="st")
    run = stored(f'<scriptTask id="a">{io}<script>found = {{"key": "k", "n": 1 / d}}</script></scriptTask>\ns -> a', d=0)
    assert ([failure.kind for failure in run.failures], run.thrown) == (["script"], [])
    run.set(d=1)
    run.retry()
    assert entries_of(run) == [("a", "库存", [{"key": "k", "n": 1.0}])]


@pytest.mark.parametrize("kind", ["loopDataInputRef", "loopDataOutputRef"])
def test_a_repetition_names_no_data_store_itself(kind: str) -> None:
    item = '<inputDataItem id="i" name="one"/>' if kind == "loopDataInputRef" else '<outputDataItem id="i" name="one"/>'
    cardinality = "" if kind == "loopDataInputRef" else "<loopCardinality>2</loopCardinality>"
    loop = f"<multiInstanceLoopCharacteristics>{cardinality}<{kind}>st</{kind}>{item}</multiInstanceLoopCharacteristics>"
    assert "data" in refused(bpmn(f'{STORE}<startEvent id="s"/><userTask id="a">{loop}</userTask>\ns -> a'))


def test_a_store_whose_name_nobody_can_write_is_refused_where_it_is_used() -> None:
    store = '<dataStoreReference id="st-1" name="the stock"/>'
    used = carried(outputs="found", target="st-1")
    assert refused(bpmn(f'{store}<startEvent id="s"/><userTask id="a">{used}</userTask>\ns -> a')) == ["data"]
    assert refused(bpmn(f'{store}<startEvent id="s"/><userTask id="a"/>\ns -> a')) == []


KEEP = '<dataStoreReference id="ref" name="stock"/>' + chain(
    START_EVENT,
    f'<userTask id="count" camunda:candidateGroups="technician">{carried("known", "found", "ref", "ref")}</userTask>',
    f'<scriptTask id="add">{carried("all", source="ref")}<script>total = sum([one.n for one in all])</script></scriptTask>',
    END_EVENT,
)


def test_what_one_case_has_written_the_next_one_reads(company: Company) -> None:
    company.deploy(diagram(KEEP))
    first = company.start()
    company.complete("count", ANNA, {"found": {"key": "阀门", "n": 3}}, first)
    assert company.variables(first) == {"total": 3}
    company.work()
    second = company.start()
    company.complete("count", ANNA, {"found": [{"key": "水管", "n": 2}, {"key": "阀门", "n": 1}]}, second)
    assert company.variables(second) == {"total": 3}
    company.work()
    third = company.start()
    company.complete("count", ANNA, {}, third)
    assert company.variables(third) == {"total": 3}
    assert company.told(first).count("data_store.written") == 1
    with company.database.read() as session:
        told = [(line.data or {}) for line in history.lines(session, history.site_chain("S1")) if line.type == "list_entry.set"]
    assert [(one["list"], one["key"], one["before"], one["after"], one["instance"]) for one in told] == [
        ("stock", "阀门", None, {"n": 3}, first),
        ("stock", "水管", None, {"n": 2}, second),
        ("stock", "阀门", {"n": 3}, {"n": 1}, second),
    ]


def test_what_a_store_cannot_take_is_an_incident_and_what_the_person_did_is_kept(company: Company) -> None:
    company.deploy(diagram(KEEP))
    case = company.start()
    company.complete("count", ANNA, {"found": {"key": "", "n": 3}}, case)
    assert company.task_states(case) == {"count": "completed"}
    for _ in range(4):
        company.pass_time(minutes=15)
    [incident] = company.incidents()
    assert (incident.activity_id, incident.kind) == ("count", "job")
    assert "a key of 1 to 200 characters" in incident.message
