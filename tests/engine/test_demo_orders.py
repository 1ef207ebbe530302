"""The sample orders of the demonstration, told with the processes as they are shipped."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine import definitions, demo, demo_orders, history
from engine.actors import Actor
from engine.db import Database
from engine.settings import Settings
from engine.states import OPEN_TASK
from engine.tables import AttachmentUse, Incident, Instance, ListEntry, UserTask

PROCESSES = Path(__file__).parents[2] / "processes"
DAY = datetime(2026, 3, 2, 6, tzinfo=UTC)  # 14:00 in Shanghai, a Monday
NIGHT = datetime(2026, 3, 1, 20, tzinfo=UTC)  # 4:00 in Shanghai


def shipped() -> dict[str, bytes]:
    files = (path for path in PROCESSES.rglob("*") if path.suffix in (".bpmn", ".dmn", ".form"))
    return {str(path.relative_to(PROCESSES)): path.read_bytes() for path in files}


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    database = Database(database_url, Settings(database_url=database_url, attachments=tmp_path / "attachments"))
    with database.transaction() as session:
        demo.build(session, DAY, with_passwords=False)
    yield database
    database.dispose()


@pytest.mark.parametrize("now", [DAY, NIGHT], ids=["by day", "by night"])
def test_every_sample_is_told_to_its_end_and_leaves_work_of_every_kind(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        definitions.deploy(session, shipped(), Actor.system("cli"), now)
    told = demo_orders.tell(database, now)
    assert [one.refused for one in told if one.refused] == []
    with database.read() as session:
        assert session.scalars(select(Incident)).all() == []
        assert list(history.verify(session)) == []
        states = Counter(session.scalars(select(Instance.state).where(Instance.key == "repair")))
        assert (states["completed"], states["running"]) == (1, 14)
        waiting = set(session.scalars(select(UserTask.activity_id).where(UserTask.state.in_(OPEN_TASK))))
        assert waiting >= {"dispatch", "take", "arrive", "quote", "verify", "sign_return", "approve_late_entry", "call_back", "check_store"}
        assert waiting >= {"follow_works"}  # a renovation in its works
        assert waiting >= {"look_into", "acknowledge", "handle", "give_opinion", "accept"}
        assert waiting >= {"agree", "look_up"}
        lists = {tuple(row) for row in session.execute(select(ListEntry.list, func.substr(ListEntry.key, 1, 8)))}
        assert lists == {
            ("inquiry_answers", "电动车充电怎么收"),
            ("standing_services", "高空擦窗"),
            ("complaint_cases", "楼道杂物反复清理"),
        }
        assert all(task.created_at <= now for task in session.scalars(select(UserTask)))
        assert set(session.scalars(select(AttachmentUse.file_name))) == {"签名.png", "漏水.png"}


def test_without_the_process_nothing_is_told(database: Database) -> None:
    assert demo_orders.tell(database, DAY) == []
