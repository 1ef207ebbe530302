"""Fills a database with open orders in bulk: the rows that the commands would write, without running them."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from benchmarks.bulk import FIRST, insert_rows
from benchmarks.stage import SITE, Stage
from engine import search
from engine.tables import Base, CaseField, Definition, HistoryContent, HistoryEvent, Instance, SearchTerm, TaskParticipant, UserTask
from engine.waits import FAR_FUTURE

POSTS = ("technician", "customer_service", "engineering_supervisor", "finance", "cs_supervisor", "duty_officer")
FAULTS = ("厨房水管漏水", "客厅灯不亮", "门锁打不开", "马桶堵塞", "空调不制冷", "阳台窗户松动")
ORDERS_EACH = 60  # of which a person holds a third, whatever the size of the company


def fill(stage: Stage, orders: int, events_each: int = 0, seed: int = 7) -> None:
    """Add so many open orders of one task each, a third of them claimed, with their fields, search terms and history events."""
    dice = random.Random(seed)
    now = stage.clock.now()
    with stage.database.engine.begin() as connection:
        definition = connection.execute(select(Definition.id)).scalars().first()
        for table, row_of in _rows(definition, dice, now, events_each, people=max(orders // ORDERS_EACH, 1)):
            insert_rows(connection, table, (row for number in range(orders) for row in row_of(FIRST + number)))
        connection.exec_driver_sql("ANALYZE")


def fields(number: int) -> dict[str, str]:
    house = f"{'ABCDEF'[number % 6]}-{number // 18}"  # each has three orders, however many there are
    telephone = f"138{number * 7919 % 10**8:08d}"
    content = FAULTS[number // len(POSTS) % len(FAULTS)]
    return {"house": house, "content": content, "telephone": telephone, "number": f"WX-S1-202611-{number}"}


def _rows(
    definition: int | None, dice: random.Random, now: datetime, events_each: int, people: int
) -> list[tuple[type[Base], Callable[[int], Iterator[dict[str, Any]]]]]:
    due = {}

    def instance(number: int) -> Iterator[dict[str, Any]]:
        yield {
            "id": number, "definition_id": definition, "key": "loop", "version": 1, "site": SITE, "number": f"WX-S1-202611-{number}",
            "title": "x", "state": "running", "incidents": 0, "starter": "chen", "first_responder": f"person{number % people}",
            "occurred_at": now, "started_at": now, "root_id": number, "depth": 0, "moves": 1, "chain_length": events_each,
            "chain_head": b"", "revision": 1,
        }  # fmt: skip

    def task(number: int) -> Iterator[dict[str, Any]]:
        due[number] = now + timedelta(minutes=dice.randint(-5_000, 5_000)) if number % 10 else None
        claimed = number % 3 == 0
        yield {
            "id": number, "instance_id": number, "site": SITE, "key": "loop", "token": "1", "scope": "", "activity_id": "a", "name": "A",
            "state": "claimed" if claimed else "ready", "assignee": f"person{number % people}" if claimed else None, "priority": 50,
            "due_at": due[number], "sort_at": due[number] or FAR_FUTURE, "created_at": now,
        }  # fmt: skip

    def participant(number: int) -> Iterator[dict[str, Any]]:
        sort_at = due[number] or FAR_FUTURE
        who = POSTS[number % len(POSTS)]
        yield {"task_id": number, "kind": "group", "who": who, "site": SITE, "claimed": number % 3 == 0, "sort_at": sort_at}

    def field(number: int) -> Iterator[dict[str, Any]]:
        for name, value in fields(number).items():
            yield {"instance_id": number, "name": name, "value": value}

    def term(number: int) -> Iterator[dict[str, Any]]:
        for word in search.terms_of(fields(number)):
            yield {"site": SITE, "term": word, "instance_id": number}

    def event(number: int) -> Iterator[dict[str, Any]]:
        for seq in range(1, events_each + 1):
            yield {
                "chain": f"i{number}", "seq": seq, "site": SITE, "type": "user_task.completed", "at": now, "recorded_at": now,
                "content_hash": bytes(32), "previous_hash": bytes(32), "hash": bytes(32),
            }  # fmt: skip

    def content(number: int) -> Iterator[dict[str, Any]]:
        for seq in range(1, events_each + 1):
            yield {"chain": f"i{number}", "seq": seq, "content": '{"actor":"anna","data":{"name":"A","path":[["a","left"]]}}'}

    named = [(Instance, instance), (UserTask, task), (TaskParticipant, participant), (CaseField, field), (SearchTerm, term)]
    return [*named, (HistoryEvent, event), (HistoryContent, content)]
