"""The sample renovation of the demonstration: in its works, with permit and passes; the patrols begin when its timers do."""

from collections.abc import Iterator

from engine.demo_samples import PHOTOGRAPH, SIGNATURE, Act, Day, Sample

_APPLICATION = {
    "applicant": "owner",
    "works_class": "ordinary",
    "works": ["floor", "paint", "plumbing"],
    "works_text": "厨卫水电改造，客厅铺砖，全屋涂刷",
    "company": "安居装饰工程队",
    "site_lead": "周建国",
    "site_lead_telephone": "13900002345",
    "worker_names": "周建国\n吴大勇",
    "planned_from": Day(2),
    "planned_until": Day(45),
    "papers": ["owner_id", "drawings", "licence", "worker_ids"],
}
_SIGNED = {"agreement_number": "装协-026", "prohibited_told": True, "handler_told": True}


def _permitted() -> Iterator[Act]:
    """Checked, reviewed, approved, agreed, paid, permitted."""
    yield Act("appoint", "cs_supervisor", 20, {"handler": "customer_service", "trained": True, "trained_on": Day(-60)})
    identity = {"identity_paper": "id_card", "identity_result": "matches", "papers_result": "complete", "handler_clean": True}
    yield Act("check_identity", "customer_service", 45, identity)
    conditions = {"decision": "conditions", "reason": "不得破坏原防水层，水管须打压试验"}
    yield Act("joint_review", "engineering_supervisor", 200, {**conditions, "reviewer_clean": True})
    yield Act("joint_review", "cs_supervisor", 220, {"decision": "approve", "neighbours_told": True, "reviewer_clean": True})
    yield Act("approve", "project_manager", 300, {"decision": "approve", "manager_clean": True})
    yield Act("sign_agreement", "customer_service", 1_500, {**_SIGNED, "owner_signature": SIGNATURE, "company_signature": SIGNATURE})
    yield Act("collect_deposit", "finance", 1_520, {"deposit": 2_000, "deposit_receipt": "SJ-0311", "fee": 300, "fee_receipt": "SJ-0312"})
    yield Act("issue_permit", "customer_service", 1_540, {"permit_from": Day(1), "sealed": True})
    for number in ("G-041", "G-042"):
        issued = {"pass_photo": [PHOTOGRAPH], "pass_number": number, "pass_until": Day(44), "pass_id_checked": True}
        yield Act("issue_pass", "customer_service", 1_560, issued)
    yield Act("keep_papers", "engineering_supervisor", 1_600, {"papers_kept": True, "keeper_signature": SIGNATURE})


RENOVATIONS = (Sample("renovation", "C-12", 3_000, _APPLICATION, tuple(_permitted()), caller="owner_name", channel=None),)
