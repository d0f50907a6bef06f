"""The middleware around every request: begin its context, add headers to its response, and report both."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webapp.http.caching import YEAR_SECONDS
from webapp.http.request_context import RequestContext, begin_context

Headers = list[tuple[str, str]]
Observer = Callable[[WSGIEnvironment, RequestContext, int, Mapping[str, str]], None]
"""Called when a response begins, with the request, its context, and the status and headers."""

NOSNIFF = ("X-Content-Type-Options", "nosniff")
EXPOSE_HEADERS = (
    "Access-Control-Expose-Headers",
    "ETag, Retry-After, X-Ignored-Columns, X-Model-Version, X-Request-ID",
)
PREFLIGHT_SECONDS = 86_400
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # The address of an answer holds the size of somebody's home, which other sites must not learn.
    "Referrer-Policy": "same-origin",
}
"""The security headers of a page, which allow no more than the pages need."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Responses:
    """WSGI middleware that begins each request's context, adds headers to its response, and reports it.

    Unlike a hook of Flask, middleware also sees the responses that other middleware makes.

    Attributes:
        origins: the sites whose pages may ask the API from a browser; `*` stands for all.
        observers: called for each response. An observer that fails is logged, and fails no request.
    """

    app: WSGIApplication
    origins: frozenset[str]
    model_version: str
    observers: Sequence[Observer]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Call the app with a new request context."""
        context = begin_context(environ)

        def start(status: str, headers: Headers, *exc_info: object) -> Callable[[bytes], object]:
            present = dict(headers)
            headers = [*headers, ("X-Request-ID", context.request_id), NOSNIFF]
            if environ["PATH_INFO"].startswith("/api/"):
                headers += self._api_headers(environ, present)
            if present.get("Content-Type", "").startswith("text/html"):
                headers += _page_headers(environ, present)
            for observe in self.observers:
                try:
                    observe(environ, context, int(status[:3]), present)
                except Exception:
                    _log.exception("An observer of requests failed")
            return start_response(status, headers, *exc_info)  # type: ignore[arg-type]

        return self.app(environ, start)

    def _api_headers(self, environ: WSGIEnvironment, present: Mapping[str, str]) -> Headers:
        """Return which model answers, and whether a browser may show the response to another site's page."""
        headers = [("X-Model-Version", self.model_version)]
        origin = environ.get("HTTP_ORIGIN")
        if "*" in self.origins:
            # A GET without an Origin gets the headers too, since a cache may give its response to a page.
            if origin is None and environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
                return headers
            headers.append(("Access-Control-Allow-Origin", "*"))
        else:
            headers.append(("Vary", "Origin"))
            if origin not in self.origins:
                return headers
            headers.append(("Access-Control-Allow-Origin", origin))
        headers.append(EXPOSE_HEADERS)
        # A 404, which has no Allow header, must not be remembered by the browser for a day.
        is_preflight = (
            environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        )
        if is_preflight and "Allow" in present:
            headers += [
                ("Access-Control-Allow-Methods", present["Allow"]),
                ("Access-Control-Allow-Headers", "Content-Type, If-None-Match, X-Request-ID"),
                ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
            ]
        return headers


def _page_headers(environ: WSGIEnvironment, present: Mapping[str, str]) -> Headers:
    """Return the security headers of an HTML page, except those that the page sets itself."""
    headers = [(name, value) for name, value in PAGE_HEADERS.items() if name not in present]
    if environ["wsgi.url_scheme"] == "https":
        headers.append(("Strict-Transport-Security", f"max-age={YEAR_SECONDS}"))
    return headers
