"""The addresses that Gunicorn listens on, and how a start with a wrong one is refused."""

import socket
from pathlib import Path

import httpx
import pytest

from tests.serving import Server, free_port, refusal, running


@pytest.mark.parametrize("variable", ["PORT", "METRICS_BIND"])
def test_an_address_in_use_is_refused(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        value = str(port) if variable == "PORT" else f"127.0.0.1:{port}"
        code, said = refusal(tmp_path / "log", **{variable: value})
    assert code == 78
    last = said.splitlines()[-1]
    assert last.endswith("can't be listened on: Address already in use.")
    assert variable in last


@pytest.mark.parametrize("variable", ["PORT", "METRICS_BIND"])
def test_a_port_in_use_on_one_address_is_refused_for_all_addresses(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {"PORT": str(port), "BIND_HOST": "::"} if variable == "PORT" else {variable: f"[::]:{port}"}
        code, said = refusal(tmp_path / "log", **environ)
    assert code == 78
    assert said.splitlines()[-1].endswith("can't be listened on: Address already in use.")


def test_one_port_for_requests_and_metrics_is_refused(tmp_path: Path) -> None:
    port = free_port()
    code, said = refusal(tmp_path / "log", PORT=str(port), METRICS_BIND=f"127.0.0.1:{port}")
    assert code == 78
    assert said.splitlines()[-1].startswith("METRICS_BIND=")


def test_a_port_for_metrics_beyond_the_last_is_refused(tmp_path: Path) -> None:
    code, said = refusal(tmp_path / "log", METRICS_BIND="127.0.0.1:99999")
    assert code == 78
    assert "METRICS_BIND" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "host", ["nowhere.invalid", "a..b", "x" * 64, "not a name", "256.1.1.1", "192.0.2.1"]
)
def test_a_host_that_is_unknown_or_another_machines_is_refused(tmp_path: Path, host: str) -> None:
    code, said = refusal(tmp_path / "log", BIND_HOST=host)
    assert code == 78
    assert "(BIND_HOST and PORT) can't be listened on: " in said.splitlines()[-1]
    assert "Traceback" not in said


@pytest.mark.parametrize("host", ["::1", "[::1]", "localhost", "0.0.0.0", "::", "[::]"])
def test_the_host_may_be_a_name_or_an_ip_address_in_brackets_or_not(tmp_path: Path, host: str) -> None:
    free = free_port()
    server = Server(tmp_path / "log", BIND_HOST=host, METRICS_BIND=f"{host}:{free}", STOP_WAIT_SECONDS="0")
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


def test_ip_addresses_are_not_looked_up(tmp_path: Path) -> None:
    """A resolver that never answers does not delay the start."""
    with running(
        tmp_path / "log", STOP_WAIT_SECONDS="0", GUNICORN_CMD_ARGS="-c tests/load/confs/no_resolver.py"
    ) as server:
        assert httpx.get(f"{server.url}/livez").status_code == 200
        assert httpx.get(server.metrics_url).status_code == 200


def test_a_name_that_no_resolver_answers_for_is_refused(tmp_path: Path) -> None:
    code, said = refusal(
        tmp_path / "log", BIND_HOST="puppy.example", GUNICORN_CMD_ARGS="-c tests/load/confs/no_resolver.py"
    )
    assert code == 78
    assert "no resolver has answered" in said
