"""What a person may decide about a task besides filling in its form: its buttons, a reason or opinion, a signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from engine.bpmn.approvals import SAID, Button, buttons_of
from engine.bpmn.model import Activity
from engine.deciding import MAX_REASON
from engine.tables import UserTask
from web import language
from web.pages.cases import View


@dataclass(frozen=True)
class Decision:
    """What the template needs to ask for it."""

    buttons: Sequence[Button]
    is_added: bool  # somebody was added to sign: there is no form, only an opinion
    typed: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    longest: int = MAX_REASON
    files_at: str = ""  # where a signature is brought to

    @property
    def asks(self) -> bool:
        return bool(self.buttons) or self.is_added

    @property
    def with_reason(self) -> list[str]:
        """The buttons that need a reason, as people read them."""
        return [self.label(one) for one in self.buttons if one.needs_reason]

    @property
    def signs(self) -> bool:
        return any(one.needs_signature for one in self.buttons)

    @property
    def reason(self) -> str:
        return str(self.typed.get("reason") or "")

    def label(self, button: Button) -> str:
        return button.name(language.current())


def of(
    activity: Activity | None, details: Mapping[str, Any], typed: Mapping[str, Any], errors: Mapping[str, str], files_at: str
) -> Decision:
    buttons = () if activity is None else buttons_of(activity)
    own = {name: text for name, text in errors.items() if name in SAID}
    return Decision(buttons, "signer" in details, typed, own, files_at=files_at)


def read(said: MultiDict[str, str]) -> dict[str, str]:
    """What was said, besides the form."""
    return {name: said[name] for name in SAID if said.get(name)}


def where_name(where: str) -> str:
    """How an added signer signs."""
    return {"before": gettext("前加签"), "after": gettext("后加签"), "beside": gettext("并加签")}.get(where, where)


def decision_name(task: UserTask, view: View, decision: str | None) -> str:
    """What the button said by which somebody decided."""
    activity = view.case.loaded[task.instance_id].process.activities.get(task.activity_id)
    found = () if activity is None else buttons_of(activity)
    return next((one.name(language.current()) for one in found if one.key == decision), decision or gettext("已签"))
