"""Numbers without gaps: given out with the record, in its transaction, never altered, reused or skipped (A30)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.db import insert_unless_there
from engine.errors import NotFound
from engine.tables import Instance, Number, NumberSeries, Site

DAYS_OF_NEXT_MONTH = 2  # the last two days of a month belong to the next one's accounts (A65)


def allocate(session: Session, series: str, site: str, instance_id: int, now: datetime) -> str:
    """The next number of the series at the site, such as WX-S1-202611-0001; the month is the accounting month at the site."""
    month = accounting_month(now, _zone(session, site))
    counter = session.get(NumberSeries, (series, site, month), with_for_update=True)
    if counter is None:
        counter = _open(session, series, site, month)
    counter.last += 1
    number = f"{series}-{site}-{month}-{counter.last:04d}"
    session.add(Number(number=number, site=site, instance_id=instance_id, state="used", allocated_at=now))
    return number


def void(session: Session, number: str) -> None:
    """Mark a number as void. It stays visible and is never given out again."""
    row = session.get(Number, number)
    if row is None:
        raise NotFound(f"Expected a number that was given out, but there is no {number}")
    row.state = "void"


def void_own(session: Session, instance: Instance) -> None:
    """Mark the number of a called instance as void, if it has one of its own: its caller's goes on."""
    row = session.get(Number, instance.number) if instance.number else None
    if row is not None and row.instance_id == instance.id:
        row.state = "void"


def accounting_month(now: datetime, zone: ZoneInfo) -> str:
    """The month as YYYYMM to which a moment is accounted."""
    return (now.astimezone(zone) + timedelta(days=DAYS_OF_NEXT_MONTH)).strftime("%Y%m")


def _zone(session: Session, site: str) -> ZoneInfo:
    return ZoneInfo(session.scalars(select(Site.zone).where(Site.code == site)).one())


def _open(session: Session, series: str, site: str, month: str) -> NumberSeries:
    # Two first numbers of a month may be asked for together on PostgreSQL: the key decides, the loser takes the winner's row.
    insert_unless_there(session, NumberSeries, {"series": series, "site": site, "month": month, "last": 0})
    return session.get_one(NumberSeries, (series, site, month), with_for_update=True)
