"""Login and logout: who comes in, for how long, and how nobody else comes in with them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine import identity
from engine.settings import Settings
from tests.people import EMMA, OPERATOR
from tests.web.visitors import PASSWORD, Visitor
from web.app import create_app
from web.wiring import Steward


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These pages stand on what is proved on both databases elsewhere."""
    return sqlite_url


def cookie(visitor: Visitor, name: str = "steward") -> str:
    found = visitor.client.get_cookie(name)
    return found.value if found else ""


def test_a_person_logs_in_and_sees_their_inbox(visit):
    visitor = visit("anna")
    assert visitor.path == "/inbox" and "Anna" in visitor.text(".me")


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_login_is_refused_in_the_same_words(visit, login, password):
    visitor = visit().log_in(login, password, status=401)
    assert visitor.texts(".notice") == ["用户名或密码不对。"]


def test_what_was_typed_as_login_stays_and_the_password_does_not(visit):
    visitor = visit().log_in("anna", "wrong-password", status=401)
    assert visitor.page.cssselect("#login")[0].value == "anna"
    assert "wrong-password" not in visitor.answer.get_data(as_text=True)


def test_after_five_failures_the_right_password_has_to_wait(visit):
    for _ in range(5):
        visit().log_in("anna", "wrong", status=401)
    assert "15 分钟" in visit().log_in("anna", status=429).text(".notice")


@pytest.mark.parametrize("path", ["/", "/inbox", "/start", "/start/order", "/tasks/1", "/orders/1", "/people", "/processes", "/password"])
def test_without_a_login_every_page_leads_to_the_login(visit, path):
    visitor = visit().open(path)
    assert visitor.path == "/login"


def test_after_the_login_one_is_where_one_wanted_to_be(visit):
    visitor = visit().open("/processes")
    assert visitor.answer.request.args["next"] == "/processes"
    assert visitor.submit("form[data-login]", login="anna", password=PASSWORD).path == "/processes"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_the_login_leads_nowhere_else(app, visit, address):
    visitor = visit()
    form = {"login": "anna", "password": PASSWORD, "csrf_token": visitor.token()}
    answer = visitor.client.post("/login", query_string={"next": address}, data=form)
    assert answer.status_code == 303 and answer.location == "/inbox"


def test_the_login_gives_a_new_token(visit):
    visitor = visit()
    before = cookie(visitor)
    visitor.log_in("anna")
    with visitor.client.session_transaction() as session:
        first = session["token"]
    assert cookie(visitor) != before
    visitor.submit("form[action='/logout']").log_in("anna")
    with visitor.client.session_transaction() as session:
        assert session["token"] != first


def test_a_logged_out_cookie_opens_nothing_even_when_it_is_sent_again(app, visit):
    visitor = visit("anna")
    stolen = cookie(visitor)
    visitor.submit("form[action='/logout']")
    thief = Visitor(app.test_client())
    thief.client.set_cookie("steward", stolen)
    assert thief.open("/inbox").path == "/login"


def test_a_session_that_is_not_used_ends(visit, clock):
    visitor = visit("anna")
    clock.advance(timedelta(hours=7))
    assert visitor.open("/inbox").path == "/inbox"
    clock.advance(timedelta(hours=7))
    assert visitor.open("/inbox").path == "/inbox"
    clock.advance(timedelta(hours=8, minutes=1))
    assert visitor.open("/inbox").path == "/login"


def test_a_page_that_refreshes_itself_keeps_no_session_alive(visit, clock):
    visitor = visit("anna")
    for _ in range(2):
        clock.advance(timedelta(hours=3))
        assert visitor.client.get("/inbox", headers={"HX-Request": "true", "X-Background": "yes"}).status_code == 200
    clock.advance(timedelta(hours=3))
    assert visitor.client.get("/inbox", headers={"HX-Request": "true", "X-Background": "yes"}).status_code == 401


def test_who_sends_a_form_too_late_comes_back_to_its_page_after_the_login(visit, clock):
    visitor = visit("anna").open("/password")
    clock.advance(timedelta(days=8))
    said = {"csrf_token": visitor.token(), "current": "x", "new": "y", "again": "y"}
    answer = visitor.client.post("/password", data=said, headers={"Referer": "http://localhost/password"})
    assert answer.status_code == 303 and answer.location == "/login?next=/password"


def test_a_form_whose_session_is_forgotten_leads_to_the_login_with_a_word(app):
    visitor = Visitor(app.test_client()).open("/login")
    said = {"login": "anna", "password": PASSWORD, "csrf_token": visitor.token()}
    forgetful = Visitor(app.test_client())
    page = forgetful.client.post("/login", data=said, follow_redirects=True)
    assert page.request.path == "/login" and "请重新登录" in page.get_data(as_text=True)
    answer = forgetful.client.post("/tasks/1/complete", data=said, headers={"Referer": "http://elsewhere.example/tasks/1"})
    assert answer.status_code == 303 and answer.location == "/login"


