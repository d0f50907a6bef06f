"""Requests with endless bodies, and the heads of requests with bodies."""

import threading
from contextlib import suppress

from tests.load.clients import connect

PREDICT = b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BATCH = b"POST /api/predict/batch HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"


ENDLESS = {
    "larger than is read": (PREDICT + b"Content-Length: 999999999999\r\n\r\n", b" " * 65536),
    "of one chunk": (PREDICT + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", b" " * 65536),
    "of small chunks": (BATCH + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 10_000),
    "to where no body is read": (
        b"GET /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\n \r\n" * 10_000,
    ),
    "where a head should be": (b"", b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 1000),
}


def pour(port: int, head: bytes, piece: bytes, over: threading.Event) -> None:
    """Send a head, then the same piece again and again until `over`; reconnect when the connection ends."""
    while not over.is_set():
        with suppress(OSError), connect(port, seconds=1) as connection:
            connection.sendall(head)
            while not over.is_set():
                connection.sendall(piece)
