"""The API: one blueprint per noun under /api/v1, described at /api/openapi.json; webhooks and health beside it."""

from typing import Any

from apiflask import APIFlask
from flask import request
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BaseConverter, IntegerConverter

from web import current
from web.api import (
    attachments,
    definitions,
    health,
    hooks,
    incidents,
    instances,
    messages,
    notices,
    personal_links,
    proxies,
    residents,
    schemas,
    task_operations,
    user_tasks,
)

PREFIX = "/api/v1"
NOUNS = (definitions, instances, user_tasks, task_operations, proxies, messages, incidents, notices, attachments, personal_links, residents)


class IdConverter(IntegerConverter):
    """A number that a database can look for; any other address is not found."""

    def __init__(self, url_map: Any) -> None:
        super().__init__(url_map, min=1, max=schemas.LARGEST_ID)


class WordConverter(BaseConverter):
    """A name without slashes and control characters."""

    regex = r"[^/\x00-\x1f\x7f]{1,255}"


def install(app: APIFlask) -> None:
    app.url_map.converters.update(id=IdConverter, word=WordConverter)
    app.config.update(
        VALIDATION_ERROR_SCHEMA=schemas.Error,
        HTTP_ERROR_SCHEMA=schemas.Error,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        SECURITY_SCHEMES={
            "bearer": {"type": "http", "scheme": "bearer", "description": "a token from `steward token NAME`"},
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": app.config["SESSION_COOKIE_NAME"],
                "description": "a signed-in browser; requests that change something carry its CSRF token in X-CSRFToken",
            },
        },
    )
    for module in NOUNS:
        app.register_blueprint(module.nouns, url_prefix=PREFIX)
    app.register_blueprint(hooks.nouns)
    app.register_blueprint(health.nouns)
    app.before_request(_require_somebody)
    app.spec_processor(_describe)


def _require_somebody() -> None:
    """Before anything of a request to the API is looked at: who asks."""
    if request.path.startswith(f"{PREFIX}/"):
        current.actor()
        if b"\x00" in request.query_string or b"%00" in request.query_string:
            raise BadRequest("Expected a query without NUL characters, but found one")


def _describe(spec: dict[str, Any]) -> dict[str, Any]:
    """Say what the library leaves out: what the converters of the addresses accept, and which bodies cannot be left out."""
    shapes = spec["components"]["schemas"]
    for operations in spec["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = _path_schema(parameter["name"])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                shape = shapes.get(content["schema"].get("$ref", "").rpartition("/")[2], {})
                operation["requestBody"]["required"] = bool(shape.get("required"))
    return spec


def _path_schema(name: str) -> dict[str, Any]:
    if name.endswith("_id"):
        return {"type": "integer", "minimum": 1, "maximum": schemas.LARGEST_ID}
    if name == "hash":
        return {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    return {"type": "string", "minLength": 1, "maxLength": 255}
