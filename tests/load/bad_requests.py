"""Bad requests of many kinds: bodies, headers, paths, methods, raw bytes."""

import random
import socket
import string
from collections.abc import Callable

from tests.load.clients import Answer, connect, receive

JUNK = [
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    b"\n",
    b" ",
    b"%00",
    b"../",
    b"'\"<script>",
    b"\xf0\x9f\x90\xb6",
    b"{" * 50,
]
VALUES = [
    b"1",
    b"-1",
    b"0",
    b"1e400",
    b"NaN",
    b"true",
    b"null",
    b'"x"',
    b"[]",
    b"{}",
    b"9" * 500,
    b"1.5",
    b"\xff",
    b"",
]


def junk(chance: random.Random, most: int = 40) -> bytes:
    kind = chance.randrange(3)
    if kind == 0:
        return chance.randbytes(chance.randrange(most))
    if kind == 1:
        return chance.choice(JUNK) * chance.randrange(4)
    return "".join(chance.choices(string.printable, k=chance.randrange(most))).encode()


def bad_body(chance: random.Random) -> bytes:
    name = chance.choice([b"home_size", b"unit", b"size", b"", junk(chance).replace(b'"', b"")])
    body = b'{"%s": %s}' % (name, chance.choice([*VALUES, junk(chance)]))
    if chance.random() < 0.3:
        body = body[: chance.randrange(len(body) + 1)]
    length = len(body) if chance.random() < 0.9 else chance.choice([0, len(body) - 1, 17_000, 10**12, -1])
    head = b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    if chance.random() < 0.1:
        size = chance.choice([b"%x" % len(body), junk(chance, 5), b"-1", b"ffffffffffffffffff"])
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % length + body


def bad_batch(chance: random.Random) -> bytes:
    media_type, body = chance.choice(
        [
            (
                b"application/json",
                b'{"homes": [{"home_size": %s}, %s]}' % (chance.choice(VALUES), junk(chance)),
            ),
            (
                b"text/csv",
                b"home_size,unit\r\n%s,%s\r\n%s" % (chance.choice(VALUES), junk(chance), junk(chance)),
            ),
            (b"text/csv", junk(chance)),
        ]
    )
    target = b"/api/predict/batch" + chance.choice([b"", b"?errors=report", b"?errors=x"])
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nConnection: close\r\n" % (target, media_type)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def bad_header(chance: random.Random) -> bytes:
    names = [
        b"Accept",
        b"Content-Type",
        b"Content-Length",
        b"Transfer-Encoding",
        b"X-Request-ID",
        b"Host",
        b"Range",
    ]
    names += [
        b"Cookie",
        b"Expect",
        b"X-Forwarded-Proto",
        b"Content-Encoding",
        b"Traceparent",
        junk(chance, 10),
    ]
    lines = b"".join(
        b"%s: %s\r\n" % (chance.choice(names), junk(chance)) for _ in range(chance.randrange(1, 5))
    )
    path = chance.choice(
        [b"/api/predict?home_size=900", b"/", b"/livez", b"/nowhere", b"/recommendation?home_size=9"]
    )
    host = chance.choice(
        [b"x", b"x", junk(chance).replace(b"\n", b""), b"a..b", b"x" * 70, b"[::1]:80", b"\xff"]
    )
    return b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" % (path, host) + lines + b"\r\n"


def bad_path(chance: random.Random) -> bytes:
    start = chance.choice(
        [b"/", b"/api/", b"/api/predict?", b"/recommendation?home_size=", b"/static/", b"/?", b""]
    )
    return (
        b"GET "
        + start
        + junk(chance).replace(b" ", b"")
        + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )


def bad_method(chance: random.Random) -> bytes:
    method = chance.choice(
        [b"PUT", b"DELETE", b"TRACE", b"CONNECT", b"OPTIONS", b"HEAD", b"PRI", junk(chance, 8)]
    )
    path = chance.choice([b"/", b"/api/predict", b"/livez", b"*", b"/static/style.css"])
    return method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def bad_form(chance: random.Random) -> bytes:
    body = b"home_size=" + junk(chance) + b"&unit=" + junk(chance, 5)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def raw_bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 300)) + b"\r\n\r\n"


KINDS: list[Callable[[random.Random], bytes]] = [
    bad_body,
    bad_batch,
    bad_header,
    bad_path,
    bad_method,
    bad_form,
    raw_bytes,
]


def send(port: int, request: bytes) -> Answer | None:
    """Send a request, close the sending half of the connection, and return the answer, None without one."""
    with connect(port) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return receive(connection)
        except ConnectionError:
            return None
