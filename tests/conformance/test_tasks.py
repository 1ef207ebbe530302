"""Tasks, BPMN 2.0.2 §13.3."""

from datetime import timedelta
from typing import Any

import pytest

from engine.bpmn.workflow import Complete, Deliver, Fire
from engine.errors import Conflict, Invalid, NotFound
from tests.conformance.drive import MONDAY, Drive, bpmn


def one_task(attributes: str = "") -> bytes:
    return bpmn(f'<startEvent id="s"/><userTask id="a" name="看一看" {attributes}/><endEvent id="e"/>\ns -> a -> e')


def test_a_process_without_work_runs_from_start_to_end() -> None:
    run = Drive(bpmn('<startEvent id="s"/><endEvent id="e"/>\ns -> e'))
    assert run.done
    assert run.visits == ["s", "e"]


def test_a_user_task_waits_until_somebody_completes_it() -> None:
    run = Drive(one_task())
    assert run.waiting == ["a"]
    assert not run.done
    run.complete("a", "anna", answer=42)
    assert run.done
    assert run.values == {"answer": 42}


def test_who_may_do_a_task_is_evaluated_when_the_token_comes() -> None:
    attributes = (
        'camunda:assignee="${first}" camunda:candidateUsers="ben, ${second}" camunda:candidateGroups="${groups}"'
        ' camunda:dueDate="${now() + duration(\'PT2H\')}" camunda:followUpDate="2026-03-05T09:00:00" camunda:priority="70"'
    )
    variables = {"first": "anna", "second": "carl", "groups": ["technician", "clerk"]}
    details = Drive(one_task(attributes), variables).wait("a").details
    assert details["assignee"] == "anna"
    assert details["candidate_users"] == ["ben", "carl"]
    assert details["candidate_groups"] == ["technician", "clerk"]
    assert details["due_at"] == MONDAY + timedelta(hours=2)
    assert details["follow_up_at"].isoformat() == "2026-03-05T09:00:00+08:00"
    assert details["priority"] == 70
    assert details["name"] == "看一看"


def test_a_task_name_may_show_a_variable() -> None:
    run = Drive(bpmn('<startEvent id="s"/><userTask id="a" name="到 ${house} 去"/>\ns -> a'), {"house": "A-12"})
    assert run.wait("a").details["name"] == "到 A-12 去"


@pytest.mark.parametrize("attribute", ['assignee="${nobody_knows}"', 'assignee="${1}"', 'dueDate="soon"', 'priority="${[]}"'])
def test_a_task_that_cannot_be_assigned_rests_before_it(attribute: str) -> None:
    run = Drive(one_task(f"camunda:{attribute}"))
    assert run.waiting == []
    assert [(failure.activity_id, failure.kind) for failure in run.failures] == [("a", "expression")]
    assert run.visits == ["s"]


def test_a_failed_assignment_is_retried_after_a_repair() -> None:
    run = Drive(one_task('camunda:assignee="${boss}"'))
    run.set(boss="anna")
    assert run.waiting == []
    run.retry()
    assert run.wait("a").details["assignee"] == "anna"


def test_an_abstract_task_passes_and_a_manual_task_waits() -> None:
    run = Drive(bpmn('<startEvent id="s"/><task id="a"/><manualTask id="m"/><endEvent id="e"/>\ns -> a -> m -> e'))
    assert run.visits == ["s", "a", "m"]
    assert run.wait("m").kind == "user_task"
    run.complete("m")
    assert run.done


def test_a_script_task_writes_the_names_that_it_assigns() -> None:
    script = "total = price * count\nif total > 10:\n    big = True"
    run = Drive(bpmn(f'<scriptTask id="a"><script>{script.replace(">", "&gt;")}</script></scriptTask>'), {"price": 4, "count": 3})
    assert run.values == {"price": 4, "count": 3, "total": 12, "big": True}


def test_a_script_that_fails_leaves_no_trace_and_names_its_line() -> None:
    run = Drive(bpmn('<scriptTask id="a"><script>x = 1\ny = x / nothing</script></scriptTask>'), {"nothing": 0})
    assert run.values == {"nothing": 0}
    [failure] = run.failures
    assert (failure.activity_id, failure.kind, failure.line) == ("a", "script", 2)
    run.set(nothing=4)
    run.retry()
    assert run.values["y"] == 0.25
    assert run.done


class Table:
    """A decision that shows what it is given."""

    def evaluate(self, variables: Any, functions: Any, deadline: Any) -> Any:
        return {"rank": "urgent" if variables["leak"] else "normal"}


RULE = '<businessRuleTask id="a" camunda:decisionRef="rank" {}/><userTask id="u"/>\na -> u'


def test_a_business_rule_task_writes_its_result_variable() -> None:
    run = Drive(bpmn(RULE.format('camunda:resultVariable="rank"')), {"leak": True}, {"rank": Table()})
    assert run.values["rank"] == {"rank": "urgent"}
    assert run.waiting == ["u"]


