"""People, their posts at sites, and how they prove who they are."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import absences, history, open_work, passwords, rights, sites, vacated
from engine.actors import Actor
from engine.db import core
from engine.errors import Conflict, Forbidden, Invalid, NotFound, TooManyAttempts, WorkLeft
from engine.form_messages import CHINESE, sentence
from engine.forms import Form
from engine.posts import POSTS
from engine.prepared import Prepared, detached
from engine.tables import LoginAttempt, Membership, Person

WINDOW = timedelta(minutes=15)
FAILURES_OF_LOGIN = 5
FAILURES_OF_ADDRESS = 20  # a whole office may stand behind one address
LANGUAGES = ("zh", "en")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
# Asked at every request, so made once.
_PERSON_COLUMNS = tuple(core(Person).c.keys())
_POSTS = (
    select(Membership.site, Membership.post)
    .join(Person, Person.id == Membership.person_id)
    .where(Person.login == bindparam("wanted"), Person.disabled_at.is_(None))
)
_POSTS_OF = Prepared(_POSTS)
_HOLDS = Prepared(_POSTS.where(Membership.site == bindparam("at_site"), Membership.post == bindparam("post")))
_OF_LOGIN = Prepared(select(core(Person)).where(Person.login == bindparam("wanted")))


@dataclass(frozen=True)
class Colleague:
    """A person as a site's directory shows them."""

    person: Person
    posts: tuple[str, ...]  # at that site, in alphabetical order


# Who is there


def find(session: Session, login: str) -> Person | None:
    """The person of that login name, disabled or not."""
    return session.scalar(select(Person).where(Person.login == normal(login)))


def look_up(session: Session, login: str) -> Person | None:
    """The same, as a row that no session looks after: for reading only."""
    rows = _OF_LOGIN.rows(session, {"wanted": normal(login)})
    person: Person | None = detached(Person, _PERSON_COLUMNS, rows[0]) if rows else None
    return person


def get(session: Session, login: str) -> Person:
    """The person of that login name; raise NotFound when there is none."""
    person = find(session, login)
    if person is None:
        raise NotFound(f"Expected a person with the login {login!r}, but there is none")
    return person


def posts_of(session: Session, login: str) -> frozenset[tuple[str, str]]:
    """What the person holds, as (site, post); nothing for who is disabled."""
    session.flush()  # a prepared statement would not see what the session still holds
    return frozenset((site, post) for site, post in _POSTS_OF.rows(session, {"wanted": normal(login)}))


def memberships(session: Session, login: str) -> list[tuple[str, str]]:
    """Every post of the person as (site, post), whether they are disabled or not."""
    return _held(session, get(session, login))


def actor_of(session: Session, person: Person, source: str, now: datetime) -> Actor:
    """The person as one who acts, with the posts that they hold at this moment and those for whom they stand in."""
    session.flush()
    posts, absent = absences.posts_and_absent(session, person.login, now)
    return Actor(person.login, source, posts, absent)


def require_person_at(session: Session, login: str, site: str, field: str = "to") -> Person:
    """The person, who works at the site and may log in; raises Invalid for anybody else, auditors too: they could do nothing with it."""
    works = Membership.post.not_in(sorted(rights.READS_ONLY))
    held = select(Membership.id).where(Membership.person_id == Person.id, Membership.site == site, works).exists()
    person = session.scalars(select(Person).where(Person.login == login, Person.disabled_at.is_(None), held)).first()
    if person is None:
        raise Invalid(f"Expected a person with a post at {site}, but there is no {login!r}", {field: "请选择本项目的在职人员"})
    return person


def require_people_at(session: Session, logins: Collection[str], site: str, field: str) -> None:
    """Raise Invalid for people who hold no post at the site, or may not log in; who only audits there may well be told of things."""
    known = select(Person.login).join(Membership, Membership.person_id == Person.id).where(Membership.site == site)
    found = set(session.scalars(known.where(Person.login.in_(logins), Person.disabled_at.is_(None)))) if logins else set()
    missing = sorted(set(logins) - found)
    if missing:
        raise Invalid(f"Expected people with a post at {site}, but there is no {missing[0]!r}", {field: "请选择本项目的在职人员"})


