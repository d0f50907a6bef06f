"""What is known about a request, from its first middleware to its log line."""

import re
import secrets
import time
from dataclasses import dataclass, field
from wsgiref.types import WSGIEnvironment

import numpy as np
from flask import request
from numpy.typing import NDArray

from model.predictor import Prediction, Predictions
from model.problem.rows import Row

_KEY = "perfect_puppy.context"
_VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)

HEALTH_PATHS = frozenset({"/livez", "/readyz"})
"""Answered under any host name and any load, since a balancer replaces tasks whose health check fails."""


@dataclass(slots=True)
class RequestContext:
    """What is known about a request so far.

    Attributes:
        request_id: the client's own `X-Request-ID` if it is valid, otherwise a random one.
        received: when the whole request had been received, by `time.perf_counter`.
        body: the whole body; None where it is larger than `body_limit`. Set by the middleware `Admission`.
        body_limit: the most bytes that the body may have.
        prediction: the row asked about, and the answer.
        batch: the rows asked about in a batch, as the model gets them, shape `(n, features)`, and the
            answers.
        refused: how many rows of a batch could not be answered.
    """

    request_id: str
    received: float = field(default_factory=time.perf_counter)
    body: bytes | None = b""
    body_limit: int = 0
    prediction: tuple[Row, Prediction] | None = None
    batch: tuple[NDArray[np.float64], Predictions] | None = None
    refused: int = 0

    @property
    def seconds(self) -> float:
        """Return the seconds since the whole request was received, including its wait for a turn."""
        return time.perf_counter() - self.received


def begin_context(environ: WSGIEnvironment) -> RequestContext:
    """Attach a new context to a request."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    context = RequestContext(given if _VALID_REQUEST_ID.fullmatch(given) else new_request_id())
    environ[_KEY] = context
    return context


def new_request_id() -> str:
    """Return a random request id."""
    return secrets.token_hex(16)


def context_of(environ: WSGIEnvironment) -> RequestContext:
    """Return the context of a request, inside a middleware."""
    context: RequestContext = environ[_KEY]
    return context


def current_context() -> RequestContext:
    """Return the context of the current request, inside a view."""
    return context_of(request.environ)


def origin() -> str:
    """Return scheme and host as the client has used them, such as `https://puppy.example`."""
    environ = request.environ
    return f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"


def route_of(environ: WSGIEnvironment) -> str | None:
    """Return the rule that a request's path matches, such as `/api/predict`; None where no route matches.

    Call it no later than in `start_response`; Flask then removes the `Request` from the WSGI environ.
    """
    flask_request = environ.get("werkzeug.request")
    return flask_request.url_rule.rule if flask_request and flask_request.url_rule else None
