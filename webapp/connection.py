"""A client's connection: idle, or with a request under way, and until when."""

import math
import time
from typing import Any, Self

from gevent.socket import socket

GATHER_BYTES = 64 * 1024


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
        self.gathering = False
        self.gathered = bytearray()
        self.deadline = math.inf

    def await_request(self, seconds: float) -> None:
        """Count the connection as idle, for at most so many seconds."""
        self.idle = True
        self.idle_since = time.monotonic()
        self.answering = False
        self.request = None
        self.deadline = self.idle_since + seconds

    def begin_request(self) -> None:
        """Start the time of a request, unless it runs already."""
        if self.idle:
            self.idle = False
            self.deadline = time.monotonic() + self.request_seconds

    def recv(self, *args: Any) -> bytes:
        """Receive; the first bytes of a request start its time."""
        try:
            received: bytes = super().recv(*args)
        except IdleTimeout:
            # A request that arrives in this very moment is answered, not lost.
            try:
                received = self._sock.recv(*args)  # type: ignore[attr-defined]
            except BlockingIOError:
                raise IdleTimeout from None
        if received:
            self.begin_request()
        return received

    def sendall(self, data: Any, *flags: Any) -> None:
        """Send; inside `handle_request` keep small pieces, so that the head and the body go at once.

        Gunicorn sends them one by one, and for a small answer each send costs a tenth of the request.
        """
        self.answering = True
        if not self.gathering:
            super().sendall(data, *flags)
            return
        self.gathered += data
        if len(self.gathered) > GATHER_BYTES:
            self.send_gathered()

    def sendfile(self, *args: Any, **kwargs: Any) -> Any:
        """Send a file, after the head."""
        self.send_gathered()
        return super().sendfile(*args, **kwargs)

    def send_gathered(self) -> None:
        """Send what has been kept."""
        if not self.gathered:
            return
        data, self.gathered = self.gathered, bytearray()
        try:
            sent = self._sock.send(data)  # type: ignore[attr-defined]  # at once, where there is room
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            super().sendall(memoryview(data)[sent:])


class IdleWait:
    """The time between requests: when it runs out, the connection closes without a word."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        return isinstance(error, IdleTimeout)
