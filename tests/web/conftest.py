"""The API as programs see it: a client for each person, with that person's token."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine import api_tokens
from engine.settings import Settings
from tests.factories import Company
from tests.people import OPERATOR, POSTS
from tests.web.visitors import visit
from web.app import create_app
from web.wiring import Steward

__all__ = ["visit"]


class Caller:
    """Somebody who calls the API with a token of their own; `last` is what was answered."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers)

    def post(self, path: str, said: Any = None, key: str | None = None, **more: Any) -> TestResponse:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        body: Mapping[str, Any] = {"json": {} if said is None else said} if "data" not in more else {}
        return self.client.post(f"/api/v1{path}", headers=headers, **body, **more)

    def put(self, path: str, said: Any) -> TestResponse:
        return self.client.put(f"/api/v1{path}", json=said, headers=self.headers)

    def delete(self, path: str) -> TestResponse:
        return self.client.delete(f"/api/v1{path}", headers=self.headers)

    def deploy(self, *diagrams: bytes) -> TestResponse:
        files = [(io.BytesIO(content), f"diagram{number}.bpmn") for number, content in enumerate(diagrams)]
        return self.post("/process-definitions", data={"files": files})


@pytest.fixture
def app(company: Company, tmp_path: Path) -> Iterator[APIFlask]:
    settings = Settings(database_url=company.database.url, attachments=tmp_path / "attachments")
    company.database.settings = settings
    yield create_app(Steward(settings, company.database, company.clock))


@pytest.fixture
def tokens(company: Company) -> dict[str, str]:
    with company.database.transaction() as session:
        return {login: api_tokens.issue(session, login, OPERATOR, company.now) for login in POSTS}


@pytest.fixture
def call(app: APIFlask, tokens: dict[str, str]) -> Any:
    """`call("anna")` gives Anna's caller; `call()` one without a token."""

    def caller(login: str | None = None) -> Caller:
        return Caller(app.test_client(), tokens[login] if login else None)

    return caller
