"""The people of the tests: Anna repairs, Bao repairs too, Chen answers the telephone, Dong leads the engineers, Emma manages site S1.

Fang audits S1, Guo owns the processes, Hua repairs at S2. The operator is the machine's own.
"""

from datetime import UTC, datetime

from engine.actors import Actor

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # Monday, nine in the morning in Shanghai

POSTS = {
    "anna": [("S1", "technician")],
    "bao": [("S1", "technician")],
    "chen": [("S1", "customer_service")],
    "dong": [("S1", "engineering_supervisor")],
    "emma": [("S1", "project_manager")],
    "fang": [("S1", "auditor")],
    "guo": [("S1", "process_owner")],
    "hua": [("S2", "technician")],
}


def actor(login: str) -> Actor:
    return Actor(login, "page", frozenset(POSTS[login]))


ANNA, BAO, CHEN, DONG, EMMA, FANG, GUO, HUA = (actor(login) for login in POSTS)
OPERATOR = Actor.system("cli")