def holders_of(session: Session, site: str, posts: Collection[str]) -> dict[str, list[str]]:
    """Who holds each of these posts at the site and can log in: login names by post, an empty list for a post that nobody holds."""
    query = select(Membership.post, Person.login).join(Person, Membership.person_id == Person.id)
    mine = query.where(Membership.site == site, Membership.post.in_(posts), Person.disabled_at.is_(None))
    found: dict[str, list[str]] = {post: [] for post in posts}
    for post, login in session.execute(mine.order_by(Person.login)) if posts else ():
        found[post].append(login)
    return found


def require_holders(session: Session, form: Form, answers: Mapping[str, Any], site: str) -> None:
    """Raise Invalid for a person chosen in a form who holds none of the posts at the site that the field asks for."""
    fields = {}
    for key, one in form.fields.items():
        login = answers.get(key)
        asked = [{"wanted": login, "at_site": site, "post": post} for post in one.posts]
        if one.answer == "person" and login and not any(_HOLDS.rows(session, names) for names in asked):
            fields[key] = sentence("person", CHINESE, label=one.name(CHINESE))
    if fields:
        raise Invalid(f"Expected people who hold the post at {site}, but {', '.join(fields)} names others", fields)


def colleagues(session: Session, site: str) -> list[Colleague]:
    """Everybody with a post at the site, disabled ones included, by login name."""
    query = select(Person, Membership.post).join(Membership, Membership.person_id == Person.id)
    found: dict[Person, list[str]] = {}
    for person, post in session.execute(query.where(Membership.site == site).order_by(Person.login, Membership.post)):
        found.setdefault(person, []).append(post)
    return [Colleague(person, tuple(posts)) for person, posts in found.items()]


def names_of(session: Session, logins: Collection[str]) -> dict[str, str]:
    """The names of the people behind these logins; unknown ones are left out."""
    return dict(session.execute(select(Person.login, Person.name).where(Person.login.in_(set(logins)))).all())


# Administration


def add_person(
    session: Session, login: str, name: str, site: str, posts: Collection[str], actor: Actor, now: datetime,
    *, telephone: str | None = None, language: str = "zh",
) -> Person:  # fmt: skip
    """Add somebody with posts at a site. They cannot log in until they are given a password (reset_password)."""
    sites.get(session, site, actor)
    _may_grant(actor, site, posts)
    login = normal(login)
    fields = _objections(name, language, telephone)
    if not _LOGIN.fullmatch(login):
        fields["login"] = "Expected 2 to 64 lower-case letters, digits, or . _ @ -, but it has others"
    if not posts:
        fields["posts"] = "Expected at least one post, but there is none"
    if fields:
        raise Invalid("Expected the data of a person, but some of it cannot be used", fields)
    person = Person(login=login, name=name.strip(), telephone=telephone or None, language=language, created_at=now)
    _insert(session, person, f"Expected a new login name, but {login!r} is taken")
    for post in sorted(set(posts)):
        session.add(Membership(person_id=person.id, site=site, post=post))
    session.flush()
    sites.staff_changed(session, [site])
    history.append_site(session, site, "person.added", actor, now, {"login": login, "name": person.name, "posts": sorted(set(posts))})
    return person


def change_person(
    session: Session, login: str, actor: Actor, now: datetime,
    *, name: str | None = None, telephone: str | None = None, language: str | None = None,
) -> Person:  # fmt: skip
    """Change what is given; an empty telephone removes it. Everybody chooses their own language and telephone."""
    person = get(session, login)
    if name is not None or actor.login != person.login:
        require_may_change(session, person, actor)
    fields = _objections(person.name if name is None else name, language or person.language, telephone)
    if fields:
        raise Invalid("Expected the data of a person, but some of it cannot be used", fields)
    changes: dict[str, Any] = {}
    if name is not None and name.strip() != person.name:
        changes["name"] = [person.name, name.strip()]
        person.name = name.strip()
    if telephone is not None and (telephone or None) != person.telephone:
        changes["telephone"] = "changed"  # the number itself is nobody's business for ever
        person.telephone = telephone or None
    if language is not None and language != person.language:
        changes["language"] = [person.language, language]
        person.language = language
    if changes:
        note(session, person, "person.changed", actor, now, changes)
    return person


