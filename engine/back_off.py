"""How long automatic work that has failed waits before it is tried again."""

import re
from datetime import timedelta

from engine.bpmn.timing import parse_duration
from engine.tables import Job

DEFAULT = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10))
CYCLE = re.compile(r"R(\d+)/(P.+)")


def wait(job: Job) -> timedelta | None:
    """How long to wait before the next try, or None when there is none: by the diagram's `failedJobRetryTimeCycle`, or ours."""
    found = CYCLE.fullmatch(job.retries.strip()) if job.retries else None
    if found:
        tries, pause = int(found[1]), parse_duration(found[2]).span
        return pause if job.attempts < tries else None
    return DEFAULT[job.attempts - 1] if job.attempts <= len(DEFAULT) else None
