"""Bodies that end too soon, or never, or too late: each is answered in its time, and nobody else waits."""

import json
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.load import processes
from tests.load.clients import at_best, connect, percentile, receive, say
from tests.serving import Server, running

PREDICT = b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BATCH = b"POST /api/predict/batch HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
CUT_SHORT = {
    "before the end of a number": PREDICT + b'Content-Length: 20\r\n\r\n{"home_size": 400}',
    "before all of the last spaces": PREDICT + b'Content-Length: 30\r\n\r\n{"home_size": 4000}',
    "before its first byte": PREDICT + b"Content-Length: 20\r\n\r\n",
    "in a chunk": PREDICT + b'Transfer-Encoding: chunked\r\n\r\n20\r\n{"home_size": 400}',
    "after a chunk": PREDICT + b'Transfer-Encoding: chunked\r\n\r\n12\r\n{"home_size": 400}',
    "before the last chunk": PREDICT + b'Transfer-Encoding: chunked\r\n\r\n12\r\n{"home_size": 400}\r\n',
    "before the last line": PREDICT + b'Transfer-Encoding: chunked\r\n\r\n12\r\n{"home_size": 400}\r\n0\r\n',
    "in a batch": BATCH + b"Content-Length: 40\r\n\r\nhome_size\r\n900\r\n400",
    "of a page": b"GET /model HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n900",
}


@pytest.mark.parametrize("sent", CUT_SHORT.values(), ids=CUT_SHORT)
def test_a_body_that_is_cut_short_is_never_answered_as_whole(server: Server, sent: bytes) -> None:
    with connect(server.port) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = receive(connection)
    assert answer is not None
    assert (answer.status, answer.headers["connection"]) == (400, "close")


def pour(port: int, head: bytes, piece: bytes, over: threading.Event) -> None:
    """Send the same piece again and again, until it is over; begin anew when the connection ends."""
    while not over.is_set():
        with suppress(OSError), connect(port, seconds=1) as connection:
            connection.sendall(head)
            while not over.is_set():
                connection.sendall(piece)


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


