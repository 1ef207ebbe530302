"""Copies of one instance, row by row: thousands that wait, without running the commands thousands of times."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from benchmarks.bulk import FIRST, insert_rows
from benchmarks.stage import Stage
from engine import definitions
from engine.bpmn.workflow import Workflow
from engine.db import core
from engine.history import instance_chain
from engine.tables import Base, HistoryContent, HistoryEvent, Instance, InstanceState, TaskParticipant, Timer, UserTask


def clone(stage: Stage, instance: int, count: int, due_at: Callable[[int], datetime]) -> None:
    """Copy an instance with one open task and one timer so many times; the n-th copy's timer is due at `due_at(n)`. The original stays."""
    chain, nobodys = instance_chain(instance), _nobodys_state(stage, instance)
    with stage.database.engine.begin() as connection:
        task = connection.execute(select(UserTask.id).where(UserTask.instance_id == instance)).scalar_one()

        def copy(table: type[Base], of: ColumnElement[bool], change: Callable[[int], Mapping[str, Any]]) -> None:
            rows = [dict(row) for row in connection.execute(select(core(table)).where(of)).mappings()]
            insert_rows(connection, table, ({**row, **change(FIRST + number)} for number in range(count) for row in rows))

        copy(Instance, Instance.id == instance, lambda id_: {"id": id_, "root_id": id_})
        copy(InstanceState, InstanceState.instance_id == instance, lambda id_: {"instance_id": id_, "state": nobodys})
        copy(UserTask, UserTask.instance_id == instance, lambda id_: {"id": id_, "instance_id": id_})
        copy(TaskParticipant, TaskParticipant.task_id == task, lambda id_: {"task_id": id_})
        copy(Timer, Timer.instance_id == instance, lambda id_: {"id": id_, "instance_id": id_, "due_at": due_at(id_ - FIRST)})
        copy(HistoryEvent, HistoryEvent.chain == chain, lambda id_: {"chain": instance_chain(id_)})
        copy(HistoryContent, HistoryContent.chain == chain, lambda id_: {"chain": instance_chain(id_)})
        connection.exec_driver_sql("ANALYZE")


def _nobodys_state(stage: Stage, instance: int) -> bytes:
    """The state without the id of whom it belongs to: it would be refused at another."""
    with stage.database.read() as session:
        loaded = definitions.load(session, session.get_one(Instance, instance).definition_id)
        return Workflow.load(loaded.executable, session.get_one(InstanceState, instance).state).dump()
