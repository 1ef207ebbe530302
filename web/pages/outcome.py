"""What an act brought about, told to the person who did it: who does what next, and by when."""

from datetime import datetime

from flask import flash, url_for
from flask_babel import gettext

from engine import queries_case, sites
from engine.queries_case import Case, OpenTask
from web import current
from web.names import names_of
from web.pages import cases


def tell(instance_id: int, began: datetime, done: str) -> str:
    """Flash what came of an act that began at that moment, and return where the person goes on: their own next task, or their list."""
    actor = current.actor()
    with current.steward().db.read() as session:
        case = queries_case.case(session, instance_id, actor, with_history=False)
        new = [one for one in case.tasks if one.task.created_at >= began]
        names, zone = names_of(session, queries_case.logins_of(new)), sites.facts(session, case.root.site).zone
        told = [done, *(cases.what_follows(one, names, zone) for one in new)]
        if case.root.state == "completed":
            told.append(gettext("%(number)s 已办结。", number=case.root.number or case.root.title or ""))
        flash("\n".join(told), "done")
        _tell_failures(case, began)
        return _next_address(case, new)


def _tell_failures(case: Case, began: datetime) -> None:
    for incident in case.incidents:
        if incident.created_at >= began:
            activity = case.loaded[incident.instance_id].process.activities.get(incident.activity_id)
            what = activity.name if activity and activity.name else incident.activity_id
            flash(gettext("您的操作已保存，但流程在“%(what)s”处出错，需要管理员处理。", what=what), "problem")


def _next_address(case: Case, new: list[OpenTask]) -> str:
    mine = next((one for one in new if cases.may_do(case, one, current.actor())), None)
    if mine is not None:
        return url_for("tasks.show", task_id=mine.task.id)
    return url_for("inbox.show") if new or case.tasks else url_for("orders.show", instance_id=case.root.id)
