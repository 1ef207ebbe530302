"""Keeps a whole database of this release as SQL text: `python -m tests.samples.record_database 0.2.0`. Run once a release, by hand."""

import sqlite3
import sys
import tempfile
from pathlib import Path

from sqlalchemy import select

from engine import drafts, instances, messages, user_tasks
from engine.clock import VirtualClock
from engine.db import Database
from engine.schema import upgrade
from engine.tables import Instance
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, found_company, script, task, timer
from tests.people import ANNA, CHEN, DONG, EMMA, START
from tests.samples.plays import HERE

MESSAGE, SIGNAL = '<message id="m" name="delivered"/>', '<signal id="g" name="rain"/>'
HEARS = '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
VERDICT = '<camunda:out source="verdict" target="verdict"/>'
CALLS = f'<callActivity id="ask" calledElement="callback"><extensionElements>{VERDICT}</extensionElements></callActivity>'
REPEATS = '<multiInstanceLoopCharacteristics camunda:collection="rooms" camunda:elementVariable="room"/></userTask>'
FORM = '{"type": "default", "id": "work", "components": [{"type": "textfield", "key": "fault", "label": "故障", "id": "f1"}]}'.encode()
PROPERTIES = {
    "numberSeries": "WX",
    "title": "${house} 的报修",
    "searchable": "house",
    "clock.repair": "from=work.started; to=work.completed; limit=duration('PT4H'); time=working",
}
AFTER = '<sequenceFlow id="to_told" sourceRef="late" targetRef="told"/>' + task("told", "engineering_supervisor")
DIAGRAMS = {
    "order.bpmn": diagram(
        chain(START_EVENT, task("work", formRef="work"), CALLS, task("check", "engineering_supervisor"), END_EVENT)
        + timer("late", "work", "PT2H")
        + AFTER,
        name="报修",
        properties=PROPERTIES,
    ),
    "callback.bpmn": diagram(chain(START_EVENT, task("telephone", "customer_service"), END_EVENT), key="callback", name="回访"),
    "parts.bpmn": diagram(
        chain(
            START_EVENT,
            f'<intermediateCatchEvent id="wait">{extensions({"correlationKey": "house"})}{HEARS}',
            '<serviceTask id="pay" camunda:type="external" camunda:topic="pay"/>',
            script("count", "per_room = 10 / len(rooms)"),
            f'<userTask id="fit" name="Fit" camunda:candidateGroups="technician">{REPEATS}',
            END_EVENT,
        )
        + '<boundaryEvent id="wet" attachedToRef="fit" cancelActivity="false"><signalEventDefinition signalRef="g"/></boundaryEvent>'
        + '<sequenceFlow id="to_dry" sourceRef="wet" targetRef="dry"/>'
        + task("dry"),
        key="parts",
        name="材料",
        before=MESSAGE + SIGNAL,
    ),
    "work.form": FORM,
}


def fill(company: Company) -> None:
    """Instances at every kind of rest; the numbers of their rows are what test_stored_database.py goes by."""
    company.deploy(**DIAGRAMS)  # type: ignore[arg-type]  # file names as words
    orders = [company.start(variables={"house": f"A-{number}"}) for number in range(5)]
    parts = [
        company.start("parts", variables={"house": f"B-{number}", "rooms": rooms})
        for number, rooms in enumerate([[], ["厨房", "卫生间"], [1], [2]])
    ]
    with company.database.transaction() as session:
        user_tasks.claim(session, company.task("work", orders[0]).id, ANNA, company.now)
        drafts.keep(session, company.task("work", orders[0]).id, {"fault": "漏"}, ANNA, company.now)
        messages.publish(session, "delivered", "S1", "B-9", {"early": True}, CHEN, company.now)
    for number in (1, 2, 3):
        company.complete("work", ANNA, {"fault": "漏水"}, orders[number])
    company.work()
    company.complete("telephone", CHEN, {"verdict": "satisfied"}, _child(company, orders[2]))
    company.complete("telephone", CHEN, {"verdict": "dissatisfied"}, _child(company, orders[3]))
    company.work()
    with company.database.transaction() as session:
        instances.suspend(session, orders[3], "等业主", EMMA, company.now)
    company.pass_time(hours=3)
    for number in (0, 1):
        with company.database.transaction() as session:
            messages.publish(session, "delivered", "S1", f"B-{number}", {"amount": number}, CHEN, company.now)
    company.work(pay=lambda work: {"paid": True})
    company.complete("fit", ANNA, {}, parts[1])
    with company.database.transaction() as session:
        messages.publish(session, "delivered", "S1", "B-3", {}, CHEN, company.now)
    company.work()  # nobody pays: the job is to be tried again
    company.complete("told", DONG, {}, orders[4])
    company.complete("work", ANNA, {"fault": "堵"}, orders[4])


def _child(company: Company, order: int) -> int:
    with company.database.read() as session:
        return session.scalars(select(Instance.id).where(Instance.parent_id == order)).one()


def main(release: str) -> None:
    clock = VirtualClock(START)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "steward.db"
        database = Database(f"sqlite:///{file}")
        upgrade(database)
        fill(found_company(database, clock))
        database.dispose()
        with sqlite3.connect(file) as connection:
            lines = list(connection.iterdump())
        connection.close()
    (HERE / release).mkdir(exist_ok=True)
    (HERE / release / "steward.sql").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
