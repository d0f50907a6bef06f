"""Answers that clients, and caches on the way, may keep."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, Response, current_app, request
from werkzeug.http import generate_etag

from webapp.http.compression import SMALLEST, takes_gzip

MAX_AGE_SECONDS = 60
"""So long a new model may go unnoticed; after that, asking whether it is still so costs no body."""

YEAR_SECONDS = 31_536_000
"""For an address that changes with its content."""

GZIP_LEVEL = 6
"""Level 9 makes Swagger UI's script 0.3% smaller, in a third more time at every start."""

WORTH_IT = 0.9
"""The most that gzip may leave of a content; pictures that are compressed already stay as they are."""

CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")
"""Of a GET only these two are looked at: If-Match is for changes, and compares no weak tags."""
LONGEST_CONDITION = 1000
"""Longer ones are not read, as if the client had sent no conditions: 40 KB of tags cost six predictions."""

ANSWERS_STORED = 32
"""For a few hosts all there are; some 10 KB each, as neither pages nor the names of hosts are long."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to answer with, and what is made of them once: a request does no work on them.

    Attributes:
        gzipped: the bytes compressed, where that is worth it.
        etag: a hash of the bytes. It is sent as a weak tag: compressed or not, they say the same.
    """

    body: bytes
    gzipped: bytes | None
    etag: str
    mimetype: str

    @classmethod
    def of(cls, body: bytes, mimetype: str) -> "Content":
        """Compress and tag some bytes."""
        gzipped = gzip.compress(body, GZIP_LEVEL, mtime=0) if len(body) >= SMALLEST else body
        worth_it = len(gzipped) < len(body) * WORTH_IT
        return cls(body, gzipped if worth_it else None, generate_etag(body), mimetype)

    def respond(self, max_age: int = MAX_AGE_SECONDS) -> Response:
        """Answer the request with this content, or with 304 where the client has it already.

        Args:
            max_age: the seconds that it may be kept without asking.
        """
        gzipped = self.gzipped if self.gzipped and takes_gzip() else None
        response = Response(gzipped or self.body, mimetype=self.mimetype)
        if gzipped:
            response.content_encoding = "gzip"
        if self.gzipped:
            response.vary.add("Accept-Encoding")
        response.set_etag(self.etag, weak=True)
        return _keep(response, max_age)


def cacheable(response: Response) -> Response:
    """Let a GET's answer be kept, and answer 304 to who has it already.

    The tag is made from the answer itself, so it also changes when the code does.
    """
    response.add_etag(weak=True)
    return _keep(response, MAX_AGE_SECONDS)


def stored(make: Callable[[], bytes | str], mimetype: str = "text/html") -> Response:
    """Answer with what `make` gives, made once for each address without its query.

    It may depend on nothing else of a request.

    Args:
        make: a function of a module; one made for a request would never be found again.
        mimetype: the media type of what it gives.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return _stored(app, request.base_url, make, mimetype).respond()


@lru_cache(ANSWERS_STORED)
def _stored(_app: Flask, _address: str, make: Callable[[], bytes | str], mimetype: str) -> Content:
    made = make()
    return Content.of(made.encode() if isinstance(made, str) else made, mimetype)


def _keep(response: Response, max_age: int) -> Response:
    """Say how long an answer may be kept, and answer 304 to a client that has it."""
    response.headers["Cache-Control"] = f"public, max-age={max_age}" if max_age else "no-cache"
    conditions = {name: request.environ[name] for name in CONDITIONS if name in request.environ}
    if sum(map(len, conditions.values())) <= LONGEST_CONDITION:
        response.make_conditional({"REQUEST_METHOD": request.method, **conditions})
    return response
