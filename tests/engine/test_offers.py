"""Messages that are given on the page of a case: to whom they are offered, what history tells, and what is too late."""

import pytest

from engine import offers, queries_case
from engine.actors import Actor
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.offers import Offer
from tests.factories import Company, diagram, extensions, task
from tests.people import ANNA, CHEN, DONG, HUA

OFFER = extensions({"correlationKey": "case.number", "offeredTo": "customer_service"})
DEFINITION = '<messageEventDefinition messageRef="m"/>'
BODY = (
    f'<startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="work"/>{task("work")}'
    '<sequenceFlow id="f2" sourceRef="work" targetRef="end"/><endEvent id="end"/>'
    f'<subProcess id="off" triggeredByEvent="true"><startEvent id="called_off" name="住户取消">{OFFER}{DEFINITION}</startEvent>'
    f'<sequenceFlow id="f3" sourceRef="called_off" targetRef="note"/>{task("note", "customer_service")}</subProcess>'
)
ORDER = diagram(BODY, properties={"numberSeries": "WX"}, before='<message id="m" name="order.called_off"/>')


@pytest.fixture
def order(company: Company) -> int:
    company.deploy(ORDER)
    company.start()  # another one, which waits longer for the same
    return company.start()


def offered(company: Company, order: int, actor: Actor) -> list[Offer]:
    with company.database.read() as session:
        case = queries_case.case(session, order, actor)
        return offers.offered(session, case.family, {number: one.process for number, one in case.loaded.items()}, actor)


def give(company: Company, order: int, actor: Actor, reason: str = "住户不要了", event: str = "called_off") -> None:
    with company.database.transaction() as session:
        offers.give(session, order, event, reason, actor, company.now)


def test_a_message_is_offered_to_the_posts_that_the_diagram_names_and_reaches_this_very_case(company: Company, order: int) -> None:
    assert offered(company, order, CHEN) == [Offer(order, "called_off", "住户取消")]
    assert offered(company, order, ANNA) == []
    give(company, order, CHEN)
    assert company.waiting(order) == ["note"] and company.waiting(order - 1) == ["work"]
    [told] = [line for line in company.events(order) if line.type == "message.received"]
    assert (told.actor, told.activity, told.data["reason"]) == ("chen", "called_off", "住户不要了")
    assert offered(company, order, CHEN) == []


def test_who_may_not_give_it_gives_no_reason_or_comes_too_late_is_refused(company: Company, order: int) -> None:
    with pytest.raises(Forbidden):
        give(company, order, ANNA)
    with pytest.raises(Forbidden):
        give(company, order, CHEN, event="work")
    with pytest.raises(Invalid):
        give(company, order, CHEN, " ")
    with pytest.raises(NotFound):
        give(company, order, HUA)
    company.complete("work", ANNA, instance=order)
    assert offered(company, order, CHEN) == []
    with pytest.raises(Conflict):
        give(company, order, CHEN)


def test_given_twice_it_happens_once_and_the_second_is_told(company: Company, order: int) -> None:
    give(company, order, CHEN)
    with pytest.raises(Conflict):
        give(company, order, CHEN)
    assert company.waiting(order) == ["note"] and offered(company, order, DONG) == []
