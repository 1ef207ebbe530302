"""What several people decide together, by buttons, and what each may see and fill in: on both databases."""

import json
import threading
from pathlib import Path

import pytest

from benchmarks.statement_log import listening
from engine import attachments, queries_case, user_tasks
from engine.actors import Actor
from engine.errors import AlreadyCompleted, Forbidden, Invalid, Rejected
from tests.factories import END_EVENT, START_EVENT, Company, chain, diagram, extensions, task
from tests.people import ANNA, BAO, DONG, EMMA, actor
from tests.pictures import picture

OVER = '<multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person"/>'


def approval(rule: str, **properties: str) -> str:
    inside = extensions({"approval": rule, **properties})
    return f'<userTask id="agree" name="会签" camunda:assignee="${{person}}">{inside}{OVER}</userTask>'


def decide(company: Company, who: Actor, decision: str | None = "approve", reason: str = "", activity: str = "agree") -> None:
    mine = next(one for one in company.open_tasks() if one.activity_id == activity and one.assignee in (who.login, None))
    said = {"decision": decision, "reason": reason}
    with company.database.transaction() as session:
        user_tasks.complete(session, mine.id, {name: value for name, value in said.items() if value}, who, company.now)


def begin(company: Company, *nodes: str, people: tuple[str, ...] = ("anna", "bao", "dong"), **variables: object) -> int:
    company.deploy(diagram(chain(START_EVENT, *nodes, END_EVENT)))
    return company.start(variables={"people": list(people), **variables})


def test_one_refusal_of_several_takes_the_other_tasks_away_and_keeps_the_votes(company: Company) -> None:
    instance = begin(company, approval("all"), task("after", "technician"))
    decide(company, BAO)
    decide(company, ANNA, "reject", "太贵")
    assert company.waiting(instance) == ["after"]
    found = company.variables(instance)
    assert (found["agree_decision"], found["agree_reason"]) == ("reject", "太贵")
    assert [(vote["who"], vote["decision"], vote["reason"]) for vote in found["agree_votes"]] == [
        ("bao", "approve", None),
        ("anna", "reject", "太贵"),
    ]
    told = [line.data for line in company.events(instance) if line.type == "user_task.completed"]
    assert [(data["decision"], data.get("reason")) for data in told] == [("approve", None), ("reject", "太贵")]


def test_a_decision_without_its_reason_is_refused_and_changes_nothing(company: Company) -> None:
    instance = begin(company, approval("share:0.5"))
    for decision, reason, field in (("reject", "", "reason"), (None, "so", "decision"), ("perhaps", "", "decision")):
        with pytest.raises(Invalid) as refused:
            decide(company, ANNA, decision, reason)
        assert set(refused.value.fields) == {field}
    assert len(company.open_tasks(instance)) == 3


