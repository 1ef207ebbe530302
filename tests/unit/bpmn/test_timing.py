"""Durations, dates and repetitions by ISO 8601."""

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.bpmn import timing

JANUARY = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("PT90M", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("P1M", datetime(2026, 2, 28, 8, 0, tzinfo=UTC)),
        ("P1Y2M3DT4H5M6S", datetime(2027, 4, 3, 12, 5, 6, tzinfo=UTC)),
        ("P1,5D", datetime(2026, 2, 1, 20, 0, tzinfo=UTC)),
        ("PT0.5S", JANUARY + timedelta(milliseconds=500)),
        ("PT0S", JANUARY),
    ],
)
def test_a_duration_is_added_to_a_moment(text: str, after: datetime) -> None:
    assert timing.parse_duration(text).after(JANUARY, "UTC") == after


def test_months_are_those_of_the_site() -> None:
    """Half past midnight on the first of March at the site, still February in UTC."""
    night = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
    assert timing.parse_duration("P1M").after(night, "Asia/Shanghai") == datetime(2026, 3, 31, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "P", "PT", "-PT1H", "PT-1H", "P1H", "PT1D", "1H", "P1Y1", "PT1H ago", "p1d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a duration"):
        timing.parse_duration(text)


def test_a_date_without_zone_is_meant_at_the_site() -> None:
    assert timing.parse_moment("2026-03-01T09:00", "Asia/Shanghai") == datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
    assert timing.parse_moment("2026-07-01T09:00", "Europe/Berlin") == datetime(2026, 7, 1, 7, 0, tzinfo=UTC)
    assert timing.parse_moment("2026-12-01T09:00", "Europe/Berlin") == datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


def test_values_of_expressions_are_moments_too() -> None:
    assert timing.moment_of(timedelta(hours=1), JANUARY, "UTC") == JANUARY + timedelta(hours=1)
    assert timing.moment_of(date(2026, 3, 1), JANUARY, "Asia/Shanghai") == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
    assert timing.moment_of("PT1H", JANUARY, "UTC") == JANUARY + timedelta(hours=1)
    for wrong in (timedelta(hours=-1), 5, True, [], "yesterday"):
        with pytest.raises(ValueError, match="Expected"):
            timing.moment_of(wrong, JANUARY, "UTC")


def test_days_are_those_of_the_site() -> None:
    """The clocks go forward on 29 March: from nine to nine the next day are 23 hours."""
    saturday = datetime(2026, 3, 28, 8, 0, tzinfo=UTC)
    assert timing.parse_duration("P1D").after(saturday, "Europe/Berlin") == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert timing.parse_duration("PT24H").after(saturday, "Europe/Berlin") == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)
    assert timing.parse_duration("P1W").after(saturday, "Asia/Shanghai") == saturday + timedelta(days=7)
    assert timing.parse_duration("P1D").span == timedelta(days=1)


def test_an_hour_that_the_clocks_jump_over_becomes_the_next() -> None:
    half_past_two = timing.parse_moment("2026-03-28T02:30", "Europe/Berlin")
    assert timing.parse_duration("P1D").after(half_past_two, "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_date_without_zone_in_the_hour_that_the_clocks_jump_over_or_show_twice_is_a_moment() -> None:
    for text, moment in (
        ("2026-03-29T02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ):
        assert timing.parse_moment(text, "Europe/Berlin").astimezone(UTC) == moment
