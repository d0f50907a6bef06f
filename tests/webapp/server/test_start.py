"""A start of the server, and the sentence and exit code by which it refuses one."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx

from tests.serving import ROOT, damage, free_port, refusal, running


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with running(tmp_path / "log", STOP_WAIT_SECONDS="0") as server:
        assert httpx.get(f"{server.url}/livez").text == "ok\n"
        assert httpx.get(f"{server.url}/readyz").text == "ready\n"
        assert server.stop() == 0


def test_an_invalid_setting_is_refused(tmp_path: Path) -> None:
    code, said = refusal(tmp_path / "log", PORT="http")
    assert (code, said) == (78, "PORT must be a whole number from 1 to 65535; got 'http'.\n")


def test_a_model_file_with_one_flipped_bit_is_refused(tmp_path: Path) -> None:
    artifact = shutil.copytree(ROOT / "model" / "artifact", tmp_path / "artifact")
    model = damage(artifact)
    code, said = refusal(tmp_path / "log", MODEL_DIR=str(artifact))
    assert code == 65
    assert model.name in said
    assert "checksum" in said
    assert "Traceback" not in said


def test_a_file_in_place_of_the_folder_for_counts_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    code, said = refusal(tmp_path / "log", PROMETHEUS_MULTIPROC_DIR=str(file))
    assert code == 78
    assert said == f"There is no room for the counts in {file}: File exists.\n"


def test_counts_left_by_an_earlier_run_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    folder.mkdir()
    (folder / "counter_99.db").write_bytes(b"junk")
    with running(tmp_path / "log", PROMETHEUS_MULTIPROC_DIR=str(folder), STOP_WAIT_SECONDS="0") as server:
        assert httpx.get(server.metrics_url).status_code == 200


def test_a_named_pipe_in_place_of_the_manifest_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    code, said = refusal(tmp_path / "log", MODEL_DIR=str(tmp_path))
    assert code == 65
    assert "manifest.json is not a file" in said


def test_a_refused_start_ends_although_its_standard_error_is_full_and_unread() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b" " * 4096)
    os.set_blocking(writing, True)
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn"],
        cwd=ROOT,
        env={"MODEL_DIR": "/nowhere", "PORT": str(free_port()), "METRICS_BIND": "off"},
        stdout=subprocess.DEVNULL,
        stderr=writing,
    )
    assert process.wait(60) == 65
    os.close(reading)
    os.close(writing)


def test_a_refused_start_leaves_no_temporary_file(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    code, _ = refusal(tmp_path / "log", PORT="http", TMPDIR=str(folder))
    assert code == 78
    assert list(folder.iterdir()) == []
