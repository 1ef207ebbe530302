"""A company of fifty sites with five hundred people, and open tasks of ten steps for twenty posts: rows, past the commands."""

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from benchmarks.bulk import FIRST, insert_rows
from benchmarks.crowd import fields
from benchmarks.diagrams import HEAD
from benchmarks.stage import Stage
from engine import search
from engine.posts import POSTS
from engine.tables import CaseField, Definition, Instance, Membership, Person, SearchTerm, Site, TaskParticipant, UserTask
from engine.waits import FAR_FUTURE

SITES = [f"S{number}" for number in range(1, 51)]
STAFF = sorted(key for key, post in POSTS.items() if not post.outside and key not in ("auditor", "process_owner"))[:20]
PEOPLE = 500
POSTS_EACH = 3
ABROAD = 25  # every so many-th person works at several sites
SITES_ABROAD = 5
STEPS = [f"step{number}" for number in range(10)]


def errand() -> bytes:
    """A process of ten tasks in a row, which declares by what its cases are known."""
    tasks = "".join(f'<bpmn:userTask id="{name}" name="{name}" camunda:candidateGroups="technician"/>\n' for name in STEPS)
    places = ["begin", *STEPS, "end"]
    flows = "".join(f'<bpmn:sequenceFlow id="to_{b}" sourceRef="{a}" targetRef="{b}"/>\n' for a, b in itertools.pairwise(places))
    return (
        f'{HEAD}<bpmn:process id="errand" name="errand" isExecutable="true" camunda:historyTimeToLive="P30D">\n'
        '<bpmn:extensionElements><camunda:properties><camunda:property name="steward:searchable" value="house,content,telephone"/>'
        f'</camunda:properties></bpmn:extensionElements>\n<bpmn:startEvent id="begin"/>\n{tasks}<bpmn:endEvent id="end"/>\n{flows}'
        "</bpmn:process>\n</bpmn:definitions>\n"
    ).encode()


def posts_of(number: int) -> list[tuple[str, str]]:
    """What a person holds: three posts at one site, every twenty-fifth at five."""
    sites = SITES_ABROAD if number % ABROAD == 0 else 1
    mine = [STAFF[(number + step * 7) % len(STAFF)] for step in range(POSTS_EACH)]
    return [(SITES[(number + step) % len(SITES)], post) for step in range(sites) for post in mine]


def login(number: int) -> str:
    return f"person{number}"


def fill(stage: Stage, tasks: int, seed: int = 7) -> None:
    """The sites, the people, and so many open tasks: a third of them held by somebody, a third late, a few soon due."""
    now, dice = stage.clock.now(), random.Random(seed)
    stage.deploy(errand())
    with stage.database.engine.begin() as connection:
        definition = connection.execute(select(Definition.id)).scalar_one()
        people = [{"id": number + 1, "login": login(number), "name": f"人员{number}", "created_at": now} for number in range(PEOPLE)]
        held = [{"person_id": number + 1, "site": site, "post": post} for number in range(PEOPLE) for site, post in posts_of(number)]
        insert_rows(connection, Site, ({"code": code, "name": code, "zone": "Asia/Shanghai", "created_at": now} for code in SITES))
        insert_rows(connection, Person, ({**row, "language": "zh", "must_change_password": False, "session_epoch": 0} for row in people))
        insert_rows(connection, Membership, iter(held))
        cases = [_case(number, definition, now, dice) for number in range(tasks)]
        for table in (Instance, UserTask, TaskParticipant, CaseField, SearchTerm):
            insert_rows(connection, table, (row for case in cases for row in case[table]))
        connection.exec_driver_sql("ANALYZE")


def _case(number: int, definition: int, now: datetime, dice: random.Random) -> dict[Any, list[dict[str, Any]]]:
    known, id_, site, holder = fields(FIRST + number), FIRST + number, SITES[number % len(SITES)], number % PEOPLE
    due = None if number % 10 == 0 else now + timedelta(minutes=dice.randint(-500, 1_000))
    claimed = number % 3 == 0
    return {
        Instance: [{
            "id": id_, "definition_id": definition, "key": "errand", "version": 1, "site": site, "number": f"WX-{site}-202611-{number}",
            "title": f"{known['house']} {known['content']}", "state": "running", "incidents": 0, "starter": login(holder),
            "first_responder": login(holder), "occurred_at": now, "started_at": now, "root_id": id_, "depth": 0, "moves": 1,
            "chain_length": 0, "chain_head": b"", "revision": 1,
        }],
        UserTask: [{
            "id": id_, "instance_id": id_, "site": site, "key": "errand", "token": "1", "scope": "", "activity_id": STEPS[number % 10],
            "name": STEPS[number % 10], "state": "claimed" if claimed else "ready", "assignee": login(holder) if claimed else None,
            "priority": 50, "due_at": due, "sort_at": due or FAR_FUTURE, "created_at": now - timedelta(hours=1),
        }],
        TaskParticipant: list(_candidates(id_, number, site, claimed, due)),
        CaseField: [{"instance_id": id_, "name": name, "value": value} for name, value in known.items()],
        SearchTerm: [{"site": site, "term": term, "instance_id": id_} for term in search.terms_of(known)],
    }  # fmt: skip


def _candidates(id_: int, number: int, site: str, claimed: bool, due: datetime | None) -> Iterator[dict[str, Any]]:
    """Two posts may take it, of those that people of the site hold."""
    for step in range(2):
        who = STAFF[(number // len(SITES) + step * 7) % len(STAFF)]
        yield {"task_id": id_, "kind": "group", "who": who, "site": site, "claimed": claimed, "sort_at": due or FAR_FUTURE}
