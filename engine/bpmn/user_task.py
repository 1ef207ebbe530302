"""User tasks: work of a person. Who may do it and until when is evaluated when the token comes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.bpmn import compaction, loops, odd_cases, signers, timing, votes
from engine.bpmn.activities import Subprocess
from engine.bpmn.approvals import Button, Rule, buttons_of, rule_of
from engine.bpmn.elements import Element, Work
from engine.bpmn.extensions import Reader
from engine.bpmn.instance import StepFailed, Token
from engine.bpmn.odd_cases import OddCases
from engine.bpmn.scopes import View
from engine.bpmn.triggers import Complete, Context


class Signer(Element):
    """An added signer of a user task. Tokens stand at it under a name of their own, people see the task."""

    def __init__(self, task: "UserTask") -> None:
        # A slash never stands in an id of the diagram.
        super().__init__(task._wf_spec, f"{task.name}/signer")
        self.task = task

    @property
    def shown_as(self) -> str:
        return str(self.task.name)


class UserTask(Work):
    """Work of a person, or of several who decide together."""

    is_of_a_person = True
    rule: Rule | None = None  # by which several decide
    buttons: Sequence[Button] = ()

    def configure(self, reader: Reader) -> None:
        super().configure(reader)
        activity = self.activity
        assert activity is not None
        self.assignee = reader.template(activity.assignee, "an assignee")
        self.users = reader.listed(activity.candidate_users, "candidate users")
        self.groups = reader.listed(activity.candidate_groups, "candidate groups")
        self.copies = reader.listed(activity.properties.get("copyTo"), "who gets a copy")
        self.due = reader.template(activity.due_date, "a due date")
        self.follow_up = reader.template(activity.follow_up_date, "a follow-up date")
        self.priority = reader.template(activity.priority, "a priority")
        self.title = reader.template(activity.name, "a name") if "${" in activity.name else None
        self.buttons = buttons_of(activity)
        self.wants_two = activity.properties.get("signatures") == "two_people"
        self.odd_cases = OddCases.of(activity.properties, decides=bool(self.buttons))
        self.signer = Signer(self)
        if isinstance(self.loop, loops.MultiInstance):
            self.rule = rule_of(activity.properties)
            if self.rule is not None:
                self.loop = replace(self.loop, sequential=self.loop.sequential or self.rule.kind == "sequence", condition=None)

    # -- who and until when -----------------------------------------------------------------------------------------------

    def prepare(self, token: Token, view: View) -> dict[str, Any]:
        assert self.activity is not None
        said = {
            **self._people(token, view),
            "copy_to": _listed(view, self.copies),
            "due_at": _moment(view, self.due),
            "follow_up_at": _moment(view, self.follow_up),
            "priority": _number(view, self.priority),
            "name": None if self.title is None else str(view.json(self.title)),
        }
        said = self.odd_cases.met(said, token, view.context)
        # What nobody said is not stored: a thousand open tasks of one activity are written anew with each of them that is done.
        return {"kind": "user_task", **{name: value for name, value in said.items() if value not in (None, [])}}

    def _people(self, token: Token, view: View) -> dict[str, Any]:
        if token.owner is not None and token.owner.details.get("nobody"):  # an approval by people of whom there is none
            return {"assignee": None, "candidate_users": [], "candidate_groups": []}
        return {
            "assignee": _person(view, self.assignee),
            "candidate_users": _listed(view, self.users),
            "candidate_groups": _listed(view, self.groups),
        }

    def begin(self, token: Token) -> bool | None:
        instance = token.workflow
        if self.name in instance.signed and _begins_anew(token):
            instance.signed = {name: signed for name, signed in instance.signed.items() if name != self.name}
        instance.told += [odd_cases.told(str(self.name), each) for each in token.details.pop("odd", ())]
        settled = token.details.pop("settled", None)
        if settled is None:
            return None
        signers.sign(token, {}, votes.by_rule(settled["rule"], settled["passes"], self.buttons))
        return self.leave(token) if token.phase == "leave" else None

    def look_for(self, token: Token, context: Context) -> None:
        """See that there is somebody for a signature that the diagram asks for beside the task's own: no rule lets it pass."""
        if context.staff is not None:
            answer = odd_cases.MANAGER if self.odd_cases.nobody.passes is not None else self.odd_cases.nobody
            token.details = self.odd_cases.somebody(token.details, answer, context.staff)
            token.workflow.told += [odd_cases.told(str(self.name), each) for each in token.details.pop("odd", ())]

    # -- what they do -----------------------------------------------------------------------------------------------------

    def sign(self, token: Token, variables: Mapping[str, Any], act: Complete) -> None:
        """Somebody has done the task, or their part of it."""
        around = token.owner
        if around is not None and isinstance(around.task_spec, Subprocess):
            around.task_spec.refuse_out_of_turn(around, token)
        signers.sign(token, variables, act)

    @property
    def decides(self) -> bool:
        """Whether something is kept of each who signs, also where nobody was added."""
        return bool(self.buttons) or self.wants_two

    def finish(self, token: Token) -> None:
        """Everybody whose part it was has signed."""
        kept = token.details.get("votes")
        if token.item is not None and isinstance(self.loop, loops.MultiInstance):
            self._tell_item(token)
        elif kept and (self.buttons or len(kept) > 1):
            result = votes.outcome(self.buttons, kept, not token.details.get("refused")) if self.buttons else {}
            several = len(kept) > 1 or self.wants_two
            votes.tell_scope(token, votes.names(str(self.name), result, kept if several else None))
        token.left()
        for listener in token.listening():
            compaction.splice(listener)
        token.details = {}
        token.go_on("leave")

    def _tell_item(self, token: Token) -> None:
        """What one of several people said is seen where that item is seen: by its mappings."""
        said = token.details.get("said")
        if said is not None and self.buttons:
            assert token.variables is not None
            token.variables |= votes.names(str(self.name), said, None)

    # -- what several come to ---------------------------------------------------------------------------------------------

    def decided(self, body: Token) -> bool | None:
        if self.rule is None:
            return None
        assert body.variables is not None
        approved, refused, beside = (len(body.details.get(name, ())) for name in ("approved", "refused", "beside"))
        return self.rule.result(approved, refused, body.variables["nrOfInstances"] + beside)

    def reopened(self, body: Token, items: Sequence[int]) -> None:
        """These items are there again: what their people had said, and whom they had added, counts no more."""
        for name in ("approved", "refused", "beside"):
            if name in body.details:
                body.details[name] = [item for item in body.details[name] if item not in items]
        if "votes" in body.details:
            body.details["votes"] = [vote for vote in body.details["votes"] if vote.get("item") not in items]

    def conclude(self, body: Token, decided: bool | None) -> None:
        kept = body.details.get("votes")
        if not kept and not self.buttons:
            return
        refusing = any(votes.refuses(self.buttons, vote["decision"]) for vote in kept or ())
        approved = (not refusing if self.rule is None else False) if decided is None else decided
        result = votes.outcome(self.buttons, kept or (), approved) if self.buttons else {}
        votes.tell_scope(body, votes.names(str(self.name), result, kept or []))

    def without_items(self, body: Token) -> bool | None:
        """An approval for which there is nobody to ask: the diagram's rule for that decides; None asks whoever the rule names."""
        if self.rule is None:
            return True
        answer = self.odd_cases.nobody
        odd = {"rule": "whenNobody", "answer": answer.text, "people": []}
        body.workflow.told.append(odd_cases.told(str(self.name), odd))
        if answer.passes is None:
            return None
        self.conclude(body, answer.passes)
        return True


