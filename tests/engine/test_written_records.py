"""Records that must be their author's own: what repeats an earlier one is kept, and marked."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from benchmarks.statement_log import listening
from engine import attachments, demo_pictures, user_tasks, written_records
from engine.actors import Actor
from engine.errors import Forbidden, Invalid
from engine.tables import WrittenRecord
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, task
from tests.people import ANNA, BAO, CHEN, DONG, EMMA, FANG, GUO, HUA

ROUND = "装修现场敞门作业，工人 3 名证件齐全，走道已铺保护垫"
OTHER = "室内正在贴瓷砖，垃圾装袋堆放在房内，没有超时施工"
FORM = {
    "type": "default",
    "id": "patrol",
    "components": [
        {"key": "patrol_text", "type": "textarea", "id": "a", "label": "记录"},
        {"key": "photos", "type": "filepicker", "id": "b", "label": "照片", "properties": {"photo": "true"}},
    ],
}
PATROL = task("patrol", properties={"individual": "patrol_text, photos"}, formRef="patrol")


def rounds(*more: str) -> bytes:
    return diagram(chain(START_EVENT, PATROL, PATROL.replace('id="patrol"', 'id="again"'), *more, END_EVENT))


@pytest.fixture
def patrols(company: Company) -> Company:
    company.deploy(rounds(), **{"patrol.form": json.dumps(FORM).encode()})
    return company


def walk(company: Company, actor: Actor, text: str = "", photos: tuple[str, ...] = (), activity: str = "patrol", **of: int) -> Any:
    """What the variable says after the record."""
    completion = company.complete(activity, actor, {"patrol_text": text, "photos": list(photos)}, **of)
    if completion.instance.state == "completed":
        return completion.events[0].data["variables"].get("copied_from", [[], []])[1]
    return company.variables(completion.instance.id)["copied_from"]


def found(copied: list[Any]) -> list[tuple[str, str]]:
    return [(one["field"], one["likeness"]) for one in copied]


def picture(company: Company, directory: Path, actor: Actor, draw: Any = demo_pictures.leak) -> str:
    with company.database.transaction() as session:
        return attachments.store(session, directory, draw(), "现场.png", "S1", actor, company.now)


@pytest.mark.parametrize(
    ("text", "likeness"),
    [
        (ROUND, "same"),
        (ROUND.replace("，", " ,\n") + "。 ", "same"),
        (ROUND.replace("3", "\uff13"), "same"),  # a figure of full width
        (ROUND.replace("3", "4"), "alike"),
        (OTHER, None),
        (ROUND[:14] + OTHER[-14:], None),
    ],
)
def test_a_text_that_repeats_one_of_the_same_order_is_marked(patrols: Company, text: str, likeness: str | None) -> None:
    order = patrols.start()
    assert walk(patrols, ANNA, ROUND) == []
    assert found(walk(patrols, BAO, text, activity="again")) == ([("patrol_text", likeness)] if likeness else [])
    assert patrols.instance(order).state == "completed"


def test_the_same_patroller_is_compared_across_orders_and_another_one_is_not(patrols: Company) -> None:
    first, second, third = (patrols.start() for _ in range(3))
    walk(patrols, ANNA, ROUND, instance=first)
    assert walk(patrols, BAO, ROUND, instance=second) == []
    [copied] = walk(patrols, ANNA, ROUND, instance=third)
    assert copied == {"field": "patrol_text", "likeness": "same", "number": None, "by": "anna", "at": "2026-03-02T01:00:00+00:00"}


def test_the_same_photograph_is_marked_whatever_its_name(patrols: Company, tmp_path: Path) -> None:
    patrols.start()
    leak, other = picture(patrols, tmp_path, ANNA), picture(patrols, tmp_path, ANNA, demo_pictures.signature)
    assert walk(patrols, ANNA, ROUND, (leak,)) == []
    assert found(walk(patrols, ANNA, OTHER, (other, leak), "again")) == [("photos", "same")]


def test_a_record_without_text_and_photograph_is_compared_with_nothing(patrols: Company) -> None:
    patrols.start()
    walked = patrols.complete("patrol", ANNA, {"patrol_text": "。…", "photos": []})
    assert "copied_from" not in patrols.variables(walked.instance.id)
    with patrols.database.read() as session:
        assert session.scalar(select(func.count()).select_from(WrittenRecord)) == 0


def test_a_refused_record_is_not_remembered(patrols: Company) -> None:
    patrols.start()
    with pytest.raises(Invalid):
        patrols.complete("patrol", ANNA, {"patrol_text": ROUND, "photos": ["f" * 64]})
    assert walk(patrols, ANNA, ROUND) == []


def test_what_was_copied_stands_with_the_completion_in_the_history(patrols: Company) -> None:
    order = patrols.start()
    walk(patrols, ANNA, ROUND)
    patrols.complete("again", ANNA, {"patrol_text": ROUND})
    completions = [line.data for line in patrols.events(order) if line.type == "user_task.completed"]
    assert [[one["likeness"] for one in data.get("copied", [])] for data in completions] == [[], ["same"]]


def test_supervisors_see_and_count_the_copied_records_of_their_site(patrols: Company) -> None:
    order = patrols.start()
    walk(patrols, ANNA, ROUND)
    patrols.clock.advance(timedelta(hours=1))
    walk(patrols, ANNA, ROUND, activity="again")
    began = patrols.now - timedelta(days=1)
    with patrols.database.read() as session:
        [copied] = written_records.copied(session, "S1", DONG, began)
        assert (copied.instance_id, copied.activity_id, copied.author, copied.at - copied.earlier_at) == (
            order,
            "again",
            "anna",
            timedelta(hours=1),
        )
        assert written_records.counted(session, "S1", FANG, began) == {"anna": 1}
        assert written_records.counted(session, "S1", EMMA, patrols.now + timedelta(seconds=1)) == {}
        for actor in (ANNA, CHEN, GUO, HUA):
            with pytest.raises(Forbidden):
                written_records.copied(session, "S1", actor, began)


def test_two_orders_at_once_cannot_both_be_the_first(patrols: Company) -> None:
    orders = [patrols.start() for _ in range(8)]
    tasks = [patrols.task("patrol", order).id for order in orders]
    together = threading.Barrier(len(tasks))

    def record(task_id: int) -> None:
        together.wait()
        with patrols.database.transaction() as session:
            user_tasks.complete(session, task_id, {"patrol_text": ROUND}, ANNA, patrols.now)

    people = [threading.Thread(target=record, args=(task_id,)) for task_id in tasks]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(len(patrols.variables(order)["copied_from"]) for order in orders) == [0] + [1] * 7


def test_a_long_past_costs_no_more_than_a_short_one(patrols: Company) -> None:
    for n in range(30):
        order = patrols.start()
        walk(patrols, ANNA, f"{n}{OTHER}{n * 7919}{ROUND[n % 20 :]}", instance=order)
        walk(patrols, BAO, f"{n * 31}{ROUND[:10]}{n}{OTHER[n % 9 :]}", activity="again", instance=order)
    order = patrols.start()
    task_id = patrols.task("patrol", order).id
    with listening(patrols.database) as log, patrols.database.transaction() as session:
        user_tasks.complete(session, task_id, {"patrol_text": "全新的一条：防水试水合格，地漏通畅，未见渗漏"}, ANNA, patrols.now)
    assert len(log.statements) <= 15, log.statements
    assert log.commits == 1


def test_texts_are_compared_by_letters_and_figures_alone() -> None:
    assert written_records.bare(" Ａ-12，门\t已关！①") == "a12门已关1"
