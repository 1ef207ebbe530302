"""Who may do what."""

import pytest

from engine import rights
from engine.actors import Actor
from engine.bpmn.model import Process
from engine.errors import Forbidden, NotFound

OPERATOR = Actor.system("cli")
HOOK = Actor(None, "webhook")


def person(*posts: str, site: str = "S1", login: str = "li") -> Actor:
    return Actor(login, "page", frozenset((site, post) for post in posts))


def process(groups: tuple[str, ...] = (), users: tuple[str, ...] = ()) -> Process:
    return Process("repair", "报修", None, None, groups, users, {}, {}, {}, {})


def test_posts_count_at_their_own_site_only() -> None:
    actor = Actor("li", "page", frozenset({("S1", "technician"), ("S2", "auditor")}))
    assert actor.sites == {"S1", "S2"}
    assert actor.at("S1") == {"technician"}
    assert actor.has("S1", "finance", "technician")
    assert not actor.has("S2", "technician")
    assert actor.holds("auditor")
    assert not actor.holds("finance")


def test_any_post_opens_its_own_site_and_no_other() -> None:
    assert rights.may_see_instance(person("gardener"), "S1")
    assert rights.may_see_instance(person("auditor"), "S1")
    assert not rights.may_see_instance(person("project_manager"), "S2")
    assert not rights.may_see_site(Actor("li", "page"), "S1")


def test_the_operator_is_trusted_and_a_webhook_is_not() -> None:
    assert rights.may_administer(OPERATOR, "S1")
    assert rights.may_deploy(OPERATOR)
    for may in (rights.may_see_site, rights.may_administer, rights.may_operate, rights.may_supervise, rights.may_audit, rights.may_unmask):
        assert may(OPERATOR, "S1")
        assert not may(HOOK, "S1")


def test_a_person_at_the_command_line_has_no_more_rights_than_on_a_page() -> None:
    assert not rights.may_administer(Actor("li", "cli", frozenset({("S1", "technician")})), "S1")


def test_an_auditor_reads_everything_and_changes_nothing() -> None:
    auditor = person("auditor")
    assert rights.may_audit(auditor, "S1")
    assert not rights.works_at(auditor, "S1")
    assert not rights.may_start(auditor, process(), "S1")
    assert not rights.may_start(auditor, process(groups=("auditor",)), "S1")
    assert not rights.may_work_on(auditor, "S1", None, (), ("auditor",))
    for may in (rights.may_administer, rights.may_operate, rights.may_supervise):
        assert not may(auditor, "S1")


def test_an_auditor_with_another_post_works_by_that_post() -> None:
    assert rights.may_start(person("auditor", "technician"), process(), "S1")


@pytest.mark.parametrize(
    ("actor", "may"),
    [
        (person("customer_service"), True),
        (person("gardener", login="zhao"), True),
        (person("gardener"), False),
        (person("customer_service", site="S2"), False),
        (Actor("zhao", "page"), False),
        (OPERATOR, True),
    ],
)
def test_a_process_is_started_by_its_candidates_at_the_site(actor: Actor, may: bool) -> None:
    assert rights.may_start(actor, process(("customer_service",), ("zhao",)), "S1") is may


def test_a_process_that_names_nobody_is_started_by_anyone_who_works_at_the_site() -> None:
    assert rights.may_start(person("gardener"), process(), "S1")
    assert not rights.may_start(person("gardener"), process(), "S2")


def test_a_task_is_for_its_assignee_and_its_candidates() -> None:
    assert rights.may_work_on(person("gardener"), "S1", "li")
    assert rights.may_work_on(person("gardener"), "S1", "wang", ("li",))
    assert rights.may_work_on(person("technician"), "S1", "wang", (), ("technician",))
    assert not rights.may_work_on(person("gardener"), "S1", "wang", ("zhao",), ("technician",))
    assert not rights.may_work_on(person("technician", site="S2"), "S1", "li", ("li",), ("technician",))


def test_a_task_that_names_nobody_belongs_to_the_project_manager() -> None:
    assert rights.may_work_on(person("project_manager"), "S1", None)
    assert not rights.may_work_on(person("technician"), "S1", None)


def test_only_a_process_owner_deploys_and_makes_process_owners() -> None:
    assert rights.may_deploy(person("process_owner", site="S2"))
    assert not rights.may_deploy(person("project_manager"))
    assert rights.may_grant(person("project_manager"), "S1", "technician")
    assert not rights.may_grant(person("project_manager"), "S1", "process_owner")
    assert rights.may_grant(person("project_manager", "process_owner"), "S1", "process_owner")


def test_a_person_is_changed_only_by_who_could_give_all_their_posts() -> None:
    manager = person("project_manager")
    assert rights.may_change_person(manager, [("S1", "technician"), ("S1", "finance")])
    assert not rights.may_change_person(manager, [("S1", "technician"), ("S2", "finance")])
    assert not rights.may_change_person(manager, [("S1", "process_owner")])


@pytest.mark.parametrize(
    ("post", "daily", "with_task", "unmask"),
    [
        ("customer_service", True, True, True),
        ("duty_officer", True, True, True),
        ("technician", False, True, False),
        ("engineering_supervisor", False, True, True),
        ("auditor", False, False, True),
        ("finance", False, False, False),
        ("storekeeper", False, False, False),
    ],
)
def test_telephones_are_seen_by_need(post: str, daily: bool, with_task: bool, unmask: bool) -> None:
    actor = person(post)
    assert rights.may_see_telephone(actor, "S1") is daily
    assert rights.may_see_telephone(actor, "S1", holds_task=True) is with_task
    assert rights.may_unmask(actor, "S1") is unmask
    assert not rights.may_see_telephone(actor, "S2", holds_task=True)


def test_another_sites_thing_is_not_found_and_a_missing_right_is_forbidden() -> None:
    with pytest.raises(NotFound):
        rights.require_site(person("technician"), "S2")
    with pytest.raises(Forbidden, match="repair ships"):
        rights.require(False, "repair ships")
