"""Files that people add: photographs, signatures, papers. Known by their content, wherever they came from and whatever they are called."""

import hashlib
import io
import os
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from filetype.types import archive, image
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import db, rights
from engine.actors import Actor
from engine.errors import Invalid, LimitExceeded, NotFound
from engine.form_messages import CHINESE, sentence
from engine.forms import Form
from engine.prepared import Prepared
from engine.tables import Attachment, AttachmentUse

HEAD = 8_192  # bytes by which a type is known
PIECE = 1_000_000
NAME_LENGTH = 200
OFFICE = "application/vnd.openxmlformats-officedocument."
NOT_A_PICTURE = "Expected a photograph, but the content is something else"
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})  # what a browser may show in place; all else is downloaded
_SIGNATURES = (image.Jpeg(), image.Png(), image.Webp(), image.Gif(), image.Heic(), archive.Pdf())
_OFFICE_PARTS = {"word/document.xml": OFFICE + "wordprocessingml.document", "xl/workbook.xml": OFFICE + "spreadsheetml.sheet"}
_HASH = re.compile(r"[0-9a-f]{64}")
_READABLE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})  # by Pillow; others are known by their first bytes
_USE, _FILE = db.core(AttachmentUse), db.core(Attachment)
_USED_AT = Prepared(
    select(_FILE.c.media_type)
    .join_from(_USE, _FILE, _FILE.c.hash == _USE.c.hash)
    .where(_USE.c.site == bindparam("at_site"), _USE.c.hash == bindparam("wanted"))
    .limit(1)
)
_TEXT_CONTROLS = frozenset("\t\n\r\f")


@dataclass(frozen=True)
class Received:
    """A file that lies safely in the directory, but that nobody uses yet."""

    hash: str
    media_type: str
    size: int


@dataclass(frozen=True)
class Opened:
    """A file that the person may read."""

    path: Path
    media_type: str
    file_name: str
    size: int

    @property
    def is_shown(self) -> bool:
        """Whether a browser may show it in place; everything else must be offered for download."""
        return self.media_type in SHOWN


def store(
    session: Session, directory: Path, content: bytes | BinaryIO, file_name: str, site: str, actor: Actor, now: datetime
) -> str:  # fmt: skip
    """Keep a file for a site and return its hash. Large ones hold up other writers: receive them first, then register."""
    require_right(actor, site)
    return register(session, receive(directory, content, db.of(session).settings.limits.attachment), file_name, site, actor, now)