@pytest.mark.parametrize(("head", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_endless_bodies_hold_up_nobody(tmp_path: Path, head: bytes, piece: bytes) -> None:
    def attempt() -> str:
        with running(tmp_path / "log", WEB_CONCURRENCY="1", REQUEST_SECONDS="3") as server:
            workers = processes.children(server.process.pid)
            over = threading.Event()
            pouring = [threading.Thread(target=pour, args=(server.port, head, piece, over)) for _ in range(4)]
            for thread in pouring:
                thread.start()
            waits = []
            end = time.monotonic() + 5
            while time.monotonic() < end:
                begun = time.monotonic()
                assert httpx.get(f"{server.url}/livez", timeout=20).status_code == 200
                waits.append(time.monotonic() - begun)
            over.set()
            for thread in pouring:
                thread.join(30)
            assert processes.children(server.process.pid) == workers, "no worker is lost"
        slowest = f"/livez in {percentile(waits, 0.99) * 1e3:.0f} ms at the 99th percentile"
        say(slowest)
        return "" if percentile(waits, 0.99) < 0.5 else slowest

    at_best(attempt)


@pytest.mark.parametrize("size", [17 * 1024, 3_000_000])
def test_who_still_sends_a_body_that_is_too_large_can_read_why(server: Server, size: int) -> None:
    """The connection is not reset under the answer, however much is still on its way."""
    for _ in range(10):
        with connect(server.port) as connection:
            connection.sendall(PREDICT + b"Content-Length: %d\r\n\r\n" % size + b" " * size)
            answer = receive(connection)
        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert b"16 KB" in answer.body


def half_sent(server: Server, count: int, declared: int, sent: int) -> list[socket.socket]:
    """Begin so many batches, and stop within their bodies."""
    begun = []
    for _ in range(count):
        connection = connect(server.port)
        connection.sendall(BATCH + b"Content-Length: %d\r\n\r\n" % declared + b"9" * sent)
        begun.append(connection)
    return begun


def small_batch(server: Server) -> int:
    """Send a batch of one home; give the status."""
    url, media_type = f"{server.url}/api/predict/batch", {"Content-Type": "text/csv"}
    return httpx.post(url, content="home_size\n900\n", headers=media_type).status_code


@pytest.mark.parametrize("declared", [2, 2_000_000])
def test_batches_of_which_little_has_come_do_not_close_the_route(tmp_path: Path, declared: int) -> None:
    with running(tmp_path / "log", WEB_CONCURRENCY="1") as server:
        waiting = half_sent(server, 80, declared, 1)
        assert {small_batch(server) for _ in range(5)} == {200}
        for connection in waiting:
            connection.close()


def test_bodies_under_way_take_a_bounded_memory(tmp_path: Path) -> None:
    """Beyond 64 MB in a worker those that bring more are told to come again, and nobody else is."""
    with running(tmp_path / "log", WEB_CONCURRENCY="1", REQUEST_SECONDS="60") as server:
        [worker] = processes.children(server.process.pid)
        before = processes.memory_bytes(worker)
        waiting = half_sent(server, 60, 2_000_000, 1_900_000)
        ready, _, _ = select.select(waiting, [], [], 30)
        told = receive(ready[0])
        assert told is not None
        assert (told.status, told.headers["retry-after"]) == (503, "1")
        assert len(ready) < 60 / 2
        assert small_batch(server) == 200
        assert httpx.get(f"{server.url}/api/predict?home_size=900").status_code == 200
        assert processes.memory_bytes(worker) - before < 160e6
        for connection in waiting:
            connection.close()
        assert small_batch(server) == 200


def test_a_connection_that_waits_for_its_next_request_holds_no_body(tmp_path: Path) -> None:
    """Each sends 2 MB of a media type that the route does not read, and stays open."""
    request = (
        BATCH.replace(b"text/csv", b"text/plain") + b"Content-Length: 2000000\r\n\r\n" + bytes(2_000_000)
    )
    with running(tmp_path / "log", WEB_CONCURRENCY="1") as server, ExitStack() as stack:
        [worker] = processes.children(server.process.pid)
        memory = []
        for _ in range(40):
            connection = stack.enter_context(connect(server.port))
            connection.sendall(request)
            answer = receive(connection)
            assert answer is not None
            assert (answer.status, answer.headers["connection"]) == (415, "keep-alive")
            memory.append(processes.memory_bytes(worker))
        say(f"grown by {(memory[-1] - memory[4]) / 1e6:.1f} MB")
        assert memory[-1] - memory[4] < 20e6


def test_a_head_is_bounded_as_a_whole(server: Server) -> None:
    line = b"Accept: " + b"a" * 8000 + b"\r\n"
    with connect(server.port) as connection:
        connection.sendall(b"GET /api/model HTTP/1.1\r\nHost: x\r\n" + line * 80 + b"\r\n")
        answer = receive(connection)
    assert answer is not None
    assert answer.status == 431
    assert json.loads(answer.body)["title"] == "Bad request"


def test_headers_that_differ_each_time_leave_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path / "log", WEB_CONCURRENCY="1") as server:
        [worker] = processes.children(server.process.pid)

        def ask(number: int) -> None:
            long = f"{number}".ljust(8000, "a")
            headers = [("Accept", long), ("Host", f"h{number}.example"), ("Accept-Encoding", long[:4000])]
            httpx.get(f"{server.url}/api/model", headers=[*headers, *headers[:1] * 2])

        for number in range(30):
            ask(number)
        before = processes.memory_bytes(worker)
        for number in range(30, 400):
            ask(number)
        grown = processes.memory_bytes(worker) - before
        say(f"grown by {grown / 1e6:.1f} MB")
        assert grown < 5e6


def test_a_client_that_leaves_in_between_is_nobodys_fault(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        steps: list[Callable[[socket.socket], object]] = [
            lambda connection: connection.sendall(PREDICT[:30]),
            lambda connection: connection.sendall(PREDICT + b"Content-Length: 20\r\n\r\n{"),
            lambda connection: connection.sendall(PREDICT + b"Content-Length: 99999\r\n\r\n{"),
        ]
        for step in steps * 5:
            with connect(server.port) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
                step(connection)
        assert httpx.get(f"{server.url}/livez").status_code == 200
        server.stop()
        assert [line for line in server.log_lines() if line["level"] in {"error", "critical"}] == []
