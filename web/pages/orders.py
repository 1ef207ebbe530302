"""The page of an order: where it stands, what is late, the facts, the way it took, and everything that happened."""

import contextlib
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from engine import audit, instances, modifying, offers, personal_links, queries_case, retries, rights, standstill, unmasking, withdrawing
from engine.actors import Actor
from engine.errors import Invalid, NotFound, Unusable
from engine.states import LIVE_INSTANCE
from engine.tables import Instance
from web import current
from web.numbers import whole
from web.pages import cases, links, mentions, outcome, papers
from web.settling import settle, settle_case

pages = Blueprint("orders", __name__, url_prefix="/orders")
PER_PAGE = 50
# What may be done to a case as a whole, by operators or by who began it, and what is said afterwards.
OPERATIONS: dict[str, tuple[Callable[..., Any], Any]] = {
    "cancel": (instances.cancel, lazy_gettext("工单已取消。")),
    "suspend": (instances.suspend, lazy_gettext("工单已暂停。")),
    "resume": (instances.resume, lazy_gettext("工单已恢复。")),
    "withdraw": (withdrawing.withdraw_case, lazy_gettext("工单已撤销。")),
}


@pages.get("/failed")
def failed() -> ResponseReturnValue:
    """Orders that stand still because a step of their process failed, for those who may set them going again."""
    sites = operated_sites(current.actor())
    rights.require(bool(sites), "see what failed")
    with current.steward().db.read() as session:
        page = queries_case.failures(session, sites, PER_PAGE, request.args.get("cursor"))
        processes = {one.id: queries_case.loaded_of(session, one.id).process for _, one in page.items}
        return render_template("orders/failed.html", page=page, processes=processes)


def operated_sites(actor: Actor) -> list[str]:
    return sorted(site for site in actor.sites if rights.may_operate(actor, site))


@pages.get("/<id:instance_id>")
def show(instance_id: int) -> ResponseReturnValue:
    return _page(instance_id)


@pages.post("/<id:instance_id>/unmask")
def unmask(instance_id: int) -> ResponseReturnValue:
    """Show the resident's name and number this once; history tells who looked and why."""
    with current.steward().db.transaction() as session:
        unmasking.unmask(session, instance_id, request.form.get("reason", ""), current.actor(), current.now())
    return _page(instance_id, unmasked=True)


def _page(instance_id: int, unmasked: bool = False) -> str:
    actor, now = current.actor(), current.now()
    with current.steward().db.read() as session:
        unusable = queries_case.case(session, instance_id, actor, with_history=False).unusable
    for one in unusable:
        standstill.report(current.steward().db, one, now)
    with current.steward().db.read() as session:  # verifying lets go of what a session has read, so it has one of its own
        intact = audit.intact(session, instance_id, actor, at_any_length="verify" in request.args)
    with current.steward().db.read() as session:
        case = queries_case.case(session, instance_id, actor)
        site = case.instance.site
        supervises = rights.may_supervise(actor, site) and case.root.state in LIVE_INSTANCE
        return render_template(
            "orders/order.html",
            case=case,
            intact=intact,
            view=cases.view(session, case, actor, now, unmasked),
            may_unmask=rights.may_unmask(actor, site),
            diagrams=cases.diagrams(session, case, now),
            may_operate=rights.may_operate(actor, site),
            may_comment=rights.works_at(actor, site),
            may_withdraw=withdrawing.may_withdraw_case(session, case.root, case.loaded[case.root.id].process, actor),
            offers=offers.offered(session, case.family, {number: one.process for number, one in case.loaded.items()}, actor),
            own_done=withdrawing.withdrawable(session, instance_id, actor),
            people=queries_case.names_for(session, site),
            movable=_movable(session, case, actor),
            colleagues=_colleagues(session, case) if supervises else [],
            resident_links=links.of_case(session, instance_id, actor),
            papers=papers.of_case(case),
            link_days=personal_links.DAYS_OF_CASE,
        )


@pages.post("/<id:instance_id>/comment")
def comment(instance_id: int) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        mentions.add(session, request.form, current.actor(), current.now(), instance_id=instance_id)
        settle_case(session, instance_id)
    flash(gettext("备注已保存。"), "done")
    return _back_to(instance_id)


@pages.post("/<id:instance_id>/hand-over")
def hand_over(instance_id: int) -> ResponseReturnValue:
    to, reason = request.form.get("to", ""), request.form.get("reason", "")
    with current.steward().db.transaction() as session:
        instances.hand_over(session, instance_id, to, reason, current.actor(), current.now())
    flash(gettext("首问责任已移交。"), "done")
    return _back_to(instance_id)


@pages.post("/<id:instance_id>/modify")
def modify(instance_id: int) -> ResponseReturnValue:
    form, actor = request.form, current.actor()
    with current.steward().db.transaction() as session:
        ended, begun = form.getlist("cancel"), [each for each in form.getlist("start_before") if each]
        reason, moves = form.get("reason", ""), whole(form.get("moves", ""))
        if moves is None:  # without it nobody would notice that the case has moved since
            raise Invalid("Expected the number of moves that the page was shown with, but it is none", {"moves": "Expected a number"})
        settle(session, modifying.modify(session, instance_id, reason, actor, current.now(), ended, begun, moves=moves))
    flash(gettext("流程已调整。"), "done")
    return _back_to(instance_id)


@pages.post("/<id:instance_id>/offers/<activity_id>")
def give(instance_id: int, activity_id: str) -> ResponseReturnValue:
    """Give the case the message that it waits for and that the diagram offers to the person's post."""
    now = current.now()
    with current.steward().db.transaction() as session:
        offers.give(session, instance_id, activity_id, request.form.get("reason", ""), current.actor(), now)
        settle_case(session, instance_id)
    return redirect(outcome.tell(instance_id, now, gettext("已告知流程。")), 303)


@pages.post("/<id:instance_id>/<operation>")
def operate(instance_id: int, operation: str) -> ResponseReturnValue:
    if operation not in OPERATIONS:
        raise NotFound(f"Expected one of {', '.join(OPERATIONS)}, but it is {operation!r}")
    command, said = OPERATIONS[operation]
    with current.steward().db.transaction() as session:
        command(session, instance_id, request.form.get("reason", ""), current.actor(), current.now())
    flash(str(said), "done")
    return _back_to(instance_id)


@pages.post("/<id:instance_id>/incidents/<id:incident_id>/retry")
def retry(instance_id: int, incident_id: int) -> ResponseReturnValue:
    with current.steward().db.transaction() as session:
        incident = retries.retry(session, incident_id, current.actor(), current.now())
        is_gone = incident.resolved_at is not None
    if is_gone:
        flash(gettext("已重试，流程继续了。"), "done")
    else:
        flash(gettext("已重试，但还是出错。"), "problem")
    return _back_to(instance_id)


def _movable(session: Session, case: queries_case.Case, actor: Actor) -> list[tuple[Instance, modifying.Choices]]:
    """What an operator can move by hand; nothing of an instance that cannot be read."""
    found = []
    for one in case.family if rights.may_operate(actor, case.instance.site) else ():
        with contextlib.suppress(Unusable):
            found.append((one, modifying.choices(session, one.id, actor)))
    return [(one, choices) for one, choices in found if choices.tokens]


def _colleagues(session: Session, case: queries_case.Case) -> list[tuple[str, str]]:
    found = queries_case.colleagues_for(session, case.root.site)
    return [(one.login, one.name) for one in found if one.login != case.root.first_responder]


def _back_to(instance_id: int) -> ResponseReturnValue:
    return redirect(url_for("orders.show", instance_id=instance_id), 303)
