"""People, posts, logins and tokens."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from engine import api_tokens, history, identity, passwords, sites
from engine.actors import Actor
from engine.db import Database
from engine.errors import Conflict, Forbidden, Invalid, NotFound, TooManyAttempts, Unauthenticated
from engine.tables import HistoryContent, LoginAttempt

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
OPERATOR = Actor.system("cli")
PASSWORD = "correct horse battery"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Two sites; wang manages S1 alone, zhou administers both, li repairs at S1, chen at S2, sun owns the processes at S1."""
    database = Database(database_url)
    with database.transaction() as session:
        for site in ("S1", "S2"):
            sites.add(session, site, f"小区{site}", OPERATOR, NOW)
        people = [("wang", "S1", "project_manager"), ("zhou", "S1", "administration"), ("li", "S1", "technician")]
        for login, site, post in [*people, ("chen", "S2", "technician"), ("sun", "S1", "process_owner")]:
            identity.add_person(session, login, f"{login}某", site, [post], OPERATOR, NOW)
        identity.add_post(session, "zhou", "S2", "administration", OPERATOR, NOW)
        identity.get(session, "li").password_hash = passwords.hashed(PASSWORD)
    yield database
    database.dispose()


def acting(database: Database, login: str) -> Actor:
    with database.read() as session:
        return identity.actor_of(session, identity.get(session, login), "page", NOW)


def attempt(database: Database, login: str, password: str, address: str = "10.0.0.1", now: datetime = NOW) -> bool:
    with database.transaction() as session:
        return identity.authenticate(session, login, password, address, now) is not None


def site_events(database: Database, site: str = "S1") -> list[history.Line]:
    with database.read() as session:
        return history.lines(session, history.site_chain(site))


def test_posts_are_pairs_of_site_and_post(database: Database) -> None:
    with database.read() as session:
        assert identity.posts_of(session, "zhou") == {("S1", "administration"), ("S2", "administration")}
        assert identity.posts_of(session, "nobody") == frozenset()


def test_people_of_a_post_are_those_of_that_site(database: Database) -> None:
    with database.read() as session:
        assert identity.holders_of(session, "S1", ["technician"]) == {"technician": ["li"]}


def test_a_disabled_person_holds_no_posts_and_is_nobodys_candidate(database: Database) -> None:
    with database.transaction() as session:
        identity.disable(session, "li", acting(database, "wang"), NOW)
        assert identity.posts_of(session, "li") == frozenset()
        assert identity.holders_of(session, "S1", ["technician"]) == {"technician": []}


def test_the_right_password_lets_in_whatever_the_case_of_the_login(database: Database) -> None:
    assert attempt(database, " LI ", PASSWORD)
    assert not attempt(database, "li", PASSWORD + "!")
    assert site_events(database)[-1].type == "login.failed"


def test_somebody_without_a_password_cannot_log_in(database: Database) -> None:
    assert not attempt(database, "wang", "")


def test_five_failures_close_the_login_for_a_quarter_of_an_hour_even_to_the_right_password(database: Database) -> None:
    for number in range(5):
        assert not attempt(database, "li", "wrong password", f"10.0.0.{number}")
    with pytest.raises(TooManyAttempts):
        attempt(database, "li", PASSWORD, "10.0.0.99")
    assert attempt(database, "li", PASSWORD, "10.0.0.99", NOW + timedelta(minutes=15, seconds=1))


def test_guesses_that_come_at_once_are_counted_like_guesses_in_a_row(database: Database) -> None:
    def guess(number: int) -> str:
        try:
            return str(attempt(database, "li", "wrong password", f"10.0.0.{number}"))
        except TooManyAttempts:
            return "stopped"

    with ThreadPoolExecutor(12) as threads:
        assert Counter(threads.map(guess, range(12))) == {"False": 5, "stopped": 7}


def test_a_login_name_that_two_give_at_once_is_given_once(database: Database) -> None:
    def add(_: int) -> bool:
        try:
            with database.transaction() as session:
                identity.add_person(session, "zhao", "赵某", "S1", ["finance"], OPERATOR, NOW)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert Counter(threads.map(add, range(4))) == {True: 1, False: 3}


def test_an_address_that_tries_many_logins_is_stopped_and_others_are_not(database: Database) -> None:
    for number in range(20):
        attempt(database, f"guess{number}", "x")
    with pytest.raises(TooManyAttempts):
        attempt(database, "li", PASSWORD)
    assert attempt(database, "li", PASSWORD, "10.0.0.2")


