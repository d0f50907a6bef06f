"""Headers that tell the browser to trust no more than the pages need."""

from flask import Flask, Response, request

from webapp.http.static_files import YEAR_SECONDS

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # An address holds the size of somebody's home: other sites don't learn it.
    "Referrer-Policy": "same-origin",
}


def init_app(app: Flask) -> None:
    """Add the headers to every page."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        if response.content_type.startswith("text/html"):
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)  # a view may set its own
            if request.is_secure:
                response.headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}"
        return response
