"""Every kind of event that is written has a name, and every one of a case a sentence, unless it is told elsewhere."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask_babel import force_locale

from engine.history import Line
from web import automatic_events, event_kinds, story
from web.cast import Cast

ROOT = Path(__file__).parents[2]
KIND = re.compile(r'"([a-z_]+)\.([a-z_]+)"')
OF_CASES = frozenset(
    {
        "call",
        "clock",
        "comment",
        "data_store",
        "escalation",
        "first_responder",
        "incident",
        "instance",
        "job",
        "link",
        "message",
        "notice",
        "process",
    }
    | {"signal", "signer", "telephone", "timer", "user_task", "variables"}
)
NO_EVENTS = {"apscheduler.scheduler", "report.form", "specimen.png", "spreadsheetml.sheet", "template.db", "wordprocessingml.document"}
MADE_OF_PARTS = {"message.thrown", "signal.thrown", "escalation.thrown"}  # f"{kind}.thrown"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Sentences are the same whatever keeps them."""
    return sqlite_url


def written() -> set[str]:
    """Every text of the engine and the webhooks that is the name of an event."""
    files = [*(ROOT / "engine").glob("*.py"), *(ROOT / "webhooks").rglob("*.py")]
    named = {f"{noun}.{verb}" for file in files for noun, verb in KIND.findall(file.read_text(encoding="utf-8")) if noun != "steward"}
    return named - NO_EVENTS | MADE_OF_PARTS


def test_the_kinds_that_are_written_are_found() -> None:
    assert {"user_task.completed", "process.start_failed", "call.escalated", "person.added"} <= written()
    assert len(written()) > 80


def test_every_kind_of_event_has_a_name() -> None:
    assert written() - set(event_kinds.KINDS) == set()


def test_every_kind_of_event_of_a_case_has_a_sentence_or_is_told_elsewhere() -> None:
    told = set(story.TELLERS) | automatic_events.UNTOLD
    assert {kind for kind in written() if kind.partition(".")[0] in OF_CASES} - told == set()
    assert set(story.TELLERS) & automatic_events.UNTOLD == set()


def test_an_entry_of_a_data_store_is_told_with_what_it_holds(app) -> None:
    now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    told = []
    for kind, before, after in (("list_entry.set", None, {"count": 2}), ("list_entry.removed", {"count": 2}, None)):
        data = {"list": "stock", "key": "阀门", "before": before, "after": after, "instance": 7}
        line = Line("sS1", 1, "S1", kind, now, now, None, None, None, data, "", "")
        with app.test_request_context():
            told += [(one.text, one.quote) for one in story.tell_all([line], Cast({}, {}))]
    assert told == [("系统 在清单“stock”写入“阀门”", "count: 2"), ("系统 从清单“stock”删除“阀门”", "count: 2")]


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("escalation.thrown", {"name": "late"}, "“tell”上报（late）"),
        ("data_store.written", {"name": "stock"}, "“tell”写入了“stock”"),
        ("call.escalated", {"code": "late"}, "“tell”收到子流程的上报（late）"),
        ("clock.escalated", {"clock": "answer", "code": "late"}, "“答复住户”超过时限，已上报"),
        ("process.start_failed", {"key": "round", "message": "no form"}, "流程“round”没有按时自动启动"),
        ("job.failed", {"topic": "weigh", "error": "no_scale"}, "“tell”没有做成"),
    ],
)
def test_what_happens_by_itself_is_told_in_a_sentence(app, kind: str, data: dict[str, str], sentence: str) -> None:
    now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    line = Line("i1", 1, "S1", kind, now, now, None, "tell", None, data, "", "")
    with app.test_request_context():
        [told] = story.tell([line], Cast({}, {}))
        assert told.text == sentence
        assert told.quote == data.get("message", data.get("error", ""))
        with force_locale("en"):
            [english] = story.tell([line], Cast({}, {}))
    assert english.text != sentence and "“" in english.text
