"""Who is asking: a browser by its session cookie, a program by its bearer token. Both become the same SignedIn."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apiflask import APIFlask
from flask import Flask, Request, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_wtf.csrf import CSRFProtect

from engine import api_tokens, identity, sessions
from engine.actors import Actor
from engine.errors import Unauthenticated
from engine.settings import Settings
from engine.tables import Person
from web.wiring import Steward

SEEN_EVERY = 60  # seconds between two notes that the session was used; fewer would set a cookie with every answer


class CookieSession(SecureCookieSessionInterface):
    """Flask's session in a signed cookie, with one signer for all requests: it makes one each time, also where there is no cookie."""

    signer: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        if self.signer is None:
            self.signer = super().get_signing_serializer(app)
        return self.signer


@dataclass(frozen=True, eq=False)
class SignedIn(UserMixin):
    """A person, as this request needs to know them."""

    login: str
    name: str
    language: str
    must_change_password: bool
    epoch: int  # sessions of another epoch have ended
    actor: Actor

    def get_id(self) -> str:
        return self.login

    @property
    def sites(self) -> list[str]:
        """Codes of the sites at which the person holds a post."""
        return sorted(self.actor.sites)


def install(app: APIFlask, steward: Steward) -> None:
    """Sessions, their timeouts, bearer tokens and the protection of forms against other sites."""
    _configure_cookies(app, steward.settings)
    app.session_interface = CookieSession()
    manager = LoginManager(app)
    manager.session_protection = None  # a phone changes its address all day; the token and the timeouts guard the session
    csrf = CSRFProtect(app)

    @manager.user_loader
    def from_session(login: str) -> SignedIn | None:
        if bearer_token(request) is not None or not _in_time(steward):
            return None
        with steward.db.look() as database:
            if sessions.is_ended(database, session["token"]):
                return None
            person = identity.look_up(database, login)
            if person is None or person.disabled_at is not None or person.session_epoch != session.get("epoch"):
                return None
            return known(person, identity.actor_of(database, person, "page", steward.clock.now()))

    @manager.request_loader
    def from_token(incoming: Request) -> SignedIn | None:
        token = bearer_token(incoming)
        if token is None:
            return None
        with steward.db.look() as database:
            try:
                person = api_tokens.person_of(database, token)
            except Unauthenticated:
                return None
            return known(person, identity.actor_of(database, person, "api", steward.clock.now()))

    @app.before_request
    def protect_forms() -> None:
        # A browser sends its cookie by itself, a program never does: only what a cookie could authorise needs the token.
        # A personal link is its own secret, and means nobody's session.
        if bearer_token(request) is None and not request.path.startswith("/r/") and (session.get("token") or not _is_for_programs()):
            csrf.protect()


def bearer_token(incoming: Request) -> str | None:
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def known(person: Person, actor: Actor) -> SignedIn:
    return SignedIn(person.login, person.name, person.language, person.must_change_password, person.session_epoch, actor)


def sign_in(person: SignedIn, now: datetime) -> None:
    """Begin a new session for this person: nothing of the one before it stays but the language, and its token is new."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    session.permanent = True
    session["token"] = secrets.token_urlsafe(32)
    session["epoch"] = person.epoch
    session["began"] = session["seen"] = int(now.timestamp())
    login_user(person)


def sign_out(steward: Steward) -> None:
    """End this session for good: a copy of its cookie opens nothing either."""
    now, token = steward.clock.now(), session.get("token")
    if token:
        until = datetime.fromtimestamp(session["began"], UTC) + timedelta(hours=steward.settings.session_hours)
        with steward.db.transaction() as database:
            sessions.end(database, token, until, now)
    logout_user()
    session.clear()


def renew(epoch: int) -> None:
    """Keep this browser signed in after its person's other sessions were ended, under a new token."""
    session["token"] = secrets.token_urlsafe(32)
    session["epoch"] = epoch


def _in_time(steward: Steward) -> bool:
    """Whether the session is neither too old nor too long unused; notes that it was used just now."""
    settings, now = steward.settings, int(steward.clock.now().timestamp())
    began, seen = session.get("began"), session.get("seen")
    if not session.get("token") or not isinstance(began, int) or not isinstance(seen, int):
        return False
    if now - began > settings.session_hours * 3600 or now - seen > settings.session_idle_minutes * 60:
        return False
    # A list that refreshes itself is nobody at work.
    if now - seen >= SEEN_EVERY and "X-Background" not in request.headers:
        session["seen"] = now
    return True


def _is_for_programs() -> bool:
    return request.path.startswith(("/api/", "/hooks/"))


def _configure_cookies(app: APIFlask, settings: Settings) -> None:
    app.config.update(
        SESSION_COOKIE_NAME="__Host-steward" if settings.is_https else "steward",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        WTF_CSRF_CHECK_DEFAULT=False,  # protect_forms decides
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form may stay open all day
    )
