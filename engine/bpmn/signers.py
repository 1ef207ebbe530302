"""Who signs a task of people besides the one whose task it is: before them (前加签), after them (后加签), or beside them (并加签).

A position is a place where somebody signs: the task itself, one item of a multi-instance, or an added signer. It holds a token for each
signer that was added to it, who may add others in turn. Before it waits until those before have signed; then it comes back. Behind it
those after sign, one after another. Those beside sign meanwhile, and count as votes of their own. A position ends when its own person
has acted and it holds nobody any more; what its people decided is counted as soon as they, and those after them, have acted.
"""

from collections.abc import Mapping
from typing import Any, Final

from engine.bpmn import compaction, votes
from engine.bpmn.approvals import SAID
from engine.bpmn.instance import STARTED, Token
from engine.bpmn.loops import MultiInstance
from engine.bpmn.scopes import write
from engine.bpmn.triggers import AddSigner, Complete, RemoveSigner
from engine.errors import Conflict, Invalid

BEFORE, AFTER, BESIDE = "before", "after", "beside"
PLACES: Final = (BEFORE, AFTER, BESIDE)
BARRED: Final = "这个人不能办理这项任务，请选择别人"
MAX_SIGNERS = 50  # of one position and all within it
_WORK: Final = ("assignee", "candidate_users", "candidate_groups", "due_at", "follow_up_at", "priority", "name")


# -- what people do -------------------------------------------------------------------------------------------------------


def sign(token: Token, variables: Mapping[str, Any], act: Complete) -> None:
    """Somebody does their part of a task. Raises Invalid, with nothing changed, for what they cannot decide."""
    main = main_of(token)
    spec = main.task_spec
    if act.rule is None:
        votes.require_said(spec.buttons, act)
    if token is main:
        write(token, variables)
    _note_performers(spec, token, act)
    keeper = _keeper_of(main)
    if spec.decides or is_added(token) or token.holds_tokens() or "votes" in keeper.details:
        vote = votes.vote_of(token, main.item, act)
        votes.keep(keeper, vote)
        token.details = {**token.details, "said": {name: vote.get(name) for name in SAID}}
    _act(token, act, votes.refuses(spec.buttons, act.decision))
    _ask_whether_enough(main)


def add(token: Token, wanted: AddSigner) -> Token:
    """Let somebody sign besides the one whose task this is; returns the new signer's token."""
    main = main_of(token)
    if wanted.where not in PLACES:
        raise Invalid(f"Expected a signer {', '.join(PLACES)}, but it is '{wanted.where[:40]}'", {"where": "请选择加签方式"})
    if count(main) >= MAX_SIGNERS:
        raise Conflict(f"Expected at most {MAX_SIGNERS} added signers, but {main.task_spec.shown_as} has as many")
    if wanted.login in signing(main):
        raise Conflict(f"Expected somebody who does not sign here yet, but {wanted.login} does")
    barred = [] if wanted.where == BEFORE or advises(token) else main.details.get("not") or []  # an opinion may be anybody's
    if wanted.login in barred:
        message = f"Expected somebody who may decide on {main.task_spec.shown_as}, but {wanted.login} has signed it or started the case"
        raise Invalid(message, {"login": BARRED})
    said = {"login": wanted.login, "by": wanted.by, "where": wanted.where, "reason": wanted.reason}
    signer = _place(token, said, {"assignee": wanted.login, "candidate_users": [], "candidate_groups": [], "not": barred})
    if wanted.where == BEFORE:
        _pause(token, wanted.by)
    if wanted.where != AFTER:
        _ask(signer)
    if counts(signer) and main.task_spec.rule is not None:
        _tally(main, "beside")
    return signer


def remove(token: Token, wanted: RemoveSigner) -> None:
    """Take an added signer away who has not signed yet, with those whom they have added."""
    if not is_added(token) or token.details["signer"].get("by") is None:
        raise Conflict("Expected a signer whom somebody has added, but this one is asked by the diagram")
    if token.details.get("acted"):
        raise Conflict(f"Expected a signer who has not signed yet, but {token.details['signer']['login']} has")
    main, position = main_of(token), token.owner
    assert position is not None
    if main.task_spec.rule is not None:
        gone = sum(counts(each) and not _counted(each) for each in [token, *added_to(token)])
        for _ in range(gone):
            _body_of(main).details["beside"].remove(main.item)
    token.workflow.cancel_token(token)
    _go_on(position)
    _ask_whether_enough(main)


# -- what can be asked ----------------------------------------------------------------------------------------------------


def is_added(token: Token) -> bool:
    return "signer" in token.details


def main_of(token: Token) -> Token:
    """The task, or the item of a multi-instance, to which a signer was added."""
    while is_added(token):
        assert token.owner is not None
        token = token.owner
    return token


def counts(token: Token) -> bool:
    """Whether this position's decision is a vote of its own: not that of who advises before somebody, or confirms after them."""
    if not is_added(token):
        return True
    assert token.owner is not None
    return token.details["signer"]["where"] == BESIDE and counts(token.owner)


def advises(token: Token) -> bool:
    """Whether this position signs before somebody who then decides, or confirms what such a one says."""
    if not is_added(token):
        return False
    assert token.owner is not None
    return token.details["signer"]["where"] == BEFORE or advises(token.owner)


def added_to(token: Token) -> list[Token]:
    """Every signer within a position, at any depth."""
    return [found for child in token.within() for found in (child, *added_to(child))]


def count(main: Token) -> int:
    return len(added_to(main))


