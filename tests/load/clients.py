"""Clients that do what libraries would not: send slowly, badly, or by the hundred."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

BODY = b'{"home_size": 900}'
HEAD = (
    b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n"
)
REQUEST = HEAD % len(BODY) + BODY


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, as far as these tests look at it."""

    status: int
    headers: dict[str, str]
    body: bytes


def connect(port: int, seconds: float = 30) -> socket.socket:
    """Open a connection to a server on loopback."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def listens(port: int) -> bool:
    """Say whether a server on loopback accepts a connection."""
    try:
        connect(port).close()
    except OSError:
        return False
    return True


def receive(connection: socket.socket) -> Answer | None:
    """Read one answer, or None when the connection is closed first."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return None
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return Answer(int(status.split()[1]), headers, body)


def ask(connection: socket.socket) -> Answer | None:
    """Send a good request; give its answer."""
    connection.sendall(REQUEST)
    return receive(connection)


def percentile(values: list[float], share: float) -> float:
    """Give the value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def until(condition: object, seconds: float = 15) -> bool:
    """Wait for a condition, at most so long; say whether it came."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def say(measured: str) -> None:
    """Print a measurement where `pytest -s` or a failure shows it."""
    print(measured)  # noqa: T201


def at_best(attempt: Callable[[], str]) -> None:
    """Run an attempt that gives what was not good enough, or nothing; pass at the first that is good.

    Where a time is measured, other work on the machine can only make it worse.
    """
    disappointments = []
    for _ in range(3):
        disappointment = attempt()
        if not disappointment:
            return
        disappointments.append(disappointment)
    raise AssertionError("; ".join(disappointments))
