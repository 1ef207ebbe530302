"""Photographs and signatures that residents bring by their link: pictures only, not too many, and seen again by that link alone."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import attachments, personal_links, queries_resident
from engine.attachments import NOT_A_PICTURE, Opened, Received
from engine.errors import Invalid, LimitExceeded, NotFound
from engine.tables import AttachmentUse, Instance, PersonalLink

MOST_A_DAY = 100  # by one link: a code on a wall serves a whole house


def receive(directory: Path, stream: BinaryIO, limit: int) -> Received:
    """Write a picture to the disk for good. Raises Invalid for anything else, LimitExceeded for one that is too large."""
    received = attachments.receive(directory, stream, limit)
    if not received.media_type.startswith("image/"):
        raise Invalid(NOT_A_PICTURE, {"file": NOT_A_PICTURE})
    return received


def require_room(session: Session, link: PersonalLink, now: datetime) -> None:
    """Raise LimitExceeded when this link has brought as many pictures today as a link may."""
    mine = (AttachmentUse.uploaded_by == personal_links.reporter_of(link).login, AttachmentUse.at > now - timedelta(days=1))
    if (session.scalar(select(func.count()).select_from(AttachmentUse).where(*mine)) or 0) >= MOST_A_DAY:
        raise LimitExceeded(f"Expected at most {MOST_A_DAY} photographs a day, but this link has brought as many")


def add(session: Session, link: PersonalLink, received: Received, file_name: str, now: datetime) -> str:
    """Keep a received picture for the link's site; return its hash."""
    return attachments.register(session, received, file_name, link.site, personal_links.reporter_of(link), now)


def find(session: Session, directory: Path, link: PersonalLink, hash: str) -> Opened:  # noqa: A002
    """A picture that this link has brought, or that its case shows; raise NotFound otherwise."""
    actor = personal_links.reporter_of(link)
    mine = select(AttachmentUse.id).where(AttachmentUse.hash == hash, AttachmentUse.uploaded_by == actor.login)
    root = session.get(Instance, link.instance_id) if link.instance_id is not None else None
    if session.scalar(mine.limit(1)) is None and (root is None or hash not in queries_resident.shown_files(session, root)):
        raise NotFound("Expected a picture of this link, but there is none")
    return attachments.find(session, directory, hash, actor)