def receive(directory: Path, content: bytes | BinaryIO, limit: int) -> Received:
    """Write a file to the disk for good, under its hash. Raises LimitExceeded, or Invalid when its content is of no allowed type."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / f".{secrets.token_hex(16)}.part"
    try:
        digest, size = _write(part, stream, limit)
        received = Received(digest, _media_type(part), size)
        _keep(part, _place(directory, digest))
    finally:
        part.unlink(missing_ok=True)
    return received


def register(session: Session, received: Received, file_name: str, site: str, actor: Actor, now: datetime) -> str:
    """Let the people of the site read a received file; return its hash."""
    require_right(actor, site)
    # Two may bring the same photograph at once: the second one finds it there.
    insert = sqlite.insert if db.of(session).is_sqlite else postgresql.insert
    row = {"hash": received.hash, "media_type": received.media_type, "size": received.size, "created_at": now}
    session.execute(insert(Attachment).values(row).on_conflict_do_nothing())
    name = _plain_name(file_name)
    mine = select(AttachmentUse.id).where(AttachmentUse.hash == received.hash, AttachmentUse.site == site, AttachmentUse.file_name == name)
    if session.scalar(mine.limit(1)) is None:
        session.add(AttachmentUse(hash=received.hash, site=site, file_name=name, uploaded_by=actor.login, at=now))
        session.flush()
    return received.hash


def find(session: Session, directory: Path, hash: str, actor: Actor) -> Opened:  # noqa: A002
    """The file of that hash for a person with a post at a site that uses it; raise NotFound otherwise."""
    missing = NotFound("Expected a file that one of your sites uses, but there is none")
    if not _HASH.fullmatch(hash):
        raise missing
    query = select(Attachment, AttachmentUse.file_name).join(AttachmentUse, AttachmentUse.hash == Attachment.hash)
    if not actor.is_system:
        query = query.where(AttachmentUse.site.in_(actor.sites))
    found = session.execute(query.where(Attachment.hash == hash).order_by(AttachmentUse.id.desc()).limit(1)).first()
    if found is None:
        raise missing
    attachment, file_name = found
    path = _place(directory, hash).absolute()  # who sends it would look for it in a directory of its own
    if not path.is_file():
        raise NotFound(f"Expected the file {hash} on the disk, but it is not there: restore it from a backup")
    return Opened(path, attachment.media_type, file_name, attachment.size)


def unknown(session: Session, hashes: set[str], site: str, pictures: bool = False) -> set[str]:
    """Which of these are no files of the site; with `pictures`, also those that are no pictures."""
    kinds = {wanted: _USED_AT.rows(session, {"at_site": site, "wanted": wanted}) for wanted in hashes}
    return {wanted for wanted, found in kinds.items() if not found or (pictures and not found[0][0].startswith("image/"))}


def require_known(session: Session, form: Form, answers: Mapping[str, Any], site: str) -> None:
    """Raise Invalid for signatures and photographs that nobody has brought to the site, or that are none: a hash alone proves nothing."""
    fields = {}
    for key, one in form.fields.items():
        if one.answer not in ("signature", "attachments"):
            continue
        if unknown(session, _hashes(answers.get(key)), site, one.is_picture):
            fields[key] = sentence("picture" if one.is_picture else "attachment", CHINESE, label=one.name(CHINESE))
    if fields:
        raise Invalid(
            f"Expected files that were added at {site}, and pictures where they are asked for, but {', '.join(fields)} has others", fields
        )


def _hashes(answer: Any) -> set[str]:
    return {answer} if isinstance(answer, str) else set(answer or ())


def require_right(actor: Actor, site: str) -> None:
    """Raise NotFound or Forbidden unless the actor may add files at the site."""
    rights.require_site(actor, site)
    rights.require(rights.works_at(actor, site), "add files")


def _write(part: Path, stream: BinaryIO, limit: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        while piece := stream.read(PIECE):
            size += len(piece)
            if size > limit:
                raise LimitExceeded(f"Expected a file of at most {limit} bytes, but it is larger")
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if size == 0:
        raise Invalid("Expected a file with content, but it is empty", {"file": "Expected content, but it is empty"})
    return digest.hexdigest(), size


def _keep(part: Path, place: Path) -> None:
    """Give the file its name, durably: whoever reads its row after a crash finds it."""
    place.parent.mkdir(exist_ok=True)
    os.replace(part, place)
    for folder in (place.parent, place.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _place(directory: Path, digest: str) -> Path:
    return directory / digest[:2] / digest


def _media_type(path: Path) -> str:
    """What the content is, whatever the file is called; raise Invalid for anything not on the list."""
    with path.open("rb") as file:
        head = bytearray(file.read(HEAD))
    for kind in _SIGNATURES:
        if kind.match(head):
            return _whole(path, str(kind.mime))
    found = _office_type(path) if head.startswith(b"PK\x03\x04") else _text_type(path.read_bytes())
    if found is None:
        message = "Expected a photograph, a PDF, a Word or Excel file or plain text, but the content is something else"
        raise Invalid(message, {"file": message})
    return found


def _whole(path: Path, media_type: str) -> str:
    """The type, when what begins like such a picture is one to its end; raise Invalid otherwise."""
    if media_type in _READABLE:
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(path) as picture:
                picture.verify()
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            raise Invalid(NOT_A_PICTURE, {"file": NOT_A_PICTURE}) from None
    return media_type


def _office_type(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive_file:
            names = set(archive_file.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return None
    if "[Content_Types].xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        return None
    return next((media_type for part, media_type in _OFFICE_PARTS.items() if part in names), None)


def _text_type(content: bytes) -> str | None:
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # What begins like markup could be run by a browser that is careless about types.
        is_plain = not any(unicodedata.category(character) == "Cc" and character not in _TEXT_CONTROLS for character in set(text))
        return f"text/plain; charset={encoding}" if is_plain and not text.lstrip("\ufeff \t\r\n\f").startswith("<") else None
    return None


def _plain_name(file_name: str) -> str:
    """The last part of the name, as a person may read it."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1]
    legible = "".join(character for character in name if unicodedata.category(character) not in ("Cc", "Cf", "Cs"))
    return legible.strip(" .")[-NAME_LENGTH:] or "file"
