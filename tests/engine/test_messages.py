"""Messages and signals: stored first, correlated by key, delivered once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from engine import messages
from engine.actors import Actor
from engine.errors import Forbidden, Invalid, NotFound
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, task
from tests.people import ANNA, CHEN, FANG, HUA

MESSAGE = '<message id="m" name="weather.rained"/>'
CATCH = (
    '<intermediateCatchEvent id="rained">'
    + extensions({"correlationKey": "house"})
    + '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
)
WAITS = diagram(chain(START_EVENT, CATCH, task("look"), END_EVENT), before=MESSAGE)
STARTS = diagram(
    chain('<startEvent id="called"><messageEventDefinition messageRef="m"/></startEvent>', task("look"), END_EVENT), before=MESSAGE
)


def publish(
    company: Company, correlation: Any = None, variables: Mapping[str, Any] | None = None, actor: Actor = CHEN, **more: Any
) -> tuple[str, int | None]:
    with company.database.transaction() as session:
        message = messages.publish(session, "weather.rained", "S1", correlation, variables or {}, actor, company.now, **more)
        return message.state, message.instance_id


def test_a_message_reaches_the_instance_with_its_key(company: Company) -> None:
    company.deploy(WAITS)
    first, second = company.start(variables={"house": "A-12"}), company.start(variables={"house": "B-3"})
    assert publish(company, {"house": "B-3"}, {"depth": 3}) == ("delivered", second)
    assert company.waiting(first) == []
    assert company.waiting(second) == ["look"]
    assert company.variables(second) == {"house": "B-3", "depth": 3}


def test_a_message_that_nobody_awaits_is_kept_until_somebody_does(company: Company) -> None:
    company.deploy(WAITS)
    assert publish(company, "A-12") == ("stored", None)
    instance = company.start(variables={"house": "A-12"})
    company.work()
    assert company.waiting(instance) == ["look"]


def test_an_instance_that_cannot_be_read_keeps_no_message_from_the_next(company: Company) -> None:
    company.deploy(WAITS)
    damaged, sound = (company.start(variables={"house": "A-12"}) for _ in range(2))
    company.spoil(damaged)
    assert publish(company, "A-12") == ("delivered", sound)


def test_one_id_at_two_sites_is_two_messages(company: Company) -> None:
    company.deploy(WAITS)
    with company.database.transaction() as session:
        elsewhere = messages.publish(session, "weather.rained", "S2", "A-12", {}, HUA, company.now, message_id="storm-7")
        assert (elsewhere.site, elsewhere.state) == ("S2", "stored")
    instance = company.start(variables={"house": "A-12"})
    assert publish(company, "A-12", message_id="storm-7") == ("delivered", instance)


def test_a_message_expires(company: Company) -> None:
    company.deploy(WAITS)
    publish(company, "A-12", ttl=timedelta(hours=1))
    company.pass_time(hours=1)
    instance = company.start(variables={"house": "A-12"})
    company.work()
    assert company.waiting(instance) == []


def test_a_second_delivery_changes_nothing(company: Company) -> None:
    company.deploy(STARTS)
    answers = {publish(company, variables={"house": "A-12"}, message_id="call-7") for _ in range(5)}
    assert len(answers) == 1
    assert len(company.open_tasks()) == 1


def test_a_message_starts_a_process_at_the_time_it_tells(company: Company) -> None:
    company.deploy(STARTS)
    _, instance = publish(company, variables={"house": "A-12", "occurred_at": "2026-03-02T08:30:00+08:00"})
    assert instance is not None
    found = company.instance(instance)
    assert found.occurred_at == company.now - timedelta(minutes=30)
    assert company.variables(instance) == {"house": "A-12"}


def test_another_sites_message_reaches_nobody_here(company: Company) -> None:
    company.deploy(WAITS)
    instance = company.start(variables={"house": "A-12"})
    with company.database.transaction() as session:
        message = messages.publish(session, "weather.rained", "S2", "A-12", {}, HUA, company.now)
        assert message.state == "stored"
    assert company.waiting(instance) == []
    with pytest.raises(NotFound):
        publish(company, "A-12", actor=HUA)


def test_who_only_audits_sends_no_messages(company: Company) -> None:
    with pytest.raises(Forbidden):
        publish(company, actor=FANG)


def test_values_beyond_the_limit_are_refused(company: Company) -> None:
    with pytest.raises(Invalid):
        publish(company, variables={"text": "x" * 1_000_001})


def test_a_signal_reaches_everybody_who_waits(company: Company) -> None:
    catch = '<intermediateCatchEvent id="rained"><signalEventDefinition signalRef="m"/></intermediateCatchEvent>'
    company.deploy(diagram(chain(START_EVENT, catch, task("look"), END_EVENT), before='<signal id="m" name="storm"/>'))
    instances = [company.start() for _ in range(3)]
    with company.database.transaction() as session:
        messages.broadcast(session, "storm", "S1", {"wind": 9}, ANNA, company.now)
    company.work()
    assert [company.waiting(instance) for instance in instances] == [["look"]] * 3
    assert company.variables(instances[2]) == {"wind": 9}


@pytest.mark.parametrize(
    "sender",
    [
        '<sendTask id="tell" messageRef="m">{}</sendTask>',
        '<intermediateThrowEvent id="tell">{}<messageEventDefinition messageRef="m"/></intermediateThrowEvent>',
        '<endEvent id="tell">{}<messageEventDefinition messageRef="m"/></endEvent>',
    ],
    ids=["send task", "throwing event", "end event"],
)
def test_an_instance_sends_a_message_with_its_inputs_to_another(company: Company, sender: str) -> None:
    inputs = '<camunda:inputOutput><camunda:inputParameter name="depth">${3}</camunda:inputParameter></camunda:inputOutput>'
    throw = sender.format(extensions({"correlationKey": "house"}, inputs))
    nodes = (START_EVENT, throw) if "endEvent" in sender else (START_EVENT, throw, END_EVENT)
    company.deploy(WAITS, diagram(chain(*nodes), key="weather", before=MESSAGE))
    waiting = company.start(variables={"house": "A-12"})
    sender = company.start("weather", variables={"house": "A-12"})
    company.work()
    assert company.instance(sender).state == "completed"
    assert company.waiting(waiting) == ["look"]
    assert company.variables(waiting)["depth"] == 3


def test_a_message_starts_a_process_that_begins_with_a_receive_task(company: Company) -> None:
    company.deploy(diagram(chain('<receiveTask id="called" messageRef="m" instantiate="true"/>', task("look"), END_EVENT), before=MESSAGE))
    state, instance = publish(company, variables={"depth": 3})
    assert (state, instance is not None) == ("delivered", True)
    assert company.waiting(instance) == ["look"]
    assert company.variables(instance) == {"depth": 3}
