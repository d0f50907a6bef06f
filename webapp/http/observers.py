"""The middleware that begins each request's context, and reports each answer to the log and the metrics."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from webapp.http.request_context import RequestContext, begin_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    Headers = list[tuple[str, str]]

Observer = Callable[["WSGIEnvironment", RequestContext, int, "Headers"], None]
"""Called with a request, its context, and the status and headers of its answer, when the answer begins."""

_log = logging.getLogger(__name__)


class Observed:
    """WSGI middleware that calls observers as each answer begins; their failure never fails a request."""

    def __init__(self, app: "WSGIApplication", observers: Sequence[Observer]) -> None:
        self._app = app
        self._observers = observers

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Begin the request's context, and call the app."""
        context = begin_context(environ)

        def start(status: str, headers: "Headers", *exc_info: object) -> Callable[[bytes], object]:
            for observe in self._observers:
                try:
                    observe(environ, context, int(status[:3]), headers)
                except Exception:
                    _log.exception("An observer of requests failed")
            return start_response(status, headers, *exc_info)  # type: ignore[arg-type]

        return self._app(environ, start)
