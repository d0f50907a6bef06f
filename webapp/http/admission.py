"""Admission control: requests are received whole, then admitted or, when too many are in flight, refused."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Flask
from gunicorn.http.errors import NoMoreData
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.http import health, metrics
from webapp.http.problems import Problem
from webapp.http.request_context import begin_exchange, current_exchange, end_exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment


ARRIVING_BYTES = 64 * 1024 * 1024
"""The memory that bodies still under way may take, of one lane in one worker."""

PIECE_BYTES = 16 * 1024


@dataclass(slots=True)
class Lane:
    """Requests that share places, and a limit for their bodies.

    Attributes:
        body_limit: the most bytes that a body may have.
        places: the most that may be in flight at once.
        arriving: the bytes received of bodies that are still under way.
        in_flight: how many have been received whole, and are not yet answered.
    """

    body_limit: int
    places: int
    arriving: int = 0
    in_flight: int = 0

    @property
    def crowded(self) -> bool:
        """Whether bodies under way have taken all the memory that there is for them."""
        return self.arriving >= ARRIVING_BYTES


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
        body, why_not = _receive_body(environ, lane)
        exchange = begin_exchange(environ, body, lane.body_limit)
        exchange.cut_short = why_not is Unread.CUT_SHORT
        try:
            always = path in health.PATHS
            exchange.shed = not always and (why_not is Unread.NO_ROOM or lane.in_flight >= lane.places)
            return self._work(environ, start_response, lane, places=int(not always and not exchange.shed))
        finally:
            end_exchange()

    def _work(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", lane: Lane, *, places: int
    ) -> "Iterable[bytes]":
        """Let the others bring in their requests, then call the app; meanwhile hold so many places."""
        lane.in_flight += places
        self._in_flight += places
        self.peak = max(self.peak, self._in_flight)
        try:
            time.sleep(0)
            return self._app(environ, start_response)
        finally:
            lane.in_flight -= places
            self._in_flight -= places


class Unread(Enum):
    """Why a body was not read to its end."""

    TOO_LARGE = auto()
    CUT_SHORT = auto()
    NO_ROOM = auto()


def _receive_body(environ: "WSGIEnvironment", lane: Lane) -> tuple[bytes | None, Unread | None]:
    """Read the body, state its true length, and put it back; or say why it was not read to its end.

    Without a length Werkzeug reads a chunked body up to the limit and silently drops the rest.
    """
    chunked = environ.pop("HTTP_TRANSFER_ENCODING", None)
    declared = int(environ.get("CONTENT_LENGTH") or 0)
    if not chunked and not declared:
        return b"", None
    body = bytearray()
    why_not = Unread.TOO_LARGE if declared > lane.body_limit else _read(environ["wsgi.input"], body, lane)
    if len(body) < declared:
        why_not = why_not or Unread.CUT_SHORT
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    if why_not:
        # Where the next request would begin is not known, so the connection can take no other.
        if connection := environ.get("gunicorn.socket"):
            connection.leave_unread()
        return None, why_not
    return bytes(body), None


def _read(stream: "InputStream", body: bytearray, lane: Lane) -> Unread | None:
    """Read a stream into `body`; say why not to its end."""
    try:
        while not lane.crowded:
            wanted = min(PIECE_BYTES, lane.body_limit + 1 - len(body))
            piece = stream.read(wanted)
            body += piece
            lane.arriving += len(piece)
            if len(body) > lane.body_limit:
                return Unread.TOO_LARGE
            if len(piece) < wanted:
                return None
    except NoMoreData:
        return Unread.CUT_SHORT
    else:
        return Unread.NO_ROOM
    finally:
        lane.arriving -= len(body)


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
    """Put admission control in front of the app; `lanes` are those of certain paths."""
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
        if exchange.cut_short:
            raise Problem("bad-request", "The body ended before its announced length. Send it whole.")
        if exchange.shed:
            metrics.SHED.inc()
            raise Problem("unavailable", "The service is busy. Try again in a second.")
