"""The door: requests are received whole, then admitted or, when too many are in flight, refused."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import RequestEntityTooLarge

from webapp import health, metrics
from webapp.exchange import begin_exchange, current_exchange, end_exchange
from webapp.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


ARRIVING_BYTES = 64 * 1024 * 1024
"""The memory that bodies still under way may take; slow clients are many, and hold theirs for long."""


@dataclass(slots=True)
class Lane:
    """Requests that share places, and a limit for their bodies.

    Attributes:
        body_limit: the most bytes that a body may have.
        places: the most that may be in flight at once.
        arriving: how many are being received.
        in_flight: how many have been received whole, and are not yet answered.
    """

    body_limit: int
    places: int
    arriving: int = 0
    in_flight: int = 0

    @property
    def crowded(self) -> bool:
        """Whether as many bodies are arriving as there is memory for."""
        return self.arriving * self.body_limit >= ARRIVING_BYTES


class Admission:
    """WSGI middleware that receives each body, and counts the requests in flight.

    A request is in flight from when it has been received whole, so a client whose body dribbles in holds no
    place. Before a request is worked on, every other connection gets a turn to bring in its own
    (`time.sleep(0)`, which under gevent lets the hub run): so the count is the true length of the queue, and
    no keep-alive connection whose next request is already here starves the others.

    Some paths have a lane of their own: what is heavy may have few places and large bodies, and takes none
    from the others.

    Attributes:
        peak: the most requests in flight at once, since whoever watches it last set it back.
    """

    def __init__(self, app: "WSGIApplication", lane: Lane, lanes: Mapping[str, Lane]) -> None:
        self._app = app
        self._lane = lane
        self._lanes = lanes
        self._in_flight = 0
        self.peak = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Receive the request, then call the app."""
        path = environ["PATH_INFO"]
        lane = self._lanes.get(path, self._lane)
        crowded = lane.crowded
        body = None if crowded else self._receive_body(environ, lane)
        exchange = begin_exchange(environ, body, lane.body_limit)
        try:
            if path in health.PATHS:
                return self._app(environ, start_response)
            if crowded or lane.in_flight >= lane.places:
                exchange.shed = True
                return self._app(environ, start_response)
            return self._admit(environ, start_response, lane)
        finally:
            end_exchange()

    def _admit(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", lane: Lane
    ) -> "Iterable[bytes]":
        lane.in_flight += 1
        self._in_flight += 1
        self.peak = max(self.peak, self._in_flight)
        try:
            time.sleep(0)
            return self._app(environ, start_response)
        finally:
            lane.in_flight -= 1
            self._in_flight -= 1

    @staticmethod
    def _receive_body(environ: "WSGIEnvironment", lane: Lane) -> bytes | None:
        """Read the body, state its true length, and put it back; give None when it is too large.

        Without a length Werkzeug reads a chunked body up to the limit and silently drops the rest.
        """
        chunked = environ.pop("HTTP_TRANSFER_ENCODING", None)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not chunked and not length:
            return b""
        if length > lane.body_limit:
            return None
        lane.arriving += 1
        try:
            body: bytes = environ["wsgi.input"].read(lane.body_limit + 1)
        finally:
            lane.arriving -= 1
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return body if len(body) <= lane.body_limit else None


def received_body() -> bytes:
    """Give this request's body.

    Raises:
        RequestEntityTooLarge: it is larger than the app reads.
    """
    body = current_exchange().body
    if body is None:
        raise RequestEntityTooLarge
    return body


def init_app(app: Flask, lanes: Mapping[str, Lane]) -> None:
    """Put the door in front of the app; `lanes` are those of certain paths."""
    admission = Admission(
        app.wsgi_app,
        Lane(app.config["MAX_CONTENT_LENGTH"], app.config["MAX_IN_FLIGHT"]),
        lanes,
    )
    app.wsgi_app = admission  # type: ignore[method-assign]
    app.extensions["admission"] = admission

    @app.before_request
    def refuse() -> None:
        exchange = current_exchange()
        if exchange.bad_host:
            raise Problem("bad-request", exchange.bad_host)
        if exchange.shed:
            metrics.SHED.inc()
            raise Problem("unavailable", "The service is busy. Try again in a second.")
