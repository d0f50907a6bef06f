"""The log line of a request; tests/load/test_log_lines.py has logs that can't be written."""

from pathlib import Path

import httpx
import pytest

from tests.serving import Server, running


def test_every_request_is_one_json_line_without_query_or_cookies(server: Server) -> None:
    response = httpx.post(f"{server.url}/api/predict", json={"home_size": 900})
    private = {"Cookie": "private=1", "X-Request-ID": "a-request-for-nothing"}
    httpx.get(f"{server.url}/nowhere?key=private", headers=private)
    missed = server.wait_for_event("a-request-for-nothing")
    predicted = server.wait_for_event(response.headers["X-Request-ID"])
    assert predicted["time"].endswith("+00:00")
    assert predicted["duration_ms"] > 0
    assert (predicted["method"], predicted["route"], predicted["status"]) == ("POST", "/api/predict", 200)
    assert (predicted["home_size_sqft"], predicted["breed"]) == (900, "dachshund")
    assert (missed["route"], missed["status"]) == (None, 404)
    ids = [line.get("request_id") for line in server.log_lines()]
    assert ids.count("a-request-for-nothing") == ids.count(response.headers["X-Request-ID"]) == 1
    assert "private" not in server.log.read_text()


@pytest.mark.parametrize(
    ("setting", "proxies", "client"),
    [("address", "0", "127.0.0.1"), ("network", "0", "127.0.0.0/24"), ("address", "1", "203.0.113.7")],
)
def test_the_line_has_the_clients_address_or_network_as_log_client_says(
    tmp_path: Path, setting: str, proxies: str, client: str
) -> None:
    with running(
        tmp_path / "log", LOG_CLIENT=setting, TRUSTED_PROXIES=proxies, STOP_WAIT_SECONDS="0"
    ) as server:
        httpx.get(f"{server.url}/nowhere", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
        server.stop()
        [line] = [line for line in server.log_lines() if line["event"] == "request"]
    assert line["client"] == client
