"""Login, logout, one's own password and language."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from engine import identity, passwords
from engine.errors import Forbidden, Invalid, TooManyAtOnce, TooManyAttempts
from web import auth, current, language, sentences
from web.pages import addresses

pages = Blueprint("session", __name__)
COME_AGAIN = {"Retry-After": "5"}
MAY_STAY = frozenset({"session.logout", "session.password", "session.change_language", "static"})


@pages.get("/login")
def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("inbox.show"))
    return render_template("session/login.html", login="", problem=None)


@pages.post("/login")
def log_in() -> ResponseReturnValue:
    name, password = request.form.get("login", ""), request.form.get("password", "")
    steward = current.steward()
    try:
        with passwords.in_turn(), steward.db.transaction() as session:
            person = identity.authenticate(session, name, password, request.remote_addr or "", current.now())
            known = auth.known(person, identity.actor_of(session, person, "page", current.now())) if person is not None else None
    except TooManyAtOnce:
        return render_template("session/login.html", login=name, problem=_crowded()), 429, COME_AGAIN
    except TooManyAttempts:
        return render_template("session/login.html", login=name, problem=gettext("登录失败次数太多，请 15 分钟后再试。")), 429
    if known is None:
        return render_template("session/login.html", login=name, problem=gettext("用户名或密码不对。")), 401
    auth.sign_in(known, current.now())
    return redirect(addresses.local(request.args.get("next")) or addresses.first_page(known.actor), 303)


@pages.post("/logout")
def logout() -> ResponseReturnValue:
    auth.sign_out(current.steward())
    flash(gettext("您已退出登录。"), "info")
    return redirect(url_for("session.login"), 303)


@pages.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    person = current.person()
    if request.method == "GET":
        return _password_page({})
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _password_page({"again": gettext("两次输入的新密码不一样。")}), 422
    try:
        with passwords.in_turn(), current.steward().db.transaction() as session:
            given = request.form.get("current", "")
            epoch = identity.change_password(session, person.login, given, new, person.actor, current.now()).session_epoch
    except TooManyAtOnce:
        return _password_page({"current": _crowded()}), 429, COME_AGAIN
    except Invalid as error:
        return _password_page(sentences.of_fields(error.fields)), 422
    auth.renew(epoch)
    flash(gettext("密码已修改，其他设备上的登录已全部退出。"), "done")
    return redirect(url_for("inbox.show"), 303)


@pages.post("/language")
def change_language() -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    if wanted in language.LANGUAGES:
        browser["language"] = wanted
        if current_user.is_authenticated:
            with current.steward().db.transaction() as session:
                identity.change_person(session, current.person().login, current.actor(), current.now(), language=wanted)
    return redirect(addresses.local(request.form.get("next")) or url_for("inbox.show"), 303)


@pages.before_app_request
def ask_for_a_new_password() -> ResponseReturnValue | None:
    """Who was given a password chooses their own before anything else."""
    if request.endpoint in MAY_STAY or request.path.startswith(("/hooks/", "/r/")) or request.endpoint is None:
        return None
    # A token was given to its person by itself: it stands for no password.
    if current_user.is_authenticated and current_user.must_change_password and current_user.actor.source == "page":
        if request.path.startswith("/api/"):
            raise Forbidden("Expected a password of your own, but somebody gave you this one: change it first")
        return redirect(url_for("session.password"), 303)
    return None


def _crowded() -> str:
    return gettext("现在登录的人很多，请过几秒再试一次。")


def _password_page(fields: dict[str, str]) -> str:
    return render_template("session/password.html", fields=fields, shortest=passwords.MIN_LENGTH)
