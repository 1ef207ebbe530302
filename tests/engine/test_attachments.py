"""Files: what is let in, where it is kept, and who may read it."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine import attachments, sites
from engine.actors import Actor
from engine.db import Database
from engine.errors import Forbidden, Invalid, LimitExceeded, NotFound
from engine.settings import Limits, Settings
from engine.tables import Attachment, AttachmentUse
from tests.pictures import picture

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
LIMIT = 100_000
TECHNICIAN = Actor("li", "page", frozenset({("S1", "technician")}))
AUDITOR = Actor("zheng", "page", frozenset({("S1", "auditor")}))
STRANGER = Actor("chen", "page", frozenset({("S2", "technician")}))


def office(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return stream.getvalue()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, Settings(database_url=database_url, limits=Limits(attachment=LIMIT)))
    with database.transaction() as session:
        for site in ("S1", "S2"):
            sites.add(session, site, f"小区{site}", Actor.system("cli"), NOW)
    yield database
    database.dispose()


def store(database: Database, directory: Path, content: bytes, name: str = "photo.jpg", site: str = "S1", actor: Actor = TECHNICIAN) -> str:
    with database.transaction() as session:
        return attachments.store(session, directory, content, name, site, actor, NOW)


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (picture("GIF"), "image/gif"),
        (HEIC, "image/heic"),
        (b"%PDF-1.7\n%...", "application/pdf"),
        ("房号,姓名\n".encode(), "text/plain; charset=utf-8"),
        ("房号,姓名\n".encode("gbk"), "text/plain; charset=gb18030"),
        (office("[Content_Types].xml", "word/document.xml"), attachments.OFFICE + "wordprocessingml.document"),
        (office("[Content_Types].xml", "xl/workbook.xml"), attachments.OFFICE + "spreadsheetml.sheet"),
    ],
)
def test_a_file_is_taken_for_what_its_content_is_whatever_its_name(tmp_path: Path, content: bytes, media_type: str) -> None:
    received = attachments.receive(tmp_path, content, LIMIT)
    assert (received.media_type, received.size, received.hash) == (media_type, len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / received.hash[:2] / received.hash).read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"\xef\xbb\xbf \n<svg onload=alert(1)>",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"PK\x03\x04 broken",
        office("evil.html"),
        office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        b"text with a NUL \x00",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        b"\xff\xd8\xff\xe0<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        picture("PNG")[:50],
    ],
)
def test_any_other_content_is_refused_and_leaves_no_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Invalid):
        attachments.receive(tmp_path, content, LIMIT)
    assert files(tmp_path) == []


def test_a_file_beyond_the_limit_is_refused_and_leaves_no_file(database: Database, tmp_path: Path) -> None:
    directory = tmp_path / "attachments"
    with pytest.raises(LimitExceeded):
        store(database, directory, b"x" * (LIMIT + 1))
    assert files(directory) == []
    assert store(database, directory, b"x" * LIMIT)


def test_the_same_photograph_is_kept_once_for_both_sites(database: Database, tmp_path: Path) -> None:
    directory, content = tmp_path / "attachments", picture("JPEG")
    first = store(database, directory, content)
    assert store(database, directory, content) == first
    assert store(database, directory, content, "leak.jpg", "S2", STRANGER) == first
    assert len(files(directory)) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1
        assert session.scalar(select(func.count()).select_from(AttachmentUse)) == 2
        assert attachments.find(session, directory, first, TECHNICIAN).file_name == "photo.jpg"
        assert attachments.find(session, directory, first, STRANGER).file_name == "leak.jpg"


def test_the_people_of_a_site_that_uses_a_file_read_it_and_nobody_else(database: Database, tmp_path: Path) -> None:
    directory, content = tmp_path / "attachments", picture("PNG")
    stored = store(database, directory, content)
    with database.read() as session:
        opened = attachments.find(session, directory, stored, AUDITOR)
        assert (opened.path.read_bytes(), opened.media_type, opened.is_shown) == (content, "image/png", True)
        for hash_of in (stored, "../../etc/passwd", stored.upper(), "0" * 64):
            with pytest.raises(NotFound):
                attachments.find(session, directory, hash_of, STRANGER)
        assert attachments.unknown(session, {stored, "0" * 64}, "S1") == {"0" * 64}
        assert attachments.unknown(session, {stored}, "S2") == {stored}


def test_text_is_offered_for_download_and_never_shown(database: Database, tmp_path: Path) -> None:
    stored = store(database, tmp_path / "attachments", b"hello <b>world</b>", "page.html")
    with database.read() as session:
        opened = attachments.find(session, tmp_path / "attachments", stored, TECHNICIAN)
    assert (opened.media_type, opened.is_shown) == ("text/plain; charset=utf-8", False)


def test_who_only_reads_adds_no_files_and_strangers_do_not_find_the_site(database: Database, tmp_path: Path) -> None:
    directory = tmp_path / "attachments"
    with pytest.raises(Forbidden):
        store(database, directory, picture("PNG"), actor=AUDITOR)
    with pytest.raises(NotFound):
        store(database, directory, picture("PNG"), actor=STRANGER)
    assert not directory.exists()


def test_a_name_keeps_its_last_part_and_loses_what_nobody_can_read(database: Database, tmp_path: Path) -> None:
    directory = tmp_path / "attachments"
    for number, (name, kept) in enumerate([("../../厨房.jpg", "厨房.jpg"), ("C:\\fakepath\\a\u202egpj.exe", "agpj.exe"), ("\n", "file")]):
        stored = store(database, directory, f"text {number}".encode(), name)
        with database.read() as session:
            assert attachments.find(session, directory, stored, TECHNICIAN).file_name == kept


def test_a_file_that_is_gone_from_the_disk_is_said_to_be_missing(database: Database, tmp_path: Path) -> None:
    directory = tmp_path / "attachments"
    stored = store(database, directory, picture("PNG"))
    (directory / stored[:2] / stored).unlink()
    with database.read() as session, pytest.raises(NotFound, match="backup"):
        attachments.find(session, directory, stored, TECHNICIAN)
