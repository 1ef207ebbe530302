"""Who may do what: every rule in one place, decided from the posts that the actor holds. Nothing here asks the database."""

from collections.abc import Collection

from engine.actors import Actor
from engine.bpmn.model import Process
from engine.errors import Forbidden, NotFound
from engine.posts import FALLBACK_POST

READS_ONLY = frozenset({"auditor"})
_ADMINISTERS = ("project_manager", "administration")
_OPERATES = ("project_manager", "process_owner")
_SUPERVISES = (
    "cs_supervisor", "engineering_supervisor", "order_supervisor", "cleaning_supervisor", "assistant_officer", "property_officer",
    "project_manager", "company_manager",
)  # fmt: skip
_AUDITS = ("auditor", "project_manager", "company_manager", "administration")
# Who telephones residents as their daily work, and the two custodians of residents' data (A80).
_TELEPHONES = (
    "customer_service", "cs_supervisor", "property_assistant", "assistant_officer", "property_officer", "project_manager",
    "butler", "house_officer", "duty_officer", "control_room", "administration",
)  # fmt: skip
# Who goes to a house: they need its number while the work is theirs, and not a day longer.
_VISITS = ("technician", "engineering_supervisor", "order_officer", "order_supervisor", "gardener", "cleaning_supervisor")


def may_see_site(actor: Actor, site: str) -> bool:
    """Any post at a site opens it for reading; another site's things are not found."""
    return actor.is_system or bool(actor.at(site))


def may_see_instance(actor: Actor, site: str) -> bool:
    """Whoever works at a site sees its cases; auditors see all cases of their sites."""
    return may_see_site(actor, site)


def works_at(actor: Actor, site: str) -> bool:
    """Whether the actor may change anything at the site at all: who only audits there may not."""
    return actor.is_system or bool(actor.at(site) - READS_ONLY)


def may_administer(actor: Actor, site: str) -> bool:
    """People, posts, houses and residents of the site."""
    return actor.is_system or actor.has(site, *_ADMINISTERS)


def may_grant(actor: Actor, site: str, post: str) -> bool:
    """Definitions serve every site, so only who owns processes already (or the machine's operator) makes another process owner."""
    return may_administer(actor, site) and (post != "process_owner" or may_deploy(actor))


def may_change_person(actor: Actor, posts: Collection[tuple[str, str]]) -> bool:
    """Password, name and lock of a person: for who could have given them every post that they hold, else one could borrow theirs."""
    return actor.is_system or all(may_grant(actor, site, post) for site, post in posts)


def may_deploy(actor: Actor) -> bool:
    """Publishing definitions is a right of its own."""
    return actor.is_system or actor.holds("process_owner")


def may_operate(actor: Actor, site: str) -> bool:
    """Cancel, suspend, resume, change variables, retry incidents."""
    return actor.is_system or actor.has(site, *_OPERATES)


def may_supervise(actor: Actor, site: str) -> bool:
    """Give a task to somebody else, hand on the first responder's role."""
    return actor.is_system or actor.has(site, *_SUPERVISES)


def may_audit(actor: Actor, site: str) -> bool:
    """Read the site's own history: logins, unmaskings, administration."""
    return actor.is_system or actor.has(site, *_AUDITS)


def may_read_ledgers(actor: Actor, site: str) -> bool:
    """What became of the cases of a week or month: supervisors and auditors."""
    return may_supervise(actor, site) or actor.has(site, "auditor")


def may_start(actor: Actor, process: Process, site: str) -> bool:
    """Candidate starters of the process; where it names none, anyone who works at the site."""
    if actor.is_system:
        return True
    if not works_at(actor, site):
        return False
    if not process.starter_groups and not process.starter_users:
        return True
    return actor.login in process.starter_users or actor.has(site, *process.starter_groups)


def may_work_on(
    actor: Actor, site: str, assignee: str | None, candidate_users: Collection[str] = (), candidate_groups: Collection[str] = ()
) -> bool:
    """Complete or claim a task: its assignee and its candidates; where it names nobody, the site's project manager."""
    if actor.is_system:
        return True
    if not works_at(actor, site):
        return False
    if assignee is None and not candidate_users and not candidate_groups:
        return actor.has(site, FALLBACK_POST)
    return actor.login == assignee or actor.login in candidate_users or actor.has(site, *candidate_groups)


def in_whose_name(
    actor: Actor, site: str, key: str, assignee: str | None, candidate_users: Collection[str], candidate_groups: Collection[str]
) -> str | None:
    """The absent person for whom the actor may do a task that is not for the actor; None when there is none."""
    if not works_at(actor, site):
        return None
    for absent in actor.absent(site, key):
        person = Actor(absent.login, actor.source, frozenset((site, post) for post in absent.posts))
        if assignee in (None, absent.login) and may_work_on(person, site, assignee, candidate_users, candidate_groups):
            return absent.login
    return None


def may_see_telephone(actor: Actor, site: str, holds_task: bool = False) -> bool:
    """Posts that call residents; who goes to a house, only while an open task of that case is theirs. Everyone else sees it masked."""
    return actor.is_system or actor.has(site, *_TELEPHONES) or (holds_task and actor.has(site, *_VISITS))


def may_unmask(actor: Actor, site: str) -> bool:
    """Open a masked number by exception, which history notes: supervisors and auditors besides those who see it anyway."""
    return may_see_telephone(actor, site) or actor.has(site, *_SUPERVISES, "auditor")


def may_open_reporting(actor: Actor, site: str) -> bool:
    """Hang up a code by which residents report: who answers them as their work, and who administers the site."""
    return may_see_telephone(actor, site) or may_administer(actor, site)


def require_site(actor: Actor, site: str, what: str = "site") -> None:
    """Raise NotFound for another site's thing, so that not even its existence can be read from the answer."""
    if not may_see_site(actor, site):
        raise NotFound(f"Expected a {what} that exists at one of your sites, but there is none")


def require(allowed: bool, what: str) -> None:
    """Raise Forbidden unless allowed; `what` completes 'Expected someone who may …'."""
    if not allowed:
        raise Forbidden(f"Expected someone who may {what}, but your posts do not allow it")
