"""The metrics, of a real server with two workers."""

import os
import re
import signal
from pathlib import Path

import httpx

from tests.load import processes
from tests.load.clients import until
from tests.load.wrk import Running
from tests.serving import running


def test_the_metrics_count_what_all_workers_did(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        for _ in range(10):
            httpx.get(f"{server.url}/api/predict?home_size=900")  # each on a connection of its own
        httpx.get(f"{server.url}/api/predict?home_size=99999")
        httpx.get(f"{server.url}/api/predict?home_size=1")
        httpx.get(f"{server.url}/nowhere")
        shown = httpx.get(server.metrics_url).text
        assert httpx.get(f"{server.url}/metrics").status_code == 404, "never on the public port"
        assert value(shown, 'http_request_duration_seconds_count{route="/api/predict",status="200"}') == 11
        assert value(shown, 'http_request_duration_seconds_count{route="/api/predict",status="422"}') == 1
        assert value(shown, 'http_request_duration_seconds_count{route="",status="404"}') == 1
        assert "readyz" not in shown
        labels = r'breed="dachshund",model_version="\w+",outside_training_range="False"'
        inside = f"prediction_home_size_sqft_count{{{labels}}}"
        assert value(shown, inside) == 10
        outside = inside.replace("dachshund", "german_shepherd").replace("False", "True")
        assert value(shown, outside) == 1
        assert value(shown, r'model_info{model_version="\w+"}') == 1
        assert 0 < value(shown, "worker_startup_seconds") < 10
        under_load = Running(f"{server.url}/api/predict", connections=16, seconds=4, post=True)
        assert until(lambda: value(httpx.get(server.metrics_url).text, "http_requests_in_flight") > 1)
        under_load.result()
        assert until(lambda: value(httpx.get(server.metrics_url).text, "http_requests_in_flight") == 0)


def test_a_killed_worker_keeps_its_counts_and_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    with running(tmp_path / "log", PROMETHEUS_MULTIPROC_DIR=str(folder), WEB_CONCURRENCY="1") as server:
        httpx.get(f"{server.url}/api/predict?home_size=900")
        files = {file.name for file in folder.iterdir()}
        [worker] = processes.children(server.process.pid)
        os.kill(worker, signal.SIGKILL)
        assert until(lambda: worker not in processes.children(server.process.pid))
        server.wait_for_event("worker ready", times=2)
        httpx.get(f"{server.url}/api/predict?home_size=900")
        shown = httpx.get(server.metrics_url).text
        assert value(shown, 'http_request_duration_seconds_count{route="/api/predict",status="200"}') == 2
        assert value(shown, "worker_exits_total") == 1
        assert {file.name for file in folder.iterdir()} == files


def value(shown: str, name: str) -> float:
    """Give the value of the one series of this name, a pattern but for its braces."""
    pattern = name.replace("{", r"\{").replace("}", r"\}")
    [found] = re.findall(rf"^{pattern} (\S+)$", shown, re.MULTILINE)
    return float(found)
