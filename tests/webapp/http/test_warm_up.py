"""The work done before the first request, so that no request waits for it."""

import pytest
from flask import Flask
from jinja2 import Environment
from structlog.testing import capture_logs

from webapp import create_app
from webapp.http.warm_up import warm_up


def test_the_first_requests_compile_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app({"TESTING": True}).test_client()
    monkeypatch.delattr(Environment, "compile")
    for query in ("home_size=900", "home_size=x"):
        for path in ("/", "/recommendation", "/preview"):
            assert client.get(f"{path}?{query}").status_code in {200, 204, 422}
    for path in ("/", "/model", "/breeds", "/problems", "/api/docs", "/api/classes", "/api/model"):
        assert client.get(path).status_code == 200
    assert client.get("/nowhere").status_code == 404


def test_the_warm_up_writes_no_log_line(app: Flask) -> None:
    with capture_logs() as lines:
        app.test_client().get("/")
        assert len(lines) == 1
        warm_up(app)
    assert len(lines) == 1


def test_a_page_that_raises_does_not_stop_the_start() -> None:
    app = create_app({"TESTING": True})
    app.view_functions["pages.home"] = lambda: 1 / 0  # type: ignore[assignment]
    warm_up(app)
