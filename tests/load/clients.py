"""Clients on raw connections, which send what no library would; and waiting, measuring, printing."""

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
    """An HTTP response: its status, its headers by name in lower case, its body."""

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


def exchange(port: int, request: bytes) -> Answer:
    """Send these bytes on a new connection to a server on loopback; return its answer."""
    with connect(port) as connection:
        connection.sendall(request)
        answer = receive(connection)
    assert answer is not None, "the connection was closed without an answer"
    return answer


def receive(connection: socket.socket) -> Answer | None:
    """Read one response; return None when the server closes the connection before its head ends."""
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
    """Send a valid prediction request; return its answer, None when the connection is closed."""
    connection.sendall(REQUEST)
    return receive(connection)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of the values lies (0.99: the 99th percentile)."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def until(condition: Callable[[], object], seconds: float = 15) -> bool:
    """Call `condition` again and again until it is true or the time is over; return whether it was true."""
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
    """Run a measurement up to three times; pass when one of them returns no fault.

    A measured time is only ever made longer by other work on the machine, so the best of three counts.
    """
    faults = []
    for _ in range(3):
        fault = attempt()
        if not fault:
            return
        faults.append(fault)
    raise AssertionError("; ".join(faults))
