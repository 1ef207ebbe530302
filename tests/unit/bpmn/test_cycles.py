"""Timers that repeat: ISO 8601 repetitions with and without start and end, and cron in the zone of the site."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.bpmn import cycles
from engine.bpmn.cron import looks_like_cron, parse_cron

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai


def firings(text: str, zone: str, begin: datetime, count: int) -> list[str]:
    """When a cycle fires, as the site's clocks show it."""
    found, due = [], cycles.read_cycle(text, begin, zone).first
    for _ in range(count):
        found.append(due.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M"))
        following = cycles.following(cycles.read_cycle(text, begin, zone).interval, due, zone)
        if following is None:
            break
        due = following
    return found


@pytest.mark.parametrize(
    ("text", "first", "times", "interval"),
    [
        ("R3/PT10M", MONDAY + timedelta(minutes=10), 3, "PT10M"),
        ("R/PT10M", MONDAY + timedelta(minutes=10), None, "PT10M"),
        ("PT10M", MONDAY + timedelta(minutes=10), None, "PT10M"),
        ("R2/2026-03-05T09:00/P1D", datetime(2026, 3, 5, 1, 0, tzinfo=UTC), 2, "P1D@09:00:00"),
        ("R/2026-03-05T09:00/P1D", datetime(2026, 3, 5, 1, 0, tzinfo=UTC), None, "P1D@09:00:00"),
        ("R4/2026-03-05T09:00/2026-03-05T10:30", datetime(2026, 3, 5, 1, 0, tzinfo=UTC), 4, "PT5400S"),
        ("R/PT1H/2026-03-02T11:30", MONDAY + timedelta(minutes=30), 3, "PT1H"),
        ("R2/PT1H/2026-03-02T11:30", MONDAY + timedelta(minutes=90), 2, "PT1H"),
        ("0 9 * * MON", MONDAY + timedelta(days=7), None, "0 9 * * MON"),
    ],
)
def test_a_cycle_says_when_it_fires_first_and_how_often(text: str, first: datetime, times: int | None, interval: str) -> None:
    found = cycles.read_cycle(text, MONDAY, "Asia/Shanghai")
    assert (found.first, found.times, found.interval) == (first, times, interval)


@pytest.mark.parametrize(
    "text",
    [
        "R0/PT1H",
        "R3/",
        "R3/PT0S",
        "R3/-PT1H",
        "R/PT1H/2026-03-01",
        "R/P1D/2026-04-01",
        "R/PT1S/2030-01-01",
        "R/a/b/c",
        "R2/2026-03-02",
        "soon",
    ],
)
def test_what_is_no_cycle_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a repetition"):
        cycles.read_cycle(text, MONDAY, "Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 * * MON", ["03-09 09:00", "03-16 09:00"]),
        ("30 8 * * 1-5", ["03-03 08:30", "03-04 08:30", "03-05 08:30", "03-06 08:30", "03-09 08:30"]),
        ("0 0 1,15 * *", ["03-15 00:00", "04-01 00:00"]),
        ("*/20 * * * *", ["03-02 09:20", "03-02 09:40"]),
        ("0 9 L * *", ["03-31 09:00", "04-30 09:00"]),
        ("0 0 9 ? * MON-FRI", ["03-03 09:00", "03-04 09:00"]),
        ("0 0 9 ? * 2", ["03-09 09:00", "03-16 09:00"]),  # Quartz counts Monday as 2
        ("0 0 9 ? * 1,7", ["03-07 09:00", "03-08 09:00"]),
        ("0 0 9 ? * 6L", ["03-27 09:00", "04-24 09:00"]),
        ("0 0 9 ? * FRI#2", ["03-13 09:00", "04-10 09:00"]),
        ("0 0 9 LW * ?", ["03-31 09:00", "04-30 09:00"]),
        ("0 0 9 1 1 ? 2027-2028", ["01-01 09:00", "01-01 09:00"]),
        ("0 0 9 1 1 ? 2027", ["01-01 09:00"]),
        ("@daily", ["03-03 00:00", "03-04 00:00"]),
    ],
)
def test_cron_fires_by_the_calendar(text: str, expected: list[str]) -> None:
    assert looks_like_cron(text)
    assert firings(text, "Asia/Shanghai", MONDAY, len(expected) if "2027" not in text else 5) == expected


def test_quartz_counts_seconds_first() -> None:
    due = cycles.read_cycle("*/15 * * * * ?", MONDAY, "UTC").first
    assert due == MONDAY + timedelta(seconds=15)


@pytest.mark.parametrize("text", ["0 2 * * *", "0 0 2 * * ?", "30 2 * * *"])
def test_a_time_that_the_clocks_jump_over_comes_when_they_have_jumped(text: str) -> None:
    """Europe goes from two to three on 29 March 2026."""
    begin = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert firings(text, "Europe/Berlin", begin, 2) == ["03-29 03:00", "03-30 02:30" if "30" in text else "03-30 02:00"]


@pytest.mark.parametrize("text", ["30 2 * * *", "0 30 2 * * ?"])
def test_a_time_that_the_clocks_show_twice_comes_once(text: str) -> None:
    """Europe goes back from three to two on 25 October 2026."""
    begin = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    assert firings(text, "Europe/Berlin", begin, 2) == ["10-25 02:30", "10-26 02:30"]


def test_every_day_at_nine_stays_at_nine_when_the_clocks_change() -> None:
    begin = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
    for text in ("0 9 * * *", "R/2026-03-28T09:00/P1D"):
        assert firings(text, "Europe/Berlin", begin, 3) == ["03-28 09:00", "03-29 09:00", "03-30 09:00"]


@pytest.mark.parametrize(
    "text", ["61 * * * *", "0 25 * * *", "0 0 30 2 *", "0 0 9 15W * ?", "0 0 9 ? * 8", "0 0 9 1 1 ? then", "* * * *", "@never"]
)
def test_cron_that_means_nothing_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a cron expression"):
        parse_cron(text)


def test_cron_whose_years_are_over_is_refused() -> None:
    with pytest.raises(ValueError, match="lies in the past"):
        cycles.read_cycle("0 0 9 1 1 ? 2020", MONDAY, "UTC")


@pytest.mark.parametrize(("most", "due", "passed"), [(None, 40, 4), (2, 20, 2)])
def test_what_was_missed_is_passed_over_at_once(most: int | None, due: int, passed: int) -> None:
    at = MONDAY + timedelta(minutes=35)
    assert cycles.skip_missed("PT10M", MONDAY, at, most, "UTC") == (MONDAY + timedelta(minutes=due), passed)


def test_a_year_of_missed_seconds_takes_no_time_to_pass_over() -> None:
    at = MONDAY + timedelta(days=365)
    assert cycles.skip_missed("PT1S", MONDAY, at, None, "UTC") == (at + timedelta(seconds=1), 365 * 86400 + 1)
    assert cycles.skip_missed("* * * * * ?", MONDAY, at, None, "UTC")[0] == at + timedelta(seconds=1)
