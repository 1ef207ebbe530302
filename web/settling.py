"""What an act causes is done before its answer: calls of other processes, messages, notices."""

from sqlalchemy.orm import Session

from engine import waits, worker
from engine.db import on_commit
from engine.tables import Instance
from web import current


def settle_case(session: Session, instance_id: int) -> None:
    """The same for an instance that is not at hand."""
    settle(session, session.get_one(Instance, instance_id))


def settle(session: Session, instance: Instance) -> None:
    """Once this is committed, do the jobs that it caused in the case, so that whoever asks next sees where it has come to rest."""
    steward, root = current.steward(), instance.root_id or instance.id

    def do_jobs() -> None:
        if waits.wrote_jobs(session):
            worker.run_jobs_of(steward.db, root, steward.clock)

    on_commit(session, do_jobs)
