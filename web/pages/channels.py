"""How the person is told what is new: mail, robots of their groups, quiet hours; and a site's own words for it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import channels, notice_texts, rights, sites
from engine.errors import Forbidden, Invalid, NotFound, StewardError
from web import current, sentences
from webhooks import deliveries

pages = Blueprint("channels", __name__)
LANGUAGES = ("zh", "en")


def names() -> dict[str, str]:
    """What the kinds of channels are called."""
    said = {
        "email": gettext("邮箱"),
        "wecom": gettext("企业微信群机器人"),
        "dingtalk": gettext("钉钉群机器人"),
        "feishu": gettext("飞书群机器人"),
    }
    return {kind: said[kind] for kind in channels.KINDS}


def text_names() -> dict[str, str]:
    """What the texts are called that a site may write itself."""
    said = {
        "new_task": gettext("新任务"),
        "notice": gettext("流程的提醒"),
        "reminded": gettext("催办"),
        "delegated": gettext("请人协办"),
        "answered": gettext("协办已回复"),
        "mentioned": gettext("备注中提到"),
        "clock_warned": gettext("快到时限"),
        "clock_breached": gettext("已超过时限"),
    }
    return {kind: said[kind] for kind in notice_texts.DEFAULTS}


@pages.get("/channels")
def show() -> str:
    return _page({})


@pages.post("/channels")
def save() -> ResponseReturnValue:
    actor, now, said = current.actor(), current.now(), request.form
    wrong: dict[str, str] = {}
    try:
        with current.steward().db.transaction() as session:
            for kind in channels.KINDS:
                try:
                    chosen = {"tasks": f"{kind}-tasks" in said, "notices": f"{kind}-notices" in said}
                    channels.choose(session, actor, kind, said.get(kind, ""), now, secret=_secret(session, kind), **chosen)
                except Invalid as error:
                    wrong |= error.fields
            try:
                channels.be_quiet(session, actor, said.get("begins", "").strip(), said.get("ends", "").strip(), now)
            except Invalid as error:
                wrong |= error.fields
            if wrong:
                raise Invalid("Expected channels that can be used, but some cannot", wrong)
    except Invalid as error:
        return _page(sentences.of_fields(error.fields)), 422
    flash(gettext("通知方式已保存。"), "done")
    return redirect(url_for("channels.show"), 303)


@pages.post("/channels/<kind>/test")
def test(kind: str) -> ResponseReturnValue:
    """Send a test message at once, and say whether it was taken."""
    steward, person = current.steward(), current.person()
    with steward.db.read() as session:
        channel = channels.of(session, person.login).get(kind)
        if channel is None:
            raise NotFound(f"Expected a channel that you have chosen, but {kind!r} is none")
        session.expunge(channel)
    try:
        deliveries.try_out(steward.db.settings, steward.clock, channel, person.language)
    except StewardError as error:
        flash(gettext("测试消息没有发出：%(why)s", why=sentences.plain(str(error))), "problem")
    else:
        flash(gettext("测试消息已发到%(where)s。", where=names()[kind]), "done")
    return redirect(url_for("channels.show"), 303)


@pages.get("/sites/<code>/texts")
def texts(code: str) -> str:
    return _texts_page(code, {}, {})


@pages.post("/sites/<code>/texts")
def save_texts(code: str) -> ResponseReturnValue:
    """Set the words of every kind; those that are empty or as delivered are the delivered ones."""
    actor, now = current.actor(), current.now()
    typed = {name: request.form.get(name, "").replace("\r\n", "\n").strip() for name in _variables()}
    wrong: dict[str, str] = {}
    for name, text in typed.items():
        try:
            notice_texts.check(text)
        except Invalid as error:
            wrong[name] = error.fields["text"]
    if wrong:
        return _texts_page(code, typed, wrong), 422
    with current.steward().db.transaction() as session:
        rights.require(rights.may_administer(actor, sites.get(session, code, actor).code), "write the texts of this site")
        known = sites.facts(session, code).variables
        for name, (kind, language) in _variables().items():
            own = None if typed[name] in ("", notice_texts.DEFAULTS[kind][language]) else typed[name]
            if known.get(name) != own:
                sites.set_variable(session, code, name, own, actor, now)
    flash(gettext("通知文字已保存。"), "done")
    return redirect(url_for("channels.texts", code=code), 303)


def _variables() -> dict[str, tuple[str, str]]:
    """Site variables with the kind of text and the language that they hold."""
    return {notice_texts.variable(kind, language): (kind, language) for kind in notice_texts.DEFAULTS for language in LANGUAGES}


def _secret(session, kind: str) -> str:  # type: ignore[no-untyped-def]
    """What was typed; left empty, a secret that is known stays, for it is never shown."""
    typed = request.form.get(f"{kind}-secret", "")
    known = channels.of(session, current.person().login).get(kind)
    return typed or (known.secret or "" if known is not None and f"{kind}-forget" not in request.form else "")


def _page(wrong: dict[str, str]) -> str:
    steward, login = current.steward(), current.person().login
    with steward.db.read() as session:
        quiet = channels.quiet_hours(session, login)
        return render_template(
            "channels/channels.html",
            names=names(),
            robots=channels.ROBOTS,
            chosen=channels.of(session, login),
            quiet=quiet,
            said=request.form,
            wrong=wrong,
            has_mail=bool(steward.db.settings.smtp_host),
        )


def _texts_page(code: str, typed: dict[str, str], wrong: dict[str, str]) -> str:
    actor = current.actor()
    with current.steward().db.read() as session:
        site = sites.get(session, code, actor)
        if not rights.may_administer(actor, code):
            raise Forbidden("Expected somebody who administers the site, but you do not")
        facts = sites.facts(session, code)
        shown = {
            kind: [
                (language, name := notice_texts.variable(kind, language), typed.get(name) or notice_texts.of(facts, kind, language))
                for language in LANGUAGES
            ]
            for kind in notice_texts.DEFAULTS
        }
        return render_template("channels/texts.html", site=site, names=text_names(), shown=shown, places=notice_texts.NAMES, wrong=wrong)
