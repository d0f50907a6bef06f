"""Bodies that are cut short, endless, slow or too large: refused in time, without delaying other requests."""

import json
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.load import processes
from tests.load.bodies import BATCH, ENDLESS, PREDICT, pour
from tests.load.clients import at_best, connect, exchange, percentile, receive, say
from tests.serving import Server, running

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
def test_a_body_that_is_cut_short_is_a_bad_request(server: Server, sent: bytes) -> None:
    with connect(server.port) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = receive(connection)
    assert answer is not None
    assert (answer.status, answer.headers["connection"]) == (400, "close")


@pytest.mark.parametrize(("head", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_endless_bodies_delay_no_other_request(tmp_path: Path, head: bytes, piece: bytes) -> None:
    def attempt() -> str:
        with running(tmp_path / "log", WEB_CONCURRENCY="1", REQUEST_SECONDS="3") as server:
            workers = server.workers()
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
            assert server.workers() == workers, "no worker is lost"
        slowest = f"/livez in {percentile(waits, 0.99) * 1e3:.0f} ms at the 99th percentile"
        say(slowest)
        return "" if percentile(waits, 0.99) < 0.5 else slowest

    at_best(attempt)


@pytest.mark.parametrize("size", [17 * 1024, 3_000_000])
def test_a_client_still_sending_a_body_too_large_can_read_the_refusal(server: Server, size: int) -> None:
    """The server does not reset the connection before the client has read the answer."""
    for _ in range(10):
        answer = exchange(server.port, PREDICT + b"Content-Length: %d\r\n\r\n" % size + b" " * size)
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert b"16 KB" in answer.body


def half_sent(server: Server, count: int, declared: int, sent: int) -> list[socket.socket]:
    """Open `count` connections; on each declare a batch of `declared` bytes and send only `sent` of them."""
    begun = []
    for _ in range(count):
        connection = connect(server.port)
        connection.sendall(BATCH + b"Content-Length: %d\r\n\r\n" % declared + b"9" * sent)
        begun.append(connection)
    return begun


def small_batch(server: Server) -> int:
    """Send a batch of one home; return the status."""
    url, media_type = f"{server.url}/api/predict/batch", {"Content-Type": "text/csv"}
    return httpx.post(url, content="home_size\n900\n", headers=media_type).status_code


@pytest.mark.parametrize("declared", [2, 2_000_000])
def test_batches_begun_but_not_sent_do_not_block_the_route(tmp_path: Path, declared: int) -> None:
    with running(tmp_path / "log", WEB_CONCURRENCY="1") as server:
        waiting = half_sent(server, 80, declared, 1)
        assert {small_batch(server) for _ in range(5)} == {200}
        for connection in waiting:
            connection.close()


def test_bodies_being_received_take_a_bounded_memory(tmp_path: Path) -> None:
    """Beyond 64 MB in a worker, bodies that add more are answered 503; other requests are not."""
    with running(tmp_path / "log", WEB_CONCURRENCY="1", REQUEST_SECONDS="60") as server:
        [worker] = server.workers()
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
        [worker] = server.workers()
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


def test_the_size_of_all_headers_together_is_bounded(server: Server) -> None:
    line = b"Accept: " + b"a" * 8000 + b"\r\n"
    answer = exchange(server.port, b"GET /api/model HTTP/1.1\r\nHost: x\r\n" + line * 80 + b"\r\n")
    assert answer.status == 431
    assert json.loads(answer.body)["title"] == "Bad request"


def test_headers_that_differ_in_each_request_take_no_lasting_memory(tmp_path: Path) -> None:
    with running(tmp_path / "log", WEB_CONCURRENCY="1") as server:
        [worker] = server.workers()

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


def test_a_client_that_resets_its_connection_is_not_logged_as_an_error(tmp_path: Path) -> None:
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
        assert server.log_errors() == []
