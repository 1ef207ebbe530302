"""What people ask of each other over the API: the shapes of delegation, reminders, copies, proxies, and what belongs to them."""

from apiflask import Schema
from apiflask.fields import Boolean, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from engine.bpmn.signers import PLACES
from engine.comments import MAX_MENTIONS
from engine.copies import MAX_READERS
from engine.priorities import HIGHEST
from web.api.schemas import Moment, Paging, Text, UserTask, Variables, identity, list_of, nullable

NOTE = 500


class Delegate(Schema):
    to = Text(255, 1, required=True, metadata={"description": "login name of the helper"})
    question = Text(NOTE, load_default="")


class Answer(Schema):
    variables = Variables(load_default=dict, metadata={"description": "become the draft of who asked; nothing of them is checked"})
    note = Text(NOTE, load_default="")


class Note(Schema):
    note = Text(NOTE, load_default="")


class OptionalReason(Schema):
    reason = Text(NOTE, load_default="")


class AddSigner(Schema):
    login = Text(255, 1, required=True)
    where = String(required=True, validate=OneOf(PLACES), metadata={"description": "of oneself, who has the task"})
    reason = Text(NOTE, 1, required=True)


class RemoveSigner(OptionalReason):
    login = Text(255, 1, required=True)


class Copy(Schema):
    to = List(Text(255, 1), required=True, validate=Length(1, MAX_READERS), metadata={"description": "login names and posts"})
    note = Text(NOTE, load_default="")


class FollowUp(OptionalReason):
    until = Moment(required=True, allow_none=True, metadata={"description": "null: not put off any more"})


class Priority(OptionalReason):
    priority = Integer(required=True, strict=True, validate=Range(0, HIGHEST))


class Comment(Schema):
    text = Text(10_000, 1, required=True)
    mentions = List(Text(255, 1), load_default=list, validate=Length(0, MAX_MENTIONS), metadata={"description": "login names"})


class CopyAnswer(Schema):
    to = List(String(), required=True, metadata={"description": "login names of those who have a copy now and had none before"})


class CopiedTask(Schema):
    id = Integer(required=True, attribute="copy.id")
    task = Integer(required=True, attribute="task.id")
    name = String(required=True, attribute="task.name")
    state = String(required=True, attribute="task.state")
    assignee = nullable(String, required=True, attribute="task.assignee")
    instance = Integer(required=True, attribute="instance.id")
    number = nullable(String, required=True, attribute="instance.number")
    sent_by = nullable(String, required=True, attribute="copy.sent_by", metadata={"description": "null: the diagram"})
    note = String(required=True, attribute="copy.note")
    at = Moment(required=True, attribute="copy.at")
    new = Boolean(required=True, attribute="is_new")


CopiedTasks = list_of(CopiedTask)


class NewProxy(Schema):
    site = Text(255, 1, required=True)
    principal = Text(255, 1, metadata={"description": "login name of who is away; left out, the person who asks"})
    proxy = Text(255, 1, required=True, metadata={"description": "login name of who stands in"})
    start = Moment(data_key="from", metadata={"description": "left out: now"})
    until = Moment(required=True)
    keys = List(Text(255, 1), load_default=None, allow_none=True, validate=Length(0, 100), metadata={"description": "processes; null: all"})


class Proxy(Schema):
    id = Integer(required=True)
    site = String(required=True)
    principal = String(required=True)
    proxy = String(required=True)
    from_at = Moment(required=True, data_key="from")
    until_at = Moment(required=True, data_key="until")
    keys = List(String(), required=True, allow_none=True, metadata={"description": "processes; null: all"})
    set_by = String(required=True)
    ended_by = nullable(String, required=True)


Proxies = list_of(Proxy)


class ProxyFilter(Paging):
    site = Text()


class WhichProxy(Schema):
    id = identity(required=True)


class Return(Schema):
    to = Text(255, 1, required=True, metadata={"description": "id of an activity that was done before, `initiator`, or `end`"})
    reason = Text(500, 1, required=True)


class WithdrawTask(Schema):
    reason = Text(500, load_default="")


class Target(Schema):
    to = String(required=True)
    name = String(required=True)
    performer = nullable(String, required=True, metadata={"description": "who did it and gets it again if they still may"})


class Targets(Schema):
    items = List(Nested(Target), required=True)


class Returned(Schema):
    task = Nested(UserTask, required=True)
    tasks = List(Nested(UserTask), required=True, metadata={"description": "what is open again; empty at the end"})
