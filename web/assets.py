"""Static files: addresses that change with their content, so that browsers may keep them for ever, and small ones on the wire."""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from apiflask import APIFlask
from flask import Response, request, url_for

FOR_EVER = "public, max-age=31536000, immutable"


def install(app: APIFlask) -> None:
    def place(name: str) -> Path:
        return Path(app.static_folder or "static", name)

    def asset(name: str) -> str:
        file = place(name)
        stamp = file.stat().st_mtime_ns if file.exists() else 0
        return url_for("static", filename=name, v=_fingerprint(file, stamp))

    def send(filename: str) -> Response:
        # Pages themselves stay uncompressed: their length would tell about secrets beside what somebody else may have put into them.
        packed = filename + ".gz"
        if "gzip" not in request.accept_encodings or not place(packed).is_file():
            return app.send_static_file(filename)
        answer = app.send_static_file(packed)
        answer.mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        answer.content_encoding = "gzip"
        answer.vary.add("Accept-Encoding")
        return answer

    app.view_functions["static"] = send
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