def test_two_who_decide_at_once_are_both_counted_and_the_third_is_told(company: Company) -> None:
    instance = begin(company, approval("share:0.6"), task("after"))
    tasks = {one.assignee: one.id for one in company.open_tasks(instance)}
    together, answers = threading.Barrier(3), []

    def vote(login: str) -> None:
        together.wait()
        try:
            with company.database.transaction() as session:
                user_tasks.complete(session, tasks[login], {"decision": "approve"}, actor(login), company.now)
            answers.append("done")
        except Rejected as rejected:
            answers.append(rejected.code)

    threads = [threading.Thread(target=vote, args=(login,)) for login in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["already_completed", "done", "done"]
    assert company.waiting(instance) == ["after"]
    assert len(company.variables(instance)["agree_votes"]) == 2


def test_a_vote_takes_few_statements_and_one_commit(company: Company) -> None:
    begin(company, approval("all"), people=("anna", "bao", "chen", "dong", "emma"))
    mine = next(one for one in company.open_tasks() if one.assignee == "anna")
    with listening(company.database) as log, company.database.transaction() as session:
        user_tasks.complete(session, mine.id, {"decision": "approve"}, ANNA, company.now)
    assert 5 < len(log.statements) <= 15, log.statements
    assert log.commits == 1


def test_who_signed_an_approval_may_not_do_what_differs_from_it(company: Company) -> None:
    begin(company, approval("all"), task("pay", "technician", {"differsFrom": "agree"}), people=("anna", "dong"))
    decide(company, ANNA)
    decide(company, DONG)
    with pytest.raises(Forbidden, match="会签"):
        company.complete("pay", ANNA)
    company.complete("pay", BAO)


COMPONENTS = [
    {"type": "number", "id": "c1", "key": "price", "label": "金额"},
    {"type": "textfield", "id": "c2", "key": "note", "label": "说明"},
    {"type": "textfield", "id": "c3", "key": "phone", "label": "电话"},
    {"type": "textfield", "id": "c4", "key": "plate", "label": "车牌", "conditional": {"hide": '=phone != "1"'}},
]
FORM = json.dumps({"type": "default", "id": "slip", "components": COMPONENTS}).encode()


def with_rights(company: Company, fields: str, **variables: object) -> int:
    slip = task("check", "technician", {"fields": fields}, formRef="slip")
    company.deploy(diagram(chain(START_EVENT, slip, END_EVENT)), **{"slip.form": FORM})
    return company.start(variables=variables)


def test_what_a_task_may_only_read_or_not_see_cannot_be_changed(company: Company) -> None:
    instance = with_rights(company, "price=read; phone=hidden", price=80, phone="1")
    company.complete("check", ANNA, {"price": 1, "phone": "2", "note": "ok", "plate": "沪A"})
    assert company.variables(instance) == {"price": 80, "phone": "1", "note": "ok", "plate": "沪A"}


@pytest.mark.parametrize("right", ["read", "hidden"])
def test_what_is_sent_for_a_field_that_cannot_be_filled_in_hides_no_field_that_is_demanded(company: Company, right: str) -> None:
    why = {"id": "f_why", "key": "why", "type": "textfield", "label": "why", "validate": {"required": True}}
    price = {"id": "f_price", "key": "price", "type": "number", "label": "price"}
    form = {"type": "default", "id": "slip", "components": [{**why, "conditional": {"hide": "=price <= 100"}}, price]}
    company.deploy(
        diagram(chain(START_EVENT, task("check", "technician", {"fields": f"price={right}"}, formRef="slip"), END_EVENT)),
        **{"slip.form": json.dumps(form).encode()},
    )
    company.start(variables={"price": 500})
    with pytest.raises(Invalid) as refused:
        company.complete("check", ANNA, {"price": 1})
    assert set(refused.value.fields) == {"why"}


def test_what_a_task_demands_must_be_filled_in(company: Company) -> None:
    with_rights(company, "note=required", price=80)
    with pytest.raises(Invalid) as refused:
        company.complete("check", ANNA, {"price": 1})
    assert set(refused.value.fields) == {"note"}


def test_a_hidden_field_is_not_in_the_form_that_the_task_shows(company: Company) -> None:
    with_rights(company, "phone=hidden; price=read")
    with company.database.read() as session:
        found = queries_case.task(session, company.task("check").id, ANNA)
        form = queries_case.form_of(queries_case.loaded_of(session, found.instance_id), found)
    assert form is not None
    assert (form.withheld, [one.key for one in form.components if one.readonly]) == ({"phone"}, ["price"])


def test_a_form_and_a_decision_are_refused_together(company: Company) -> None:
    both = task("check", "technician", {"fields": "note=required", "buttons": "ok=好; no=不好!reason"}, formRef="slip")
    company.deploy(diagram(chain(START_EVENT, both, END_EVENT)), **{"slip.form": FORM})
    instance = company.start()
    with pytest.raises(Invalid) as refused:
        company.complete("check", ANNA, {"decision": "no"})
    assert set(refused.value.fields) == {"note", "reason"}
    company.complete("check", ANNA, {"decision": "no", "reason": "坏的", "note": "n"})
    found = company.variables(instance)
    assert (found["check_decision"], found["check_reason"], found["note"]) == ("no", "坏的", "n")
    assert "decision" not in found


def test_a_signature_that_nobody_has_brought_is_refused(company: Company) -> None:
    begin(company, task("check", "technician", {"buttons": "ok=好!signature"}))
    with pytest.raises(Invalid) as refused:
        company.complete("check", ANNA, {"decision": "ok", "signature": "a" * 64})
    assert set(refused.value.fields) == {"signature"}


def test_an_approval_within_parallel_branches_moves_its_own_branch_only(company: Company) -> None:
    fork, join = '<parallelGateway id="fork"/>', '<parallelGateway id="join"/>'
    flows = [
        ("start", "fork"),
        ("fork", "agree"),
        ("fork", "beside"),
        ("agree", "join"),
        ("beside", "join"),
        ("join", "last"),
        ("last", "end"),
    ]
    drawn = "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flows)
    company.deploy(diagram(START_EVENT + fork + approval("any") + task("beside") + join + task("last") + END_EVENT + drawn))
    instance = company.start(variables={"people": ["dong", "emma"]})
    decide(company, EMMA)
    assert company.waiting(instance) == ["beside"]
    with pytest.raises(StopIteration):
        decide(company, DONG)
    company.complete("beside", ANNA)
    assert company.waiting(instance) == ["last"]


def test_the_task_that_was_taken_away_says_so(company: Company) -> None:
    begin(company, approval("any"), task("after"), people=("anna", "dong"))
    late = next(one for one in company.open_tasks() if one.assignee == "dong")
    decide(company, ANNA)
    with company.database.transaction() as session, pytest.raises(AlreadyCompleted):
        user_tasks.complete(session, late.id, {"decision": "approve"}, DONG, company.now)


@pytest.mark.parametrize(("content", "is_taken"), [(picture(), True), ("签名".encode(), False), (b"%PDF-1.7 x", False)])
def test_only_pictures_are_signatures_and_photographs(company: Company, tmp_path: Path, content: bytes, is_taken: bool) -> None:
    sign = {"id": "f_sign", "key": "sign", "type": "textfield", "label": "签名", "properties": {"signature": "true"}}
    photos = {"id": "f_photos", "key": "photos", "type": "filepicker", "label": "照片", "properties": {"photo": "true"}}
    papers = {"id": "f_papers", "key": "papers", "type": "filepicker", "label": "资料"}
    form = {"type": "default", "id": "slip", "components": [sign, photos, papers]}
    check = task("check", "technician", {"buttons": "ok=好!signature"}, formRef="slip")
    company.deploy(diagram(chain(START_EVENT, check, END_EVENT)), **{"slip.form": json.dumps(form).encode()})
    company.start()
    with company.database.transaction() as session:
        kept = attachments.store(session, tmp_path, content, "a.png", "S1", ANNA, company.now)
    said = {"decision": "ok", "signature": kept, "sign": kept, "photos": [kept], "papers": [kept]}
    if is_taken:
        company.complete("check", ANNA, said)
        return
    with pytest.raises(Invalid) as refused:
        company.complete("check", ANNA, said)
    assert set(refused.value.fields) == {"signature", "sign", "photos"}
