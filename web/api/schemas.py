"""What goes into the API and comes out of it, as marshmallow schemas: the OpenAPI description is made from these."""

import functools
from datetime import UTC, datetime
from typing import Any

import orjson
from apiflask import Schema
from apiflask.fields import AwareDateTime, Boolean, Dict, File, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf, Range, Regexp
from marshmallow import INCLUDE, ValidationError

from engine.states import INSTANCE, USER_TASK

LARGEST_ID = 2**63 - 1
_NO_NUL = Regexp(r"^[^\x00]*$", error="Expected text without NUL characters, but found one")


class Text(String):
    """Text of bounded length that every database can keep."""

    def __init__(self, most: int = 255, least: int = 0, **kwargs: Any) -> None:
        super().__init__(validate=[Length(least, most), _NO_NUL], **kwargs)


class Moment(AwareDateTime):
    """A moment with its zone, at which a case can have happened."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=None, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        if not 1970 <= moment.year <= 2999:
            raise ValidationError("Expected a time between 1970 and 2999, but it is not")
        return moment.astimezone(UTC)


class Variables(Dict):
    """Variables by name: JSON values that can be kept and given back unchanged."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=String(), values=Raw(allow_none=True), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        try:
            orjson.dumps(value)
        except orjson.JSONEncodeError as error:
            raise ValidationError(f"Expected values that JSON can keep, but: {error}") from None
        return value


def identity(**kwargs: Any) -> Integer:
    """A number by which a thing is known."""
    return Integer(strict=False, validate=Range(1, LARGEST_ID), **kwargs)


def nullable(field: type, *args: Any, **kwargs: Any) -> Any:
    return field(*args, allow_none=True, **kwargs)


@functools.cache
def row(shape: type[Schema]) -> type[Schema]:
    """The shape again, for use inside another: the description names a shape once for each way of use."""
    made: type[Schema] = type(f"{shape.__name__}Row", (shape,), {})
    return made


# --- what comes out -------------------------------------------------------------------------------------------------------------


class Problem(Schema):
    file = String(required=True)
    line = Integer(required=True)
    element = String(required=True)
    rule = String(required=True)
    message = String(required=True)
    severity = String()


class ErrorBody(Schema):
    code = String(required=True)
    message = String(required=True)
    fields = Dict(keys=String(), values=String())
    problems = List(Nested(Problem))


class Error(Schema):
    """The one shape of every refusal."""

    error = Nested(ErrorBody, required=True)


class Definition(Schema):
    id = Integer(required=True)
    key = String(required=True)
    version = Integer(required=True)
    name = String(required=True)
    hash = String(required=True)
    deployed_at = Moment(required=True)
    deployed_by = nullable(String, required=True)


class Deployment(Schema):
    definitions = List(Nested(row(Definition)), required=True)
    warnings = List(Nested(Problem), required=True)


class Instance(Schema):
    id = Integer(required=True)
    number = nullable(String, required=True)
    key = String(required=True)
    version = Integer(required=True)
    site = String(required=True)
    business_key = nullable(String, required=True)
    title = nullable(String)
    state = String(required=True, validate=OneOf(list(INSTANCE)))
    incidents = Integer(required=True, metadata={"description": "how many are open"})
    started_at = Moment(required=True)
    occurred_at = Moment()
    ended_at = nullable(Moment, required=True)
    first_responder = nullable(String, required=True)
    waiting = List(String(), required=True, metadata={"description": "ids of the activities at which it waits"})


class UserTask(Schema):
    id = Integer(required=True)
    instance = Integer(required=True, attribute="instance_id")
    number = nullable(String, required=True)
    key = String(required=True)
    site = String()
    activity = String(required=True, attribute="activity_id")
    name = String(required=True)
    state = String(required=True, validate=OneOf(list(USER_TASK)))
    assignee = nullable(String, required=True)
    candidate_groups = List(String(), required=True)
    candidate_users = List(String())
    priority = Integer(required=True)
    due_at = nullable(Moment, required=True)
    follow_up_at = nullable(Moment, required=True)
    created_at = Moment(required=True)
    delegated_by = nullable(String, metadata={"description": "whose task it is, while a helper holds it"})
    completed_by = nullable(String, metadata={"description": "another than the assignee: their proxy"})
    reminders = Integer(metadata={"description": "how often somebody asked for it to be done"})
    form = nullable(String, required=True)


