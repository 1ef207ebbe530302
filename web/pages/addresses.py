"""Where somebody goes: by an address that came from outside, or by their posts."""

import re
from urllib.parse import urlsplit

from flask import url_for

from engine import rights
from engine.actors import Actor

_UNSAFE = re.compile(r"[\\\x00-\x1f\x7f]")  # what browsers read as a slash, or leave out


def local(address: str | None) -> str | None:
    """The address, when it leads to a page of ours and nowhere else."""
    if not address or not address.startswith("/") or address.startswith("//") or _UNSAFE.search(address):
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address


def first_page(actor: Actor) -> str:
    """Where somebody begins: at the inbox; who only audits, with what happened."""
    posts = {post for _, post in actor.posts}
    return url_for("audit.show" if posts and posts <= rights.READS_ONLY else "inbox.show")
