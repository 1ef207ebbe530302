"""The description at /api/openapi.json is true: requests made from it by a machine find no bug and no answer that it does not describe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from engine import api_tokens, identity, schema
from engine.clock import SystemClock
from engine.db import Database
from engine.settings import Settings
from engine.tables import Site
from tests.factories import ONE_TASK, Company
from tests.people import OPERATOR
from web.app import create_app
from web.wiring import Steward

load_all_checks()
CHECKS = (
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
)
EXAMPLES = 25
EVERY_POST = ["technician", "project_manager", "process_owner", "customer_service"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """An application with something behind every address, and the token of somebody who may do nearly everything."""
    directory: Path = tmp_path_factory.mktemp("openapi")
    config = Settings(database_url=f"sqlite:///{directory / 'steward.db'}", attachments=directory / "attachments")
    database = Database(config.database_url, config)
    schema.upgrade(database)
    company = Company(database, SystemClock())  # type: ignore[arg-type]
    with database.transaction() as session:
        session.add(Site(code="S1", name="S1", zone="Asia/Shanghai", created_at=company.now))
        session.flush()
        identity.add_person(session, "lin", "Lin", "S1", EVERY_POST, OPERATOR, company.now)
        token = api_tokens.issue(session, "lin", OPERATOR, company.now)
    company.deploy(ONE_TASK)
    for _ in range(5):
        company.start(actor=OPERATOR)
    yield create_app(Steward(config, database, SystemClock())), token
    database.dispose()


def test_the_api_does_what_its_description_says(stage: tuple[Any, str]) -> None:
    description = schemathesis.openapi.from_wsgi("/api/openapi.json", stage[0])
    bearer = {"Authorization": f"Bearer {stage[1]}"}
    failures = []
    for result in description.get_all_operations():
        operation = result.ok()

        @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            aim(case)
            case.call_and_validate(headers=bearer, checks=list(CHECKS))

        try:
            ask()
        except (Exception, FailureGroup) as failure:
            failures.append(f"{operation.label}: {failure}")
    assert failures == [], "\n\n".join(failures)


def aim(case: schemathesis.Case) -> None:
    """Let half of the requests meet something that is there: ids, keys and sites made at random never do."""
    path = case.path_parameters or {}
    for name, value in path.items():
        if isinstance(value, int) and value % 2:
            path[name] = value % 16 // 2 + 1
        elif name == "key" and len(str(value)) % 2:
            path[name] = "order"
    if isinstance(case.body, dict) and isinstance(case.body.get("site"), str) and len(case.body["site"]) % 2 == 0:
        case.body["site"] = "S1"
