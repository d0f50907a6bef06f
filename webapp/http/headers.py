"""The headers of every answer; and those of the API: whose pages may ask, and which model answers."""

from typing import TYPE_CHECKING

from webapp.http.request_context import context_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    Headers = list[tuple[str, str]]

NOSNIFF = ("X-Content-Type-Options", "nosniff")
FOR_ANYONE = ("Access-Control-Allow-Origin", "*")
EXPOSED = ("Access-Control-Expose-Headers", "ETag, Retry-After, X-Model-Version, X-Request-ID")
SENT = ("Access-Control-Allow-Headers", "Content-Type, If-None-Match, X-Request-ID")
PREFLIGHT_SECONDS = 86_400


class ResponseHeaders:
    """WSGI middleware that adds headers to every answer, whoever made it.

    Not a hook of Flask's: there, headers that hardly change cost a request a tenth of its time.
    """

    def __init__(self, app: "WSGIApplication", origins: frozenset[str], model_version: str) -> None:
        self._app = app
        self._origins = origins
        self._model: Headers = [("X-Model-Version", model_version)]
        self._for_anyone = [*self._model, FOR_ANYONE, EXPOSED]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Call the app, and add the headers when it begins to answer."""
        added = self._headers(environ) if environ["PATH_INFO"].startswith("/api/") else []
        preflight = environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ

        def start(status: str, headers: "Headers", *exc_info: object) -> "Callable[[bytes], object]":
            more = [*headers, *added, ("X-Request-ID", context_of(environ).request_id), NOSNIFF]
            if preflight and EXPOSED in added:
                more += _preflight(headers)
            return start_response(status, more, *exc_info)  # type: ignore[arg-type]

        return self._app(environ, start)

    def _headers(self, environ: "WSGIEnvironment") -> "Headers":
        if "*" in self._origins:
            # Who sends no Origin has no use for them; but what is cached may go to somebody who has.
            cached = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
            return self._for_anyone if cached or "HTTP_ORIGIN" in environ else self._model
        varies = [*self._model, ("Vary", "Origin")]
        origin = environ.get("HTTP_ORIGIN")
        if origin not in self._origins:
            return varies
        return [*varies, ("Access-Control-Allow-Origin", origin), EXPOSED]


def _preflight(headers: "Headers") -> "Headers":
    allowed = dict(headers).get("Allow")
    if not allowed:
        return []  # nothing lives there, and that should not be remembered for a day
    return [
        ("Access-Control-Allow-Methods", allowed),
        SENT,
        ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
    ]
