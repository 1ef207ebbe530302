"""What Steward promises of each construct, chapter by chapter. `docs/promises.py` makes the pages of these rows."""

from tests.conformance.promised_decisions import DECISIONS
from tests.conformance.promised_events import EVENTS
from tests.conformance.promised_shapes import SHAPES
from tests.conformance.promised_tasks import TASKS

CHAPTERS = {"Tasks": TASKS, "Events": EVENTS, "Gateways, subprocesses, repetitions, data": SHAPES, "Decisions": DECISIONS}