def test_even_a_busy_session_ends_after_a_week(visit, clock):
    visitor = visit("anna")
    for _ in range(7 * 4 - 1):
        clock.advance(timedelta(hours=6))
        assert visitor.open("/inbox").path == "/inbox"
    clock.advance(timedelta(hours=6, minutes=1))
    assert visitor.open("/inbox").path == "/login"


def test_who_is_disabled_is_out_with_the_next_click(visit, company):
    visitor = visit("anna")
    with company.database.transaction() as session:
        identity.disable(session, "anna", EMMA, company.now)
    assert visitor.open("/inbox").path == "/login"


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(visit):
    here, elsewhere = visit("anna"), visit("anna")
    here.open("/password").submit(current=PASSWORD, new="quite another sentence", again="quite another sentence")
    assert here.path == "/inbox" and "密码已修改" in here.text(".notice")
    assert here.open("/inbox").path == "/inbox"
    assert elsewhere.open("/inbox").path == "/login"
    assert visit().log_in("anna", "quite another sentence").path == "/inbox"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"current": "wrong", "new": "quite another sentence", "again": "quite another sentence"}, "当前密码不对"),
        ({"current": PASSWORD, "new": "quite another sentence", "again": "a different sentence"}, "两次输入的新密码不一样。"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "至少要 10 个字"),
        ({"current": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "新密码不能和现在的一样"),
    ],
)
def test_a_password_that_cannot_be_taken_is_refused_beside_its_field(visit, said, sentence):
    visitor = visit("anna").open("/password").submit(status=422, **said)
    assert visitor.texts(".wrong") == [sentence]


def test_who_was_given_a_password_chooses_their_own_before_anything_else(visit, company):
    visit()
    with company.database.transaction() as session:
        given = identity.reset_password(session, "anna", OPERATOR, company.now)
    visitor = visit().log_in("anna", given)
    assert visitor.path == "/password"
    assert visitor.open("/inbox").path == "/password"
    visitor.submit(current=given, new="quite another sentence", again="quite another sentence")
    assert visitor.path == "/inbox"


@pytest.mark.parametrize("path", ["/login", "/logout", "/password", "/language", "/tasks/1/claim", "/people/new"])
def test_a_form_without_its_token_changes_nothing(visit, path):
    visitor = visit("emma")
    visitor.send(path, status=400, token="")
    visitor.send(path, status=400, token="forged")


def test_the_api_takes_no_cookie_without_the_token_of_the_page(visit):
    visitor = visit("chen")
    said = {"site": "S1", "variables": {}}
    assert visitor.client.post("/api/v1/process-definitions/order/start", json=said).status_code == 400
    headers = {"X-CSRFToken": visitor.token()}
    assert visitor.client.post("/api/v1/process-definitions/order/start", json=said, headers=headers).status_code == 404


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(visit):
    visitor = visit()
    set_cookie = visitor.client.post("/login", data={"login": "anna", "password": PASSWORD, "csrf_token": visitor.token()}).headers[
        "Set-Cookie"
    ]
    assert set_cookie.startswith("steward=") and "HttpOnly" in set_cookie and "SameSite=Lax" in set_cookie and "Path=/" in set_cookie


def test_behind_https_the_cookie_belongs_to_this_host_alone(company, visit):
    settings = replace(Settings(database_url=company.database.url), public_url="https://steward.example")
    app = create_app(Steward(settings, company.database, company.clock))
    answer = app.test_client().get("/login", base_url="https://steward.example")
    set_cookie = answer.headers["Set-Cookie"]
    assert set_cookie.startswith("__Host-steward=") and "Secure" in set_cookie and "Domain" not in set_cookie
    assert "Strict-Transport-Security" in answer.headers


def test_the_language_is_the_persons_own_everywhere(visit):
    visitor = visit("anna")
    assert visitor.page.get("lang") == "zh-CN"
    visitor.send("/language", language="en", next="/inbox")
    assert visitor.page.get("lang") == "en" and "Inbox" in visitor.title
    assert visit("anna").page.get("lang") == "en"


def test_before_the_login_the_browser_chooses_the_language(app):
    page = app.test_client().get("/login", headers={"Accept-Language": "en-GB,en;q=0.9"}).get_data(as_text=True)
    assert "Sign in" in page
    assert "登录" in app.test_client().get("/login", headers={"Accept-Language": "fr"}).get_data(as_text=True)
