"""Papers of a case as pages for the printer: A4, black and white, nothing but the paper."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import personal_links, queries_case, rights, sites, unmasking
from engine.errors import NotFound
from web import current
from web.names import names_of
from web.pages import cases, links, papers
from web.pages.papers import Paper

pages = Blueprint("printing", __name__, url_prefix="/orders")


@pages.get("/<id:instance_id>/print/<paper>")
def show(instance_id: int, paper: str) -> ResponseReturnValue:
    """The paper with names and numbers as the printing person may see them."""
    with current.steward().db.read() as session:
        return _page(session, instance_id, _paper(paper))


@pages.post("/<id:instance_id>/print/<paper>")
def prepare(instance_id: int, paper: str) -> ResponseReturnValue:
    """The same with masked numbers in full, which asks for a reason and is told in history, or with a link for the resident."""
    actor, now, wanted = current.actor(), current.now(), _paper(paper)
    with current.steward().db.transaction() as session:
        unmasked = bool(request.form.get("unmasked"))
        if unmasked:
            unmasking.unmask(session, instance_id, request.form.get("reason", ""), actor, now)
        made = personal_links.make_for_case(session, instance_id, actor, now) if request.form.get("link") else None
        session.flush()
        return _page(session, instance_id, wanted, unmasked, links.address_of(made.token) if made else "")


def _paper(key: str) -> Paper:
    if key not in papers.PAPERS:
        raise NotFound(f"Expected one of {', '.join(papers.PAPERS)}, but it is {key!r}")
    return papers.PAPERS[key]


def _page(session: Session, instance_id: int, paper: Paper, unmasked: bool = False, resident_address: str = "") -> str:
    actor, now = current.actor(), current.now()
    case = queries_case.case(session, instance_id, actor, with_history=False)
    if (paper, instance_id) not in papers.of_case(case):
        raise NotFound(f"Expected a case of which a {paper.key} can be printed, but this is none")
    view = cases.view(session, case, actor, now, unmasked)
    view = view.with_names(names_of(session, papers.people_of(case)))
    filled, site = papers.lines(paper, view), sites.facts(session, case.instance.site)
    staff_address = links.full(url_for("orders.show", instance_id=instance_id))
    return render_template(
        "printing/paper.html",
        paper=paper,
        view=view,
        register=papers.register(view) if paper is papers.WORK_ORDER else [],
        lines=filled,
        is_dense=papers.is_dense(filled),
        signed=papers.signed(paper, case),
        copies=papers.copies(paper, site.variables),
        code=links.code_of(staff_address, scale=2),
        resident_code=links.code_of(resident_address, scale=2) if resident_address else None,
        is_masked=not view.opens_telephones,
        may_unmask=rights.may_unmask(actor, case.instance.site),
        printed_by=current.person().name,
    )
