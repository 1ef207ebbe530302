"""Who has decided what about an activity, and what it comes to: votes are kept where all of its people come together."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn.approvals import Button
from engine.bpmn.instance import Token
from engine.bpmn.triggers import Complete
from engine.errors import Invalid

Votes = Sequence[Mapping[str, Any]]


def require_said(buttons: Sequence[Button], act: Complete) -> None:
    """Raise Invalid for a decision that none of the buttons stands for, or a missing reason or signature."""
    if objections := missing(buttons, act.decision, act.reason, act.signature):
        raise Invalid(
            f"Expected a decision of {', '.join(one.key for one in buttons)}, but {', '.join(objections)} is not as it should be",
            objections,
        )


def missing(buttons: Sequence[Button], decision: str | None, reason: str | None, signature: str | None) -> dict[str, str]:
    """What is still to be said, or cannot be said, by its name."""
    if not buttons:
        return {}
    button = next((one for one in buttons if one.key == decision), None)
    if button is None:
        labels = "、".join(f"“{one.label}”" for one in buttons)
        return {"decision": f"请选择{labels}。" if decision is None else f"没有“{decision[:40]}”这个选项，请选择{labels}。"}
    found = {}
    if button.needs_reason and not (reason or "").strip():
        found["reason"] = f"选择“{button.label}”时请填写原因。"
    if button.needs_signature and not signature:
        found["signature"] = f"选择“{button.label}”时请签名。"
    return found


def vote_of(token: Token, item: int | None, act: Complete) -> dict[str, Any]:
    """The act as it is kept; `item` is whose part of a repetition it was."""
    at = token.workflow.context.now.isoformat()
    vote: dict[str, Any] = {"who": act.performer, "decision": act.decision, "reason": act.reason, "at": at}
    vote |= {name: value for name, value in (("signature", act.signature), ("proxy", act.proxy), ("rule", act.rule)) if value}
    if (added := token.details.get("signer")) is not None:
        vote |= {name: added[name] for name in ("where", "by") if added.get(name)}
    if item is not None:
        vote["item"] = item
    return vote


def keep(keeper: Token, vote: Mapping[str, Any]) -> None:
    keeper.details = {**keeper.details, "votes": [*keeper.details.get("votes", ()), vote]}


def outcome(buttons: Sequence[Button], votes: Votes, approved: bool) -> dict[str, Any]:
    """What the whole comes to: what most of the winning side said (the first of the buttons, when several were said as often), with
    the last reason and signature given for it. Who only advised before somebody else decided is not counted."""
    refusing = {one.key for one in buttons if one.refuses}
    winners = [vote for vote in votes if vote.get("where") != "before" and (vote["decision"] in refusing) != approved]
    said = [vote["decision"] for vote in winners]
    usual = [one.key for one in buttons if one.refuses != approved]
    decision = max(usual, key=said.count, default=None)
    last = {name: next((vote[name] for vote in reversed(winners) if vote.get(name)), None) for name in ("reason", "signature")}
    return {"decision": decision, **last}


def names(activity_id: str, result: Mapping[str, Any], votes: Votes | None) -> dict[str, Any]:
    """The result under the names by which the diagram knows it."""
    found = {f"{activity_id}_{name}": value for name, value in result.items() if name != "signature" or value}
    if votes is None:
        return found
    told = [{name: value for name, value in vote.items() if name != "item"} for vote in votes]
    return {**found, f"{activity_id}_votes": told}


def refuses(buttons: Sequence[Button], decision: str | None) -> bool:
    return any(one.key == decision and one.refuses for one in buttons)


def tell_scope(token: Token, variables: Mapping[str, Any]) -> None:
    """Write into the scope around an activity, and no further out: another item of a subprocess around it has its own result."""
    scope = token.owner
    while scope is not None and scope.variables is None:
        scope = scope.owner
    assert scope is not None
    assert scope.variables is not None
    token.workflow.touch(scope)
    token.workflow.written += bool(variables)
    scope.variables.update(variables)


def by_rule(rule: str, passes: bool, buttons: Sequence[Button], token_id: str = "") -> Complete:
    """An act that nobody did: a rule of the diagram for an odd case decided."""
    fitting = next((one.key for one in buttons if one.refuses != passes), None)
    return Complete(token_id, {}, None, decision=fitting, reason=None, rule=rule)
