"""What a resident sees of their case: where it stands, a few steps in plain words, what they told us, and what they are asked.

Nothing is shown because it is there: the diagram names the steps (`steward:residentStep`) and the variables (`steward:residentSees`)
that are told, and a task is theirs when `resident` is among its candidate groups.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions, queries_case
from engine.definitions import Described
from engine.history import Line
from engine.queries_case import Fact, OpenTask
from engine.tables import AttachmentUse, Instance, UserTask

RESIDENT = "resident"
_WORD = re.compile(r"\w+")  # of the groups that a diagram names, be it by an expression


@dataclass(frozen=True)
class Step:
    """Something that has been done. `text` is what the diagram calls it, Chinese first, then English behind a bar."""

    text: str
    at: datetime


@dataclass(frozen=True)
class Course:
    """A case as its resident may see it."""

    instance: Instance
    process_name: str
    steps: Sequence[Step]
    facts: Sequence[Fact]
    tasks: Sequence[OpenTask]  # that wait for the resident
    loaded: dict[int, Described]

    def asks(self, open_task: OpenTask) -> str:
        """What the resident is asked to do, as the diagram says it to them."""
        task = open_task.task
        activity = self.loaded[task.instance_id].process.activities.get(task.activity_id)
        return (activity.properties.get("residentAsk") if activity else None) or task.name


def course(session: Session, root: Instance) -> Course:
    """The case of which this is the outermost instance."""
    family = list(session.scalars(select(Instance).where(Instance.root_id == root.id).order_by(Instance.depth, Instance.id)))
    loaded = {one.id: definitions.describe(session, one) for one in family}
    told = [one for one in family if _steps_of(loaded[one.id])]
    return Course(
        instance=root,
        process_name=loaded[root.id].process.name or root.key,
        steps=_steps(queries_case.lines_of(session, told), loaded) if told else [],
        facts=_facts(session, root, loaded[root.id]),
        tasks=tasks(session, [one.id for one in family if one.state == "running"]),
        loaded=loaded,
    )


def tasks(session: Session, instance_ids: Collection[int]) -> list[OpenTask]:
    """Open tasks that residents may do, also while somebody of the staff has them in hand."""
    return [one for one in queries_case.open_tasks(session, instance_ids) if RESIDENT in one.groups]


def is_of_residents(session: Session, task: UserTask) -> bool:
    """Whether the diagram gives this task to residents, open or done: all others are no business of theirs."""
    described = definitions.describe(session, session.get_one(Instance, task.instance_id))
    activity = described.process.activities.get(task.activity_id)
    return activity is not None and RESIDENT in _WORD.findall(activity.candidate_groups or "")


def shown_files(session: Session, root: Instance) -> set[str]:
    """Hashes of the pictures that the resident may see again: those brought by links, among what they are shown of the case."""
    facts = _facts(session, root, definitions.describe(session, root))
    return {str(one) for fact in facts if fact.component.answer == "attachments" for one in fact.value}


def _steps_of(described: Described) -> dict[str, str]:
    named = ((key, activity.properties.get("residentStep")) for key, activity in described.process.activities.items())
    return {key: text for key, text in named if text}


def _steps(lines: Sequence[Line], loaded: dict[int, Described]) -> list[Step]:
    """The last time of each, in the order in which they happened: who is told twice that somebody is on the way looks for the second."""
    found: dict[str, Step] = {}
    for line in lines:
        names = _steps_of(loaded[line.instance]) if line.instance in loaded else {}
        for activity, event, *_ in (line.data or {}).get("path", ()):
            if event == "left" and activity in names:
                text = names[activity]
                found.pop(text, None)
                found[text] = Step(text, line.at)
    return list(found.values())


def _facts(session: Session, root: Instance, described: Described) -> list[Fact]:
    wanted = [name.strip() for name in described.process.properties.get("residentSees", "").split(",")]
    variables, known = queries_case.variables_of(session, root.id), queries_case.labelled_fields(described)
    found = [Fact(known[name], variables[name]) for name in wanted if name in known and queries_case.says_something(variables.get(name))]
    own = _brought_by_links(session, root.site, {one for fact in found if fact.component.answer == "attachments" for one in fact.value})
    return [shown for fact in found if (shown := _of_residents(fact, own)) is not None]


def _of_residents(fact: Fact, own: set[str]) -> Fact | None:
    if fact.component.answer == "signature":
        return None
    if fact.component.answer != "attachments":
        return fact
    brought = [one for one in fact.value if one in own]
    return Fact(fact.component, brought) if brought else None


def _brought_by_links(session: Session, site: str, hashes: Collection[str]) -> set[str]:
    uses = select(AttachmentUse.hash).where(AttachmentUse.site == site, AttachmentUse.hash.in_(hashes))
    return set(session.scalars(uses.where(AttachmentUse.uploaded_by.startswith("link:")))) if hashes else set()
