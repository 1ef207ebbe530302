"""The processes of the company, for reading: their versions, diagrams, files, and what could be better about them."""

from io import BytesIO
from pathlib import PurePosixPath

from flask import Blueprint, render_template, send_file
from flask.typing import ResponseReturnValue

from engine import definitions, identity, schedules
from engine.errors import NotFound
from web import current, language
from web.problems import sentence

pages = Blueprint("processes", __name__, url_prefix="/processes")
READABLE = ("bpmn", "dmn", "form")


@pages.get("")
def show() -> ResponseReturnValue:
    current.person()
    with current.steward().db.read() as session:
        return render_template("processes/list.html", definitions=definitions.newest_of_all(session))


@pages.get("/<id:definition_id>")
def one(definition_id: int) -> ResponseReturnValue:
    person = current.actor()
    with current.steward().db.read() as session:
        definition = definitions.get(session, definition_id)
        files = [file for file in definitions.resources(session, definition_id) if file.kind in READABLE]
        problems = definitions.lint_files({file.name: file.content for file in files}, definitions.known_keys(session), executable=True)
        return render_template(
            "processes/version.html",
            definition=definition,
            process=definitions.describe_version(session, definition).process,
            versions=definitions.versions(session, definition.key),
            files=files,
            problems=[(problem, sentence(problem, language.current())) for problem in problems],
            upcoming=schedules.upcoming(session, definition_id, person.sites),
            names=identity.names_of(session, [definition.deployed_by] if definition.deployed_by else []),
        )


@pages.get("/<id:definition_id>/files/<path:name>")
def file(definition_id: int, name: str) -> ResponseReturnValue:
    """A file as it was deployed, byte for byte, to be read or kept."""
    current.person()
    with current.steward().db.read() as session:
        files = (one for one in definitions.resources(session, definition_id) if one.kind in READABLE)
        # A file deployed by its absolute path has lost its first slash on the way.
        found = next((one for one in files if one.name.lstrip("/") == name.lstrip("/")), None)
        if found is None:
            raise NotFound(f"Expected a file of definition {definition_id}, but there is no {name!r}")
        content = found.content
    # As plain text: whatever a diagram holds, the browser runs none of it.
    return send_file(BytesIO(content), mimetype="text/plain", download_name=PurePosixPath(name).name)
