"""A resident's case in plain words: the course that `engine.queries_resident` tells, ready for the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine import identity, queries_case, queries_resident, sites
from engine.actors import LINK
from engine.errors import Invalid
from engine.queries_case import OpenTask
from engine.queries_resident import Course
from engine.tables import Instance, PersonalLink, UserTask
from web import language, sentences, words
from web.pages import deciding, fields
from web.pages.facts import ReadableFact, readable


@dataclass(frozen=True)
class Asked:
    """A task that waits for the resident, with its form."""

    id: int
    name: str
    form: fields.FormView
    decision: deciding.Decision


@dataclass(frozen=True)
class View:
    """What the page of a case shows."""

    link: PersonalLink
    site_name: str
    telephone: str
    zone: ZoneInfo
    title: str
    number: str
    state: str
    steps: Sequence[tuple[str, datetime]]
    facts: Sequence[ReadableFact]
    asked: Sequence[Asked]


def view(session: Session, link: PersonalLink, token: str, typed: Mapping[int, Mapping[str, Any]], refusal: Invalid | None = None) -> View:
    """The case of the link. `typed` is what was filled in so far, by task; a refusal belongs to that task."""
    root, site = session.get_one(Instance, link.instance_id), sites.facts(session, link.site)
    course = queries_resident.course(session, root)
    return View(
        link=link,
        site_name=site.name,
        telephone=str(site.variables.get("service_telephone") or ""),
        zone=site.zone,
        title=process_name(root.key, course.process_name),
        number=root.number or "",
        state=_state(root, course),
        steps=[(language.in_language(step.text), step.at) for step in course.steps],
        facts=readable(course.facts, {}, site.zone, opens_telephones=False),
        asked=[_asked(session, course, one, token, site.zone, typed.get(one.task.id), refusal) for one in course.tasks],
    )


def form_of(session: Session, task: UserTask, token: str, zone: ZoneInfo, values: Mapping[str, Any]) -> fields.FormView:
    """The form of a resident's task. Nobody's number stands open in it, and no list of the staff."""
    loaded = queries_case.loaded_of(session, task.instance_id)
    return fields.FormView(
        form=loaded.forms.get(task.form or ""),
        values=values,
        variables=queries_case.variables_of(session, task.instance_id, task.scope),
        zone=zone,
        site=task.site,
        labelled=queries_case.labelled_fields(loaded),
        opens_telephones=False,
        files_at=url_for("residents.add_file", token=token),
    )


def process_name(key: str, name: str) -> str:
    """What residents call it, in their language."""
    known = {
        "repair": gettext("报修"),
        "complaint": gettext("投诉"),
        "renovation": gettext("装修"),
        "custom_service": gettext("特约服务"),
        "inquiry": gettext("咨询"),
        "assistance": gettext("一般性求助"),
    }
    return known.get(key, name)


def too_late(session: Session, link: PersonalLink, task_id: int, zone: ZoneInfo) -> str | None:
    """Who did the task before the resident could, by post; None for one that is not of this case, or not a resident's."""
    task = session.get(UserTask, task_id)
    if task is None or session.get_one(Instance, task.instance_id).root_id != link.instance_id:
        return None
    if not queries_resident.is_of_residents(session, task):
        return None
    who = task.completed_by
    if who is None:
        return gettext("这一步现在不需要您办理了。您填写的内容没有提交。")
    if who.startswith(f"{LINK}:"):
        return gettext("这一步您已经提交过了，没有重复提交。")
    posts = sorted(post for site, post in identity.posts_of(session, who) if site == link.site)
    said = {"post": gettext("、").join(words.post_name(post) for post in posts) or gettext("工作人员")}
    when = words.moment(task.ended_at or task.created_at, zone=zone)
    return gettext("物业（%(post)s）已在 %(when)s 办好这一步，您填写的内容没有提交。", when=when, **said)


def _asked(
    session: Session, course: Course, one: OpenTask, token: str, zone: ZoneInfo, typed: Mapping[str, Any] | None, refusal: Invalid | None
) -> Asked:
    form = form_of(session, one.task, token, zone, typed or {})
    if typed is not None and refusal is not None:
        form = replace(form, errors=sentences.of_fields(refusal.fields) | fields.objections(form.form, typed, form.variables))
    activity = course.loaded[one.task.instance_id].process.activities.get(one.task.activity_id)
    decision = deciding.of(activity, {}, typed or {}, form.errors, form.brings_files_to)
    return Asked(one.task.id, language.in_language(course.asks(one)), form, decision)


def _state(root: Instance, course: Course) -> str:
    if root.state == "completed":
        return gettext("已办结")
    if root.state == "cancelled":
        return gettext("已取消")
    if root.state == "suspended":
        return gettext("暂停办理")
    return gettext("等您办理") if course.tasks else gettext("正在办理")
