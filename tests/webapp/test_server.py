"""How Gunicorn starts the app, stops, refuses and logs."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.load.clients import connect, receive
from tests.serving import ROOT, Server, free_port, running


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        assert httpx.get(f"{server.url}/livez").text == "ok\n"
        assert httpx.get(f"{server.url}/readyz").text == "ready\n"
        assert server.stop() == 0


def test_every_request_is_one_json_line(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        response = httpx.post(f"{server.url}/api/predict", json={"home_size": 900})
        httpx.get(f"{server.url}/nowhere?key=private", headers={"Cookie": "private=1"})
        server.stop()
        predicted, missed = [line for line in server.log_lines() if line["event"] == "request"]
    assert predicted["request_id"] == response.headers["X-Request-ID"]
    assert predicted["time"].endswith("+00:00")
    assert predicted["duration_ms"] > 0
    assert (predicted["method"], predicted["route"], predicted["status"]) == ("POST", "/api/predict", 200)
    assert (predicted["home_size_sqft"], predicted["breed"]) == (900, "dachshund")
    assert (missed["route"], missed["status"]) == (None, 404)
    assert "private" not in server.log.read_text()


@pytest.mark.parametrize(("proxies", "scheme"), [("0", "http"), ("1", "https")])
def test_only_a_trusted_proxy_says_how_the_client_came(tmp_path: Path, proxies: str, scheme: str) -> None:
    with running(tmp_path / "log", TRUSTED_PROXIES=proxies) as server:
        answer = httpx.post(
            f"{server.url}/api/predict", json={"home_size": 900}, headers={"X-Forwarded-Proto": "https"}
        ).json()
    assert answer["image_url"] == f"{scheme}://127.0.0.1:{server.port}/static/breeds/dachshund.svg"


def refusal(tmp_path: Path, **environ: str) -> tuple[int, str]:
    """Start a server that should not start; give its exit code and what it printed."""
    server = Server(tmp_path / "log", None, output=None, before="", **environ)
    return server.process.wait(60), server.log.read_text()


def test_a_wrong_setting_is_refused(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, PORT="http")
    assert (code, said) == (78, "PORT must be a whole number from 1 to 65535; got 'http'.\n")


def test_a_model_file_with_one_flipped_bit_is_refused(tmp_path: Path) -> None:
    artifact = tmp_path / "artifact"
    shutil.copytree(ROOT / "model" / "artifact", artifact)
    [model] = artifact.glob("model-*.ubj")
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    code, said = refusal(tmp_path, MODEL_DIR=str(artifact))
    assert code == 65
    assert model.name in said
    assert "checksum" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("unwanted", ["pandas", "sklearn", "matplotlib", "boto3"])
def test_the_serving_process_imports_only_what_serving_needs(unwanted: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, webapp; webapp.create_app(); sys.exit({unwanted!r} in sys.modules)",
        ],
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0


@pytest.mark.parametrize("variable", ["PORT", "METRICS_BIND"])
def test_an_address_that_is_taken_is_refused(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        value = str(port) if variable == "PORT" else f"127.0.0.1:{port}"
        code, said = refusal(tmp_path, **{variable: value})
    assert code == 78
    last = said.splitlines()[-1]
    assert last.endswith("can't be listened on: Address already in use.")
    assert variable in last


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "127.0.0.1:0", "nowhere", ":9464"])
def test_a_metrics_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    code, said = refusal(tmp_path, METRICS_BIND=address)
    assert code == 78
    assert "METRICS_BIND" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "host", ["nowhere.invalid", "a..b", "x" * 64, "not a name", "256.1.1.1", "192.0.2.1"]
)
def test_a_host_that_can_not_be_listened_on_is_refused(tmp_path: Path, host: str) -> None:
    code, said = refusal(tmp_path, BIND_HOST=host)
    assert code == 78
    assert "(BIND_HOST and PORT) can't be listened on: " in said.splitlines()[-1]
    assert "Traceback" not in said


@pytest.mark.parametrize("host", ["::1", "[::1]", "localhost", "0.0.0.0", "::", "[::]"])
def test_a_host_can_be_written_in_every_usual_form(tmp_path: Path, host: str) -> None:
    free = free_port()
    server = Server(tmp_path / "log", BIND_HOST=host, METRICS_BIND=f"{host}:{free}")
    try:
        server.wait_for_event("worker ready", times=2)
        at = "[::1]" if host.strip("[]") == "::1" else "127.0.0.1"
        assert httpx.get(f"http://{at}:{server.port}/livez").status_code == 200
        assert httpx.get(f"http://{at}:{free}/").status_code == 200
        if host.strip("[]") == "::":
            assert httpx.get(f"http://[::1]:{server.port}/livez").status_code == 200
            assert httpx.get(f"http://[::1]:{free}/").status_code == 200
    finally:
        server.stop()


@pytest.mark.parametrize("variable", ["PORT", "METRICS_BIND"])
def test_all_addresses_beside_one_that_is_taken(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {"PORT": str(port), "BIND_HOST": "::"} if variable == "PORT" else {variable: f"[::]:{port}"}
        code, said = refusal(tmp_path, **environ)
    assert code == 78
    assert said.splitlines()[-1].endswith("can't be listened on: Address already in use.")


def test_a_resolver_that_never_answers_does_not_delay_a_start(tmp_path: Path) -> None:
    """Nothing is asked for that is in figures: neither the metrics' address nor the host."""
    with running(tmp_path / "log", GUNICORN_CMD_ARGS="-c tests/load/confs/no_resolver.py") as server:
        assert httpx.get(f"{server.url}/livez").status_code == 200
        assert httpx.get(server.metrics_url).status_code == 200


