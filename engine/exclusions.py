"""Who may not do a task although the post would allow it: somebody with an interest in the matter, or who did another part of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import definitions, proxies, queries_case, runner, sites
from engine.actors import Actor
from engine.bpmn import sandbox
from engine.errors import Conflict, Excluded
from engine.prepared import Prepared
from engine.queries_case import Case
from engine.sites import SiteFacts
from engine.tables import UserTask
from engine.task_work import TaskWork

# Activities that a proxy did, with the absent person in whose name: that one alone is known to the workflow.
_BY_PROXY = Prepared(
    select(UserTask.activity_id, UserTask.assignee, UserTask.completed_by)
    .where(UserTask.instance_id == bindparam("of_instance"), UserTask.state == "completed", UserTask.completed_by != UserTask.assignee)
    .order_by(UserTask.id)
)


# What may bar a person of the right post: asked before somebody gets a task only where the diagram says one of them.
_BARRING = frozenset({"excludes", "differsFrom", "signatures", "whenSame", "whenInitiator"})


def require_may_act(session: Session, held: runner.Held, work: TaskWork, actor: Actor, now: datetime) -> None:
    """Raise Excluded for who may not do this task: nor send it back, nor name others who sign it."""
    require_not_barred(session, held, work, actor, now)
    require_not_other_half(session, held, work, actor, now)
    require_not_excluded(held, work, actor, now)


def require_may_claim(session: Session, work: TaskWork, actor: Actor, now: datetime) -> None:
    """The same before somebody takes the task; the case is looked into only where its diagram bars anybody. Raises Conflict too."""
    activity = definitions.describe(session, work.instance).process.activities.get(work.task.activity_id)
    if activity is not None and not _BARRING.isdisjoint(activity.properties):
        require_may_act(session, runner.hold(session, work.instance), work, actor, now)


def require_may_be_given(session: Session, work: TaskWork, login: str, now: datetime) -> None:
    """The same before the task is given to somebody, who will do it in their own name."""
    require_may_claim(session, replace(work, principal=None), Actor(login, "page"), now)


def require_not_barred(session: Session, held: runner.Held, work: TaskWork, actor: Actor, now: datetime) -> None:
    """Who has given the first of two signatures may not give the second, and who started a case does not decide it."""
    task, details = work.task, held.workflow.details(work.task.token)
    barred = set(details.get("not", ()))
    one = {actor.login, work.principal, *(absent.login for absent in actor.absent(task.site, task.key))}
    if barred and "signer" in details:  # of two signatures: nor may the one for whom the first hand stands in
        one |= _as_one(session, work, actor, now)
    if one & barred:
        raise Excluded(f"Expected somebody else for {work.task.name}, but {actor.login} has signed it or started the case")


def require_not_other_half(session: Session, held: runner.Held, work: TaskWork, actor: Actor, now: datetime) -> None:
    """`steward:differsFrom`: who did one of these activities may not do this one too, such as repair and collect (A57)."""
    task, process = work.task, held.loaded.process
    others = [name.strip() for name in process.activity(task.activity_id).properties.get("differsFrom", "").split(",") if name.strip()]
    if not others or actor.login is None:
        return
    one = _as_one(session, work, actor, now)
    rows = _BY_PROXY.rows(session, {"of_instance": task.instance_id})
    hands = {(activity_id, principal): proxy for activity_id, principal, proxy in rows}
    for activity_id in others:
        signed = held.workflow.signed(activity_id)
        if found := one & (signed | {hands.get((activity_id, login)) for login in signed}):
            name = process.activity(activity_id).name or activity_id
            raise Excluded(f"Expected somebody other than who did {name}, but that was {min(found)} too")


def _as_one(session: Session, work: TaskWork, actor: Actor, now: datetime) -> frozenset[str]:
    """A proxy and their principal count as one person; the machine is nobody."""
    if actor.login is None:
        return frozenset()
    return proxies.counted_as_one(session, actor.login, work.task.site, work.task.key, now) | {work.principal or actor.login}


def require_not_excluded(held: runner.Held, work: TaskWork, actor: Actor, now: datetime) -> None:
    """`steward:excludes`: whoever the expression names may not do this task. One that cannot be computed lets nobody through."""
    task = work.task
    text = held.loaded.process.activity(task.activity_id).properties.get("excludes")
    if text is None or actor.login is None:
        return
    excluded = _excluded(held, task, text, now)
    who = next((login for login in (actor.login, work.principal) if login in excluded), None)
    if who is not None:
        raise Excluded(f"Expected somebody who is not excluded from {task.name}, but {who} is: an interest in it was declared")


def is_excluded(session: Session, case: Case, task: UserTask, logins: Collection[str], now: datetime) -> bool:
    """Whether one of these people is known to have an interest in it: for pages, by what is stored.

    What cannot be computed excludes nobody here; the commands refuse everybody.
    """
    activity = case.loaded[task.instance_id].process.activities.get(task.activity_id)
    text = activity.properties.get("excludes") if activity is not None else None
    if text is None:
        return False
    known = queries_case.variables_of(session, task.instance_id, task.scope)
    names = {**known, "case": runner.case_of(case.member(task.instance_id))}
    performers = case.states.get(task.instance_id, {}).get("performers", {})
    try:
        excluded = _evaluated(text, names, sites.facts(session, task.site), performers, now)
    except sandbox.EvaluationFailed:
        return False
    return not set(logins).isdisjoint(excluded)


def _excluded(held: runner.Held, task: UserTask, text: str, now: datetime) -> Collection[str]:
    names = {**held.workflow.visible(task.token), "case": runner.case_of(held.instance)}
    try:
        return _evaluated(text, names, held.facts, held.workflow.performers, now)
    except sandbox.EvaluationFailed as failure:
        message = f"Expected to know who is excluded from {task.name}, but steward:excludes cannot be computed: {failure.message}"
        raise Conflict(message) from failure


def _evaluated(text: str, names: Mapping[str, Any], facts: SiteFacts, performers: Mapping[str, str], now: datetime) -> Collection[str]:
    functions: dict[str, Callable[..., Any]] = {**facts.functions(now), "performer": performers.get}
    said = sandbox.compile_expression(text).evaluate(names, functions)
    return [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)]
