"""All workers serve one model: that of the start, or of the last successful reload."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.load import processes
from tests.load.clients import until
from tests.serving import ROOT, Server, running

FAULTY = "-c tests/load/confs/faulty.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped model's artifact."""
    return Path(shutil.copytree(ROOT / "model" / "artifact", tmp_path / "artifact"))


def version(server: Server) -> str:
    return str(httpx.get(f"{server.url}/api/predict?home_size=900").json()["model_version"])


def kill_a_worker(server: Server) -> None:
    """Kill a worker; wait until another has taken its place."""
    workers = server.workers()
    ready = sum(line["event"] == "worker ready" for line in server.log_lines())
    os.kill(workers[0], signal.SIGKILL)
    server.wait_for_event("worker ready", times=ready + 1)


@pytest.mark.parametrize("damage", ["removed", "flipped", "whole folder gone"])
def test_a_worker_that_dies_is_replaced_by_one_with_the_same_model(
    tmp_path: Path, folder: Path, damage: str
) -> None:
    [model] = folder.glob("model-*.ubj")
    with running(tmp_path / "log", MODEL_DIR=str(folder), WEB_CONCURRENCY="1") as server:
        served = version(server)
        card = httpx.get(f"{server.url}/model").text
        if damage == "removed":
            model.unlink()
        elif damage == "flipped":
            content = bytearray(model.read_bytes())
            content[100] ^= 1
            model.write_bytes(content)
        else:
            shutil.rmtree(folder)
        kill_a_worker(server)
        assert version(server) == served
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert httpx.get(f"{server.url}/model").text == card
        assert server.wait_for_event("worker ready", times=2)["model_version"] == served


def test_a_reload_loads_the_folders_new_model_in_all_workers(
    tmp_path: Path, folder: Path, other_model: Path
) -> None:
    with running(tmp_path / "log", MODEL_DIR=str(folder)) as server:
        before = version(server)
        shutil.rmtree(folder)
        shutil.copytree(other_model, folder)
        assert {version(server) for _ in range(20)} == {before}, "nobody looks before a reload"
        kill_a_worker(server)
        assert {version(server) for _ in range(20)} == {before}
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_event("worker ready", times=5)
        assert until(lambda: {version(server) for _ in range(20)} == {other_version(other_model)})
        assert f"/model/{other_version(other_model)}/" in httpx.get(f"{server.url}/model").text
        kill_a_worker(server)
        assert {version(server) for _ in range(20)} == {other_version(other_model)}


def other_version(folder: Path) -> str:
    [model] = folder.glob("model-*.ubj")
    return model.stem.removeprefix("model-")


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of another model, trained on a part of the shipped data."""
    folder = tmp_path_factory.mktemp("other")
    data = folder / "homes.csv"
    data.write_text("".join((ROOT / "model" / "homes.csv").read_text().splitlines(keepends=True)[:3001]))
    command = [sys.executable, "train.py", "--data", str(data), "--out", str(folder / "artifact")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder / "artifact"


def test_a_refused_reload_leaves_the_model_in_place(tmp_path: Path, folder: Path) -> None:
    """Workers that start later serve that model too, and count requests."""
    manifest = folder / "manifest.json"
    with running(tmp_path / "log", MODEL_DIR=str(folder), WEB_CONCURRENCY="1") as server:
        served = version(server)
        manifest.rename(folder / "aside")
        server.process.send_signal(signal.SIGHUP)
        assert "manifest.json" in server.wait_for_event("The reload is refused")["event"]
        kill_a_worker(server)
        assert version(server) == served
        shown = httpx.get(server.metrics_url).text
        assert 'http_request_duration_seconds_count{route="/api/predict",status="200"} 2.0' in shown
        (folder / "aside").rename(manifest)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_event("worker ready", times=3)
        assert version(server) == served, "reloads work again"


def test_a_folder_that_changes_between_trial_and_load_refuses_the_reload(
    tmp_path: Path, folder: Path
) -> None:
    fault = "changes after the trial"
    with running(tmp_path / "log", MODEL_DIR=str(folder), FAULT=fault, GUNICORN_CMD_ARGS=FAULTY) as server:
        served = version(server)
        workers = server.workers()
        server.process.send_signal(signal.SIGHUP)
        assert "manifest.json" in server.wait_for_event("The reload is refused")["event"]
        assert server.workers() == workers
        kill_a_worker(server)
        assert {version(server) for _ in range(20)} == {served}
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert server.stop() == 0


def test_hooks_that_fail_refuse_the_reload_and_the_old_ones_serve_on(tmp_path: Path) -> None:
    fault = "hooks fail after a reload"
    with running(tmp_path / "log", FAULT=fault, GUNICORN_CMD_ARGS=FAULTY, WEB_CONCURRENCY="1") as server:
        served = version(server)
        server.process.send_signal(signal.SIGHUP)
        assert "the hook of another release" in server.wait_for_event("The reload is refused")["event"]
        kill_a_worker(server)
        assert version(server) == served
        assert server.stop() == 0


def test_a_stop_does_not_wait_for_a_trial_that_hangs(tmp_path: Path) -> None:
    with running(tmp_path / "log", FAULT="trial hangs", GUNICORN_CMD_ARGS=FAULTY) as server:
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_event("Hang up")
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 15, "less than the trial may take"


def test_reloads_take_no_lasting_memory_or_descriptors(tmp_path: Path) -> None:
    with running(tmp_path / "log", WEB_CONCURRENCY="1") as server:

        def reload(number: int) -> tuple[int, int]:
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_event("worker ready", times=number + 1)
            assert until(lambda: len(server.workers()) == 1)
            return processes.descriptors(server.process.pid), processes.memory_bytes(server.process.pid)

        for number in range(1, 4):
            descriptors, memory = reload(number)
        for number in range(4, 10):
            descriptors_now, memory_now = reload(number)
    assert descriptors_now <= descriptors
    assert memory_now < memory * 1.15
