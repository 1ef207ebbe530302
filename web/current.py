"""What the present request stands on: the Steward that serves it, the moment, and who is asking."""

from datetime import datetime
from typing import cast

from flask import current_app
from flask_login import current_user

from engine.actors import Actor
from engine.errors import Unauthenticated
from web.auth import SignedIn
from web.wiring import Steward


def steward() -> Steward:
    return cast(Steward, current_app.extensions["steward"])


def now() -> datetime:
    return steward().clock.now()


def person() -> SignedIn:
    """Who is signed in; raises Unauthenticated when nobody is."""
    if not current_user.is_authenticated:
        raise Unauthenticated("Expected somebody who is signed in, but nobody is")
    return cast(SignedIn, current_user)


def actor() -> Actor:
    """Who acts in this request, as the engine wants to know it."""
    return person().actor
