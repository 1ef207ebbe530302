"""Addresses that come from outside and are followed afterwards."""

from urllib.parse import urlsplit


def local(address: str | None) -> str | None:
    """The address, when it leads to a page of ours and nowhere else."""
    if not address or not address.startswith("/") or address.startswith("//") or "\\" in address:
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address
