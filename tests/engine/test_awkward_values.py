"""What people and diagrams may write into a case: kept or refused in words, never a crash, never a case that stands for ever."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from engine import comments, history, inbox, messages
from engine.errors import Invalid
from engine.texts import storable
from tests.factories import END_EVENT, ONE_TASK, START_EVENT, Company, chain, diagram, task, timer
from tests.people import ANNA, CHEN

HALF = "\ud83d"  # the first half of a smiling face
LONG = "".join(chr(0x4E00 + place * 7919 % 20_000) for place in range(5_000))  # too long for an index


def then(**attributes: str) -> bytes:
    """A task whose data decide about the next one."""
    return diagram(chain(START_EVENT, task("work"), task("next", "", **attributes), END_EVENT))


@pytest.mark.parametrize(
    ("attributes", "data"),
    [
        ({"assignee": "${who}"}, {"who": "an\0na"}),
        ({"assignee": "${who}"}, {"who": LONG}),
        ({"candidateGroups": "${who}"}, {"who": LONG}),
        ({"priority": "${p}"}, {"p": 1e30}),
        ({"dueDate": "${d}"}, {"d": "9999-12-31T23:59:59-12:00"}),
        ({"dueDate": "${d}"}, {"d": "0001-01-01T00:00:00+14:00"}),
    ],
)
def test_what_a_person_did_is_kept_whatever_the_next_task_makes_of_it(
    company: Company, attributes: dict[str, str], data: dict[str, Any]
) -> None:
    company.deploy(then(**attributes))
    instance = company.start()
    company.complete("work", ANNA, data)
    assert company.waiting(instance) == ["next"]
    with company.database.read() as session:
        assert len(inbox.inbox(session, ANNA, "all").items) == 1
        assert list(history.verify(session)) == []


def test_a_timer_at_the_end_of_time_is_only_far_away(company: Company) -> None:
    far = timer("late", "next", "${d}", kind="timeDate")
    company.deploy(diagram(chain(START_EVENT, task("work"), task("next"), END_EVENT) + far))
    instance = company.start(variables={"d": "9999-12-31T23:59:59-12:00"})
    company.complete("work", ANNA)
    company.pass_time(days=30)
    assert company.waiting(instance) == ["next"]


def test_signs_that_a_database_cannot_hold_are_kept_in_variables_and_shown_as_unreadable(company: Company) -> None:
    company.deploy(diagram(chain(START_EVENT, task("work"), END_EVENT), properties={"title": "${x}", "searchable": "x"}))
    instance = company.start(variables={"x": "a\0b"}, business_key="k\0")
    assert company.variables(instance) == {"x": "a\0b"}
    assert (company.instance(instance).title, company.instance(instance).business_key) == ("a\ufffdb", "k\ufffd")


@pytest.mark.parametrize("text", ["x\0", f"x{HALF}"])
def test_a_comment_with_unreadable_signs_is_a_comment(company: Company, text: str) -> None:
    company.deploy(ONE_TASK)
    instance = company.start()
    with company.database.transaction() as session:
        comments.add_to_case(session, instance, text, ANNA, company.now)
    assert company.told(instance)[-1] == "comment.added"
    with company.database.read() as session:
        assert list(history.verify(session, instance)) == []


@pytest.mark.parametrize("variables", [{HALF: 1}, {"x": HALF}, {"x": 2**70}, {"x": float("nan")}, {"x": [[HALF]]}])
def test_values_that_are_no_json_are_refused(company: Company, variables: dict[str, Any]) -> None:
    company.deploy(ONE_TASK)
    with pytest.raises(Invalid):
        company.start(variables=variables)


def test_a_business_key_has_a_length(company: Company) -> None:
    company.deploy(ONE_TASK)
    with pytest.raises(Invalid, match="255"):
        company.start(business_key=LONG)


MOMENTS = [
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(2026, 1, 1),  # noqa: DTZ001  # without its zone, on purpose
    datetime(1, 1, 2, tzinfo=UTC),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_case_did_not_happen_at_a_time_that_nobody_means(company: Company, moment: datetime) -> None:
    company.deploy(ONE_TASK)
    with pytest.raises(Invalid):
        company.start(occurred_at=moment)


def test_a_message_may_carry_any_key_but_no_id_without_end(company: Company) -> None:
    with company.database.transaction() as session:
        for number, key in enumerate([LONG, HALF, "\0", {"house": LONG}]):
            messages.publish(session, "rain\0ed", "S1", key, {}, CHEN, company.now, message_id=f"{number}\0")
    for correlation, message_id, match in (({"a": 2**70}, "1", "correlation"), ("a", LONG, "message id")):
        with pytest.raises(Invalid, match=match), company.database.transaction() as session:
            messages.publish(session, "rained", "S1", correlation, {}, CHEN, company.now, message_id=message_id)


def test_text_that_can_be_held_is_held_unchanged() -> None:
    for text in ("", "abc", "报修 🏠", "\ufeff\u200b\n\t"):
        assert storable(text) == text
    assert storable(f"a{HALF}\0") == "a\ufffd\ufffd"
