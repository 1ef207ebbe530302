"""Addresses that come from outside and are followed afterwards."""

import re
from urllib.parse import urlsplit

_UNSAFE = re.compile(r"[\\\x00-\x1f\x7f]")  # what browsers read as a slash, or leave out


def local(address: str | None) -> str | None:
    """The address, when it leads to a page of ours and nowhere else."""
    if not address or not address.startswith("/") or address.startswith("//") or _UNSAFE.search(address):
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address
