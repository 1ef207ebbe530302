"""What people need who work over HTTP."""

from datetime import UTC, datetime

from engine import api_tokens
from tests.factories import Company
from tests.people import OPERATOR


def token(company: Company, login: str) -> str:
    """A token of that person, good for now."""
    with company.database.transaction() as session:
        return api_tokens.issue(session, login, OPERATOR, datetime.now(UTC))
