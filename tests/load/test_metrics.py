"""The metrics of a real server with two workers."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.load.clients import until
from tests.load.wrk import Running
from tests.serving import ROOT, running


def test_the_metrics_count_what_all_workers_did(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        for _ in range(10):
            httpx.get(f"{server.url}/api/predict?home_size=900")  # each on a connection of its own
        httpx.get(f"{server.url}/api/predict?home_size=99999")
        httpx.get(f"{server.url}/api/predict?home_size=1")
        httpx.get(f"{server.url}/nowhere")
        assert server.metric('http_request_duration_seconds_count{route="/api/predict",status="200"}') == 11
        assert server.metric('http_request_duration_seconds_count{route="/api/predict",status="422"}') == 1
        assert server.metric('http_request_duration_seconds_count{route="",status="404"}') == 1
        assert "readyz" not in httpx.get(server.metrics_url).text
        labels = r'breed="dachshund",model_version="\w+",outside_training_range="False"'
        inside = f"predictions_total{{{labels}}}"
        assert server.metric(inside) == 10
        outside = inside.replace("dachshund", "german_shepherd").replace("False", "True")
        assert server.metric(outside) == 1
        assert server.metric(r'model_info{model_version="\w+"}') == 1
        assert 0 < server.metric("worker_startup_seconds") < 10
        assert httpx.get(f"{server.url}/metrics").status_code == 404, "never on the public port"
        under_load = Running(f"{server.url}/api/predict", connections=16, seconds=4, post=True)
        assert until(lambda: server.metric("http_requests_in_flight") > 1)
        under_load.result()
        assert until(lambda: server.metric("http_requests_in_flight") == 0)


def test_what_is_asked_is_counted_by_feature(tmp_path: Path, model_of: Callable[[str], Path]) -> None:
    with running(tmp_path / "log", MODEL_DIR=str(model_of("penguins"))) as server:
        row = {"island": "Dream", "bill_length": 45, "body_mass": 3.7, "unit": "kg"}
        httpx.post(f"{server.url}/api/predict", json=row)
        batch = {
            "penguins": [row, {"island": "Biscoe", "flipper_length": 220}, {"island": "Dream", "sex": "male"}]
        }
        httpx.post(f"{server.url}/api/predict/batch", json=batch)
        assert server.metric("predictions_total{.*}") == 4
        assert server.metric('prediction_island_total{island="Dream",.*}') == 3
        assert server.metric("prediction_bill_length_mm_count{.*}") == 2
        assert server.metric("prediction_body_mass_g_sum{.*}") == 7400
        assert server.metric("prediction_sex_blank_total{.*}") == 3
        assert server.metric('prediction_flipper_length_mm_bucket{le="\\+Inf",.*}') == 1


def test_drift_is_shown_under_the_names_that_the_readmes_alerting_rules_ask_for(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = {
        name
        for expression in re.findall(r"expr: (.*)", readme)
        for name in re.findall(r"prediction\w+", expression)
    }
    assert asked == {"prediction_drift", "prediction_drift_rows"}
    with running(tmp_path / "log") as server:
        homes = [{"home_size": 200}] * 500
        httpx.post(f"{server.url}/api/predict/batch", json={"homes": homes})
        assert server.metric('prediction_drift{of="home_size"}') > 0.25
        assert server.metric('prediction_drift{of="breed"}') > 0.25
        assert server.metric("prediction_drift_rows") == 500


def test_a_killed_worker_keeps_its_counts_and_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    with running(tmp_path / "log", PROMETHEUS_MULTIPROC_DIR=str(folder), WEB_CONCURRENCY="1") as server:
        httpx.get(f"{server.url}/api/predict?home_size=900")
        files = {file.name for file in folder.iterdir()}
        [worker] = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert until(lambda: worker not in server.workers())
        server.wait_for_event("worker ready", times=2)
        httpx.get(f"{server.url}/api/predict?home_size=900")
        assert server.metric('http_request_duration_seconds_count{route="/api/predict",status="200"}') == 2
        assert server.metric("worker_exits_total") == 1
        assert {file.name for file in folder.iterdir()} == files
