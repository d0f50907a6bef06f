"""Logs that can't be written: no request, reload or stop fails or waits for them."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.load.clients import until
from tests.load.wrk import load
from tests.serving import ROOT, Server, free_port, running

DROPPED = "log_lines_dropped_total"
NON_ASCII = "Größe \N{DOG FACE}"


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """Open a pipe; yield its reading and its writing end, and close those still open afterwards."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        for descriptor in (reading, writing):
            try:
                os.close(descriptor)
            except OSError:
                continue


def works_in_every_way(server: Server) -> None:
    """Check that predictions, health checks and a reload work."""
    for _ in range(20):
        assert httpx.get(f"{server.url}/api/predict?home_size=900").status_code == 200
        assert httpx.get(f"{server.url}/livez").status_code == 200
    server.reload()
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    assert httpx.get(f"{server.url}/api/predict?home_size=900").status_code == 200


def fill(server: Server) -> None:
    """Load the server until it drops log lines."""
    before = server.metric(DROPPED)
    for _ in range(30):
        seen = load(f"{server.url}/api/predict", connections=16, seconds=2, post=True)
        assert seen.failed == 0
        if server.metric(DROPPED) > before:
            return
    raise AssertionError("nothing is dropped")


def test_the_server_works_when_the_reader_of_its_log_is_gone(tmp_path: Path) -> None:
    with pipe() as (reading, writing), running(tmp_path / "err", output=writing) as server:
        os.close(reading)
        works_in_every_way(server)
        assert server.stop() == 0


def test_the_server_works_when_the_disk_for_its_log_is_full(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full, running(tmp_path / "err", output=full.fileno()) as server:
        works_in_every_way(server)
        assert server.stop() == 0


def test_stdout_and_stderr_can_share_a_file(tmp_path: Path) -> None:
    """As by `> log 2>&1`; neither overwrites the other's lines."""
    with (tmp_path / "both").open("wb") as both:
        subprocess.run(
            ["bash", "-c", 'echo said by another >&2; exec "$0" -m gunicorn', sys.executable],
            env={
                "MODEL_DIR": "/nowhere",
                "PORT": str(free_port()),
                "METRICS_BIND": "off",
                "LOG_FORMAT": "json",
            },
            cwd=ROOT,
            stdout=both,
            stderr=both,
            check=False,
        )
    first, *lines, last = (tmp_path / "both").read_text().splitlines()
    assert first == "said by another"
    assert last.startswith("There is no folder /nowhere;")
    assert lines
    assert all(msgspec.json.decode(line) for line in lines)


def test_many_reloads_without_a_reader_do_not_delay_a_stop(tmp_path: Path) -> None:
    with pipe() as (reading, writing), running(tmp_path / "err", output=writing) as server:
        os.close(reading)
        for _ in range(4):
            server.reload()
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 8, "a second a process, not a second a reload"


def test_the_server_works_when_stdout_is_closed(tmp_path: Path) -> None:
    with running(tmp_path / "err", output=os.open(os.devnull, os.O_WRONLY), before="exec >&-") as server:
        works_in_every_way(server)
        assert server.stop() == 0


def test_lines_are_dropped_and_counted_while_the_reader_does_not_read(tmp_path: Path) -> None:
    """When the reader reads again, a line says how many were dropped."""
    with pipe() as (reading, writing), running(tmp_path / "err", output=writing) as server:
        fill(server)
        works_in_every_way(
            server
        )  # the stopped workers' lines are lost, as a stop waits only a second for them
        before = server.metric(DROPPED)
        fill(server)
        received = bytearray()

        def read() -> None:
            while more := os.read(reading, 65536):
                received.extend(more)

        reader = threading.Thread(target=read)
        reader.start()
        assert until(lambda: b"log lines were dropped" in received)
        counted = server.metric(DROPPED) - before
        os.close(writing)
        assert server.stop() == 0
        reader.join(30)
    lines = [
        msgspec.json.decode(line) for line in received.splitlines()
    ]  # raises for a line that is not JSON
    told = [line["dropped"] for line in lines if line["event"] == "log lines were dropped"]
    assert sum(told) == counted


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_line_is_written_whatever_the_encoding_of_stdout(tmp_path: Path, encoding: str) -> None:
    with running(tmp_path / "log", PYTHONIOENCODING=encoding, LC_ALL="C", PYTHONUTF8="0") as server:
        traced = {b"X-Amzn-Trace-Id": NON_ASCII.encode()}
        assert httpx.get(f"{server.url}/api/predict?home_size=900", headers=traced).status_code == 200
        server.stop()
        assert any("trace_id" in line for line in server.log_lines())


def test_a_stop_writes_the_lines_in_the_buffer(tmp_path: Path) -> None:
    with running(tmp_path / "log", STOP_WAIT_SECONDS="0") as server:
        for _ in range(50):
            httpx.get(f"{server.url}/api/predict?home_size=900")
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 15
        assert sum(line["event"] == "request" for line in server.log_lines()) == 50


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_control_character_reaches_a_terminal(tmp_path: Path, log_format: str) -> None:
    with running(tmp_path / "log", LOG_FORMAT=log_format, LOG_LEVEL="debug") as server:
        httpx.get(
            f"{server.url}/api/predict?home_size=900", headers={b"X-Amzn-Trace-Id": b"Root=\x9b31m\x85"}
        )
        httpx.get(f"{server.url}/%C2%9B31m%E2%80%AE")
        httpx.get(f"{server.url}/", headers={b"X-Request-ID": b"\xc2\x9b31m \x85"})
        server.stop()
    said = server.log.read_bytes().decode()
    colours = {"\x1b"} if log_format == "console" else set()
    assert {letter for letter in said if not letter.isprintable()} - {"\n"} <= colours
    assert "\\u009b" in said or "\\x9b" in said
