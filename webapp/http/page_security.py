"""Headers that tell the browser to trust no more than the pages need."""

from typing import TYPE_CHECKING

from webapp.http.caching import YEAR_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from webapp.http.observers import Headers

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


class PageSecurity:
    """WSGI middleware that adds the headers to every HTML page, except those that the page sets itself."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Call the app, and add the headers when it begins to answer with a page."""

        def start(status: str, headers: "Headers", *exc_info: object) -> "Callable[[bytes], object]":
            present = dict(headers)
            if present.get("Content-Type", "").startswith("text/html"):
                headers = [
                    *headers,
                    *((name, value) for name, value in HEADERS.items() if name not in present),
                ]
                if environ["wsgi.url_scheme"] == "https":
                    headers.append(("Strict-Transport-Security", f"max-age={YEAR_SECONDS}"))
            return start_response(status, headers, *exc_info)  # type: ignore[arg-type]

        return self._app(environ, start)