def disable(session: Session, login: str, actor: Actor, now: datetime, *, leaves_work: bool = False) -> Person:
    """Lock somebody out at once: sessions and tokens end. What they did stays.

    Raises WorkLeft while they have open work, which should be handed over first, unless it is said that it stays behind (`leaves_work`).
    """
    person = get(session, login)
    require_may_change(session, person, actor)
    if person.login == actor.login:
        raise Conflict("Expected somebody else's login, but nobody can disable their own")
    if person.disabled_at is not None:
        raise Conflict(f"Expected {person.login} to be enabled, but it was disabled at {person.disabled_at.isoformat()}")
    if not leaves_work and open_work.of(session, person.login):
        raise WorkLeft(f"Expected {person.login} to have handed over, but there is open work of theirs")
    person.disabled_at = now
    person.session_epoch += 1
    posts = _held(session, person)
    sites.staff_changed(session, {site for site, _ in posts})
    for site in sorted({site for site, _ in posts}):
        vacated.announce(session, person.login, site, [post for place, post in posts if place == site], now)
    note(session, person, "person.disabled", actor, now)
    return person


def enable(session: Session, login: str, actor: Actor, now: datetime) -> Person:
    """Let a disabled person in again, with the password and posts that they had."""
    person = get(session, login)
    require_may_change(session, person, actor)
    if person.disabled_at is None:
        raise Conflict(f"Expected {person.login} to be disabled, but it is enabled")
    person.disabled_at = None
    sites.staff_changed(session, {site for site, _ in _held(session, person)})
    note(session, person, "person.enabled", actor, now)
    return person


def add_post(session: Session, login: str, site: str, post: str, actor: Actor, now: datetime) -> None:
    """Give somebody a post at a site. Only people whom the actor can see already: those of the actor's sites, and those of none."""
    sites.get(session, site, actor)
    _may_grant(actor, site, [post])
    person = get(session, login)
    held = _held(session, person)
    if held and not actor.is_system and not any(rights.may_administer(actor, place) for place, _ in held):
        raise NotFound(f"Expected a person with the login {login!r}, but there is none")
    membership = Membership(person_id=person.id, site=site, post=post)
    _insert(session, membership, f"Expected {person.login} not to hold the post {post} at {site} yet, but it does")
    sites.staff_changed(session, [site])
    history.append_site(session, site, "post.added", actor, now, {"login": person.login, "post": post})


def remove_post(session: Session, login: str, site: str, post: str, actor: Actor, now: datetime) -> None:
    """Take a post away. It counts from the person's next request on."""
    sites.get(session, site, actor)
    rights.require(rights.may_administer(actor, site), "administer the people of this site")
    person = get(session, login)
    mine = (Membership.person_id == person.id, Membership.site == site, Membership.post == post)
    if session.scalar(delete(Membership).where(*mine).returning(Membership.id)) is None:
        raise NotFound(f"Expected {person.login} to hold the post {post} at {site}, but it does not")
    sites.staff_changed(session, [site])
    vacated.announce(session, person.login, site, [post], now)
    history.append_site(session, site, "post.removed", actor, now, {"login": person.login, "post": post})


# Passwords


def reset_password(session: Session, login: str, actor: Actor, now: datetime, *, must_change: bool = True) -> str:
    """Give somebody a new random password, told once and to be changed at the next login; every session of theirs ends."""
    person = get(session, login)
    require_may_change(session, person, actor)
    password = passwords.random_password()
    _set_password(person, password, must_change)
    note(session, person, "password.reset", actor, now)
    return password


def change_password(session: Session, login: str, current: str, new: str, actor: Actor, now: datetime) -> Person:
    """Let people choose their own password; every session of theirs ends (the caller renews the one at hand)."""
    person = get(session, login)
    if actor.login != person.login:
        raise Forbidden("Expected your own login, but it is somebody else's: reset the password instead")
    if not passwords.fits(current, person.password_hash):
        raise Invalid("Expected your current password, but it is another", {"current": "Expected your current password, but it is another"})
    problem = passwords.objection(new, person.login)
    if problem is None and passwords.fits(new, person.password_hash):
        problem = "Expected a new password, but it is the current one"
    if problem is not None:
        raise Invalid(problem, {"new": problem})
    _set_password(person, new, must_change=False)
    note(session, person, "password.changed", actor, now)
    return person


