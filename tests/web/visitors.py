"""People in front of the pages: a browser without its window, which keeps cookies, reads what it was shown, and sends its forms."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import update
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from engine import passwords
from engine.tables import Person
from tests.factories import Company

PASSWORD = "a long sentence of the tests"


@cache
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


class Visitor:
    """Somebody with a browser. `page` is what they look at, `answer` the last answer."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.answer: TestResponse
        self.page: Any = None

    def open(self, path: str, status: int = 200) -> "Visitor":
        return self._look(self.client.get(path, follow_redirects=True), status)

    def log_in(self, login: str, password: str = PASSWORD, status: int = 200) -> "Visitor":
        self.open("/login")
        return self.send("/login", status, login=login, password=password)

    def send(self, path: str, status: int = 200, token: str | None = None, **said: Any) -> "Visitor":
        """Post a form with the CSRF token of the page at hand, and go where the answer leads."""
        form = MultiDict(said)
        form["csrf_token"] = self.token() if token is None else token
        return self._look(self.client.post(path, data=form, follow_redirects=True), status)

    def submit(self, selector: str = "main form", status: int = 200, **said: Any) -> "Visitor":
        """Fill in the first form of the page that fits, and send it as a browser would."""
        form = self.page.cssselect(selector)[0]
        fields = MultiDict((name, value) for name, value in form.form_values() if name not in said)
        for name, value in said.items():
            fields.setlist(name, value if isinstance(value, list) else [value])
        action = form.get("action") or self.answer.request.full_path.rstrip("?")
        return self._look(self.client.post(action, data=fields, follow_redirects=True), status)

    def token(self) -> str:
        return str(self.page.cssselect("meta[name=csrf-token]")[0].get("content"))

    def text(self, selector: str = "main") -> str:
        return " ".join(self.texts(selector))

    def texts(self, selector: str) -> list[str]:
        return [" ".join(" ".join(element.itertext()).split()) for element in self.page.cssselect(selector)]

    @property
    def path(self) -> str:
        return self.answer.request.path

    @property
    def title(self) -> str:
        return str(self.page.findtext(".//title"))

    def _look(self, answer: TestResponse, status: int) -> "Visitor":
        self.answer = answer
        text = answer.get_data(as_text=True)
        self.page = html.fromstring(text) if "html" in answer.content_type and text.strip() else None
        assert answer.status_code == status, f"Expected {status}, but got {answer.status_code}: {text[:2000]}"
        return self


@pytest.fixture
def visit(app: APIFlask, company: Company) -> Callable[..., Visitor]:
    """`visit("anna")` gives Anna's browser, signed in; `visit()` one in front of the login."""
    with company.database.transaction() as session:
        session.execute(update(Person).values(password_hash=password_hash(), must_change_password=False))

    def visitor(login: str | None = None) -> Visitor:
        browser = Visitor(app.test_client())
        return browser.log_in(login) if login else browser.open("/login")

    return visitor
