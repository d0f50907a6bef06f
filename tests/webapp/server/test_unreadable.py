"""Requests that can't be read as HTTP: answered outside the app, and yet like any other problem."""

import json

import pytest

from tests.load.clients import exchange
from tests.serving import Server

LONG = b"a" * 10_000
UNREADABLE = {
    b"GET /api/model HTTP/9.9\r\n\r\n": (400, "bad-request", "can't be read"),
    b"GET /api/predict?" + LONG + b" HTTP/1.1\r\n\r\n": (414, "bad-request", "POST"),
    b"GET /api/model HTTP/1.1\r\nX-Long: " + LONG + b"\r\n\r\n": (431, "bad-request", "shorter"),
}


def test_an_unreadable_request_is_answered_with_a_problem_logged_and_counted(server: Server) -> None:
    refused = 'http_requests_refused_total{status="400"}'
    before = server.metric(refused)
    answer = exchange(server.port, b"GET / HTTP/9.9\r\n\r\n")
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    line = server.wait_for_event(answer.headers["x-request-id"])
    assert line["event"] == "request"
    assert "can't be read" in line["reason"]
    assert server.metric(refused) == before + 1


@pytest.mark.parametrize(("sent", "expected"), UNREADABLE.items(), ids=[400, 414, 431])
def test_scripts_of_other_sites_may_read_the_problem_of_an_unreadable_request(
    server: Server, sent: bytes, expected: tuple[int, str, str]
) -> None:
    answer = exchange(server.port, sent)
    problem = json.loads(answer.body)
    status, slug, words = expected
    assert (answer.status, problem["status"], problem["type"]) == (status, status, f"/problems#{slug}")
    assert words in problem["detail"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
