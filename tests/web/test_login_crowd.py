"""A whole shift at the login in the same second. Each check of a password takes the processor for 20 to 40 ms, one after the other."""

from concurrent.futures import ThreadPoolExecutor

from engine import passwords
from tests.eventually import eventually
from tests.factories import Company
from tests.web.visitors import PASSWORD
from web import server


def test_a_crowd_at_the_login_waits_with_nothing_in_hand_and_who_comes_on_top_is_asked_to_come_again(visit, company: Company):
    """Without a bound it would have every thread of the server; with a connection in hand, or the lock of a row, others wait for it."""
    crowd = [visit().open("/login") for _ in range(passwords.AT_ONCE)]
    late = visit().open("/login")
    before = company.database.engine.pool.checkedout()  # type: ignore[attr-defined]  # of a QueuePool
    with ThreadPoolExecutor(passwords.AT_ONCE) as pool:
        with passwords._IN_TURN:
            coming = [pool.submit(one.send, "/login", login="anna", password=PASSWORD) for one in crowd]
            assert eventually(lambda: passwords._PLACES._value == 0)  # type: ignore[attr-defined]  # how many places are left
            late.send("/login", 429, login="anna", password=PASSWORD)
            assert company.database.engine.pool.checkedout() == before  # type: ignore[attr-defined]
        assert [one.result().path for one in coming] == ["/inbox"] * passwords.AT_ONCE
    assert late.texts(".notice") == ["现在登录的人很多，请过几秒再试一次。"]
    assert late.page.cssselect("#login")[0].value == "anna" and late.answer.headers["Retry-After"] == "5"
    assert late.log_in("anna").path == "/inbox"


def test_a_crowd_leaves_half_of_the_servers_threads_to_everybody_else():
    assert passwords.AT_ONCE <= server.THREADS / 2


def test_who_changes_their_password_among_a_crowd_is_asked_to_come_again(visit):
    anna = visit("anna").open("/password")
    places = [passwords.in_turn() for _ in range(passwords.AT_ONCE)]
    for place in places:
        place.__enter__()
    try:
        anna.send("/password", 429, current=PASSWORD, new="another long sentence", again="another long sentence")
    finally:
        for place in places:
            place.__exit__(None, None, None)
    assert "现在登录的人很多" in anna.text("main")
    anna.send("/password", current=PASSWORD, new="another long sentence", again="another long sentence")
    assert anna.path == "/inbox"
