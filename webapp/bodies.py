"""Request bodies, received whole before the app sees the request."""

from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class BodyBuffer:
    """WSGI middleware that reads each body up to the app's limit and states its true length.

    Werkzeug reads a chunked body up to the limit and silently drops the rest; one with a length it refuses.
    And a request whose body still dribbles in has not begun: it takes no place among those in flight.
    """

    def __init__(self, app: "WSGIApplication", limit: int) -> None:
        self._app = app
        self._limit = limit

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Read the body, then call the app."""
        length = environ.get("CONTENT_LENGTH")
        chunked = environ.pop("HTTP_TRANSFER_ENCODING", None)
        if chunked or (length and int(length) <= self._limit):
            body = environ["wsgi.input"].read(self._limit + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self._app(environ, start_response)


def init_app(app: Flask) -> None:
    """Put the buffer in front of the app."""
    app.wsgi_app = BodyBuffer(app.wsgi_app, app.config["MAX_CONTENT_LENGTH"])  # type: ignore[method-assign]
