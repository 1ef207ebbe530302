"""What a BPMN file says, in our words: the part of a definition that needs no SpiffWorkflow to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Activity:
    """One flow node of the diagram. Texts are as written in the file; expressions are compiled elsewhere."""

    id: str
    name: str
    type: str  # the BPMN tag: userTask, startEvent, exclusiveGateway, …
    line: int
    scope: str  # id of the process or subprocess that holds it
    lane: str | None = None  # the lane's id, when drawn in one; see Process.lanes
    attached_to: str | None = None  # boundary events
    event: str | None = None  # timer, message, signal, error, escalation, terminate, …; None for a plain event
    interrupting: bool = True
    assignee: str | None = None  # expression or user name
    candidate_users: str | None = None  # comma-separated, or an expression that gives a list
    candidate_groups: str | None = None  # comma-separated, or an expression; defaults to the lane
    due_date: str | None = None
    follow_up_date: str | None = None
    priority: str | None = None
    form: str | None = None  # name of the form file without its ending
    topic: str | None = None  # external service task
    decision: str | None = None  # business rule task
    called: str | None = None  # call activity: key of the called process
    retries: str | None = None  # camunda:failedJobRetryTimeCycle
    message: str | None = None  # name of the message or signal that it throws or catches
    properties: Mapping[str, str] = field(default_factory=dict)  # names without "steward:"


@dataclass(frozen=True)
class Lane:
    id: str
    name: str
    group: str | None  # candidate group: property steward:group, else the lane's id when it is a known post


@dataclass(frozen=True)
class Process:
    """One executable process of a BPMN file."""

    key: str
    name: str
    version_tag: str | None
    history_time_to_live: str | None
    starter_groups: tuple[str, ...]
    starter_users: tuple[str, ...]
    properties: Mapping[str, str]  # names without "steward:"
    activities: Mapping[str, Activity]
    flows: Mapping[str, tuple[str, str]]  # sequence flow id → (source id, target id), as drawn
    lanes: Mapping[str, Lane]
    documentation: str = ""

    @property
    def goes_back(self) -> bool:
        """Whether any task of it may be returned or withdrawn."""
        properties = [activity.properties for activity in self.activities.values()]
        return any(each.get("returnTo", "none") != "none" or each.get("withdraw") == "allowed" for each in properties)

    def activity(self, activity_id: str) -> Activity:
        return self.activities[activity_id]

    @property
    def start_form(self) -> str | None:
        """The form of the plain start event, when it has one."""
        for activity in self.activities.values():
            if activity.type == "startEvent" and activity.scope == self.key and activity.event is None:
                return activity.form
        return None