class Incident(Schema):
    id = Integer(required=True)
    instance = Integer(required=True, attribute="instance_id")
    activity = String(required=True, attribute="activity_id")
    kind = String(required=True)
    message = String(required=True)
    trigger = Raw(required=True, allow_none=True, metadata={"description": "what moved the instance when it failed"})
    created_at = Moment(required=True)
    resolved_at = nullable(Moment, required=True)


class Completion(Schema):
    task = Nested(row(UserTask), required=True)
    instance = Nested(row(Instance), required=True)
    incidents = List(Nested(row(Incident)), required=True, metadata={"description": "what failed after the act; the act itself is kept"})


class Notice(Schema):
    id = Integer(required=True, attribute="notice.id")
    instance = Integer(required=True, attribute="notice.instance_id")
    number = nullable(String, required=True)
    site = String(required=True, attribute="notice.site")
    recipient = String(required=True, attribute="notice.recipient", metadata={"description": "a post or a login name"})
    text = String(required=True)
    kind = nullable(
        String,
        attribute="notice.kind",
        metadata={"description": "what a person did, or a clock (the text is the task's name); null: the text is a process's own"},
    )
    sender = nullable(String, attribute="notice.sender", metadata={"description": "login name of that person"})
    task = nullable(Integer, attribute="notice.task_id")
    at = Moment(required=True, attribute="notice.at")
    new = Boolean(required=True, attribute="is_new", metadata={"description": "whether the person has not seen it yet"})


class HistoryEvent(Schema):
    seq = Integer(required=True)
    instance = nullable(Integer, required=True)
    site = String()
    type = String(required=True, metadata={"description": "noun.verb"})
    at = Moment(required=True)
    recorded_at = Moment(required=True)
    actor = nullable(String, required=True)
    activity = nullable(String, required=True)
    data = Raw(required=True, allow_none=True)
    source = nullable(String, required=True)
    previous_hash = String(required=True)
    hash = String(required=True)


class VariablesAnswer(Schema):
    variables = Dict(keys=String(), values=Raw(allow_none=True), required=True)
    scopes = Dict(keys=String(), values=Dict(keys=String(), values=Raw(allow_none=True)))


class Button(Schema):
    key = String(required=True, metadata={"description": "what `decision` says when the task is completed"})
    label = String(required=True)
    english = String(required=True)
    needs_reason = Boolean(required=True)
    needs_signature = Boolean(required=True)
    refuses = Boolean(required=True)


class FormAnswer(Schema):
    form = nullable(String, required=True)
    form_schema = Raw(
        required=True, allow_none=True, data_key="schema", metadata={"description": "the form-js schema, with what this task may see of it"}
    )
    variables = Dict(keys=String(), values=Raw(allow_none=True), required=True)
    buttons = List(Nested(Button), required=True, metadata={"description": "what may be decided; none: the task is just done"})


class DraftAnswer(Schema):
    variables = Dict(keys=String(), values=Raw(allow_none=True), required=True)
    saved_at = nullable(Moment, required=True)


class CommentAnswer(Schema):
    id = Integer(required=True)
    author = String(required=True)
    text = String(required=True)
    at = Moment(required=True)


class AttachmentAnswer(Schema):
    hash = String(required=True)
    media_type = String(required=True)
    size = Integer(required=True)


class MessageAnswer(Schema):
    id = Integer(required=True)
    name = String(required=True)
    site = String(required=True)
    state = String(required=True, validate=OneOf(["stored", "delivered", "expired"]))
    instance = nullable(Integer, required=True, attribute="instance_id")
    received_at = Moment(required=True)


