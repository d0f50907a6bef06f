"""Stops, reloads and take-overs under load: no accepted request is lost."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.load.clients import BODY, HEAD, REQUEST, ask, at_best, connect, listens, receive, say, until
from tests.load.wrk import Running
from tests.serving import START_CEILING, Server, running

CONNECTIONS = 32


def test_a_reload_loses_no_request(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        load = Running(f"{server.url}/api/predict", connections=CONNECTIONS, seconds=12, post=True)
        for _ in range(3):
            server.reload()
        seen = load.result()
    assert seen.failed == 0
    assert seen.requests > 500, "there was a load, however slow the machine"


def test_twenty_instances_take_over_from_each_other_and_lose_no_request(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as shared:
        shared.set_inheritable(True)
        url = f"http://127.0.0.1:{shared.getsockname()[1]}"
        servers = [Server(tmp_path / "log-0", shared)]
        servers[0].wait_for_event("worker ready", times=2)
        load = Running(f"{url}/api/predict", connections=CONNECTIONS, seconds=300, post=True)
        for number in range(1, 21):
            servers.append(Server(tmp_path / f"log-{number}", shared))
            servers[-1].wait_for_event("worker ready", times=2)
            servers[-2].process.send_signal(signal.SIGTERM)
            assert all(server.process.wait(30) == 0 for server in servers[:-2])
        seen = load.stop()
        assert all(server.stop() == 0 for server in servers)
    assert seen.failed == 0
    assert seen.requests >= 20_000


def test_a_stop_waits_for_a_request_but_not_for_idle_connections(tmp_path: Path) -> None:
    def attempt() -> str:
        with running(tmp_path / "log") as server:
            idle = [connect(server.port) for _ in range(100)]
            assert all(answer and answer.status == 200 for answer in map(ask, idle))
            slow = connect(server.port)
            slow.sendall(REQUEST + HEAD % len(BODY) + BODY[:5])  # a second request directly behind the first
            assert receive(slow) is not None
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            threading.Timer(2, slow.sendall, [BODY[5:]]).start()
            answer = receive(slow)
            assert answer is not None
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert server.process.wait(30) == 0
            took = time.monotonic() - begun
            for connection in (slow, *idle):
                connection.close()
        say(f"from SIGTERM to the end: {took:.2f} s")
        return "" if took < 3 else f"the stop took {took:.2f} s"

    at_best(attempt)


def test_a_stopping_server_is_not_ready_and_closes_connections_it_answers(tmp_path: Path) -> None:
    with running(tmp_path / "log", STOP_WAIT_SECONDS="2", WEB_CONCURRENCY="1") as server:
        asking, checking, idle = connect(server.port), connect(server.port), connect(server.port)
        ask(asking), ask(checking), ask(idle)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_event("Handling signal: term")

        def stopping() -> bool:
            checking.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            ready = receive(checking)
            return ready is not None and (ready.status, ready.body) == (503, b"not ready: stopping\n")

        assert until(stopping)
        answer = ask(asking)
        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        newcomer = connect(server.port)
        assert ask(newcomer) is not None, "it accepts for as long as the balancer may not have noticed"
        assert receive(idle) is None, "what stays idle is closed"
        assert server.process.wait(30) == 0
        for connection in (asking, checking, idle, newcomer):
            connection.close()


def test_a_connection_accepted_before_a_stop_is_still_answered(tmp_path: Path) -> None:
    """The stop comes after a client has connected and before it sends its request."""

    def attempt() -> str:
        with (
            running(tmp_path / "log", STOP_WAIT_SECONDS="0", WEB_CONCURRENCY="1") as server,
            connect(server.port) as newcomer,
        ):
            server.process.send_signal(signal.SIGTERM)
            assert until(lambda: not listens(server.port))
            try:
                answer = ask(newcomer)
            except ConnectionError as error:
                return str(error)
            if answer is None:
                return "it was closed"
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            return ""

    at_best(attempt)


def test_ctrl_c_stops_the_server_at_once_without_a_traceback(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server, connect(server.port) as idle:
        ask(idle)
        begun = time.monotonic()
        for process in (server.process.pid, *server.workers()):
            os.kill(process, signal.SIGINT)  # as a terminal sends it to all processes
        assert server.process.wait(30) == 0
        assert time.monotonic() - begun < 10
        server.log_lines()  # raises for a line that is not JSON
    assert "Traceback" not in server.log.read_text()


def test_a_unix_socket_is_served(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as shared:
        shared.bind(str(path))
        shared.listen()
        server = Server(tmp_path / "log", shared)
        try:
            server.wait_for_event("worker ready", times=2)
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as http:
                assert http.get("http://puppy.example/api/predict?home_size=900").status_code == 200
        finally:
            server.stop()
    [line] = [line for line in server.log_lines() if line["event"] == "request"]
    assert line["client"] is None


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.3])
def test_the_server_can_be_stopped_at_any_moment_of_its_start(tmp_path: Path, seconds: float) -> None:
    server = Server(tmp_path / "log")
    time.sleep(seconds)  # the moment itself is tested; there is no condition to wait for
    begun = time.monotonic()
    assert server.stop() in {0, -signal.SIGTERM}, "the latter before it has anything to put in order"
    assert time.monotonic() - begun < 15, "less than the time that a lost signal would take"


def test_a_stop_while_workers_start_is_not_lost(tmp_path: Path) -> None:
    configuration = "-c tests/load/confs/faulty.py"
    server = Server(tmp_path / "log", FAULT="slow start", GUNICORN_CMD_ARGS=configuration)
    server.wait_for_event("Booting worker with pid", times=2)
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 15, "less than the time that a lost signal would take"


def test_a_stop_is_not_lost_in_code_that_swallows_exceptions(tmp_path: Path) -> None:
    configuration = "-c tests/load/confs/faulty.py"
    server = Server(tmp_path / "log", FAULT="swallows exceptions", GUNICORN_CMD_ARGS=configuration)
    try:
        assert server.process.wait(START_CEILING) == 0, "it has stopped itself"
    finally:
        server.stop()
