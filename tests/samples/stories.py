"""The stories that a release records: together they stop at every kind of place where an instance can stand."""

from tests.samples.stories_of_events import EVENTS, NESTED
from tests.samples.stories_of_work import FAILED, GATEWAYS, TASKS

STORIES = [*TASKS, *GATEWAYS, *EVENTS, *NESTED, *FAILED]
