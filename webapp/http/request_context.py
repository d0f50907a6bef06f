"""What is known about the request under way, from its admission to its log line."""

import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import getrandbits
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from _typeshed.wsgi import WSGIEnvironment
    from numpy.typing import NDArray

    from model.predictor import Recommendation, Recommendations
    from webapp.recommend import Home

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


@dataclass(slots=True)
class Exchange:
    """A request and what became of it.

    Attributes:
        environ: WSGI's; quicker from here than through Flask's proxy for the request.
        request_id: the client's own, or one made here.
        body: None when it was not read to its end: larger than `body_limit`, cut short, or no place for it.
        body_limit: the most bytes that a body may have here.
        host: the host it is for, with its port, as `hosts` found it.
        bad_host: why that host is refused, in a sentence; empty where it is not.
        shed: whether too many others are in flight.
        cut_short: whether the client ended before the body that it had announced.
        prediction: the home that was asked about, and the answer.
        batch: the homes of a batch that were asked about, in sq ft, and the answers.
        refused: how many homes of a batch could not be answered.
        received: when the request had been received whole, by `time.perf_counter`.
    """

    environ: "WSGIEnvironment"
    request_id: str
    body: bytes | None
    body_limit: int = 0
    host: str = ""
    bad_host: str = ""
    shed: bool = False
    cut_short: bool = False
    prediction: "tuple[Home, Recommendation] | None" = None
    batch: "tuple[NDArray[np.float64], Recommendations] | None" = None
    refused: int = 0
    received: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """The time since the request had been received, waiting for its turn included."""
        return time.perf_counter() - self.received


_NONE = Exchange({}, "", None)
_current: ContextVar[Exchange] = ContextVar("exchange", default=_NONE)

current_exchange = _current.get
"""Gives the record of the request under way."""


def begin_exchange(environ: "WSGIEnvironment", body: bytes | None, body_limit: int = 0) -> Exchange:
    """Begin the record of a request that has been received."""
    given = environ.get("HTTP_X_REQUEST_ID")
    # Not a secret, so no system call for better randomness.
    request_id = given if given and _SANE_REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
    exchange = Exchange(environ, request_id, body, body_limit)
    _current.set(exchange)
    return exchange


def end_exchange() -> None:
    """Let go of the record: a connection that waits for its next request would hold the last body."""
    _current.set(_NONE)