def test_a_login_that_succeeds_forgets_its_failures(database: Database) -> None:
    attempt(database, "li", "wrong")
    assert attempt(database, "li", PASSWORD)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 0


def test_an_unknown_login_costs_a_password_check_as_well(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []
    fits = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda password, kept: checked.append(kept) or fits(password, kept))
    assert not attempt(database, "nobody", PASSWORD)
    assert checked == [None]


def test_a_disabled_person_cannot_log_in_and_comes_back_with_the_same_password(database: Database) -> None:
    with database.transaction() as session:
        epoch = identity.get(session, "li").session_epoch
        assert identity.disable(session, "li", acting(database, "wang"), NOW).session_epoch == epoch + 1
    assert not attempt(database, "li", PASSWORD)
    with database.transaction() as session:
        identity.enable(session, "li", acting(database, "wang"), NOW)
    assert attempt(database, "li", PASSWORD)


def test_nobody_disables_their_own_login(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Conflict):
        identity.disable(session, "wang", acting(database, "wang"), NOW)


def test_a_reset_password_works_ends_the_sessions_and_must_be_changed(database: Database) -> None:
    with database.transaction() as session:
        password = identity.reset_password(session, "li", acting(database, "wang"), NOW)
        assert identity.get(session, "li").must_change_password
        assert identity.get(session, "li").session_epoch == 1
    assert attempt(database, "li", password)
    assert not attempt(database, "li", PASSWORD)


def test_a_changed_password_ends_every_session(database: Database) -> None:
    with database.transaction() as session:
        person = identity.change_password(session, "li", PASSWORD, "another horse altogether", acting(database, "li"), NOW)
        assert (person.session_epoch, person.must_change_password) == (1, False)
    assert attempt(database, "li", "another horse altogether")


def test_a_password_that_breaks_the_rules_is_refused_by_field(database: Database) -> None:
    li = acting(database, "li")
    broken = ["short", PASSWORD, "aaaaaaaaaaaaaaaa", "x" * 201, "my name is LI truly"]
    for current, new, field in [("not mine", "another horse altogether", "current"), *((PASSWORD, new, "new") for new in broken)]:
        with database.transaction() as session, pytest.raises(Invalid) as refusal:
            identity.change_password(session, "li", current, new, li, NOW)
        assert list(refusal.value.fields) == [field]
    assert attempt(database, "li", PASSWORD)


def test_passwords_and_tokens_are_not_in_history_nor_in_clear_anywhere(database: Database) -> None:
    with database.transaction() as session:
        password = identity.reset_password(session, "li", acting(database, "wang"), NOW)
        token = api_tokens.issue(session, "li", acting(database, "li"), NOW)
        identity.change_password(session, "li", password, "another horse altogether", acting(database, "li"), NOW)
    with database.read() as session:
        written = "".join(session.scalars(select(HistoryContent.content)))
        kept = identity.get(session, "li").password_hash or ""
        hashes = [row.hash for row in api_tokens.of(session, "li")]
    assert {line.type for line in site_events(database)} >= {"password.reset", "password.changed", "token.issued"}
    for secret in (password, token, "another horse altogether"):
        assert secret not in written
        assert secret not in kept
        assert secret not in hashes


def test_a_token_speaks_for_its_person_until_it_is_revoked(database: Database) -> None:
    with database.transaction() as session:
        token = api_tokens.issue(session, "li", acting(database, "li"), NOW)
        assert api_tokens.person_of(session, token).login == "li"
        (row,) = api_tokens.of(session, "li")
        api_tokens.revoke(session, row.id, acting(database, "wang"), NOW)
        assert api_tokens.of(session, "li") == []
        with pytest.raises(Unauthenticated):
            api_tokens.person_of(session, token)


def test_a_token_of_a_disabled_person_is_worth_nothing(database: Database) -> None:
    with database.transaction() as session:
        token = api_tokens.issue(session, "li", acting(database, "li"), NOW)
        identity.disable(session, "li", acting(database, "wang"), NOW)
        with pytest.raises(Unauthenticated):
            api_tokens.person_of(session, token)


def test_nobody_gets_a_token_that_speaks_for_somebody_else(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Forbidden):
        api_tokens.issue(session, "li", acting(database, "wang"), NOW)


def test_a_manager_adds_people_at_their_own_site_and_history_says_so(database: Database) -> None:
    with database.transaction() as session:
        identity.add_person(session, "Zhao", "赵某", "S1", ["finance", "buyer"], acting(database, "wang"), NOW)
        assert identity.posts_of(session, "zhao") == {("S1", "finance"), ("S1", "buyer")}
    last = site_events(database)[-1]
    assert (last.type, last.actor, last.data) == ("person.added", "wang", {"login": "zhao", "name": "赵某", "posts": ["buyer", "finance"]})