def authenticate(session: Session, login: str, password: str, address: str, now: datetime) -> Person | None:
    """The person whose password this is; None when it is not, which is written down (so let the transaction commit).

    Raises TooManyAttempts after too many failures of the login or the address, whether the password is right or not.
    An unknown login, a wrong password and a disabled person cannot be told apart, not even by the time it takes.
    """
    login = normal(login)[:64]
    # Guesses at one login wait for each other, so that many at once are counted like many in a row.
    person = session.scalar(select(Person).where(Person.login == login).with_for_update())
    _slow_down(session, login, address, now)
    known = person is not None and person.disabled_at is None
    if not passwords.fits(password, person.password_hash if person is not None else None) or person is None or not known:
        session.add(LoginAttempt(login=login, address=address, at=now))
        if person is not None:
            note(session, person, "login.failed", Actor(None, "page"), now, {"address": address})
        return None
    session.execute(delete(LoginAttempt).where((LoginAttempt.login == login) | (LoginAttempt.at < now - WINDOW)))
    if person.password_hash is not None and passwords.is_outdated(person.password_hash):
        person.password_hash = passwords.hashed(password)
    note(session, person, "login.succeeded", Actor(person.login, "page"), now, {"address": address})
    return person


def _slow_down(session: Session, login: str, address: str, now: datetime) -> None:
    recent = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at > now - WINDOW)
    of_login = session.scalar(recent.where(LoginAttempt.login == login)) or 0
    of_address = session.scalar(recent.where(LoginAttempt.address == address)) or 0
    if of_login >= FAILURES_OF_LOGIN or of_address >= FAILURES_OF_ADDRESS:
        minutes = int(WINDOW.total_seconds() // 60)
        raise TooManyAttempts(f"Expected fewer failed logins, but there were too many in the last {minutes} minutes; try again later")


# What the functions above share


def normal(login: str) -> str:
    return login.strip().lower()


def _held(session: Session, person: Person) -> list[tuple[str, str]]:
    query = select(Membership.site, Membership.post).where(Membership.person_id == person.id)
    return list(session.execute(query.order_by(Membership.site, Membership.post)))


def _insert(session: Session, row: Person | Membership, taken: str) -> None:
    # Two may add the same at once; the unique key decides, not a look beforehand.
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(taken) from None


def _set_password(person: Person, password: str, must_change: bool) -> None:
    person.password_hash = passwords.hashed(password)
    person.must_change_password = must_change
    person.session_epoch += 1


def _may_grant(actor: Actor, site: str, posts: Collection[str]) -> None:
    for post in posts:
        if post not in POSTS or POSTS[post].outside:
            message = f"Expected a post that staff may hold, but {post!r} is none"
            raise Invalid(message, {"post": message})
        rights.require(rights.may_grant(actor, site, post), f"give somebody the post {post} at {site}")
    rights.require(rights.may_administer(actor, site), "administer the people of this site")


def require_may_change(session: Session, person: Person, actor: Actor) -> None:
    held = _held(session, person)
    if not actor.is_system and not any(rights.may_see_site(actor, site) for site, _ in held):
        raise NotFound(f"Expected a person with the login {person.login!r}, but there is none")
    rights.require(rights.may_change_person(actor, held), f"give every post that {person.login} holds")


def note(session: Session, person: Person, event: str, actor: Actor, now: datetime, data: dict[str, Any] | None = None) -> None:
    """Write it into the history of every site at which the person holds a post."""
    for site in sorted({site for site, _ in _held(session, person)}):
        history.append_site(session, site, event, actor, now, {"login": person.login, **(data or {})})


def _objections(name: str, language: str, telephone: str | None) -> dict[str, str]:
    fields = {}
    if not 1 <= len(name.strip()) <= 100:
        fields["name"] = "Expected a name of 1 to 100 characters, but it is empty or longer"
    if language not in LANGUAGES:
        fields["language"] = f"Expected one of {', '.join(LANGUAGES)}, but it is {language!r}"
    if telephone and not re.fullmatch(r"\+?[0-9][0-9 -]{4,19}", telephone):
        fields["telephone"] = "Expected 5 to 20 digits, but it has other characters"
    return fields
