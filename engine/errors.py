"""Every way in which a caller can be refused. Messages read "Expected …, but …"; how they travel over HTTP is decided in web."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass


class StewardError(Exception):
    """Root of everything that Steward raises on purpose."""


class Rejected(StewardError):
    """The caller asked for what cannot be. Nothing has changed."""

    code = "rejected"

    @property
    def message(self) -> str:
        return str(self)


class NotFound(Rejected):
    """There is no such thing, or not for this person: another site's thing is not found either."""

    code = "not_found"


class LinkRefused(NotFound):
    """A personal link that opens nothing (any more)."""

    code = "link_refused"

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why  # unknown, expired, revoked or used


class Forbidden(Rejected):
    """The person may see the thing, but may not do this with it."""

    code = "forbidden"


class Excluded(Forbidden):
    """The person's post allows the task; what they did in the case, or an interest in it, does not."""


class ProxyEnded(Forbidden):
    """The person stood in for somebody else, and does so no more."""


class Conflict(Rejected):
    """The thing is not in a state that allows this, or somebody else was first."""

    code = "conflict"


class AlreadyCompleted(Conflict):
    """Somebody has completed or cancelled this task before."""

    code = "already_completed"


class AlreadyClaimed(Conflict):
    """Somebody else holds this task."""

    code = "already_claimed"


class WorkLeft(Conflict):
    """Somebody has open work that nobody has taken over."""


class NotRunnable(Conflict):
    """A stored definition is damaged, or this release can no longer run it."""

    code = "not_runnable"


class Unusable(Conflict):
    """The stored state of a case, or its definition, cannot be read: it stands still until somebody has repaired it. No other does."""

    code = "unusable"

    def __init__(self, instance_id: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.instance_id = instance_id
        self.kind = kind  # of the incident: state or definition


class LimitExceeded(Rejected):
    """Something is larger than the settings allow."""

    code = "limit_exceeded"


class TooLarge(LimitExceeded):
    """More than is looked at."""


class Unauthenticated(Rejected):
    """Nobody, or nobody whom we know, is asking."""

    code = "unauthenticated"


class TooManyAttempts(Rejected):
    """Asked too often; try again later."""

    code = "too_many_attempts"


class TooManyAtOnce(TooManyAttempts):
    """Asked by too many together; try again in a few seconds."""


class Invalid(Rejected):
    """Some of the given fields are missing, wrong, unknown or too large: all of them are named at once."""

    code = "invalid"

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file that somebody wants to deploy."""

    file: str
    line: int
    element: str
    rule: str
    message: str
    severity: str = "error"  # or "warning"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.element}: [{self.rule}] {self.message}"

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


class DeploymentRefused(Rejected):
    """The files cannot be deployed; every problem found is listed, and nothing of the deployment stays."""

    code = "deployment_refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.severity != "error")
        first = str(self.problems[0]) if self.problems else "no reason given"
        super().__init__(f"Expected files that can be deployed, but found {len(self.problems)} problem(s); the first: {first}")
