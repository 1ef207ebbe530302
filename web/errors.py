"""How refusals travel over HTTP: one table of statuses, one JSON shape for programs, a page with a plain sentence for people."""

import errno
import itertools
import logging
import secrets
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, current_app, flash, g, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from engine import standstill
from engine.errors import (
    Conflict,
    DeploymentRefused,
    Forbidden,
    Invalid,
    LimitExceeded,
    NotFound,
    Rejected,
    TooLarge,
    TooManyAttempts,
    Unauthenticated,
    Unusable,
)

log = logging.getLogger("steward.web")

DOES_NOT_FIT = "Expected a request that fits its description, but some of its fields do not"
MOST_NAMED = 100
LONGEST_NAME = 100

STATUS: dict[type[Rejected], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    DeploymentRefused: 422,
    TooLarge: 413,
    LimitExceeded: 422,
    TooManyAttempts: 429,
    Rejected: 400,
}
CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "limit_exceeded",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_attempts",
    503: "unavailable",
}
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What a person reads, and what they can do about it.
SENTENCES = {
    400: (lazy_gettext("这一步做不了"), lazy_gettext("请返回上一页，刷新后再试一次。")),
    401: (lazy_gettext("请先登录"), lazy_gettext("登录已过期，请重新登录。")),
    403: (lazy_gettext("您的岗位不能做这件事"), lazy_gettext("如确有需要，请联系项目负责人。")),
    404: (lazy_gettext("找不到这个页面"), lazy_gettext("可能已经不存在，或不属于您所在的项目。")),
    405: (lazy_gettext("这一步做不了"), lazy_gettext("请返回上一页，刷新后再试一次。")),
    409: (lazy_gettext("情况已经变了"), lazy_gettext("别人可能先处理了这件事，请刷新查看最新情况。")),
    413: (lazy_gettext("内容太大"), lazy_gettext("请减少照片数量或大小后再提交。")),
    422: (lazy_gettext("填写的内容有问题"), lazy_gettext("请检查标红的项目。")),
    429: (lazy_gettext("尝试次数太多"), lazy_gettext("请过几分钟再试。")),
    500: (lazy_gettext("系统出错了"), lazy_gettext("什么都没有改变。请稍后再试；如果仍然出错，请把下面的编号告诉管理员。")),
    503: (lazy_gettext("系统暂时存不了数据"), lazy_gettext("什么都没有改变。请过一会儿再试；如果仍然不行，请把下面的编号告诉管理员。")),
}


def install(app: APIFlask) -> None:
    app.error_processor(refused_by_the_library)  # first: it takes the framework's own refusals along
    app.register_error_handler(Rejected, refused)
    app.register_error_handler(Unusable, standing_still)
    app.register_error_handler(HTTPException, refused_by_the_framework)
    app.register_error_handler(CSRFError, refused_as_forged)
    app.register_error_handler(OperationalError, cannot_keep)
    app.register_error_handler(sqlite3.OperationalError, cannot_keep)
    app.register_error_handler(OSError, disk_failed)
    app.register_error_handler(Exception, bug)


def status_of(error: Rejected) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def refused(error: Rejected) -> ResponseReturnValue:
    status = status_of(error)
    if is_for_programs():
        return jsonify(as_json(error)), status
    return login_first() if status == 401 else page(status, detail=error.message)


def standing_still(error: Unusable) -> ResponseReturnValue:
    """The case cannot be moved or read at all: that becomes its incident, and whoever asked is told."""
    steward = current_app.extensions["steward"]
    standstill.report(steward.db, error, steward.clock.now())
    if is_for_programs():
        return jsonify(as_json(error)), 409
    title, advice = gettext("这个工单暂时动不了"), gettext("系统读不出它存下来的内容，您的操作没有生效，请告诉管理员。其他工单不受影响。")
    return page(409, detail=error.message, words=(title, advice))


