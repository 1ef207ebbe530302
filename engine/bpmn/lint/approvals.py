"""How several people decide, what they may say, and what becomes of a task that finds nobody: each rule is one that can be carried out."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from engine.bpmn import odd_cases
from engine.bpmn.approvals import EXAMPLE, SAID, Unreadable, buttons_of, read_buttons, read_rule
from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.model import Activity
from engine.bpmn.vocabulary import BPMN, USER_TASKS, children, form_name
from engine.errors import Problem
from engine.posts import POSTS

RULE: Final = "approval"


def check(diagram: Diagram) -> Iterator[Problem]:
    """Good: steward:approval="share:0.6" on a multi-instance; steward:buttons="approve=同意; reject=不同意!reason". Bad: an approval that
    is not multi-instance, or has a completionCondition too; buttons of which every one refuses; whenSame="pass" with nothing to decide."""
    for process in diagram.processes:
        for activity in process.activities.values():
            if activity.type in USER_TASKS and activity.id in diagram.by_id:
                for message in _complaints(diagram, activity):
                    yield diagram.problem(diagram.by_id[activity.id].element, RULE, message)


def _complaints(diagram: Diagram, activity: Activity) -> Iterator[str]:
    properties = activity.properties
    if "approval" in properties:
        yield from _unreadable("approval", "all, any, sequence or share:0.6", read_rule, properties["approval"])
        yield from _repetition(diagram, activity)
    if "buttons" in properties:
        yield from _unreadable("buttons", f"'{EXAMPLE}'", read_buttons, properties["buttons"])
    if buttons_of(activity):
        yield from _form(diagram, activity)
    for name in odd_cases.CASES:
        if name in properties:
            yield from _odd_case(activity, name, properties[name])


def _unreadable(name: str, example: str, read: Callable[[str], object], text: str) -> Iterator[str]:
    try:
        read(text)
    except Unreadable as error:
        yield f"Expected steward:{name} as in {example}, but {error}"


def _repetition(diagram: Diagram, activity: Activity) -> Iterator[str]:
    loop = next(iter(children(diagram.by_id[activity.id].element, "multiInstanceLoopCharacteristics")), None)
    if loop is None:
        yield "Expected steward:approval on a multi-instance, whose items are those who decide, but this task is done once"
    elif loop.find(BPMN + "completionCondition") is not None:
        yield "Expected steward:approval or a completionCondition, but there are both: the approval alone says when it is enough"


def _form(diagram: Diagram, activity: Activity) -> Iterator[str]:
    """What people say by a button has names of its own, which no field may take."""
    form = form_of(diagram, activity)
    for name in sorted(set(SAID) & form.keys) if form is not None else ():
        yield f"Expected a form without a field '{name}', which the buttons of the task ask for, but '{activity.form}' has one"


def form_of(diagram: Diagram, activity: Activity) -> Any:
    """The form of a task, where the files of the deployment have it."""
    forms, name = diagram.available.forms, form_name(diagram.by_id[activity.id].element)
    return forms.get(name) if isinstance(forms, Mapping) and name is not None else None


def _odd_case(activity: Activity, name: str, text: str) -> Iterator[str]:
    answer, buttons = odd_cases.read(text), buttons_of(activity)
    if answer is None:
        yield f"Expected steward:{name} to be manager, pass, refuse or group:<post>, but it is '{text[:60]}'"
    elif answer.passes is not None and not buttons:
        yield f"Expected steward:{name}='{text}' where something is decided (steward:approval or steward:buttons), but nothing is"
    elif answer.passes is False and not any(one.refuses for one in buttons):
        yield f"Expected a button that refuses for steward:{name}='refuse', but there is none"
    elif text.startswith("group:") and answer.posts[0] not in POSTS:
        yield f"Expected steward:{name} to name a post, but there is no post '{answer.posts[0][:60]}'"
