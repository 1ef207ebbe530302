"""How a view of the API is written: a function of a session, the actor and what was asked; everything around it is done here."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from apiflask import APIBlueprint, Schema
from flask import Response, make_response, request
from sqlalchemy.orm import Session

from web import current
from web.api import bodies, idempotency, schemas

View = Callable[..., Any]
SECURITY = ["bearer", "session"]
MEANINGS = {
    400: "The request cannot be read",
    401: "Nobody whom we know is asking",
    403: "The person may see the thing, but may not do this with it",
    404: "There is no such thing, or not for this person",
    405: "The address knows no such method, or the id in it is out of range",
    409: "The thing is not in a state that allows this, or somebody else was first",
    413: "The request is larger than allowed",
    415: "The body is of another type than expected",
    422: "Some of what was given is missing, wrong, unknown or too large; all of it is named",
    429: "Asked too often",
}


def reads(
    nouns: APIBlueprint, rule: str, answer: type[Schema], filters: type[Schema] | None = None, refusals: tuple[int, ...] = ()
) -> Callable[[View], View]:
    """A GET. The view is called as `view(session, actor, [asked], **path)` and returns what `answer` dumps."""

    form, asks = answer(), filters() if filters is not None else None

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answering(**path: Any) -> Any:
            asked = () if asks is None else (bodies.read_query(asks),)
            with current.steward().db.read() as session:
                return as_json(form.dump(view(session, current.actor(), *asked, **path)))

        codes = (400, 401, 404, 405, 422, *refusals) if filters is not None or "<" in rule else (400, 401, 405, *refusals)
        query = [nouns.input(filters, location="query")] if filters is not None else []
        return nouns.get(rule)(_told(answering, nouns, codes, nouns.output(answer), *query))

    return decorate


def commands(
    nouns: APIBlueprint,
    rule: str,
    answer: type[Schema],
    body: type[Schema] = schemas.Nothing,
    status: int = 200,
    method: str = "POST",
    location: str = "json",
    before: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    more_refusals: tuple[int, ...] = (),
    after: Callable[[Any], Any] | None = None,
) -> Callable[[View], View]:
    """A request that changes something, in one transaction. The view is called as `view(session, actor, now, said, **path)`.

    Every POST honours the Idempotency-Key header. `before` turns what was said into what the view is given, outside the transaction: for
    work that would hold up other writers and may be done twice. `after` adds to the answer what must not be kept under the key.
    """

    form, shape = answer(), body()
    reading = bodies.read if location == "json" else bodies.read_parts

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answering(**path: Any) -> Response:
            steward, actor, now = current.steward(), current.actor(), current.now()
            key = bodies.key() if method == "POST" else None
            said = reading(shape)
            digest = idempotency.hash_of(request.method, request.path, said if location == "json" else _parts()) if key else ""
            if before is not None:
                said = before(said)

            def work(session: Session) -> tuple[Any, int]:
                return form.dump(view(session, actor, now, said, **path)), status

            content, code, again = idempotency.once(steward.db, actor.login or "", key, digest, now, work)
            response = as_json(content if after is None else after(content), code)
            if again:
                response.headers["Idempotency-Replayed"] = "true"
            return response

        asked = [nouns.input(body, location=location)] if body is not schemas.Nothing else []
        asked += [nouns.input(schemas.IdempotencyHeader, location="headers")] if method == "POST" else []
        codes = (400, 401, 403, 404, 405, 409, 413, 415, 422, *more_refusals)
        return nouns.route(rule, methods=[method])(_told(answering, nouns, codes, nouns.output(answer, status_code=status), *asked))

    return decorate


def _parts() -> list[tuple[str, Any]]:
    return [*request.files.items(multi=True), *request.form.items(multi=True)]


def as_json(content: Any, status: int = 200) -> Response:
    response = make_response(orjson.dumps(content), status)
    response.mimetype = "application/json"
    return response


def _told(view: View, nouns: APIBlueprint, codes: tuple[int, ...], *described: Callable[[View], View]) -> View:
    """The view with its description: the library writes it onto a stand-in, so that none of its layers takes part in a request."""

    def stand_in() -> None: ...

    noted: View = nouns.doc(responses=refusals(*codes), operation_id=view.__name__, security=SECURITY)(stand_in)
    for describe in described:
        noted = describe(noted)
    view._spec = noted._spec  # type: ignore[attr-defined]
    del view.__wrapped__  # type: ignore[attr-defined]  # its signature has the session in it
    return view


def refusals(*codes: int) -> dict[int, str]:
    """The refusals of an operation, as its description lists them."""
    return {code: MEANINGS[code] for code in sorted(set(codes))}