def refused_by_the_framework(error: HTTPException) -> ResponseReturnValue:
    """What Flask and its libraries refuse: unknown addresses, wrong methods, requests that are too large, forms without their token."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if is_for_programs():
        answer = make_response(jsonify(error=_shape(CODES.get(status, "bad_request"), error.description or error.name)), status)
        answer.headers.update({name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "WWW-Authenticate")})
        return answer
    return page(status, detail=error.description or "")


def refused_as_forged(error: CSRFError) -> ResponseReturnValue:
    """A form without the token of its session: forged, or its session ended while the page stood open."""
    address = _page_at_hand()
    if is_for_programs() or (current_user.is_authenticated and (address is None or is_htmx())):
        return refused_by_the_framework(error)
    if current_user.is_authenticated:
        # Logged in anew, in another tab: the browser has kept what was typed, and the page comes with the token of this session.
        flash(gettext("这个页面是之前打开的。您填写的内容还在，请再提交一次。"), "problem")
        return redirect(address or url_for("inbox.show"), 303)
    flash(gettext("页面放得太久了，请重新登录。"), "info")
    return login_first()


def refused_by_the_library(error: HTTPError) -> ResponseReturnValue:
    """What APIFlask refuses by itself."""
    return jsonify(error=_shape(CODES.get(error.status_code, "bad_request"), error.message)), error.status_code, error.headers


def bug(error: Exception) -> ResponseReturnValue:
    """Ours: the request is rolled back, and a number leads from what the person saw to the line in the log."""
    number = secrets.token_hex(4)
    log.exception("Error %s at %s %s", number, request.method, request.path)
    if is_for_programs():
        return jsonify(error=_shape("internal", f"Expected to answer, but an error was met; its id is {number}")), 500
    return page(500, number=number)


def cannot_keep(error: OperationalError | sqlite3.OperationalError | OSError) -> ResponseReturnValue:
    """The database is away, locked or full, or the disk is full: nobody's fault in this request, and nothing of it was kept."""
    number = secrets.token_hex(4)
    log.error("Nothing can be kept, %s at %s %s: %s", number, request.method, request.path, getattr(error, "orig", error))
    if is_for_programs():
        message = f"Expected the database to answer and to have room, but it does not: try again later (the log names it {number})"
        answer = make_response(jsonify(error=_shape(CODES[503], message)), 503)
    else:
        g._login_user = AnonymousUserMixin()  # the page must not ask the database who reads it
        answer = make_response(page(503, number=number))
    answer.headers["Retry-After"] = "10"
    return answer


def disk_failed(error: OSError) -> ResponseReturnValue:
    """An attachment that finds no room on the disk; every other trouble with files is a bug."""
    return cannot_keep(error) if error.errno in NO_ROOM else bug(error)


def as_json(error: Rejected) -> dict[str, Any]:
    """The one shape of an error: `{"error": {"code", "message", "fields"?, "problems"?}}`."""
    shape = _shape(error.code, error.message)
    if isinstance(error, Invalid):
        shape["fields"] = error.fields
    if isinstance(error, DeploymentRefused):
        shape["problems"] = [problem.as_dict() for problem in error.problems]
    return {"error": shape}


def is_for_programs() -> bool:
    return request.path.startswith(("/api/", "/hooks/", "/healthz", "/readyz", "/metrics"))


def is_for_residents() -> bool:
    return request.path.startswith("/r/")


def is_htmx() -> bool:
    """Whether the answer is to be put into a page that is there already."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def login_first() -> ResponseReturnValue:
    """To the login, and from there back to the page: what was typed into its form is kept by the browser."""
    address = url_for("session.login", next=_page_at_hand())
    if is_htmx():
        return Response(status=401, headers={"HX-Redirect": address})
    return redirect(address, 303)


def _page_at_hand() -> str | None:
    if request.method == "GET" and not is_htmx():
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host or came_from.path == url_for("session.login"):
        return None
    return f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path


def page(status: int, detail: str = "", number: str = "", words: tuple[str, str] | None = None) -> ResponseReturnValue:
    title, advice = words or SENTENCES.get(status, SENTENCES[500 if status >= 500 else 400])
    template = "errors/notice.html" if is_htmx() else "residents/error.html" if is_for_residents() else "errors/page.html"
    return render_template(template, status=status, title=title, advice=advice, detail=detail, number=number), status


def sentence(error: Rejected) -> str:
    """A refusal in words for people; the engine's own sentence is for programs and logs."""
    title, advice = SENTENCES.get(status_of(error), SENTENCES[400])
    return gettext("%(what)s。%(advice)s", what=title, advice=advice)


def _shape(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message}


def named(messages: Any) -> dict[str, str]:
    """What marshmallow found wrong, a sentence by path; of very many the first few."""
    return dict(itertools.islice(_flat(messages), MOST_NAMED))


def _flat(errors: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(errors, dict):
        for key, value in errors.items():
            yield from _flat(value, f"{path}.{str(key)[:LONGEST_NAME]}" if path else str(key)[:LONGEST_NAME])
    elif isinstance(errors, list):
        yield path, " ".join(str(text) for text in errors)
    else:
        yield path, str(errors)
