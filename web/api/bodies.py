"""What a request to the API says, read by its schema. webargs would do the same in ten times the time."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from flask import request
from marshmallow import EXCLUDE, ValidationError
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import CombinedMultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from engine import payloads
from engine.errors import Invalid, TooLarge
from web import current
from web.api import schemas
from web.errors import DOES_NOT_FIT, named

_KEY = schemas.IdempotencyHeader()


def read(shape: Schema) -> Mapping[str, Any]:
    """The JSON body as its schema loads it; no body is an empty object.

    Raises UnsupportedMediaType for a body of another type, which would be read as if there were none; BadRequest for what cannot be
    read; TooLarge, LimitExceeded and Invalid.
    """
    if not request.content_length:
        return _loaded(shape, {})
    if not request.is_json:
        raise UnsupportedMediaType(f"Expected a body of the type application/json, but it is {request.mimetype or 'of none'}")
    try:
        said = payloads.read(content(), current.steward().settings.limits.body)
    except ValueError as error:
        raise BadRequest(f"Expected a JSON body, but: {error}") from None
    return _loaded(shape, {} if isinstance(shape, schemas.Nothing) else said)


def content() -> bytes:
    """The body as it came; raises TooLarge before one without an end is brought into memory."""
    largest = current.steward().settings.limits.body
    if (request.content_length or 0) > largest:
        raise TooLarge(f"Expected a body of at most {largest} bytes, but got {request.content_length}")
    return request.get_data()


def read_parts(shape: Schema) -> Mapping[str, Any]:
    """The fields and files of a form in several parts."""
    return _loaded(shape, MultiDictProxy(CombinedMultiDict([request.files, request.form]), shape), unknown=EXCLUDE)


def read_query(shape: Schema) -> Mapping[str, Any]:
    """What is asked for behind the question mark."""
    return _loaded(shape, MultiDictProxy(request.args, shape), unknown=EXCLUDE)


def key() -> str | None:
    """The Idempotency-Key of the request, if it has one."""
    given = request.headers.get("Idempotency-Key")
    return None if given is None else _loaded(_KEY, {"Idempotency-Key": given})["key"]


def _loaded(shape: Schema, said: Any, **how: Any) -> Mapping[str, Any]:
    try:
        loaded: Mapping[str, Any] = shape.load(said, **how)
    except ValidationError as error:
        raise Invalid(DOES_NOT_FIT, named(error.messages)) from None
    return loaded
