"""How often one address may knock at doors that need no login. Counted in the memory of each serving process."""

import ipaddress

from apiflask import APIFlask
from flask import Response, request
from flask_limiter import Limiter

from web.pages import residents

WRONG = "20 per 15 minutes"  # tokens that are nobody's
SENT = "300 per hour"  # photographs, forms: a whole house may stand behind one address
OPENED = "1500 per hour"


def install(app: APIFlask) -> None:
    limiter = Limiter(address, app=app, storage_uri="memory://", strategy="sliding-window-counter")
    limiter.limit(WRONG, deduct_when=_was_wrong)(residents.pages)
    limiter.limit(SENT, methods=["POST"])(residents.pages)
    limiter.limit(OPENED, methods=["GET"])(residents.pages)


def address() -> str:
    """Who knocks: an IPv4 address, or the network of an IPv6 one, all of which is one customer's."""
    given = request.remote_addr or ""
    try:
        known = ipaddress.ip_address(given)
    except ValueError:
        return given
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else given


def _was_wrong(response: Response) -> bool:
    return response.status_code == 404