def signing(main: Token) -> set[str]:
    """The logins of those who sign at a position or within it."""
    named = {token.details["signer"].get("login") or "" for token in added_to(main)} | {main.details.get("assignee") or ""}
    return named - {""}


def _counted(token: Token) -> bool:
    return bool(token.details.get("counted"))


def _body_of(main: Token) -> Token:
    assert main.owner is not None
    return main.owner


def _keeper_of(main: Token) -> Token:
    """Where the votes are kept: at the body of a multi-instance, else at the task."""
    if main.item is not None and isinstance(main.task_spec.loop, MultiInstance):
        return _body_of(main)
    return main


def _of(position: Token, where: str) -> list[Token]:
    return [child for child in position.within() if child.details["signer"]["where"] == where]


# -- how it goes on -------------------------------------------------------------------------------------------------------


def _act(token: Token, act: Complete, refuses: bool) -> None:
    """The person of this position has acted. Whoever signs beside who advises or confirms may have refused before."""
    details = {**token.details, "acted": True, "refused": refuses or bool(token.details.get("refused"))}
    details.pop("kind", None)
    details.pop("again", None)
    token.details = details
    if refuses:
        _drop(token, AFTER)
    elif not is_added(token) and token.task_spec.wants_two:
        _ask_a_second(token, [login for login in (act.performer, act.proxy) if login])
    _go_on(token)


def _go_on(token: Token) -> None:
    """See who is next at this position; when nobody is, it ends."""
    if not token.details.get("acted"):
        if not _of(token, BEFORE):
            _ask(token)
        return
    if after := _of(token, AFTER):
        _ask(after[0])
        return
    if counts(token) and not _counted(token):
        token.details = {**token.details, "counted": True}
        if _count(token):
            return
    if not token.holds_tokens():
        _end(token)


def _count(token: Token) -> bool:
    """Count this position's vote; whether the task has ended by it."""
    main, refused = main_of(token), token.details["refused"]
    if main.task_spec.rule is None:
        if refused and token is not main:
            main.details = {**main.details, "refused": True}
        return bool(refused) and _finish(main)
    _tally(main, "refused" if refused else "approved")
    return False


def _tally(main: Token, side: str) -> None:
    """Count one more of these, by the item to which it belongs."""
    body = _body_of(main)
    body.details = {**body.details, side: [*body.details.get(side, ()), main.item]}


def _end(token: Token) -> None:
    if not is_added(token):
        _finish(token)
        return
    position, refused = token.owner, token.details["refused"]
    where = token.details["signer"]["where"]
    assert position is not None
    compaction.splice(token)
    confirms = where == AFTER or (where == BESIDE and not counts(position))
    if refused and confirms:
        position.details = {**position.details, "refused": True}
        _drop(position, AFTER)
    _go_on(position)


def _finish(main: Token) -> bool:
    """Everybody has signed, or one refusal has ended it."""
    for child in main.within():
        main.workflow.cancel_token(child)
    main.task_spec.finish(main)
    return True


def _ask_whether_enough(main: Token) -> None:
    """The body of an approval looks at its votes; an item that leaves lets it do so by itself."""
    if main.task_spec.rule is not None and main.phase != "leave":
        _body_of(main).go_on("check")


# -- tokens ---------------------------------------------------------------------------------------------------------------


def _place(position: Token, said: Mapping[str, Any], work: Mapping[str, Any]) -> Token:
    main = main_of(position)
    signer = position.workflow.place(main.task_spec.signer, position)
    signer._state = STARTED
    details = {**{name: main.details.get(name) for name in _WORK}, **work, "signer": dict(said)}
    signer.details = {name: value for name, value in details.items() if value not in (None, [])}
    return signer


def _ask(token: Token) -> None:
    """Let its person act: what waits for them is open from now on."""
    if "kind" not in token.details:
        token.workflow.touch(token)
        token.details = {"kind": "user_task", **token.details}


def _pause(token: Token, holder: str | None) -> None:
    """Wait for who signs before; when they have, it comes back to who had it."""
    details = {**token.details, "again": True, "assignee": holder or token.details.get("assignee")}
    details.pop("kind", None)
    token.details = details


def _drop(position: Token, where: str) -> None:
    for child in _of(position, where):
        position.workflow.cancel_token(child)


def _ask_a_second(token: Token, first: list[str]) -> None:
    """`steward:signatures` two_people: another candidate of the same task signs before it is done."""
    users, groups, barred = ([*(token.details.get(name) or ())] for name in ("candidate_users", "candidate_groups", "not"))
    barred = list(dict.fromkeys([*first, *barred]))
    users = [login for login in users if login not in barred]
    work = {"assignee": None, "candidate_users": users, "candidate_groups": groups, "not": barred}
    second = _place(token, {"login": None, "by": None, "where": AFTER, "reason": None}, work)
    token.task_spec.look_for(second, token.workflow.context)


def _note_performers(spec: Any, token: Token, act: Complete) -> None:
    """Everybody who signed, where there were several or something was decided."""
    instance, name = token.workflow, spec.name
    several = is_added(token) or token.item is not None or token.holds_tokens() or spec.wants_two
    if act.performer is not None and (several or spec.buttons or act.proxy is not None):
        approves = None if not spec.buttons else not votes.refuses(spec.buttons, act.decision)
        signed = {**instance.signed.get(name, {}), act.performer: approves}
        instance.signed = {**instance.signed, name: signed if act.proxy is None else {**signed, act.proxy: approves}}
