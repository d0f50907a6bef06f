"""Many idle connections leave file descriptors and workers for requests."""

import socket
from pathlib import Path

import httpx
import pytest

from tests.load import processes
from tests.load.clients import ask, connect
from tests.serving import running


@pytest.mark.parametrize("limit", ["ulimit -Sn 256", "ulimit -n 256"], ids=["soft", "hard"])
@pytest.mark.parametrize("asked", [True, False], ids=["after a request", "before their first"])
def test_idle_connections_are_closed_in_favour_of_requests(tmp_path: Path, limit: str, asked: bool) -> None:
    with running(tmp_path / "log", before=limit, WEB_CONCURRENCY="1") as server:
        workers = server.workers()
        idle = []
        for _ in range(300):
            idle.append(connect(server.port))
            if asked:
                answer = ask(idle[-1])
                assert answer is not None
                assert answer.status == 200
        for _ in range(20):
            for path in ("/livez", "/readyz", "/api/predict?home_size=900", "/static/style.css"):
                assert httpx.get(f"{server.url}{path}").status_code == 200
            assert httpx.get(server.metrics_url).status_code == 200
        assert server.workers() == workers
        if limit == "ulimit -n 256":
            assert processes.descriptors(workers[0]) < 256
            assert closed(idle[0]), "the one that has been idle for longest goes first"
            assert not closed(idle[-1])
        else:
            assert not any(map(closed, idle)), "the soft limit is raised"
        for connection in idle:
            connection.close()
        server.stop()
        assert server.log_errors() == []


def closed(connection: socket.socket) -> bool:
    """Say whether the server has closed a connection on which no request is pending."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_connections_with_unfinished_headers_are_closed_in_favour_of_requests(tmp_path: Path) -> None:
    with running(tmp_path / "log", before="ulimit -n 256", WEB_CONCURRENCY="1") as server:
        workers = server.workers()
        waiting = [connect(server.port) for _ in range(300)]
        for connection in waiting:
            connection.sendall(b"G")
        for _ in range(20):
            assert httpx.get(f"{server.url}/livez", timeout=10).status_code == 200
        for connection in waiting:
            connection.close()
        assert server.workers() == workers
        server.stop()
        assert server.log_errors() == []


def test_idle_connections_to_the_metrics_take_no_place_of_requests(tmp_path: Path) -> None:
    with running(tmp_path / "log", before="ulimit -n 256", WEB_CONCURRENCY="1") as server:
        idle = [connect(int(server.metrics_url.rpartition(":")[2].strip("/"))) for _ in range(230)]
        for path in ("/livez", "/api/predict?home_size=900") * 10:
            assert httpx.get(f"{server.url}{path}").status_code == 200
        for connection in idle:
            connection.close()
        assert httpx.get(server.metrics_url, timeout=30).status_code == 200
        server.stop()
        assert server.log_errors() == []


def test_bursts_of_connections_leave_room_for_requests(tmp_path: Path) -> None:
    with running(tmp_path / "log", before="ulimit -n 256", WEB_CONCURRENCY="1") as server:
        for _ in range(5):
            burst = [connect(server.port) for _ in range(200)]
            assert httpx.get(f"{server.url}/livez", timeout=10).status_code == 200
            for connection in burst:
                connection.close()
        server.stop()
        assert server.log_errors() == []