def test_a_resolver_that_never_answers_ends_a_start_by_name(tmp_path: Path) -> None:
    code, said = refusal(
        tmp_path, BIND_HOST="puppy.example", GUNICORN_CMD_ARGS="-c tests/load/confs/no_resolver.py"
    )
    assert code == 78
    assert "no resolver has answered" in said


def test_one_port_for_both_is_refused(tmp_path: Path) -> None:
    port = free_port()
    code, said = refusal(tmp_path, PORT=str(port), METRICS_BIND=f"127.0.0.1:{port}")
    assert code == 78
    assert said.splitlines()[-1].startswith("METRICS_BIND=")


def test_a_folder_for_counts_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    code, said = refusal(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(file))
    assert code == 78
    assert said == f"There is no room for the counts in {file}: File exists.\n"


def test_counts_of_an_earlier_run_are_not_added(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    folder.mkdir()
    (folder / "counter_99.db").write_bytes(b"junk")
    with running(tmp_path / "log", PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        assert httpx.get(server.metrics_url).status_code == 200


def test_a_named_pipe_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    code, said = refusal(tmp_path, MODEL_DIR=str(tmp_path))
    assert code == 65
    assert "manifest.json is not a file" in said


def test_nobody_who_reads_its_reason_does_not_keep_it() -> None:
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


def test_a_failed_start_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    code, _ = refusal(tmp_path, PORT="http", TMPDIR=str(folder))
    assert code == 78
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--certfile nowhere.pem", "--certfile"),
        ("--max-requests 100", "--max-requests"),
        ("--workers 3", "WEB_CONCURRENCY"),
        ("-b 127.0.0.1:1", "BIND_HOST and PORT"),
        ("--threads 4", "--threads"),
        ("--worker-class sync", "--worker-class"),
        ("--access-logfile -", "--access-logfile"),
        ("--daemon", "--daemon"),
        ("--reload", "SIGHUP"),
        ("--check-config", "--check-config"),
        ("another:app", "another:app"),
    ],
)
def test_an_option_of_gunicorns_without_effect_is_refused(tmp_path: Path, options: str, words: str) -> None:
    code, said = refusal(tmp_path, GUNICORN_CMD_ARGS=options)
    assert code == 78
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("setting", "proxies", "client"),
    [("address", "0", "127.0.0.1"), ("network", "0", "127.0.0.0/24"), ("address", "1", "203.0.113.7")],
)
def test_a_requests_line_has_the_clients_address(
    tmp_path: Path, setting: str, proxies: str, client: str
) -> None:
    with running(tmp_path / "log", LOG_CLIENT=setting, TRUSTED_PROXIES=proxies) as server:
        httpx.get(f"{server.url}/nowhere", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
        server.stop()
        [line] = [line for line in server.log_lines() if line["event"] == "request"]
    assert line["client"] == client


@pytest.mark.parametrize("path", ["/", "/api/predict?home_size=900", "/nowhere"])
@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".org", "a/b", "a b", "user@host", "localhost:abc", ""])
def test_a_host_that_is_none_is_refused(server: Server, path: str, host: str) -> None:
    with connect(server.port) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = receive(connection)
    assert answer is not None
    assert answer.status == 400
    if path.startswith("/api"):
        assert b"Host header" in answer.body


def test_what_cannot_be_read_is_a_problem_and_leaves_a_line(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        with connect(server.port) as connection:
            connection.sendall(b"GET / HTTP/9.9\r\n\r\n")
            answer = receive(connection)
        assert answer is not None
        assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
        line = server.wait_for_event("can't be read")
        assert line["request_id"] == answer.headers["x-request-id"]
        assert 'http_requests_refused_total{status="400"} 1.0' in httpx.get(server.metrics_url).text


LONG = b"a" * 10_000
UNREADABLE = {
    b"GET /api/model HTTP/9.9\r\n\r\n": (400, "bad-request", "can't be read"),
    b"GET /api/predict?" + LONG + b" HTTP/1.1\r\n\r\n": (414, "bad-request", "POST"),
    b"GET /api/model HTTP/1.1\r\nX-Long: " + LONG + b"\r\n\r\n": (431, "bad-request", "shorter"),
}


@pytest.mark.parametrize(("sent", "expected"), UNREADABLE.items(), ids=[400, 414, 431])
def test_a_page_of_another_site_can_read_even_these(
    server: Server, sent: bytes, expected: tuple[int, str, str]
) -> None:
    with connect(server.port) as connection:
        connection.sendall(sent)
        answer = receive(connection)
    assert answer is not None
    problem = json.loads(answer.body)
    status, slug, words = expected
    assert (answer.status, problem["status"], problem["type"]) == (status, status, f"/problems#{slug}")
    assert words in problem["detail"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
