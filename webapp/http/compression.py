"""gzip, for answers that are worth it."""

import zlib
from http import HTTPStatus

from flask import Response, request

from webapp.http.turns import give_turn

SMALLEST = 2048
"""Smaller answers fit into two packets or three as they are."""

LONGEST_HEADER = 256
"""A longer Accept-Encoding is not read: no client needs one, and 8 KB cost more than two predictions."""

AT_A_TIME = 256 * 1024
_GZIP_WINDOW = zlib.MAX_WBITS | 16


def compress(response: Response) -> Response:
    """Compress an answer if it is large and the client takes gzip."""
    response.vary.add("Accept-Encoding")
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return response  # without a body
    data = response.get_data()
    if len(data) >= SMALLEST and takes_gzip():
        response.set_data(_gzip(data))
        response.content_encoding = "gzip"
    return response


def takes_gzip() -> bool:
    """Say whether the client likes gzip as much as no encoding at all, or better."""
    return (
        len(request.environ.get("HTTP_ACCEPT_ENCODING", "")) <= LONGEST_HEADER
        and request.accept_encodings.best_match(["gzip", "identity"]) == "gzip"
    )


def _gzip(data: bytes) -> bytes:
    """Compress at the quickest level: of a batch's answer it leaves a thirtieth, in half the time."""
    compressor = zlib.compressobj(1, wbits=_GZIP_WINDOW)
    parts = []
    for begin in range(0, len(data), AT_A_TIME):
        if begin:
            give_turn()
        parts.append(compressor.compress(data[begin : begin + AT_A_TIME]))
    return b"".join((*parts, compressor.flush()))
