"""When a task finds nobody to do it, somebody who approved before, or the one who started the case: what the diagram says then.

Who is there is asked of the context; a workflow that runs without one (in a test of the diagram alone) meets no odd case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.bpmn.instance import Token
from engine.bpmn.triggers import Context, Told
from engine.posts import FALLBACK_POST, POSTS

ABOVE: Final = (FALLBACK_POST, "company_manager")  # who decides what the one below must not decide alone
CASES: Final = ("whenNobody", "whenSame", "whenInitiator")
WORDS: Final = ("manager", "pass", "refuse")
Details = dict[str, Any]
Staff = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Answer:
    """What a rule says: let it pass, refuse it, or ask the posts instead."""

    text: str
    posts: tuple[str, ...] = ()
    passes: bool | None = None


def read(text: str) -> Answer | None:
    """`manager`, `pass`, `refuse` or `group:<post>`; None for anything else."""
    kind, _, post = (part.strip() for part in text.partition(":"))
    if kind == "group" and post:
        return Answer(text, (post,))
    return {"manager": Answer("manager", ABOVE), "pass": Answer("pass", passes=True), "refuse": Answer("refuse", passes=False)}.get(text)


MANAGER: Final = Answer("manager", ABOVE)


@dataclass(frozen=True)
class OddCases:
    """The rules of one user task. Nobody there: the project manager. Who started the case does not approve it alone: the project
    manager does. Who approved an earlier step is asked again, unless the diagram says otherwise."""

    nobody: Answer = MANAGER
    same: Answer | None = None
    initiator: Answer | None = None

    @classmethod
    def of(cls, properties: Mapping[str, str], decides: bool) -> "OddCases":
        nobody, same, initiator = (read(properties.get(name, "")) for name in CASES)
        return cls(nobody or MANAGER, same, initiator or (MANAGER if decides else None))

    @property
    def bars_initiator(self) -> bool:
        """Whether who started the case does not do the task."""
        return self.initiator is not None and not self.initiator.passes

    def met(self, details: Details, token: Token, context: Context) -> Details:
        """The details of a task with what these rules change of them; `settled` when a rule decides instead of a person."""
        staff = context.staff
        if staff is None:
            return details
        details = self.somebody(details, self.nobody, staff)
        found = people(details, staff)
        if "settled" in details or found is None:
            return details
        if self.same is not None and len(found) == 1 and found <= _approved_before(token):
            details = _instead(details, "whenSame", self.same, staff, found)
            found = people(details, staff) or frozenset()
        starter = context.case.get("starter")
        if "settled" in details or self.initiator is None or starter is None:
            return details
        if found == {starter}:
            return _instead(details, "whenInitiator", self.initiator, staff, found)
        # Also where they are no candidate: they may be given the task, named as a signer, or stand in for somebody.
        return details if self.initiator.passes else {**details, "not": sorted({*details.get("not", ()), starter})}

    def somebody(self, details: Details, answer: Answer, staff: Staff) -> Details:
        """The details, with what the answer makes of them where nobody could do the task. What names nobody is the manager's anyway."""
        if answer == MANAGER and not any(details.get(name) for name in ("assignee", "candidate_users", "candidate_groups")):
            return details
        return details if there(details, staff) else _instead(details, "whenNobody", answer, staff, frozenset(), keep=True)


def there(details: Mapping[str, Any], staff: Staff) -> bool:
    """Whether anybody can do the task: people of the site, or somebody outside who is reached by a personal link."""
    found = people(details, staff)
    return found is None or bool(found - set(details.get("not", ())))


def people(details: Mapping[str, Any], staff: Staff) -> frozenset[str] | None:
    """Who of the site can do the task; None when somebody outside can."""
    everybody = staff.get("", frozenset())
    if details.get("assignee"):
        return everybody & {details["assignee"]}
    groups = details.get("candidate_groups") or []
    if any(post in POSTS and POSTS[post].outside for post in groups):
        return None
    return frozenset().union(everybody & set(details.get("candidate_users") or ()), *(staff.get(post, frozenset()) for post in groups))


def _instead(details: Details, case: str, answer: Answer, staff: Staff, without: frozenset[str], keep: bool = False) -> Details:
    """What the answer makes of the task. With `keep` those who were meant stay named, in case they come back."""
    assignee, users, groups = (details.get(name) for name in ("assignee", "candidate_users", "candidate_groups"))
    named = {"assignee": assignee, "users": users, "groups": groups}
    odd = {"rule": case, "answer": answer.text, "people": sorted(without), "named": {name: who for name, who in named.items() if who}}
    if answer.passes is not None:
        return {**details, "odd": [*details.get("odd", ()), odd], "settled": {"rule": case, "passes": answer.passes}}
    posts = [post for post in answer.posts if staff.get(post, frozenset()) - without][:1]
    if not posts and not keep:
        return {**details, "odd": [*details.get("odd", ()), {**odd, "nobody_else": True}]}
    posts = posts or list(answer.posts[:1])
    users = [*(users or ()), *([assignee] if assignee else ())] if keep else []
    groups = [*(groups or ()), *posts] if keep else posts
    changed = {"assignee": None, "candidate_users": list(dict.fromkeys(users)), "candidate_groups": list(dict.fromkeys(groups))}
    barred = {} if keep else {"not": sorted({*details.get("not", ()), *without})}
    return {**details, **changed, **barred, "odd": [*details.get("odd", ()), {**odd, "to": posts}]}


def _approved_before(token: Token) -> frozenset[str]:
    """Who has approved an earlier step of the case."""
    here = token.task_spec.shown_as
    return frozenset(
        login for name, signed in token.workflow.signed.items() if name != here for login, approved in signed.items() if approved
    )


def told(activity_id: str, odd: Mapping[str, Any]) -> Told:
    """What history says of it."""
    kind = "redirected" if "to" in odd else "kept" if "nobody_else" in odd else "settled"
    return Told(f"user_task.{kind}", activity_id, dict(odd))
