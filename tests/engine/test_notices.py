"""Notices that a process sends: each to every post it names, and each its own, however many were sent before."""

from sqlalchemy import select

from engine.tables import Notice
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, task


def notify(recipients: str) -> str:
    given = {"to": recipients, "text": "late"}
    inputs = "".join(f'<camunda:inputParameter name="{name}">{value}</camunda:inputParameter>' for name, value in given.items())
    mapping = extensions(None, f"<camunda:inputOutput>{inputs}</camunda:inputOutput>")
    return f'<serviceTask id="tell" camunda:type="external" camunda:topic="notify">{mapping}</serviceTask>'


def recipients(company: Company) -> list[str]:
    with company.database.read() as session:
        return list(session.scalars(select(Notice.recipient).order_by(Notice.id)))


def test_one_notice_reaches_several_posts(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, notify('${["technician", "finance"]}'), task("work"), END_EVENT)))
    instance = company.start()
    company.work()
    assert recipients(company) == ["technician", "finance"]
    assert company.waiting(instance) == ["work"]


def test_a_notice_is_never_mistaken_for_one_sent_before(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, notify("finance"), task("work"), END_EVENT)))
    for _ in range(3):  # each job is gone before the next is made
        company.start()
        company.work()
    assert recipients(company) == ["finance"] * 3
    assert company.incidents() == []
