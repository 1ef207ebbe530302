"""The stories that a release records: together they stop at every kind of place where an instance can stand."""

from tests.samples.stories_of_events import EVENTS, NESTED
from tests.samples.stories_of_ways_back import WAYS_BACK
from tests.samples.stories_of_work import FAILED, GATEWAYS, TASKS

STORIES = [*TASKS, *GATEWAYS, *EVENTS, *NESTED, *FAILED, *WAYS_BACK]
