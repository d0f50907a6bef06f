"""Errors outside Flask, hanging workers, removed files: answered, logged, counted, survived."""

import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.load import processes
from tests.load.clients import until
from tests.serving import running

FAULTY = "-c tests/load/confs/faulty.py"


@pytest.mark.parametrize("path", ["/api/bad-header", "/api/outside"])
def test_an_error_outside_flask_is_answered_logged_and_counted(tmp_path: Path, path: str) -> None:
    with running(tmp_path / "log", FAULT="bad header", GUNICORN_CMD_ARGS=FAULTY) as server:
        answer = httpx.get(f"{server.url}{path}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
        assert json.loads(answer.text)["type"] == "/problems#internal-error"
        assert "Zero" not in answer.text
        assert httpx.get(f"{server.url}/livez").status_code == 200
        line = server.wait_for_event('"status":500')
        assert line["request_id"] == answer.headers["X-Request-ID"]
        assert "Traceback" in server.wait_for_event("failed outside the app")["exception"]
        assert 'http_requests_refused_total{status="500"} 1.0' in httpx.get(server.metrics_url).text


def test_a_worker_that_hangs_before_its_first_heartbeat_is_replaced(tmp_path: Path) -> None:
    fault = "hangs before its first heartbeat"
    with running(tmp_path / "log", FAULT=fault, GUNICORN_CMD_ARGS=FAULTY) as server:
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert len(server.workers()) == 2


@pytest.mark.parametrize("folder_too", [False, True])
def test_the_server_works_after_the_files_of_its_counts_are_removed(tmp_path: Path, folder_too: bool) -> None:
    folder = tmp_path / "counts"
    with running(tmp_path / "log", PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        for file in folder.iterdir():
            file.unlink()
        if folder_too:
            folder.rmdir()
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)
        server.wait_for_event("worker ready", times=4)
        for path in ("/", "/api/predict?home_size=900", "/livez", "/nowhere"):
            assert httpx.get(f"{server.url}{path}").status_code in {200, 404}
        assert httpx.get(server.metrics_url).status_code == 200


def test_counts_are_kept_in_memory_that_no_full_disk_affects(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    with running(tmp_path / "log", PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        httpx.get(f"{server.url}/api/predict?home_size=900")
        files = list(folder.iterdir())
        assert files
        for file in files:
            assert str(file.readlink().readlink()) == f"/memfd:{file.name} (deleted)"
        before = processes.descriptors(server.process.pid)
        for count in range(2):
            ready = 2 + count
            os.kill(server.workers()[0], signal.SIGKILL)
            server.wait_for_event("worker ready", times=ready + 1)
        assert until(lambda: processes.descriptors(server.process.pid) <= before)
