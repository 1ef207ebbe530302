"""Addresses of static files that change with their content, so that browsers may keep them for ever."""

import hashlib
from functools import cache
from pathlib import Path

from apiflask import APIFlask
from flask import Response, request, url_for

FOR_EVER = "public, max-age=31536000, immutable"


def install(app: APIFlask) -> None:
    folder = Path(app.static_folder or "static")

    def asset(name: str) -> str:
        file = folder / name
        stamp = file.stat().st_mtime_ns if file.exists() else 0
        return url_for("static", filename=name, v=_fingerprint(file, stamp))

    app.jinja_env.globals["asset"] = asset

    @app.after_request
    def keep(response: Response) -> Response:
        # Only addresses that name their content: with a fingerprint, or made by the bundler with one in the name.
        if request.endpoint == "static" and response.status_code == 200 and ("v" in request.args or "-" in request.path.rsplit("/", 1)[-1]):
            response.headers["Cache-Control"] = FOR_EVER
        return response


@cache
def _fingerprint(file: Path, stamp: int) -> str:
    """The first digits of the content's hash; `stamp` makes the cache forget a file that was written anew."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10] if file.exists() else "missing"
