"""What every answer tells the browser: load nothing from elsewhere, run nothing inline, be framed by nobody."""

from apiflask import APIFlask
from flask import Response, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
# A personal link stands in the address itself: nobody is told it, and no search engine keeps it.
OF_LINKS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}
# Added to a file that somebody uploaded: whatever it holds, nothing in it runs.
OF_FILES = {"Content-Security-Policy": "default-src 'none'; sandbox"}
A_YEAR = 365 * 24 * 3600


def install(app: APIFlask, https: bool) -> None:
    @app.after_request
    def add_headers(response: Response) -> Response:
        if request.path.startswith("/r/"):
            response.headers.update(OF_LINKS)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={A_YEAR}")
        if request.endpoint != "static" or response.status_code >= 400:
            # Pages are a person's own: neither a shared computer's cache nor a proxy keeps them.
            response.headers.setdefault("Cache-Control", "no-store")
        return response