def _begins_anew(token: Token) -> bool:
    """Whether a visit to the whole task begins with this token, not only another item of it."""
    if token.item is None:
        return True
    around = token.owner.variables if token.owner is not None else None
    return token.item == 0 and (around or {}).get("nrOfCompletedInstances", 0) == 0


def _person(view: View, expression: Any) -> str | None:
    value = None if expression is None else view.json(expression)
    if value is not None and not isinstance(value, str):
        raise StepFailed("expression", f"Expected '{expression.text}' to give a login name, but it gives {value!r:.60}")
    return value or None


def _listed(view: View, expressions: tuple[Any, ...]) -> list[str]:
    names: list[str] = []
    for expression in expressions:
        value = view.json(expression)
        parts = value.split(",") if isinstance(value, str) else value or []
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise StepFailed("expression", f"Expected '{expression.text}' to give names, but it gives {value!r:.60}")
        names += [part.strip() for part in parts if part.strip()]
    return list(dict.fromkeys(names))


def _moment(view: View, expression: Any) -> str | None:
    value = None if expression is None else view.evaluate(expression)
    if value is None:
        return None
    try:
        return timing.moment_of(value, view.context.now, view.context.zone).isoformat()
    except (ValueError, OverflowError) as error:
        raise StepFailed("expression", f"Expected '{expression.text}' to give a date: {error}") from error


def _number(view: View, expression: Any) -> int | None:
    if expression is None:
        return None
    value = view.json(expression)
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise StepFailed("expression", f"Expected '{expression.text}' to give a number, but it gives {value!r:.60}") from None