def test_a_decision_whose_result_nobody_takes_is_a_failure() -> None:
    run = Drive(bpmn(RULE.format("")), {"leak": True}, {"rank": Table()})
    assert [failure.kind for failure in run.failures] == ["decision"]


JOB = """
<startEvent id="s"/>
<serviceTask id="a" camunda:type="external" camunda:topic="sms">
  <extensionElements><camunda:failedJobRetryTimeCycle>R3/PT5M</camunda:failedJobRetryTimeCycle><camunda:inputOutput>
    <camunda:inputParameter name="text">您好 ${name}</camunda:inputParameter>
  </camunda:inputOutput></extensionElements>
</serviceTask><endEvent id="e"/>
s -> a -> e
"""


def test_an_external_service_task_is_a_job_with_its_inputs() -> None:
    run = Drive(bpmn(JOB), {"name": "王"})
    wait = run.wait("a")
    assert wait.kind == "job"
    assert wait.details == {"topic": "sms", "retries": "R3/PT5M", "variables": {"text": "您好 王"}}
    run.complete("a", sent=True)
    assert run.values == {"name": "王", "sent": True}
    assert run.done


def test_a_send_task_throws_its_message_and_goes_on() -> None:
    body = """
    <sendTask id="a" messageRef="m"><extensionElements>
      <camunda:properties><camunda:property name="steward:correlationKey" value="order"/></camunda:properties>
      <camunda:inputOutput><camunda:inputParameter name="amount">${price * 2}</camunda:inputParameter></camunda:inputOutput>
    </extensionElements></sendTask><endEvent id="e"/>
    a -> e
    """
    run = Drive(bpmn(body, '<message id="m" name="paid"/>'), {"order": 7, "price": 21})
    [thrown] = run.thrown
    assert (thrown.kind, thrown.name, thrown.activity_id, thrown.correlation) == ("message", "paid", "a", 7)
    assert thrown.payload == {"amount": 42}
    assert run.done
    assert "amount" not in run.values


def test_a_receive_task_waits_for_its_message() -> None:
    body = """
    <receiveTask id="a" messageRef="m"><extensionElements>
      <camunda:properties><camunda:property name="steward:correlationKey" value="${order}"/></camunda:properties>
    </extensionElements></receiveTask><endEvent id="e"/>
    a -> e
    """
    run = Drive(bpmn(body, '<message id="m" name="paid"/>'), {"order": 7})
    assert run.wait("a").details == {"name": "paid", "correlation_key": 7}
    run.deliver("a", amount=3)
    assert run.values == {"order": 7, "amount": 3}
    assert run.done


def test_keys_that_mean_something_to_libraries_are_plain_data() -> None:
    run = Drive(one_task(), {"typename": "x", "__builtins__": {"eval": 1}, "data_objects": [], "case": "mine"})
    run.complete("a", __class__="y", len=3)
    assert run.values["typename"] == "x"
    assert run.values["__builtins__"] == {"eval": 1}
    assert run.values["__class__"] == "y"


def test_numbers_and_texts_that_no_database_keeps_are_refused_and_change_nothing() -> None:
    run = Drive(one_task(), {"small": 0.1})
    for odd in (2**80, "\ud800", float("nan")):
        with pytest.raises(Invalid):
            run.complete("a", odd=odd)
    assert (run.values, run.waiting) == ({"small": 0.1}, ["a"])


def test_a_trigger_that_does_not_fit_is_rejected() -> None:
    run = Drive(one_task())
    token = run.wait("a").token
    for trigger in (Fire(token, MONDAY), Deliver(token, "m")):
        with pytest.raises(Conflict):
            run.apply(trigger)
    with pytest.raises(NotFound):
        run.apply(Complete("99"))
    assert run.waiting == ["a"]


def test_the_last_performer_of_a_task_is_known() -> None:
    body = '<userTask id="a"/><userTask id="b" camunda:assignee="${performer(\'a\')}"/>\ns -> a -> b -> a'
    run = Drive(bpmn('<startEvent id="s"/>' + body))
    run.complete("a", "anna")
    assert run.wait("b").details["assignee"] == "anna"
    run.complete("b", "ben")
    run.complete("a", "carl")
    assert run.wait("b").details["assignee"] == "carl"


def test_the_last_performer_is_still_known_some_steps_later() -> None:
    body = '<startEvent id="s"/><userTask id="a"/><userTask id="b"/><userTask id="c" camunda:assignee="${performer(\'a\')}"/>'
    run = Drive(bpmn(body + "\ns -> a -> b -> c"))
    run.complete("a", "anna")
    run.complete("b", "ben")
    assert run.wait("c").details["assignee"] == "anna"


def test_cancelling_ends_everything() -> None:
    run = Drive(one_task())
    run.cancel()
    assert run.done
    assert run.waiting == []
    assert run.cancelled == ["a"]
