"""All tables, without behaviour: one file per group of nouns."""

from engine.tables.base import Base, Json, UtcDateTime
from engine.tables.channels import NoticeChannel, QuietHours
from engine.tables.definitions import Definition, DefinitionResource, Schedule, StartSubscription
from engine.tables.directory import (
    ApiToken,
    CalendarDay,
    EndedSession,
    House,
    ListEntry,
    LoginAttempt,
    Membership,
    Person,
    PersonalLink,
    Proxy,
    Resident,
    Site,
    SiteVariable,
)
from engine.tables.history import Disposal, HistoryContent, HistoryEvent, SiteChain
from engine.tables.instances import CaseField, Instance, InstanceState, Number, NumberSeries, SearchTerm
from engine.tables.outside import Attachment, AttachmentUse, IdempotencyKey, Setting, WebhookEndpoint
from engine.tables.records import WrittenRecord
from engine.tables.returns import TaskReturn
from engine.tables.waiting import Incident, Job, KpiPoint, Message, MessageSubscription, SlaClock, Timer
from engine.tables.work import (
    ChosenColumns,
    Comment,
    Draft,
    Notice,
    Reminder,
    SavedList,
    TaskCopy,
    TaskParticipant,
    UnseenNotice,
    UserTask,
)

__all__ = [
    "ApiToken", "Attachment", "AttachmentUse", "Base", "CalendarDay", "CaseField", "ChosenColumns", "Comment", "Definition",
    "DefinitionResource", "Disposal", "Draft", "EndedSession", "HistoryContent", "HistoryEvent", "House", "IdempotencyKey",
    "Incident", "Instance", "InstanceState", "Job", "Json", "KpiPoint", "ListEntry", "LoginAttempt", "Membership", "Message",
    "MessageSubscription", "Notice", "NoticeChannel", "Number", "NumberSeries", "Person", "PersonalLink", "Proxy", "QuietHours",
    "Reminder", "Resident",
    "SavedList", "Schedule", "SearchTerm", "Setting", "Site", "SiteChain", "SiteVariable", "SlaClock", "StartSubscription",
    "TaskCopy", "TaskParticipant", "TaskReturn", "Timer", "UnseenNotice", "UserTask", "UtcDateTime", "WebhookEndpoint",
    "WrittenRecord",
]  # fmt: skip
