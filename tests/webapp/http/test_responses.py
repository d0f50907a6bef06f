"""The headers of every response, and its report: a log line or a count that fails never fails a request."""

from typing import Any, NoReturn

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import Histogram
from structlog.testing import capture_logs

from webapp import create_app
from webapp.http import logs, metrics

ORIGIN = {"Origin": "https://shop.example"}


def test_every_answer_names_the_models_version(http: httpx.Client) -> None:
    version = http.get("/api/model").json()["model_version"]
    for path in ("/api/predict?home_size=900", "/api/classes", "/api/model"):
        assert http.get(path).headers["X-Model-Version"] == version


@pytest.mark.parametrize(
    ("path", "status"), [("/api/predict?home_size=900", 200), ("/api/predict", 422), ("/api/nowhere", 404)]
)
def test_scripts_of_other_sites_may_read_the_api_and_its_headers(
    http: httpx.Client, path: str, status: int
) -> None:
    response = http.get(path, headers=ORIGIN)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-ID", "X-Model-Version", "X-Ignored-Columns", "ETag", "Retry-After"} == set(exposed)
    assert "Origin" not in response.headers.get("Vary", "")


def test_a_preflight_request_is_told_methods_and_headers(http: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    response = http.options("/api/predict", headers=ORIGIN | asked)
    assert response.status_code == 200
    assert {"GET", "POST"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Content-Type" in response.headers["Access-Control-Allow-Headers"]
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_a_preflight_request_for_an_unknown_path_is_not_found(http: httpx.Client) -> None:
    response = http.options("/api/nowhere", headers=ORIGIN | {"Access-Control-Request-Method": "POST"})
    assert response.status_code == 404
    assert "Access-Control-Max-Age" not in response.headers


def test_options_without_an_origin_names_the_allowed_methods(http: httpx.Client) -> None:
    response = http.options("/api/predict/batch")
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert "Access-Control-Allow-Methods" not in response.headers


def test_scripts_of_other_sites_may_not_read_pages(http: httpx.Client) -> None:
    assert "Access-Control-Allow-Origin" not in http.get("/", headers=ORIGIN).headers


@pytest.fixture(scope="module")
def for_two_origins() -> FlaskClient:
    """A client of an app that only two other sites may use."""
    origins = "https://shop.example https://kennel.example"
    return create_app({"TESTING": True, "CORS_ORIGINS": origins}).test_client()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://shop.example", True), ("https://shop.example.evil", False), ("null", False), (None, False)],
)
def test_cors_origins_limits_which_sites_may_read(
    for_two_origins: FlaskClient, origin: str | None, allowed: bool
) -> None:
    headers = {"Origin": origin} if origin else {}
    response = for_two_origins.get("/api/predict?home_size=900", headers=headers)
    assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert "Origin" in response.headers["Vary"]


def test_pages_allow_only_what_they_need(client: FlaskClient) -> None:
    headers = client.get("/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_over_https_browsers_are_told_to_stay_with_it() -> None:
    client = create_app({"TESTING": True, "TRUSTED_PROXIES": 1}).test_client()
    tls = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    assert "max-age=31536000" in client.get("/", headers=tls).headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in client.get("/").headers


REQUESTS: dict[str, tuple[dict[str, Any], int]] = {
    "a prediction": ({"path": "/api/predict?home_size=900"}, 200),
    "a batch": (
        {"path": "/api/predict/batch", "method": "POST", "json": {"homes": [{"home_size": 900}]}},
        200,
    ),
    "a page": ({"path": "/recommendation?home_size=900&unit=sqft"}, 200),
    "a refusal": ({"path": "/api/predict"}, 422),
    "an unknown path": ({"path": "/nowhere"}, 404),
}
each_request = pytest.mark.parametrize(("request_", "status"), REQUESTS.values(), ids=REQUESTS)


def fail(*_: object, **__: object) -> NoReturn:
    raise OSError("no space left on device")


def requests_counted() -> float:
    [family] = metrics.LATENCY.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_count"))


@each_request
def test_a_request_whose_log_line_fails_is_answered_and_counted(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    request_: dict[str, Any],
    status: int,
) -> None:
    monkeypatch.setattr(logs, "client_address", fail)
    before = requests_counted()
    assert app.test_client().open(**request_).status_code == status
    assert requests_counted() == before + 1
    assert "no space left on device" in caplog.text


@each_request
def test_a_request_whose_count_fails_is_answered_and_logged(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    request_: dict[str, Any],
    status: int,
) -> None:
    monkeypatch.setattr(Histogram, "observe", fail)
    with capture_logs() as lines:
        assert app.test_client().open(**request_).status_code == status
    assert [line["status"] for line in lines] == [status]
    assert "no space left on device" in caplog.text
