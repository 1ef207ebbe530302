"""Files: photographs, signatures and papers come in one by one while a form is filled in, and are shown again later."""

from flask import Blueprint, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from engine import attachments
from engine.errors import Invalid, Rejected
from web import current, errors, sentences
from web.headers import OF_FILES

pages = Blueprint("files", __name__, url_prefix="/files")
A_DAY = 86_400


@pages.post("")
def add() -> ResponseReturnValue:
    """Keep one file for a site; the answer names its hash, which the form then carries."""
    steward, actor, site = current.steward(), current.actor(), request.args.get("site", "")
    given = request.files.get("file")
    try:
        if given is None:
            raise Invalid("Expected a file, but there is none", {"file": "请选择文件"})
        # Before anything is written: a stranger shall not fill the disk.
        attachments.require_right(actor, site)
        received = attachments.receive(steward.settings.attachments, given.stream, steward.settings.limits.attachment)
        with steward.db.transaction() as session:
            key = attachments.register(session, received, given.filename or "", site, actor, current.now())
    except Rejected as error:
        said = errors.as_json(error)
        said["error"]["message"] = sentences.plain(error.message)
        return jsonify(said), errors.status_of(error)
    return jsonify(hash=key), 201


@pages.get("/<file_hash>")
def show(file_hash: str) -> ResponseReturnValue:
    """The file, for people of a site that uses it. Pictures are shown; anything else is offered for keeping."""
    steward = current.steward()
    with steward.db.read() as session:
        found = attachments.find(session, steward.settings.attachments, file_hash, current.actor())
    answer = send_file(found.path, as_attachment=not found.is_shown, download_name=found.file_name, max_age=0)
    # Its address is its content, so it never changes; but only this person's browser may keep it.
    answer.headers.update(OF_FILES | {"Content-Type": found.media_type, "Cache-Control": f"private, max-age={A_DAY}, immutable"})
    return answer
