"""Responses that clients, and caches on the way, may keep."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path

from flask import Flask, Response, current_app, request
from werkzeug.http import generate_etag

from webapp.http.compression import MIN_COMPRESSED_BYTES, takes_gzip

MAX_AGE_SECONDS = 60
"""How long a client may use an answer before it asks again, and so may miss a new model."""

YEAR_SECONDS = 31_536_000
"""How long a client may use an answer whose address changes with its content."""

GZIP_LEVEL = 4
"""Level 6 makes Swagger UI's script 4% smaller, in twice the time at every start: 41 ms for 21."""

MAX_GZIP_RATIO = 0.9
"""A body is sent compressed if gzip leaves less than this share; most pictures are compressed already."""

CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")
"""The conditions of a GET that are read. If-Match guards changes only, and never matches a weak tag."""
LONGEST_CONDITION = 1000
"""Conditions of more characters are ignored, since 40 KB of tags cost as much CPU as six predictions."""

ANSWERS_STORED = 32
"""Enough for every stored response under a few host names; each takes about 10 KB."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to answer with, compressed and hashed once, before any request.

    Attributes:
        body: the bytes, or a file to read them from for the few clients without gzip.
        gzipped: the body compressed with gzip; None where that saves less than a tenth.
        etag: a hash of the body, sent as a weak tag because both forms share it.
    """

    body: bytes | Path
    gzipped: bytes | None
    etag: str
    mimetype: str

    @classmethod
    def of(cls, body: bytes, mimetype: str) -> "Content":
        """Compress and tag some bytes."""
        gzipped = gzip.compress(body, GZIP_LEVEL, mtime=0) if len(body) >= MIN_COMPRESSED_BYTES else body
        worth_it = len(gzipped) < len(body) * MAX_GZIP_RATIO
        return cls(body, gzipped if worth_it else None, generate_etag(body), mimetype)

    def respond(self, max_age: int = MAX_AGE_SECONDS) -> Response:
        """Answer the request with this content, or with 304 where the client has it already.

        Args:
            max_age: the seconds for which a client may use it without asking; with 0 it always asks.
        """
        gzipped = self.gzipped if self.gzipped and takes_gzip() else None
        body = gzipped or (self.body if isinstance(self.body, bytes) else self.body.read_bytes())
        response = Response(body, mimetype=self.mimetype)
        if gzipped:
            response.content_encoding = "gzip"
        if self.gzipped:
            response.vary.add("Accept-Encoding")
        response.set_etag(self.etag, weak=True)
        return _keep(response, max_age)


def cacheable(response: Response) -> Response:
    """Let clients keep the response to a GET, and answer 304 to a client that has it already.

    The tag is a hash of the response, so it changes with the code too.
    """
    response.add_etag(weak=True)
    return _keep(response, MAX_AGE_SECONDS)


def stored(make: Callable[[], bytes | str], mimetype: str = "text/html") -> Callable[[], Response]:
    """Return a view of what `make` returns, made once for each address without its query.

    `make` uses nothing of the request but that address.
    """

    @wraps(make)
    def view() -> Response:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        return _stored(app, request.base_url, make, mimetype).respond()

    return view


@lru_cache(ANSWERS_STORED)
def _stored(_app: Flask, _address: str, make: Callable[[], bytes | str], mimetype: str) -> Content:
    made = make()
    return Content.of(made.encode() if isinstance(made, str) else made, mimetype)


def _keep(response: Response, max_age: int) -> Response:
    """Set how long a response may be kept, and make it a 304 for a client that has it."""
    response.headers["Cache-Control"] = f"public, max-age={max_age}" if max_age else "no-cache"
    conditions = {name: request.environ[name] for name in CONDITIONS if name in request.environ}
    if conditions and sum(map(len, conditions.values())) <= LONGEST_CONDITION:
        response.make_conditional({"REQUEST_METHOD": request.method, **conditions})
    return response