def test_a_manager_of_one_site_finds_no_other_site(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotFound):
        identity.add_person(session, "zhao", "赵某", "S2", ["finance"], acting(database, "wang"), NOW)
    with database.transaction() as session, pytest.raises(NotFound):
        identity.reset_password(session, "chen", acting(database, "wang"), NOW)
    with database.transaction() as session, pytest.raises(NotFound):
        identity.add_post(session, "chen", "S1", "technician", acting(database, "wang"), NOW)


def test_somebody_without_the_right_administers_nobody(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(Forbidden):
            identity.add_person(session, "zhao", "赵某", "S1", ["finance"], acting(database, "li"), NOW)
        with pytest.raises(Forbidden):
            identity.disable(session, "wang", acting(database, "li"), NOW)
        with pytest.raises(Forbidden):
            identity.remove_post(session, "wang", "S1", "project_manager", acting(database, "li"), NOW)


def test_a_manager_of_one_site_cannot_take_over_somebody_who_serves_two(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Forbidden):
        identity.reset_password(session, "zhou", acting(database, "wang"), NOW)
    with database.transaction() as session:
        identity.disable(session, "wang", acting(database, "zhou"), NOW)


def test_only_a_process_owner_makes_or_takes_over_a_process_owner(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Forbidden):
        identity.add_post(session, "li", "S1", "process_owner", acting(database, "wang"), NOW)
    with database.transaction() as session, pytest.raises(Forbidden):
        identity.reset_password(session, "sun", acting(database, "wang"), NOW)
    with database.transaction() as session:
        identity.add_post(session, "li", "S1", "process_owner", OPERATOR, NOW)
        assert ("S1", "process_owner") in identity.posts_of(session, "li")


def test_a_post_is_held_once_and_given_back_once(database: Database) -> None:
    wang = acting(database, "wang")
    with database.transaction() as session:
        with pytest.raises(Conflict):
            identity.add_post(session, "li", "S1", "technician", wang, NOW)
        identity.remove_post(session, "li", "S1", "technician", wang, NOW)
        with pytest.raises(NotFound):
            identity.remove_post(session, "li", "S1", "technician", wang, NOW)
        identity.add_post(session, "li", "S1", "gardener", wang, NOW)
        assert identity.posts_of(session, "li") == {("S1", "gardener")}


def test_a_login_name_is_given_once(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(Conflict):
            identity.add_person(session, "LI", "李二", "S1", ["technician"], acting(database, "wang"), NOW)
        assert identity.get(session, "li").name == "li某"


def test_every_wrong_field_of_a_person_is_named_at_once(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Invalid) as refusal:
        identity.add_person(session, "李", " ", "S1", [], acting(database, "wang"), NOW, telephone="call me", language="fr")
    assert set(refusal.value.fields) == {"login", "name", "posts", "telephone", "language"}


def test_a_post_that_staff_cannot_hold_is_refused(database: Database) -> None:
    wang = acting(database, "wang")
    for post in ("king", "resident"):
        with database.transaction() as session, pytest.raises(Invalid):
            identity.add_post(session, "li", "S1", post, wang, NOW)


def test_people_choose_their_own_language_but_not_their_name(database: Database) -> None:
    li = acting(database, "li")
    with database.transaction() as session:
        assert identity.change_person(session, "li", li, NOW, language="en").language == "en"
        with pytest.raises(Forbidden):
            identity.change_person(session, "li", li, NOW, name="李总")


def test_a_change_of_a_person_is_told_without_the_telephone(database: Database) -> None:
    with database.transaction() as session:
        identity.change_person(session, "li", acting(database, "wang"), NOW, name="李四", telephone="13800001234")
    data = site_events(database)[-1].data
    assert data == {"login": "li", "name": ["li某", "李四"], "telephone": "changed"}


def test_the_colleagues_of_a_site_are_listed_with_their_posts_there(database: Database) -> None:
    with database.read() as session:
        listed = {colleague.person.login: colleague.posts for colleague in identity.colleagues(session, "S2")}
    assert listed == {"chen": ("technician",), "zhou": ("administration",)}


def test_the_chain_of_the_site_holds_after_all_this(database: Database) -> None:
    attempt(database, "li", PASSWORD)
    with database.read() as session:
        assert list(history.verify(session)) == []
