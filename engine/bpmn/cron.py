"""Times by the calendar, as cron writes them: five fields, or six or seven in Quartz's order (seconds first, the year last).

cronsim reckons them, in the zone of the site: a time that the clocks jump over comes when they have jumped, one that they show
twice comes once.
What Quartz says otherwise than cron (days of the week counted from Sunday as 1, `?`, the year) is translated here.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

FIELD = re.compile(r"[0-9A-Za-z*?,/#LW-]+")
YEARS = range(1970, 2200)
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True)
class Schedule:
    """A cron expression in cronsim's words, and the years in which it holds (None: in all)."""

    text: str
    fields: str
    years: frozenset[int] | None

    def after(self, moment: datetime, zone: str) -> datetime | None:
        """The first time after the moment, or None when there is none any more."""
        begin = self._in_a_year(moment.astimezone(ZoneInfo(zone)))
        while begin is not None:
            try:
                found = next(CronSim(self.fields, begin))
            except StopIteration:
                return None
            if self.years is None or found.year in self.years:
                return found.astimezone(moment.tzinfo)
            begin = self._in_a_year(found)
        return None

    def _in_a_year(self, local: datetime) -> datetime | None:
        """The moment itself, or the last second before the next year in which the schedule holds."""
        if self.years is None or local.year in self.years:
            return local
        later = [year for year in self.years if year > local.year]
        return datetime(min(later), 1, 1, tzinfo=local.tzinfo) - timedelta(seconds=1) if later else None


def looks_like_cron(text: str) -> bool:
    """Whether a timer's text is meant as cron: several fields, or a name such as @daily."""
    fields = text.split()
    return text.strip().startswith("@") or (5 <= len(fields) <= 7 and all(FIELD.fullmatch(field) for field in fields))


def parse_cron(text: str) -> Schedule:
    """`0 9 * * MON`, `0 0 9 ? * MON`, `0 0 9 1 1 ? 2027`, `@daily`; raises ValueError with a sentence."""
    fields = NICKNAMES.get(text.strip().lower(), text).upper().split()
    try:
        if not 5 <= len(fields) <= 7:
            raise ValueError(f"it has {len(fields)} fields")
        years = _years(fields.pop()) if len(fields) == 7 else None
        if len(fields) == 6:
            fields[5] = _quartz_days(fields[5])
            if fields[0] == "0":
                del fields[0]  # with five fields the hour that the clocks jump over is looked after
        words = " ".join("*" if field == "?" else field for field in fields)
        next(CronSim(words, datetime(2028, 1, 1, tzinfo=UTC)))
    except (ValueError, CronSimError, AssertionError) as error:
        message = f"Expected a cron expression such as 0 9 * * MON or 0 0 9 ? * MON-FRI, but found {text.strip()!r}: {error}"
        raise ValueError(message) from None
    except StopIteration:
        raise ValueError(f"Expected a cron expression that comes about, but {text.strip()!r} never does") from None
    return Schedule(text.strip(), words, years)


def _quartz_days(field: str) -> str:
    """Quartz counts the days of the week from 1 for Sunday; names are the same everywhere."""
    if field == "L":
        return "SAT"
    found = re.split(r"([,/#-])", field)
    for place, part in enumerate(found):
        counts = place > 0 and found[place - 1] in "/#"  # a step, or which one of the month
        number, last = (part[:-1], "L") if part.endswith("L") else (part, "")
        if not counts and number.isdigit():
            if not 1 <= int(number) <= 7:
                raise ValueError(f"{number} is no day of the week; Quartz counts from 1 for Sunday to 7 for Saturday")
            # cronsim reads the last Friday only as a number, and has 0 for Sunday.
            found[place] = f"{int(number) - 1}{last}"
        elif last and number in DAYS:
            found[place] = f"{DAYS.index(number)}{last}"
    return "".join(found)


def _years(field: str) -> frozenset[int] | None:
    if field in ("*", "?"):
        return None
    years: set[int] = set()
    for part in field.split(","):
        term, _, step = part.partition("/")
        first, _, last = (str(YEARS[0]), "-", str(YEARS[-1])) if term == "*" else term.partition("-")
        if not (first.isdigit() and (last or first).isdigit() and (step or "1").isdigit() and int(step or 1) > 0):
            raise ValueError(f"{part!r} is no year")
        end = int(last) if last else YEARS[-1] if step else int(first)
        years |= set(range(int(first), min(end, YEARS[-1]) + 1, int(step or 1)))
    return frozenset(years)
