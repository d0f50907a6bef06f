"""A client's connection: idle, or with a request under way, and until when."""

import math
import time
from contextlib import suppress
from socket import SHUT_WR
from typing import Any, Self

from gevent.socket import socket
from gunicorn.http.errors import LimitRequestHeaders

from webapp.http.turns import give_turn

GATHER_BYTES = 64 * 1024
RECEIVE_BYTES = 32 * 1024
"""The most that is received in one go: what a body takes in memory is then known where it is counted."""

HEAD_BYTES = 40 * 1024
"""The most that a request line and all its headers may take together; Gunicorn bounds each line alone."""

LINGER_SECONDS = 1.0
LINGER_BYTES = 16 * 1024 * 1024


class IdleTimeout(BaseException):
    """No request has come on a connection for as long as it is kept open."""


class RequestTimeout(BaseException):
    """A request was not received and answered in its time."""


class Connection(socket):
    """A client's connection, which knows whether a request is under way on it, and until when."""

    def __init__(self, accepted: socket, request_seconds: float) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self.request_seconds = request_seconds
        self.idle = True
        self.idle_since = math.inf
        self.answering = False
        self.request: Any = None
        self.client = ""
        self.head_bytes = 0
        self.left_unread = False
        self.gathering = False
        self.gathered = bytearray()
        self.deadline = math.inf

    def await_request(self, seconds: float) -> None:
        """Count the connection as idle, for at most so many seconds."""
        self.idle = True
        self.idle_since = time.monotonic()
        self.answering = False
        self.request = None
        self.head_bytes = 0
        self.deadline = self.idle_since + seconds

    def begin_request(self) -> None:
        """Start the time of a request, unless it runs already."""
        if self.idle:
            self.idle = False
            self.deadline = time.monotonic() + self.request_seconds

    def recv(self, size: int, *flags: Any) -> bytes:
        """Receive; the first bytes of a request start its time.

        Raises:
            LimitRequestHeaders: the head of the request is too large.
        """
        if not self.idle:
            # More of the same request. It may be here already, and without end: the others, and the time
            # limit, get their turn in between.
            give_turn()
        size = min(size, RECEIVE_BYTES)
        try:
            received: bytes = super().recv(size, *flags)
        except IdleTimeout:
            # A request that arrives in this very moment is answered, not lost.
            self.settimeout(0)
            try:
                received = super().recv(size, *flags)
            except BlockingIOError:
                raise IdleTimeout from None
            self.settimeout(None)
        if received:
            self.begin_request()
        if self.request is None:
            self.head_bytes += len(received)
            if self.head_bytes > HEAD_BYTES:
                raise LimitRequestHeaders(f"its head has more than {HEAD_BYTES} bytes")
        return received

    def leave_unread(self) -> None:
        """Leave the rest of the request where it is: after the answer the connection closes."""
        self.left_unread = True
        if self.request:
            self.request.force_close()

    def close(self, *args: Any, **kwargs: Any) -> None:
        """Close; where a request was not read to its end, so that the client can still read its answer.

        A connection that is closed with something unread is reset, and the answer with it (RFC 9112, 9.6).
        """
        if self.left_unread:
            self.left_unread = False
            with suppress(OSError, IdleTimeout, RequestTimeout):
                self._drain()
        super().close(*args, **kwargs)

    def _drain(self) -> None:
        """Say that no more is sent; receive what comes, for a moment, until the client closes too."""
        self.shutdown(SHUT_WR)
        end, drained = time.monotonic() + LINGER_SECONDS, 0
        while drained < LINGER_BYTES and (left := end - time.monotonic()) > 0:
            self.settimeout(left)
            received = len(super().recv(GATHER_BYTES))
            if not received:
                return
            drained += received
            give_turn()

    def sendall(self, data: Any, *flags: Any) -> None:
        """Send; inside `handle_request` keep small pieces, so that the head and the body go at once.

        Gunicorn sends them one by one, and for a small answer each send costs a tenth of the request.
        """
        self.answering = True
        if self.gathering and len(self.gathered) + len(data) <= GATHER_BYTES:
            self.gathered += data
        else:
            self.send_gathered()
            super().sendall(data, *flags)

    def sendfile(self, *args: Any, **kwargs: Any) -> Any:
        """Send a file, after the head."""
        self.send_gathered()
        return super().sendfile(*args, **kwargs)

    def send_gathered(self) -> None:
        """Send what has been kept."""
        if not self.gathered:
            return
        data, self.gathered = self.gathered, bytearray()
        super().sendall(data)


class IdleWait:
    """The time between requests: when it runs out, the connection closes without a word."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        return isinstance(error, IdleTimeout)