def list_of(item: type[Schema]) -> type[Schema]:
    """The shape of every list: one page, and where the next one begins."""
    fields = {"items": List(Nested(row(item)), required=True), "next": nullable(String, required=True)}
    made: type[Schema] = Schema.from_dict(fields, name=f"{item.__name__}List")  # type: ignore[assignment]
    return made


Definitions = list_of(Definition)
Instances = list_of(Instance)
UserTasks = list_of(UserTask)
Incidents = list_of(Incident)
Notices = list_of(Notice)
History = list_of(HistoryEvent)


# --- what goes in ---------------------------------------------------------------------------------------------------------------


class Nothing(Schema):
    """No body is needed."""


class Paging(Schema):
    limit = Integer(load_default=50, validate=Range(1, 200))
    cursor = Text(1_000, metadata={"description": "the `next` of the page before"})


class DefinitionFilter(Paging):
    key = Text()


class InstanceFilter(Paging):
    site = Text()
    key = Text()
    state = String(validate=OneOf(list(INSTANCE)))
    business_key = Text()
    number = Text()
    q = Text(100, metadata={"description": "number, house, name or telephone"})


class TaskFilter(Paging):
    assignee = Text(metadata={"description": "a login name"})
    candidate = Text(metadata={"description": "a post or a login name"})
    site = Text()
    instance = identity()
    key = Text()
    activity = Text()
    due_before = Moment()
    q = Text(100, metadata={"description": "number, house, name or telephone"})


class IncidentFilter(Paging):
    site = Text()
    instance = identity()
    resolved = Boolean(load_default=False, metadata={"description": "those that are resolved, instead of the open ones"})


class NoticeFilter(Paging):
    unread = Boolean(load_default=False, metadata={"description": "only what the person has not seen yet"})


class HistoryFilter(Paging):
    site = Text()


class HookHeaders(Schema):
    webhook_id = String(data_key="webhook-id")
    webhook_timestamp = String(data_key="webhook-timestamp")
    webhook_signature = String(data_key="webhook-signature")


class IdempotencyHeader(Schema):
    key = String(
        data_key="Idempotency-Key",
        validate=[Length(1, 255), Regexp(r"^[\x21-\x7e]+$")],
        metadata={"description": "the same key with the same body gives the same answer and does nothing twice"},
    )


class Files(Schema):
    class Meta:
        unknown = INCLUDE  # whatever a sender calls the parts: the files' own names count

    files = List(File(), metadata={"description": "BPMN, DMN and forms; the names of the parts do not matter"})
    executable = Boolean(metadata={"description": "run also pools that are marked isExecutable=false"})


class Upload(Schema):
    class Meta:
        unknown = INCLUDE

    file = File(metadata={"description": "the name of the part does not matter"})
    site = Text(metadata={"description": "may be left out by who works at one site only"})


class Start(Schema):
    site = Text(required=True)
    business_key = nullable(Text)
    variables = Variables(load_default=dict)
    occurred_at = nullable(Moment, metadata={"description": "when it happened, if it is entered afterwards"})


class Reason(Schema):
    reason = Text(2_000, 1, required=True)


class HandOver(Schema):
    to = Text(255, 1, required=True, metadata={"description": "login name of the new first responder"})
    reason = Text(2_000, 1, required=True)


class Assign(Schema):
    assignee = Text(255, 1, required=True, metadata={"description": "login name"})
    reason = Text(2_000, load_default="")


class Complete(Schema):
    variables = Variables(load_default=dict)


class Draft(Schema):
    variables = Variables(required=True)


class Message(Schema):
    name = Text(255, 1, required=True)
    site = Text(255, 1, required=True)
    correlation = nullable(Variables, load_default=None, metadata={"description": 'the correlation key by name, such as {"house": "A-12"}'})
    variables = Variables(load_default=dict)


class Signal(Schema):
    name = Text(255, 1, required=True)
    site = Text(255, 1, required=True)
    correlation = nullable(Variables, load_default=None, metadata={"description": "ignored: a signal is for everybody who waits"})
    variables = Variables(load_default=dict)
