"""What is new for a person who is looking elsewhere: asked for by the browser, which tells them."""

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import inbox, inbox_version, masking, notices
from engine.inbox import TaskItem
from engine.inbox_counts import counts
from engine.notices import Line
from web import current
from web.pages import notice_texts

pages = Blueprint("news", __name__)
MOST, MAX_TEXT = 20, 200


@pages.get("/inbox/news")
def show() -> ResponseReturnValue:
    """The latest tasks that wait for the person and the latest notices that they have not seen."""
    actor = current.actor()
    with current.steward().db.read() as session:
        waiting = sorted(counts(session, actor, current.now()).first)[-MOST:]
        unseen = notices.of(session, actor, unread=True, limit=MOST).items
        version = inbox_version.text(waiting, [line.notice.id for line in unseen])
        if request.if_none_match.contains(version):
            return Response(status=304)
        texts = notice_texts.texts(session, unseen, MAX_TEXT)
        items = [_notice(line, text) for line, text in zip(unseen, texts, strict=True)]
        items += [_task(item) for item in inbox.read(session, waiting)]
    answer = jsonify(items=items)
    answer.set_etag(version)
    return answer


def _notice(line: Line, text: str) -> dict[str, str]:
    """A screen that others can see shows no number to call."""
    address = url_for("orders.show", instance_id=line.notice.instance_id)
    return {
        "id": f"notice-{line.notice.id}",
        "title": gettext("提醒 %(number)s", number=line.number or ""),
        "text": masking.without_telephones(text),
        "address": address,
    }


def _task(item: TaskItem) -> dict[str, str]:
    """What there is to do and the number of its case: a screen that others can see shows nothing of a resident."""
    address = url_for("tasks.show", task_id=item.task.id)
    title = gettext("新任务：%(what)s", what=item.task.name)
    return {"id": f"task-{item.task.id}", "title": title, "text": item.instance.number or "", "address": address}
