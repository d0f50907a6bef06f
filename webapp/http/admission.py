"""Admission control: receive each request whole, and refuse it while too many are in flight."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from io import BytesIO
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

from gunicorn.http.errors import NoMoreData

from webapp.http import metrics
from webapp.http.problems import Problem, Refuse
from webapp.http.request_context import HEALTH_PATHS, context_of, current_context
from webapp.http.state import Load

BODY_LIMIT = 16 * 1024
"""The most bytes of a body, except on routes with a lane of their own."""

ARRIVING_BYTES = 64 * 1024 * 1024
"""The most memory, in one lane of one worker, for bodies that are still arriving."""

PIECE_BYTES = 16 * 1024


@dataclass(slots=True)
class Lane:
    """A class of requests with its own number of places and its own limit for bodies.

    Attributes:
        body_limit: the most bytes that a body may have.
        places: the most requests that may be in flight at once.
        arriving: the bytes received of bodies that are still arriving.
        in_flight: the requests received whole and not yet answered.
    """

    body_limit: int
    places: int
    arriving: int = 0
    in_flight: int = 0

    @property
    def crowded(self) -> bool:
        """Whether arriving bodies have taken all the memory that the lane has for them."""
        return self.arriving >= ARRIVING_BYTES


@dataclass(slots=True)
class Admission:
    """WSGI middleware that receives each body and bounds the requests in flight.

    A request counts as in flight once it has been received whole, so a slow client holds no place. Before a
    request is answered, `time.sleep(0)` lets gevent's hub run, so that the other connections receive theirs.
    The count is then the true length of the queue, and a keep-alive connection whose next request is already
    here cannot starve the others.

    Some paths have a lane of their own, where expensive requests have few places and larger bodies, and take
    no places from other requests.

    Attributes:
        load: the requests in flight; kept up to date here.
        lane: the lane of every path that is not in `lanes`.
    """

    app: WSGIApplication
    refuse: Refuse
    load: Load
    lane: Lane
    lanes: Mapping[str, Lane]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Receive the request, then call the app or refuse."""
        path = environ["PATH_INFO"]
        lane = self.lanes.get(path, self.lane)
        context = context_of(environ)
        context.body, reason = _receive_body(environ, lane)
        context.body_limit = lane.body_limit
        context.received = time.perf_counter()
        if reason is Unread.CUT_SHORT:
            cut_short = Problem("bad-request", "The body ended before its announced length. Send it whole.")
            return self.refuse(environ, start_response, cut_short)
        places = 0 if path in HEALTH_PATHS else 1
        if places and (reason is Unread.NO_ROOM or lane.in_flight >= lane.places):
            metrics.SHED.inc()
            busy = Problem("unavailable", "The service is busy. Try again in a second.")
            return self.refuse(environ, start_response, busy)
        lane.in_flight += places
        self.load.in_flight += places
        self.load.peak = max(self.load.peak, self.load.in_flight)
        try:
            time.sleep(0)
            return self.app(environ, start_response)
        finally:
            lane.in_flight -= places
            self.load.in_flight -= places


class Unread(Enum):
    """Why a body was not read to its end."""

    TOO_LARGE = auto()
    CUT_SHORT = auto()
    NO_ROOM = auto()


def _receive_body(environ: WSGIEnvironment, lane: Lane) -> tuple[bytes | None, Unread | None]:
    """Receive the body of a request, and replace `wsgi.input` and `CONTENT_LENGTH` by what was received.

    Werkzeug itself would read a chunked body, which declares no length, up to the limit and silently drop the
    rest.

    Returns:
        The body and None; or None and why it was not read to its end.
    """
    chunked = environ.pop("HTTP_TRANSFER_ENCODING", None)
    declared = int(environ.get("CONTENT_LENGTH") or 0)
    if not chunked and not declared:
        return b"", None
    body = bytearray()
    reason = Unread.TOO_LARGE if declared > lane.body_limit else _read(environ["wsgi.input"], body, lane)
    if len(body) < declared:
        reason = reason or Unread.CUT_SHORT
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    if reason:
        # Where a next request would start is unknown, so the connection can't be used for another.
        if connection := environ.get("gunicorn.socket"):
            connection.leave_unread()
        return None, reason
    return bytes(body), None


def _read(stream: InputStream, body: bytearray, lane: Lane) -> Unread | None:
    """Read a stream into `body`; return why it was not read to its end, or None."""
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
    """Return the body of the current request.

    Raises:
        Problem: the body is larger than the route reads.
    """
    context = current_context()
    if context.body is None:
        limit = context.body_limit // 1024
        size = f"{limit // 1024} MB" if limit >= 1024 else f"{limit} KB"
        raise Problem("content-too-large", f"The body is larger than the {size} that this route reads.")
    return context.body
