"""What a person says by the buttons of a task, beside its form: taken out of what they send, and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine import attachments
from engine.bpmn import votes
from engine.bpmn.approvals import SAID, buttons_of
from engine.bpmn.model import Activity
from engine.errors import Invalid
from engine.texts import storable

MAX_REASON = 2_000


@dataclass(frozen=True)
class Said:
    """A decision with what belongs to it; `form` is what was filled in besides."""

    decision: str | None
    reason: str | None
    signature: str | None
    form: Mapping[str, Any]
    wrong: Mapping[str, str]  # what cannot be said, by its name

    @property
    def told(self) -> dict[str, str]:
        """As history tells it."""
        named = {"decision": self.decision, "reason": self.reason, "signature": self.signature}
        return {name: value for name, value in named.items() if value}


NOTHING: Mapping[str, str] = {}


def read(session: Session, activity: Activity, details: Mapping[str, Any], variables: Mapping[str, Any], site: str) -> Said:
    """Take the decision out of what was sent. Where a task has no buttons and nobody was added to sign it, all of it is the form's."""
    buttons, is_added = buttons_of(activity), "signer" in details
    if not buttons and not is_added:
        return Said(None, None, None, variables, NOTHING)
    wrong = {name: complaint for name in SAID if (complaint := _complaint(name, variables.get(name)))}
    decision, reason, signature = (None if name in wrong else variables.get(name) or None for name in SAID)
    wrong |= votes.missing(buttons, decision, reason, signature)
    form = {name: value for name, value in variables.items() if name not in SAID}
    if is_added:
        wrong |= dict.fromkeys(form, "加签人只填写意见，不填写表单。")
        form = {}
    if signature is not None and attachments.unknown(session, {signature}, site, pictures=True):
        wrong["signature"] = "请重新签名。"
    return Said(decision, None if reason is None else storable(reason.strip()), signature, form, wrong)


def _complaint(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return f"原因最多 {MAX_REASON} 字。" if isinstance(value, str) and len(value) > MAX_REASON else None
    return "应为文字。"


def refuse(said: Said, form: Invalid | None = None) -> None:
    """Raise Invalid for everything that is wrong with the decision and the form, all at once."""
    if form is not None and not said.wrong:
        raise form
    if said.wrong:
        fields = {**({} if form is None else form.fields), **said.wrong}
        raise Invalid(f"Expected a decision and a form that are filled in right, but {', '.join(fields)} need correcting", fields)
