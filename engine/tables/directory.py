"""Sites, people and posts, houses and residents."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables.base import Base, Json


class Site(Base):
    """A managed estate: the unit that everything belongs to."""

    __tablename__ = "site"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    zone: Mapped[str]  # IANA time zone
    created_at: Mapped[datetime]


class SiteVariable(Base):
    """A figure that a site sets for itself: limits, options (E60)."""

    __tablename__ = "site_variable"

    site: Mapped[str] = mapped_column(ForeignKey("site.code"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(Json)


class ListEntry(Base):
    """A line of a list that a site's processes keep and read: its standing services, its known answers."""

    __tablename__ = "list_entry"

    site: Mapped[str] = mapped_column(ForeignKey("site.code"), primary_key=True)
    list: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[Any] = mapped_column(Json)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"))  # the case that wrote it last
    added_at: Mapped[datetime]


class CalendarDay(Base):
    """A day that a site declares a workday or a holiday, against the calendar."""

    __tablename__ = "calendar_day"

    site: Mapped[str] = mapped_column(ForeignKey("site.code"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str]  # workday, holiday


class Person(Base):
    """Somebody who can log in."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    telephone: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="zh")
    password_hash: Mapped[str | None]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    session_epoch: Mapped[int] = mapped_column(default=0)  # raised to end every session at once
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Membership(Base):
    """A post held at a site."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "site", "post"), Index(None, "site", "post"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    site: Mapped[str] = mapped_column(ForeignKey("site.code"))
    post: Mapped[str]


class Proxy(Base):
    """Somebody who does the tasks of an absent person at a site, from one moment to another."""

    __tablename__ = "proxy"
    __table_args__ = (Index(None, "proxy", "until_at"), Index(None, "site", "principal"))

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(ForeignKey("site.code"))
    principal: Mapped[str]  # login of who is away
    proxy: Mapped[str]  # login of who stands in
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]  # ended early: the moment at which it was
    keys: Mapped[Any | None] = mapped_column(Json)  # processes whose tasks are meant; None: all
    set_by: Mapped[str]
    set_at: Mapped[datetime]
    ended_by: Mapped[str | None]  # who ended it before its time


class ApiToken(Base):
    """A bearer token; only its SHA-256 is kept (it carries enough entropy to need no slow hash)."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class LoginAttempt(Base):
    """A failed login: counted per account and address to slow guessing down."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index(None, "login", "at"), Index(None, "address", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]


class EndedSession(Base):
    """A browser session that was logged out before its time: its cookie counts for nothing any more."""

    __tablename__ = "ended_session"

    hash: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)  # the cookie dies by itself then, and the row may go


class House(Base):
    """A flat, shop or villa."""

    __tablename__ = "house"
    __table_args__ = (UniqueConstraint("site", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(ForeignKey("site.code"))
    code: Mapped[str]
    address: Mapped[str]
    area: Mapped[float | None]  # square metres


class Resident(Base):
    """Somebody who lives in a house or owns it."""

    __tablename__ = "resident"
    __table_args__ = (Index(None, "house_id"), Index(None, "site", "telephone"), Index(None, "site", "name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(ForeignKey("site.code"))
    house_id: Mapped[int] = mapped_column(ForeignKey("house.id"))
    name: Mapped[str]
    telephone: Mapped[str]
    kind: Mapped[str]  # owner, tenant, family


class PersonalLink(Base):
    """What opens one case, or the reporting form of a site or house, to a resident without a login. Only the token's SHA-256 is kept."""

    __tablename__ = "personal_link"
    __table_args__ = (Index(None, "instance_id"), Index(None, "site", "kind"))

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]  # case, report
    site: Mapped[str] = mapped_column(ForeignKey("site.code"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"))  # of a case: its outermost instance
    house: Mapped[str | None]  # of a report: the only house for which it is meant
    once: Mapped[bool]  # for one act
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # for the first time
    used_at: Mapped[datetime | None]  # for the first act
    revoked_at: Mapped[datetime | None]
