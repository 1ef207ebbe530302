"""The application factory: one Flask application with pages, API and webhooks around one Steward."""

from apiflask import APIFlask
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from engine import installation
from web import assets, auth, current, errors, headers, language, pages, throttle, words
from web.api import blueprints
from web.wiring import Steward

MOST_FIELDS = 10_000


def create_app(steward: Steward) -> APIFlask:
    """The application that serves this Steward; its database has its tables already."""
    app = APIFlask(__name__, title="Steward", version="1", spec_path="/api/openapi.json", docs_path=None, json_errors=False)
    app.extensions["steward"] = steward
    with steward.db.transaction() as session:
        app.config["SECRET_KEY"] = installation.session_key(session)
    app.config["MAX_CONTENT_LENGTH"] = steward.settings.limits.request
    app.config["MAX_FORM_MEMORY_SIZE"] = steward.settings.limits.body
    app.before_request(refuse_endless_forms)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    auth.install(app, steward)
    language.install(app)
    headers.install(app, steward.settings.is_https)
    errors.install(app)
    words.install(app)
    assets.install(app)
    blueprints.install(app)
    throttle.install(app)
    pages.install(app)
    return app


def refuse_endless_forms() -> None:
    """Before a form is taken apart: a page has some dozen fields, and a million would hold up everybody else."""
    if request.mimetype != "application/x-www-form-urlencoded":
        return
    if (request.content_length or 0) > current.steward().settings.limits.body or request.get_data(cache=True).count(b"&") > MOST_FIELDS:
        raise RequestEntityTooLarge("Expected the fields of a page, but got far more")
